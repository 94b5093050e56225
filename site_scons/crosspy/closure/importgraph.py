"""What files import, as read by the bootstrap interpreter (imports.py), and the library's own, kept once per release."""
from __future__ import annotations

import hashlib
import json
import os
import subprocess
import tempfile
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import UserError

BOOTSTRAP = Path(__file__).resolve().parents[1] / "bootstrap"   # its scripts
SCRIPTS = ("imports.py", "reader.py", "scope.py", "syntax.py")
MENTIONS = ("bare", "attributes", "qualified")


@dataclass(frozen=True)
class Import:
    """One import statement. module: absolute.  names: of ``from module import names``.

    inside: the functions around it, and their classes, outermost first; an empty name is one that anybody may call.  optional: a missing
    module is caught.  when: ("missing" or "present", modules): it runs if one of them is missing, or all are present.
    main: it stands below ``if __name__ == "__main__"``.  maybe: below a condition that may hold or not.
    """

    line: int
    module: str
    names: tuple[str, ...] = ()
    inside: tuple[str, ...] = ()
    optional: bool = False
    when: tuple[tuple[str, tuple[str, ...]], ...] = ()
    main: bool = False
    maybe: bool = False


@dataclass(frozen=True)
class Facts:
    """What one module says. path: its file, empty for a namespace package.  codecs: modules of encodings that it names.

    dynamic: imports whose name is only known at run time; module is the function that is called.  provides: names that it puts
    into sys.modules.  exports: ``__all__``.  generic: the line of the first type parameter (PEP 695).  bare, attributes, qualified: names that
    it mentions -> in which functions (reader.py).  error: line, column, text and message of a file that does not compile.
    """

    name: str
    path: str = ""
    package: bool = False
    imports: tuple[Import, ...] = ()
    codecs: tuple[Import, ...] = ()
    dynamic: tuple[Import, ...] = ()
    provides: tuple[str, ...] = ()
    exports: tuple[str, ...] = ()
    generic: int = 0
    bare: Mapping[str, Collection[str]] = field(default_factory=dict)
    attributes: Mapping[str, Collection[str]] = field(default_factory=dict)
    qualified: Mapping[str, Collection[str]] = field(default_factory=dict)
    error: tuple = ()


def facts(name: str, row: Mapping) -> Facts:
    """Return the facts of one module from its JSON object."""
    def statements(rows) -> tuple[Import, ...]:
        return tuple(Import(item["line"], item["module"], tuple(item.get("names", ())), tuple(item.get("inside", ())),
                            item.get("optional", False), tuple((state, tuple(tried)) for state, tried in item.get("when", ())),
                            item.get("main", False), item.get("maybe", False)) for item in rows)
    return Facts(name, row.get("path", ""), row.get("package", False), statements(row.get("imports", ())),
                 statements(row.get("codecs", ())), statements(row.get("dynamic", ())), tuple(row.get("provides", ())),
                 tuple(row.get("exports", ())), row.get("generic", 0), *(row.get(kind, {}) for kind in MENTIONS),
                 tuple(row.get("error", ())))


def read(interpreter: str, files: Mapping[str, tuple[str, bool]], keep: Collection[str] | None = None) -> dict[str, dict]:
    """Return the JSON object of each module, as imports.py writes it; two processes share a long list.

    interpreter: the bootstrap of the release.  files: module -> (path, whether it is a package).  keep: names to keep
    beside those that decide about an import inside a function; None: keep all, and check with the whole compiler.
    Raises UserError when the interpreter cannot do it.
    """
    parts = min(len(os.sched_getaffinity(0)), 1 + len(files) // 50)
    found: dict[str, dict] = {}
    with tempfile.TemporaryDirectory(prefix="crosspy-imports-") as scratch:
        running = []
        for number, names in enumerate(sorted(files)[start::parts] for start in range(parts)):
            base = f"{scratch}/{number}"
            rows = (f"{name}\t{'package' if files[name][1] else 'module'}\t{files[name][0]}\n" for name in names)
            Path(base + ".list").write_text("".join(rows), "utf-8")
            words = [interpreter, "-E", "-s", "-S", "-B", "-X", "frozen_modules=off", "-X", "utf8",
                     str(BOOTSTRAP / "imports.py"), "--list", base + ".list", "--output", base + ".json",
                     *(["--check", "no"] if keep is not None else [])]
            running.append(subprocess.Popen(words, stderr=subprocess.PIPE, text=True, env={"LC_ALL": "C.UTF-8"}))
        for number, process in enumerate(running):
            _, said = process.communicate()
            if process.returncode:
                raise UserError(interpreter, f"it could not read the imports ({' '.join(said.split()[-40:])})",
                                "use the release's own bootstrap")
            found |= json.loads(Path(f"{scratch}/{number}.json").read_text("utf-8"))
    return found if keep is None else reduced(found, keep)


class Cache:
    """The facts of an application's files, kept in one file for as long as they do not change; save() writes it."""

    def __init__(self, path: Path, interpreter: str):
        self.path, self.interpreter = path, interpreter
        scripts = hashlib.sha256(b"".join((BOOTSTRAP / name).read_bytes() for name in SCRIPTS)).hexdigest()
        self.key = scripts + interpreter
        self.kept = _load(path).get(self.key, {})
        self.fresh: dict[str, list] = {}

    def read(self, files: Mapping[str, tuple[str, bool]]) -> dict[str, dict]:
        """Return the same as read() does, parsing only what changed since the last time."""
        marks = {}
        for name, (path, package) in files.items():
            found = os.stat(path)
            marks[name] = f"{path} {package} {found.st_size} {found.st_mtime_ns} {found.st_ino}"
        known = {name: self.kept[name] for name, mark in marks.items() if name in self.kept and self.kept[name][0] == mark}
        missing = {name: file for name, file in files.items() if name not in known}
        if missing:
            known |= {name: [marks[name], row] for name, row in read(self.interpreter, missing).items()}
        self.fresh |= known
        return {name: row for name, (_, row) in known.items()}

    def save(self) -> None:
        """Write what this run read, once it turned out well; what it did not ask for is forgotten."""
        if self.fresh != self.kept:
            _save(self.path, {self.key: self.fresh})


def _load(path: Path) -> dict:
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _save(path: Path, content: dict) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    part.write_text(json.dumps(content, sort_keys=True), "utf-8")
    os.replace(part, path)


def reduced(found: dict[str, dict], keep: Collection[str]) -> dict[str, dict]:
    """Leave only those mentions that decide, through any number of functions, about an import inside a function."""
    wanted, new = set(), set(keep)
    for row in found.values():
        for item in (*row.get("imports", ()), *row.get("codecs", ())):
            new.update(item.get("inside", ()))
    around: dict[str, set[str]] = {}
    for row in found.values():
        for kind in MENTIONS:
            for name, functions in row.get(kind, {}).items():
                around.setdefault(name.rpartition(":")[2], set()).update(word for function in functions for word in function.split("."))
    while new:
        wanted |= new
        new = {outer for name in new for outer in around.get(name, ())} - wanted
    for row in found.values():
        for kind in MENTIONS:
            row[kind] = {name: functions for name, functions in row.get(kind, {}).items() if name.rpartition(":")[2] in wanted}
    return found


def library_files(tree: Path, without: Collection[str] = ()) -> dict[str, tuple[str, bool]]:
    """Return the modules of a release's library that ``make install`` installs: name -> (path, package)."""
    from ..root import layout
    options = layout.Options("3", without=frozenset(without))
    found = {}
    for item in layout.library(tree, options):
        inner = item.source.removeprefix("Lib/")
        name, package = module_name(inner)
        if name:
            found[name] = (str(tree / item.source), package)
    return found


def module_name(inner: str) -> tuple[str, bool]:
    """Return the module that a file is, and whether it is a package: ``a/__init__.py`` -> ("a", True); ("", False) for none."""
    words = inner.removesuffix(".py").split("/")
    package = words[-1] == "__init__"
    words = words[:-1] if package else words
    if not inner.endswith(".py") or not words or not all(word.isidentifier() for word in words):
        return "", False
    return ".".join(words), package


def library(interpreter: str, tree: Path, folder: Path, state: str, keep: Collection[str]) -> dict[str, Facts]:
    """Return the facts of the whole standard library, made once per release.

    folder: where they are kept, build/bootstrap-<release>/.  state: what changes whenever a file of the library does
    (treestate.library).  keep: the names that closure.toml waits for (Rules.names).
    """
    digest = hashlib.sha256("\0".join([state, str(tree), *sorted(keep)]).encode())
    for path in (*(BOOTSTRAP / name for name in SCRIPTS), Path(__file__)):
        digest.update(path.read_bytes())
    path, key = folder / "imports.json", digest.hexdigest()
    cached = _load(path)
    if cached.get("key") != key:
        cached = {"key": key, "modules": read(interpreter, library_files(tree), keep)}
        _save(path, cached)
    return {name: facts(name, row) for name, row in cached["modules"].items()}

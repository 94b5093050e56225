"""The files of one application and of its dependencies: modules, found as Python's own path finder finds them.

An application is a ``.py`` file, which sees the modules beside it, or a package with ``__main__.py``. ``path=`` adds folders of
pure-Python dependencies. Only what an import names is looked for, so a large folder costs nothing.
"""
from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import UserError
from . import importgraph
from .closure import Program
from .importgraph import Facts
from .reach import top

COMPILED = (".so", ".pyd")


@dataclass(frozen=True)
class Application:
    """One application. name: of its program.  compiled: module -> why it cannot be frozen.

    looked_at: every file and folder that this rests on, with its state(); while they hold, nothing needs to be read again.
    """

    name: str
    program: Program
    compiled: Mapping[str, str]
    paths: tuple[str, ...]
    looked_at: Mapping[str, str]


@dataclass
class _Places:
    """Folder listings, each read once."""

    listed: dict[str, frozenset[str]] = field(default_factory=dict)

    def names(self, folder: str) -> frozenset[str]:
        if folder not in self.listed:
            try:
                self.listed[folder] = frozenset(os.listdir(folder))
            except OSError:
                self.listed[folder] = frozenset()
        return self.listed[folder]

    def locate(self, word: str, folders: Iterable[str]) -> tuple[str, str, list[str]]:
        """Return kind (``package``, ``module``, ``namespace``, ``compiled`` or nothing), file, and folders of submodules."""
        portions = []
        for folder in folders:
            names, inner = self.names(folder), os.path.join(folder, word)
            if word in names and "__init__.py" in self.names(inner):
                return "package", os.path.join(inner, "__init__.py"), [inner]
            for name in sorted(names):
                if name.startswith(f"{word}.") and name.endswith(COMPILED):
                    return "compiled", os.path.join(folder, name), []
            if f"{word}.py" in names:
                return "module", inner + ".py", []
            if word in names and os.path.isdir(inner):
                portions.append(inner)
        return ("namespace", "", portions) if portions else ("", "", [])


class _Finder:
    def __init__(self, cache: importgraph.Cache, taken: Collection[str]):
        self.cache, self.taken = cache, taken
        self.places = _Places()
        self.own: list[str] = []             # folders that are searched for the application's modules
        self.paths: list[str] = []
        self.packages: dict[str, list[str]] = {}  # package -> folders of its submodules
        self.facts: dict[str, Facts] = {}
        self.kinds: dict[str, str] = {}
        self.compiled: dict[str, str] = {}
        self.clashes: dict[str, str] = {}
        self.seen: set[str] = set()

    def place(self, name: str) -> tuple[str, tuple[str, bool] | None]:
        """Find one module whose package is known. Returns its kind, and its file for the parser."""
        parent, _, word = name.rpartition(".")
        if parent:
            found, origin = self.places.locate(word, self.packages.get(parent, ())), self.kinds.get(parent, "path")
        else:
            found, origin = self.places.locate(word, self.own), "app"
            if found[0] in ("", "namespace"):
                more = self.places.locate(word, [*self.own, *self.paths])
                found, origin = more, "app" if found[0] and more[0] == "namespace" else "path"
        kind, file, folders = found
        if kind in ("package", "namespace"):
            self.packages[name] = folders
        if kind == "namespace":
            self.facts[name] = Facts(name, "", True)
        elif kind == "compiled":
            self.compiled[name] = (f"it is a compiled extension ({file}), made for the machine where pip ran; only pure Python "
                                   "can be frozen: a release without compiled parts (pip install --no-binary), or the standard library")
        if kind:
            self.kinds[name] = origin
        return kind, (file, kind == "package") if kind in ("package", "module") else None

    def grow(self, names: Iterable[str]) -> None:
        """Take in modules and all that they import, layer by layer: one parser run for each."""
        waiting = list(names)
        while waiting:
            files = {}
            for name in dict.fromkeys(waiting):
                if name in self.seen:
                    continue
                self.seen.add(name)
                if top(name) in self.taken:
                    self.clash(name)
                    continue
                kind, file = self.place(name)
                if file:
                    files[name] = file
            layer = {name: importgraph.facts(name, row) for name, row in
                     self.cache.read(files).items()} if files else {}
            self.facts |= layer
            waiting = [name for facts in layer.values() for name in named(facts)]

    def clash(self, name: str) -> None:
        if "." not in name:
            kind, file, _ = self.places.locate(name, [*self.own, *self.paths])
            if kind in ("package", "module"):
                self.clashes[name] = file


def named(facts: Facts) -> Iterator[str]:
    """Yield every module that a module may mean, packages first."""
    for item in facts.imports:
        words = item.module.split(".")
        yield from (".".join(words[:count]) for count in range(1, len(words) + 1) if words[0])
        yield from (f"{item.module}.{name}" for name in item.names if name != "*" and item.module)
    if facts.package:
        yield from (f"{facts.name}.{name}" for name in facts.exports)


def find(cache: importgraph.Cache, app: str, paths: Collection[str], include: Collection[str], taken: Collection[str],
         traced: Collection[str] = ()) -> Application:
    """Return an application with the facts of all modules that it may import.

    cache: reads files, with the bootstrap of the release.  app: a file or a folder.  include: modules that no import names.
    taken: top-level names of the standard library.  traced: modules that a run imported, packages before theirs.  Raises UserError for an application that is not there,
    or whose own files do not compile.
    """
    check(app, paths)
    path = Path(app)
    finder = _Finder(cache, taken)
    finder.paths = [os.path.abspath(folder) for folder in paths]
    name, roots = _roots(path, finder)
    if name in taken and path.is_dir():
        raise UserError(f"app={app}", f"{name} is the name of a module of the standard library", "rename the package")
    finder.grow([*roots, *_all_below(finder, include), *sorted(set(traced) - set(taken))])
    _compiles(finder)
    program = Program(finder.facts, finder.kinds, tuple(roots), f"app={app}", finder.clashes)
    files = [facts.path for facts in finder.facts.values() if facts.path]
    looked_at = {place: state(place) for place in (*files, *finder.places.listed)}
    return Application(name, program, finder.compiled, tuple(finder.paths), looked_at)


def state(place: str) -> str:
    """Return what changes whenever a file's content or a folder's list of names does."""
    try:
        facts = os.stat(place)
    except OSError:
        return ""
    return f"{facts.st_size} {facts.st_mtime_ns} {facts.st_ino}"


def check(app: str, paths: Collection[str]) -> None:
    """Raise UserError for an application, or folders of dependencies, that can be none: before anything is planned or written."""
    path, where = Path(app), f"app={app}"
    name = path.absolute().name
    if path.is_dir():
        if not (path / "__main__.py").is_file():
            raise UserError(where, "this folder has no __main__.py, so it is no program", "add one, or name a .py file")
        if not name.isidentifier():
            raise UserError(where, f"{name!r} is no name of a package", "rename the folder: letters, digits and _")
    elif not path.is_file():
        raise UserError(where, "there is no such file or folder", "name a .py file, or a package with __main__.py")
    elif path.suffix != ".py":
        raise UserError(where, "it is no Python file", "name a .py file, or a package with __main__.py")
    elif not re.fullmatch(r"[\w.+-]+", name, re.ASCII):
        raise UserError(where, f"{path.stem!r} is to be the name of a program, and has other characters than letters, digits and . _ + -", "rename the file")
    for folder in paths:
        if not os.path.isdir(folder):
            raise UserError(f"path={folder}", "it is no folder", "name a folder of modules, as pip install --target FOLDER makes one")


def _roots(path: Path, finder: _Finder) -> tuple[str, list[str]]:
    name = path.absolute().name
    if path.is_dir():
        init = path / "__init__.py"
        finder.packages[name], finder.kinds[name] = [str(path.absolute())], "app"
        finder.seen.add(name)
        files = {name: (str(init.absolute()), True)} if init.is_file() else {}
        finder.facts[name] = Facts(name, "", True)
        finder.facts |= {found: importgraph.facts(found, row) for found, row in
                         (finder.cache.read(files) if files else {}).items()}
        finder.grow(named(finder.facts[name]))
        return name, [name, f"{name}.__main__"]
    finder.own = [os.path.dirname(os.path.abspath(path))]
    finder.kinds["__main__"] = "app"
    finder.seen.add("__main__")
    row = finder.cache.read({"__main__": (str(path.absolute()), False)})
    finder.facts["__main__"] = importgraph.facts("__main__", row["__main__"])
    finder.grow(named(finder.facts["__main__"]))
    return path.stem, ["__main__"]


def _all_below(finder: _Finder, include: Collection[str]) -> Iterator[str]:
    """Yield the modules that include= asks for: each with its packages before it and all that lies below it."""
    for wanted in include:
        words = wanted.split(".")
        for count in range(1, len(words) + 1):
            yield ".".join(words[:count])
        folder = next((found for base in [*finder.own, *finder.paths, *(os.path.dirname(at) for at in finder.packages.get(words[0], ()))]
                       if os.path.isdir(found := os.path.join(base, *words))), "")
        for at, folders, names in os.walk(folder) if folder and top(wanted) not in finder.taken else ():
            folders[:] = sorted(name for name in folders if name.isidentifier() and name != "__pycache__")
            inner = os.path.relpath(at, folder).split(os.sep)
            base = [*words, *(word for word in inner if word != ".")]
            yield ".".join(base)
            yield from (".".join([*base, name[:-3]]) for name in sorted(names) if name.endswith(".py") and name[:-3].isidentifier()
                        and name not in ("__init__.py", "__main__.py"))


def _compiles(finder: _Finder) -> None:
    """Raise UserError for a file of the application that does not compile; a dependency's is an import that fails."""
    for name, facts in finder.facts.items():
        if facts.error and finder.kinds.get(name) == "app":
            raise UserError(*mistake(facts))


def mistake(facts: Facts) -> tuple[str, str, str]:
    """Return the three parts of a message about a file that does not compile: with its line and a caret below it."""
    line, column, text, message = facts.error
    shown = text.expandtabs(1)
    caret = " " * max(column - 1, 0) + "^"
    return f"{facts.path}:{line}", message, f"correct this line\n    {shown}\n    {caret}" if column else "correct this line"

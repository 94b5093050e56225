"""What one program carries, from its files to the answer: the closure, data files of packages, metadata of dependencies.

``plan()`` is what a stage before the graph calls. It runs the bootstrap only for files that changed.
"""
from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from . import appfiles, cimports, closuretable, importgraph, upstream
from .availability import below
from .reach import top
from .stdlib import Closure, Program, closure_of


@dataclass(frozen=True)
class Release:
    """One release, ready to be asked. interpreter: its bootstrap.  folder: build/bootstrap-<release>/, where the facts of its
    library are kept.  state: changes whenever a file of the library does (session.library_state).
    generated: modules that a build of the target makes (``_sysconfigdata__linux_...``) -> their files.
    """

    tree: Path
    interpreter: str
    folder: Path
    state: str
    generated: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Carried:
    """name: of the program.  data: package -> its data files below it.  data_at: package -> their folder.  metadata:
    name of a ``.dist-info`` folder -> where it is.  looked_at: files and folders with their states (appfiles.state).
    """

    name: str
    closure: Closure
    data: Mapping[str, Sequence[str]]
    data_at: Mapping[str, str]
    metadata: Mapping[str, str]
    looked_at: Mapping[str, str]


def built_in(tree: Path) -> list[str]:
    """Return the modules that are part of every interpreter (Modules/config.c.in)."""
    return re.findall(r'^\s*\{"(\w+)", \w+\}', upstream.read(tree, "Modules/config.c.in"), re.M)


def plan(release: Release, tables: Path, modules: Sequence[Mapping], app: str = "", paths: Collection[str] = (),
         include: Collection[str] = (), exclude: Collection[str] = (), cache: Path | None = None) -> Carried:
    """Return what a program carries; without app, what an interpreter with ``include`` carries.

    tables: the folder of closure.toml.  modules: the plan of extension modules, as plan.json has it.  cache: a file that
    keeps the facts of the application's own modules.  Raises UserError as the steps do (stdlib.py).
    """
    rules = closuretable.load(tables / "closure.toml")
    library = importgraph.library(release.interpreter, release.tree, release.folder, release.state, rules.names())
    library |= {name: importgraph.Facts(name, path) for name, path in release.generated.items()}
    c_code = cimports.read(release.tree, release.folder, release.state, rules,
                           {row["name"]: row.get("sources", ()) for row in modules if row["kind"] != "absent"})
    extensions = reasons(release.tree, tables, modules)
    taken = {top(name) for name in (*library, *extensions)}
    if not app:
        closure = closure_of(Program({}, {}, (), "profile=minimal"), library, c_code, extensions, rules, include, exclude)
        return Carried("python", closure, {}, {}, {}, {})
    found = appfiles.find(release.interpreter, app, paths, include, taken, cache or release.folder / "app-imports.json")
    closure = closure_of(found.program, library, c_code, extensions | dict(found.compiled), rules, include, exclude)
    looked_at = dict(found.looked_at)
    data, data_at = _data(closure, found.program, exclude, looked_at)
    return Carried(found.name, closure, data, data_at, _metadata(closure, found.paths, looked_at), looked_at)


def reasons(tree: Path, tables: Path, modules: Sequence[Mapping]) -> dict[str, str]:
    """Return every module that is no library source, and those that serve nothing without one -> why it cannot be had, or empty."""
    found = {name: "" for name in built_in(tree)} | {row["name"]: row.get("reason", "") for row in modules}
    for package in tomllib.loads((tables / "modules.toml").read_text("utf-8"))["packages"].values():
        needed = [name for name in package["modules"] if found.get(name, "it is not in the plan")]
        if len(needed) == len(package["modules"]):
            found |= {file.removesuffix(".py"): f"it needs {needed[0]}, and {needed[0]}: {found.get(needed[0])}" for file in package["files"]}
    return found


def unchanged(looked_at: Mapping[str, str]) -> bool:
    """Say whether every file and folder is as it was: only stat data is compared."""
    return all(appfiles.state(place) == known for place, known in looked_at.items())


def _data(closure: Closure, program: Program, exclude: Collection[str], looked_at: dict[str, str]) -> tuple[dict, dict]:
    """Return the data files of each carried package of the program: all that is no Python source, in folders that are no
    carried package of their own.
    """
    homes = {name: os.path.dirname(entry.path) for name, entry in closure.modules.items()
             if entry.package and entry.path and name in program.facts}
    owner = {folder: name for name, folder in homes.items()}
    files: dict[str, list[str]] = {}
    for name, home in homes.items():
        found = files.setdefault(name, [])
        for at, folders, names in os.walk(home):
            inner = os.path.relpath(at, home)
            words = [] if inner == "." else inner.split(os.sep)
            folders[:] = sorted(word for word in folders if word != "__pycache__" and os.path.join(at, word) not in owner
                                and not any(below(".".join([name, *words, word]), gone) for gone in exclude))
            looked_at[at] = appfiles.state(at)
            found += ["/".join([*words, word]) for word in sorted(names) if not word.endswith((".py", ".pyc", *appfiles.COMPILED))]
    return {name: found for name, found in files.items() if found}, {name: homes[name] for name, found in files.items() if found}


def _metadata(closure: Closure, paths: Collection[str], looked_at: dict[str, str]) -> dict[str, str]:
    """Return the metadata folders of the dependencies of which a module is carried (PyPA: RECORD lists a wheel's files)."""
    carried = {top(name) for name, entry in closure.modules.items() if entry.kind == "path"}
    found = {}
    for folder in paths:
        for name in sorted(os.listdir(folder)):
            at = os.path.join(folder, name)
            if name.endswith(".dist-info") and carried & set(tops(at)):
                found[name] = at
                looked_at |= {place: appfiles.state(place) for place in (at, *(os.path.join(at, inner) for inner in os.listdir(at)))}
    return found


def tops(folder: str) -> list[str]:
    """Return the top-level modules of a ``.dist-info`` folder."""
    for name, pick in (("top_level.txt", str.strip), ("RECORD", lambda line: line.split(",")[0].partition("/")[0].removesuffix(".py"))):
        try:
            lines = Path(folder, name).read_text("utf-8").splitlines()
        except (OSError, UnicodeDecodeError):
            continue
        return [word for line in lines if (word := pick(line)).isidentifier()]
    return []


def to_json(carried: Carried, cost: Callable[[str], int] | None = None) -> dict:
    """Return what plan.json and ``scons explain`` say. cost: bytes of a module's code, once it is frozen."""
    rows = {}
    for name, entry in carried.closure.modules.items():
        rows[name] = {"kind": entry.kind, "chain": [step(item) for item in told(carried.closure, name)]}
        if cost:
            rows[name]["bytes"] = cost(name)
    return {"modules": rows, "absent": {name: stub.message for name, stub in carried.closure.stubs.items()}}


def told(closure: Closure, name: str) -> list[tuple[str, str]]:
    """Return (module, how it came in) for each step of a chain."""
    found, parent = [], None
    for entry in closure.chain(name):
        if parent is None:
            how = entry.how
        elif entry.line:
            how = f"imported by {parent.path or parent.name}:{entry.line}"
        else:
            how = f"imported by the C code of {parent.name}" if parent.kind == "extension" else f"needed by {parent.name} (closure.toml)"
        found.append((entry.name, how))
        parent = entry
    return found


def step(item: tuple[str, str]) -> str:
    """Return one step as a line."""
    return f"{item[0]}: {item[1]}"

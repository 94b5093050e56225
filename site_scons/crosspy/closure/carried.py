"""What one program carries, from its files to the answer: the closure, data files of packages, metadata of dependencies.

``ready()`` and ``plan()`` are what a stage before the graph calls. They run the bootstrap only for files that changed.
"""
from __future__ import annotations

import os
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ..root import layout
from ..upstream import moduletable, upstream
from . import appfiles, cimports, closuretable, importgraph
from .availability import below
from .closure import Closure, Program
from .reach import top
from .stdlib import closure_of


@dataclass(frozen=True)
class Release:
    """One release, ready to be asked. interpreter: its bootstrap.  folder: build/bootstrap-<release>/, where the facts of its
    library are kept.  state: changes whenever a file of the library does (treestate.library).
    """

    tree: Path
    interpreter: str
    folder: Path
    state: str


@dataclass(frozen=True)
class Ready:
    """A release whose library was read: what every program of a run shares."""

    release: Release
    tables: Path
    rules: closuretable.Rules
    library: Mapping[str, importgraph.Facts]


@dataclass(frozen=True)
class Carried:
    """name: of the program.  main: the module that runs as ``__main__``, empty without an application.

    data: package -> path below it, with slashes -> file.  metadata: distribution -> name in its ``.dist-info`` folder -> file.
    looked_at: files and folders with their states: while unchanged() holds, nothing has to be planned again.
    """

    name: str
    main: str
    closure: Closure
    data: Mapping[str, Mapping[str, str]]
    metadata: Mapping[str, Mapping[str, str]]
    looked_at: Mapping[str, str]


def built_in(tree: Path) -> list[str]:
    """Return the modules that are part of every interpreter (Modules/config.c.in)."""
    return re.findall(r'^\s*\{"(\w+)", \w+\}', upstream.read(tree, "Modules/config.c.in"), re.M)


def ready(release: Release, tables: Path) -> Ready:
    """Read what a release's library imports; the bootstrap does it once per release. tables: the folder of closure.toml."""
    rules = closuretable.load(tables / "closure.toml")
    library = importgraph.library(release.interpreter, release.tree, release.folder, release.state, rules.names())
    return Ready(release, tables, rules, library)


def plan(known: Ready, modules: Sequence[Mapping], app: str = "", paths: Collection[str] = (), include: Collection[str] = (),
         exclude: Collection[str] = (), generated: Mapping[str, str] | None = None, cache: Path | None = None,
         roots: Sequence[str] = (), traced: Collection[str] = ()) -> Carried:
    """Return what a program carries; without app, what an interpreter with the modules of ``roots`` carries.

    modules: the plan of extension modules, as plan.json has it.  generated: modules that a build of the target makes
    (``_sysconfigdata__linux_...``), and those that stand in front of upstream's (layout.WRAPPED) -> their files.  cache: a file that keeps the facts of the application's own modules.
    traced: modules that a run of the application imported (trace.py).  Raises UserError as the steps do (stdlib.py).
    """
    release, rules = known.release, known.rules
    facts = importgraph.Cache(cache or release.folder / "app-imports.json", release.interpreter)
    library = _library(known.library, generated or {}, facts)
    c_code = cimports.read(release.tree, release.folder, release.state, rules,
                           {row["name"]: row.get("sources", ()) for row in modules if row["kind"] != "absent"})
    extensions = reasons(release.tree, known.tables, modules)
    if not app:
        facts.save()
        closure = closure_of(Program({}, {}, tuple(roots), "profile=minimal"), library, c_code, extensions, rules, include, exclude)
        return Carried("python", "", closure, {}, {}, {})
    taken = {top(name) for name in (*library, *extensions)} | rules.present - {"__main__"}
    found = appfiles.find(facts, app, paths, include, taken, traced)
    closure = closure_of(found.program, library, c_code, extensions | dict(found.compiled), rules, include, exclude, traced)
    facts.save()
    looked_at = dict(found.looked_at)
    data = _data(closure, found.program, exclude, looked_at)
    return Carried(found.name, found.program.roots[-1], closure, data, _metadata(closure, found.paths, looked_at), looked_at)


def _library(upstreams: Mapping[str, importgraph.Facts], generated: Mapping[str, str], facts: importgraph.Cache) -> dict[str, importgraph.Facts]:
    """Return the library with what a build makes, which imports nothing, and with our modules in front of upstream's."""
    wrapped = {name: (path, False) for name, path in generated.items() if name in upstreams}
    read = facts.read(wrapped)
    behind = {importgraph.module_name(ours)[0]: importgraph.module_name(theirs)[0] for ours, theirs in layout.WRAPPED.items()}
    return {**upstreams, **{name: importgraph.Facts(name, path) for name, path in generated.items() if name not in wrapped},
            **{behind[name]: replace(upstreams[name], name=behind[name]) for name in wrapped},
            **{name: importgraph.facts(name, row) for name, row in read.items()}}


def reasons(tree: Path, tables: Path, modules: Sequence[Mapping]) -> dict[str, str]:
    """Return every module that is no library source, and those that serve nothing without one -> why it cannot be had, or empty."""
    found = {name: "" for name in built_in(tree)} | {row["name"]: row.get("reason", "") for row in modules}
    for package in moduletable.load(tables)["packages"].values():
        needed = [name for name in package["modules"] if found.get(name, "it is not in the plan")]
        if len(needed) == len(package["modules"]):
            why = f"it needs {needed[0]}, and {needed[0]}: {found.get(needed[0])}"
            found |= {file.removesuffix(".py"): why for file in package["files"]}
    return found


def unchanged(looked_at: Mapping[str, str]) -> bool:
    """Say whether every file and folder is as it was: only stat data is compared."""
    return all(appfiles.state(place) == known for place, known in looked_at.items())


def _data(closure: Closure, program: Program, exclude: Collection[str], looked_at: dict[str, str]) -> dict[str, dict[str, str]]:
    """Return the data files of each carried package of the program: all that is no Python source, in folders that are no
    carried package of their own.
    """
    homes = {os.path.dirname(entry.path): name for name, entry in closure.modules.items()
             if entry.package and entry.path and name in program.facts}
    files: dict[str, dict[str, str]] = {}
    for home, name in homes.items():
        for at, folders, names in os.walk(home):
            inner = os.path.relpath(at, home)
            words = [] if inner == "." else inner.split(os.sep)
            folders[:] = sorted(word for word in folders if word != "__pycache__" and os.path.join(at, word) not in homes
                                and not any(below(".".join([name, *words, word]), gone) for gone in exclude))
            looked_at[at] = appfiles.state(at)
            for word in sorted(names):
                if not word.endswith((".py", ".pyc", *appfiles.COMPILED)):
                    files.setdefault(name, {})["/".join([*words, word])] = os.path.join(at, word)
                    looked_at[os.path.join(at, word)] = appfiles.state(os.path.join(at, word))
    return files


def _metadata(closure: Closure, paths: Collection[str], looked_at: dict[str, str]) -> dict[str, dict[str, str]]:
    """Return the metadata of the dependencies of which a module is carried (PyPA: recording installed projects)."""
    carried = {top(name) for name, entry in closure.modules.items() if entry.kind == "path"}
    found = {}
    for folder in paths:
        for name in sorted(os.listdir(folder)):
            at = os.path.join(folder, name)
            if name.endswith(".dist-info") and carried & set(tops(at)):
                files = {inner: os.path.join(at, inner) for inner in sorted(os.listdir(at)) if os.path.isfile(os.path.join(at, inner))}
                found[name.removesuffix(".dist-info").rpartition("-")[0]] = files
                looked_at |= {place: appfiles.state(place) for place in (at, *files.values())}
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

"""What comes before the graph: for each build folder a cached plan of everything that SCons will be told.

A plan is made from the release, the toolchain, the variant and the options, and is kept under the digest of all of
them: a warm run reads one JSON file and starts no process.
"""
from __future__ import annotations

import json
import os
import shlex
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from ..acquire.release import Release
from ..apps import minimal, staticdl
from ..cli.options import Options
from ..configure import ledger, probing, pyconfig
from ..deps import choice, linkage
from ..deps.library import Library
from ..paths import node
from ..root import installed
from ..toolchains import flags
from ..toolchains.toolchain import Toolchain
from ..upstream import coreplan, drift, makefile as makefile_texts, modules, upstream
from ..variants.variant import Variant
from . import plankey

PLAIN = "-plain"  # with debuginfo=split, libpython.a is made of objects without debug information
# libpython3.so only needs libpython3.13.so; but zig links nothing without an object.
STUB = coreplan.Unit("libpython3.o", "generated/libpython3.c", "module")


@dataclass(frozen=True)
class Job:
    """One build: everything that its plan depends on. folder and frozen (the bootstrap's) are relative to the top.

    interpreter: the one that ``bootstrap=`` names; a bootstrap job with it builds none.  libraries: all that are known.
    deps: the mode of each (deps/choice.py).  found: those of the sysroot.
    """

    variant: Variant
    options: Options
    release: Release
    toolchain: Toolchain
    folder: str
    frozen: str
    tree: str
    tables: Path
    bootstrap: bool = False
    interpreter: str = ""
    libraries: Mapping[str, Library] = field(default_factory=dict)
    deps: Mapping[str, str] = field(default_factory=dict)
    found: Mapping[str, linkage.Linked] = field(default_factory=dict)

    @property
    def links(self) -> dict[str, str]:
        """Return -l word -> the third-party library behind it."""
        return linkage.words(self.libraries, self.deps)

    @property
    def lacking(self) -> list[str]:
        """Return the third-party libraries that were to come from the sysroot, which has none of them."""
        return choice.lacking(self.options.deps, self.deps, self.libraries)

    @property
    def small(self) -> bool:
        return self.options.profile == "minimal"


def plan(job: Job, project: Path, say: Callable[[str], None]) -> dict:
    """Return the plan of one build, from its folder when nothing that it rests on has changed.

    project: our own checkout, with cpython/ and site_scons/.  A new plan has ``texts``, which commit() writes.
    """
    path = Path(job.folder) / "graph.json"
    key = plankey.of(job, project)
    try:
        cached = json.loads(path.read_text("utf-8"))
        if cached["key"] == key and all(os.path.exists(name) for name in cached["files"]):
            return cached
    except (OSError, ValueError, KeyError, TypeError):
        pass
    if job.bootstrap:  # once for a release: every run plans a bootstrap, be it a given one
        drift.gate(job.release.tree, job.tables)
    made = _given(job) if job.interpreter and job.bootstrap else _make(job, probing.known(job, say))
    made["key"] = key
    made["files"] = sorted(f"{job.folder}/{name}" for name in made["texts"])
    made["installs"] = [node(name) for name in made["files"] if "/generated/" in name or name.endswith("/pyconfig.h")]
    return made


def commit(made: dict) -> None:
    """Write a new plan and its texts (pyconfig.h and the like); only after all plans of a run turned out well."""
    texts = made.pop("texts", None)
    if texts is not None:
        for name, text in texts.items():
            write(Path(made["folder"]) / name, text)
        write(Path(made["folder"]) / "graph.json", json.dumps(made, indent=0, sort_keys=True))


def write(path: Path, text: str) -> None:
    """Write a text file, whole or not at all, and only when its content changes."""
    try:
        if path.read_text("utf-8") == text:
            return
    except (OSError, UnicodeDecodeError):
        pass
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    part.write_text(text, "utf-8")
    part.chmod(0o644)
    os.replace(part, path)


def _make(job: Job, answers: ledger.Ledger) -> dict:
    tree, options = job.release.tree, job.options
    values = flags.make_values(answers.variables, prefix=options.prefix, series=job.release.series,
                               multiarch=job.variant.python.multiarch)
    if job.bootstrap:
        values["VPATH"] = os.path.relpath(job.tree, f"{job.folder}/linked")
    makefile = upstream.Makefile(upstream.read(tree, "Makefile.pre.in"), {**values, "srcdir": job.tree})
    request = modules.Request("builtin" if job.small else options.modules, options.enable, options.disable, options.tests)
    variables = {**answers.variables, **(minimal.VARIABLES if job.small else {})}
    found = modules.plan(tree, job.tables, variables, job.variant.python.modules, request, job.libraries, job.lacking)
    found = modules.with_one_copy(job.tables, found, [name for name, mode in job.deps.items() if mode == "source"])
    if job.bootstrap:
        found = modules.for_bootstrap(tree, job.tables, found)
    found = [replace(module, cflags=tuple(word.replace(str(tree), job.tree) for word in module.cflags)) for module in found]
    epoch = 0 if job.release.editable else coreplan.release_epoch(tree)
    alone = job.variant.static and not job.bootstrap
    core = coreplan.CorePlan(makefile, staticdl.with_source(found) if alone else found, flags.build_date(epoch), job.links)
    if job.small:
        referred = {line.name for line in upstream.setup_lines(upstream.read(tree, "Modules/Setup.bootstrap.in"), "static")}
        own = _words(answers.variables.get("LIBS", ""), answers.variables.get("LIBM", "-lm"))
        made = minimal.graph(core, referred, own, _link(job, "program"))
    else:
        made = _host_graph(job, core, answers) if job.bootstrap else _target_graph(job, core, answers)
    header = pyconfig.render(upstream.read(tree, "pyconfig.h.in"), answers)
    if job.bootstrap:
        names = [module.name for module in found if module.kind == "builtin"]
        # pybuilddir.txt is the landmark by which getpath finds the library through VPATH
        texts = {"linked/pybuilddir.txt": "none\n",
                 "generated/config.c": makefile_texts.config_c(upstream.read(tree, "Modules/config.c.in"), names)}
    else:
        texts = installed.minimal(job, found, answers, header, core, made) if job.small else installed.texts(job, found, answers, header, core, made)
    texts["pyconfig.h"] = header
    if alone:
        texts[staticdl.SOURCE] = staticdl.source(*installed.own_symbols(job, answers))
    texts |= probing.texts(job, answers)
    if not job.bootstrap:
        made["modules"] = core.carried()
    made["script"] = "bootstrap" if job.bootstrap else "minimal" if job.small else "target"
    made.update(compile=_commands(job), include=[node(folder) for folder in _include(job)], name=job.variant.name if not job.bootstrap else "host",
                folder=job.folder, tree=job.tree, at=node(job.folder), tree_at=node(job.tree), toolchain=job.toolchain.digest, env=dict(job.toolchain.env),
                release=job.release.digest, editable=job.release.editable, texts=texts)
    places = {True: node(job.folder), False: node(job.tree)}
    made["units"] = [{**row, "source": f"{places[row['source'].startswith('generated/')]}/{row['source']}"}
                     for row in made["units"]]
    return made


def _given(job: Job) -> dict:
    """The plan of a bootstrap that is not built: only what is to be frozen, all of it by the given interpreter."""
    makefile = upstream.Makefile(upstream.read(job.release.tree, "Makefile.pre.in"), {})
    frozen = [{**row, "early": False} for row in coreplan.rows(makefile.frozen())]
    return {"units": [], "links": [], "frozen": frozen, "folder": job.folder, "tree": job.tree, "at": node(job.folder),
            "tree_at": node(job.tree), "name": "host", "env": {}, "compile": {}, "editable": False, "release": job.release.digest,
            "toolchain": "", "interpreter": job.interpreter, "texts": {}}


def _include(job: Job) -> list[str]:
    return [job.folder, f"{job.tree}/Include", f"{job.tree}/Include/internal", f"{job.tree}/Include/internal/mimalloc",
            job.frozen, f"{job.frozen}/Python"]


def _commands(job: Job) -> dict[str, str]:
    # Paths of the build machine must not get into __FILE__ or debug information (reproducible-builds.org).
    maps = [f"-ffile-prefix-map={job.tree}/=", f"-ffile-prefix-map={job.folder}/=",
            *([f"-ffile-prefix-map={os.getcwd()}/="] if job.options.debuginfo == "split" else [])]
    include = [f"-I{folder}" for folder in _include(job)]
    split = job.options.debuginfo == "split"
    return {role + suffix: shlex.join([
        *job.toolchain.cc, *flags.compiling(job.variant, job.options, job.toolchain, role, job.release.editable, debug),
        *include, *maps]).replace("$", "$$")
        for role in flags.ROLES for suffix, debug in (("", split), *([(PLAIN, False)] if split else []))}


def _link(job: Job, kind: str, *more: str) -> str:
    if kind == "archive":
        return shlex.join(job.toolchain.ar)
    packed = []
    if job.small and job.toolchain.kind == "zig":
        packed = [sys.executable, "-m", "crosspy.toolchains.ziglink", *(flags.PACKED if job.variant.static else ())]
    return shlex.join([*packed, *job.toolchain.cc, *flags.OPTIMIZE[job.options.optimize], *flags.linking(job.variant, job.options, job.toolchain, kind),
                       *more])


def _libs(core: coreplan.CorePlan, variables) -> str:
    return _words(variables.get("LIBS", ""), *core.libs(), variables.get("LIBM", "-lm"))


def _words(*texts: str) -> str:
    return " ".join(dict.fromkeys(word for text in texts for word in text.split()))


def _host_graph(job: Job, core: coreplan.CorePlan, answers: ledger.Ledger) -> dict:
    """The bootstrap: _freeze_module, which only freezes, and _bootstrap_python, which runs our own tools."""
    common = core.core("LIBRARY_OBJS_OMIT_FROZEN") + core.builtin()
    freezer = [core.unit("Modules/getpath_noop.o"), core.unit("Programs/_freeze_module.o")]
    python = [core.unit("Modules/getpath.o"), core.unit("Programs/_bootstrap_python.o")]
    libs = _libs(core, answers.variables)
    names = [unit.object for unit in common]
    return {"units": coreplan.rows(common + freezer + python), "frozen": coreplan.rows(core.makefile.frozen()),
            "links": [_row(job, "_freeze_module", "program", names + [unit.object for unit in freezer], libs),
                      _row(job, "_bootstrap_python", "program", names + [unit.object for unit in python], libs)]}


def _target_graph(job: Job, core: coreplan.CorePlan, answers: ledger.Ledger) -> dict:
    """What one target links, below linked/: the interpreter, libpython and each extension module."""
    library = core.core("LIBRARY_OBJS") + core.builtin()
    units, extensions = core.shared()
    program = core.unit("Programs/python.o")
    series, names, libs = job.release.series, [unit.object for unit in library], _libs(core, answers.variables)
    own = answers.variables.get("LIBS", "")  # what glibc before 2.34 keeps outside of libc.so: third-party libraries use it, too
    # An extension may be loaded where the program at work has no libatomic for it; most need none (configure.ac, ac_cv_libatomic_needed).
    atomic = f"-Wl,--as-needed {answers.variables['LIBATOMIC']}" if answers.variables.get("LIBATOMIC") else ""
    suffix = core.makefile.values["EXT_SUFFIX"]
    split = job.options.debuginfo == "split"
    plain = [replace(unit, object=f"plain/{unit.object}", role=unit.role + PLAIN) for unit in [*library, program]] if split else []
    links = [_row(job, f"libpython{series}.a", "archive", [unit.object for unit in plain[:-1]] or names)]
    shared = []
    if job.options.libpython == "shared":
        soname = f"libpython{series}.so.1.0"
        shared = [f"linked/{soname}"]
        links += [_row(job, soname, "shared", names, libs, (), f"-Wl,-soname,{soname}"),
                  _row(job, "libpython3.so", "shared", [STUB.object], "", shared, "-Wl,--no-as-needed", "-Wl,-soname,libpython3.so")]
    links.append(_row(job, "python", "program", [program.object] + ([] if shared else names), libs, shared))
    links += [_row(job, f"lib-dynload/{extension.name}{suffix}", "shared", list(extension.objects),
                    _words(*extension.libs, *([own] if set(extension.libs) & job.links.keys() else []), atomic)) for extension in extensions]
    return {"units": coreplan.rows([*library, *units, program, *([STUB] if shared else []), *plain]), "links": links,
            "split": split, "python_o": f"obj/{'plain/' if split else ''}{program.object}", "extensions": {extension.name: f"lib-dynload/{extension.name}{suffix}" for extension in extensions}}


def _row(job: Job, name: str, kind: str, objects: list[str], libs: str = "", uses=(), *more: str) -> dict:
    return {"output": f"linked/{name}", "kind": kind, "objects": objects, "uses": list(uses), "libs": libs,
            "command": _link(job, kind, *more)}

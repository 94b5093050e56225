"""What comes before the graph: for each build folder a cached plan of everything that SCons will be told.

A plan is made from the release, the toolchain, the variant and the options, and is kept under the digest of all of
them: a warm run reads one JSON file and starts no process.
"""
from __future__ import annotations

import hashlib
import json
import os
import shlex
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from . import coreplan, flags, generated, ledger, modules, probe, pyconfig, upstream
from .options import Options
from .release import Release
from .toolchain import Toolchain
from .variant import Variant

READ_FROM_TREE = ("configure.ac", "Makefile.pre.in", "pyconfig.h.in", "Include/patchlevel.h", "Modules/Setup",
                  "Modules/Setup.stdlib.in", "Modules/Setup.bootstrap.in", "Modules/config.c.in", "Misc/python.pc.in",
                  "Misc/python-embed.pc.in", "Misc/python-config.sh.in", "Misc/python-config.in", "Modules/makesetup")


@dataclass(frozen=True)
class Job:
    """One build: everything that its plan depends on. folder and frozen (the bootstrap's) are relative to the top."""

    variant: Variant
    options: Options
    release: Release
    toolchain: Toolchain
    folder: str
    frozen: str
    tree: str
    bootstrap: bool = False


def plan(job: Job, project: Path, say: Callable[[str], None]) -> dict:
    """Return the plan of one build, from its folder when nothing that it rests on has changed.

    project: our own checkout, with cpython/ and site_scons/.  Writes plan, pyconfig.h and the other generated texts.
    """
    path = Path(job.folder) / "graph.json"
    key = _key(job, project)
    try:
        cached = json.loads(path.read_text("utf-8"))
        if cached["key"] == key and all(os.path.exists(name) for name in cached["files"]):
            return cached
    except (OSError, ValueError, KeyError):
        pass
    answers = _probe(job, project, say)
    made = _make(job, project, answers)
    made["key"] = key
    texts = made.pop("texts")
    made["files"] = sorted(f"{job.folder}/{name}" for name in texts)
    for name, text in texts.items():
        write(Path(job.folder) / name, text)
    write(path, json.dumps(made, indent=0, sort_keys=True))
    return made


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


def _key(job: Job, project: Path) -> str:
    digest = hashlib.sha256()
    facts = {**asdict(job.variant), **{k: sorted(v) if isinstance(v, frozenset) else v for k, v in asdict(job.options).items()}}
    rows = [facts, job.toolchain.digest, job.toolchain.cc, job.release.digest, job.release.version, job.folder, job.frozen,
            job.tree, job.bootstrap]
    digest.update(json.dumps(rows, sort_keys=True).encode())
    for folder, suffix in ((project / "site_scons" / "crosspy", ".py"), (project / "cpython", ".toml")):
        for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
            if entry.name.endswith(suffix):
                digest.update(Path(entry.path).read_bytes())
    if job.release.editable:
        for name in READ_FROM_TREE:
            digest.update((job.release.tree / name).read_bytes())
    return digest.hexdigest()


def _probe(job: Job, project: Path, say: Callable[[str], None]) -> ledger.Ledger:
    say(f"probe: {job.toolchain.kind} {job.toolchain.version} for {job.toolchain.target}")
    words = flags.probing(job.variant, job.options)
    link = ("-static-pie",) if job.variant.static else ("-pie",)
    facts = {"libc": job.variant.libc.name, "bits": job.variant.machine.bits, "endian": job.variant.machine.endian,
             "static": job.variant.static, "multiarch": job.variant.python.multiarch}
    options = {"libpython": job.options.libpython}
    with tempfile.TemporaryDirectory(prefix="cpython-scons-") as scratch:
        probe.check_compiler(job.toolchain, job.variant, words, Path(scratch))
        return probe.probe(job.release.tree, project / "cpython", job.toolchain, words, link, options, facts, Path(scratch))


def _make(job: Job, project: Path, answers: ledger.Ledger) -> dict:
    tree, options = job.release.tree, job.options
    values = flags.make_values(answers.variables, prefix=options.prefix, series=job.release.series,
                               multiarch=job.variant.python.multiarch)
    if job.bootstrap:
        values["VPATH"] = os.path.relpath(job.tree, f"{job.folder}/bin")
    makefile = upstream.Makefile(upstream.read(tree, "Makefile.pre.in"), {**values, "srcdir": job.tree})
    request = modules.Request(options.modules, options.enable, options.disable, options.tests)
    found = modules.plan(tree, project / "cpython", answers.variables, job.variant.python.modules, request)
    if job.bootstrap:
        found = found[:sum(1 for _ in upstream.setup_lines(upstream.read(tree, "Modules/Setup.bootstrap.in"), "static"))]
    found = [replace(module, cflags=tuple(word.replace(str(tree), job.tree) for word in module.cflags)) for module in found]
    epoch = 0 if job.release.editable else coreplan.release_epoch(tree)
    core = coreplan.CorePlan(makefile, found, flags.build_date(epoch))
    made = _host_graph(job, core) if job.bootstrap else _target_graph(job, core, answers)
    names = [module.name for module in found if module.kind == "builtin"]
    texts = {"pyconfig.h": pyconfig.render(upstream.read(tree, "pyconfig.h.in"), answers),
             "generated/config.c": generated.config_c(upstream.read(tree, "Modules/config.c.in"), names)}
    if not job.bootstrap:
        texts |= generated.installed_texts(job, found, answers, values)
    made.update(compile=_commands(job), include=[node(folder) for folder in _include(job)], name=job.variant.name if not job.bootstrap else "host",
                folder=job.folder, tree=job.tree, at=node(job.folder), tree_at=node(job.tree), toolchain=job.toolchain.digest,
                release=job.release.digest, editable=job.release.editable, texts=texts)
    places = {True: node(job.folder), False: node(job.tree)}
    made["units"] = [{**row, "source": f"{places[row['source'].startswith('generated/')]}/{row['source']}"}
                     for row in made["units"]]
    return made


def node(path: str) -> str:
    """Return a path as SCons looks it up from any SConscript: ``#`` is the top folder, where commands run."""
    return path if path.startswith("/") else f"#{path}"


def _include(job: Job) -> list[str]:
    return [job.folder, f"{job.tree}/Include", f"{job.tree}/Include/internal", f"{job.tree}/Include/internal/mimalloc",
            job.frozen, f"{job.frozen}/Python"]


def _commands(job: Job) -> dict[str, str]:
    # Paths of the build machine must not get into __FILE__ or debug information (reproducible-builds.org).
    maps = [f"-ffile-prefix-map={job.tree}/=", f"-ffile-prefix-map={job.folder}/=",
            *([f"-ffile-prefix-map={os.getcwd()}/="] if job.options.debuginfo == "split" else [])]
    include = [f"-I{folder}" for folder in _include(job)]
    return {role: shlex.join([*job.toolchain.cc, *flags.compiling(job.variant, job.options, role, job.release.editable),
                              *include, *maps]).replace("$", "$$") for role in flags.ROLES}


def _link(job: Job, kind: str, *more: str) -> str:
    if kind == "archive":
        return shlex.join(job.toolchain.ar)
    return shlex.join([*job.toolchain.cc, *flags.OPTIMIZE[job.options.optimize], *flags.linking(job.variant, job.options, kind),
                       *more])


def _libs(core: coreplan.CorePlan, variables) -> str:
    words = [*variables.get("LIBS", "").split(), *core.libs(), *variables.get("LIBM", "-lm").split()]
    return " ".join(dict.fromkeys(words))


def _host_graph(job: Job, core: coreplan.CorePlan) -> dict:
    """The bootstrap: _freeze_module, which only freezes, and _bootstrap_python, which runs our own tools."""
    common = core.core("LIBRARY_OBJS_OMIT_FROZEN") + core.builtin()
    freezer = [core.unit("Modules/getpath_noop.o"), core.unit("Programs/_freeze_module.o")]
    python = [core.unit("Modules/getpath.o"), core.unit("Programs/_bootstrap_python.o")]
    libs = _libs(core, {})
    program = {"kind": "program", "uses": [], "libs": libs + " -lpthread -ldl", "command": _link(job, "program")}
    names = [unit.object for unit in common]
    return {"units": coreplan.rows(common + freezer + python), "frozen": coreplan.rows(core.makefile.frozen()),
            "links": [{**program, "output": "bin/_freeze_module", "objects": names + [unit.object for unit in freezer]},
                      {**program, "output": "bin/_bootstrap_python", "objects": names + [unit.object for unit in python]}]}


def _target_graph(job: Job, core: coreplan.CorePlan, answers: ledger.Ledger) -> dict:
    library = core.core("LIBRARY_OBJS") + core.builtin()
    units, extensions = core.shared()
    program = core.unit("Programs/python.o")
    series, prefix = job.release.series, job.options.prefix.strip("/")
    usr, names, libs = f"root/{prefix}", [unit.object for unit in library], _libs(core, answers.variables)
    soabi = core.makefile.values["SOABI"]
    archive = f"{usr}/lib/python{series}/config-{series}-{job.variant.python.multiarch}/libpython{series}.a"
    shared = [f"{usr}/lib/libpython{series}.so.1.0"] if job.options.libpython == "shared" else []
    links = [{"output": archive, "kind": "archive", "objects": names, "uses": [], "libs": "", "command": _link(job, "archive")}]
    for name in shared:
        links.append({"output": name, "kind": "shared", "objects": names, "uses": [], "libs": libs,
                      "command": _link(job, "shared", f"-Wl,-h,libpython{series}.so.1.0")})
        links.append({"output": f"{usr}/lib/libpython3.so", "kind": "shared", "objects": [], "uses": shared, "libs": "",
                      "command": _link(job, "shared", "-Wl,--no-as-needed", "-Wl,-h,libpython3.so")})
    links.append({"output": f"{usr}/bin/python{series}", "kind": "program", "libs": libs, "command": _link(job, "program"),
                  "objects": [program.object] + ([] if shared else names), "uses": shared})
    dynload = f"{usr}/lib/python{series}/lib-dynload"
    links += [{"output": f"{dynload}/{extension.name}.{soabi}.so", "kind": "shared", "objects": list(extension.objects),
               "uses": [], "libs": " ".join(extension.libs), "command": _link(job, "shared")} for extension in extensions]
    return {"units": coreplan.rows([*library, *units, program]), "links": links, "usr": usr, "series": series,
            "modules": modules.to_json(core.modules), "archive": archive,
            "extensions": {extension.name: f"{dynload[5:]}/{extension.name}.{soabi}.so" for extension in extensions}}

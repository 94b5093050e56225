"""The cached plan of one library that is built from source: its recipe as rows for deps/SConscript.

A library lies in ``<build_dir>/deps/<variant>[+flavour]/<name>/``, where the flavour has only the arguments that change its objects, so
that all builds of a variant share it. Once it is whole its stamp says so: from then on its inside is no part of the graph.
"""
from __future__ import annotations

import hashlib
import json
import os
import shlex
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path

from .. import tomlfile
from ..acquire.fetch import Archive
from ..cli.options import Options
from ..errors import UserError
from ..paths import node
from ..run import stages
from ..toolchains import flags, hardening
from ..toolchains.toolchain import Toolchain
from ..variants.variant import Variant
from .library import Library
from .recipe import Command, Recipe, Site, Unit

# The arguments that change a library's objects.
DECIDING = ("toolchain", "sysroot", "glibc", "profile", "optimize", "hardening", "debuginfo", "ssl_certs")
# What recipes rest on besides their own rooms.
ROOMS = (*(f"configure/{name}" for name in ("autoconf", "batch", "linking", "probe", "questions", "readback")), "toolchains/flags", "toolchains/hardening")
STAMP = "built.json"


@dataclass(frozen=True)
class Job:
    """One library for one target. folder: relative to the top.  pin, tree: of its source, the latter absolute.

    above: plans of the libraries that it needs.  host: what compiles programs for this machine.  rules: the digest of all rules.
    """

    library: Library
    pin: Archive
    tree: Path
    folder: str
    variant: Variant
    options: Options
    toolchain: Toolchain
    host: Toolchain
    rules: str
    above: tuple[Mapping, ...] = ()


def plan(job: Job, say: Callable[[str], None]) -> dict:
    """Return the plan of a library, from its folder when nothing that it rests on has changed. Raises UserError.

    A new plan has ``texts``, to be written by stages.commit.
    """
    path, key = Path(job.folder) / "graph.json", _key(job)
    made = _cached(path, key)
    if made is None:
        say(f"plan: {job.pin.folder} for {job.variant.name}")
        made = _rows(job, _recipe(job))
        made["key"] = key
    return {**made, "whole": whole(made)}


def _cached(path: Path, key: str) -> dict | None:
    try:
        made = json.loads(path.read_text("utf-8"))
        return made if made["key"] == key and all(os.path.exists(name) for name in made["files"]) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _key(job: Job) -> str:
    digest = hashlib.sha256()
    told = {name: getattr(job.options, name) for name in DECIDING if name not in ("toolchain", "sysroot")}
    rows = [asdict(job.variant), told, job.toolchain.digest, job.toolchain.cc, job.host.digest, job.pin.sha256, str(job.tree), job.folder,
            os.getcwd(), str(job.library.where), job.rules, [above["key"] for above in job.above]]
    digest.update(json.dumps(rows, sort_keys=True).encode())
    for path in sorted(path for path in Path(job.library.where).parent.iterdir() if path.is_file()):  # sqlite has scripts there, too
        digest.update(path.read_bytes())
    return digest.hexdigest()


def rules() -> str:
    """Return the digest of every file that holds a rule of building libraries."""
    here = Path(__file__).parent
    return hashlib.sha256(b"".join(room.read_bytes() for room in (*(here.parent / f"{name}.py" for name in ROOMS), *sorted(here.glob("*.p[ly]"))))).hexdigest()


def check(library: Library) -> None:
    """Raise UserError where something is missing on this machine with which a library's files are made."""
    own = getattr(import_module(f"{__package__}.{library.name}"), "check", None)
    if own:
        own()


def facts(library: Library) -> None:
    """Raise UserError where the tables of a dep.toml are not what the library's own rules read of it, its ``FACTS``."""
    form = getattr(import_module(f"{__package__}.{library.name}"), "FACTS", {})
    if problems := list(tomlfile.mistakes(library.facts, form)):
        raise UserError(library.where, "; ".join(problems), "see its comments, and deps/README.md")


def _recipe(job: Job) -> Recipe:
    rules = import_module(f"{__package__}.{job.library.name}")
    facts(job.library)
    with tempfile.TemporaryDirectory(prefix="crosspy-") as scratch:
        cflags = flags.library(job.variant, job.options, job.toolchain)
        return rules.plan(Site(job.library.name, job.tree, Path(os.path.abspath(job.folder)), Path(scratch), job.variant, job.options,
                               job.toolchain, cflags, hardening.program(job.variant, job.options, job.toolchain),
                               {above["name"]: tuple(map(os.path.abspath, above["include"])) for above in job.above}, job.library, job.host))


def _rows(job: Job, recipe: Recipe) -> dict:
    tree, folder = os.path.relpath(job.tree), job.folder
    include = [_filled(word, tree, folder) for word in recipe.include]
    maps = [f"-ffile-prefix-map={tree}/=", f"-ffile-prefix-map={folder}/="]
    compile_words = [*job.toolchain.cc, *flags.library(job.variant, job.options, job.toolchain),
                     *(_filled(word, tree, folder) for word in recipe.flags),
                     *(f"-I{path}" for above in job.above for path in above["include"]),
                     *(word for above in job.above for word in above.get("words", ())), *maps]
    headers = [name for command in recipe.commands for name in command.outputs if name.endswith((".h", ".def", ".inc"))]
    texts = {**recipe.texts, **{f"{name}.objects": "".join(f'"{folder}/obj/{one}"\n' for one in objects)
                                for name, objects in recipe.archives.items()}}
    return {"name": job.library.name, "variant": job.variant.name, "folder": folder, "at": node(folder), "version": job.pin.version,
            "env": dict(job.toolchain.env), "host_env": dict(job.host.env), "compile": _shell(compile_words), "ar": _shell(job.toolchain.ar),
            "units": [_unit(unit, tree, folder) for unit in recipe.units],
            "commands": [_command(command, job, tree, folder) for command in recipe.commands],
            "archives": {name: list(objects) for name, objects in recipe.archives.items()},
            "state": _state(job, recipe),
            "headers": [f"{folder}/{name}" for name in headers], "header_nodes": [node(f"{folder}/{name}") for name in headers], "include": include,
            "above_nodes": [node(name) for above in job.above for name in above["headers"]],
            "files": [f"{folder}/{name}" for name in texts],
            "stamped": f"{folder}/{STAMP}", "stamp_at": node(f"{folder}/{STAMP}"), "texts": texts}


def _state(job: Job, recipe: Recipe) -> str:
    """Return the digest of what an output rests on besides its sources and its command; the key is for the plan itself.

    No header is scanned, so it has the text of each one that a recipe states, and what the libraries above rest on.
    """
    rows = [job.toolchain.digest, job.host.digest, job.pin.sha256, sorted(recipe.texts.items()), [above["state"] for above in job.above]]
    return hashlib.sha256(json.dumps(rows).encode()).hexdigest()


def _unit(unit: Unit, tree: str, folder: str) -> dict:
    return {"object": unit.object, "source": _place(unit.source, tree, folder), "generated": unit.generated,
            "extra": _shell([_filled(word, tree, folder) for word in unit.flags])}


def _command(command: Command, job: Job, tree: str, folder: str) -> dict:
    """A command runs in the library's folder, so that paths in what it writes are the same wherever that lies."""
    source = os.path.relpath(tree, folder)
    program = f"host/{Path(command.host[0]).stem}" if command.host else ""
    words = [_filled(word, source, ".").replace("{output}", f"{command.outputs[0]}.part").replace("{program}", f"./{program}")
             for word in command.words]
    shell = f"cd {shlex.quote(folder)} && {_shell(words)}" + (f" > {_shell([command.outputs[0] + '.part'])}" if command.stdout else "")
    host = {"output": node(f"{folder}/{program}"), "shown": program, "source": _place(command.host[0], tree, folder),
            "command": _shell([*job.host.cc, "-O1", "-w", "-s", *(_filled(word, tree, folder) for word in command.host[1:])])} if program else {}
    return {"outputs": [node(f"{folder}/{name}") for name in command.outputs], "shown": command.outputs[0], "inputs": [_place(name, tree, folder) for name in command.inputs],
            "shell": shell, "host": host, "compiler": command.compiler}


def _place(name: str, tree: str, folder: str) -> str:
    return f"{node(folder if name.startswith('generated/') else tree)}/{name}"


def _filled(word: str, tree: str, folder: str) -> str:
    return word.replace("{tree}", tree).replace("{folder}", folder)


def _shell(words) -> str:
    return shlex.join(words).replace("$", "$$")  # SCons would expand it


def whole(made: Mapping) -> bool:
    """Tell whether a library is built: its stamp has the plan's key and the state of every file that others use."""
    try:
        stamp = json.loads(Path(made["stamped"]).read_text("utf-8"))
        return stamp["key"] == made["key"] and all(state(name) == facts for name, facts in stamp["files"].items())
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False


def state(name: str) -> list[int]:
    """Return what changes whenever a file is written: size in bytes and time of modification in ns."""
    facts = os.stat(name)
    return [facts.st_size, facts.st_mtime_ns]


def stamp(folder: str) -> None:
    """Note that a library is whole (``python -m crosspy.deps.building FOLDER``)."""
    made = json.loads((Path(folder) / "graph.json").read_text("utf-8"))
    names = [*(f"{folder}/{name}" for name in made["archives"]), *made["headers"]]
    stages.write(Path(made["stamped"]), json.dumps({"key": made["key"], "files": {name: state(name) for name in names}}, sort_keys=True))


if __name__ == "__main__":
    import sys

    stamp(sys.argv[1])

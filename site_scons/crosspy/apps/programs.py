"""From profile=minimal and app= to the plan of a program: the bootstrap is built where it is missing, the closure found.

What a program consists of must be known before the graph is made, and only the bootstrap can read the release's own source.
So where it is missing, the same command builds it first, by a run of its own.
"""
from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from .. import tomlfile
from ..acquire.release import Release
from ..closure import appfiles, carried, trace
from ..errors import UserError
from ..run import nested, stages
from ..run.runlock import RunLock
from . import application

INTERPRETER = "linked/_bootstrap_python"


def minimal(path: Path) -> list[str]:
    """Return the modules of profile=minimal without an application (cpython/minimal.toml). Raises UserError."""
    return tomlfile.read(path, form={"modules": list})["modules"]


@dataclass(frozen=True)
class Wanted:
    """One program that is asked for. name: its own, where it is not the application's; start, sources: as in application.Parts and
    application.plan; the rest is as on the command line (options.py).
    """

    app: str = ""
    path: tuple[str, ...] = ()
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    trace: bool = False
    name: str = ""
    start: str = ""
    sources: tuple[str, ...] = ()
    bundle: str = ""

    def called(self, made: Mapping) -> str:
        """Return the program's name. made: the plan of its target."""
        own = os.path.basename(os.path.abspath(self.app)).removesuffix(".py")
        return self.name or (own if self.app else f"python{made['series']}")

    def key(self, made: Mapping) -> str:
        """Return what changes whenever the program has to be planned again, for files that have not changed."""
        rows = [made["key"], made["library"], made["shapers"], self.app and os.path.abspath(self.app), [os.path.abspath(path) for path in self.path],
                sorted(self.include), sorted(self.exclude), self.trace, self.name, self.start, self.sources,
                self.bundle and os.path.abspath(self.bundle)]
        return hashlib.sha256(json.dumps(rows).encode()).hexdigest()


def planner(session, got: Release, frozen: str, given: str) -> Callable[[dict], dict]:
    """Return what makes the plan of the program of a command line, of a target's plan of profile=minimal; it raises UserError for
    whatever is wrong with an application.

    session: Session.  frozen: the bootstrap's folder.  given: the interpreter of bootstrap=, if any.
    """
    options, read = session.options, list[carried.Ready]()
    wanted = Wanted(options.app, options.path, options.include, options.exclude, options.trace, bundle=options.ssl_bundle)

    def known(made: dict) -> carried.Ready:
        interpreter = given or built(session, frozen, made["shapers"])
        read.append(read[0] if read else ready(session, got, interpreter, frozen, made))
        return read[0]
    return lambda made: plan(session, known, made, wanted)


def ready(session, got: Release, interpreter: str, frozen: str, made: dict) -> carried.Ready:
    """Return a release whose library was read by its bootstrap."""
    return carried.ready(carried.Release(got.tree, interpreter, Path(frozen), made["library"]), session.project / "cpython")


def plan(session, known: Callable[[dict], carried.Ready], made: dict, wanted: Wanted) -> dict:
    """Return the plan of one program: from its folder when nothing that it rests on has changed.

    known: returns the release's library for a target's plan.  Raises UserError for whatever is wrong with the application.
    """
    path, key = Path(made["folder"]) / "apps" / wanted.called(made) / "graph.json", wanted.key(made)
    found = _cached(path, key)
    if found is None:
        parts, looked_at = _parts(session, known(made), made, wanted)
        found = application.plan(made, parts, session.project, wanted.sources)
        for name, text in found.pop("texts").items():
            stages.write(Path(found["folder"]) / name, text)
        stages.write(path, json.dumps({"key": key, "looked_at": dict(looked_at), "plan": found}, indent=0, sort_keys=True))
    for line in found["app"]["warnings"]:
        session.say(f"warning: {line}")
    return {**found, **{name: made[name] for name in ("library", "shapers", "flash", "sized", "report")}}


def _cached(path: Path, key: str) -> dict | None:
    try:
        data = json.loads(path.read_text("utf-8"))
        if data["key"] == key and carried.unchanged(data["looked_at"]) and all(os.path.exists(name) for name in data["plan"]["app"]["texts"]):
            return data["plan"]
    except (OSError, ValueError, KeyError, TypeError):
        pass
    return None


def _parts(session, known: carried.Ready, made: dict, wanted: Wanted) -> tuple[application.Parts, Mapping[str, str]]:
    """Return what the program of one target consists of, and what that rests on: of app=, or of cpython/minimal.toml without one."""
    roots = [] if wanted.app else minimal(session.project / "cpython" / "minimal.toml")
    traced: list[str] = []
    if wanted.trace:
        traced = trace.modules(trace.interpreter(Path(session.options.build_dir), made["series"]), wanted.app, wanted.path, session.say)
    name = wanted.called(made)
    found = carried.plan(known, made["facts"]["modules"], wanted.app, wanted.path, wanted.include, wanted.exclude,
                         made["generated"], cache=Path(made["folder"]) / "app-imports.json", roots=roots, traced=traced)
    top = os.path.dirname(os.path.abspath(wanted.app)) if wanted.app else ""
    script = found.name if found.name != name and wanted.app else ""
    looked_at = found.looked_at
    if wanted.bundle:
        looked_at = {**looked_at, os.path.abspath(wanted.bundle): appfiles.state(wanted.bundle)}
        if "ssl" not in found.closure.modules:
            raise UserError(f"ssl_bundle={wanted.bundle}", f"{name} carries no ssl", "leave ssl_bundle= out, or add include=ssl")
    return application.Parts(name, found.main, found.closure, found.data, found.metadata, top, script, wanted.start, wanted.bundle), looked_at


def built(session, frozen: str, shapers: str) -> str:
    """Return the path of the bootstrap's interpreter; a run of its own makes it when it is missing or was made from other sources."""
    path, stamp = f"{frozen}/{INTERPRETER}", Path(frozen) / "phase-one.json"
    state = {"key": json.loads((Path(frozen) / "graph.json").read_text("utf-8"))["key"], "shapers": shapers}
    try:
        if os.path.exists(path) and json.loads(stamp.read_text("utf-8")) == state:
            return os.path.abspath(path)
    except (OSError, ValueError):
        pass
    held = session.lock if isinstance(session.lock, RunLock) else None
    if held:
        held.release()
    done = nested.run(session, ("bootstrap",), {name: value for name, value in session.arguments.items() if name == "python"})
    if held:
        session.lock = RunLock(Path(session.options.build_dir))
    if done.returncode:
        raise UserError("bootstrap", "the helper interpreter could not be built", "look at the messages above")
    stages.write(stamp, json.dumps(state))
    return os.path.abspath(path)

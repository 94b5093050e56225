"""From profile=minimal and app= to the plan of a program: the bootstrap is built where it is missing, the closure found.

What a program consists of must be known before the graph is made, and only the bootstrap can read the release's own source.
So where it is missing, the same command builds it first, by a run of its own.
"""
from __future__ import annotations

import hashlib
import json
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path

from . import application, carried, nested, stages, trace
from .errors import UserError
from .release import Release
from .runlock import RunLock

INTERPRETER = "linked/_bootstrap_python"


def plans(session, got: Release, frozen: str, given: str, targets: list[dict]) -> list[dict]:
    """Return the plans of the programs of a run: from their folders when nothing that they rest on has changed.

    session: Session.  frozen: the bootstrap's folder.  given: the interpreter of bootstrap=, if any.  targets: plans of
    profile=minimal.  Raises UserError for whatever is wrong with an application.
    """
    found, known = [], None
    for made in targets:
        path = Path(made["folder"]) / "apps" / _folder(session.options.app, made) / "graph.json"
        key = _key(session, made)
        plan = _cached(path, key)
        if plan is None:
            interpreter = given or _built(session, frozen, made)
            known = known or carried.ready(carried.Release(got.tree, interpreter, Path(frozen), made["library"]), session.project / "cpython")
            parts, looked_at = _parts(session, known, made)
            plan = application.plan(made, parts, session.project)
            for name, text in plan.pop("texts").items():
                stages.write(Path(plan["folder"]) / name, text)
            stages.write(path, json.dumps({"key": key, "looked_at": dict(looked_at), "plan": plan}, indent=0, sort_keys=True))
        for line in plan["app"]["warnings"]:
            session.say(f"warning: {line}")
        found.append({**plan, **{name: made[name] for name in ("library", "shapers", "flash", "sized")}})
    return found


def _folder(app: str, made: dict) -> str:
    return os.path.basename(os.path.abspath(app)).removesuffix(".py") if app else f"python{made['series']}"


def _key(session, made: dict) -> str:
    options = session.options
    rows = [made["key"], made["library"], made["shapers"], options.app and os.path.abspath(options.app), [os.path.abspath(path) for path in options.path],
            sorted(options.include), sorted(options.exclude), options.trace]
    return hashlib.sha256(json.dumps(rows).encode()).hexdigest()


def _cached(path: Path, key: str) -> dict | None:
    try:
        data = json.loads(path.read_text("utf-8"))
        if data["key"] == key and carried.unchanged(data["looked_at"]) and all(os.path.exists(name) for name in data["plan"]["app"]["texts"]):
            return data["plan"]
    except (OSError, ValueError, KeyError, TypeError):
        pass
    return None


def _parts(session, known: carried.Ready, made: dict) -> tuple[application.Parts, Mapping[str, str]]:
    """Return what the program of one target consists of, and what that rests on: of app=, or of cpython/minimal.toml without one."""
    options, roots = session.options, []
    if not options.app:
        roots = tomllib.loads((session.project / "cpython" / "minimal.toml").read_text("utf-8"))["modules"]
    traced: list[str] = []
    if options.trace:
        traced = trace.modules(trace.interpreter(Path(options.build_dir), made["series"]), options.app, options.path, session.say)
    found = carried.plan(known, made["facts"]["modules"], options.app, options.path, options.include, options.exclude,
                         made["generated"], cache=Path(made["folder"]) / "app-imports.json", roots=roots, traced=traced)
    name = found.name if options.app else f"python{made['series']}"
    top = os.path.dirname(os.path.abspath(options.app)) if options.app else ""
    return application.Parts(name, found.main, found.closure, found.data, found.metadata, top), found.looked_at


def _built(session, frozen: str, target: dict) -> str:
    """Return the path of the bootstrap's interpreter; a run of its own makes it when it is missing or was made from other sources."""
    path, stamp = f"{frozen}/{INTERPRETER}", Path(frozen) / "phase-one.json"
    state = {"key": json.loads((Path(frozen) / "graph.json").read_text("utf-8"))["key"], "shapers": target["shapers"]}
    try:
        if os.path.exists(path) and json.loads(stamp.read_text("utf-8")) == state:
            return os.path.abspath(path)
    except (OSError, ValueError):
        pass
    session.lock.release()
    done = nested.run(session, ("bootstrap",), {name: value for name, value in session.arguments.items() if name == "python"})
    session.lock = RunLock(Path(session.options.build_dir))
    if done.returncode:
        raise UserError("bootstrap", "the helper interpreter could not be built", "look at the messages above")
    stages.write(stamp, json.dumps(state))
    return os.path.abspath(path)

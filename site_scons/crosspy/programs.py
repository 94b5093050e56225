"""From profile=minimal and app= to the plan of a program: the bootstrap is built where it is missing, the closure found.

What a program consists of must be known before the graph is made, and only the bootstrap can read the release's own source.
So where it is missing, the same command builds it first, by a run of its own.
"""
from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

from . import appfiles, application, cimports, closuretable, importgraph, makefile, stages, stdlib, upstream
from .errors import UserError
from .release import Release
from .runlock import RunLock

INTERPRETER = "linked/_bootstrap_python"


def plans(session, got: Release, frozen: str, given: str, targets: list[dict]) -> list[dict]:
    """Return the plans of the programs of a run, written like every plan.

    session: Session.  frozen: the bootstrap's folder.  given: the interpreter of bootstrap=, if any.  targets: plans of
    profile=minimal.  Raises UserError for whatever is wrong with an application.
    """
    if not targets:
        return []
    interpreter = given or _built(session, frozen, targets[0])
    rules = closuretable.load(session.project / "cpython" / "closure.toml")
    library = importgraph.library(interpreter, got.tree, Path(frozen), targets[0]["library"], rules.names())
    found = []
    for made in targets:
        plan = application.plan(made, _parts(session, got, interpreter, library, rules, made), session.project)
        for name, text in plan.pop("texts").items():
            stages.write(Path(plan["folder"]) / name, text)
        found.append(plan)
    return found


def _built(session, frozen: str, target: dict) -> str:
    """Return the path of the bootstrap's interpreter; a run of its own makes it when it is missing or was made from other sources."""
    path, stamp = f"{frozen}/{INTERPRETER}", Path(frozen) / "phase-one.json"
    state = {"key": json.loads((Path(frozen) / "graph.json").read_text("utf-8"))["key"], "shapers": target["shapers"]}
    try:
        if os.path.exists(path) and json.loads(stamp.read_text("utf-8")) == state:
            return os.path.abspath(path)
    except (OSError, ValueError):
        pass
    words = [f"{name}={value}" for name, value in session.arguments.items() if name in ("python", "source", "downloads", "build_dir", "verbose")]
    session.lock.release()
    done = subprocess.run([sys.executable, "-m", "SCons", "-Q", "-f", str(session.project / "SConstruct"), "bootstrap", *words])
    session.lock = RunLock(Path(session.options.build_dir))
    if done.returncode:
        raise UserError("bootstrap", "the helper interpreter could not be built", "look at the messages above")
    stages.write(stamp, json.dumps(state))
    return os.path.abspath(path)


def _parts(session, got: Release, interpreter: str, library, rules: closuretable.Rules, made: dict) -> application.Parts:
    """Return what the program of one target consists of: of app=, or of cpython/minimal.toml without one."""
    options, folder = session.options, Path(made["folder"])
    modules = made["facts"]["modules"]
    extensions = dict.fromkeys(makefile.core_builtin(upstream.read(got.tree, "Modules/config.c.in")), "")
    extensions |= {row["name"]: row.get("reason", "") if row["kind"] == "absent" else "" for row in modules}
    c_code = cimports.read(got.tree, Path(made["frozen"]), made["library"], rules, {row["name"]: row.get("sources", ()) for row in modules})
    if not options.app:
        roots = tomllib.loads((session.project / "cpython" / "minimal.toml").read_text("utf-8"))["modules"]
        program = stdlib.Program({}, {}, tuple(roots), "profile=minimal")
        closure = stdlib.closure_of(program, library, c_code, extensions, rules, options.include, options.exclude)
        return application.Parts(f"python{got.series}", "", closure)
    taken = {name.partition(".")[0] for name in (*library, *extensions)} | rules.present
    found = appfiles.find(interpreter, options.app, options.path, options.include, taken, folder / "imports.json")
    closure = stdlib.closure_of(found.program, library, c_code, extensions, rules, options.include, options.exclude)
    for line in closure.warnings:
        session.say(f"warning: {line}")
    return application.Parts(found.name, found.program.roots[-1], closure, top=os.path.dirname(os.path.abspath(options.app)))

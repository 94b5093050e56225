"""From profile=minimal and app= to the plan of a program: the bootstrap is built where it is missing, the closure found.

What a program consists of must be known before the graph is made, and only the bootstrap can read the release's own source.
So where it is missing, the same command builds it first, by a run of its own.
"""
from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from . import appfiles, application, cimports, closuretable, importgraph, stages, stdlib
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
        stages.commit(plan)
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

"""The alias `run`: starts the interpreter or the application that was built, here or under qemu-user, with the words behind ``--``."""
from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Mapping, MutableSequence, Sequence

from ..errors import UserError
from ..ontarget import runner
from ..variants.variant import Variant


def cut(command: Sequence[str], *lists: MutableSequence[str]) -> tuple[str, ...]:
    """Return the words behind the first ``--`` of a command line, and take them out of lists that end in them.

    SCons takes them for targets, whatever they look like.
    """
    behind = list(command[list(command).index("--") + 1:]) if "--" in command else []
    for words in lists:
        if behind and list(words[-len(behind):]) == behind:
            del words[-len(behind):]
    return tuple(behind)


def check(words: Sequence[str], behind: Sequence[str], targets: Sequence[Variant]) -> None:
    """Raise UserError where a run could not be meant: no alias for the words behind ``--``, or several targets."""
    if behind and "run" not in words:
        raise UserError(f"-- {' '.join(behind)}", "only run takes words behind --", "use scons run target=NAME -- WORDS")
    if "run" in words and len(targets) > 1:
        raise UserError("scons run", f"it runs one program, and there are {len(targets)} targets", "name one with target=")
    if "run" in words and targets:
        runner.runner(targets[0])


def program(plan: Mapping, prefix: str, series: str) -> str:
    """Return the program of a target's plan: the application's, or the interpreter."""
    return f"{plan['app']['folder']}/{plan['app']['name']}" if "app" in plan else f"{plan['folder']}/root{prefix.rstrip('/')}/bin/python{series}"


def action(session, plan: Mapping) -> Callable[..., int]:
    """Return what SCons calls once everything is built. session: session.Session.  plan: of the target.

    The program has the user's terminal and environment, but for variables that are meant for another Python.
    """
    def run(target, source, env) -> int:
        how = runner.runner(next(one for one in session.chosen if one.name == plan["name"]))
        path = os.path.abspath(program(plan, session.options.prefix, plan["running_series"]))
        variables = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        return subprocess.call([*how.words, path, *session.behind], env={**variables, **dict(how.env)})
    return run

"""The aliases of `scons`: what a word on the command line that is neither an argument nor an output does."""
from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from importlib import import_module

from .errors import UserError


@dataclass(frozen=True)
class Command:
    """One alias.

    run: ``module:function`` of crosspy, which gets the Session and does the work without a graph; it returns an exit
    status or None.  Empty: the alias is a node of the graph.  target: whether it needs ``target=``.
    """

    help: str
    run: str = ""
    target: bool = True


COMMANDS: dict[str, Command] = {
    "fetch": Command("download the release only", run="session:fetch", target=False),
    "bootstrap": Command("build the helper interpreter alone", target=False),
    "report": Command("build, then report/sizes.json and report/report.html: every byte by module, section and symbol"),
    "size-diff": Command("what changed in size from OLD to NEW: file=OLD,NEW", run="sizediff:command", target=False),
    "explain": Command("what a program carries: each module, what brought it in, its bytes; module=NAME: one", run="explain:command"),
    "targets": Command("list what this machine can build and run, and the missing package", run="targets:show", target=False),
    "inspect": Command("build, then list the ELF files of root/ with what the inspection found"),
    "probes": Command("show the ledger: every macro of pyconfig.h, its value and its source", run="probes:run"),
    "parity": Command("compare with the release's own configure, difference by difference", run="parity:run"),
}


def asked(words: Collection[str], given: Mapping[str, str], readers: Mapping[str, str]) -> str:
    """Return the alias that runs instead of a build, or an empty string.

    words: the command line's words.  given: its arguments.  readers: argument -> the aliases that alone read it.
    Raises UserError when such an alias does not stand alone, or an argument is without its alias.
    """
    alone = [word for word in words if word in COMMANDS and COMMANDS[word].run]
    if alone and len(words) > 1:
        raise UserError(f"scons {' '.join(words)}", f"{alone[0]} runs alone", f"use scons {alone[0]} first, the rest in another run")
    for name in given:
        known = readers.get(name, "").split()
        if known and not set(known) & set(words):
            raise UserError(f"{name}={given[name]}", f"only {' and '.join(known)} reads it", f"use scons {known[0]} {name}={given[name]}")
    return alone[0] if alone else ""


def run(name: str, session) -> int:
    """Run an alias that needs no graph; its module is loaded only now. Returns the exit status."""
    module, _, function = COMMANDS[name].run.partition(":")
    return getattr(import_module(f"{__package__}.{module}"), function)(session) or 0

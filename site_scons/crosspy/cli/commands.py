"""The aliases of `scons`: what a word on the command line that is neither an argument nor an output does."""
from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from importlib import import_module

from ..errors import UserError


@dataclass(frozen=True)
class Command:
    """One alias.

    run: ``module:function`` of crosspy, which gets the Session and does the work without a graph; it returns an exit
    status or None.  Empty: the alias is a node of the graph.  target: whether it needs ``target=``.
    instead: arguments with which a node of the graph does ``run`` instead of a build.  words: those that may follow the
    alias on the command line, with the same effect; then it needs no ``target=``.  needs: arguments that must be given so.
    """

    help: str
    run: str = ""
    target: bool = True
    instead: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    needs: tuple[tuple[str, str], ...] = ()

    def alone(self, words: Collection[str], given: Collection[str]) -> bool:
        """Tell whether it runs without a graph on this command line."""
        always = not (self.instead or self.words)
        return bool(self.run) and (always or any(name in given for name in self.instead) or any(word in words for word in self.words))


COMMANDS: dict[str, Command] = {
    "fetch": Command("download the release and the libraries of deps=, and build nothing", run="cli.fetchcommand:main", target=False),
    "bootstrap": Command("build the helper interpreter alone", target=False),
    "run": Command("build, then run the application, or else the interpreter; words behind -- are its own"),
    "report": Command("build, then report/sizes.json and report/report.html: every byte by module, section and symbol"),
    "size-diff": Command("what changed in size from OLD to NEW: file=OLD,NEW", run="sizing.sizediff:command", target=False),
    "explain": Command("what a program carries: each module, what brought it in, its bytes; module=NAME: one", run="closure.explain:command"),
    "licenses": Command("licenses/: the licence texts of what is linked, a table, and a CycloneDX bill of materials", run="licensing.licenses:command"),
    "targets": Command("list what this machine can build and run, and the missing package", run="cli.targets:show", target=False),
    "inspect": Command("build, then list the ELF files of root/ with what the inspection found; `inspect rules` lists the rules",
                       run="cli.inspectcommand:main", instead=("file",), words=("rules",)),
    "conformance": Command("build, then run CPython's own tests on the result", needs=(("tests", "yes"),)),
    "probes": Command("show the ledger: every macro of pyconfig.h, its value and its source", run="configure.probes:run"),
    # configure would have to find the same libraries: it is asked without any.
    "parity": Command("compare with the release's own configure, difference by difference", run="configure.parity:run", needs=(("deps", "none"),)),
}


def asked(words: Collection[str], given: Mapping[str, str], readers: Mapping[str, str]) -> str:
    """Return the alias that runs instead of a build, or an empty string.

    words: the command line's words.  given: its arguments.  readers: argument -> the aliases that alone read it.
    Raises UserError when such an alias does not stand alone, or an argument is without its alias.
    """
    alone = [word for word in words if word in COMMANDS and COMMANDS[word].alone(words, given)]
    if alone and any(word != alone[0] and word not in COMMANDS[alone[0]].words for word in words):
        raise UserError(f"scons {' '.join(words)}", f"{alone[0]} runs alone", f"use scons {alone[0]} first, the rest in another run")
    for word in (word for word in words if word in COMMANDS):
        for name, value in COMMANDS[word].needs:
            if given.get(name) != value:
                raise UserError(f"scons {word}", f"it needs {name}={value}", f"use scons {word} {name}={value} with the other arguments")
    for name in given:
        known = readers.get(name, "").split()
        if known and not set(known) & set(words):
            raise UserError(f"{name}={given[name]}", f"only {' and '.join(known)} reads it", f"use scons {known[0]} {name}={given[name]}")
    return alone[0] if alone else ""


def belongs(word: str, words: Collection[str]) -> bool:
    """Tell whether a word is one that may follow an alias of the command line."""
    return any(other in COMMANDS and word in COMMANDS[other].words for other in words)


def wants_target(words: Collection[str]) -> bool:
    """Tell whether one of the words needs ``target=``: an output, or an alias that says so and has no word behind it."""
    return any(word not in COMMANDS or COMMANDS[word].target for word in words) and not any(belongs(word, words) for word in words)


def run(name: str, session) -> int:
    """Run an alias that needs no graph; its module is loaded only now. Returns the exit status."""
    module, _, function = COMMANDS[name].run.partition(":")
    return getattr(import_module(f"crosspy.{module}"), function)(session) or 0

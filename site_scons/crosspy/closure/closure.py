"""The words between the search for a closure (stdlib.py) and those who use it: program, entry, stub, closure."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .importgraph import Facts


@dataclass(frozen=True)
class Entry:
    """A module that the program carries. kind: ``app``, ``path`` (a dependency), ``library`` or ``extension``.

    path: its source; empty for an extension module and for a namespace package.  parent: the module that imports it, or
    empty.  line: where.  how: the reason, where there is no parent: ``start-up``, ``application``, ``include=NAME``.
    """

    name: str
    kind: str
    path: str = ""
    package: bool = False
    parent: str = ""
    line: int = 0
    how: str = ""


@dataclass(frozen=True)
class Stub:
    """A name that was left out. message: the text of its ImportError, which names the argument that brings it in.

    lazy: its import succeeds and its use raises, so that what names it at its top can be imported; has: its constants.
    """

    message: str
    lazy: bool = False
    has: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Closure:
    """modules: everything carried, by name, with kinds as in Entry.  stubs: names left out.  warnings: lines for the user."""

    modules: Mapping[str, Entry]
    stubs: Mapping[str, Stub]
    warnings: tuple[str, ...] = ()

    @property
    def extensions(self) -> frozenset[str]:
        """The extension modules that the program is linked with."""
        return frozenset(name for name, entry in self.modules.items() if entry.kind == "extension")

    def chain(self, name: str) -> list[Entry]:
        """Return the imports that brought a module in, from the first on."""
        found: list[Entry] = []
        while name:
            found.insert(0, self.modules[name])
            name = found[0].parent
        return found


@dataclass(frozen=True)
class Program:
    """What is asked for. facts: of the program's own modules and of its dependencies.  kinds: ``app`` or ``path``.

    roots: the modules that it starts with; those named ``__main__`` run as the program.  clashes: module -> the file of
    the program that has the name of a module of the library.  where: how messages name the program.
    """

    facts: Mapping[str, Facts]
    kinds: Mapping[str, str]
    roots: tuple[str, ...]
    where: str = "app="
    clashes: Mapping[str, str] = field(default_factory=dict)

"""Which imports of a library module a program can reach: the names that its modules mention decide.

A library is full of imports inside functions that most programs never call: ``main``, ``_test``, deprecated ways, rare
formats. Such an import counts only if each function and class around it can be used. One can be used if its name is
mentioned by a part of the program that can be used itself: in its own module, as an attribute of anything (``x.popen``), in
``from m import popen``, or as ``m.popen`` where m is a module of the same top-level package or one that has all names of
another (``from m import *``). Special methods (``__getattr__``), functions that a decorator hands on and names that C code
calls always can. A program's own modules and its dependencies are followed whole.
"""
from __future__ import annotations

from collections.abc import Collection, Mapping

from .importgraph import Facts


def top(name: str) -> str:
    """Return the first word of a dotted name."""
    return name.partition(".")[0]


class Mentions:
    """The names that a growing program mentions.

    known: all modules, by name.  provided: names such as ``os.path`` that a module puts into sys.modules.  called: names that
    C code calls.
    """

    def __init__(self, known: Mapping[str, Facts], provided: Collection[str], called: Collection[str] = ()):
        self.known, self.provided, self.called = known, provided, called
        self.anywhere: dict[str, set[str]] = {}  # name -> modules that may mean anybody's
        self.of: dict[str, dict[str, set[str]]] = {}  # name -> top-level package whose member is meant -> modules
        self.bare: dict[str, set[str]] = {}      # name -> modules that write it alone
        self.waiting: list[tuple[Facts, str, str, str]] = []  # kind, name, functions around: not used yet

    def add(self, module: Facts, whole: bool) -> None:
        """Take in the names of one more module. whole: all of its functions count as used."""
        star = any("*" in item.names for item in module.imports)
        for kind in ("bare", "attributes", "qualified"):
            for text, functions in getattr(module, kind).items():
                name = text.rpartition(":")[2]
                if name == "\\N{" and not whole:
                    continue
                if kind == "bare" and star:
                    self._count(module, "attributes", text)
                for function in ("",) if whole else functions:
                    self.waiting.append((module, kind, text, function))

    def grow(self) -> None:
        """Count every mention whose functions can be used by now."""
        before = -1
        while before != len(self.waiting):
            before, waiting, self.waiting = len(self.waiting), self.waiting, []
            for row in waiting:
                module, kind, text, function = row
                if not function or self.used(module, function.split(".")):
                    self._count(module, kind, text)
                else:
                    self.waiting.append(row)

    def _count(self, module: Facts, kind: str, text: str) -> None:
        base, _, name = text.rpartition(":")
        if kind == "bare":
            self.bare.setdefault(name, set()).add(module.name)
        elif kind == "attributes" or self._anybodys(base):
            self.anywhere.setdefault(name, set()).add(module.name)
        else:
            self.of.setdefault(name, {}).setdefault(top(base), set()).add(module.name)

    def _anybodys(self, base: str) -> bool:
        found = self.known.get(base)
        return found is None or base in self.provided or any("*" in item.names for item in found.imports)

    def used(self, module: Facts, path: Collection[str]) -> bool:
        """Say whether functions and classes of a library module, one inside the other, can be used."""
        return all(not name or name.startswith("__") and name.endswith("__") or name in self.called or name in self.anywhere
                   or module.name in self.bare.get(name, ()) or top(module.name) in self.of.get(name, ()) for name in path)

    def asked(self, names: Collection[str], but: Collection[str] = ()) -> bool:
        """Say whether one of some names is mentioned by another module than those of ``but``: in any way, or, if it is ``m:name``, as one of
        m's package.
        """
        return any(not found <= set(but) for text in names for found in self._mentioning(*text.rpartition(":")[::2]))

    def _mentioning(self, base: str, name: str) -> Collection[set[str]]:
        of = self.of.get(name, {})
        return [of.get(top(base), set())] if base else [self.anywhere.get(name, set()), self.bare.get(name, set()), *of.values()]

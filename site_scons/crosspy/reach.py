"""Which imports of a library module a program can reach: the names that its modules mention decide.

A library is full of imports inside functions that most programs never call: ``main``, ``_test``, deprecated ways, rare
formats. Such an import counts only if the function's name is mentioned: in its own module, as an attribute of anything
(``x.popen``), in ``from m import popen``, or as ``m.popen`` where m is a module of the same top-level package or one that
has all names of another (``from m import *``). A function that a decorator hands on, and a special method
(``__getattr__``), always count. An application's own modules and its dependencies are followed whole.
"""
from __future__ import annotations

from collections.abc import Collection, Mapping

from .importgraph import Facts


def top(name: str) -> str:
    """Return the first word of a dotted name."""
    return name.partition(".")[0]


class Mentions:
    """The names that some modules mention.

    known: all modules, by name.  provided: names such as ``os.path`` that a module puts into sys.modules.
    """

    def __init__(self, known: Mapping[str, Facts], provided: Collection[str]):
        self.known, self.provided = known, provided
        self.anywhere: dict[str, set[str]] = {}  # name -> the modules that may mean anybody's
        self.of: dict[str, set[str]] = {}        # name -> the top-level packages whose member is meant
        self.bare: dict[str, set[str]] = {}      # name -> the modules that write it alone

    def add(self, module: Facts) -> None:
        """Take in the names of one more module of the program."""
        for name in module.attributes | module.taken:
            self.anywhere.setdefault(name, set()).add(module.name)
        for name in module.bare:
            self.bare.setdefault(name, set()).add(module.name)
        for text in module.qualified:
            base, _, name = text.partition(":")
            found = self.known.get(base)
            if found is None or base in self.provided or any("*" in item.names for item in found.imports):
                self.anywhere.setdefault(name, set()).add(module.name)
            else:
                self.of.setdefault(name, set()).add(top(base))
                self.anywhere.setdefault(f":{name}", set()).add(module.name)

    def calls(self, module: Facts, function: str) -> bool:
        """Say whether anybody may call a function of a library module."""
        if not function or function.startswith("__") and function.endswith("__"):
            return True
        return function in module.bare or function in self.anywhere or top(module.name) in self.of.get(function, ())

    def asked(self, names: Collection[str], but: Collection[str] = ()) -> bool:
        """Say whether one of some names is mentioned in any way, by another module than those of ``but``."""
        return any((self.anywhere.get(name, set()) | self.anywhere.get(f":{name}", set()) | self.bare.get(name, set())) - set(but)
                   for name in names)

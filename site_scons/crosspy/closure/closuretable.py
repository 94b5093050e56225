"""``cpython/closure.toml`` -> Rules: what the sources do not say about who needs which module."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from .. import tomlfile
from ..errors import UserError

CLASSES = ("start-up", "error path", "feature")


@dataclass(frozen=True)
class Core:
    """A module that the core imports by name. kind: one of CLASSES.  absent: what happens without it.

    when: names that ask for it.  generic: type parameters (PEP 695) ask for it.
    """

    module: str
    kind: str
    absent: str
    when: tuple[str, ...] = ()
    generic: bool = False


@dataclass(frozen=True)
class Edge:
    """Imports of some modules that only some programs need (``feature``), or that no literal states (``also``).

    within: the importing modules.  imports: the imported ones.  when: names that ask for them (Mentions.asked).  lazy: a stand-in takes their
    place, with the constants of ``has``, whose use raises the ImportError.  beside: modules that are of use only with them.
    """

    within: tuple[str, ...]
    imports: tuple[str, ...]
    why: str
    when: tuple[str, ...] = ()
    lazy: bool = False
    has: tuple[tuple[str, str], ...] = ()
    beside: tuple[str, ...] = ()


@dataclass(frozen=True)
class Rules:
    """All of closure.toml. present: modules that every interpreter has.  calls and expressions: of C (cimports.py)."""

    core: Mapping[str, Core]
    start: tuple[str, ...]
    present: frozenset[str]
    features: tuple[Edge, ...]
    also: tuple[Edge, ...]
    calls: Mapping[str, str]
    expressions: Mapping[str, str]

    def names(self) -> frozenset[str]:
        """Return every name that a row waits for, without its module; a library's facts keep them."""
        rows = [*self.core.values(), *self.features, *self.also]
        return frozenset(name.rpartition(":")[2] for row in rows for name in row.when)


def load(path: Path) -> Rules:
    """Read the table. Raises UserError for a row that is not what it must be."""
    table = tomlfile.read(path)
    with tomlfile.formed(path):
        return _rules(path, table)


def _rules(path: Path, table: Mapping) -> Rules:
    core: dict[str, Core] = {}
    for row in table["core"]:
        name = row.get("module", "")
        if row.get("class") not in CLASSES or not row.get("absent") or not name or name in core:
            raise UserError(f"{path}: core: {name}", f"the row needs a class ({', '.join(CLASSES)}) and what happens when it "
                            "is absent, once", "correct the row")
        core[name] = Core(name, row["class"], row["absent"], tuple(row.get("when", ())), row.get("generic", False))
    start = (*(name for name, row in core.items() if row.kind == "start-up"), *table["start"]["also"])
    return Rules(core, start, frozenset(table["start"]["present"]), _edges(table["feature"]), _edges(table["also"]),
                 table["c"]["calls"], table["c"]["expressions"])


def _edges(rows) -> tuple[Edge, ...]:
    return tuple(Edge(tuple(row["in"]), tuple(row["imports"]), row["why"], tuple(row.get("when", ())), row.get("lazy", False),
                      tuple(row.get("has", {}).items()), tuple(row.get("beside", ()))) for row in rows)

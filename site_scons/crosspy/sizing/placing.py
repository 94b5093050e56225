"""Where the linker put what, without a map: the sections of each object, found again in the linked file by its symbols.

The symbol table of the unstripped link gives the address of each symbol, and the object gives its section and its offset there: their
difference is where that section lies, with everything in it that has no name.
"""
from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from ..elf.elf import ElfError
from ..elf.symbols import ABSOLUTE, FILE, FUNC, LOCAL, NOTYPE, OBJECT, SHF_ALLOC, SHF_MERGE, SHF_STRINGS, SHT_NOBITS, TLS, WEAK, Image, Symbol

Owner = tuple[str, str]   # kind and module
NAMED = (NOTYPE, OBJECT, FUNC, TLS)


@dataclass
class Object:
    """One input of a link. names: its defined symbols; a name that stands for two of them is None."""

    owner: Owner
    image: Image
    file: str = ""
    names: dict[str, Symbol | None] = field(default_factory=dict)

    def __post_init__(self):
        for symbol in self.image.symbols:
            if symbol.kind == FILE:
                self.file = self.file or symbol.name
            elif 0 < symbol.section < ABSOLUTE and symbol.name and symbol.kind in NAMED:
                self.names[symbol.name] = symbol if symbol.name not in self.names else None


class Found(NamedTuple):
    """A named range of addresses in the linked file. place: the number of its object, -1 for one of no object that we know."""

    start: int
    end: int
    name: str
    place: int


class Placed(NamedTuple):
    """A section of an object in the linked file, by addresses."""

    start: int
    end: int
    place: int


class Layout(NamedTuple):
    """What is known about a link. found, placed: sorted by address, their places are numbers of `owners`."""

    found: list[Found]
    placed: list[Placed]
    owners: list[Owner]
    literals: Literals


def check_same(image: Image, link: Image) -> None:
    """Raise ElfError unless a stripped and an unstripped link have the same sections at the same addresses."""
    shapes = [[(one.name, one.addr, one.size) for one in each.allocated] for each in (image, link)]
    for section, other in zip(*shapes):
        if section != other:
            raise ElfError(f"its section {section[0]} at {section[1]:#x} is not that of the unstripped link, {other[0]} at {other[1]:#x}")
    if len(shapes[0]) != len(shapes[1]):
        raise ElfError(f"it has {len(shapes[0])} sections in memory, the unstripped link has {len(shapes[1])}")


def by_symbols(link: Image, objects: Sequence[Object]) -> Layout:
    """Return the layout of an unstripped link, from its symbols and those of its objects, which stand in the order of the link."""
    symbols = list(_resolved(link, objects))
    anchors: dict[tuple[int, int], Counter[int]] = {}
    for symbol, place in symbols:
        own = objects[place].names.get(symbol.name) if place >= 0 else None
        if own and own.size == symbol.size:
            anchors.setdefault((place, own.section), Counter())[symbol.value - own.value] += 1
    placed = []
    for (place, index), votes in anchors.items():
        section, start = objects[place].image.sections[index], votes.most_common(1)[0][0]
        if not section.flags & SHF_MERGE and section.type != SHT_NOBITS:
            placed.append(Placed(start, start + section.size, place))
    found = [Found(symbol.value, symbol.value + symbol.size, symbol.name, place) for symbol, place in symbols]
    found.sort(key=lambda one: (one.start, -one.end, one.place < 0))
    return Layout(found, sorted(placed), [one.owner for one in objects], Literals(objects))


def _resolved(link: Image, objects: Sequence[Object]) -> Iterator[tuple[Symbol, int]]:
    """Yield each named symbol of a link with the number of the object that defines it.

    Local symbols stand behind the STT_FILE symbol of their object, in the order of the link (gABI chapter 4, "Symbol Table");
    LLD lists hidden ones there, too, BFD behind an STT_FILE without a name.
    """
    defined, weak = dict[str, int](), set[str]()
    for place, one in enumerate(objects):   # of two that are not weak, the first is the linker's: the other stands in an archive
        for name, symbol in one.names.items():
            if symbol and symbol.bind != LOCAL and (name not in defined or name in weak and symbol.bind != WEAK):
                defined[name] = place
                (weak.add if symbol.bind == WEAK else weak.discard)(name)
    unused: dict[str, list[int]] = {}
    for place, one in enumerate(objects):
        unused.setdefault(one.file, []).append(place)
    for file, group in _groups(link.symbols):
        own = _owner(group, unused.get(file, []), objects) if file else -1
        for symbol in group:
            if own >= 0 and symbol.name in objects[own].names:
                yield symbol, own
            else:
                foreign = symbol.bind == LOCAL and file and own < 0
                yield symbol, -1 if foreign else defined.get(symbol.name, -1)


def _groups(symbols: Iterable[Symbol]) -> Iterator[tuple[str, list[Symbol]]]:
    """Yield the symbols behind each STT_FILE symbol with its name; those that are not local have a group of their own."""
    file, group, rest = "", [], []
    for symbol in symbols:
        if symbol.kind == FILE:
            yield file, group
            file, group = symbol.name, []
        elif 0 < symbol.section < ABSOLUTE and symbol.name and symbol.kind in NAMED:
            (group if symbol.bind == LOCAL else rest).append(symbol)
    yield file, group
    yield "", rest


def _owner(group: list[Symbol], candidates: list[int], objects: Sequence[Object]) -> int:
    """Take the first object of this file name that has not been taken and has the group's names (two may be context.c)."""
    for place in candidates:
        if all(symbol.name in objects[place].names for symbol in group):
            candidates.remove(place)
            return place
    return -1


class Literals:
    """Contents of the objects' mergeable sections: the linker keeps one copy of equal ones, and drops their places."""

    def __init__(self, objects: Sequence[Object]):
        self.strings: dict[bytes, int] = {}
        self.constants: dict[int, dict[bytes, int]] = {}
        for place, one in enumerate(objects):
            for section in one.image.sections:
                if section.flags & SHF_MERGE and section.flags & SHF_ALLOC:
                    content = one.image.content(section)
                    if section.flags & SHF_STRINGS and section.entsize == 1:
                        for text in content.split(b"\0")[:-1]:
                            self.strings.setdefault(text, place)
                    elif not section.flags & SHF_STRINGS and 1 < section.entsize <= 64:
                        known = self.constants.setdefault(section.entsize, {})
                        for at in range(0, section.size, section.entsize):
                            known.setdefault(content[at:at + section.entsize], place)

    def split(self, data: bytes, base: int) -> Iterator[tuple[int, int, int]]:
        """Yield (start, end, place) of the strings and constants in the bytes at an address; place is -1 for unknown ones."""
        at = 0
        while at < len(data):
            end = data.find(b"\0", at)
            if end > at and data[at:end] in self.strings:
                yield base + at, base + end + 1, self.strings[data[at:end]]
                at = end + 1
                continue
            size, place = self._constant(data, at, base)
            if not size:
                size, place = (end + 1 - at if end > at else 1), -1
                size = min(size, -(base + at) % 4 or 4) if end > at + 64 else size
            yield base + at, base + min(at + size, len(data)), place
            at += size

    def _constant(self, data: bytes, at: int, base: int) -> tuple[int, int]:
        for size in sorted(self.constants, reverse=True):
            if not (base + at) % size and (place := self.constants[size].get(data[at:at + size], -1)) >= 0:
                return size, place
        return 0, -1


class Lookup:
    """Which owner an address belongs to. Ranges are given sorted by start and do not overlap."""

    def __init__(self, ranges: Iterable[tuple[int, int, Owner]]):
        self.ranges = list(ranges)
        self.starts = [start for start, _, _ in self.ranges]

    def owner(self, address: int) -> Owner | None:
        at = bisect_right(self.starts, address) - 1
        return self.ranges[at][2] if at >= 0 and address < self.ranges[at][1] else None

"""Every byte of an ELF file by kind, module, section and symbol; the sum is the file's size, by construction.

The file on the device is stripped; names come from the map of its link (linkmap.py) or from the unstripped link of the same objects
(placing.py). Bytes without a name belong to the object in whose section they lie; literals, which the linker merges, to the
first object that has them; relocations and unwind tables to what they are about. What is then left in sections of code and
data comes from the only inputs that are not ours: libc and the compiler's runtime.
"""
from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from ..elf.symbols import SHT_NOBITS, SHT_REL, SHT_RELA, SHT_RELR, Image, Section
from . import annexes
from .placing import Found, Layout, Lookup, Owner, Placed

CORE, EXTENSION, LIBRARY, LIBC, PYTHON, FORMAT = "interpreter core", "extension modules", "libraries", "libc and runtime", \
    "Python modules", "file format"
RUNTIME = (LIBC, "libc")
LINKER = (FORMAT, "sections of the linker")
PADDING = (FORMAT, "alignment")
STATIC, HEADERS = "static library", "headers"   # of root/, as manifest.KINDS names them
Leaf = tuple[str, str, str, str]   # kind, module, section, symbol
_FILLS = b"\0\x90\xcc"


@dataclass(frozen=True)
class Names:
    """How owners are named. frozen: symbol -> Python module. rest: the owner of what is nobody's, instead of libc and file format."""

    frozen: Mapping[str, str]
    rest: Owner | None = None


def measure(data: bytes, layout: Layout | None, names: Names) -> Counter[Leaf]:
    """Return the bytes of an ELF file by leaf.

    layout: what is known about its link; without it, there are sections only. Raises ElfError for a damaged file.
    """
    image = Image(data)
    spans, pieces = [], {}
    if layout is not None:
        pieces = _code_and_data(image, layout)
        lookup = Lookup(sorted((start, end, owner) for section in pieces.values() for start, end, owner, _ in section))
        for section in image.allocated:
            pieces[section.index] = annexes.pieces(image, section, lookup) or pieces.get(section.index, [])
    for section in image.sections:
        if section.type != SHT_NOBITS and section.size:
            shift = section.offset - section.addr
            spans.append((section.offset, section.offset + section.size, section, shift))
    found: Counter[Leaf] = Counter()
    for start, end, label in tile(0, len(data), _spans(image, spans)):
        if isinstance(label, str):
            found[_leaf(names, (FORMAT, "headers"), label, "")] += end - start
        elif label is None:
            found[_leaf(names, PADDING, "between sections", "")] += end - start
        else:
            section, shift = label
            _section(found, names, section, (start - shift, end - shift), pieces.get(section.index, []))
    return found


def _spans(image: Image, spans: list) -> list[tuple[int, int, object]]:
    """What the headers say that lies where in the file, by offset."""
    head = [(0, image.header, "ELF header"),
            (image.segments_at, image.segments_at + image.segment_size * image.segment_count, "program headers")]
    if image.sections:
        head.append((image.sections_at, image.sections_at + len(image.sections) * (64 if image.wide else 40), "section headers"))
    return sorted([*head, *((start, end, (section, shift)) for start, end, section, shift in spans)], key=lambda one: one[:2])


def tile(start: int, end: int, pieces: Iterable[tuple[int, int, object]]) -> Iterator[tuple[int, int, object]]:
    """Yield ranges that cover start to end without gap and overlap: the pieces, cut where they overlap, and None between them.

    pieces: (start, end, label), sorted by start.
    """
    at = start
    for first, last, label in pieces:
        first, last = max(first, at), min(last, end)
        if last <= first:
            continue
        if first > at:
            yield at, first, None
        yield first, last, label
        at = last
    if at < end:
        yield at, end, None


def _section(found: Counter, names: Names, section: Section, reach: tuple[int, int], pieces: list) -> None:
    rows = ((start, end, (owner, name)) for start, end, owner, name in pieces)
    for start, end, label in tile(*reach, rows):
        owner, name = label if label else (LINKER, "")
        found[_leaf(names, owner, section.name, name)] += end - start


def _leaf(names: Names, owner: Owner, section: str, symbol: str) -> Leaf:
    if module := names.frozen.get(symbol):
        return PYTHON, module.partition(".")[0], module, "frozen code"
    if names.rest and owner[0] in (FORMAT, LIBC):
        owner = names.rest
    return *owner, section, symbol


def _code_and_data(image: Image, layout: Layout) -> dict[int, list]:
    """Return (start, end, owner, name) by address of what symbols and the objects' sections tell, by section of the image."""
    pieces: dict[int, list] = {}
    for section in image.allocated:
        if section.type in (SHT_NOBITS, SHT_REL, SHT_RELA, SHT_RELR) or not section.size:
            continue
        end = section.addr + section.size
        inside = [one for one in layout.found if section.addr <= one.start < end]
        areas = [one for one in layout.placed if section.addr <= one.start < end]
        if inside or areas:
            pieces[section.index] = list(_named(image, section, inside, areas, layout))
    return pieces


def _named(image: Image, section: Section, inside: list[Found], areas: list[Placed], layout: Layout):
    """Yield the pieces of one section of code or data: each symbol, and between symbols what the objects' sections tell."""
    content, owners = image.content(section), layout.owners
    grown = _sized(inside, section.addr + section.size, areas)
    starts, at = [area.start for area in areas], 0
    for start, end, label in tile(section.addr, section.addr + section.size, grown):
        if label:
            name, place = label
            yield start, end, owners[place] if place >= 0 else RUNTIME, name
            continue
        while at < len(areas) and areas[at].end <= start:
            at += 1
        near = areas[at:bisect_left(starts, end)]
        for first, last, place in tile(start, end, [(area.start, area.end, area.place) for area in near]):
            data = content[first - section.addr:last - section.addr]
            if place is not None:   # also what fills up to the next function: it goes when the object goes
                yield first, last, owners[place], ""
            elif not data.strip(_FILLS) and last - first < 64:
                yield first, last, PADDING, ""
            else:
                yield from _merged(layout.literals.split(data, first), owners, data, first)


def _sized(inside: list[Found], end: int, areas: list[Placed]) -> Iterator[tuple[int, int, tuple[str, int]]]:
    """Yield the symbols; one without a size (hand-written assembler) reaches to the next one."""
    starts = [area.start for area in areas]
    for number, one in enumerate(inside):
        last = one.end
        if last == one.start:
            following = next((other.start for other in inside[number + 1:] if other.start > one.start), end)
            at = bisect_right(starts, one.start)
            within = areas[at - 1].end if at and areas[at - 1].end > one.start else areas[at].start if at < len(areas) else end
            last = min(following, within)
        yield one.start, last, (one.name, one.place)


def _merged(rows: Iterable[tuple[int, int, int]], owners: list[Owner], data: bytes, base: int):
    """Join neighbours of one owner: strings and constants have no names."""
    first, last, owner = base, base, RUNTIME
    for start, end, place in rows:
        filling = place < 0 and not data[start - base:end - base].strip(b"\0")
        this = owners[place] if place >= 0 else owner if filling else RUNTIME
        if this != owner and last > first:
            yield first, last, owner, "literals"
            first = start
        owner, last = this, end
    if last > first:
        yield first, last, owner, "literals"

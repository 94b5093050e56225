"""Every byte of an ELF file by kind, module, section and symbol; the sum is the file's size, by construction.

The file on the device is stripped; names come from the unstripped link of the same objects, which must have the same sections at
the same addresses. Bytes without a name belong to the object in whose section they lie; literals, which the linker merges, to
the first object that has them; relocations and unwind tables to what they are about. What is then left in sections of code
and data comes from the only inputs that are not ours: libc and the compiler's runtime.
"""
from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from . import annexes
from .elf import ElfError
from .placing import Found, Literals, Lookup, Object, Owner, Placed, located
from .symbols import SHT_NOBITS, SHT_REL, SHT_RELA, Image, Section

CORE, EXTENSION, LIBRARY, LIBC, PYTHON, FORMAT = "interpreter core", "extension modules", "bundled libraries", "libc and runtime", \
    "Python modules", "file format"
RUNTIME = (LIBC, "libc")
LINKER = (FORMAT, "sections of the linker")
PADDING = (FORMAT, "alignment")
Leaf = tuple[str, str, str, str]   # kind, module, section, symbol
_FILLS = b"\0\x90\xcc"


@dataclass(frozen=True)
class Names:
    """How owners are named. frozen: symbol -> Python module. rest: the owner of what is nobody's, instead of libc and file format."""

    frozen: Mapping[str, str]
    rest: Owner | None = None


def measure(stripped: bytes, unstripped: bytes | None, objects: Sequence[Object], names: Names) -> Counter[Leaf]:
    """Return the bytes of an ELF file by leaf.

    unstripped: the same link with its symbol table; without it, there are sections only. objects: in the order of the link. Raises
    ElfError for a damaged file and for two links that differ.
    """
    image = Image(stripped)
    spans, pieces = [], {}
    if unstripped is not None:
        link = Image(unstripped)
        _same(image, link)
        pieces = _code_and_data(image, link, objects)
        lookup = Lookup(sorted((start, end, owner) for section in pieces.values() for start, end, owner, _ in section))
        for section in image.allocated:
            pieces[section.index] = annexes.pieces(image, section, lookup) or pieces.get(section.index, [])
    for section in image.sections:
        if section.type != SHT_NOBITS and section.size:
            shift = section.offset - section.addr
            spans.append((section.offset, section.offset + section.size, section, shift))
    found: Counter[Leaf] = Counter()
    for start, end, label in tile(0, len(stripped), _spans(image, spans)):
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


def _same(image: Image, link: Image) -> None:
    """Raise ElfError unless two links have the same sections at the same addresses."""
    shapes = [[(one.name, one.addr, one.size) for one in each.allocated] for each in (image, link)]
    for section, other in zip(*shapes):
        if section != other:
            raise ElfError(f"its section {section[0]} at {section[1]:#x} is not that of the unstripped link, {other[0]} at {other[1]:#x}")
    if len(shapes[0]) != len(shapes[1]):
        raise ElfError(f"it has {len(shapes[0])} sections in memory, the unstripped link has {len(shapes[1])}")


def _code_and_data(image: Image, link: Image, objects: Sequence[Object]) -> dict[int, list]:
    """Return (start, end, owner, name) by address of what symbols and the objects' sections tell, by section of the image."""
    found, placed = located(link, objects)
    literals, owners = Literals(objects), [one.owner for one in objects]
    pieces: dict[int, list] = {}
    for section in image.allocated:
        if section.type in (SHT_NOBITS, SHT_REL, SHT_RELA) or not section.size:
            continue
        end = section.addr + section.size
        inside = [one for one in found if section.addr <= one.start < end]
        areas = [one for one in placed if section.addr <= one.start < end]
        if inside or areas:
            pieces[section.index] = list(_named(image, section, inside, areas, literals, owners))
    return pieces


def _named(image: Image, section: Section, inside: list[Found], areas: list[Placed], literals: Literals, owners: list[Owner]):
    """Yield the pieces of one section of code or data: each symbol, and between symbols what the objects' sections tell."""
    content = image.content(section)
    grown = _sized(inside, section.addr + section.size, areas)
    at = 0
    for start, end, label in tile(section.addr, section.addr + section.size, grown):
        if label:
            name, place = label
            yield start, end, owners[place] if place >= 0 else RUNTIME, name
            continue
        while at < len(areas) and areas[at].end <= start:
            at += 1
        near = areas[at:at + 1 + sum(1 for area in areas[at + 1:at + 64] if area.start < end)]
        for first, last, place in tile(start, end, [(area.start, area.end, area.place) for area in near]):
            data = content[first - section.addr:last - section.addr]
            if place is not None:   # also what fills up to the next function: it goes when the object goes
                yield first, last, owners[place], ""
            elif not data.strip(_FILLS) and last - first < 64:
                yield first, last, PADDING, ""
            else:
                yield from _merged(literals.split(data, first), owners, data, first)


def _sized(inside: list[Found], end: int, areas: list[Placed]) -> Iterator[tuple[int, int, tuple[str, int]]]:
    """Yield the symbols; one without a size (hand-written assembler) reaches to the next one."""
    for number, one in enumerate(inside):
        last = one.end
        if last == one.start:
            following = next((other.start for other in inside[number + 1:] if other.start > one.start), end)
            limit = next((area.start for area in areas if area.start > one.start), end) if one.place < 0 else end
            last = min(following, limit)
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

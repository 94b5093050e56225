"""Tables that the linker makes about code and data, entry by entry: each costs the module that it is about.

Relocations (gABI chapter 4, "Relocation"), dynamic symbols, and unwind tables: .eh_frame and .eh_frame_hdr (LSB core
specification, "Exception Frames"), .ARM.exidx (Exception Handling ABI for the Arm Architecture, "Index table entries").
"""
from __future__ import annotations

import struct
from collections.abc import Iterator

from ..elf.symbols import ABSOLUTE, SHT_DYNSYM, SHT_REL, SHT_RELA, SHT_RELR, Image, Section
from .placing import Lookup, Owner

Piece = tuple[int, int, "Owner | None", str]
TABLES = ("file format", "tables of the linker")


def pieces(image: Image, section: Section, lookup: Lookup) -> list[Piece]:
    """Return (start, end, owner, name) of a table's entries by address; nothing for a section that is no such table."""
    if section.type in (SHT_REL, SHT_RELA):
        return _joined(section, _relocations(image, section), lookup, "relocations")
    if section.type == SHT_RELR:
        return _joined(section, _packed(image, section), lookup, "relocations")
    if section.type == SHT_DYNSYM:
        return _joined(section, _symbols(image, section), lookup, "dynamic symbols")
    reader = _READERS.get(section.name)
    return _joined(section, reader(image, section), lookup, "unwind tables") if reader else []


def _joined(section: Section, entries: Iterator[tuple[int, int, int | None]], lookup: Lookup, name: str) -> list[Piece]:
    """Give each entry (offset, end, address that it is about) to the address's owner; join neighbours."""
    found: list[Piece] = []
    for start, end, about in entries:
        owner = lookup.owner(about) if about is not None else None
        owner = owner or TABLES
        if found and found[-1][2] == owner and found[-1][1] == section.addr + start:
            found[-1] = (found[-1][0], section.addr + end, owner, name)
        else:
            found.append((section.addr + start, section.addr + end, owner, name))
    return found


def _relocations(image: Image, section: Section) -> Iterator[tuple[int, int, int | None]]:
    words = 3 if section.type == SHT_RELA else 2
    row = struct.Struct(image.mark + ("Q" if image.wide else "I") * words)
    content = image.content(section)
    for number, (address, *_) in enumerate(row.iter_unpack(content[:len(content) // row.size * row.size])):
        yield number * row.size, (number + 1) * row.size, address


def _packed(image: Image, section: Section) -> Iterator[tuple[int, int, int | None]]:
    """SHT_RELR: an even word is an address; bit n of an odd one says that the nth word behind is relocated, too (gABI, "Relr").

    Such a word is about the first of them.
    """
    size = 8 if image.wide else 4
    word, base = struct.Struct(image.mark + ("Q" if image.wide else "I")), 0
    content = image.content(section)
    for number, (entry,) in enumerate(word.iter_unpack(content[:len(content) // size * size])):
        if entry & 1:
            bits = entry >> 1
            about = base + ((bits & -bits).bit_length() - 1) * size if bits else None
            base += (8 * size - 1) * size
        else:
            about, base = entry, entry + size
        yield number * size, (number + 1) * size, about


def _symbols(image: Image, section: Section) -> Iterator[tuple[int, int, int | None]]:
    size = 24 if image.wide else 16
    for number, symbol in enumerate(image.table(section)):
        yield number * size, (number + 1) * size, symbol.value if 0 < symbol.section < ABSOLUTE else None


def _frames(image: Image, section: Section) -> Iterator[tuple[int, int, int | None]]:
    """.eh_frame: an FDE is about the function at its pc_begin; a CIE, which has ID 0, is everybody's."""
    content, at = image.content(section), 0
    words = struct.Struct(image.mark + "IIi")
    while at + 12 <= len(content):
        length, identity, begin = words.unpack_from(content, at)
        if length in (0, 0xFFFFFFFF):   # the end, or 64-bit lengths, which no compiler writes
            break
        # pc_begin is relative to its own place: the compilers of all our targets write DW_EH_PE_pcrel | DW_EH_PE_sdata4.
        yield at, at + 4 + length, section.addr + at + 8 + begin if identity else None
        at += 4 + length


def _frame_index(image: Image, section: Section) -> Iterator[tuple[int, int, int | None]]:
    """.eh_frame_hdr: a head of 12 bytes, then for each FDE the function and the FDE, relative to the section."""
    content = image.content(section)
    for at in range(12, len(content) - 7, 8):
        begin, = struct.unpack_from(image.mark + "i", content, at)
        yield at, at + 8, section.addr + begin


def _arm_index(image: Image, section: Section) -> Iterator[tuple[int, int, int | None]]:
    """.ARM.exidx: for each function a 31-bit offset to it and 4 bytes of unwinding."""
    content = image.content(section)
    for at in range(0, len(content) - 7, 8):
        offset = struct.unpack_from(image.mark + "I", content, at)[0] & 0x7FFFFFFF
        yield at, at + 8, section.addr + at + (offset - 0x80000000 if offset & 0x40000000 else offset)


_READERS = {".eh_frame": _frames, ".eh_frame_hdr": _frame_index, ".ARM.exidx": _arm_index}

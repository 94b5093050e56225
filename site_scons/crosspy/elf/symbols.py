"""Sections and symbols of one ELF file, read quickly: a link has thousands of symbols, and a report reads hundreds of objects.

`struct` alone is used, since a parser that makes an object of each field takes a hundred times as long. Words and numbers are
those of the ELF gABI (https://refspecs.linuxfoundation.org/elf/gabi4+/contents.html), chapter 4.
"""
from __future__ import annotations

import struct
from functools import cached_property
from typing import NamedTuple

from .elf import MAX_SECTIONS, MAX_SYMBOLS, ElfError, head

NOTYPE, OBJECT, FUNC, SECTION, FILE, TLS = 0, 1, 2, 3, 4, 6
LOCAL, GLOBAL, WEAK = 0, 1, 2
SHT_SYMTAB, SHT_RELA, SHT_NOBITS, SHT_REL, SHT_DYNSYM, SHT_RELR = 2, 4, 8, 9, 11, 19
SHF_ALLOC, SHF_MERGE, SHF_STRINGS = 0x2, 0x10, 0x20
ABSOLUTE = 0xFF00   # SHN_LORESERVE: from here on st_shndx is no section


class Section(NamedTuple):
    """One section header; offset and size in bytes of the file, addr in memory."""

    index: int
    name: str
    type: int
    flags: int
    addr: int
    offset: int
    size: int
    link: int
    info: int
    align: int
    entsize: int


class Symbol(NamedTuple):
    """One symbol. value: an address, in an object an offset in its section. size: bytes."""

    name: str
    value: int
    size: int
    kind: int
    bind: int
    section: int


class Image:
    """One ELF file. Raises ElfError, at once or when a table is asked for, where the file is damaged."""

    def __init__(self, data: bytes):
        self.data = data
        bits, order, self.machine = head(data)
        self.wide, self.mark = bits == 64, "<" if order == "little" else ">"
        self.type, = self.unpack("H", 16)
        where = self.unpack("QQ" if self.wide else "II", 32 if self.wide else 28)
        self.header, self.segment_size, self.segment_count, size, count, names = self.unpack("6H", 52 if self.wide else 40)
        self.segments_at, self.sections_at = where
        shape = struct.Struct(self.mark + ("IIQQQQIIQQ" if self.wide else "10I"))
        if count > MAX_SECTIONS or count and (size != shape.size or where[1] + count * size > len(data)):
            raise ElfError(f"its {count} section headers are cut off, of a wrong size or more than {MAX_SECTIONS}")
        rows = list(shape.iter_unpack(data[where[1]:where[1] + count * size])) if count else []
        if rows and names >= len(rows):
            raise ElfError(f"e_shstrndx is {names}, but there are {len(rows)} sections")
        strings = self.cut(rows[names][4], rows[names][5]) if rows else b""
        self.sections = [Section(index, _name(strings, row[0]), *row[1:]) for index, row in enumerate(rows)]
        self.thumb = self.machine == "EM_ARM"

    def unpack(self, shape: str, at: int) -> tuple:
        """Return numbers in the file's byte order. Raises ElfError where the file ends."""
        try:
            return struct.unpack_from(self.mark + shape, self.data, at)
        except struct.error:
            raise ElfError(f"it is cut off at byte {at}") from None

    def cut(self, start: int, size: int) -> bytes:
        """Return bytes of the file. Raises ElfError when they are not all there."""
        if start + size > len(self.data):
            raise ElfError(f"it is cut off: bytes up to {start + size} of {len(self.data)}")
        return self.data[start:start + size]

    def content(self, section: Section) -> bytes:
        """Return the bytes of a section, none for one without bytes in the file."""
        return b"" if section.type == SHT_NOBITS else self.cut(section.offset, section.size)

    @cached_property
    def symbols(self) -> list[Symbol]:
        """The symbols of .symtab in their order, none in a stripped file. Marks of ARM ($a, $d, $t, $x) are left out."""
        return [symbol for table in self.sections if table.type == SHT_SYMTAB for symbol in self.table(table)]

    def table(self, table: Section) -> list[Symbol]:
        """Return the symbols of one table."""
        row = struct.Struct(self.mark + ("IBBHQQ" if self.wide else "IIIBBH"))
        if table.size // row.size > MAX_SYMBOLS or table.link >= len(self.sections):
            raise ElfError(f"its {table.name} has more than {MAX_SYMBOLS} symbols or no names")
        strings = self.content(self.sections[table.link])
        found = []
        for symbol in row.iter_unpack(self.cut(table.offset, table.size // row.size * row.size)):
            if self.wide:
                at, info, _, section, value, size = symbol
            else:
                at, value, size, info, _, section = symbol
            name = _name(strings, at)
            if name[:1] == "$" and info & 15 == NOTYPE:
                continue
            if self.thumb and info & 15 == FUNC:
                value &= ~1   # bit 0 says Thumb (ELF for the Arm Architecture, "Symbol Values")
            found.append(Symbol(name, value, size, info & 15, info >> 4, section))
        return found

    @cached_property
    def allocated(self) -> list[Section]:
        """The sections that the loader maps, by address."""
        return sorted((one for one in self.sections if one.flags & SHF_ALLOC), key=lambda one: (one.addr, one.offset))


def _name(strings: bytes, at: int) -> str:
    end = strings.find(b"\0", at)
    if at > len(strings) or end < 0 and at < len(strings):
        raise ElfError(f"the name at {at} does not end in its table")
    return strings[at:end].decode("utf-8", "backslashreplace") if end >= 0 else ""

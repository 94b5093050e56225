"""Make small ELF files with sections and symbols of one's choice: objects, and what a linker makes of them."""
from __future__ import annotations

import struct
from typing import NamedTuple

EM_ARM, EM_X86_64, EM_MIPS = 40, 62, 8
NOTYPE, OBJECT, FUNC, FILE = 0, 1, 2, 4
LOCAL, GLOBAL, WEAK = 0, 1, 2
A, AX, WA, AM, AMS = 2, 6, 3, 0x12, 0x32
PROGBITS, SYMTAB, STRTAB, RELA, NOBITS, REL = 1, 2, 3, 4, 8, 9


class Part(NamedTuple):
    """One section. size: of one without bytes (NOBITS)."""

    name: str
    content: bytes = b""
    flags: int = A
    addr: int = 0
    kind: int = PROGBITS
    entsize: int = 0
    size: int = 0


class Name(NamedTuple):
    """One symbol; part is the name of its section, empty for an undefined one."""

    name: str
    value: int = 0
    size: int = 0
    part: str = ".text"
    kind: int = FUNC
    bind: int = LOCAL


def make(parts=(), names=(), *, bits=64, data="little", machine=EM_X86_64, type=1, symbols=True) -> bytes:
    """Return an ELF file whose sections follow each other, with a .symtab unless it is stripped."""
    wide, mark = bits == 64, "<" if data == "little" else ">"
    head, width = (64, 64) if wide else (52, 40)
    index = {part.name: number for number, part in enumerate(parts, 1)}
    parts = list(parts)
    if symbols:
        strings, rows = bytearray(1), [(0, 0, 0, 0, 0)]
        for one in names:
            section = 0xFFF1 if one.kind == FILE else index[one.part] if one.part else 0
            rows.append((len(strings), one.bind << 4 | one.kind, section, one.value, one.size))
            strings += one.name.encode() + b"\0"
        table = b"".join(struct.pack(mark + "IBBHQQ", name, info, 0, section, value, size) if wide else
                         struct.pack(mark + "IIIBBH", name, value, size, info, 0, section) for name, info, section, value, size in rows)
        parts += [Part(".symtab", table, 0, kind=SYMTAB), Part(".strtab", bytes(strings), 0, kind=STRTAB)]
    naming = bytearray(1)
    places = []
    for part in [*parts, Part(".shstrtab", kind=STRTAB, flags=0)]:
        places.append(len(naming))
        naming += part.name.encode() + b"\0"
    parts.append(Part(".shstrtab", bytes(naming), 0, kind=STRTAB))
    body, headers = bytearray(), [(0,) * 10]
    for number, (place, part) in enumerate(zip(places, parts), 1):
        body += bytes(-(head + len(body)) % 8)
        link = number + 1 if part.name == ".symtab" else 0
        size = part.size or len(part.content)
        headers.append((place, part.kind, part.flags, part.addr, head + len(body), size, link, 0, 1, part.entsize))
        body += part.content
    body += bytes(-(head + len(body)) % 8)
    word = "Q" if wide else "I"
    ident = b"\x7fELF" + bytes([2 if wide else 1, 1 if data == "little" else 2, 1]) + bytes(9)
    count = len(headers)
    start = struct.pack(mark + "HHI" + word * 3 + "I6H", type, machine, 1, 0, 0, head + len(body), 0, head, 0, 0, width, count, count - 1)
    shape = mark + ("IIQQQQIIQQ" if wide else "10I")
    return ident + start + bytes(body) + b"".join(struct.pack(shape, *row) for row in headers)

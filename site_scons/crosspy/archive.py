"""The members of an ar archive (``libpython3.13.a``), by their ELF headers alone.

The format is that of System V with GNU's table of long names (binutils, ``bfd/archive.c``; ``man 5 ar`` of BSD for
``#1/LENGTH`` names): a magic line, then members of a 60-byte header and data, padded to even offsets.
"""
from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from . import elf

MAGIC, THIN = b"!<arch>\n", b"!<thin>\n"
# Names in the string table of an object: what -fstack-protector and _FORTIFY_SOURCE make it call.
_GUARD, _CHECKED = b"__stack_chk_fail", re.compile(rb"__(?:mem|st[pr]|v?s?n?printf|v?fprintf|f?read|gets|fdelt)\w{0,16}_chk\0")


@dataclass(frozen=True)
class Group:
    """Members with the same class, data and machine. machine is empty where they are no ELF files.

    first: the name of the first of them. count: how many there are. guarded, fortified: how many call __stack_chk_fail, a
    checked function of libc.
    """

    bits: int
    data: str
    machine: str
    first: str
    count: int
    guarded: int = 0
    fortified: int = 0


def read(data: bytes) -> tuple[Group, ...]:
    """Return the members in groups, in the order of their first. Raises elf.ElfError for a damaged archive."""
    groups: dict[tuple[int, str, str], list] = {}
    for name, start, size in members(data):
        magic = size >= len(elf.MAGIC) and data.startswith(elf.MAGIC, start)
        try:
            key = elf.head(data, start, size) if magic else (0, "", "")
        except elf.ElfError as error:
            raise elf.ElfError(f"member {name}: {error}") from None
        row = groups.setdefault(key, [name, 0, 0, 0])
        row[1] += 1
        row[2] += data.find(_GUARD, start, start + size) >= 0
        row[3] += bool(_CHECKED.search(data, start, start + size))
    return tuple(Group(*key, *row) for key, row in groups.items())


def members(data: bytes) -> Iterator[tuple[str, int, int]]:
    """Yield (name, start, size) of each member, without the tables of symbols and of long names."""
    if data[:8] == THIN:
        raise elf.ElfError("it is a thin archive: its members are elsewhere")
    if data[:8] != MAGIC:
        raise elf.ElfError("it does not begin with !<arch>")
    at, long_names = 8, b""
    while at < len(data):
        header, start = data[at:at + 60], at + 60
        digits = header[48:58].strip()
        if header[58:] != b"`\n" or not digits.isdigit():
            raise elf.ElfError(f"its member header at byte {at} is damaged")
        size = int(digits)
        if start + size > len(data):
            raise elf.ElfError(f"it is cut off: a member ends at byte {start + size} of {len(data)}")
        name = header[:16].rstrip()
        if name == b"//":
            long_names = data[start:start + size]
        elif name not in (b"/", b"/SYM64/"):
            yield _name(name, long_names, data, start, size)
        at = start + size + size % 2


def _name(name: bytes, long_names: bytes, data: bytes, start: int, size: int) -> tuple[str, int, int]:
    if name.startswith(b"#1/") and name[3:].isdigit() and int(name[3:]) <= size:
        length = int(name[3:])
        return _text(data[start:start + length].rstrip(b"\0")), start + length, size - length
    if name.startswith(b"/") and name[1:].isdigit():
        offset = int(name[1:])
        end = long_names.find(b"\n", offset, offset + elf.MAX_NAME)
        if end < 0:
            raise elf.ElfError(f"the long name at {offset} is not in its table")
        name = long_names[offset:end]
    return _text(name.removesuffix(b"/")), start, size


def _text(name: bytes) -> str:
    return name.decode("utf-8", "backslashreplace")

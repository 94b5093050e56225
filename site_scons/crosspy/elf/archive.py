"""The members of an ar archive (``libpython3.13.a``), by their ELF headers and build attributes alone.

The format is that of System V with GNU's table of long names (binutils, ``bfd/archive.c``; ``man 5 ar`` of BSD for
``#1/LENGTH`` names): a magic line, then members of a 60-byte header and data, padded to even offsets.
"""
from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from . import elf, elfnotes

MAGIC, THIN = b"!<arch>\n", b"!<thin>\n"
# Names in the string tables of an object: what -fstack-protector and _FORTIFY_SOURCE make it call, and the section that each form of DWARF has.
_GUARD, _CHECKED = b"__stack_chk_fail", re.compile(rb"__(?:mem|st[pr]|v?s?n?printf|v?fprintf|f?read|gets|fdelt)\w{0,16}_chk\0")
_DEBUG = b".debug_info\0"


MAX_GROUPS = 1000
# Where ELF headers have e_flags, e_shoff and e_shentsize (gABI 4), by class; of section headers: sh_type, sh_offset, sh_size.
_HEADER = {32: (36, 32, "I", 46, "4xI8xII16x"), 64: (48, 40, "Q", 58, "4xI16xQQ24x")}
_NAMES = {("EM_ARM", 0x70000003): ".ARM.attributes", ("EM_RISCV", 0x70000003): ".riscv.attributes",
          ("EM_MIPS", 0x7000002A): ".MIPS.abiflags", ("EM_PPC", 0x6FFFFFF5): ".gnu.attributes"}   # by section types of the psABIs, SHT_GNU_ATTRIBUTES
_MACHINES = frozenset(machine for machine, _ in _NAMES)


@dataclass(frozen=True)
class Group:
    """Members with the same class, data, machine, e_flags and build attributes. machine is empty where they are no ELF files.

    first: the name of the first of them. count: how many there are. guarded, fortified: how many call __stack_chk_fail, a
    checked function of libc. debug: how many have debug information. attributes: as of ElfFacts.
    """

    bits: int
    data: str
    machine: str
    first: str
    count: int
    guarded: int = 0
    fortified: int = 0
    debug: int = 0
    flags: int = 0
    attributes: tuple[str, ...] = ()

    def __post_init__(self):
        object.__setattr__(self, "attributes", tuple(self.attributes))   # JSON makes lists of them


class _Member(NamedTuple):
    """What elfnotes.attributes asks of a reader."""

    mark: str


def read(data: bytes) -> tuple[Group, ...]:
    """Return the members in groups, in the order of their first. Raises elf.ElfError for a damaged archive."""
    groups: dict[tuple, list] = {}
    for name, start, size in members(data):
        magic = size >= len(elf.MAGIC) and data.startswith(elf.MAGIC, start)
        try:
            head = elf.head(data, start, size) if magic else (0, "", "")
            key = head, *(_abi(data[start:start + size], *head) if magic else (0, ()))
        except elf.ElfError as error:
            raise elf.ElfError(f"member {name}: {error}") from None
        row = groups.setdefault(key, [name, 0, 0, 0, 0])
        row[1] += 1
        row[2] += data.find(_GUARD, start, start + size) >= 0
        row[3] += bool(_CHECKED.search(data, start, start + size))
        row[4] += data.find(_DEBUG, start, start + size) >= 0
        if len(groups) > MAX_GROUPS:
            raise elf.ElfError(f"its members are of more than {MAX_GROUPS} kinds")
    return tuple(Group(*head, *row, flags, attributes) for (head, flags, attributes), row in groups.items())


def _abi(member: bytes, bits: int, order: str, machine: str) -> tuple[int, tuple[str, ...]]:
    """Return e_flags and the build attributes of a member, by its section headers alone."""
    mark = "<" if order == "little" else ">"
    flags, table, word, shape, row = _HEADER[bits]
    value, = struct.unpack_from(mark + "I", member, flags)
    if machine not in _MACHINES:
        return value, ()
    start, = struct.unpack_from(mark + word, member, table)
    width, count = struct.unpack_from(mark + "HH", member, shape)
    section = struct.Struct(mark + row)
    if start and count and (width != section.size or start + count * width > len(member)):
        raise elf.ElfError("its section headers have a wrong size or are cut off")
    for kind, offset, size in section.iter_unpack(member[start:start + count * width] if start else b""):
        if name := _NAMES.get((machine, kind)):
            if offset + size > len(member):
                raise elf.ElfError(f"it is cut off: {name} ends at byte {offset + size} of {len(member)}")
            try:
                return value, elfnotes.attributes(_Member(mark), name, member[offset:offset + size])
            except struct.error:
                raise elf.ElfError(f"its {name} are damaged") from None
    return value, ()


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

"""The dynamic symbols of one ELF file and the versions that they are bound to, in one pass over the table.

gABI chapter 4, "Symbol Table"; LSB core specification, chapter "Symbol Versioning".
"""
from __future__ import annotations

import struct
from collections.abc import Callable, Iterator

from .elffacts import ElfError, Version

MAX_SYMBOLS, MAX_VERSIONS = 200_000, 10_000
_GLOBAL, _WEAK = 1, 2   # STB_GLOBAL, STB_WEAK
_BASE = 1   # VER_FLG_BASE: the version that names the file itself


def read(reader, last: dict[str, int]) -> dict:
    """Return the facts versions, defines, exports, undefined and weak.

    reader: gives data, mark, wide, sections, offset(address) and string(place).  last: dynamic tags by name.
    """
    row = struct.Struct(reader.mark + ("IBBHQQ" if reader.wide else "IIIBBH"))
    address = last["DT_SYMTAB"]
    sizes = [s["sh_size"] for s in reader.sections if s["sh_type"] == "SHT_DYNSYM" and s["sh_addr"] == address]
    if not sizes:
        raise ElfError("no section header tells the size of the symbol table at DT_SYMTAB")
    if (count := sizes[0] // row.size) > MAX_SYMBOLS:
        raise ElfError(f"its dynamic symbol table has {count} entries, at most {MAX_SYMBOLS} are read")
    needed, defined = _by_number(_needed_versions(reader, last)), _by_number(_defined_versions(reader, last))
    index_of = (0,) * count
    if (needed or defined) and "DT_VERSYM" in last:
        index_of = struct.unpack_from(f"{reader.mark}{count}H", reader.data, reader.offset(last["DT_VERSYM"]))
    exports, undefined, weak = set(), set(), set()
    start = reader.offset(address)
    table = reader.data[start:start + count * row.size]
    for index, symbol in zip(index_of, row.iter_unpack(table), strict=True):
        place, (info, other, section) = symbol[0], symbol[1:4] if reader.wide else symbol[3:6]
        binding, number = info >> 4, index & 0x7FFF   # the top bit says "hidden" (LSB)
        if section:
            # Exported: defined, GLOBAL or WEAK, visibility DEFAULT or PROTECTED.
            if binding in (_GLOBAL, _WEAK) and other & 3 in (0, 3):
                exports.add(name := reader.string(place))
                if number in defined:
                    defined[number][2].append(name)
        elif place:
            name = reader.string(place)
            if number in needed:
                needed[number][2].append(name)
            elif binding == _GLOBAL:
                undefined.add(name)
            if binding == _WEAK:
                weak.add(name)
    return {"versions": _versions(needed), "defines": _versions(defined), "exports": tuple(sorted(exports)),
            "undefined": tuple(sorted(undefined)), "weak": tuple(sorted(weak))}


_Versions = dict[int, tuple[str, str, list[str]]]


def _by_number(rows: Iterator[tuple[int, str, str]]) -> _Versions:
    found: _Versions = {}
    for number, version, library in rows:
        if found.setdefault(number, (version, library, []))[0] != version:
            raise ElfError(f"two symbol versions have the number {number}")
    return found


def _versions(rows: _Versions) -> tuple[Version, ...]:
    return tuple(Version(name, library, tuple(sorted(symbols))) for name, library, symbols in sorted(rows.values()))


def _counter() -> Callable[[], None]:
    seen = 0

    def count() -> None:
        nonlocal seen
        if (seen := seen + 1) > MAX_VERSIONS:
            raise ElfError(f"it has more than {MAX_VERSIONS} symbol versions")
    return count


def _needed_versions(reader, last: dict[str, int]) -> Iterator[tuple[int, str, str]]:
    """Yield (index, version, library) of Elf_Verneed and its Elf_Vernaux (LSB, same layout in both classes)."""
    if "DT_VERNEED" not in last:
        return
    at, count_one = reader.offset(last["DT_VERNEED"]), _counter()
    for _ in range(min(last.get("DT_VERNEEDNUM", 0), MAX_VERSIONS)):
        _, count, library, aux, following = struct.unpack_from(reader.mark + "HHIII", reader.data, at)
        place = at + aux
        for _ in range(count):
            count_one()
            _, _, index, name, step = struct.unpack_from(reader.mark + "IHHII", reader.data, place)
            yield index & 0x7FFF, reader.string(name), reader.string(library)
            place += step
        at += following


def _defined_versions(reader, last: dict[str, int]) -> Iterator[tuple[int, str, str]]:
    """Yield (index, version, "") of Elf_Verdef; its first Elf_Verdaux names it, further ones its predecessors (LSB)."""
    if "DT_VERDEF" not in last:
        return
    at, count_one = reader.offset(last["DT_VERDEF"]), _counter()
    for _ in range(min(last.get("DT_VERDEFNUM", 0), MAX_VERSIONS)):
        count_one()
        _, flags, index, _, _, aux, following = struct.unpack_from(reader.mark + "HHHHIII", reader.data, at)
        name, = struct.unpack_from(reader.mark + "I", reader.data, at + aux)
        if not flags & _BASE:
            yield index & 0x7FFF, reader.string(name), ""
        at += following

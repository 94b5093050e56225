"""The dynamic symbols of one ELF file and the versions that they are bound to, in one pass over the table.

gABI chapter 4, "Symbol Table"; LSB core specification, chapter "Symbol Versioning".
"""
from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from operator import itemgetter

from .elffacts import ElfError, Version

MAX_SYMBOLS, MAX_VERSIONS = 200_000, 10_000
_GLOBAL, _WEAK, _UNIQUE = 1, 2, 10   # STB_GLOBAL, STB_WEAK, STB_GNU_UNIQUE
_BASE, _FLAG_WEAK = 1, 2   # VER_FLG_BASE: the version that names the file itself; VER_FLG_WEAK: one that may be missing
_HIDDEN = 0x8000   # of an index of DT_VERSYM: no version of the symbol's that is taken where none is asked for (LSB)
_LARGE_HASH = ("EM_S390", "EM_ALPHA")   # DT_HASH has words of 8 bytes there (Elf_Symndx of glibc)
_RELA = 7   # DT_RELA
_RELOCATIONS = ("DT_RELA", "DT_RELASZ", _RELA), ("DT_REL", "DT_RELSZ", 17), ("DT_JMPREL", "DT_PLTRELSZ", 0)   # 0: DT_PLTREL tells


def read(reader, last: dict[str, int]) -> dict:
    """Return the facts versions, defines, exports, hidden, undefined and weak.

    reader: gives data, mark, wide, sections, offset(address) and string(place).  last: dynamic tags by name.
    """
    row = struct.Struct(reader.mark + ("IBBHQQ" if reader.wide else "IIIBBH"))
    address = last["DT_SYMTAB"]
    if (count := _count(reader, last, row.size)) > MAX_SYMBOLS:
        raise ElfError(f"its dynamic symbol table has {count} entries, at most {MAX_SYMBOLS} are read")
    needed, defined = _by_number(_needed_versions(reader, last)), _by_number(_defined_versions(reader, last))
    index_of = (0,) * count
    if (needed or defined) and "DT_VERSYM" in last:
        index_of = struct.unpack_from(f"{reader.mark}{count}H", reader.data, reader.offset(last["DT_VERSYM"]))
    shown, hidden, undefined, weak = set(), set(), set(), set()
    start = reader.offset(address)
    table = reader.data[start:start + count * row.size]
    for index, symbol in zip(index_of, row.iter_unpack(table), strict=True):
        place, (info, other, section) = symbol[0], symbol[1:4] if reader.wide else symbol[3:6]
        binding, number = info >> 4, index & ~_HIDDEN
        if section:
            # Exported: defined, GLOBAL, WEAK or UNIQUE, visibility DEFAULT or PROTECTED.
            if binding in (_GLOBAL, _WEAK, _UNIQUE) and other & 3 in (0, 3):
                # glibc's check_match (elf/dl-lookup.c) takes the first version, which has the index 2, even if it is hidden.
                (hidden if index & _HIDDEN and number > 2 else shown).add(name := reader.string(place))
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
    return {"versions": _versions(needed), "defines": _versions(defined), "exports": tuple(sorted(shown | hidden)),
            "undefined": tuple(sorted(undefined)), "weak": tuple(sorted(weak)), "hidden": tuple(sorted(hidden - shown))}


def _count(reader, last: dict[str, int], width: int) -> int:
    """Return the number of symbols: the largest of all that tell one, since what a wrong one hides the loader finds by another.

    The loader itself only needs the hash tables, which have what is exported, and relocations, which name what is wanted
    (gABI 5, "Hash Table"); a section header may be wrong, or stripped. width: bytes of one symbol.
    """
    told = [s["sh_size"] // width for s in reader.sections if s["sh_type"] == "SHT_DYNSYM" and s["sh_addr"] == last["DT_SYMTAB"]]
    if "DT_HASH" in last:
        place = reader.offset(last["DT_HASH"])
        first, count = struct.unpack_from(reader.mark + "II", reader.data, place)
        if not first and reader.wide and reader.elf.header["e_machine"] in _LARGE_HASH:   # LLD's are small there, too
            count = struct.unpack_from(reader.mark + "QQ", reader.data, place)[1]
        told.append(count)
    if "DT_GNU_HASH" in last:
        told.append(_hashed(reader, reader.offset(last["DT_GNU_HASH"])))
    if count := max(*told, _relocated(reader, last), 0):
        return count
    raise ElfError("neither a hash table, relocations nor a section header tell the size of the symbol table at DT_SYMTAB")


def _hashed(reader, at: int) -> int:
    """Return the number of symbols by DT_GNU_HASH: the last chain ends with the last symbol (https://flapenguin.me/elf-dt-gnu-hash)."""
    buckets, first, blooms, _ = struct.unpack_from(reader.mark + "4I", reader.data, at)
    if max(buckets, blooms) > MAX_SYMBOLS:
        raise ElfError(f"its table DT_GNU_HASH has {max(buckets, blooms)} entries, at most {MAX_SYMBOLS} are read")
    at += 16 + blooms * (8 if reader.wide else 4)
    last = max(struct.unpack_from(f"{reader.mark}{buckets}I", reader.data, at), default=0)
    if last < first:
        return first   # nothing is exported
    at += 4 * buckets
    while last <= MAX_SYMBOLS and not struct.unpack_from(reader.mark + "I", reader.data, at + 4 * (last - first))[0] & 1:
        last += 1
    return last + 1


def _relocated(reader, last: dict[str, int]) -> int:
    """Return the number of symbols by relocations (gABI 4, "Relocation"): one more than the highest that one of them names."""
    word, shift, highest = ("Q", 32, 0) if reader.wide else ("I", 8, 0)
    if reader.wide and reader.elf.header["e_machine"] == "EM_MIPS":
        return 0   # it has another r_info
    for table, size, kind in _RELOCATIONS:
        if last.get(size):
            row = struct.Struct(reader.mark + word * (3 if (kind or last.get("DT_PLTREL")) == _RELA else 2))
            start = reader.offset(last[table])
            content = reader.data[start:start + last[size] // row.size * row.size]
            highest = max(highest, max(map(itemgetter(1), row.iter_unpack(content)), default=0) >> shift)
    return highest + 1 if highest else 0


_Versions = dict[int, tuple[str, str, list[str], bool]]


def _by_number(rows: Iterator[tuple[int, str, str, bool]]) -> _Versions:
    found: _Versions = {}
    for number, version, library, weak in rows:
        if found.setdefault(number, (version, library, [], weak))[0] != version:
            raise ElfError(f"two symbol versions have the number {number}")
    return found


def _versions(rows: _Versions) -> tuple[Version, ...]:
    return tuple(Version(name, library, tuple(sorted(symbols)), weak) for name, library, symbols, weak in sorted(rows.values()))


def _counter() -> Callable[[], None]:
    seen = 0

    def count() -> None:
        nonlocal seen
        if (seen := seen + 1) > MAX_VERSIONS:
            raise ElfError(f"it has more than {MAX_VERSIONS} symbol versions")
    return count


def _needed_versions(reader, last: dict[str, int]) -> Iterator[tuple[int, str, str, bool]]:
    """Yield (index, version, library, weak) of Elf_Verneed and its Elf_Vernaux (LSB, same layout in both classes)."""
    if "DT_VERNEED" not in last:
        return
    at, count_one = reader.offset(last["DT_VERNEED"]), _counter()
    for _ in range(min(last.get("DT_VERNEEDNUM", 0), MAX_VERSIONS)):
        _, count, library, aux, following = struct.unpack_from(reader.mark + "HHIII", reader.data, at)
        place = at + aux
        for _ in range(count):
            count_one()
            _, flags, index, name, step = struct.unpack_from(reader.mark + "IHHII", reader.data, place)
            yield index & ~_HIDDEN, reader.string(name), reader.string(library), bool(flags & _FLAG_WEAK)
            place += step
        at += following


def _defined_versions(reader, last: dict[str, int]) -> Iterator[tuple[int, str, str, bool]]:
    """Yield (index, version, "", False) of Elf_Verdef; its first Elf_Verdaux names it, further ones its predecessors (LSB)."""
    if "DT_VERDEF" not in last:
        return
    at, count_one = reader.offset(last["DT_VERDEF"]), _counter()
    for _ in range(min(last.get("DT_VERDEFNUM", 0), MAX_VERSIONS)):
        count_one()
        _, flags, index, _, _, aux, following = struct.unpack_from(reader.mark + "HHHHIII", reader.data, at)
        name, = struct.unpack_from(reader.mark + "I", reader.data, at + aux)
        if not flags & _BASE:
            yield index & ~_HIDDEN, reader.string(name), "", False
        at += following

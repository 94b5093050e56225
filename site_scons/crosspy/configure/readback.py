"""Reads answers out of what a compiler and a linker wrote: sizes, byte orders, and which library serves a symbol."""
from __future__ import annotations

import struct
from collections.abc import Iterable
from pathlib import Path

from elftools.common.exceptions import ELFError
from elftools.elf.elffile import ELFFile
from elftools.elf.gnuversions import GNUVerNeedSection, GNUVerSymSection
from elftools.elf.relocation import RelocationSection

from ..errors import UserError

PREFIX = "probe_"
# A double all of whose bytes differ, so that any order of bytes and words can be told (as Autoconf Archive's
# AX_C_FLOAT_WORDS_BIGENDIAN does by a text that only one order spells).
DOUBLE = bytes((0x40, 1, 2, 3, 4, 5, 6, 7))
LAYOUT = f"const double probe_double = {struct.unpack('>d', DOUBLE)[0].hex()};\n"
ORDERS = {DOUBLE: "big", DOUBLE[::-1]: "little", DOUBLE[3::-1] + DOUBLE[:3:-1]: "mixed"}


def _open(path: Path, stream):
    try:
        return ELFFile(stream)
    except ELFError as error:
        raise UserError(str(path), f"the compiler wrote no ELF object ({error})", "use a compiler for an ELF target") from None


def _symbols(elf: ELFFile):
    table = elf.get_section_by_name(".symtab")
    return table.iter_symbols() if table else ()


def layout(path: Path) -> tuple[str, str]:
    """Return the machine of an object (``EM_AARCH64``) and its order of the bytes of a double (``little``, ``mixed``)."""
    with path.open("rb") as stream:
        elf = _open(path, stream)
        for symbol in _symbols(elf):
            if symbol.name == "probe_double" and isinstance(symbol["st_shndx"], int):
                section = elf.get_section(symbol["st_shndx"])
                data = section.data()[symbol["st_value"]:symbol["st_value"] + 8]
                return elf["e_machine"], ORDERS.get(data, "unknown")
    raise UserError(str(path), "the object lacks its symbols", "take -s out of the compile flags")


def sizes(path: Path) -> dict[str, int]:
    """Return the size in bytes of every ``probe_`` array of an object, by its name without the prefix."""
    with path.open("rb") as stream:
        return {s.name.removeprefix(PREFIX): s["st_size"] for s in _symbols(_open(path, stream)) if s.name.startswith(PREFIX)}


def users(path: Path, undefined: Iterable[str]) -> set[str]:
    """Return the keys of the questions of an object (compiled with -ffunction-sections) that refer to a symbol.

    Where no function of a question does so itself, every question of the object is named.
    """
    wanted = set(undefined)
    with path.open("rb") as stream:
        elf = _open(path, stream)
        if not any(s.name in wanted and s["st_shndx"] == "SHN_UNDEF" for s in _symbols(elf)):
            return set()
        found = set()
        for section in elf.iter_sections():
            if isinstance(section, RelocationSection) and PREFIX in section.name:
                symbols = elf.get_section(section["sh_link"])
                if any(symbols.get_symbol(r["r_info_sym"]).name in wanted for r in section.iter_relocations()):
                    found.add(section.name.partition(PREFIX)[2])
        return found or {s.name.removeprefix(PREFIX) for s in _symbols(elf)
                         if s.name.startswith(PREFIX) and s["st_info"]["type"] == "STT_FUNC"}


def libraries(path: Path) -> dict[str, str]:
    """Return which shared library serves each versioned symbol of a program: ``dlopen`` -> ``libdl.so.2``."""
    with path.open("rb") as stream:
        elf = _open(path, stream)
        files, versions = {}, None
        for section in elf.iter_sections():
            if isinstance(section, GNUVerNeedSection):
                files = {aux["vna_other"]: need.name for need, auxiliary in section.iter_versions() for aux in auxiliary}
            elif isinstance(section, GNUVerSymSection):
                versions = section
        table = elf.get_section_by_name(".dynsym")
        if versions is None or table is None:
            return {}
        found = {}
        for index, symbol in enumerate(table.iter_symbols()):
            number = versions.get_symbol(index)["ndx"]
            if isinstance(number, int) and number & 0x7FFF in files:
                found[symbol.name] = files[number & 0x7FFF]
        return found

"""Is what a file was compiled for within what the device has? ``NAME=PATTERN`` and ``NAME<=LIMIT`` of elf.attributes.

RISC-V: ISA Extension Naming Conventions (unprivileged specification), and what extensions imply (same, "Zca", "Zaamo", ...).
"""
from __future__ import annotations

import re
from fnmatch import fnmatchcase

_IMPLIED = {"g": ("i", "m", "a", "f", "d", "zicsr", "zifencei"), "m": ("zmmul",), "a": ("zaamo", "zalrsc"), "f": ("zicsr",),
            "d": ("f",), "c": ("zca", "zcd")}
_HINTS = {"zihintpause", "zihintntl"}   # no-operations on a CPU that does not know them


def split(row: str) -> tuple[str, str, str]:
    """Return name, ``<=`` or ``=``, and what stands behind it, of one of elf.attributes."""
    name, operator, wanted = re.fullmatch(r"([^=<]*)(<?=)?(.*)", row, re.DOTALL).groups()
    return name, operator or "=", wanted


def fits(value: str, operator: str, wanted: str) -> bool:
    """Tell whether a build attribute is as wanted: as a pattern, or at most a number or the extensions of a RISC-V."""
    if operator == "=":
        return fnmatchcase(value, wanted)
    if value.isdecimal() and wanted.isdecimal():
        return len(value) <= 20 and int(value) <= int(wanted[:20])
    return value[:4] == wanted[:4] and extensions(value) <= extensions(wanted) | _HINTS


def extensions(isa: str) -> set[str]:
    """Return the extensions of ``rv64i2p1_m2p0_zicsr2p0`` or ``rv64gc_zba`` without versions, and those that they imply."""
    first, *others = isa.removeprefix("rv32").removeprefix("rv64").split("_")
    found = set()
    for part in [first, *others]:
        if part[:1] in ("z", "s", "x") and len(part) > 1:
            found.add(re.sub(r"\d+p\d+\Z", "", part))
        else:
            found |= set(re.findall(r"([^\d])(?:\d+(?:p\d+)?)?", part))
    while more := {one for name in found for one in _IMPLIED.get(name, ())} - found:
        found |= more
    return found - {"g"}

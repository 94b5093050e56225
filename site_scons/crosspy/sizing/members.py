"""The members of static libraries that a link takes: those that define what is missing, as a linker does (ELF gABI, "Symbol Table")."""
from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from ..elf import archive
from ..elf.symbols import LOCAL, WEAK, Image
from .placing import Object, Owner


def taken(objects: Sequence[Object], archives: Sequence[str], owners: Mapping[str, Owner]) -> dict[str, Object]:
    """Return the members that a link of objects takes from archives, by ``/path/libz.a(adler32.o)``, absolute, in the archives' order.

    owners: archive -> whose its bytes are.  Raises OSError and ElfError for what cannot be read.
    """
    there = {name: one for path in archives for name, one in _members(path, owners[path])}
    defines: dict[str, str] = {}
    for name, one in there.items():
        for symbol in one.image.symbols:
            if symbol.section and symbol.name and symbol.bind != LOCAL:
                defines.setdefault(symbol.name, name)
    has = {symbol.name for one in objects for symbol in one.image.symbols if symbol.section and symbol.bind != LOCAL}
    found: set[str] = set()
    pending = [one.image for one in objects]
    while pending:
        for missing in _missing(pending.pop()):
            name = defines.get(missing)
            if name and name not in found and missing not in has:
                found.add(name)
                pending.append(there[name].image)
    return {name: one for name, one in there.items() if name in found}


def _missing(image: Image) -> Iterator[str]:
    """The symbols that an object needs; a weak one takes no member out of an archive."""
    return (symbol.name for symbol in image.symbols if not symbol.section and symbol.name and symbol.bind not in (LOCAL, WEAK))


def _members(path: str, owner: Owner) -> Iterator[tuple[str, Object]]:
    data, where = Path(path).read_bytes(), os.path.abspath(path)
    seen: dict[str, int] = {}
    for name, start, size in archive.members(data):
        seen[name] = seen.get(name, 0) + 1
        again = f"#{seen[name]}" if seen[name] > 1 else ""   # a linker's map has no other name for a second one
        yield f"{where}({name}){again}", Object(owner, Image(data[start:start + size]))

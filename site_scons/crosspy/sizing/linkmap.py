"""The map that LLD prints (``--print-map``): which bytes of a link come from which section of which object or archive.

Its columns are VMA, LMA, Size, Align and three depths of names: output section, input section, symbol (lld/ELF/MapFile.cpp).
What the linker makes itself stands as ``<internal>``; of literals it merges, so of those the map tells the place only of all together.
"""
from __future__ import annotations

import os
import re
from collections.abc import Sequence

from ..elf.elf import ElfError
from .placing import Found, Layout, Literals, Object, Owner, Placed

_ROW = re.compile(r" *([0-9a-f]+) +[0-9a-f]+ +([0-9a-f]+) +\d+ ( *)(.*)")
_INPUT = re.compile(r"(.*?)(\(.*\))?:\(.*\)")
INPUT, SYMBOL = 8, 16   # spaces before a name, beyond the first


def read(text: str, folder: str, names: Sequence[str], objects: Sequence[Object], kind: str) -> Layout:
    """Return the layout that a map tells.

    folder: of the objects; paths are relative to the current folder, where the link ran.  names: the objects' paths below it, or
    absolute ones; ``/libz.a(adler32.o)`` is a member of an archive.
    kind: of the owner of what comes from anywhere else; its module is the archive's or the object's file name.  Raises ElfError
    for another text.
    """
    if not text.lstrip().startswith("VMA"):
        raise ElfError("it is no map of LLD")
    known = {os.path.abspath(os.path.join(folder, name)): number for number, name in enumerate(names)}
    inputs: dict[str, int] = {}
    owners: list[Owner] = [one.owner for one in objects]
    others: dict[str, int] = {}
    found, placed, place = [], [], -1
    for row in map(_ROW.fullmatch, text.splitlines()[1:]):
        if row is None:
            raise ElfError("a line of its map has another form")
        start, size, depth, name = int(row[1], 16), int(row[2], 16), len(row[3]), row[4]
        if depth == INPUT:
            told = _INPUT.fullmatch(name)
            path, member = told.groups() if told else (name, "")
            whole = path + (member or "")
            if whole not in inputs:
                inputs[whole] = -1 if path == "<internal>" else known.get(os.path.abspath(whole), -2)
                if inputs[whole] == -2:
                    inputs[whole] = others.setdefault(os.path.basename(path), len(owners))
                    owners += [(kind, os.path.basename(path))] * (inputs[whole] == len(owners))
            place = inputs[whole]
            if size and place >= 0:
                placed.append(Placed(start, start + size, place))
        elif depth == SYMBOL and place >= 0 and name[:1] != "$":   # $a, $d, $t and $x tell data from code on ARM
            found.append(Found(start, start + size, name, place))
    return Layout(sorted(found, key=lambda one: (one.start, -one.end)), sorted(placed), owners, Literals(objects))

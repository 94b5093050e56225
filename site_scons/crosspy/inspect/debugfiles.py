"""Debug files that were split off: is the one there that a stripped file names, and is it the one of this very file?

Source: GDB manual, "Debugging Information in Separate Files"; the name by build-id is BUILD-ID/xx/yyyy.debug, .gnu_debuglink has its CRC-32.
"""
from __future__ import annotations

import os
import zlib
from pathlib import Path

from ..elf.elffacts import ElfFacts

_PIECE = 1 << 20   # bytes read at a time


def problem(folder: Path, facts: ElfFacts) -> str:
    """Say what is wrong with the debug file of a file, or return an empty string. folder: what .build-id/ is in."""
    path = folder / ".build-id" / facts.build_id[:2] / f"{facts.build_id[2:]}.debug"
    try:
        with open(path, "rb") as stream:
            crc = 0
            while piece := stream.read(_PIECE):
                crc = zlib.crc32(piece, crc)
    except OSError as error:
        return f"which cannot be read below {folder.name}/ ({error.strerror})"
    if os.path.basename(facts.debug_link) != path.name:
        return f"where its build-id makes it {path.name}"
    return "" if crc == facts.debug_crc else f"which has the CRC {crc:#x}, not {facts.debug_crc:#x}"

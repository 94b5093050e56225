"""The files that a toolchain links into every program: what they note about branch protection."""
from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path


def properties(parts: Iterable[str]) -> list[str]:
    """Return the GNU properties (BTI, IBT) that all crt files among a toolchain's parts have, sorted.

    A linker sets such a note only when each of its inputs has it (Linux Extensions to gABI, ".note.gnu.property").
    """
    from ..elf import elf   # only here: a warm run reads no ELF file
    found = []
    for path in (Path(part) for part in parts if re.fullmatch(r"S?crt\w+\.o", os.path.basename(part))):
        try:
            found.append(set(elf.read(path.read_bytes()).properties))
        except (OSError, elf.ElfError):
            continue   # not every toolchain has each of them
    return sorted(set.intersection(*found)) if found else []

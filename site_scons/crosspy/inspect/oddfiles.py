"""Files whose name, mode or first bytes look like a program or a library, but which are none."""
from __future__ import annotations

import re

from ..elf import archive, elf

HEAD = 4096   # bytes, with which all but ELF files are told apart
_NAMED_ELF = re.compile(r"\.(so(\.[\d.]+)?|o|a)$")
# What ld takes for a script in the place of a library (its manual, "Implicit Linker Scripts"), as libc.so and libncurses.so of many systems.
_SCRIPT = re.compile(rb"(?:\s|/\*[^*]*\*+(?:[^/*][^*]*\*+)*/)*(?:INPUT|GROUP|OUTPUT_FORMAT|OUTPUT_ARCH|SEARCH_DIR|VERSION|SECTIONS)\b")
_PACKAGE = archive.MAGIC + b"debian-binary"   # deb(5): an ar archive, but no library


def binary(head: bytes) -> bool:
    """Tell whether a file that begins so is ELF or a library's archive."""
    return head.startswith((elf.MAGIC, archive.MAGIC, archive.THIN)) and not head.startswith(_PACKAGE)


def kind(path: str, executable: bool, head: bytes) -> tuple[str, str]:
    """Return kind and problem (see findings.Entry) of a file that is not binary."""
    if _NAMED_ELF.search(path):
        if _SCRIPT.match(head):
            return "linker-script", "a script for ld, which is neither ELF nor ar"
        return "damaged", f"content that is neither ELF nor ar ({head[:8]!r})"
    # execve(2): what is executable begins with an ELF header or with "#!". Upstream's test modules have the bit by mistake.
    if executable and not head.startswith(b"#!") and not path.endswith(".py"):
        return "file", f"an executable that is neither ELF nor a script ({head[:8]!r})"
    return "file", ""

"""Lists in a library's own Makefile, as in ``OBJS = a.o b.o \\``."""
from __future__ import annotations

import re
from pathlib import Path

from ..errors import UserError


def words(path: Path, *names: str) -> tuple[str, ...]:
    """Return the words of make variables, in their order; a variable may go on behind a backslash.

    Raises UserError when the file or a variable is not there, or refers to another variable.
    """
    try:
        text = path.read_text("utf-8", "replace").replace("\\\n", " ")
    except OSError as error:
        raise UserError(str(path), f"it cannot be read ({error.strerror})", "get a complete copy of the archive") from None
    found: list[str] = []
    for name in names:
        lines = re.findall(rf"^{re.escape(name)}[ \t]*[:+]?=[ \t]*([^#\n]*)", text, re.MULTILINE)
        if not lines or any("$" in line for line in lines):
            raise UserError(str(path), f"it has no plain list {name}", "this version of the library is not known here: pin another one")
        found += " ".join(lines).split()
    return tuple(found)

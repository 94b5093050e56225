"""Include/*.h and Include/cpython/*.h -> the functions and data that upstream declares for everybody (PyAPI_FUNC, PyAPI_DATA of exports.h).

Not all of them are on every system: what a header declares for Windows stands here, too.
"""
from __future__ import annotations

import re
from pathlib import Path

from . import upstream

_FOLDERS = ("Include", "Include/cpython")
_DECLARED = re.compile(r"\bPyAPI_(?:FUNC|DATA)\s*\([^)]*\)\s*\**\s*(Py\w+)")   # names with an underscore in front are upstream's own


def declared(tree: Path) -> list[str]:
    """Return the names, sorted. Raises UserError for a header that cannot be read."""
    headers = sorted(f"{folder}/{path.name}" for folder in _FOLDERS for path in (tree / folder).glob("*.h"))
    return sorted({name for header in headers for name in _DECLARED.findall(upstream.read(tree, header))})

"""Misc/stable_abi.toml -> the symbols that an interpreter of the target must export (PEP 384, PEP 652)."""
from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from .. import tomlfile
from ..errors import UserError

WHERE = "Misc/stable_abi.toml"


def symbols(tree: Path, macros: Mapping[str, bool]) -> list[str]:
    """Return the functions and data of the stable ABI, sorted.

    macros: whether each feature macro that the file names is defined on the target. Raises UserError for one that is not
    there, as upstream's list has a new condition, and for a damaged list.
    """
    table = tomlfile.read(tree / WHERE, "use a complete CPython source tree")
    with tomlfile.formed(tree / WHERE):
        conditions = {name: row.get("ifdef", "") for kind in ("function", "data") for name, row in table.get(kind, {}).items()}
        unknown = {condition for condition in conditions.values() if condition and condition not in macros}
    if unknown:
        raise UserError(WHERE, f"nothing classifies {', '.join(sorted(map(str, unknown)))}", "add it to [stable_abi] of cpython/modules.toml")
    return sorted(name for name, condition in conditions.items() if not condition or macros[condition])

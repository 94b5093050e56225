"""The form of cpython/probes.toml: which keys each entry has and of which type; all that is wrong is told at once."""
from __future__ import annotations

from collections.abc import Mapping

# Table -> keys of an entry; one with a question mark may be left out. A table of plain strings has a type alone.
_BLOCK = {"block?": str, "sha256?": str}
_LISTED = {
    "fact": {"macro": str, "why": str, "value?": str, "only?": dict, **_BLOCK},
    "restated": {"name": str, "block": str, "sha256": str},
    "always": {"why": str, "macros": dict, **_BLOCK},
    "never": {"why": str, "macros": list, **_BLOCK},
    "dependency": {"name": str, "macros": list, "headers?": dict, "variables?": dict, "enabled?": dict, "enabled_variables?": dict},
}
_NAMED = {
    "program": {"block": str, "missing?": str},
    "expression": {"true": str, "include?": str, "variable?": str, **_BLOCK},
    "function": str, "header": str, "variables": str,
    "member": {"member": str, "include": str},
    "declaration": {"name": str, "include": str},
    "type": {"name?": str, "missing?": str, "include?": str},
    "case": {"assigns": str, "subject": str, "values?": dict},
    "option": {"option": str, "default": str, "values": dict, **_BLOCK},
}
TABLES = _LISTED.keys() | _NAMED.keys()
_MAY_BE_STRING = {"program"}
_WORDS = {str: "a string", dict: "a table", list: "a list of strings"}


def mistakes(data: Mapping) -> list[str]:
    """Return what is wrong with the parsed file, each with the place and the name of the entry."""
    found = [f"unknown table {name}" for name in sorted(data.keys() - TABLES)]
    for kind, keys in _LISTED.items():
        rows = data.get(kind, [])
        if not isinstance(rows, list):
            found.append(f"{kind} is not written as [[{kind}]]")
            continue
        for number, row in enumerate(rows, 1):
            found += _entry(f"{kind} {number}", row, keys)
    for kind, keys in _NAMED.items():
        rows = data.get(kind, {})
        if not isinstance(rows, dict):
            found.append(f"{kind} is not written as [{kind}]")
            continue
        for name, row in rows.items():
            plain = isinstance(keys, type) or (kind in _MAY_BE_STRING and isinstance(row, str))
            found += ([] if isinstance(row, str) else [f"{kind} {name} is not a string"]) if plain else _entry(f"{kind} {name}", row, keys)
    return found


def _entry(where: str, row: object, keys: Mapping[str, type]) -> list[str]:
    if not isinstance(row, dict):
        return [f"{where} is not a table"]
    label = row.get("macro") or row.get("name")
    where += f" ({label})" if isinstance(label, str) else ""
    known = {key.rstrip("?"): kind for key, kind in keys.items()}
    found = [f"{where} has the unknown key {key}" for key in row.keys() - known.keys()]
    found += [f"{where} has no {key}" for key in keys if not key.endswith("?") and row.get(key) in (None, "")]
    found += [f"{where}: {key} is not {_WORDS[kind]}" for key, kind in known.items()
              if key in row and (not isinstance(row[key], kind) or not _strings(row[key]))]
    found += [f"{where} has block without sha256, or the reverse"] if "block" in known and "sha256" in known and (
        ("block" in row) != ("sha256" in row)) else []
    return found


def _strings(value: object) -> bool:
    """Whether everything in a list or a table is a string (or, in a table, a list of strings)."""
    if isinstance(value, dict):
        return all(isinstance(item, str) or (isinstance(item, list) and _strings(item)) for item in value.values())
    return not isinstance(value, list) or all(isinstance(item, str) for item in value)

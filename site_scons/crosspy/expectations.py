"""variants/expectations.toml, variants/<name>/expectations.toml -> tests of CPython's own that may fail, each with its reason."""
from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from . import tomlfile
from .errors import UserError

FILE = "expectations.toml"


def load(folders: Iterable[Path], variants: Sequence[str], under_qemu: bool) -> dict[str, str]:
    """Return pattern of test ids -> reason, of all rows that hold for a variant.

    folders: those of variants; each may have a file for all, and one in the variant's own folder. variants: its name, and that
    of the one that a board inherits from. Raises UserError that
    lists all that is wrong with a file.
    """
    found: dict[str, str] = {}
    for path in (path for folder in folders for path in (folder / FILE, *(folder / name / FILE for name in variants))
                 if path.exists()):
        data = tomlfile.read(path)
        rows = data.get("expected", [])
        problems = [f"{key}: unknown key" for key in data if key != "expected"]
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            problems.append("expected: it is no list of tables")
        else:
            problems += [text for number, row in enumerate(rows, 1) for text in _wrong(row, f"row {number}: ")]
        if problems:
            raise UserError(str(path), "; ".join(problems), "a row has tests, why, and may have variants and qemu")
        for row in rows:
            if any(fnmatchcase(name, one) for one in row.get("variants", ["*"]) for name in variants) and row.get("qemu", under_qemu) == under_qemu:
                found |= dict.fromkeys(row["tests"], row["why"])
    return found


def _wrong(row: Mapping, where: str) -> Iterable[str]:
    for key in ("tests", "variants"):
        value = row.get(key, ["*"] if key == "variants" else None)
        if not isinstance(value, list) or not value or not all(isinstance(one, str) and one for one in value):
            yield f"{where}{key}: it is no list of patterns"
    if not isinstance(row.get("why"), str) or len(row["why"].strip()) < 10:
        yield f"{where}why: it is no reason"
    if not isinstance(row.get("qemu", True), bool):
        yield f"{where}qemu: it is not true or false"
    yield from (f"{where}{key}: unknown key" for key in row if key not in ("tests", "variants", "why", "qemu"))


def reason(test: str, expected: Mapping[str, str]) -> str:
    """Return why a test may fail, or an empty string."""
    return next((why for pattern, why in expected.items() if fnmatchcase(test, pattern)), "")

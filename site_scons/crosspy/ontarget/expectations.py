"""variants/expectations.toml, variants/<name>/expectations.toml -> tests of CPython's own that may fail, each with its reason."""
from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import NamedTuple

from .. import tomlfile
from ..errors import UserError

FILE = "expectations.toml"


class Row(NamedTuple):
    """Why tests may fail. sometimes: it depends on the machine or on a library whether they do."""

    why: str
    sometimes: bool = False


def load(folders: Iterable[Path], variants: Sequence[str], under_qemu: bool,
         lacks: Callable[[str], bool] = lambda module: False) -> dict[str, Row]:
    """Return pattern of test ids -> row, of all rows that hold for a variant.

    folders: those of variants; each may have a file for all, and one in the variant's own folder. variants: its name, and that
    of the one that a board inherits from. lacks: whether the interpreter has no module of a name. Raises UserError that lists all
    that is wrong with a file.
    """
    found: dict[str, Row] = {}
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
            raise UserError(str(path), "; ".join(problems), "a row has tests, why, and may have variants, qemu, lacks and sometimes")
        for row in rows:
            if (any(fnmatchcase(name, one) for one in row.get("variants", ["*"]) for name in variants)
                    and row.get("qemu", under_qemu) == under_qemu and ("lacks" not in row or any(map(lacks, row["lacks"])))):
                found |= dict.fromkeys(row["tests"], Row(row["why"], row.get("sometimes", False)))
    return found


def _wrong(row: Mapping, where: str) -> Iterable[str]:
    for key in ("tests", "variants", "lacks"):
        value = row.get(key, None if key == "tests" else ["*"])
        if not isinstance(value, list) or not value or not all(isinstance(one, str) and one for one in value):
            yield f"{where}{key}: it is no list of {'modules' if key == 'lacks' else 'patterns'}"
    if not isinstance(row.get("why"), str) or len(row["why"].strip()) < 10:
        yield f"{where}why: it is no reason"
    yield from (f"{where}{key}: it is not true or false" for key in ("qemu", "sometimes") if not isinstance(row.get(key, True), bool))
    yield from (f"{where}{key}: unknown key" for key in row if key not in ("tests", "variants", "why", "qemu", "lacks", "sometimes"))


def reason(test: str, expected: Mapping[str, Row]) -> str:
    """Return why a test may fail, or an empty string."""
    return next((row.why for pattern, row in expected.items() if fnmatchcase(test, pattern)), "")


def idle(expected: Mapping[str, Row], ran: Iterable[str], failed: Iterable[str]) -> list[str]:
    """Return the patterns that no failure has matched, though the file that they name ran. ran: files. failed: ids of tests."""
    there, failed = {_file(name) for name in ran}, list(failed)
    return [pattern for pattern, row in expected.items()
            if not row.sometimes and _file(pattern) in there and not any(fnmatchcase(test, pattern) for test in failed)]


def _file(name: str) -> str:
    """Return the test file that an id, a pattern or a part of a package (test.test_asyncio.test_events) belongs to, if it says so."""
    found = re.match(r"(?:test\.)?(test_\w+)", name)
    return found[1] if found else ""

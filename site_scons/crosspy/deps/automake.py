"""Reads the variables of a Makefile.am, so that a library's lists of sources need not be copied."""
from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from ..errors import UserError

_ASSIGNMENT = re.compile(r"^(\w+)[ \t]*(\+?=)[ \t]*(.*)$")
_DIRECTIVE = re.compile(r"^(if|else|endif|include)\b[ \t]*(.*)$")


def variables(path: Path, conditions: Mapping[str, bool]) -> dict[str, list[str]]:
    """Return each variable's words, nothing expanded, as Automake's ``if``, ``+=`` and ``include`` make them (manual, sections 7 and 20).

    conditions: AM_CONDITIONAL's name -> its value.  Raises UserError for a file that is missing and for a condition that is not known.
    """
    found: dict[str, list[str]] = {}
    _read(path, path.parent, conditions, found)
    return found


def _read(path: Path, top: Path, conditions: Mapping[str, bool], found: dict[str, list[str]]) -> None:
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(str(path), f"it cannot be read ({error})", "use the library's own archive, unchanged") from None
    taken: list[bool] = []
    for line in re.sub(r"\\\n", " ", text).splitlines():
        if directive := _DIRECTIVE.match(line):
            _direct(directive[1], directive[2].strip(), path, conditions, taken)
            if directive[1] == "include" and all(taken):
                _read(top / directive[2].strip().replace("$(srcdir)/", ""), top, conditions, found)
        elif (assignment := _ASSIGNMENT.match(line)) and all(taken):
            name, sign, value = assignment.groups()
            words = re.sub(r"(^|\s)#.*", "", value).split()
            found[name] = [*found.get(name, []), *words] if sign == "+=" else words


def _direct(word: str, rest: str, path: Path, conditions: Mapping[str, bool], taken: list[bool]) -> None:
    if word == "if":
        name = rest.removeprefix("!")
        if name not in conditions:
            raise UserError(str(path), f"the condition {name} is not known", "state it in the library's dep.toml")
        taken.append(conditions[name] != rest.startswith("!"))
    elif word == "else":
        taken[-1] = not taken[-1]
    elif word == "endif":
        taken.pop()

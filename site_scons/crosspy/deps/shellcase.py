"""Reads a shell script that decides by ``case`` alone, such as libffi's configure.host: its variables for one host."""
from __future__ import annotations

import fnmatch
import re
from collections.abc import Mapping

_CASE = re.compile(r"case\s+(\S+)\s+in$")
_ASSIGNMENT = re.compile(r"""(\w+)=("[^"]*"|'[^']*'|[^\s;]*);?\s*""")
_TEST = re.compile(r"""if test (\S+) (!?=) ("[^"]*"|\S+); then$""")


def variables(text: str, given: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that a script assigns.

    given: variables that it uses; any other is empty.  Of conditions only one comparison with ``test`` is understood, and
    any other is false (libffi asks the compiler for x32, which no variant is).  Commands are not run.
    """
    values, stack = dict(given), []  # stack: of each open case or if: [its word or None, already taken, now active]
    for line in re.sub(r"\\\n|(?<=\|\|)\n|(?<=&&)\n", " ", text).splitlines():
        line = line.strip()
        active = all(level[2] for level in stack)
        if found := _CASE.match(line):
            stack.append([_expand(found[1], values), False, False])
        elif line.startswith("if "):
            stack.append([None, True, active and _holds(line, values)])
        elif line == "else":
            stack[-1][2] = not stack[-1][2]
        elif line in ("fi", "esac"):
            stack.pop()
        elif line == ";;":
            stack[-1][2] = False
        elif stack and stack[-1][0] is not None and line.endswith(")") and not stack[-1][2] and not line.startswith("#"):
            stack[-1][2] = not stack[-1][1] and matches(stack[-1][0], line[:-1])
            stack[-1][1] |= stack[-1][2]
        elif active:
            _assign(line, values)
    return {name: value for name, value in values.items() if name not in given or given[name] != value}


def matches(word: str, patterns: str) -> bool:
    """Tell whether a word matches one of a case's patterns, ``a*-* | b*``."""
    return any(fnmatch.fnmatchcase(word, pattern.strip()) for pattern in patterns.split("|"))


def _holds(line: str, values: Mapping[str, str]) -> bool:
    found = _TEST.match(line)
    return bool(found) and (_expand(found[1], values) == _expand(found[3], values)) == (found[2] == "=")


def _assign(line: str, values: dict[str, str]) -> None:
    while found := _ASSIGNMENT.match(line):
        values[found[1]] = _expand(found[2], values)
        line = line[found.end():]


def _expand(word: str, values: Mapping[str, str]) -> str:
    if word.startswith("'"):
        return word.strip("'")
    return re.sub(r"\$\{?(\w+)\}?", lambda found: values.get(found[1], ""), word.replace('"', ""))

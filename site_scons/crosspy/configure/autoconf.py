"""Reads the macro calls of a configure.ac, so that what upstream states there need not be copied.

Only m4's quoting is understood, as Autoconf sets it up (``[`` and ``]``, Autoconf manual, section 8.1):
enough to find each call of a macro with its arguments, at any depth of nesting. Nothing is expanded.
"""
from __future__ import annotations

import re
from dataclasses import dataclass

from ..errors import UserError

_DNL = re.compile(r"\bdnl\b[^\n]*\n?")
_QUADRIGRAPHS = {"@<:@": "[", "@:>@": "]", "@%:@": "#", "@S|@": "$", "@&t@": ""}


@dataclass(frozen=True)
class Call:
    """One macro call: its name, its arguments with one level of quotes removed, and its place.

    line counts from 1; start and end are offsets into the text that was read.
    """

    name: str
    args: tuple[str, ...]
    line: int
    start: int
    end: int

    def arg(self, index: int) -> str:
        """Return an argument, or an empty string where the call has fewer."""
        return self.args[index] if index < len(self.args) else ""


def strip_comments(text: str) -> str:
    """Blank out ``dnl`` comments, keeping every offset and line number."""
    return _DNL.sub(lambda m: " " * (len(m.group()) - 1) + "\n" if m.group().endswith("\n") else " " * len(m.group()),
                    text)


def code(text: str) -> str:
    """Resolve Autoconf's quadrigraphs (manual, section 8.1.5) in a piece of C code and drop a quote level."""
    text = text.strip()
    while text.startswith("[") and text.endswith("]") and _closing(text, 0) == len(text) - 1:
        text = text[1:-1].strip()
    for name, char in _QUADRIGRAPHS.items():
        text = text.replace(name, char)
    return text


def words(text: str) -> list[str]:
    """Split a list argument as Autoconf does: at white space, line continuations dropped, quotes removed."""
    return text.replace("\\\n", " ").replace("[", " ").replace("]", " ").split()


def calls(text: str, *names: str, where: str = "configure.ac") -> list[Call]:
    """Return every call of the macros `names`, in the order of the file; comments must be blanked out already.

    Raises UserError when a call is not closed.
    """
    found, line, at = [], 1, 0
    for match in re.finditer(r"(?<!\w)(%s)\(" % "|".join(map(re.escape, names)), text):
        args, end = _arguments(text, match.end(), where)
        line, at = line + text.count("\n", at, match.start()), match.start()
        found.append(Call(match.group(1), args, line, match.start(), end))
    return found


def _closing(text: str, start: int) -> int:
    """Return the offset of the ``]`` that closes the ``[`` at `start`, or -1."""
    depth = 0
    for match in re.compile(r"[\[\]]").finditer(text, start):
        depth += 1 if match.group() == "[" else -1
        if depth == 0:
            return match.start()
    return -1


def _arguments(text: str, start: int, where: str) -> tuple[tuple[str, ...], int]:
    args, piece, depth, at = [], [], 0, start
    special = re.compile(r"[\[\](),]")
    while match := special.search(text, at):
        piece.append(text[at:match.start()])
        char, at = match.group(), match.end()
        if char == "[":
            end = _closing(text, match.start())
            if end < 0:
                break
            inner = text[match.start() + 1:end]
            piece.append(inner if depth == 0 else f"[{inner}]")
            at = end + 1
        elif char == "(":
            depth += 1
            piece.append(char)
        elif char == ")" and depth:
            depth -= 1
            piece.append(char)
        elif char == "," and depth:
            piece.append(char)
        elif char == "]":
            piece.append(char)
        else:
            args.append("".join(piece).strip())
            piece = []
            if char == ")":
                return tuple(args), at
    line = text.count("\n", 0, start) + 1
    raise UserError(f"{where}:{line}", "a macro call is not closed", "use the release's own file, unchanged")

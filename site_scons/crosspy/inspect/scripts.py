"""What an executable script asks for in its first line, and whether root/ has it."""
from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from . import links

_READ = 256   # bytes of the first line that the kernel reads (execve(2))


def shebang(root: Path, data: bytes) -> tuple[str, str]:
    """Return the interpreter that the beginning of a script names, and why root/ cannot run it: empty where it can.

    Of ``/usr/bin/env PROGRAM`` both words are returned.
    """
    words = data[2:_READ].partition(b"\n")[0].decode("utf-8", "backslashreplace").split()
    if not words:
        return "nothing", "names no interpreter"
    name = _program(words[1:]) if os.path.basename(words[0]) == "env" else ""
    return " ".join(filter(None, (words[0], name))), _unfit(root, words[0])


def _program(words: Sequence[str]) -> str:
    """Return what env(1) starts, by its words: options and assignments come first."""
    return next((word for word in words if not word.startswith("-") and "=" not in word), "")


def _unfit(root: Path, path: str) -> str:
    """Say why a path is no program in root/, or return an empty string."""
    end, wrong = links.follow(root, path)
    full = os.path.join(root, end)
    if wrong or not os.path.isfile(full):
        return wrong or "is no file"
    return "" if os.access(full, os.X_OK) else "is not executable"

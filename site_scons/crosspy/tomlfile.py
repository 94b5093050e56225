"""Reads a TOML file that a person wrote: its table, or one UserError, in bounded time and memory."""
from __future__ import annotations

import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .errors import UserError

MAX_SIZE = 1_000_000   # bytes; ours have 20,000. tomllib reads about 2 MB in a second


def read(path: Path, missing: str = "write it") -> dict:
    """Return the file's table. missing: what to do when there is no such file.

    Raises UserError when it is missing, unreadable, too large, or not TOML.
    """
    try:
        with open(path, "rb") as stream:
            data = stream.read(MAX_SIZE + 1)
    except FileNotFoundError:
        raise UserError(str(path), "the file does not exist", missing) from None
    except OSError as error:
        raise UserError(str(path), f"it cannot be read ({error.strerror})", "make it a readable file") from None
    if len(data) > MAX_SIZE:
        raise UserError(str(path), f"it is larger than {MAX_SIZE} bytes", "name the right file")
    try:
        return tomllib.loads(data.decode("utf-8"))
    except (ValueError, RecursionError) as error:   # also a number with too many digits, and brackets without end
        raise UserError(str(path), f"it is not TOML ({error})", "correct that place") from None


@contextmanager
def formed(path: Path) -> Iterator[None]:
    """Around code that picks a table apart: a key that is missing, or a value of another type, is one UserError."""
    try:
        yield
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise UserError(str(path), f"its form is wrong ({type(error).__name__}: {error})", "use the form of its other entries") from None

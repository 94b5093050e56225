"""Reads a TOML file that a person wrote: its table, or one UserError, in bounded time and memory."""
from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from .errors import UserError

MAX_SIZE = 1_000_000   # bytes; ours have 20,000. tomllib reads about 2 MB in a second
# What an entry must be: a type or several, where a list is one of strings; a table by its keys, where one with a question mark may be left
# out and ``*`` stands for any name; or a list of such tables, written as a list of one.
Form = type | tuple[type, ...] | list | Mapping[str, "Form"]
PATTERN = re.compile(r"(?![/.])(?!.*\*\*)[\w./*+-]+")   # of files below a folder, for Path.glob, which refuses some others
_WORDS = {str: "a string", list: "a list of strings", bool: "true or false"}


def read(path: Path, missing: str = "write it", form: Form | None = None) -> dict:
    """Return the file's table. missing: what to do when there is no such file. form: what the table must be.

    Raises UserError when it is missing, unreadable, too large, not TOML, or of another form; then with all that is wrong.
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
        table = tomllib.loads(data.decode("utf-8"))
    except (ValueError, RecursionError) as error:   # also a number with too many digits, and brackets without end
        raise UserError(str(path), f"it is not TOML ({error})", "correct that place") from None
    if form and (problems := list(mistakes(table, form))):
        raise UserError(str(path), "; ".join(problems), "see its comments and other entries")
    return table


def mistakes(value: object, form: Form, where: str = "") -> Iterator[str]:
    """Yield what is wrong with a value, each with its place. where: the place of the value itself."""
    if isinstance(form, list):
        if not isinstance(value, list):
            yield f"{where} is not written as [[{where}]]"
        for number, row in enumerate(value if isinstance(value, list) else (), 1):
            name = row.get("name") if isinstance(row, dict) else ""
            yield from mistakes(row, form[0], f"{where} {number}" + (f" ({name})" if name and isinstance(name, str) else ""))
    elif not isinstance(form, Mapping):
        kinds = form if isinstance(form, tuple) else (form,)
        if not isinstance(value, kinds) or isinstance(value, list) and not all(isinstance(one, str) for one in value):
            yield f"{where} is not {' or '.join(_WORDS[kind] for kind in kinds)}"
    elif not isinstance(value, dict):
        yield f"{where} is not a table"
    else:
        inside, known = f"{where}." if where else "", {key.rstrip("?"): kind for key, kind in form.items()}
        yield from (f"{inside}{key} is missing" for key in form if not key.endswith(("?", "*")) and key not in value)
        for key, inner in value.items():
            if kind := known.get(key, known.get("*")):
                yield from mistakes(inner, kind, f"{inside}{key}")
            else:
                yield f"{inside}{key} is an unknown key"


@contextmanager
def formed(path: Path) -> Iterator[None]:
    """Around code that picks a table apart: a key that is missing, or a value of another type, is one UserError."""
    try:
        yield
    except (LookupError, TypeError, AttributeError, ValueError) as error:
        raise UserError(str(path), f"its form is wrong ({type(error).__name__}: {error})", "use the form of its other entries") from None

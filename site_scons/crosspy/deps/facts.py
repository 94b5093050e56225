"""What is stated about a library: its deps/<name>/dep.toml; and what its own files say in passing."""
from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from .. import tomlfile
from ..errors import UserError

FOLDER = Path(__file__).resolve().parents[3] / "deps"
NAMED: tomlfile.Form = {"*": str}                     # of a library's own tables: name -> text
CONDITIONS: tomlfile.Form = {"on": list, "off": list}   # as `conditions` takes them
_INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*"([^"]+)"', re.M)
_WORD = re.compile(r"[A-Za-z_]\w*")


def table(name: str) -> dict:
    """Return a library's dep.toml. Raises UserError where it is missing or no TOML."""
    return tomlfile.read(FOLDER / name / "dep.toml")


def conditions(table: Mapping[str, Iterable[str]]) -> dict[str, bool]:
    """Return Automake's conditions of a dep.toml's lists ``on`` and ``off``."""
    return {**dict.fromkeys(table["on"], True), **dict.fromkeys(table["off"], False)}


def read(tree: Path, path: str) -> str:
    """Return the text of a file of a library's tree. Raises UserError where it cannot be read."""
    try:
        return (tree / path).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(str(tree / path), f"it cannot be read ({error})", "use the library's own archive, unchanged") from None


def mentioned(tree: Path, sources: Iterable[str], folders: Sequence[str]) -> set[str]:
    """Return every identifier of C sources and of the headers that they include by ``#include "..."``.

    sources, folders: below the tree; a header is looked for beside its user first, then in the folders.  Conditions are not
    looked at: what any configuration mentions is found.
    """
    todo, seen, words = [tree / source for source in sources], set(), set()
    while todo:
        path = todo.pop()
        if path in seen:
            continue
        seen.add(path)
        text = read(path.parent, path.name)
        words |= set(_WORD.findall(text))
        for name in _INCLUDE.findall(text):
            places = [path.parent / name, *(tree / folder / name for folder in folders)]
            todo += [place for place in places if place.is_file()][:1]
    return words

"""One ``.pc`` file of a sysroot, as pkg-config(1) reads it; every path in it is one on the device."""
from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ..errors import UserError

LARGEST = 100_000  # bytes; real ones have 500


@dataclass(frozen=True)
class Package:
    """What a .pc file says. cflags, libs: shell words, the latter with what a static link needs besides (``Libs.private``).

    requires: names of other packages whose libraries a static link needs.
    """

    where: Path
    version: str
    cflags: tuple[str, ...]
    libs: tuple[str, ...]
    private: tuple[str, ...]
    requires: tuple[str, ...]


def find(name: str, folders: Iterable[Path], root: Path) -> Path | None:
    """Return a package's .pc file: beside the libraries of one of some folders, or among those of no machine."""
    places = [*(folder / "pkgconfig" for folder in folders), root / "usr/share/pkgconfig"]
    return next((path for folder in places if (path := folder / f"{name}.pc").is_file()), None)


def read(path: Path, root: Path) -> Package:
    """Read a .pc file; ``-I`` and ``-L`` words are put below the sysroot. Raises UserError where it cannot be read."""
    try:
        text = path.read_bytes()[:LARGEST].decode("utf-8", "replace")
    except OSError as error:
        raise UserError(str(path), f"it cannot be read ({error.strerror})", "correct the sysroot") from None
    variables = {"pcfiledir": str(path.parent)}
    fields: dict[str, str] = {}
    for line in re.sub(r"\\\n", " ", text).splitlines():
        if match := re.match(r"\s*([\w.]+)\s*([=:])\s*(.*?)\s*(?:#.*)?$", line):
            (variables if match[2] == "=" else fields)[match[1]] = _expanded(match[3], variables)
    names = re.findall(r"[^\s,<>=]+", re.sub(r"[<>!]?=?\s+[\d.]+\w*", " ", f"{fields.get('Requires', '')} {fields.get('Requires.private', '')}"))
    return Package(path, fields.get("Version", ""), _words(path, fields.get("Cflags", ""), root), _words(path, fields.get("Libs", ""), root),
                   _words(path, fields.get("Libs.private", ""), root), tuple(name for name in names if not re.match(r"[\d.]+$", name)))


def _expanded(text: str, variables: Mapping[str, str]) -> str:
    for _ in range(20):  # a variable that names itself ends here
        wider = re.sub(r"\$\{([\w.]+)\}", lambda match: variables.get(match[1], ""), text)
        if wider == text or len(wider) > LARGEST:
            break
        text = wider
    return text


def _words(path: Path, text: str, root: Path) -> tuple[str, ...]:
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise UserError(str(path), f"it cannot be read ({error})", "correct the sysroot") from None
    return tuple(_below(word, root) for word in words)


def _below(word: str, root: Path) -> str:
    """Put the path of a -I or -L word below the sysroot, where it is not there already."""
    flag, place = word[:2], word[2:]
    if flag not in ("-I", "-L") or not place.startswith("/") or Path(place).is_relative_to(root):
        return word
    return f"{flag}{root}{place}" if str(root) != "/" else word

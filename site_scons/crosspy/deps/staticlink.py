"""What a static link needs behind a library of the sysroot: what its .pc file and those that it requires name, as files of the sysroot.

No dep.toml lists these libraries, and yet they are in the program. So they are linked by their files, and told by their names.
"""
from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from . import pkgconfig, sysrootfiles
from .sysrootfiles import STATIC, Search

# -l words that are parts of libc: the toolchain has them, and a program has them anyway. musl's Makefile, EMPTY_LIB_NAMES: archives
# without content; glibc's libcrypt is a project of its own.
LIBC = {"glibc": ("c", "m", "pthread", "dl", "rt", "util", "resolv", "anl"), "musl": ("c", "m", "pthread", "dl", "rt", "util", "resolv", "crypt", "xnet")}
# The compiler's own, where a sysroot has none of them.
COMPILER = ("gcc", "gcc_eh", "gcc_s", "atomic")


@dataclass(frozen=True)
class Other:
    """One library behind another. version: of the .pc file whose ``Libs`` names it, else empty.  files: absolute."""

    word: str
    version: str
    files: tuple[Path, ...]


@dataclass(frozen=True)
class Behind:
    """All that is behind a library. words: of the link, behind its own files.  others: what they stand for.  missing: -l words."""

    words: tuple[str, ...] = ()
    others: tuple[Other, ...] = ()
    missing: tuple[str, ...] = ()


def behind(package: pkgconfig.Package, own: Collection[str], search: Search) -> Behind:
    """Return what a static link needs behind a library. own: its -l words.  Raises UserError for a file that does not fit."""
    packages = _needed(package, search.folders, search.root)
    folders = [Path(word[2:]) for one in packages for word in (*one.libs, *one.private) if word.startswith("-L/")]
    wider = replace(search, folders=tuple(dict.fromkeys([*search.folders, *folders])))
    versions = {word: one.version for one in reversed(packages) for word in one.libs}
    words = _last([word for one in packages for word in (*one.libs, *one.private) if word.startswith("-l") and word not in own])
    files = {word: sysrootfiles.library(wider, word, STATIC) for word in words if word[2:] not in LIBC[search.variant.libc.name]}
    return Behind(tuple(_last([part for word in words for part in (map(str, files.get(word, ())) if files.get(word) else (word,))])),
                  tuple(Other(word, versions.get(word, ""), found) for word, found in files.items() if found),
                  tuple(word for word, found in files.items() if not found and word[2:] not in COMPILER))


def _needed(package: pkgconfig.Package, folders: Sequence[Path], root: Path) -> list[pkgconfig.Package]:
    """Return a package and those that it requires, each before what it requires itself: the order of a linker."""
    found: list[pkgconfig.Package] = []
    seen = {package.where}

    def add(one: pkgconfig.Package) -> None:
        for path in filter(None, (pkgconfig.find(name, folders, root) for name in reversed(one.requires))):
            if path not in seen:
                seen.add(path)
                add(pkgconfig.read(path, root))
        found.append(one)
    add(package)
    return found[::-1]


def _last(words: Sequence[str]) -> list[str]:
    """Return each word once, where it stands last: a static library goes behind all that need it."""
    return list(dict.fromkeys(reversed(words)))[::-1]

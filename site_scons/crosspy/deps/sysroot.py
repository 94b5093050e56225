"""Finds a third-party library in the target's sysroot: its headers, its files for the linker, its version. Never on the build machine.

A library counts only where the toolchain's own headers are, or below ``sysroot=``: the folders of libraries are those that belong to
these folders of headers. A file that is there must be for the target's machine.
"""
from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ..errors import UserError
from ..toolchains.toolchain import Toolchain
from ..variants.variant import Variant
from . import choice, pkgconfig, staticlink, sysrootfiles
from .library import Library, number
from .linkage import Linked
from .sysrootfiles import SHARED, STATIC, Search, real


@dataclass(frozen=True)
class Places:
    """Where a target's libraries may be. root: to which paths in .pc files are relative.  own: the toolchain looks there by itself."""

    root: Path
    include: tuple[Path, ...]
    own: bool

    def libraries(self, multiarch: str) -> list[Path]:
        """Return the folders of libraries beside those of headers, each once."""
        found: dict[Path, None] = {}
        for folder in self.include:
            base = folder if folder.name == "include" else folder.parent
            for name in (f"lib/{multiarch}", "lib64", "lib"):
                found[base.parent / name] = None
        return [folder for folder in found if folder.is_dir()]


def places(toolchain: Toolchain, sysroot: str, multiarch: str = "") -> Places:
    """Return where to look. multiarch: the folder of this machine's own headers, as Debian has them.

    Raises UserError for a toolchain that has no sysroot of its own and is given none, and for a sysroot without headers.
    """
    if sysroot:
        root = Path(os.path.abspath(sysroot))
        names = [*([f"usr/include/{multiarch}"] if multiarch else []), "usr/include", "include", "usr/local/include"]
        folders = tuple(folder for folder in (root / name for name in names) if folder.is_dir())
        if not folders:
            what = "it has no usr/include" if root.is_dir() else "there is no such folder"
            raise UserError(f"sysroot={sysroot}", what, "name the folder that holds usr/include and usr/lib (Buildroot: staging, not target)")
        return Places(root, folders, False)
    words = toolchain.cc
    include = tuple(Path(words[at + 1]) for at, word in enumerate(words) if word == "-isystem")
    if not include:
        raise UserError("deps=sysroot", f"{toolchain.kind} has headers and libraries of libc alone, and no sysroot",
                        "add sysroot=FOLDER, or use toolchain=gcc, clang or an SDK")
    return Places(_root(include), include, True)


def _root(include: Iterable[Path]) -> Path:
    """Return the folder that is ``/`` on the device: that in which a folder of headers is ``usr/include``."""
    for folder in include:
        if folder.parts[-2:] == ("usr", "include"):
            return folder.parents[1]
    return Path("/")


def find(library: Library, where: Places, variant: Variant, named: bool, say: Callable[[str], None]) -> Linked | None:
    """Return a library of the sysroot, or None where it is not there and was not named.

    named: ``deps=`` asks for this one by name; one of which only headers are there is told then, and passed over otherwise.  Raises
    UserError for one without headers, that is too old, damaged or for another machine, or of the other linkage.
    """
    out = f"correct the sysroot, or use {f'{library.name}:source or ' if library.pins else ''}{library.name}:none"
    search = Search(where.root, tuple(where.libraries(variant.python.multiarch)), variant, f"deps: {library.name}:sysroot", out)
    header = next((name for name in headers(library) if any(real(folder / name, where.root) for folder in where.include)), "")
    files = {word: _files(word, search) for word in library.links}
    missing = [word for word, found in files.items() if not found]
    if not header and len(missing) == len(files) and not named:
        return None
    if not header:
        raise search.refuse(f"{' or '.join(headers(library))} is not in {_told(where.include)}")
    package = _package(library, search.folders, where.root)
    behind = staticlink.behind(package, library.links, search) if variant.static and package and not missing else staticlink.Behind()
    if missing or behind.missing:
        what = (f"there is no library for {' and '.join(missing or behind.missing)} in {_told(search.folders)}"
                + (f", which {package.where} names for a static link" if behind.missing else ""))
        if named:
            raise search.refuse(what)
        say(f"{variant.name}: {library.name} is left out: the sysroot has {header}, but {what}")
        return None
    version = package.version if package else ""
    minimum = str(library.sysroot.get("minimum", ""))
    if minimum and (not version or number(version) < number(minimum)):
        folder = next(iter(files.values()))[0].parent
        raise search.refuse(f"{folder} has {library.name} {version or 'of a version that no .pc file tells'}; it must be {minimum} or newer")
    return _linked(library, where, header, files, package, behind)


def _linked(library: Library, where: Places, header: str, files: Mapping[str, tuple[Path, ...]], package: pkgconfig.Package | None,
            behind: staticlink.Behind) -> Linked:
    """Return a library that was found, as a build uses it."""
    include = [word for word in (package.cflags if package else ()) if word.startswith(("-I", "-D")) and not _searched(word, where)]
    include += [] if where.own else [f"-idirafter{folder}" for folder in where.include]
    paths = list(dict.fromkeys(path for found in files.values() for path in found))
    seen = [*paths, *(path for one in behind.others for path in one.files), *filter(None, (real(folder / header, where.root) for folder in where.include))]
    stats = [(str(path), os.stat(path).st_size, os.stat(path).st_mtime_ns) for path in seen]
    key = hashlib.sha256(repr((stats, header, include, behind.words)).encode()).hexdigest()
    return Linked(library.name, "sysroot", package.version if package else "", key, tuple(include), needs=library.needs, header=header, root=str(where.root),
                  words={word: (*map(str, found), *behind.words) for word, found in files.items()}, places=_places(paths, where),
                  behind=tuple((one.word, one.version, _places(one.files, where)) for one in behind.others))


def _searched(word: str, where: Places) -> bool:
    """Tell whether a -I word names a folder that is searched anyway, behind the toolchain's own headers: before them it would hide these."""
    return word.startswith("-I") and os.path.realpath(word[2:]) in map(os.path.realpath, where.include)


def _places(paths: Iterable[Path], where: Places) -> tuple[str, ...]:
    return tuple(f"/{path.relative_to(where.root)}" if path.is_relative_to(where.root) else str(path) for path in paths)


def headers(library: Library) -> list[str]:
    """Return the names that the header of a library may have in a sysroot."""
    told = library.sysroot.get("header", [])
    return [told] if isinstance(told, str) else list(told)


def _files(word: str, search: Search) -> tuple[Path, ...]:
    """Return the files of a -l word, in the linkage of the target. Raises UserError where only the other one is there."""
    static = search.variant.static
    wanted, other = (STATIC, SHARED) if static else (SHARED, STATIC)
    found = sysrootfiles.library(search, word, wanted)
    if not found and (wrong := sysrootfiles.library(search, word, other)):
        raise search.refuse(f"{search.variant.name} is one static program, and {wrong[0]} is a shared library alone" if static else
                            f"{wrong[0]} is a static library alone, and extension modules need a shared one")
    return found


def take(libraries: Mapping[str, Library], value: str, modes: Mapping[str, str], toolchain: Toolchain, sysroot: str,
         variant: Variant, say: Callable[[str], None]) -> tuple[dict[str, str], dict[str, Linked]]:
    """Return the modes of all libraries, ``none`` for those that a sysroot lacks, and what was found in it.

    value, modes: of ``deps=``.  Raises UserError as `places` and `find`, and where ``deps=sysroot`` finds nothing at all.
    """
    if "sysroot" not in modes.values():
        return dict(modes), {}
    where, (every, named) = places(toolchain, sysroot, variant.python.multiarch), choice.parse(value)
    told = {name: find(library, where, variant, name in named, say) for name, library in libraries.items() if modes[name] == "sysroot"}
    found = {name: one for name, one in told.items() if one}
    if every == "sysroot" and not found:
        raise UserError(f"deps={value}", f"none of {', '.join(told)} is in {_told(where.include)} and {_told(where.libraries(variant.python.multiarch))}",
                        "name the right folder with sysroot=, or use deps=source or deps=none")
    left = {name: "none" if name in told and name not in found else mode for name, mode in modes.items()}
    return choice.complete(value, left, libraries), found


def _told(folders: Iterable[Path]) -> str:
    return ", ".join(map(str, folders)) or "any folder"


def _package(library: Library, folders: Iterable[Path], root: Path) -> pkgconfig.Package | None:
    path = pkgconfig.find(str(library.sysroot.get("pkgconfig")), folders, root)
    return pkgconfig.read(path, root) if path else None

"""Finds a third-party library in the target's sysroot: its headers, its files for the linker, its version. Never on the build machine.

A library counts only where the toolchain's own headers are, or below ``sysroot=``: the folders of libraries are those that belong to
these folders of headers. A file that is there must be for the target's machine.
"""
from __future__ import annotations

import hashlib
import os
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ..errors import UserError
from ..toolchain import Toolchain
from ..variant import Variant
from . import choice, pkgconfig
from .library import Library
from .linkage import Linked


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


def places(toolchain: Toolchain, sysroot: str) -> Places:
    """Return where to look. Raises UserError for a toolchain that has no sysroot of its own and is given none."""
    if sysroot:
        root = Path(os.path.abspath(sysroot))
        folders = (root / "usr/include", root / "include", root / "usr/local/include")
        return Places(root, tuple(folder for folder in folders if folder.is_dir()), False)
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


def find(library: Library, where: Places, toolchain: Toolchain, variant: Variant, named: bool) -> Linked | None:
    """Return a library of the sysroot, or None where nothing of it is there and it was not named.

    named: ``deps=`` asks for this one by name.  Raises UserError for one that is there in part, too old, or for another machine.
    """
    option, out = f"deps: {library.name}:sysroot", f"correct the sysroot, or use {f'{library.name}:source or ' if library.pins else ''}{library.name}:none"
    folders = where.libraries(variant.python.multiarch)
    header = next((folder for folder in where.include if (folder / str(library.sysroot.get("header"))).is_file()), None)
    files = {word: _file(word, folders, variant.static) for word in library.links}
    shared = [word for word in library.links if not files[word] and _file(word, folders, False)]
    missing = [word for word in library.links if not files[word] and word not in shared]
    if header is None and len(missing) == len(library.links) and not named:
        return None
    if header is None:
        raise UserError(option, f"{library.sysroot.get('header')} is not in {_told(where.include)}", out)
    if missing:
        raise UserError(option, f"there is no library for {' and '.join(missing)} in {_told(folders)}", out)
    if shared:
        raise UserError(option, f"{variant.name} is one static program, and {_file(shared[0], folders, False)} is a shared library alone", out)
    for path in files.values():
        _check_machine(option, path, variant, out)
    package = _package(library, folders, where.root)
    version = package.version if package else ""
    minimum = str(library.sysroot.get("minimum", ""))
    if minimum and (not version or _number(version) < _number(minimum)):
        raise UserError(option, f"{path.parent} has {library.name} {version or 'of a version that no .pc file tells'}; "
                        f"it must be {minimum} or newer", out)
    include = [word for word in (package.cflags if package else ()) if word.startswith(("-I", "-D"))]
    include += [] if where.own else [f"-idirafter{header}"]
    more = _behind(package, folders, where.root) if variant.static and package else ()
    key = hashlib.sha256(" ".join(f"{path} {os.stat(path).st_size} {os.stat(path).st_mtime_ns}" for path in files.values()).encode())
    return Linked(library.name, "sysroot", version, key.hexdigest(), tuple(include),
                  words={word: (str(path), *more) for word, path in files.items()}, needs=library.needs)


def take(libraries: Mapping[str, Library], value: str, modes: Mapping[str, str], toolchain: Toolchain, sysroot: str,
         variant: Variant) -> tuple[dict[str, str], dict[str, Linked]]:
    """Return the modes of all libraries, ``none`` for those that a sysroot lacks, and what was found in it.

    value, modes: of ``deps=``.  Raises UserError as `find`.
    """
    if "sysroot" not in modes.values():
        return dict(modes), {}
    where, named = places(toolchain, sysroot), choice.parse(value)[1]
    told = {name: find(library, where, toolchain, variant, name in named) for name, library in libraries.items() if modes[name] == "sysroot"}
    found = {name: one for name, one in told.items() if one}
    left = {name: "none" if name in told and name not in found else mode for name, mode in modes.items()}
    return choice.complete(value, left, libraries), found


def _told(folders: Iterable[Path]) -> str:
    return ", ".join(map(str, folders)) or "any folder"


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) if part.isdigit() else 0 for part in version.replace("-", ".").split("."))


def _file(word: str, folders: Iterable[Path], static: bool) -> Path | None:
    """Return what a -l word means: a shared library, or a static one; the first folder that has either."""
    for folder in folders:
        for suffix in (".a",) if static else (".so", ".a"):
            path = folder / f"lib{word[2:]}{suffix}"
            if path.is_file():
                return path
    return None


def _package(library: Library, folders: Iterable[Path], root: Path) -> pkgconfig.Package | None:
    names = [folder / "pkgconfig" for folder in folders] + [root / "usr/share/pkgconfig"]
    found = (folder / f"{library.sysroot.get('pkgconfig')}.pc" for folder in names)
    return next((pkgconfig.read(path, root) for path in found if path.is_file()), None)


def _behind(package: pkgconfig.Package, folders: list[Path], root: Path) -> tuple[str, ...]:
    """Return the words that a static link needs behind a library: its .pc file's own, and those of what it requires."""
    found, pending, seen = dict.fromkeys(package.private), list(package.requires), set()
    while pending:
        name = pending.pop()
        path = next((folder / "pkgconfig" / f"{name}.pc" for folder in folders if (folder / "pkgconfig" / f"{name}.pc").is_file()), None)
        if path and name not in seen:
            seen.add(name)
            other = pkgconfig.read(path, root)
            found |= dict.fromkeys([*other.libs, *other.private])
            pending += other.requires
    return tuple(word for word in found if word.startswith(("-l", "-L")))


def _check_machine(option: str, path: Path, variant: Variant, out: str) -> None:
    from elftools.elf.enums import ENUM_E_MACHINE  # only here: other builds need none of it
    head = _head(path)
    if head[:4] != b"\x7fELF":
        return  # a linker script, or an archive without objects
    bits, order = 32 * head[4], "<" if head[5] == 1 else ">"
    machine = struct.unpack_from(f"{order}H", head, 18)[0]
    wanted = variant.machine
    if (machine, bits, order) != (ENUM_E_MACHINE[wanted.elf], wanted.bits, "<" if wanted.endian == "little" else ">"):
        names = {value: name for name, value in ENUM_E_MACHINE.items() if isinstance(value, int)}
        raise UserError(option, f"{path} is for another machine: {names.get(machine, machine)} with {bits} bits, "
                        f"{'little' if order == '<' else 'big'}-endian", out)


def _head(path: Path) -> bytes:
    """Return the ELF header of a library, or of the first object in an archive (ar(5): headers of 60 bytes); else what it begins with."""
    with path.open("rb") as stream:
        head, at = stream.read(20), 8
        if not head.startswith(b"!<arch>\n"):
            return head
        while True:
            stream.seek(at)
            header = stream.read(60)
            body = stream.read(20)
            if body.startswith(b"\x7fELF") or len(header) < 60 or not header[48:58].strip().isdigit():
                return body
            size = int(header[48:58])
            at += 60 + size + size % 2

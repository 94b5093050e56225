"""Where the loader of a root file system looks for libraries, with root/ laid over that file system.

Sources: ld.so(8) and ldconfig(8) for glibc, ldso/dynlink.c for musl.
"""
from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path
from typing import BinaryIO

from ..errors import UserError
from .links import look, trace

_MAX_LOADER, _MAX_PATH = 1 << 23, 4096   # bytes; the second as PATH_MAX of linux/limits.h
# What a device's settings may cost: one for a byte of them and for a name that a pattern is held against, more for a file or a pattern
# and for a folder. A usual device has a handful of lines; links and includes that lead to each other have no end.
_MAX_COST, _FILE, _FOLDER = 200_000, 1000, 100
_MUSL = re.compile(r"ld-musl-([\w.-]+)\.so\.1")
_MUSL_PATH = "/lib:/usr/local/lib:/usr/lib"
# SYSTEM_DIRS of glibc (elf/dl-load.c), which stand in the loader one behind the other: Debian's has those of multiarch.
_SYSTEM_DIRS = re.compile(rb"\0((?:(?:/[\w.+-]{1,255}){1,16}/\0){2,32})")
_TOKEN = re.compile(r"\$(?:ORIGIN\b|LIB\b|\{ORIGIN\}|\{LIB\})")   # ld.so(8), "Dynamic string tokens"


def check(root: str | Path) -> None:
    """Raise UserError for what is no root file system."""
    if not os.path.isdir(root):
        raise UserError(f"rootfs={root}", "it is no folder", "name the root file system of the device, unpacked")
    if not any(os.path.lexists(os.path.join(root, name)) for name in ("lib", "lib64", "usr/lib")):
        raise UserError(f"rootfs={root}", "it has no lib or usr/lib in it", "name the root file system of the device, unpacked")


class Files:
    """The files of a device, with those of root/ over them, by paths of the device; no link leads out to this machine."""

    def __init__(self, device: Path, own: Mapping[str, str], top: Path | None = None):
        """own: path in root/ -> target of a link, else an empty string. top: root/, to read files that lie there."""
        self.device, self.top, self.known = device, top, dict[str, str | None]()
        self.matched, self.left = dict[tuple[str, str], list[str]](), _MAX_COST
        # As unpacking root/ there would: where the device has a link to a folder, the file gets behind it.
        places = {folder: trace(folder, lambda path: self._device(path) or "")[0] for folder in {os.path.dirname(path) for path in own}}
        self.own = {os.path.join(places[os.path.dirname(path)], os.path.basename(path)): path for path in own}
        self.links, self.inside = {place: own[path] for place, path in self.own.items()}, dict[str, set[str]]()
        for place in self.own:
            while place:
                folder, name = os.path.split(place)
                self.inside.setdefault(folder, set()).add(name)
                place = folder

    def place(self, path: str) -> str | None:
        """Return where a path of the device ends, behind all links and without a ``/`` before it; None where nothing is."""
        place, wrong = trace(path, self._seen)
        return None if wrong else place

    def open(self, place: str) -> BinaryIO:
        """Open what lies at a place. Raises OSError; also for what is no file, as a pipe, at which opening would wait."""
        own = self.own.get(place)
        path = os.path.join(self.device if own is None or not self.top else self.top, own or place)
        if not os.path.isfile(path):
            raise FileNotFoundError(f"{path}: it is no file")
        return open(path, "rb")

    def text(self, path: str) -> str | None:
        """Return a text file of settings; None where there is none. Raises UserError for one that is too large."""
        try:
            with self.open(self.place(path) or "") as stream:
                text = stream.read(_MAX_COST).decode("utf-8", "replace")
        except OSError:
            return None
        self.spend(_FILE + len(text), path)
        return text

    @cached_property
    def conf(self) -> list[str]:
        """The folders of the device's ld.so.conf, which every loader of glibc shares."""
        return list(_conf(self, "/etc/ld.so.conf", set()))

    def spend(self, cost: int, what: str) -> None:
        """Count what settings cost. Raises UserError, which names `what`, when it is too much."""
        self.left -= cost
        if self.left < 0:
            raise UserError(f"rootfs={self.device}", f"the settings of its loader are too much to be read (at {what})",
                            "look there for lines that lead to each other, or to very many files or folders")

    def glob(self, pattern: str, below: str = "") -> list[str]:
        """Return the paths that a pattern matches, sorted (glob(7)); of folders that links make one, only the first is looked into.

        below: a folder to look in, no pattern. Raises UserError for one that leads to too many names.
        """
        if (below, pattern) not in self.matched:
            self.matched[below, pattern] = self._glob(pattern, below) if len(pattern) < _MAX_PATH else []
        return self.matched[below, pattern]

    def _glob(self, pattern: str, below: str) -> list[str]:
        found = {below: self.place(below)}
        for part in pattern.strip("/").split("/"):
            folders: dict[str, str] = {}
            for path, place in sorted(found.items()):
                if place is not None:
                    folders.setdefault(place, path)
            wild, found = re.search(r"[*?[]", part), {}
            for place, folder in folders.items():
                names = self._names(place) if wild else [part]
                self.spend(len(names), pattern)
                found |= {f"{folder}/{name}": self.place(f"{place}/{name}") for name in names
                          if name == part or fnmatchcase(name, part) and name[0] != "."}
        return sorted(path for path, place in found.items() if place is not None)

    def _names(self, place: str) -> Collection[str]:
        try:
            return {*self.inside.get(place, ()), *os.listdir(self.device / place)}
        except OSError:
            return self.inside.get(place, ())

    def _seen(self, path: str) -> str | None:
        return self.links[path] if path in self.links else "" if path in self.inside else self._device(path)

    def _device(self, path: str) -> str | None:
        if path not in self.known:
            self.known[path] = look(self.device, path)
        return self.known[path]


@dataclass(frozen=True)
class Loader:
    """A device's loader. path: of PT_INTERP. musl: it is musl's. folders: where it looks when the asking file names no place."""

    path: str
    musl: bool
    folders: tuple[str, ...]

    def expand(self, path: str, origin: str) -> list[str]:
        """Return the folders that one entry of DT_RPATH or DT_RUNPATH stands for; origin: the folder of the file that has it.

        $LIB has one value, which only the loader knows: each folder of its own below / or /usr may be it. musl has none.
        """
        libs = () if self.musl else (folder.removeprefix("/usr").lstrip("/") for folder in self.folders)
        found = [_TOKEN.sub(lambda token: origin if "ORIGIN" in token[0] else lib, path)
                 for lib in (dict.fromkeys(libs) if "LIB" in path else [""])]
        return [one for one in found if one.startswith("/") and "$" not in one]


def loader(files: Files, path: str, wide: bool) -> Loader:
    """Return the loader at a path. wide: it is for 64 bits."""
    if arch := _MUSL.fullmatch(os.path.basename(path)):
        text = files.text(f"etc/ld-musl-{arch[1]}.path")   # it replaces the default
        found = re.split("[:\n]", _MUSL_PATH if text is None else text)
        files.spend(len(found) * _FOLDER, f"ld-musl-{arch[1]}.path")
    else:
        found = [*files.conf, *_built_in(files, path, wide)]
    return Loader(path, bool(arch), tuple(dict.fromkeys(folder.rstrip("/") for folder in found if folder.startswith("/"))))


def _conf(files: Files, path: str, seen: set[tuple[str | None, str | None]]) -> Iterator[str]:
    """Yield the folders of one ld.so.conf, and of those that it includes (ldconfig(8)). seen: folder and place of those that were read."""
    at = files.place(os.path.dirname(path)), files.place(path)   # an include goes by the folder of the path that it was found at
    if at in seen:
        return
    seen.add(at)
    for line in (files.text(path) or "").splitlines():
        line = line.partition("#")[0].strip()
        if line.split()[:1] == ["include"]:
            for pattern in line.split()[1:]:
                files.spend(_FILE, f"include {pattern}")
                for inner in files.glob(os.path.join(os.path.dirname(path), pattern)):
                    yield from _conf(files, inner, seen)
        elif line.startswith("/"):   # "hwcap 1 name" of old ones is no path
            files.spend(_FOLDER, line)
            yield line.partition("=")[0]


def _built_in(files: Files, path: str, wide: bool) -> list[str]:
    """Return the folders that are built into glibc's loader, which only the loader itself tells: they are the builder's choice."""
    try:
        with files.open(files.place(path) or "") as stream:
            if found := _SYSTEM_DIRS.search(stream.read(_MAX_LOADER)):
                return found[1].decode().split("\0")
    except OSError:
        pass
    folder = os.path.dirname(path) or "/lib"
    triples = [*files.glob("/lib/*-linux-*"), *files.glob("/usr/lib/*-linux-*")]
    libs = dict.fromkeys((folder, *(("/lib64",) if wide else ()), *(one.removeprefix("/usr") for one in triples if ".so" not in one), "/lib"))
    return [f"{before}{lib}" for lib in libs for before in ("", "/usr")]

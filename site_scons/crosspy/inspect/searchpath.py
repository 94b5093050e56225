"""Where the loader of a root file system looks for libraries, with root/ laid over that file system.

Sources: ld.so(8) and ldconfig(8) for glibc, ldso/dynlink.c for musl.
"""
from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import BinaryIO

from ..errors import UserError
from .links import look, trace

_MAX_CONF, _MAX_INCLUDES, _MAX_LOADER = 1 << 20, 200, 1 << 23   # bytes of one file; files that include each other; bytes
_MUSL = re.compile(r"ld-musl-([\w.-]+)\.so\.1")
_MUSL_PATH = "/lib:/usr/local/lib:/usr/lib"
# SYSTEM_DIRS of glibc (elf/dl-load.c), which stand in the loader one behind the other: Debian's has those of multiarch.
_SYSTEM_DIRS = re.compile(rb"\0((?:(?:/[\w.+-]+)+/\0){2,})")
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
        """Return a text file, at most the first MB of it; None where there is none."""
        try:
            with self.open(self.place(path) or "") as stream:
                return stream.read(_MAX_CONF).decode("utf-8", "replace")
        except OSError:
            return None

    def glob(self, pattern: str) -> list[str]:
        """Return the paths that a pattern matches, sorted (glob(7))."""
        found = [""]
        for part in pattern.strip("/").split("/"):
            names = {folder: self._names(folder) for folder in found} if re.search(r"[*?[]", part) else dict.fromkeys(found, [part])
            found = [f"{folder}/{name}" for folder in found for name in names[folder]
                     if name == part or fnmatchcase(name, part) and name[0] != "."]
        return sorted(path for path in found if self.place(path) is not None)

    def _names(self, folder: str) -> Collection[str]:
        place = self.place(folder)
        try:
            return {*self.inside.get(place or "", ()), *os.listdir(self.device / (place or ""))}
        except OSError:
            return self.inside.get(place or "", ())

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
    else:
        found = [*_conf(files, "/etc/ld.so.conf", [_MAX_INCLUDES]), *_built_in(files, path, wide)]
    return Loader(path, bool(arch), tuple(dict.fromkeys(folder.rstrip("/") for folder in found if folder.startswith("/"))))


def _conf(files: Files, path: str, left: list[int]) -> Iterator[str]:
    """Yield the folders of one ld.so.conf, and of those that it includes (ldconfig(8))."""
    left[0] -= 1
    if left[0] < 0:
        return
    for line in (files.text(path) or "").splitlines():
        line = line.partition("#")[0].strip()
        if line.split()[:1] == ["include"]:
            for pattern in line.split()[1:]:
                for inner in files.glob(os.path.join(os.path.dirname(path), pattern)):
                    yield from _conf(files, inner, left)
        else:
            yield line.partition("=")[0]   # "hwcap 1 name" of old ones is no path


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

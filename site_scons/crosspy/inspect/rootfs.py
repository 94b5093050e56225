"""``rootfs=DIR``: does the loader of a real root file system find all that root/ needs, once root/ is laid over it?

searchpath.py tells where it looks, loading.py what it takes; here is who loads what.
"""
from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from ..elf import elf
from ..elf.elffacts import ElfFacts
from . import searchpath
from .findings import LINKED, Entry
from .loading import Library, Loaded, Process

_CORE = "Py_Initialize"
_HEAD = 64   # bytes of the larger ELF header


class RootFs:
    """A customer's root file system. read: returns the facts of a file; it is asked once for each."""

    def __init__(self, root: Path, read: Callable[[bytes], ElfFacts] = elf.read):
        searchpath.check(root)
        self.root, self.read = root, read


def resolve(entries: Sequence[Entry], rootfs: RootFs, top: Path | None = None) -> list[Entry]:
    """Return the entries with what the root file system lacks for them: libraries, versions, symbols.

    top: the folder of the entries; without it, links in it are as if they were not there.
    """
    device = _Device(entries, rootfs, top)
    return [device.resolved(entry) if entry.kind in LINKED else entry for entry in entries]


def _head(facts: ElfFacts) -> tuple[int, str, str]:
    return facts.bits, facts.data, facts.machine


class _Device:
    """A root file system with root/ over it, and the processes of the programs in root/."""

    def __init__(self, entries: Sequence[Entry], rootfs: RootFs, top: Path | None):
        links = {entry.path: os.readlink(top / entry.path) for entry in entries if top and entry.kind == "link"}
        self.files = searchpath.Files(rootfs.root, {entry.path: "" for entry in entries if entry.kind != "link"} | links, top)
        self.read, self.known = rootfs.read, dict[tuple[str, tuple[int, str, str]], Library | str]()
        self.linked = [entry for entry in entries if entry.kind in LINKED]
        self.own = {self.files.place(entry.path): Library(entry.facts) for entry in self.linked}
        self.loaders: dict[tuple[str, int], searchpath.Loader] = {}
        self.programs = [(*self._started(entry), entry) for entry in self.linked if entry.facts.interpreter]

    def resolved(self, entry: Entry) -> Entry:
        """Return an entry with what is missing for it."""
        process, missing = next(((process, missing) for process, missing, one in self.programs if one is entry), None) or self._opened(entry)
        return replace(entry, missing=tuple(sorted(set(missing))), unresolved=tuple(process.unresolved(entry.facts)))

    def _started(self, entry: Entry) -> tuple[Process, list[str]]:
        """Start a program. Returns its process and what is missing."""
        path, missing = entry.facts.interpreter, []
        process = self._process(path, entry.facts)
        process.whole = process.itself is not None
        if not process.whole:
            what = self._at(path, entry.facts)
            missing.append(f"{path} ({what})" if what else path)
        return process, missing + process.load(self._loaded(entry, None))

    def _opened(self, entry: Entry) -> tuple[Process, list[str]]:
        """Open a library with dlopen(3): in the programs of root/ that load it or Python."""
        hosts = [process for process, _, program in self.programs if _head(program.facts) == _head(entry.facts)
                 and any(one.library is self._library(entry) or _CORE in one.library.facts.exports for one in process.scope)]
        process = self._process(hosts[0].loader.path if hosts else self._interpreter(entry.facts), entry.facts)
        for host in hosts:
            process.names = {**host.names, **process.names}
            process.scope += host.scope
            process.whole = process.whole and host.whole
        # Python may be no part of root/'s programs, or they do not find it, which is said there.
        for core in self.linked:
            if core is not entry and _CORE in core.facts.exports and _head(core.facts) == _head(entry.facts):
                process.load(self._loaded(core, None))
        return process, process.load(self._loaded(entry, hosts[0].scope[0] if hosts else None))

    def _library(self, entry: Entry) -> Library:
        return self.own[self.files.place(entry.path)]

    def _loaded(self, entry: Entry, asker: Loaded | None) -> Loaded:
        return Loaded(os.path.basename(entry.path), f"/{os.path.dirname(entry.path)}", self._library(entry), asker)

    def _process(self, path: str, like: ElfFacts) -> Process:
        if (path, like.bits) not in self.loaders:
            self.loaders[path, like.bits] = searchpath.loader(self.files, path, like.bits == 64)
        itself = self._at(path, like)
        return Process(self.loaders[path, like.bits], self._search, lambda folder: self.files.place(folder) is not None,
                       Loaded(os.path.basename(path), os.path.dirname(path), itself) if isinstance(itself, Library) else None)

    def _interpreter(self, like: ElfFacts) -> str:
        """Return the loader of a library that no program of root/ tells: the device's own for its machine."""
        told = [one.facts.interpreter for one in self.linked if one.facts.interpreter and _head(one.facts) == _head(like)]
        there = [path for path in self.files.glob("/lib*/ld*.so.[0-9]") if isinstance(self._at(path, like), Library)]
        # With both on a device, who needs glibc's name of the C library is not for musl's loader.
        return next(iter(told + sorted(there, key=lambda path: ("musl" in path) == ("libc.so.6" in like.needed))), "")

    def _search(self, name: str, folders: Sequence[str], like: ElfFacts, loader: searchpath.Loader) -> tuple[str, Library] | str:
        """Return the folder and the library that a loader takes, or what is wrong with one of that name, or an empty string."""
        if "/" in name:
            folders, name = [os.path.dirname(name)], os.path.basename(name)
        wrong = ""
        # glibc takes those for a newer processor first; which one it is nobody knows here, and they have the same symbols.
        more = [] if loader.musl else (inner for folder in folders for inner in self.files.glob("glibc-hwcaps/*", folder))
        for group in (folders, more):
            for folder in group:
                found = self._at(f"{folder}/{name}", like)
                if isinstance(found, Library):
                    return folder, found
                wrong = wrong or (f"in {folder}, {found}" if found else "")
                if found and (loader.musl or not found.startswith("for ")):
                    return wrong   # glibc goes on behind a file for another machine; behind a damaged one neither does
        return wrong

    def _at(self, path: str, like: ElfFacts) -> Library | str:
        """Return what lies at a path, or why it is none for this machine, or an empty string where nothing is."""
        place, head = self.files.place(path), _head(like)
        if place is None:
            return ""
        if place in self.own:
            found = self.own[place]
            return found if _head(found.facts) == head else _for(_head(found.facts))
        if (place, head) not in self.known:
            self.known[place, head] = self._read(place, head)
        return self.known[place, head]

    def _read(self, place: str, head: tuple[int, str, str]) -> Library | str:
        try:
            with self.files.open(place) as stream:
                found = elf.head(first := stream.read(_HEAD), 0, os.fstat(stream.fileno()).st_size)
                return Library(self.read(first + stream.read())) if found == head else _for(found)
        except OSError:
            return ""
        except elf.ElfError as error:
            return f"which cannot be read: {error}"


def _for(head: tuple[int, str, str]) -> str:
    return f"for {head[2]}, {head[0]} bits, {head[1]} endian"

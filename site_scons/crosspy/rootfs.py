"""``rootfs=DIR``: does the loader of a real root file system find all that root/ needs?

As ld.so(8) does it for glibc, and ldso/dynlink.c for musl: each DT_NEEDED along the loader's path, each version in the
library that it is asked of, each symbol in the program or in any library that came with it.
"""
from __future__ import annotations

import glob
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from . import elf
from .elffacts import ElfFacts
from .errors import UserError
from .findings import LINKED, Entry
from .links import follow

_CORE = "Py_Initialize"
_MAX_CONF, _MAX_INCLUDES = 1 << 20, 200   # bytes of one file; files that include each other


class RootFs:
    """A customer's root file system. read: returns the facts of a file; it is asked once for each."""

    def __init__(self, root: Path, read: Callable[[bytes], ElfFacts] = elf.read):
        if not root.is_dir():
            raise UserError(f"rootfs={root}", "it is no folder", "name the root file system of the device, unpacked")
        self.root, self.read = root, read
        self.folders = list(dict.fromkeys(self._folders()))
        if not self.folders:
            raise UserError(f"rootfs={root}", "it has no lib or usr/lib in it", "name the root file system of the device, unpacked")
        self.known: dict[tuple[str, int, str], ElfFacts | None] = {}

    def library(self, name: str, like: ElfFacts) -> ElfFacts | None:
        """Return the first library of that name on the path that is for the same machine, as the loader takes it."""
        key = name, like.bits, like.machine
        if key not in self.known:
            self.known[key] = self._search(name, like)
        return self.known[key]

    def has(self, path: str) -> bool:
        """Tell whether a path of the device exists."""
        return not follow(self.root, path)[1]

    def _search(self, name: str, like: ElfFacts) -> ElfFacts | None:
        for folder in [""] if "/" in name else self.folders:
            place, wrong = follow(self.root, f"{folder}/{name}")
            path = self.root / place
            if wrong or not path.is_file():
                continue
            try:
                facts = self.read(path.read_bytes())
            except (OSError, elf.ElfError):
                continue
            if (facts.bits, facts.data, facts.machine) == (like.bits, like.data, like.machine):
                return facts
        return None

    def _folders(self) -> Iterable[str]:
        for path in sorted(glob.glob("ld-musl-*.path", root_dir=self.root / "etc")):
            yield from self._text(f"etc/{path}").replace("\n", ":").split(":")
        yield from self._conf("etc/ld.so.conf", [_MAX_INCLUDES])
        # The loader's own: Debian's and musl's are a subset; a library for another machine does not count anyhow.
        for pattern in ("lib/*-linux-*", "usr/lib/*-linux-*", "lib64", "usr/lib64", "lib32", "usr/lib32", "lib", "usr/local/lib", "usr/lib"):
            yield from (f"/{name}" for name in sorted(glob.glob(pattern, root_dir=self.root)))

    def _conf(self, path: str, left: list[int]) -> Iterable[str]:
        """Yield the folders of one ld.so.conf, and of those that it includes (ldconfig(8))."""
        left[0] -= 1
        if left[0] < 0:
            return
        for line in self._text(path).splitlines():
            words = line.partition("#")[0].split()
            if words[:1] == ["include"]:
                for pattern in words[1:]:
                    inner = pattern.lstrip("/") if pattern.startswith("/") else os.path.join(os.path.dirname(path), pattern)
                    for name in sorted(glob.glob(inner, root_dir=self.root)):
                        yield from self._conf(name, left)
            elif words:
                yield words[0]

    def _text(self, path: str) -> str:
        place, wrong = follow(self.root, path)
        try:
            with open(self.root / place, "rb") as stream:
                return "" if wrong else stream.read(_MAX_CONF).decode("utf-8", "replace")
        except OSError:
            return ""


def resolve(entries: Sequence[Entry], rootfs: RootFs) -> list[Entry]:
    """Return the entries with what the root file system lacks for them: libraries, versions, symbols."""
    linked = [entry for entry in entries if entry.kind in LINKED]
    own = {name: entry.facts for entry in linked for name in (entry.facts.soname, os.path.basename(entry.path)) if name}
    core = [entry.facts for entry in linked if _CORE in entry.facts.exports]
    return [_resolved(entry, core, own, rootfs) if entry in linked else entry for entry in entries]


def _resolved(entry: Entry, core: list[ElfFacts], own: dict[str, ElfFacts], rootfs: RootFs) -> Entry:
    scope, missing = {}, []
    queue = [(name, "") for facts in (entry.facts, *core) for name in facts.needed]
    while queue:
        name, asker = queue.pop()
        if name in scope:
            continue
        scope[name] = own.get(name) or rootfs.library(name, entry.facts)
        if scope[name]:
            queue += [(inner, name) for inner in scope[name].needed]
        elif asker or name in entry.facts.needed:
            missing.append(f"{name} (for {asker})" if asker else name)
    if entry.facts.interpreter and not rootfs.has(entry.facts.interpreter) and entry.facts.interpreter.lstrip("/") not in own:
        missing.append(entry.facts.interpreter)
    found = [facts for facts in (entry.facts, *core, *scope.values()) if facts]
    return replace(entry, missing=tuple(sorted(set(missing))), unresolved=tuple(_unresolved(entry.facts, scope, found)))


def _unresolved(facts: ElfFacts, scope: dict[str, ElfFacts | None], found: list[ElfFacts]) -> Iterable[str]:
    exports = {name for one in found for name in one.exports}
    versioned = {(symbol, version.name) for one in found for version in one.defines for symbol in version.symbols}
    yield from sorted(set(facts.undefined) - exports)
    for version in facts.versions:
        library = scope.get(version.library)
        if library and version.name not in {one.name for one in library.defines}:
            yield f"{version.name} in {version.library}"
        elif library:
            yield from (f"{name}@{version.name}" for name in version.symbols
                        if (name, version.name) not in versioned and name not in facts.weak)

"""What one process has loaded: which file answers a DT_NEEDED, and which symbol a reference, by the rules of glibc and of musl.

Sources: ld.so(8), glibc's elf/dl-load.c (_dl_map_object) and elf/dl-lookup.c (check_match); musl's ldso/dynlink.c (load_library).
"""
from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from ..elf.elffacts import ElfFacts, Version
from .searchpath import Loader

_OF_MUSL = re.compile(r"lib(c|pthread|rt|m|dl|util|xnet)\.")   # what musl's loader is itself


class Library:
    """The facts of a file in the shape in which symbols are looked up."""

    def __init__(self, facts: ElfFacts):
        self.facts, self.versions = facts, {version.name for version in facts.defines}

    @cached_property
    def bound(self) -> set[tuple[str, str]]:
        """Symbols with the versions that they have."""
        return {(symbol, version.name) for version in self.facts.defines for symbol in version.symbols}

    @cached_property
    def shown(self) -> set[str]:
        """Symbols that a reference without a version finds."""
        return set(self.facts.exports) - set(self.facts.hidden)

    @cached_property
    def plain(self) -> set[str]:
        """Symbols without a version; a reference with one finds them, too."""
        return set(self.facts.exports) - {symbol for symbol, _ in self.bound}

    def paths(self, tag: str) -> list[str]:
        """Return the entries of DT_RPATH or DT_RUNPATH; of several, loaders take the last."""
        told = [one for one in self.facts.search_paths if one.startswith(f"{tag} ")]
        return told[-1].partition(" ")[2].split(":") if told else []


@dataclass(frozen=True, eq=False)
class Loaded:
    """A file in a process. name: by which it was asked for; folder: where it was found; asker: who asked for it."""

    name: str
    folder: str
    library: Library
    asker: Loaded | None = None

    def folders(self, loader: Loader) -> Iterator[str]:
        """Yield where a loader looks for what the file needs."""
        one: Loaded | None = self
        while one and (loader.musl or not self.library.paths("RUNPATH")):
            # musl: both tags alike, of all that asked. glibc: DT_RPATH so, but a DT_RUNPATH, which is for its own file alone, takes its place.
            runpath, rpath = one.library.paths("RUNPATH"), one.library.paths("RPATH")
            for path in (runpath or rpath) if loader.musl else [] if runpath else rpath:
                yield from loader.expand(path, one.folder)
            one = one.asker
        if not loader.musl:
            for path in self.library.paths("RUNPATH"):
                yield from loader.expand(path, self.folder)
        yield from loader.folders


# What finds a library for the machine of a file, in one of some folders; else it says what is wrong with one that is there.
Search = Callable[[str, Sequence[str], ElfFacts, Loader], tuple[str, Library] | str]


@dataclass
class Process:
    """scope: where symbols are looked up. names: what is not searched for again. itself: the loader, if it can be read.

    exists: tells whether there is a folder at all. whole: nothing is missing.
    """

    loader: Loader
    search: Search
    exists: Callable[[str], bool]
    itself: Loaded | None = None
    names: dict[str, Loaded] = field(default_factory=dict)
    scope: list[Loaded] = field(default_factory=list)
    whole: bool = True

    def load(self, first: Loaded) -> list[str]:
        """Load a file and all that it needs, breadth first. Returns what is missing, in words."""
        missing, queue = [], deque([first])
        self._add(first)
        while queue:
            asker = queue.popleft()
            wanted = [name for name in asker.library.facts.needed if not self._of_loader(name) and name not in self.names]
            folders = [folder for folder in dict.fromkeys(asker.folders(self.loader)) if self.exists(folder)] if wanted else []
            for name in wanted:
                if name in self.names:
                    continue
                found = self.search(name, folders, asker.library.facts, self.loader)
                if isinstance(found, str):
                    notes = "; ".join(filter(None, ("" if asker is first else f"for {asker.name}", found)))
                    missing.append(f"{name} ({notes})" if notes else name)
                else:
                    queue.append(Loaded(name, *found, asker))
                    self._add(queue[-1])
        self.whole = self.whole and not missing
        return missing

    def _add(self, one: Loaded) -> None:
        self.scope.append(one)
        self.names.setdefault(one.name, one)
        if one.library.facts.soname and not self.loader.musl:   # which compares names of files only
            self.names.setdefault(one.library.facts.soname, one)

    def _of_loader(self, name: str) -> bool:
        """Tell whether the loader itself is asked for, which is in memory anyhow."""
        asked = bool(_OF_MUSL.match(name)) if self.loader.musl else self.itself is not None and name in (
            self.itself.name, self.itself.library.facts.soname)
        if asked and self.itself:
            self.names[name] = self.itself
            if self.itself not in self.scope:
                self.scope.append(self.itself)
        return asked

    def unresolved(self, facts: ElfFacts) -> Iterator[str]:
        """Yield symbols and versions that a file asks for and that are not in memory, unless they may be in what is missing."""
        libraries, weak = [one.library for one in self.scope], set(facts.weak)
        wanted = set(facts.undefined)
        if self.loader.musl:   # it knows no versions
            wanted |= {symbol for version in facts.versions for symbol in version.symbols} - weak
        if self.whole:
            yield from sorted(name for name in wanted if not any(name in one.shown for one in libraries))
        if not self.loader.musl:
            for version in facts.versions:
                if loaded := self.names.get(version.library):
                    yield from _unbound(version, loaded.library, libraries, weak)


def _unbound(version: Version, asked: Library, libraries: list[Library], weak: set[str]) -> Iterator[str]:
    """Yield what is wrong with the references to one version of one library.

    glibc warns ("no version information available") where the library defines no versions, but ends with "Inconsistency
    detected by ld.so" at the first such symbol where it has no DT_VERSYM at all, which it has when it needs versions itself.
    """
    accepted = version.weak or (not asked.versions and asked.facts.versions)
    if version.name not in asked.versions and not accepted:
        yield f"{version.name} in {version.library}"
        return
    yield from (f"{name}@{version.name}" for name in version.symbols if name not in weak
                and not any((name, version.name) in one.bound or name in one.plain for one in libraries))

"""The plan of a target meets its libraries: -I words for those who include them, files in the place of -l words."""
from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ..paths import node
from .library import Library


@dataclass(frozen=True)
class Linked:
    """One library as a build uses it.

    mode: ``source`` or ``sysroot``.  include: compile words.  files: -l word -> static library, relative to the top; or ``words``: -l
    word -> words of the link, files first.  needs: libraries behind it.  system: -l words behind all.  headers: files that commands make.  key: changes
    whenever the library could.  header, places, root: of one in a sysroot, the header that it was
    known by, its files, from the sysroot's root, and that one.  behind: what a static link takes from the sysroot with it: -l word, version, files.
    """

    name: str
    mode: str
    version: str
    key: str
    include: tuple[str, ...] = ()
    files: Mapping[str, str] | None = None
    words: Mapping[str, tuple[str, ...]] | None = None
    needs: tuple[str, ...] = ()
    system: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()
    header: str = ""
    places: tuple[str, ...] = ()
    root: str = ""
    behind: tuple[tuple[str, str, tuple[str, ...]], ...] = ()

    @property
    def told(self) -> str:
        """Return where one in a sysroot was found, and which version, in a few words."""
        return f"in the sysroot, version {self.version or 'unknown'}: {', '.join(self.places)}"

    @property
    def paths(self) -> list[str]:
        """Return the files of one in a sysroot, each once."""
        return list(dict.fromkeys(word for words in (self.words or {}).values() for word in words if word.startswith("/")))


def words(libraries: Mapping[str, Library], modes: Mapping[str, str]) -> dict[str, str]:
    """Return -l word -> library, for all that are there."""
    return {word: name for name, library in libraries.items() if modes[name] != "none" for word in library.links}


def needed(target: Mapping, owners: Mapping[str, str], libraries: Mapping[str, Library]) -> list[str]:
    """Return the libraries that a plan links, each behind those that it needs. owners: as `words` returns it."""
    used = {owners[word] for link in target["links"] for word in link["libs"].split() if word in owners}
    found: dict[str, None] = {}

    def add(name: str) -> None:
        for other in libraries[name].needs:
            add(other)
        found[name] = None
    for name in libraries:
        if name in used:
            add(name)
    return list(found)


def attach(target: dict, linked: Mapping[str, Linked], owners: Mapping[str, str]) -> None:
    """Put the libraries into a target's rows: include words and headers of units, files of links.

    A unit whose library is not among them belongs to a module that this run does not link.
    """
    for unit in target["units"]:
        used = [linked[name] for name in _all(unit.get("libraries", ()), linked)]
        unit["needs"] = [node(header) for one in used for header in one.headers]
        unit["states"] = [one.key for one in used]
        if used:
            unit["extra"] = " ".join(filter(None, [unit["extra"], *(shlex.quote(word) for one in used for word in one.include)]))
    for link in target["links"]:
        _link(link, linked, owners)
    # libpython.a has the objects of built-in modules: whoever links it needs their libraries, too.
    target["embedded"] = list(dict.fromkeys(path for link in target["links"] if link["kind"] == "program" for path in link["archives"]))


def _all(names: Iterable[str], linked: Mapping[str, Linked]) -> list[str]:
    """Return libraries and those that they need, each once, those that need others first: the order of a linker.

    One that is not linked is passed over: a shared library of a sysroot names by itself what it needs.
    """
    found: dict[str, None] = {}
    pending = [name for name in names if name in linked]
    while pending:
        name = pending.pop(0)
        found.pop(name, None)
        found[name] = None
        pending += [other for other in linked[name].needs if other in linked]
    return list(found)


def _link(link: dict, linked: Mapping[str, Linked], owners: Mapping[str, str]) -> None:
    given = link["libs"].split()
    own = [word for word in given if owners.get(word) in linked]
    link["archives"], link["states"] = [], []
    if not own or link["kind"] == "archive":
        return
    files, rest = [], []
    for name in _all(dict.fromkeys(owners[word] for word in own), linked):
        one = linked[name]
        mine = [word for word in own if owners[word] == name]
        # A library behind another one comes with all that it has.
        for word in mine or (one.files or one.words or {}):
            files += [one.files[word]] if one.files else []
            rest += one.words[word] if one.words else []
        rest += one.system
        link["states"].append(one.key)
    link["archives"] = [node(path) for path in dict.fromkeys(files)]
    # Each word where it stands last: a static library goes behind all that need it.
    words = [word for word in given if word not in own] + [shlex.quote(word) for word in rest]
    link["libs"] = " ".join(list(dict.fromkeys(reversed(words)))[::-1])

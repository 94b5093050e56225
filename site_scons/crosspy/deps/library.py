"""deps/<name>/dep.toml -> Library: what is known about one third-party library besides its own sources.

Every key is described in deps/README.md. An unknown key, a missing one and a wrong type are errors that name the file and the key.
"""
from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from .. import tomlfile
from ..acquire.fetch import Archive
from ..errors import UserError


@dataclass(frozen=True)
class Library:
    """One library.

    name: its folder's, and that of its ``[[dependency]]`` row in probes.toml.  license: an SPDX expression.  license_files: of its
    tree; license_comments: files of it that begin with one; license_text: where no file of it has the text alone.  needs: libraries
    that it is linked with.  purl, cpe: as in components.Component.  links: -l word -> static library.  system: -l words of libc that it needs.
    instead_of: a library whose part it takes when it is chosen; it is not built otherwise.  pins: archives, newest first, none for
    one that only a sysroot can have.  sysroot: how it is found there.  facts: the tables that its own rules read.
    """

    name: str
    summary: str
    license: str
    homepage: str
    license_files: tuple[str, ...] = ()
    license_comments: tuple[str, ...] = ()
    license_text: str = ""
    needs: tuple[str, ...] = ()
    system: tuple[str, ...] = ()
    instead_of: str = ""
    purl: str = ""
    cpe: str = ""
    links: Mapping[str, str] = field(default_factory=dict)
    sysroot: Mapping[str, object] = field(default_factory=dict)
    pins: tuple[Archive, ...] = ()
    facts: Mapping[str, object] = field(default_factory=dict)
    where: str = ""

    def licensed(self, version: str) -> str:
        """Return the licence of a version; that of the present one where the version is not known."""
        before, license = self.sysroot.get("license_before", ("", ""))
        return license if before and version[:1].isdigit() and number(version) < number(before) else self.license


def number(version: str) -> tuple[int, ...]:
    """Return what versions are compared by."""
    return tuple(int(part) if part.isdecimal() and len(part) < 20 else 0 for part in version.replace("-", ".").split("."))


_TEXT = {"summary": True, "license": True, "homepage": True, "license_text": False, "instead_of": False, "purl": False, "cpe": False}
_LISTS = ("license_files", "license_comments", "needs", "system")
_TABLES = ("links", "sysroot")
PURL = re.compile(r"pkg:[A-Za-z][\w.+-]*(/[\w.+~-]+)+")   # https://github.com/package-url/purl-spec, without a version
_ORIGIN = {"url": str, "debian": str, "suites": list, "file": str, "sha256": str, "size": int}
_SYSROOT = {"pkgconfig": str, "header": (str, list), "minimum": str, "license_before": list}


def load_all(folder: Path) -> dict[str, Library]:
    """Read every library of a folder, by name, those that others need before them. Raises UserError."""
    found = {path.parent.name: load(path) for path in sorted(folder.glob("*/dep.toml"))}
    for library in found.values():
        for other in (*library.needs, *filter(None, [library.instead_of])):
            if other not in found:
                raise UserError(library.where, f"there is no library {other}", f"name one of {', '.join(found)}")
    ordered: dict[str, Library] = {}

    def add(name: str, below: tuple[str, ...]) -> None:
        if name in below:
            raise UserError(found[name].where, f"needs goes in a circle: {' -> '.join((*below, name))}", "take one of them out")
        for other in found[name].needs:
            add(other, (*below, name))
        ordered[name] = found[name]
    for name in found:
        add(name, ())
    return ordered


def load(path: Path) -> Library:
    """Read one dep.toml. Raises UserError that lists all that is wrong with it."""
    data, name = tomlfile.read(path), path.parent.name
    own = {key for key, value in data.items() if isinstance(value, dict) and key not in _TABLES}  # the tables of its rules
    problems = [f"{key}: it is missing" for key, needed in _TEXT.items() if needed and key not in data]
    problems += [f"{key}: unknown key" for key in data if key not in (*_TEXT, *_LISTS, *_TABLES, "release") and key not in own]
    problems += [f"{key}: {data[key]!r} is not a string" for key in _TEXT if not isinstance(data.get(key, ""), str)]
    problems += [f"{key}: {data[key]!r} is no list of strings" for key in _LISTS if not _strings(data.get(key, []))]
    problems += [f"{key} is no table" for key in _TABLES if not isinstance(data.get(key, {}), dict)]
    if not problems:
        problems += [f"purl: {data['purl']!r} is none"] if "purl" in data and not PURL.fullmatch(data["purl"]) else []
        problems += [f"links.{word}: it is no -l word with a .a file" for word, file in data.get("links", {}).items()
                     if not word.startswith("-l") or not isinstance(file, str) or not file.endswith(".a")]
        problems += _typed("sysroot", data.get("sysroot", {}), _SYSROOT)
        if len(data.get("sysroot", {}).get("license_before", ("", ""))) != 2:
            problems.append("sysroot.license_before: it is no version and licence")
        problems += _problems(data.get("release", []))
    if problems:
        raise UserError(str(path), "; ".join(problems), "see deps/README.md")
    pins = tuple(_archive(name, block["version"], origin) for block in data.get("release", []) for origin in block["origin"])
    texts = {key: data[key] for key in _TEXT if key in data}
    lists = {key: tuple(data.get(key, ())) for key in _LISTS}
    return Library(name, **texts, **lists, links=data.get("links", {}), sysroot=data.get("sysroot", {}), pins=pins,
                   facts={key: data[key] for key in own}, where=str(path))


def _strings(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _typed(where: str, table: Mapping, keys: Mapping[str, type | tuple[type, ...]]) -> list[str]:
    """Return what is wrong with a table. keys: the type of each, or several; a list is one of strings."""
    found = [f"{where}.{key}: unknown key" for key in table if key not in keys]
    kinds = {key: kind if isinstance(kind, tuple) else (kind,) for key, kind in keys.items()}
    return found + [f"{where}.{key}: {value!r} is of the wrong type" for key, value in table.items()
                    if key in keys and (type(value) not in kinds[key] or isinstance(value, list) and not _strings(value))]


def _problems(releases: object) -> list[str]:
    if not isinstance(releases, list) or not all(isinstance(block, dict) for block in releases):
        return ["release is not written as [[release]]"]
    found = []
    for number, block in enumerate(releases, 1):
        where = f"release {number}"
        if set(block) != {"version", "origin"} or not isinstance(block["version"], str) or not isinstance(block["origin"], list):
            found.append(f"{where}: it has not exactly version (a string) and [[release.origin]] tables")
            continue
        for origin in block["origin"]:
            if not isinstance(origin, dict):
                found.append(f"{where}: an origin is no table")
                continue
            found += _typed(where, origin, _ORIGIN)
            if not re.fullmatch("[0-9a-f]{64}", str(origin.get("sha256"))):
                found.append(f"{where}: sha256 is not 64 hexadecimal digits")
            if "size" in origin and (not isinstance(origin["size"], int) or origin["size"] <= 0):
                found.append(f"{where}: size is no number of bytes")
            if "url" not in origin and not ("debian" in origin and "file" in origin):
                found.append(f"{where}: an origin has a url, or a Debian source package (debian) and the archive's name (file)")
            if ("debian" in origin) != ("suites" in origin):
                found.append(f"{where}: debian goes with suites")
    return found


def _archive(name: str, version: str, origin: Mapping) -> Archive:
    return Archive(name, version, origin["sha256"], origin.get("size", 0), tuple(filter(None, [origin.get("url")])), origin.get("debian", ""),
                   tuple(origin.get("suites", ())), origin.get("file", ""))

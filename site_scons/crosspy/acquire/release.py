"""cpython/releases.toml -> Release: the pins, which one a build takes, and its verified, unpacked source tree.

Sources in their order: ``source=``, ``downloads/``, python.org, Debian's source package. What has been unpacked once is
trusted by its stamp: a warm call costs a few stats, starts no process and prints nothing.
"""
from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256 as new_sha256
from pathlib import Path

from .. import tomlfile
from ..errors import UserError, nearest
from . import pinned
from .debian import from_debian
from .fetch import Archive, Fetcher, from_upstream, sha256_of, sweep, workspace
from .unpack import read_json, trusted, unpack, verify, write_json

FETCHERS: tuple[Fetcher, ...] = (from_upstream, from_debian)
_TREE = ("Include/patchlevel.h", "configure.ac", "Lib", "Modules/Setup.stdlib.in")
_VERSION = re.compile(r"(\d+\.\d+)\.(\d+)(?:(a|b|rc)(\d+))?")


@dataclass(frozen=True)
class Releases:
    """What releases.toml says. supported: series, the default first. pins: newest first."""

    supported: tuple[str, ...]
    pins: tuple[Archive, ...]

    def known(self) -> str:
        """Return series and releases that ``python=`` takes, for messages."""
        return ", ".join([*self.supported, *(pin.version for pin in self.pins)])


@dataclass(frozen=True)
class Release:
    """One CPython release on this disk. tree: the absolute folder of its source.

    digest: sha256 of the archive, "" for a ``source=`` folder.  editable: true only for such a folder, which people
    edit.  origin: where it came from, for people ("Debian forky").  pinned: the digest is in releases.toml.
    """

    version: str
    series: str
    tree: Path
    digest: str
    editable: bool
    origin: str
    pinned: bool = True


def load_pins(path: Path) -> Releases:
    """Read releases.toml. Raises UserError that lists all that is wrong with the file."""
    data = tomlfile.read(path)
    problems = _check(data, {"supported": str, "url": "", "debian": "", "release": dict}, "")
    pins: list[Archive] = []
    for number, block in enumerate(() if problems else data["release"], 1):
        wrong = _check(block, {"version": "", "sha256": "", "size": 0, "suites": str}, f"release {number}: ")
        wrong = wrong or _check_pin(block, data["supported"], pins)
        problems += wrong
        if not wrong:
            url, debian = (_filled(data[key], block["version"]) for key in ("url", "debian"))
            pins.append(Archive("Python", block["version"], block["sha256"], block["size"], (url,), debian,
                                tuple(block["suites"])))
    if problems:
        raise UserError(str(path), "; ".join(problems), "see the comments in that file")
    pins.sort(key=lambda pin: _order(pin.version), reverse=True)
    return Releases(tuple(data["supported"]), tuple(pins))


def _check(block: dict, keys: dict[str, object], where: str) -> list[str]:
    """Return what is wrong with a table. keys: each with a value of its type, or, for a list, its elements' type."""
    problems = [f"{where}{key}: unknown key" for key in block if key not in keys]
    for key, example in keys.items():
        value = block.get(key)
        if key not in block:
            problems.append(f"{where}{key}: it is missing")
        elif isinstance(example, type):
            if type(value) is not list or not value or not all(type(element) is example for element in value):
                problems.append(f"{where}{key}: {value!r} is no list of {'tables' if example is dict else 'strings'}")
        elif type(value) is not type(example):
            problems.append(f"{where}{key}: {value!r} is not {'a string' if example == '' else 'an integer'}")
    return problems


def _filled(template: str, version: str) -> str:
    return template.replace("{version}", version).replace("{series}", series_of(version))


def _check_pin(block: dict, supported: list[str], pins: list[Archive]) -> list[str]:
    version = block["version"]
    checks = {"is not a release such as 3.13.5": bool(_VERSION.fullmatch(version)),
              f"is of no supported series ({', '.join(supported)})": series_of(version) in supported,
              "is there twice": version not in [pin.version for pin in pins],
              "has a sha256 that is not 64 hexadecimal digits": bool(re.fullmatch("[0-9a-f]{64}", block["sha256"])),
              "has a size that is not positive": block["size"] > 0}
    return [f"release {version!r} {what}" for what, good in checks.items() if not good][:1]


def series_of(version: str) -> str:
    """Return "3.13" for "3.13.15"."""
    return ".".join(version.split(".")[:2])


def _order(version: str) -> tuple:
    series, micro, stage, number = _VERSION.fullmatch(version).groups()
    return (*map(int, series.split(".")), int(micro), stage or "z", int(number or 0))


def candidates(wanted: str, releases: Releases) -> list[Archive]:
    """Return the pins that a ``python=`` value allows, newest first; "" means the default series. Raises UserError."""
    wanted = wanted or releases.supported[0]
    found = [pin for pin in releases.pins if wanted in (pin.version, series_of(pin.version))]
    if not found:
        hint = nearest(wanted, [*releases.supported, *(pin.version for pin in releases.pins)])
        raise UserError(f"python={wanted}", "no release with this name is pinned" + (f"; {hint}" if hint else ""),
                        f"use one of {releases.known()}")
    return found


def acquire(wanted: str, releases: Releases, downloads: Path, sources: Path, source: str = "",
            say: Callable[[str], None] = print, fetchers: tuple[Fetcher, ...] = FETCHERS) -> Release:
    """Return the release that ``python=`` and ``source=`` ask for, with its tree unpacked below ``sources``.

    wanted: a series, an exact release, or "" where ``python=`` is not given.  say: gets one line per place asked.
    Raises UserError; the disk is then as it was.
    """
    downloads, sources = downloads.absolute(), sources.absolute()
    if source:
        return _from_source(wanted, releases, sources, Path(source).expanduser().absolute(), say)
    pins = candidates(wanted, releases)
    pin, origin = pinned.tree(f"python={wanted or series_of(pins[0].version)}", pins, downloads, sources,
                              _is_pinned, say, fetchers, ", or give source=PATH")
    return Release(pin.version, series_of(pin.version), sources / pin.folder, pin.sha256, False, origin)


def fetch(wanted: str, releases: Releases, downloads: Path, say: Callable[[str], None] = print,
          fetchers: tuple[Fetcher, ...] = FETCHERS) -> Path:
    """Return the verified archive that ``python=`` asks for, fetched where ``downloads/`` lacks it; unpack nothing."""
    downloads = downloads.absolute()
    pins = candidates(wanted, releases)
    sweep(downloads)
    where = f"python={wanted or series_of(pins[0].version)}"
    pin = pinned.at_hand(pins, downloads, None) or pinned.get(where, pins, downloads, say, fetchers, ", or give source=PATH")[0]
    verify(downloads / pin.file, pin)
    return downloads / pin.file


def _from_source(wanted: str, releases: Releases, sources: Path, path: Path, say: Callable[[str], None]) -> Release:
    where = f"source={path}"
    if path.is_dir():
        version = _tree_version(path, where, wanted, releases)
        return Release(version, series_of(version), path, "", True, where, False)
    if not path.is_file():
        raise UserError(where, "there is no such file or folder", "name a CPython source tree or a release archive")
    stat = path.stat()
    # Beside the trees: which archive is what, so that an unchanged one is hashed once only.
    memo = sources / f"source-{new_sha256(bytes(path)).hexdigest()[:16]}.json"
    facts = {"path": str(path), "size": stat.st_size, "mtime_ns": stat.st_mtime_ns, "inode": stat.st_ino}
    sweep(sources)
    known = read_json(memo)
    if not (facts.items() <= known.items() and trusted(sources, known.get("folder", ""), known.get("sha256", ""))):
        known = facts | _unpack_source(wanted, releases, sources, path, where, say)
        with workspace(sources, say) as work:
            write_json(memo, known, work)
    tree = sources / known["folder"]
    version = _tree_version(tree, where, wanted, releases)
    pinned = known["sha256"] in [pin.sha256 for pin in releases.pins]
    return Release(version, series_of(version), tree, known["sha256"], False, where, pinned)


def _unpack_source(wanted: str, releases: Releases, sources: Path, path: Path, where: str, say) -> dict[str, str]:
    digest = sha256_of(path)
    pin = next((pin for pin in releases.pins if pin.sha256 == digest), None)
    if pin:
        _agree(pin.version, wanted, where)
    if pin and trusted(sources, pin.folder, digest):
        return {"sha256": digest, "folder": pin.folder}

    def name(top: Path) -> str:
        version = _tree_version(top, where, wanted, releases)
        return pin.folder if pin else f"Python-{version}-{digest[:12]}"

    return {"sha256": digest, "folder": unpack(path, sources, {"sha256": digest, "origin": where}, name, say).name}


def _is_pinned(top: Path, pin: Archive) -> None:
    _tree_version(top, pin.file, pin.version, None)


def _tree_version(tree: Path, where: str, wanted: str, releases: Releases | None) -> str:
    """Return PY_VERSION of a CPython tree after checking what it is. Raises UserError."""
    missing = [name for name in _TREE if not (tree / name).exists()]
    text = "" if missing else (tree / _TREE[0]).read_text("utf-8", "replace")
    found = re.search(r'^#define\s+PY_VERSION\s+"([^"]+)"', text, re.MULTILINE)
    if not found:
        raise UserError(where, f"it is no CPython source tree: {', '.join(missing) or 'PY_VERSION'} is missing",
                        "name the folder or the archive of a CPython release")
    if releases and series_of(found[1]) not in releases.supported:
        raise UserError(where, f"it is CPython {found[1]}, of a series that is not supported",
                        f"take a release of {', '.join(releases.supported)}")
    _agree(found[1], wanted, where)
    return found[1]


def _agree(version: str, wanted: str, where: str) -> None:
    if wanted not in ("", version, series_of(version)):
        raise UserError(f"python={wanted}", f"{where} is CPython {version}", f"leave it out, or give python={version}")

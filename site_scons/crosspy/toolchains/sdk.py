"""Which compilers lie in the folder of an SDK, known by its layout: crosstool-ng, Buildroot, Yocto and their like.

crosstool-ng's manual ("Toolchain usage"): ``bin/<tuple>-gcc`` and ``<tuple>/sysroot``; musl-cross-make and Bootlin look the same.
Buildroot's manual ("Using the generated toolchain outside Buildroot"): the same behind a wrapper, with
``relocate-sdk.sh`` and ``share/buildroot``. Yocto's SDK manual ("Running the SDK environment setup script"): one
``environment-setup-<tuple>`` per target. The tuple is a hint only: what a compiler is for, it tells itself (fit.py).
"""
from __future__ import annotations

import os
import re
import shutil
import stat
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ..errors import UserError
from ..variants.variant import Variant
from . import fit, yocto
from .compiler import Driver, inside
from .hostprogram import check_host
from .identity import Identity

_DRIVER = re.compile(r"(?P<tuple>\w[\w.]*(?:-\w[\w.]*)+)-(?:gcc|clang)")
_WRAPPERS = ("toolchain-wrapper", "ccache")


@dataclass(frozen=True)
class Candidate:
    """One compiler of an SDK. name: how it is listed.  family: whose layout it has.  archiver: absolute."""

    name: str
    family: str
    driver: Driver
    archiver: str


@dataclass
class Found:
    """What lies in an SDK. broken: (name, what is wrong) of compilers and setup files that cannot be used."""

    compilers: list[Candidate]
    broken: list[tuple[str, UserError]]

    def add(self, name: str, make: Callable[[], Candidate]) -> bool:
        """Add what can be used, and tell whether it can; what cannot is told only when nothing else fits."""
        try:
            self.compilers.append(make())
        except UserError as error:
            self.broken.append((name, error))
            return False
        return True

    def __bool__(self) -> bool:
        return bool(self.compilers or self.broken)


def find(given: str, identity: Identity) -> Found:
    """Return the compilers of ``sdk:PATH``: a folder, or in it one environment-setup file or one compiler.

    Raises UserError when nothing is there, or nothing that looks like an SDK.
    """
    where, path, found = f"toolchain=sdk:{given}", Path(os.path.abspath(os.path.expanduser(given))), Found([], [])
    try:
        is_file = not stat.S_ISDIR(path.stat().st_mode)
        # a toolchain in a folder of its own: an unpacked tarball, or one of several
        inner = [] if is_file else sorted(one for one in path.iterdir() if one.is_dir())
    except (FileNotFoundError, NotADirectoryError):
        raise UserError(where, "there is no such folder", "name an SDK's: it holds bin/<tuple>-gcc or environment-setup-<tuple>") from None
    except OSError as error:
        raise UserError(where, f"it cannot be read ({error.strerror})", "correct it, or make the folder readable") from None
    if is_file and path.name.startswith("environment-setup"):
        _yocto([path], path.parent, found)
    elif is_file:
        _drivers(path.parent.parent, [path], path.parent, identity, found)
    else:
        for roots in ([path], [path / "usr"], [path / "host"], inner):   # host: Buildroot's own
            for root in () if found.compilers else roots:
                _folder(root, path, identity, found)
    if not found:
        raise UserError(where, "nothing in it looks like a cross compiler",
                        "name the folder that holds bin/<tuple>-gcc or environment-setup-<tuple>")
    return found


def _folder(root: Path, top: Path, identity: Identity, found: Found) -> None:
    if setups := sorted(root.glob("environment-setup-*")):
        _yocto(setups, top, found)
    else:
        _drivers(root, sorted(root.glob("bin/*")), top, identity, found)


def _yocto(setups: Iterable[Path], top: Path, found: Found) -> None:
    for setup in setups:
        name = os.path.relpath(setup, top)
        found.add(name, partial(_setup, setup, name))


def _setup(setup: Path, name: str) -> Candidate:
    read = yocto.read(setup)
    path = os.pathsep.join(read.folders)
    driver = shutil.which(read.cc[0], path=path) if path or os.path.isabs(read.cc[0]) else None
    if driver is None:
        raise UserError(str(setup), f"{read.cc[0]} is not in its PATH", "run the SDK's own relocation, or install it again")
    if read.sysroot and not os.path.isdir(read.sysroot):
        raise UserError(str(setup), f"its sysroot {read.sysroot} does not exist", "run the SDK's own relocation, or install it again")
    made = Driver(driver, read.cc[1:], os.path.abspath(setup.parent), "", read.folders)
    return Candidate(name, "Yocto", made, _archiver(driver))


def _drivers(root: Path, files: Iterable[Path], top: Path, identity: Identity, found: Found) -> None:
    seen = set()
    for path in files:
        match = _DRIVER.fullmatch(path.name)
        if not match or not os.access(path, os.X_OK) or path.is_dir():
            continue
        # Buildroot has a second name for each compiler, a link to the first one's wrapper; clang's target is its name
        real = path.resolve()
        real = (path.parent / f"{path.name}.br_real").resolve() if real.name.startswith(_WRAPPERS) else real
        key, name = (real, match["tuple"] if path.name.endswith("clang") else ""), os.path.relpath(path, top)
        if key not in seen and found.add(name, partial(_compiler, root, path, name, identity)):
            seen.add(key)


def _compiler(root: Path, path: Path, name: str, identity: Identity) -> Candidate:
    sysroot = _sysroot(path, root / path.name.rpartition("-")[0] / "sysroot", identity)
    return Candidate(name, _family(root, path), Driver(str(path), sysroot, str(root)), _archiver(str(path)))


def _family(root: Path, path: Path) -> str:
    """Return whose layout a compiler has, ``gcc`` when it is nobody's."""
    if (root / "share/buildroot").is_dir() or (root / "relocate-sdk.sh").is_file() or path.with_name(path.name + ".br_real").exists():
        return "Buildroot"
    own = root / path.name.rpartition("-")[0]
    if (own / "sysroot").is_dir():
        return "crosstool-ng"
    return "musl-cross-make" if "musl" in own.name and (own / "include/features.h").is_file() else "gcc"


def _sysroot(path: Path, folder: Path, identity: Identity) -> tuple[str, ...]:
    """Return ``--sysroot`` for a compiler that knows of none although its layout has one: one that was built for /."""
    if not folder.is_dir():
        return ()
    def describe() -> tuple[dict, list[str]]:
        check_host(str(path))
        return {"sysroot": Driver(str(path)).ask("-print-sysroot", fails=True).strip()}, [os.path.realpath(path)]
    told = identity.of(f"{path} -print-sysroot", describe)["sysroot"]
    return () if told and inside(told, str(folder.parent.parent)) else (f"--sysroot={folder}",)


def _archiver(driver: str) -> str:
    """Return the archiver beside a compiler. Raises UserError when there is none."""
    prefix = re.sub(r"(gcc|clang)$", "", driver)
    for name in (f"{prefix}ar", f"{prefix}gcc-ar", f"{prefix}llvm-ar", os.path.join(os.path.dirname(driver), "llvm-ar")):
        if os.access(name, os.X_OK):
            return name
    raise UserError(driver, f"{prefix}ar does not exist", "install the SDK completely")


def choose(given: str, variant: Variant, identity: Identity, known: Iterable[Variant]) -> tuple[Candidate, Mapping]:
    """Return the compiler of an SDK that fits a variant, and its facts. Raises UserError unless exactly one does."""
    where, known = f"toolchain=sdk:{given} target={variant.name}", list(known)
    there, told = find(given, identity), []
    for one in there.compilers:
        try:
            told.append((one, one.driver.facts(identity)))
        except UserError as error:
            there.broken.append((one.name, error))
    fitting = [(one, facts) for one, facts in told if not fit.problems(variant, facts["macros"])]
    if len(fitting) == 1:
        return fitting[0]
    listed = [f"{one.name} ({fit.words(facts['macros'])})" for one, facts in fitting or told]
    if fitting:
        raise UserError(where, f"{len(fitting)} compilers in it fit: {'; '.join(listed)}",
                        f"name one, for example toolchain=sdk:{os.path.join(given, fitting[0][0].name)}")
    if not told and len(there.broken) == 1:
        raise there.broken[0][1]
    if len(told) == 1 and not there.broken:
        fit.check(where, variant, told[0][1], known, told[0][0].driver.root)
    listed += [f"{name} ({error.what})" for name, error in there.broken]
    raise UserError(where, f"none of the compilers in it fits: {'; '.join(listed)}", _advice(told, there.broken, known))


def _advice(told, broken: Iterable[tuple[str, UserError]], known: list[Variant]) -> str:
    rows = [f"{one.name}: {fit.advice(facts, known)}" for one, facts in told] + [f"{name}: {error.fix}" for name, error in broken]
    return "; ".join(dict.fromkeys(rows))

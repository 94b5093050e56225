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
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from . import fit, yocto
from .compiler import Driver, check_host, inside
from .errors import UserError
from .identity import Identity
from .variant import Variant

_DRIVER = re.compile(r"(?P<tuple>\w[\w.]*(?:-\w[\w.]*)+)-(?:gcc|clang)")


@dataclass(frozen=True)
class Candidate:
    """One compiler of an SDK. name: how it is listed.  family: whose layout it has.  archiver: absolute."""

    name: str
    family: str
    driver: Driver
    archiver: str


def find(given: str, identity: Identity) -> list[Candidate]:
    """Return the compilers of ``sdk:PATH``: a folder, or in it one environment-setup file or one compiler.

    Raises UserError when nothing is there, or nothing that looks like an SDK.
    """
    where, path = f"toolchain=sdk:{given}", Path(os.path.abspath(os.path.expanduser(given)))
    if not path.exists():
        raise UserError(where, "there is no such folder", "name an SDK's: it holds bin/<tuple>-gcc or environment-setup-<tuple>")
    if path.is_file():
        found = _yocto([path]) if path.name.startswith("environment-setup") else _drivers(path.parent.parent, [path], identity)
    else:
        try:
            setups = sorted(path.glob("environment-setup-*"))
            # Buildroot's own host/ folder, and a tarball that was unpacked into a folder of its own
            roots = [path, path / "usr", path / "host", *sorted(one for one in path.iterdir() if one.is_dir())]
        except OSError as error:
            raise UserError(where, f"it cannot be read ({error.strerror})", "make the folder readable") from None
        found = _yocto(setups)
        for root in roots if not found else ():
            found = found or _drivers(root, sorted(root.glob("bin/*")), identity)
    if not found:
        raise UserError(where, "nothing in it looks like a cross compiler",
                        "name the folder that holds bin/<tuple>-gcc or environment-setup-<tuple>")
    return found


def _yocto(setups: Iterable[Path]) -> list[Candidate]:
    found = []
    for setup in setups:
        read = yocto.read(setup)
        path = os.pathsep.join(read.folders)
        driver = shutil.which(read.cc[0], path=path) if path or os.path.isabs(read.cc[0]) else None
        if driver is None:
            raise UserError(str(setup), f"{read.cc[0]} is not in its PATH", "run the SDK's own relocation, or install it again")
        if read.sysroot and not os.path.isdir(read.sysroot):
            raise UserError(str(setup), f"its sysroot {read.sysroot} does not exist", "run the SDK's own relocation, or install it again")
        root = os.path.abspath(setup.parent)
        made = Driver(driver, read.cc[1:], root, "", read.folders)
        found.append(Candidate(setup.name, "Yocto", made, _archiver(driver)))
    return found


def _drivers(root: Path, files: Iterable[Path], identity: Identity) -> list[Candidate]:
    found: dict[tuple, Candidate] = {}
    for path in files:
        match = _DRIVER.fullmatch(path.name)
        if not match or not os.access(path, os.X_OK) or path.is_dir():
            continue
        sysroot = _sysroot(path, root / match["tuple"] / "sysroot", identity)
        candidate = Candidate(path.name, _family(root, path), Driver(str(path), sysroot, str(root)), _archiver(str(path)))
        # Buildroot has a second name for each compiler, a link to the first one's wrapper
        key = os.path.realpath(path) if not path.resolve().name.startswith(("toolchain-wrapper", "ccache")) else \
            str((path.parent / f"{path.name}.br_real").resolve())
        found.setdefault((key, sysroot), candidate)
    return list(found.values())


def _family(root: Path, path: Path) -> str:
    if (root / "share/buildroot").is_dir() or (root / "relocate-sdk.sh").is_file() or path.with_name(path.name + ".br_real").exists():
        return "Buildroot"
    return "crosstool-ng" if (root / path.name.rpartition("-")[0] / "sysroot").is_dir() else "musl-cross-make"


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
    found = [(one, one.driver.facts(identity)) for one in find(given, identity)]
    fitting = [(one, facts) for one, facts in found if not fit.problems(variant, facts["macros"])]
    if len(fitting) == 1:
        return fitting[0]
    listed = "; ".join(f"{one.name} ({fit.words(facts['macros'])})" for one, facts in fitting or found)
    if fitting:
        raise UserError(where, f"{len(fitting)} compilers in it fit: {listed}",
                        "name one: sdk:PATH/environment-setup-<tuple>, or sdk:PATH/bin/<tuple>-gcc")
    if len(found) == 1:
        fit.check(where, variant, found[0][1], known)
    raise UserError(where, f"none of the compilers in it fits: {listed}", _advice(found, known, fit.advice))


def _advice(found, known: list[Variant], say: Callable) -> str:
    return "; ".join(dict.fromkeys(f"{one.name}: {say(facts, known)}" for one, facts in found))

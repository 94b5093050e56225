"""Toolchain: the compiler, archiver and linker in use, by absolute path, and the digest that identifies them.

``zig`` is the pinned wheel: one compiler for every target, with its own libc sources. ``gcc`` and ``clang`` are programs of this
machine with the libc of their sysroot, ``sdk`` is one of those two in a folder of its own (sdk.py). Each is resolved without
starting a process; what only the compiler itself can tell is asked once and kept with the stat data of every file that
the answer rests on (compiler.py, identity.py).
"""
from __future__ import annotations

import hashlib
import importlib.metadata
import os
import re
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ..errors import UserError
from ..variants.variant import Variant
from . import fit, sdk
from .compiler import Driver, absolute, check_link
from .identity import Identity

KINDS = ("zig", "gcc", "clang", "sdk")


@dataclass(frozen=True)
class Toolchain:
    """One compiler for one target.

    kind: ``zig``, ``gcc`` or ``clang``; origin: whose layout the SDK has that it comes from, empty without one.
    properties: of .note.gnu.property (BTI, IBT), as far as every crt file has them.  interpreter: PT_INTERP of an SDK's programs.
    banner: what it says of itself.  sysroot: its folder, with ``@`` for an SDK's root.  libc: name and version.
    cc: the driver by absolute path with what fixes the target and the sysroot, never an -O or a -W.
    ar: the archiver, absolute.  env: the whole environment of its processes.
    digest: changes whenever the compiler's output could.  floor: the oldest glibc its programs run on, "" for musl.
    """

    kind: str
    target: str
    version: str
    cc: tuple[str, ...]
    ar: tuple[str, ...]
    env: tuple[tuple[str, str], ...]
    digest: str
    floor: str = ""
    banner: str = ""
    sysroot: str = ""
    libc: str = ""
    origin: str = ""
    properties: tuple[str, ...] = ()
    interpreter: str = ""

    @property
    def line(self) -> str:
        """Return what identifies it, in one line."""
        parts = [self.banner or f"{self.kind} {self.version}", self.origin and f"{self.origin} SDK", f"target {self.target}",
                 self.sysroot and f"sysroot {self.sysroot}", self.libc, f"digest {self.digest[:12]}"]
        return ", ".join(filter(None, parts))


def parse(value: str) -> tuple[str, str]:
    """Split a ``toolchain=`` value into kind and argument. Raises UserError for an unknown kind."""
    kind, colon, argument = value.partition(":")
    if kind not in KINDS or (kind == "zig" and colon) or (kind == "sdk" or colon) and not argument:
        raise UserError(f"toolchain={value}", "no such toolchain", "use zig, gcc, gcc:PREFIX as in gcc:/opt/x/bin/aarch64-foo-linux-gnu-, "
                        "clang, clang:PATH, or sdk:PATH with the folder of an SDK")
    return kind, argument


def resolve(variant: Variant, given: Mapping[str, str], caches: Path, identity: Identity, known: Iterable[Variant]) -> Toolchain:
    """Return the toolchain of one variant, or raise UserError for whatever contradicts the variant or the machine.

    given: the arguments ``toolchain``, ``sysroot`` and ``glibc``, empty where not given.  caches: zig's own folder.  known:
    all variants, to name those that a compiler fits.
    """
    kind, argument = parse(given["toolchain"])
    sysroot = given["sysroot"] and os.path.abspath(os.path.expanduser(given["sysroot"]))
    if given["sysroot"] and not os.path.isdir(sysroot):
        raise UserError(f"sysroot={given['sysroot']}", "there is no such folder", "name the folder that holds usr/include and usr/lib")
    floor = f"glibc={given['glibc']} target={variant.name}"
    if given["glibc"] and variant.libc.name != "glibc":
        raise UserError(floor, f"this target has {variant.libc.name}", "leave glibc= out for it")
    if kind == "zig":
        if sysroot:
            raise UserError(f"sysroot={given['sysroot']}", "zig brings the headers and libraries of its libc itself",
                            "leave it out, or use toolchain=clang or gcc")
        return zig(variant, caches, given["glibc"])
    found = {"gcc": gcc, "clang": clang, "sdk": _sdk}[kind](variant, argument, sysroot, identity, list(known))
    if given["glibc"] and _number(given["glibc"]) < _number(found.floor):
        raise UserError(floor, f"{found.banner} links with glibc {found.floor} and cannot lower that",
                        f"use toolchain=zig, another sysroot, or glibc={found.floor}")
    return found


def _number(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


def zig_package() -> tuple[Path, str]:
    """Return the pinned zig and its version. Raises UserError when the wheel is not installed."""
    try:
        package = importlib.metadata.distribution("ziglang")
    except importlib.metadata.PackageNotFoundError:
        raise UserError("toolchain=zig", "the ziglang package is not installed in the Python that runs SCons",
                        "pip install -r requirements.txt") from None
    return Path(str(package.locate_file("ziglang/zig"))), package.version


def zig(variant: Variant, caches: Path, glibc: str = "") -> Toolchain:
    """Return the zig toolchain for a variant.

    caches: the folder for zig's own, below the build folder.  glibc: the floor instead of the variant's, which is the oldest.
    """
    if not variant.toolchain.zig:
        raise UserError(f"toolchain=zig target={variant.name}", "zig has no libc for this variant",
                        f"use toolchain=gcc ({variant.toolchain.gcc_package or 'see the variant'})")
    program, version = zig_package()
    record = program.parent.parent / f"ziglang-{version}.dist-info" / "RECORD"
    floor = glibc or variant.libc.floor
    if glibc and not _number(variant.libc.floor) <= _number(glibc) <= _number(newest := _newest_glibc(program)):
        below = _number(glibc) < _number(variant.libc.floor)
        raise UserError(f"glibc={glibc} target={variant.name}", f"zig can lower it to {variant.libc.floor}, not below" if below else
                        f"zig {version} knows glibc up to {newest}", f"use glibc={variant.libc.floor if below else newest}")
    triple = variant.toolchain.zig + (f".{floor}" if floor else "")
    # UBSan is on in zig's unoptimised builds, and CPython relies on what it traps. This spelling spares zig the making of its run-time, too.
    cc = (str(program), "cc", "-target", triple, "-fno-sanitize=undefined", *variant.flags.zig)
    env = {"ZIG_GLOBAL_CACHE_DIR": str(caches), "ZIG_LOCAL_CACHE_DIR": str(caches), "LC_ALL": "C", "PATH": "/usr/bin:/bin"}
    try:
        content = record.read_bytes()
    except OSError:
        raise UserError("toolchain=zig", f"{record} cannot be read", "reinstall it: pip install --force-reinstall -r "
                        "requirements.txt") from None
    # The wheel's own files only: pip adds lines of its own, which name the virtual environment's folder.
    own = b"\n".join(line for line in content.splitlines() if line.startswith(b"ziglang/") and b".pyc," not in line)
    digest = hashlib.sha256(own + " ".join([triple, *variant.flags.zig]).encode()).hexdigest()
    return Toolchain("zig", triple, version, cc, (str(program), "ar"), tuple(sorted(env.items())), digest, floor,
                     libc=f"glibc {floor}" if floor else f"musl {_zig_musl(program)}".strip())


def _zig_musl(program: Path) -> str:
    try:
        text = (program.parent / "lib/libc/musl/src/internal/version.h").read_text("utf-8")
    except OSError:
        return ""
    return (re.findall(r'"([\d.]+)"', text) or [""])[0]


def _newest_glibc(program: Path) -> str:
    """Return the newest glibc of zig's own list: names of libraries, then versions of three bytes each (glibc/abilists)."""
    try:
        data = (program.parent / "lib/libc/glibc/abilists").read_bytes()[:4096]
        place = 1
        for _ in range(data[0]):
            place = data.index(0, place) + 1
        return "{}.{}".format(*max(data[at:at + 2] for at in range(place + 1, place + 1 + 3 * data[place], 3)))
    except (OSError, ValueError, IndexError):
        raise UserError("glibc=", f"zig's list of glibc versions beside {program} cannot be read", "leave glibc= out") from None


def gcc(variant: Variant, prefix: str, sysroot: str, identity: Identity, known: list[Variant]) -> Toolchain:
    """Return a gcc toolchain; prefix is ``toolchain=gcc:PREFIX``'s, or empty for the variant's own name on PATH."""
    name, where = variant.toolchain.gcc, f"toolchain=gcc{':' if prefix else ''}{prefix} target={variant.name}"
    if not (prefix or name):
        raise UserError(where, "no gcc is known for this variant",
                        "use toolchain=zig, or toolchain=gcc:PREFIX for one of your own")
    prefix = os.path.expanduser(prefix)
    driver = shutil.which(prefix + "gcc" if prefix else f"{name}-gcc")
    if driver is None:
        package = variant.toolchain.gcc_package
        fix = f"leave its gcc out: toolchain=gcc:{prefix.removesuffix('gcc')}" if prefix.endswith("gcc") and shutil.which(prefix) else \
            "correct the prefix, which ends in -" if prefix else f"install it (Debian: apt-get install {package}), or use toolchain=zig"
        raise UserError(where, f"{prefix}gcc does not exist" if prefix else f"{name}-gcc is not on PATH", fix)
    path = os.path.abspath(driver)
    archiver = path[:-len("gcc")] + "ar"
    if not os.access(archiver, os.X_OK):
        raise UserError(where, f"{archiver} does not exist", "install the compiler's binutils")
    words = [*([f"--sysroot={sysroot}"] if sysroot else []), *variant.flags.gcc]
    return _made(where, variant, Driver(path, tuple(words), "", sysroot), archiver, identity, known)


def clang(variant: Variant, given: str, sysroot: str, identity: Identity, known: list[Variant]) -> Toolchain:
    """Return a clang toolchain; given is ``toolchain=clang:PATH``'s program, or empty for ``clang`` on PATH."""
    where = f"toolchain=clang{':' if given else ''}{given} target={variant.name}"
    if not variant.toolchain.clang:
        raise UserError(where, "no name for clang is known for this variant", "add toolchain.clang to the variant, or use toolchain=zig")
    driver = shutil.which(os.path.expanduser(given) or "clang")
    if driver is None:
        raise UserError(where, f"{given} is no program" if given else "clang is not on PATH",
                        "correct the path" if given else "install it (Debian: apt-get install clang lld llvm), or use toolchain=zig")
    path = os.path.abspath(driver)
    words = [f"--target={variant.toolchain.clang}", *([f"--sysroot={sysroot}"] if sysroot else []), *variant.flags.clang]
    beside = os.path.join(os.path.dirname(os.path.realpath(path)), "llvm-ar")
    archiver = beside if os.access(beside, os.X_OK) else shutil.which("llvm-ar") or shutil.which(f"{variant.toolchain.clang}-ar")
    if archiver is None:
        raise UserError(where, "there is no llvm-ar beside it", "install it (Debian: apt-get install llvm)")
    return _made(where, variant, Driver(path, tuple(words), "", sysroot), os.path.abspath(archiver), identity, known)


def _sdk(variant: Variant, given: str, sysroot: str, identity: Identity, known: list[Variant]) -> Toolchain:
    if sysroot:
        raise UserError(f"toolchain=sdk:{given} sysroot={sysroot}", "an SDK has its own sysroot",
                        "leave sysroot= out, or use toolchain=gcc:PREFIX")
    chosen, _ = sdk.choose(given, variant, identity, known)
    where = f"toolchain=sdk:{given} target={variant.name}"
    return _made(where, variant, chosen.driver, chosen.archiver, identity, known, chosen.family)


def _made(where: str, variant: Variant, driver: Driver, archiver: str, identity: Identity, known: list[Variant],
          origin: str = "") -> Toolchain:
    facts = driver.facts(identity)
    fit.check(where, variant, facts, known, driver.root or driver.sysroot)
    check_link(driver, facts, variant.static)
    loader = facts["interpreter"] if origin and not variant.static else ""
    wanted = variant.elf.interpreter
    if loader and wanted and os.path.basename(loader) != os.path.basename(wanted):
        raise UserError(where, f"its programs ask for the loader {loader} where the variant says {wanted}",
                        "use an SDK for this ABI, or a variant of your own with this elf.interpreter")
    include = [word for folder in facts["include"] for word in ("-isystem", absolute(folder, driver.root))]
    cc = (driver.path, *driver.flags, *filter(None, [facts["linker"]]), "-nostdinc", *include)
    libc = f"glibc {facts['glibc']}" if facts["glibc"] else f"{fit.libc(facts['macros'])} {facts['musl']}".strip()
    return Toolchain(facts["kind"], facts["target"], facts["version"], cc, (archiver,), tuple(sorted(driver.env.items())),
                     facts["digest"], facts["glibc"], facts["banner"], _shown(facts["sysroot"], driver), libc, origin,
                     tuple(facts["properties"]), loader)


def _shown(sysroot: str, driver: Driver) -> str:
    """Return a sysroot as it is told and recorded: never a place of this machine alone."""
    return "" if sysroot in ("", "/") else sysroot if sysroot.startswith(("@", "/usr/")) else os.path.basename(sysroot)

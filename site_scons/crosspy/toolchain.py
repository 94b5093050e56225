"""Toolchain: the compiler, archiver and linker in use, by absolute path, and the digest that identifies them.

``zig`` is the pinned wheel: one compiler for every target, with its own libc sources. ``gcc`` is ``<prefix>gcc`` with the
libc of its sysroot. Each is resolved without starting a process; what only the compiler itself can tell is asked once
and kept with the stat data of every file that the answer rests on (see identity.py).
"""
from __future__ import annotations

import hashlib
import importlib.metadata
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from . import crtfiles
from .errors import UserError
from .identity import Identity
from .variant import Variant

ASK_SECONDS = 20  # a driver that takes longer to describe itself hangs


@dataclass(frozen=True)
class Toolchain:
    """One compiler for one target.

    cc: the driver by absolute path with what fixes the target and the sysroot, never an -O or a -W.
    ar: the archiver, absolute.  env: the whole environment of its processes.
    digest: changes whenever the compiler's output could.  floor: the oldest glibc its programs run on, "" for musl.
    properties: of .note.gnu.property (BTI, IBT), as far as every crt file has them.
    """

    kind: str
    target: str
    version: str
    cc: tuple[str, ...]
    ar: tuple[str, ...]
    env: tuple[tuple[str, str], ...]
    digest: str
    floor: str = ""
    properties: tuple[str, ...] = ()


def parse(value: str) -> tuple[str, str]:
    """Split a ``toolchain=`` value into kind and argument. Raises UserError for an unknown kind."""
    kind, _, argument = value.partition(":")
    if kind not in ("zig", "gcc") or (kind == "zig" and argument):
        raise UserError(f"toolchain={value}", "no such toolchain", "use zig, gcc, or gcc:PREFIX as in "
                        "gcc:/opt/x/bin/aarch64-foo-linux-gnu-")
    return kind, argument


def zig_package() -> tuple[Path, str]:
    """Return the pinned zig and its version. Raises UserError when the wheel is not installed."""
    try:
        package = importlib.metadata.distribution("ziglang")
    except importlib.metadata.PackageNotFoundError:
        raise UserError("toolchain=zig", "the ziglang package is not installed in the Python that runs SCons",
                        "pip install -r requirements.txt") from None
    return Path(str(package.locate_file("ziglang/zig"))), package.version


def zig(variant: Variant, caches: Path) -> Toolchain:
    """Return the zig toolchain for a variant; caches is the folder for zig's own, below the build folder."""
    if not variant.toolchain.zig:
        raise UserError(f"toolchain=zig target={variant.name}", "zig has no libc for this variant",
                        f"use toolchain=gcc ({variant.toolchain.gcc_package or 'see the variant'})")
    program, version = zig_package()
    record = program.parent.parent / f"ziglang-{version}.dist-info" / "RECORD"
    triple = variant.toolchain.zig + (f".{variant.libc.floor}" if variant.libc.name == "glibc" else "")
    # UBSan is on in zig's unoptimised builds, and CPython relies on what it traps.
    cc = (str(program), "cc", "-target", triple, "-fno-sanitize=all")
    env = {"ZIG_GLOBAL_CACHE_DIR": str(caches), "ZIG_LOCAL_CACHE_DIR": str(caches), "LC_ALL": "C", "PATH": "/usr/bin:/bin"}
    try:
        content = record.read_bytes()
    except OSError:
        raise UserError("toolchain=zig", f"{record} cannot be read", "reinstall it: pip install --force-reinstall -r "
                        "requirements.txt") from None
    # The wheel's own files only: pip adds lines of its own, which name the virtual environment's folder.
    own = b"\n".join(line for line in content.splitlines() if line.startswith(b"ziglang/") and b".pyc," not in line)
    digest = hashlib.sha256(own + triple.encode()).hexdigest()
    return Toolchain("zig", triple, version, cc, (str(program), "ar"),
                     tuple(sorted(env.items())), digest, variant.libc.floor)


def gcc(variant: Variant, prefix: str, identity: Identity) -> Toolchain:
    """Return a gcc toolchain; prefix is ``toolchain=gcc:PREFIX``'s, or empty for the variant's own name on PATH."""
    name = variant.toolchain.gcc
    if not (prefix or name):
        raise UserError(f"toolchain=gcc target={variant.name}", "no gcc is known for this variant",
                        "use toolchain=zig, or toolchain=gcc:PREFIX for one of your own")
    driver = shutil.which(prefix + "gcc" if prefix else f"{name}-gcc")
    if driver is None:
        package = variant.toolchain.gcc_package
        fix = "correct the prefix" if prefix else f"install it (Debian: apt-get install {package}), or use toolchain=zig"
        raise UserError(f"toolchain=gcc target={variant.name}", f"{prefix}gcc does not exist" if prefix else
                        f"{name}-gcc is not on PATH", fix)
    driver = os.path.abspath(driver)
    facts = identity.of(driver, lambda: _describe(driver))
    archiver = driver[:-len("gcc")] + "ar"
    if not os.access(archiver, os.X_OK):
        raise UserError(f"toolchain=gcc target={variant.name}", f"{archiver} does not exist", "install the compiler's binutils")
    env = {"LC_ALL": "C", "PATH": _path(driver)}
    include = [word for folder in facts["include"] for word in ("-isystem", folder)]
    return Toolchain("gcc", facts["target"], facts["version"], (driver, "-nostdinc", *include), (archiver,),
                     tuple(sorted(env.items())), facts["digest"], facts["glibc"],
                     tuple(facts.get("properties", ())))


def _path(driver: str) -> str:
    """Return the PATH of a gcc's processes: its own folder first, nothing of the user's."""
    return os.pathsep.join(dict.fromkeys([os.path.dirname(driver), "/usr/bin", "/bin"]))


def _ask(driver: str, *words: str) -> str:
    env = {"LC_ALL": "C", "PATH": _path(driver)}
    try:
        done = subprocess.run([driver, *words], input="#include <features.h>\n" if "-" in words else "", text=True,
                              capture_output=True, timeout=ASK_SECONDS, env=env)
    except (OSError, subprocess.TimeoutExpired, UnicodeDecodeError) as error:
        raise UserError(driver, f"it cannot be run ({error})", "name a working compiler") from None
    if done.returncode:
        raise UserError(driver, f"'{' '.join(words)}' failed: {done.stderr.strip().splitlines()[:3]}",
                        "install the compiler and its libc headers completely")
    return done.stdout + (done.stderr if "-v" in words else "")


def _describe(driver: str) -> tuple[dict, list[str]]:
    """Ask gcc for its parts. Returns the facts, and the files and folders that they rest on."""
    version, target = _ask(driver, "-dumpfullversion").strip(), _ask(driver, "-dumpmachine").strip()
    text = _ask(driver, "-E", "-v", "-dM", "-")
    folders = [os.path.realpath(line.strip()) for line in
               text.partition("search starts here:\n#include <...>")[2].partition("End of search")[0].splitlines()[1:]]
    # Debian's cross gcc looks into the host's own /usr/include after the target's: those headers are another machine's.
    own = [folder for folder in folders if target in folder]
    if any("/include" in folder and "/gcc" not in folder for folder in own) and f"/usr/include/{target}" not in folders:
        folders = own
    programs = [_ask(driver, f"-print-prog-name={name}").strip() for name in ("cc1", "as", "ld", "ar", "collect2")]
    names = ("crt1.o", "Scrt1.o", "crti.o", "crtn.o", "crtbegin.o", "crtbeginS.o", "crtend.o", "crtendS.o", "libgcc.a",
             "libgcc_s.so", "libc.so", "libc.a", "libm.so", "libm.a", "libc.so.6", "libm.so.6")
    parts = [_ask(driver, f"-print-file-name={name}").strip() for name in names]
    search = _ask(driver, "-print-search-dirs").partition("programs: =")[2].partition("\n")[0].split(":")
    macros = dict(re.findall(r"^#define (\w+) ?(.*)$", text, re.M))
    glibc = f"{macros['__GLIBC__']}.{macros['__GLIBC_MINOR__']}" if "__GLIBC__" in macros else ""
    files = [os.path.realpath(shutil.which(path, path=_path(driver)) or path) for path in [driver, *programs, *parts]]
    facts = {"version": version, "target": target, "include": folders, "glibc": glibc, "properties": crtfiles.properties(parts),
             "macros": hashlib.sha256(text.encode()).hexdigest()}
    return facts, [*files, *folders, *(folder for folder in search if folder)]

"""The alias ``targets``: what this machine can build and run, and the Debian package that is missing.

The only programs that it starts are clang and qemu-user, to ask what they know.
"""
from __future__ import annotations

import functools
import glob
import os
import platform
import shutil
import subprocess

from ..errors import UserError
from ..ontarget.runner import runner
from ..toolchains.compiler import ASK_SECONDS
from ..variants.variant import Variant

HEAD = ("target", "for", "zig", "gcc", "clang", "runs here")


def _native(variant: Variant) -> bool:
    return platform.machine() == variant.run.machine


def _gcc(variant: Variant) -> str:
    if not variant.toolchain.gcc:
        return "gcc:PREFIX or sdk:PATH"
    if not shutil.which(f"{variant.toolchain.gcc}-gcc"):
        return f"install {_gcc_package(variant)}"
    return "yes" if _headers(variant) else f"install {_development(variant)}"


def _gcc_package(variant: Variant) -> str:
    """Return the package of a gcc for this target: the machine's own is ``gcc``, whatever Debian calls it elsewhere."""
    if _native(variant):
        return "gcc"
    named = variant.toolchain.gcc_package
    return named if named != "gcc" else f"gcc-{variant.toolchain.gcc.replace('_', '-')}"


def _clang(variant: Variant) -> str:
    name = variant.toolchain.clang
    if not name:
        return "no"
    linker = "ld.lld" if shutil.which("ld.lld") else f"{name}-ld"
    archiver = "llvm-ar" if shutil.which("llvm-ar") else f"{name}-ar"
    missing = [package for program, package in (("clang", "clang"), (linker, "lld"), (archiver, "llvm")) if not shutil.which(program)]
    if missing:
        return f"install {' '.join(missing)}"
    if said := _refusal("clang", f"--target={name.partition('-')[0]}-linux", "-E", "-x", "c", os.devnull):
        return "a newer clang" if "unknown target" in said else "no"
    if variant.libc.name != "glibc":
        return "with sysroot="
    if not _headers(variant):
        return f"install {_development(variant)}, or sysroot="
    # its start files and libgcc are gcc's
    return "yes" if glob.glob(f"/usr/lib/gcc*/{name}/*/crtbegin.o") else f"install {_gcc_package(variant)}, or sysroot="


@functools.cache  # clang knows all targets of a machine, or none
def _refusal(*words: str) -> str:
    """Return what a program says when it ends with a status; else an empty string."""
    try:
        done = subprocess.run(words, text=True, errors="replace", capture_output=True, timeout=ASK_SECONDS, env={"LC_ALL": "C", "PATH": os.environ["PATH"]})
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    return done.stderr.strip() or "it said nothing" if done.returncode else ""


def _headers(variant: Variant) -> bool:
    """Tell whether the libc's headers are there: Debian's cross packages, or the machine's own."""
    folder = "/usr" if _native(variant) else variant.run.sysroot or "/usr"
    return any(os.path.exists(f"{folder}/include/{name}") for name in ("stdio.h", f"{variant.python.multiarch}/stdio.h"))


def _development(variant: Variant) -> str:
    return "libc6-dev" if _native(variant) else variant.run.sysroot_package.replace("libc6-", "libc6-dev-") or "the target's libc"


def _runs(variant: Variant) -> str:
    try:
        found = runner(variant)
    except UserError as error:
        return error.fix.removeprefix("apt-get ") if variant.run.qemu else f"on {variant.run.machine} only"
    if not found.foreign:
        return "yes"
    return "with qemu"


def row(variant: Variant) -> tuple[str, ...]:
    """Return the cells of one variant."""
    words = f"{variant.machine.bits} bits, {variant.machine.endian}, {variant.machine.float} float, {variant.libc.name}" + (
        f" {variant.libc.floor}" if variant.libc.floor else "")
    return variant.name, words, "yes" if variant.toolchain.zig else "no", _gcc(variant), _clang(variant), _runs(variant)


def show(session) -> None:
    """Print the table of all variants, boards last."""
    found = sorted(session.variants.values(), key=lambda one: (bool(one.inherits), one.name))
    rows = [HEAD, *map(row, found)]
    widths = [max(len(line[column]) for line in rows) for column in range(len(HEAD))]
    for line in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())

"""The alias ``targets``: what this machine can build and run, and the Debian package that is missing. It starts no program."""
from __future__ import annotations

import os
import platform
import shutil

from .variant import Variant

HEAD = ("target", "for", "zig", "gcc", "clang", "runs here")
_CLANG = "clang lld llvm"  # Debian packages


def _gcc(variant: Variant) -> str:
    if not variant.toolchain.gcc:
        return "gcc:PREFIX or sdk:PATH"
    if not shutil.which(f"{variant.toolchain.gcc}-gcc"):
        return f"install {variant.toolchain.gcc_package}"
    return "yes" if _headers(variant) else f"install {_development(variant)}"


def _clang(variant: Variant) -> str:
    if not variant.toolchain.clang:
        return "no"
    if not shutil.which("clang"):
        return f"install {_CLANG}"
    if variant.libc.name != "glibc":
        return "with sysroot="
    return "yes" if _headers(variant) else f"install {_development(variant)}, or sysroot="


def _headers(variant: Variant) -> bool:
    """Tell whether the libc's headers are there: Debian's cross packages, or the machine's own."""
    folder = variant.run.sysroot or "/usr"
    return any(os.path.exists(f"{folder}/include/{name}") for name in ("stdio.h", f"{variant.python.multiarch}/stdio.h"))


def _development(variant: Variant) -> str:
    return variant.run.sysroot_package.replace("libc6-", "libc6-dev-") or "libc6-dev"


def _runs(variant: Variant) -> str:
    if platform.machine() == variant.run.machine:
        return "yes"
    if not variant.run.qemu:
        return f"on {variant.run.machine} only"
    if not shutil.which(variant.run.qemu):
        return f"install {variant.run.qemu_package}"
    loader = variant.run.sysroot + variant.elf.interpreter
    which = f"with qemu {variant.run.qemu_version}" if variant.run.qemu_version else "with qemu"
    return which if variant.static or os.path.exists(loader) else f"install {variant.run.sysroot_package}"


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

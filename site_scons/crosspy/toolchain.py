"""Toolchain: the compiler, archiver and linker in use, by absolute path, and the digest that identifies them."""
from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Toolchain:
    """One compiler for one target.

    cc: the driver by absolute path with what fixes the target and the sysroot, never an -O or a -W.
    ar, objcopy: absolute commands; objcopy may be empty.  env: the whole environment of its processes.
    digest: changes whenever the compiler's output could.  floor: the oldest glibc its programs run on, "" for musl.
    """

    kind: str
    target: str
    version: str
    cc: tuple[str, ...]
    ar: tuple[str, ...]
    objcopy: tuple[str, ...]
    env: tuple[tuple[str, str], ...]
    digest: str
    floor: str = ""
    sysroot: str = ""

"""Whether a compiler is a program that this machine can run, and what is missing when it cannot."""
from __future__ import annotations

import os
import struct
import sys
from pathlib import Path

from ..errors import UserError

_X86 = {3, 62}  # EM_386, EM_X86_64: a machine of the second kind runs programs of the first


def check_host(path: str) -> None:
    """Raise UserError when a program is for another machine than the one that runs SCons; a script is for any."""
    try:
        head = _head(path)
    except OSError as error:
        raise UserError(path, f"it cannot be read ({error.strerror})", "name a compiler that can be run") from None
    try:
        own = _head(sys.executable)
    except OSError:  # a Python that may be run but not read
        own = b""
    if head[:4] in (b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe") or head[:2] == b"MZ":
        raise UserError(path, "it is a program for another system, not Linux", "take the SDK for Linux on this machine")
    if head[:4] != b"\x7fELF" or own[:4] != b"\x7fELF" or len(head) < 20:
        return
    machine, mine = (struct.unpack_from("<H" if one[5] == 1 else ">H", one, 18)[0] for one in (head, own))
    if machine != mine and not {machine, mine} <= _X86:
        raise UserError(path, f"it is a program for another machine (e_machine {machine}; this one is {mine})",
                        f"take the SDK whose host is {os.uname().machine}")


def _head(path: str) -> bytes:
    with open(path, "rb") as stream:
        return stream.read(256)


def cannot_run(path: str, error: Exception) -> UserError:
    """Return what to tell of a program that could not be started: of one that is there, execve(2) says ENOENT of its loader."""
    loader = _loader(path) if isinstance(error, FileNotFoundError) and os.path.exists(path) else ""
    if not loader or os.path.exists(loader):
        return UserError(path, f"it cannot be run ({error})", "name a working compiler")
    return UserError(path, f"its loader {loader} does not exist",
                     "run the SDK's own relocation script (Yocto: relocate_sdk.sh), or install what brings the loader "
                     "(Debian, for 32-bit programs: libc6-i386)")


def _loader(path: str) -> str:
    """Return PT_INTERP of a program, or what a script names behind ``#!``; empty when neither can be read."""
    from ..elf import elf   # only here: a warm run reads no ELF file
    try:
        head = _head(path)
        if head.startswith(b"#!"):
            return os.fsdecode((head[2:].partition(b"\n")[0].split() or [b""])[0])
        return elf.read(Path(path).read_bytes()).interpreter
    except (OSError, elf.ElfError):
        return ""

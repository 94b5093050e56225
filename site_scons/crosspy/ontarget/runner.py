"""How a program of the target runs on this machine: directly, or under qemu-user."""
from __future__ import annotations

import fcntl
import os
import platform
import re
import secrets
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ..errors import UserError
from ..toolchains.compiler import ASK_SECONDS
from ..variants.variant import Variant

# A kernel runs programs of these machines, too, when the machine has their loader (or they need none), and the kernel was built so
# that there is this file: IA32_EMULATION (arch/x86/entry/vdso/vdso32-setup.c).
_ALSO = {("x86_64", "i686"): "/proc/sys/abi/vsyscall32"}


@dataclass(frozen=True)
class Runner:
    """words: what stands in front of the program. env: what its environment needs besides."""

    words: tuple[str, ...] = ()
    env: tuple[tuple[str, str], ...] = ()

    @property
    def foreign(self) -> bool:
        """Whether the program needs qemu-user."""
        return bool(self.words)


def runner(variant: Variant) -> Runner:
    """Return how the variant's programs run here. Raises UserError where they cannot, naming the package that is missing."""
    run, loader = variant.run, "" if variant.static else variant.elf.interpreter
    machine = platform.machine()
    if machine == run.machine or (os.path.exists(_ALSO.get((machine, run.machine), "")) and (not loader or os.path.exists(loader))):
        return Runner()
    where = f"target={variant.name}"
    if not run.qemu:
        raise UserError(where, f"it runs on a {run.machine} only, and this is a {machine}", "run it there")
    program = shutil.which(run.qemu)
    if not program:
        raise UserError(where, f"{run.qemu} is not on PATH", f"apt-get install {run.qemu_package}")
    if here := too_old(variant, program):
        raise UserError(where, f"{run.qemu} is {here}, which lacks instructions of the target", f"install qemu {run.qemu_version} or newer")
    if not loader:
        return Runner((program,), processor(variant))
    sysroot = os.environ.get("QEMU_LD_PREFIX") or run.sysroot
    if not os.path.exists(sysroot + loader):
        raise UserError(where, f"its loader {loader} is not in {sysroot or '/'}",
                        f"apt-get install {run.sysroot_package or 'the libc of the target'}, or set QEMU_LD_PREFIX")
    return Runner((program,), (*processor(variant), ("QEMU_LD_PREFIX", sysroot)))


def processor(variant: Variant) -> tuple[tuple[str, str], ...]:
    """Return the variable that tells qemu-user which processor to show: the user's own word, or the variant's, if it has one."""
    return (("QEMU_CPU", os.environ.get("QEMU_CPU") or variant.run.qemu_cpu),) if variant.run.qemu_cpu else ()


def too_old(variant: Variant, program: str) -> str:
    """Return the version of a qemu-user that is older than the variant needs; else, and for one that does not tell, an empty string."""
    if not variant.run.qemu_version:
        return ""
    here = re.search(r"version (\d+(?:\.\d+)*)", _version(program))
    return here[1] if here and _number(here[1]) < _number(variant.run.qemu_version) else ""


def _version(program: str) -> str:
    try:
        return subprocess.run([program, "--version"], capture_output=True, text=True, timeout=ASK_SECONDS).stdout
    except (OSError, subprocess.TimeoutExpired):
        return ""


def _number(version: str) -> list[int]:
    return [int(part) for part in version.split(".")]


TABLE = Path("/proc/sys/fs/binfmt_misc")
# The head of an ELF file that counts: identification but for the OS ABI, e_type with its last bit open (ET_EXEC, ET_DYN),
# e_machine. A static position-independent program is ET_DYN, too.
_MASK = b"\xff" * 7 + b"\x00" + b"\xff" * 8
_LAST = {"little": b"\xfe\xff\xff\xff", "big": b"\xff\xfe\xff\xff"}


def binfmt_row(head: bytes, name: str, qemu: str) -> bytes:
    """Return the kernel's row that starts programs with such a head under qemu (Documentation/admin-guide/binfmt-misc.rst)."""
    order = {1: "little", 2: "big"}.get(head[5], "little")
    wanted = bytearray(head[:20])
    wanted[7] = 0
    wanted[16:18] = (2).to_bytes(2, order)   # ET_EXEC, which the mask makes stand for ET_DYN, too
    return b":%s:M::%s:%s:%s:F" % (name.encode(), _escaped(wanted), _escaped(_MASK + _LAST[order]), qemu.encode())


def _escaped(data: bytes) -> bytes:
    return b"".join(b"\\x%02x" % byte for byte in data)


@dataclass(frozen=True)
class Row:
    """A row of ours. handle: holds the lock that tells others that its process lives."""

    path: Path
    handle: int


def register(program: Path, qemu: str) -> Row:
    """Let the kernel start programs like one with a static qemu, until unregister().

    Each run has a row of its own, since another's goes away with that one; of rows for the same programs the newest counts. Rows
    that a killed run left are taken out. Raises OSError where this user may not, or the kernel cannot.
    """
    with open(program, "rb") as stream:
        head = stream.read(20)
    row = TABLE / f"crosspy.{secrets.token_hex(4)}.{Path(qemu).name}"
    with _held(TABLE):   # nobody finds a row that is not locked yet
        for left in TABLE.glob("crosspy.*"):
            try:
                with _held(left, fcntl.LOCK_NB):
                    left.write_text("-1")
            except OSError:
                pass   # its process lives, or it has just gone
        (TABLE / "register").write_bytes(binfmt_row(head, row.name, qemu))
        handle = os.open(row, os.O_RDONLY)
        fcntl.flock(handle, fcntl.LOCK_EX)
    return Row(row, handle)


@contextmanager
def _held(path: Path, how: int = 0) -> Iterator[None]:
    handle = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | how)
        yield
    finally:
        os.close(handle)


def unregister(row: Row | None) -> None:
    """Take a row out again."""
    if row:
        try:
            row.path.write_text("-1")
        except OSError:
            pass
        os.close(row.handle)


def starts(python: Path, env: Mapping[str, str]) -> bool:
    """Tell whether the kernel starts an interpreter by itself, as with the rows of Debian's binfmt-support."""
    try:
        return not subprocess.run([python, "-S", "-c", "0"], env=env, capture_output=True, timeout=60).returncode
    except (OSError, subprocess.TimeoutExpired):
        return False

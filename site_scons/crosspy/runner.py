"""How a program of the target runs on this machine: directly, or under qemu-user."""
from __future__ import annotations

import os
import platform
import shutil
from dataclasses import dataclass
from pathlib import Path

from .errors import UserError
from .variant import Variant

# A kernel runs programs of these machines, too, when it has their loader (or they need none): IA32_EMULATION.
_ALSO = {"x86_64": ("i686",)}


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
    if machine == run.machine or (run.machine in _ALSO.get(machine, ()) and (not loader or os.path.exists(loader))):
        return Runner()
    where = f"target={variant.name}"
    if not run.qemu:
        raise UserError(where, f"it runs on a {run.machine} only, and this is a {machine}", "run it there")
    program = shutil.which(run.qemu)
    if not program:
        raise UserError(where, f"{run.qemu} is not on PATH", f"apt-get install {run.qemu_package}")
    if not loader:
        return Runner((program,))
    sysroot = os.environ.get("QEMU_LD_PREFIX") or run.sysroot
    if not os.path.exists(sysroot + loader):
        raise UserError(where, f"its loader {loader} is not in {sysroot or '/'}",
                        f"apt-get install {run.sysroot_package or 'the libc of the target'}, or set QEMU_LD_PREFIX")
    return Runner((program,), (("QEMU_LD_PREFIX", sysroot),))


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


def register(program: Path, qemu: str) -> Path | None:
    """Let the kernel start programs like one with a static qemu. Returns the row to remove, None where one was there.

    Raises OSError where this user may not, or the kernel cannot.
    """
    row = TABLE / f"crosspy-{Path(qemu).name}"
    if row.exists():
        return None
    with open(program, "rb") as stream:
        text = binfmt_row(stream.read(20), row.name, qemu)
    (TABLE / "register").write_bytes(text)
    return row


def unregister(row: Path | None) -> None:
    """Take a row out again."""
    try:
        if row:
            row.write_text("-1")
    except OSError:
        pass

"""The kernel's table of foreign programs (Documentation/admin-guide/binfmt-misc.rst): one row for a test session."""
from __future__ import annotations

import subprocess
from pathlib import Path

from checkout import missing

TABLE = Path("/proc/sys/fs/binfmt_misc")
# The head of an ELF file that counts: identification but for the OS ABI, e_type with its last bit open (ET_EXEC, ET_DYN),
# e_machine. A static position-independent program is ET_DYN, too.
MASK = b"\xff" * 7 + b"\x00" + b"\xff" * 12
BIG = 2  # EI_DATA


class Registration:
    """A row that lets the kernel start programs like `program` with a static qemu. Ends the test where it may not."""

    def __init__(self, program: Path, qemu: str):
        if not (TABLE / "register").exists():
            subprocess.run(["mount", "-t", "binfmt_misc", "binfmt_misc", str(TABLE)], capture_output=True, check=False)
        head = bytearray(program.read_bytes()[:20])
        mask, low = bytearray(MASK), 17 if head[5] == BIG else 16
        head[7], head[low], mask[low] = 0, 2, 0xFE  # the OS ABI; ET_EXEC, which the mask makes stand for ET_DYN, too
        name = f"e2e-{Path(qemu).name}"
        row = b":%s:M::%s:%s:%s:F" % (name.encode(), _escaped(head), _escaped(mask), qemu.encode())
        try:
            self.row = TABLE / name
            if not self.row.exists():
                (TABLE / "register").write_bytes(row)
        except OSError as error:
            missing(f"the kernel takes no row for {qemu} ({error}): programs of the target cannot start each other here")

    def remove(self) -> None:
        """Take the row out again."""
        try:
            self.row.write_text("-1")
        except OSError:
            pass


def _escaped(data: bytes) -> bytes:
    return b"".join(b"\\x%02x" % byte for byte in data)

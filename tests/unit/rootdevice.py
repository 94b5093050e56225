"""A root/ and the root file system of the device that it is for, as `rootfs=` has them."""
from __future__ import annotations

from pathlib import Path

import pytest
import tiny_elf
from goodroot import LOADER, expected, write

from crosspy.inspect import inspection, rootfs

LD = tiny_elf.make(soname="ld-linux-aarch64.so.1")
LIBC = tiny_elf.make(soname="libc.so.6", defines={"GLIBC_2.17": ["puts"], "GLIBC_2.30": ["new"]})
MUSL = "/lib/ld-musl-aarch64.so.1"


class Device:
    """A root/ and the device that it is for. Both are empty but for loader and libc of the device."""

    def __init__(self, folder: Path):
        self.top, self.root = folder / "root", folder / "device"
        self.top.mkdir()
        self.put(LOADER, LD)
        self.put("/lib/libc.so.6", LIBC)

    def put(self, path: str, data: bytes, where: Path | None = None) -> None:
        write(where or self.root, path.lstrip("/"), data)

    def own(self, path: str, **words) -> None:
        """Put an ELF file into root/: a program if it has an interpreter."""
        self.put(path, tiny_elf.make(**words), self.top)

    def link(self, path: str, target: str, where: Path | None = None) -> None:
        place = (where or self.root) / path.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(target)

    def lacks(self) -> list[str]:
        """Return what is missing for any file of root/."""
        entries = inspection.inspect(self.top, expected(), inspection.FactsCache(None))
        return [name for entry in rootfs.resolve(entries, rootfs.RootFs(self.root), self.top) for name in (*entry.missing, *entry.unresolved)]


@pytest.fixture
def device(tmp_path) -> Device:
    """A device, and an empty root/."""
    return Device(tmp_path)

"""rootfs.py: what the loader of a real root file system would not find."""
from __future__ import annotations

import os
from pathlib import Path

import pytest
import tiny_elf
from goodroot import (LOADER, PROGRAM, SPAM, expected, extension, write, write_root)

from crosspy import elf, inspection, policy, rootfs
from crosspy.errors import UserError


@pytest.fixture
def root(tmp_path) -> Path:
    """A root/ as it should be."""
    return write_root(tmp_path / "root")


def test_libraries_symbols_and_versions_that_a_root_file_system_lacks_are_findings(root, tmp_path):
    device = tmp_path / "device"
    libc = tiny_elf.make(soname="libc.so.6", defines={"GLIBC_2.17": ["puts"], "GLIBC_2.30": ["new"]})
    write(device, "lib/libc-2.31.so", libc)
    os.symlink("libc-2.31.so", device / "lib/libc.so.6")
    write(device, LOADER[1:], b"")
    write(device, "opt/lib/libspam.so.2", tiny_elf.make(soname="libspam.so.2"))
    write(device, "usr/lib/libspam.so.2", tiny_elf.make(soname="libspam.so.2", machine=tiny_elf.EM_X86_64))
    write(device, "etc/ld.so.conf", b"include ld.so.conf.d/*.conf  # and no more\n")
    write(device, "etc/ld.so.conf.d/opt.conf", b"/opt/lib\n")

    def found() -> list[tuple[str, str, str]]:
        entries = inspection.inspect(root, expected(), inspection.FactsCache(None))
        return [(one.rule, one.file, one.found) for one in policy.judge(rootfs.resolve(entries, rootfs.RootFs(device)), expected())]
    assert found() == []
    (device / "etc/ld.so.conf.d/opt.conf").unlink()
    assert found() == [("rootfs-needed", SPAM, "libspam.so.2")], "a library for another machine does not count"
    write(device, "etc/ld.so.conf.d/opt.conf", b"/opt/lib\n")
    write(root, SPAM, extension(versions={("libc.so.6", "GLIBC_2.17"): ["puts", "gets"], ("libc.so.6", "GLIBC_2.16"): ["abort"]}))
    assert found() == [("rootfs-symbol", SPAM, "GLIBC_2.16 in libc.so.6, gets@GLIBC_2.17")]
    write(root, SPAM, extension(versions={("libc.so.6", "GLIBC_2.17"): ["puts", "gets"]}, weak=("gets",)))
    (device / LOADER[1:]).unlink()
    assert found() == [("rootfs-needed", PROGRAM, LOADER)], "a weak symbol may be missing"
    write(device, "opt/lib/libspam.so.2", tiny_elf.make(soname="libspam.so.2", needed=("libmore.so",)))
    assert ("rootfs-needed", SPAM, "libmore.so (for libspam.so.2)") in found()


def test_a_root_file_system_of_musl_has_its_path_in_a_file_of_its_own(tmp_path):
    write(tmp_path, "etc/ld-musl-aarch64.path", b"/a:/b\n/c")
    write(tmp_path, "c/libx.so", tiny_elf.make(soname="libx.so"))
    assert rootfs.RootFs(tmp_path).library("libx.so", elf.read(tiny_elf.make())).soname == "libx.so"


def test_a_rootfs_that_is_none_is_a_mistake_of_the_user(tmp_path):
    with pytest.raises(UserError, match="no folder"):
        rootfs.RootFs(tmp_path / "nothing")
    with pytest.raises(UserError, match="no lib or usr/lib"):
        rootfs.RootFs(tmp_path)

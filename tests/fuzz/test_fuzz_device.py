"""Whatever a device's settings and libraries are: findings or one UserError, never another exception, in bounded time and memory."""
from __future__ import annotations

import dataclasses
import os
import shutil
import time
from pathlib import Path

import pytest
import tiny_elf
from goodroot import LOADER, PROGRAM, SPAM, expected, extension, program, write
from hypothesis import strategies as st
from mutations import ELVES, LENGTHS, damaged, fuzz, garbled, refused

from crosspy.inspect import inspection, policy, rootfs

CONF, MUSL_PATH, MUSL = "etc/ld.so.conf", "etc/ld-musl-aarch64.path", "/lib/ld-musl-aarch64.so.1"
SIZE = 10_000_000   # bytes
SETTINGS = ["include ld.so.conf.d/*.conf\n/opt/lib\ninclude /etc/more/*/*.conf  # words\n/usr/lib/x=libc6\nhwcap 1 nosegneg\n",
            "include /*/*/*/*.conf\ninclude [a-z]*/?.conf /etc/ld.so.conf\n/lib64\n", "/lib:/usr/local/lib\n/usr/lib:/opt\n"]
LIBC = tiny_elf.make(soname="libc.so.6", defines={"GLIBC_2.17": ["puts"]})
LD = tiny_elf.make(soname="ld-linux-aarch64.so.1", payload=b"\0/lib/aarch64-linux-gnu/\0/usr/lib/aarch64-linux-gnu/\0/lib/\0")
SEARCHING = [program(rpath="$ORIGIN/../lib:/opt/$LIB"), extension(runpath="/opt:$ORIGIN:/usr/${LIB}/*"), LIBC, LD]
PLACES = [LOADER[1:], MUSL[1:], "lib/libc.so.6", "opt/lib/libspam.so.2", "usr/lib/libspam.so.2", CONF]


class Scene:
    """A root file system with both kinds of loader, and links that lead in circles, beside a root/."""

    def __init__(self, folder: Path):
        self.device, self.root, self.expect = folder / "device", folder / "root", dataclasses.replace(expected(), rootfs=True)
        for old in (self.device, self.root):
            shutil.rmtree(old, ignore_errors=True)
        for path, data in {LOADER: LD, MUSL: LIBC, "/lib/libc.so.6": LIBC, "/etc/ld.so.conf.d/a.conf": b"/opt/a\n", f"/{CONF}": SETTINGS[0].encode(),
                           "/opt/lib/libspam.so.2": tiny_elf.make(soname="libspam.so.2"), "/etc/more/x/y.conf": b"include ../*/*.conf\n"}.items():
            write(self.device, path[1:], data)
        for name, target in (("here", "."), ("usr", "."), ("etc/more/up", ".."), ("etc/loop", "loop"), ("out", "../../..")):
            os.symlink(target, self.device / name)
        for path, data in {PROGRAM: program(), SPAM: extension(), "usr/bin/m": tiny_elf.make(interpreter=MUSL, needed=("libspam.so.2",))}.items():
            write(self.root, path, data)
        self.entries = self.inspected()

    def inspected(self) -> list[policy.Entry]:
        return inspection.inspect(self.root, self.expect, inspection.FactsCache(None))

    def judge(self, top: Path, path: str, data: bytes) -> None:
        """Judge root/ with every rule by what is on the device, with another file in one of the two, which is as it was afterwards."""
        at = top / path
        before = at.read_bytes() if at.exists() else None
        at.write_bytes(data)
        entries = self.inspected() if top == self.root else self.entries
        refused(lambda: policy.judge(rootfs.resolve(entries, rootfs.RootFs(self.device), self.root), self.expect))
        at.unlink() if before is None else at.write_bytes(before)


@pytest.fixture
def scene(tmp_path) -> Scene:
    """One that a test may change."""
    return Scene(tmp_path)


@pytest.mark.parametrize("examples", LENGTHS)
@pytest.mark.parametrize("path", [CONF, MUSL_PATH, "etc/ld.so.conf.d/a.conf"])
def test_garbled_settings_of_a_loader_are_read_or_refused(examples, path, scene):
    fuzz(examples, garbled(SETTINGS), lambda text: scene.judge(scene.device, path, text.encode("utf-8", "surrogatepass")))


@pytest.mark.parametrize("examples", LENGTHS)
def test_damaged_files_of_a_device_can_be_searched(examples, scene):
    fuzz(examples, st.tuples(st.sampled_from(PLACES), damaged([*SEARCHING, *ELVES])), lambda row: scene.judge(scene.device, *row))


@pytest.mark.parametrize("examples", LENGTHS)
def test_damaged_files_of_root_can_be_searched_for(examples, scene):
    fuzz(examples, st.tuples(st.sampled_from([PROGRAM, SPAM]), damaged([*SEARCHING, *ELVES])), lambda row: scene.judge(scene.root, *row))


@pytest.mark.parametrize("path, piece", [(CONF, b"include /*/*/*.conf\n"), (CONF, b"/opt/x\n"), (MUSL_PATH, b"/lib:/x\n"), (LOADER[1:], b"\0/a/"),
                                         (LOADER[1:], b"/a"), (LOADER[1:], b"\0/")],
                         ids=["includes", "folders", "folders of musl", "folders of a loader", "path of a loader", "roots of a loader"])
def test_a_large_file_of_a_device_takes_at_most_8_seconds_of_processor_time(path, piece, scene):
    start = time.process_time()
    scene.judge(scene.device, path, b"\0" + piece * (SIZE // len(piece)))
    scene.judge(scene.device, path, piece * (190_000 // len(piece)))
    assert time.process_time() - start < 8

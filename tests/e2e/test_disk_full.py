"""A disk that is full: told in one message, nothing half-written stays, and the same command goes on when there is room."""
import os
import shutil
import subprocess
import sys

import pytest
from checkout import REPOSITORY, clone, flavoured, missing, need_root
from refusal import refused


@pytest.fixture
def disk(room):
    """Mount a file system of so many MB, as root."""
    need_root("mounting a small file system")
    folder = room / "disk"
    folder.mkdir()

    def mount(size: int):
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}m,mode=755", "tmpfs", str(folder)], capture_output=True, text=True)
        if done.returncode:
            missing(f"no file system can be mounted here ({done.stderr.strip()})")
        return folder
    yield mount
    subprocess.run(["umount", "-l", str(folder)], check=False, capture_output=True)


def test_a_disk_too_small_for_the_sources(built, room, disk):
    built("x86_64-linux-gnu")  # so that an archive is in downloads/
    checkout, folder = clone(room / "checkout", sources=False), disk(40)
    message = refused(checkout, "target=aarch64", f"build_dir={folder}", also=[folder])
    assert "No space left on device" in message and "free some space" in message
    assert os.listdir(folder) == []


def test_a_disk_too_small_for_the_archive(built, room, disk):
    """The archive is fetched from a folder that plays the server: what cannot be stored is not left there in part."""
    found = max((REPOSITORY / "downloads").glob("Python-3.13.*.tar.xz"), default=None)
    if not found:
        missing("no archive is in downloads/: scons fetch")
    folder = disk(10)
    code = f"""
import shutil, sys
sys.path.insert(0, {str(REPOSITORY / 'site_scons')!r})
from pathlib import Path
from crosspy.acquire import release
from crosspy.errors import UserError
def fetcher(archive, part):
    shutil.copy({str(found)!r}, part)
    return 'a test'
pins = release.load_pins(Path({str(REPOSITORY / 'cpython/releases.toml')!r}))
try:
    release.fetch('', pins, Path({str(folder)!r}) / 'downloads', fetchers=(fetcher,))
except UserError as error:
    print(error)
"""

    done = subprocess.run([sys.executable, "-B", "-c", code], capture_output=True, text=True)
    assert "No space left on device" in done.stdout and "Fix: " in done.stdout, done.stdout + done.stderr
    assert os.listdir(folder) == []


@pytest.mark.nightly
def test_a_disk_that_fills_up_while_compiling(built, room, disk):
    built("x86_64-linux-gnu")
    checkout, folder = clone(room / "checkout", sources=False), disk(900)
    words = ("target=x86_64", "optimize=debug", f"build_dir={folder}")
    build = folder / f"x86_64-linux-gnu{flavoured('+optimize-debug')}"
    objects = [f"{build}/obj/Objects/{name}.o" for name in ("boolobject", "dictobject", "unicodeobject")]
    checkout.scons(*words, objects[0])
    ballast = folder / "ballast"
    with ballast.open("wb") as stream:
        stream.write(b"x" * (shutil.disk_usage(folder).free - 100_000))
    run = checkout.scons(*words, *objects, check=False)
    assert run.code != 0 and "Traceback" not in run.out + run.err
    assert list(build.rglob("*.part")) == []
    ballast.unlink()
    checkout.scons(*words, *objects)
    first = [open(path, "rb").read() for path in objects]
    shutil.rmtree(build)
    shutil.rmtree(folder / "zig-cache")
    checkout.scons(*words, *objects)
    assert [open(path, "rb").read() for path in objects] == first

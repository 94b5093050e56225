"""Images of a parent's own files: made again whenever something of what they hold changes, and only then."""
import os
import subprocess
import sys
import tarfile
import time

import pytest
from checkout import REPOSITORY

PARENT = f"""
DefaultEnvironment(tools=[])
env = Environment(tools=["install"])
python = SConscript({str(REPOSITORY / 'SConstruct')!r}, exports={{"cpython_scons": {{"target": "aarch64-linux-musl", "build_dir": "build"}}}})
env.Install("staged/usr/bin", "tool")
python.PythonImage("one.tar", {{"/etc": "tree", "/init": "tool"}}, modes={{"/etc": "0700"}})
folder = python.PythonImage("out/folder", {{"/": Dir("staged"), "/etc": Dir("tree")}}, format="folder")
python.PythonImage("a/image.tar", {{"/": folder}})
python.PythonImage("b/image.tar", {{"/": folder, "/extra": "tool"}})
"""


@pytest.fixture
def parent(tmp_path):
    (tmp_path / "SConstruct").write_text(PARENT)
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree/script").write_text("#!/bin/sh\n")
    (tmp_path / "tree/mtab").symlink_to("/proc/mounts")
    (tmp_path / "tool").write_text("#!/bin/sh\n")
    (tmp_path / "tool").chmod(0o755)

    def scons(*words):
        time.sleep(1 - time.time() % 1)  # SCons compares times in whole seconds: what changes twice in one is no change to it
        done = subprocess.run([sys.executable, "-m", "SCons", "-Q", *words], cwd=tmp_path, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              env={name: value for name, value in os.environ.items() if name != "SCONSFLAGS"})
        assert done.returncode == 0, done.stdout + done.stderr
        return sorted(line.split()[-1] for line in done.stdout.splitlines() if " IMAGE " in line)
    scons.folder = tmp_path
    assert scons() == ["a/image.tar", "b/image.tar", "one.tar", "out/folder"]
    assert scons() == []
    return scons


def members(path):
    with tarfile.open(path) as archive:
        return {one.name: (oct(one.mode), one.linkname) for one in archive}


def test_what_is_in_them(parent):
    """What the build installs is there after the first run; two images of one name are two."""
    assert members(parent.folder / "one.tar") == {"etc": ("0o700", ""), "etc/mtab": ("0o777", "/proc/mounts"), "etc/script": ("0o644", ""),
                                                  "init": ("0o755", "")}
    both = {"usr", "usr/bin", "usr/bin/tool", "etc", "etc/mtab", "etc/script"}
    assert members(parent.folder / "a/image.tar").keys() == both and members(parent.folder / "b/image.tar").keys() == both | {"extra"}


ALL = ["a/image.tar", "b/image.tar", "one.tar", "out/folder"]
CHANGES = {
    "a line": (lambda folder: (folder / "tree/script").write_text("#!/bin/sh\nexit\n"), ALL),
    "a mode": (lambda folder: (folder / "tree/script").chmod(0o755), ALL),
    "a link that leads nowhere here": (lambda folder: ((folder / "tree/mtab").unlink(), (folder / "tree/mtab").symlink_to("/proc/self/mounts")), ALL),
    "a new empty folder": (lambda folder: (folder / "tree/empty").mkdir(), ALL),
    "a file that is gone": (lambda folder: (folder / "tree/script").unlink(), ALL),
    "the mode of one file": (lambda folder: (folder / "tool").chmod(0o644), ["b/image.tar", "one.tar"]),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_is_seen(parent, name):
    change, made = CHANGES[name]
    change(parent.folder)
    assert set(made) <= set(parent())
    assert parent() == []


def test_images_of_a_folder_image_are_made_whenever_they_are_asked_for(parent):
    """One of two is made in the run that makes the folder, the other in a later one."""
    (parent.folder / "tree/script").write_text("#!/bin/sh\nexit 1\n")
    assert parent("a/image.tar") == ["a/image.tar", "out/folder"]
    assert parent("b/image.tar") == ["b/image.tar"]
    assert parent("a", "b", "out") == []

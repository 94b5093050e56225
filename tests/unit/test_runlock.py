"""One SCons at a time, and no trust in what a killed one left."""
import os
import subprocess
import sys
import time

import pytest
from samples import PROJECT

from crosspy.errors import UserError
from crosspy.run import runlock
from crosspy.run.runlock import Mark, RunLock

SITE_SCONS = str(PROJECT / "site_scons")
SECOND = """\
import sys, time
from pathlib import Path
from crosspy.errors import UserError
from crosspy.run.runlock import RunLock
began = time.monotonic()
try:
    RunLock(Path(sys.argv[1]))
except UserError as error:
    print(error.what, time.monotonic() - began < 10)
else:
    print("got it")
"""


def python(code, *arguments):
    done = subprocess.run([sys.executable, "-c", code, *map(str, arguments)], env={**os.environ, "PYTHONPATH": SITE_SCONS},
                          capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_a_second_scons_in_one_folder_is_refused_at_once(tmp_path):
    held = RunLock(tmp_path / "build")
    assert python(SECOND, tmp_path / "build") == "another SCons is at work in this folder True"
    assert python(SECOND, tmp_path / "other") == "got it"
    os.close(held._handle)
    assert python(SECOND, tmp_path / "build") == "got it"


@pytest.mark.parametrize("make", [lambda path: path.write_text(""), lambda path: path.symlink_to("nowhere")])
def test_a_build_dir_that_is_no_folder_is_refused(tmp_path, make):
    make(tmp_path / "build")
    with pytest.raises(UserError) as caught:
        RunLock(tmp_path / "build")
    assert caught.value.where == f"build_dir={tmp_path}/build" and "cannot be written" in caught.value.what


@pytest.mark.skipif(os.geteuid() == 0, reason="root can write everywhere")
def test_a_folder_of_somebody_else_is_refused(tmp_path):
    (tmp_path / "build").mkdir(mode=0o555)
    with pytest.raises(UserError, match="Permission denied"):
        RunLock(tmp_path / "build")


def test_abandon_removes_every_folder_that_it_made_and_no_other(tmp_path):
    (tmp_path / "there").mkdir()
    RunLock(tmp_path / "there/a/b").abandon()
    assert os.listdir(tmp_path) == ["there"] and os.listdir(tmp_path / "there") == []
    RunLock(tmp_path / "there").abandon()
    assert (tmp_path / "there").is_dir()


def test_abandon_keeps_a_folder_that_holds_something(tmp_path):
    lock = RunLock(tmp_path / "a/b")
    (tmp_path / "a/kept").touch()
    lock.abandon()
    assert os.listdir(tmp_path / "a") == ["kept"]


def killed(folder, before, after):
    """Make the folder of a killed run: files of before its start, its marker, files of after."""
    started = folder / runlock.MARKER
    for path in before:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text("old")
    started.write_text("1\n")
    # the clock of a file system ticks coarsely, so the marker is put between the two by hand
    past = max([(folder / path).stat().st_ctime_ns + 1 for path in before], default=1)
    os.utime(started, ns=(past, past))
    for path in after:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        while True:
            (folder / path).write_text("new")
            if (folder / path).stat().st_ctime_ns >= past:
                break
        os.utime(folder / path, ns=(1, 1))  # an mtime says nothing: copies keep that of their source


def files(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_what_a_killed_run_put_in_place_is_removed_and_what_is_older_stays(tmp_path):
    killed(tmp_path, ["arm/graph.json", "arm/obj/a.o", "arm/root/python"], ["arm/obj/b.o", "arm/root/json.py"])
    said = []
    RunLock(tmp_path).distrust(said.append)
    assert files(tmp_path) == ["arm/graph.json", "arm/obj/a.o", "arm/root/python"]
    assert said == ["the last run was killed: 2 of its outputs are made again"]


def test_what_is_in_no_folder_with_a_plan_guards_itself_or_is_somebody_else_s(tmp_path):
    kept = ["sources/Python-3.13/x.c", "zig-cache/o/1", ".sconsign.dblite", "parent/main.o", "arm/graph.json"]
    killed(tmp_path, ["arm/graph.json"], [*kept[:-1], "arm/sources/x.o"])
    RunLock(tmp_path).distrust(lambda line: None)
    assert files(tmp_path) == sorted(kept)


def test_without_a_marker_nothing_is_touched_or_said(tmp_path):
    (tmp_path / "a.o").touch()
    said = []
    RunLock(tmp_path).distrust(said.append)
    assert files(tmp_path) == ["a.o"] and said == []


ENDS = """\
import os, sys
from pathlib import Path
from crosspy.run.runlock import RunLock
folder = Path(sys.argv[1])
lock = RunLock(folder)
unrecorded = []
lock.start(lambda: unrecorded)
print((folder / ".started").exists())
(folder / "arm").mkdir()
(folder / "arm/graph.json").touch()
for name in ("recorded.o", "cut.o"):
    (folder / "arm" / name).touch()
unrecorded += [str(folder / "arm/cut.o"), str(folder / "arm/gone.o")]
if sys.argv[2] == "killed":
    os.kill(os.getpid(), 9)
if sys.argv[2] == "fails":
    sys.exit(2)
"""


@pytest.mark.parametrize("how", ["ends", "fails"])
def test_an_orderly_end_removes_what_was_not_recorded_and_the_marker(tmp_path, how):
    subprocess.run([sys.executable, "-c", ENDS, tmp_path, how], env={**os.environ, "PYTHONPATH": SITE_SCONS}, capture_output=True)
    assert files(tmp_path) == ["arm/graph.json", "arm/recorded.o"]


def test_a_killed_run_leaves_its_marker_and_the_next_one_clears_up(tmp_path):
    subprocess.run([sys.executable, "-c", ENDS, tmp_path, "killed"], env={**os.environ, "PYTHONPATH": SITE_SCONS})
    assert files(tmp_path) == [".started", "arm/cut.o", "arm/graph.json", "arm/recorded.o"]
    RunLock(tmp_path).distrust(lambda line: None)
    assert files(tmp_path) == []


MARKS = """\
import os, sys, time
from pathlib import Path
from crosspy.run.runlock import Mark
folder = Path(sys.argv[1])
mark = Mark(folder)
mark.start(lambda: [str(folder / "arm/cut.o")])
(folder / "arm/new.o").touch()
(folder / "arm/cut.o").touch()
(folder / "image.tar").touch()
print("ready", flush=True)
if sys.argv[2] == "killed":
    os.kill(os.getpid(), 9)
if sys.argv[2] == "waits":
    sys.stdin.read()
"""


def marking(folder, how, **more):
    (folder / "arm").mkdir(exist_ok=True)
    (folder / "arm/graph.json").touch()
    time.sleep(.02)  # the clock of a file system ticks coarsely
    return subprocess.Popen([sys.executable, "-c", MARKS, str(folder), how], env={**os.environ, "PYTHONPATH": SITE_SCONS}, stdout=subprocess.PIPE,
                            **more)


def test_a_parent_s_run_that_ends_leaves_no_mark_and_nothing_unrecorded(tmp_path):
    marking(tmp_path, "ends").wait()
    assert files(tmp_path) == ["arm/graph.json", "arm/new.o", "image.tar"]


def test_what_a_parent_s_killed_run_left_is_made_again_and_the_parent_s_own_files_stay(tmp_path):
    marking(tmp_path, "killed").wait()
    (tmp_path / "parent.o").touch()
    said, mark = [], Mark(tmp_path)
    mark.distrust(said.append)
    assert files(tmp_path) == ["arm/graph.json", "image.tar", "parent.o"]
    assert said == ["the last run was killed: 2 of its outputs are made again"]
    mark.doubt(str(tmp_path / "image.tar"))
    assert files(tmp_path) == ["arm/graph.json", "parent.o"]


def test_a_parent_s_run_at_work_is_neither_refused_nor_disturbed(tmp_path):
    with marking(tmp_path, "waits", stdin=subprocess.PIPE) as running:
        assert running.stdout.readline() == b"ready\n"
        said, mark = [], Mark(tmp_path)
        mark.distrust(said.append)
        mark.doubt(str(tmp_path / "image.tar"))
        mark.start(lambda: [])
        assert said == [] and "arm/new.o" in files(tmp_path) and "image.tar" in files(tmp_path)
        running.stdin.close()
    assert files(tmp_path) == ["arm/graph.json", "arm/new.o", "image.tar"]

"""examples/firmware as docs/firmware.md makes it: built, booted, edited, moved; and what a parent of another shape sees."""
import gzip
import os
import re
import shutil
import subprocess
from contextlib import contextmanager

import pytest
from checkout import REPOSITORY, differences, need, snapshot
from firmware import DOCUMENT, Firmware, commands

TAIL = ["STRIP", "INSPECT", "MANIFEST", "REPORT", "FLASH", "READY"]  # what follows the link of each program


@pytest.fixture(scope="module")
def firmware(main, place):
    """The document's repository, its first board built."""
    main.scons("bootstrap")  # so that a release is unpacked, and the libc of this machine compiled
    made = Firmware(place)
    for line in commands(0):
        if line.startswith("scons boot"):
            made.kernel("gateway")
        made.say(line)
    return made


@contextmanager
def edited(path, old, new):
    """Change a file for a while; its content and its time come back."""
    stat, text = path.stat(), path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")
    try:
        yield
    finally:
        path.write_text(text, "utf-8")
        os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def words(run):
    return {line.split()[0] for line in run.shown}


def test_the_first_board_boots_and_its_application_speaks(firmware):
    said = next(text for line, text in firmware.said.items() if line.startswith("scons boot"))
    assert re.search(r"^status: Python 3\.13\.\d+ on aarch64, Linux \d", said, re.M), said[-3000:]
    assert re.search(r"^collector: \d+ readings, \d+ bytes, \{", said, re.M)
    assert "supervisor: /usr/bin/collector ended with status 0" in said and "supervisor: 0 failed" in said


def test_a_second_run_has_nothing_to_do(firmware):
    before = snapshot(firmware.folder)
    run = firmware.scons("board=gateway")
    assert run.shown == [] and "is up to date" in run.out
    assert [name for name in differences(before, snapshot(firmware.folder)) if not name.startswith(".sconsign")] == []


def test_the_commands_of_somebody_who_clones(firmware):
    """In a clone, as far as the submodule goes; here they do nothing more."""
    update, build = commands(1)
    firmware.git("clone", "-q", ".", "../a clone")
    copy = firmware.folder.parent / "a clone"
    assert not list((copy / firmware.submodule).iterdir())
    firmware.git("-C", str(copy), *update.split()[1:])
    assert (copy / firmware.submodule / "SConstruct").is_file()
    assert "which board" in firmware.say(f"scons -C '{copy}' -h") and not (copy / "build").exists()
    shutil.rmtree(copy)
    assert "CC  " not in firmware.say(build)


def test_the_submodule_stays_as_it_was_cloned(firmware):
    inside = firmware.folder / firmware.submodule
    assert firmware.git("-C", firmware.submodule, "status", "--porcelain", "--ignored") == ""
    assert list(inside.rglob("__pycache__")) == [] and list(inside.rglob(".sconsign*")) == []
    assert firmware.git("status", "--porcelain", "--ignored").split() == ["!!", ".sconsign.dblite", "!!", "build/"]


def test_the_image_holds_what_it_says_and_all_is_root_s(firmware):
    need("cpio", "cpio")
    data = gzip.decompress((firmware.folder / "build/gateway.cpio.gz").read_bytes())
    told = subprocess.run(["cpio", "-tvn", "--quiet"], input=data, capture_output=True, check=True).stdout.decode().splitlines()
    found = {line.split()[-1]: line.split()[0] for line in told}
    assert {"init", "usr/bin/status", "usr/bin/collector", "etc/firmware.json", "proc", "sys", "tmp", "dev/console"} <= set(found)
    assert found["init"] == "-rwxr-xr-x" and found["dev/console"] == "crw-------"
    assert {tuple(line.split()[2:4]) for line in told} == {("0", "0")}


def test_a_changed_line_of_an_application_makes_that_program_and_the_image(firmware):
    with edited(firmware.folder / "apps/status.py", "status: up", "status: it is up"):
        run = firmware.scons("board=gateway")
        assert run.of("CC") == ["gateway apps/status/frozen"] and run.of("FREEZE") == ["gateway status"] and run.of("IMAGE") == ["build/gateway.cpio.gz"]
        assert run.of("LINK") == ["gateway apps/status/linked/status"] and words(run) == {"CC", "FREEZE", "LINK", "IMAGE", *TAIL}
    firmware.scons("board=gateway")


def test_a_changed_line_of_the_c_program_compiles_it_alone(firmware):
    with edited(firmware.folder / "src/supervisor.c", "%d failed", "%d have failed"):
        run = firmware.scons("board=gateway")
        assert run.of("CC") == ["gateway src/supervisor.c"] and run.of("LINK") == ["gateway apps/supervisor/linked/supervisor"]
        assert words(run) == {"CC", "LINK", "IMAGE", *TAIL}
    firmware.scons("board=gateway")


def test_python_that_the_c_program_calls_is_a_part_of_it(firmware):
    with edited(firmware.folder / "src/policy.py", "runs < 3", "runs < 4"):
        run = firmware.scons("board=gateway")
        assert run.of("CC") == ["gateway apps/supervisor/frozen"] and run.of("FREEZE") == ["gateway supervisor"]
    firmware.scons("board=gateway")


def test_over_the_board_s_budget_the_build_fails_with_the_causes(firmware):
    with edited(firmware.folder / "boards/gateway/variant.toml", '"8M"', '"1M"'):
        run = firmware.scons("board=gateway", check=False)
        assert run.code and "more than the budget of 1000000. The largest causes:" in run.err
        assert not any("build/gateway.cpio.gz" in line for line in run.of("IMAGE"))
    firmware.scons("board=gateway")


PARENT = """
import os
SConscriptChdir(0)
DefaultEnvironment(tools=[])
Decider("make")
CacheDir("cache")
env = Environment(tools=["textfile"], ENV={"NOTHING": "here"}, CCFLAGS="-DPARENT", BUILDERS={})
env.Textfile("out/own.txt", "the parent's")
paths, cwd, environ = list(__import__("sys").path), os.getcwd(), dict(os.environ)
python = SConscript("third_party/cpython-scons/SConstruct", exports={"cpython_scons": {
    "target": "gateway", "variants": "boards", "build_dir": "build", "deps": "none"}})
again = SConscript("third_party/cpython-scons/SConstruct", exports={"cpython_scons": {
    "target": "gateway", "variants": Dir("boards"), "build_dir": Dir("build"), "deps": "none"}})
images = SConscript("images/SConscript", exports={"python": python, "again": again}, variant_dir="variant")
assert paths == __import__("sys").path and cwd == os.getcwd() and environ == dict(os.environ)
assert BUILD_TARGETS == COMMAND_LINE_TARGETS and not DEFAULT_TARGETS
"""
IMAGES = """
Import("python", "again")
status = python.PythonApp("status", "#apps/status.py")
other = again.PythonApp("greeting", "greet.py", include=["json"])
made = [python.PythonImage("image" + suffix, {"/usr/bin/status": status, "/usr/bin/greet": other, "/etc": "tree"}, links={"/bin": "usr/bin"},
                           format="" if suffix else "folder", flash="20M") for suffix in ("", ".tar", ".cpio", ".squashfs")]
Return("made")
"""


@pytest.fixture
def parent(firmware):
    """Another SConstruct in the same repository, with a cache, an own decider and a variant folder."""
    need("mksquashfs", "squashfs-tools")
    (firmware.folder / "Parent").write_text(PARENT)
    (firmware.folder / "images/tree").mkdir(parents=True, exist_ok=True)
    (firmware.folder / "images/tree/motd").write_text("hello\n")
    (firmware.folder / "images/SConscript").write_text(IMAGES)
    (firmware.folder / "images/greet.py").write_text("print('greetings')\n")
    yield firmware
    for path in (firmware.folder / "build").glob("gateway*/*/greeting"):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    for name in ("images", "variant", "cache", "out"):
        shutil.rmtree(firmware.folder / name, ignore_errors=True)
    (firmware.folder / "Parent").unlink()


def test_a_parent_of_another_shape_keeps_its_settings_and_its_files(parent):
    """variant folder, CacheDir, decider, no Default: everything below the top is built, ours with our decider and outside of the cache."""
    first = parent.scons("-f", "Parent")
    assert len(first.of("IMAGE")) == 4 and first.of("READY") == ["gateway greeting"]  # status is there already
    assert (parent.folder / "out/own.txt").read_text() == "the parent's"
    assert (parent.folder / "variant/image/bin").is_symlink() and (parent.folder / "variant/image/etc/motd").read_text() == "hello\n"
    own = (parent.folder / "out/own.txt").stat().st_mtime_ns
    assert parent.scons("-f", "Parent").shown == []
    with edited(parent.folder / "images/greet.py", "greetings", "hello"):
        run = parent.scons("-f", "Parent")
        assert run.of("CC") == ["gateway apps/greeting/frozen"] and "own.txt" not in run.out
    with edited(parent.folder / "Parent", "the parent's\"", "another's\""):
        run = parent.scons("-f", "Parent")
        assert "gateway apps/status/frozen" not in run.of("CC") and (parent.folder / "out/own.txt").read_text() == "another's"
    assert (parent.folder / "out/own.txt").stat().st_mtime_ns != own
    assert not any(path.is_file() and path.stat().st_size > 100_000 for path in (parent.folder / "cache").rglob("*"))


@pytest.mark.parametrize(("old", "new", "part"), [
    ('"greeting", "greet.py"', '"status", "greet.py"', "'status': a program of this name is built by images/SConscript:3 already"),
    ('"image" + suffix, {"/usr', '"image" + suffix, {"usr', "it is no path on a device"),
])
def test_a_name_twice_and_a_wrong_path_are_told_with_their_line(parent, old, new, part):
    with edited(parent.folder / "images/SConscript", old, new):
        run = parent.scons("-f", "Parent", check=False)
    assert run.code == 2 and re.match(rf"images/SConscript:\d: .*{re.escape(part)}", run.err) and run.err.count("\n") == 1, run.err


def test_two_instances_of_one_folder_must_agree(parent):
    with edited(parent.folder / "Parent", '"variants": Dir("boards")', '"enable": "math", "variants": Dir("boards")'):
        run = parent.scons("-f", "Parent", check=False)
    assert run.code == 2 and re.search(r"images/SConscript:4: target=gateway: Parent:10 builds it in the same folder", run.err), run.err


def test_a_kernel_that_is_not_there_is_told(firmware):
    run = firmware.scons("boot", "board=gateway", "kernel=nowhere", check=False)
    assert run.code == 2 and run.err == "kernel=nowhere: there is no such file. Fix: name a kernel, or leave it out and have Debian's\n"


@pytest.mark.nightly
def test_the_second_board_boots_too(firmware):
    firmware.kernel("node")
    firmware.scons()
    said = firmware.scons("boot", "board=node").out
    assert re.search(r"^status: Python 3\.13\.\d+ on armv7l, Linux \d", said, re.M), said[-3000:]
    assert "supervisor: 0 failed" in said


def test_the_repository_may_move_and_the_submodule_lie_elsewhere(firmware):
    """The last one: from here on the submodule's path has a space in it, and the whole repository another place."""
    (firmware.folder / "third party").mkdir()
    firmware.git("mv", firmware.submodule, "third party/cpython scons")
    script = firmware.folder / "SConstruct"
    script.write_text(script.read_text("utf-8").replace(firmware.submodule, "third party/cpython scons"), "utf-8")
    firmware.scons("board=gateway")
    old = firmware.folder
    firmware.folder = old.parent.parent / "another, longer place"
    os.rename(old, firmware.folder)
    firmware.scons("board=gateway")
    run = firmware.scons("board=gateway")
    assert run.shown == [] and "is up to date" in run.out
    for path in (firmware.folder / "build").glob("gateway*/**/*"):
        if path.suffix in (".json", ".list", ".h", ".c", "") and path.is_file() and path.name != "app-imports.json" and path.stat().st_size < 5_000_000:
            text = path.read_bytes()
            assert str(old).encode() not in text and b"third_party" not in text, path
    assert firmware.git("-C", "third party/cpython scons", "status", "--porcelain", "--ignored") == ""


def test_the_document_s_files_are_those_of_the_example():
    for path in re.findall(r"^\| `([^`]+)`", DOCUMENT.split("What the example consists of:")[1].split("## ")[0], re.M):
        assert (REPOSITORY / "examples/firmware" / path.replace("<board>", "gateway")).exists()

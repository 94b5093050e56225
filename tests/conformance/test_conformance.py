"""CPython's own tests on what was built, through `scons conformance`'s own program and through the alias itself."""
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from built import LIBRARY_FLAVOUR, LIBRARY_WORDS
from checkout import REPOSITORY

# test_str is what the issue tracker still calls test_unicode
# Each file runs by day on one libc, in the nightly run on both: target -> the files, and how many tests are in them at least.
HALVES = {"x86_64-linux-gnu": ("test_importlib test_zipimport test_struct test_json test_decimal test_marshal".split(), 1450),
          "x86_64-linux-musl": ("test_os test_socket test_threading test_str test_float test_int".split(), 1550)}
FILES = [file for files, _ in HALVES.values() for file in files]
# Under qemu-user everything takes ten to twenty times as long: files that are quick, and of all that differs between machines.
QUICK = (Path(__file__).parent / "under_qemu.txt").read_text("utf-8").split()
# What stands on third-party libraries; the first few are quick.
LIBRARIES = "test_hashlib test_sqlite3 test_uuid test_zlib test_bz2 test_ctypes test_curses test_lzma test_readline test_ssl".split()
NIGHTLY = pytest.mark.nightly


def told(value) -> str:
    """Return the part of a test's name that stands for a parameter."""
    return f"{len(value)}-files" if isinstance(value, list) else str(value)


def run(build, output: Path, *words: str) -> tuple[int, dict, str]:
    """Run the release's test package on a build. Returns exit status, result and what was printed."""
    release = build.manifest["release"]["version"]
    package = build.checkout.build / "sources" / f"Python-{release}" / "Lib" / "test"
    inner = os.path.relpath(build.python, build.root)
    tests = () if (build.library / "test").exists() else ("--test-package", package)
    done = subprocess.run([sys.executable, "-m", "crosspy.ontarget.conformance", "run", "--root", build.root, "--python", inner, "--variant", build.name,
                           "--variants", REPOSITORY / "variants", "--output", output, *tests, *words],
                          env={**os.environ, "PYTHONPATH": str(REPOSITORY / "site_scons")}, capture_output=True, text=True)
    print(done.stdout[-4000:], done.stderr[-1000:])
    assert done.returncode in (0, 1), done.stderr
    return done.returncode, json.loads(output.read_text("utf-8")), done.stdout


# Under qemu-user a dozen files take minutes. An x86_64 kernel runs i686 itself; i686-linux-gnu needs the machine's own loader for that.
@pytest.mark.parametrize("name, files, least", [
    *((name, *half) for name, half in HALVES.items()), ("aarch64-linux-gnu", ["test_float", "test_int"], 95), *(pytest.param(name, FILES, 3000, marks=NIGHTLY) for name in (
        *HALVES, "aarch64-linux-gnu", "arm-linux-gnueabihf", "i686-linux-gnu", "i686-linux-musl"))],
    ids=told)
def test_a_dozen_files_fail_as_expected_and_no_other_way(built, room, name, files, least):
    status, result, _ = run(built(name), room / "conformance.json", "--only", ",".join(files))
    unexpected = {file: row["unexpected"] for file, row in result["files"].items() if row["unexpected"]}
    assert unexpected == {} and status == 0
    assert sorted(result["files"]) == sorted(files)
    assert sum(row["tests"] for row in result["files"].values()) > least


@NIGHTLY
@pytest.mark.parametrize("name", ["x86_64-linux-gnu", "x86_64-linux-musl"])
def test_the_whole_suite(built, name):
    build = built(name, "tests=yes", flavour="+tests-yes")
    run = build.checkout.scons("conformance", f"target={name}", "tests=yes", check=False)
    result = json.loads((build.folder / "conformance.json").read_text("utf-8"))
    unexpected = {file: row["unexpected"] for file, row in result["files"].items() if row["unexpected"]}
    assert unexpected == {} and run.code == 0 and len(result["files"]) > 400


@NIGHTLY
@pytest.mark.parametrize("name", ["aarch64-linux-gnu", "arm-linux-gnueabihf", "s390x-linux-gnu"])
def test_files_of_every_kind_under_qemu(built, room, name):
    build = built(name, "tests=yes", flavour="+tests-yes")  # some need the test modules
    status, result, _ = run(build, room / "conformance.json", "--only", ",".join(QUICK))
    unexpected = {file: row["unexpected"] for file, row in result["files"].items() if row["unexpected"]}
    assert unexpected == {} and status == 0 and len(result["files"]) >= 120


@pytest.mark.parametrize("name, files", [("x86_64-linux-musl", LIBRARIES[:4]), *(pytest.param(name, LIBRARIES, marks=NIGHTLY) for name in (
    "x86_64-linux-musl", "x86_64-linux-gnu", "aarch64-linux-gnu", "aarch64-linux-musl", "arm-linux-gnueabihf", "riscv64-linux-gnu",
    "s390x-linux-gnu"))], ids=told)
def test_modules_with_a_library_fail_as_expected_and_no_other_way(built, room, name, files):
    build = built(name, *LIBRARY_WORDS, flavour=LIBRARY_FLAVOUR)
    status, result, _ = run(build, room / "conformance.json", "--only", ",".join(files))
    unexpected = {file: row["unexpected"] for file, row in result["files"].items() if row["unexpected"]}
    assert unexpected == {} and status == 0
    skipped = {file for file, row in result["files"].items() if row["status"] == "skipped"}
    assert skipped <= {"test_ctypes"}, "only _ctypes_test of tests=yes is missing"


def test_the_alias_wants_the_test_package_and_knows_the_files(main):
    run = main.scons("conformance", "target=x86_64-linux-musl", check=False)
    assert run.code and run.err.startswith("scons conformance: it needs tests=yes. Fix:")

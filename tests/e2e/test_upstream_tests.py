"""CPython's own tests on what was built; each expected failure stands with its reason in expected.toml."""
import copy
import fnmatch
import os
import re
import shutil
import tomllib
from pathlib import Path

import pytest

# test_str is what the issue tracker still calls test_unicode
FILES = "test_int test_float test_struct test_str test_marshal test_json test_decimal test_threading test_socket test_os " \
        "test_zipimport test_importlib".split()
EXPECTED = tomllib.loads((Path(__file__).parent / "expected.toml").read_text("utf-8"))["expected"]


@pytest.fixture(scope="module")
def library(built, place):
    """A folder with the release's package ``test``, which may be written."""
    release = built("x86_64-linux-gnu").manifest["release"]["version"]
    folder = place / "upstream"
    shutil.copytree(built("x86_64-linux-gnu").checkout.build / "sources" / f"Python-{release}" / "Lib" / "test", folder / "test",
                    symlinks=True)
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | 0o200)
    return folder


def expected(name: str) -> dict[str, str]:
    """The patterns of test ids that may fail on a variant, each with its reason."""
    return {pattern: row["why"] for row in EXPECTED if any(fnmatch.fnmatch(name, where) for where in row["variants"])
            for pattern in row["tests"]}


def failures(output: str) -> list[str]:
    """Return the ids of the tests that failed, from the output of regrtest -W."""
    return sorted(set(re.findall(r"^(?:ERROR|FAIL): [^\n(]*\(([\w.]+)", output, re.M)))


@pytest.mark.parametrize("name", ["aarch64-linux-gnu", "arm-linux-gnueabihf", "x86_64-linux-gnu", "x86_64-linux-musl"])
def test_cpythons_own_tests_pass(built, library, binfmt, room, name):
    build = copy.copy(built(name))
    binfmt(build)
    # The tests start the interpreter with -I, so their package must be where the library is: in a copy of root/.
    shutil.copytree(build.root, room / "device", symlinks=True)
    build.root = room / "device"
    (build.library / "test").symlink_to(library / "test")
    # -j: a process for each file, since the tests of fork() refuse to run beside threads that another file left
    words = ["-m", "test", "-j2", "-W", "--timeout", "600", "--tempdir", str(room)]
    environment = {"HOME": str(room), "TMPDIR": str(room), "PATH": os.environ["PATH"]}
    done = build.run(*words, *FILES, env=environment, check=False, timeout=1500, cwd=room)
    print(done.stdout[-3000:])
    known = expected(name)
    surprises = [test for test in failures(done.stdout) if not any(fnmatch.fnmatch(test, pattern) for pattern in known)]
    if surprises:  # what depends on the load of the machine gets a second chance, alone
        files = sorted({test.split(".")[1] for test in surprises})
        again = failures(build.run(*words, *files, env=environment, check=False, timeout=1500, cwd=room).stdout)
        surprises = [test for test in surprises if test in again]
    assert surprises == [], "\n".join(surprises)
    assert f"run={len(FILES)}/{len(FILES)}" in done.stdout
    assert int(re.search(r"Total tests: run=([\d,]+)", done.stdout)[1].replace(",", "")) > 3000
    for word in ("crashed", "uncaught exception"):
        assert word not in done.stdout

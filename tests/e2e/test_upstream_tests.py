"""CPython's own tests on what was built; each expected failure stands with its reason in expected.toml."""
import fnmatch
import os
import shutil
import tomllib
import xml.etree.ElementTree as xml
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


def outcomes(report: Path) -> tuple[int, list[str]]:
    """Return how many tests a report of regrtest tells of, and the ids of those that failed."""
    cases = xml.parse(report).getroot().findall(".//testcase")
    return len(cases), sorted({case.get("name") for case in cases if case.find("failure") is not None or case.find("error") is not None})


@pytest.mark.parametrize("name", ["aarch64-linux-gnu", "arm-linux-gnueabihf", "x86_64-linux-gnu", "x86_64-linux-musl"])
def test_cpythons_own_tests_pass(built, library, binfmt, room, name):
    build = built(name)
    binfmt(build)
    report = room / "report.xml"
    # -j: a process for each file, since the tests of fork() refuse to run beside threads that another file left
    words = ["-m", "test", "-j2", "--timeout", "600", "--tempdir", str(room), "--junit-xml", str(report), *FILES]
    environment = {"PYTHONPATH": str(library), "HOME": str(room), "TMPDIR": str(room), "PATH": os.environ["PATH"]}
    done = build.run(*words, env=environment, check=False, timeout=1500, cwd=room)
    print(done.stdout[-3000:])
    assert report.exists(), done.stdout[-3000:] + done.stderr[-3000:]
    count, failed = outcomes(report)
    known = expected(name)
    surprises = [test for test in failed if not any(fnmatch.fnmatch(test, pattern) for pattern in known)]
    assert surprises == [], "\n".join(surprises)
    assert count > 3000
    for word in ("crashed", "timed out", "uncaught exception"):
        assert word not in done.stdout, done.stdout[-3000:]

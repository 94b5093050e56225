"""The same command gives the same bytes: in another folder, with other jobs, umask, time zone, home and language."""
import json

import pytest
from checkout import clone, contents, differences, flavoured

NAME = "aarch64-linux-gnu"
FOLDER = f"{NAME}{flavoured()}"
ELSEWHERE = {"TZ": "Pacific/Kiritimati", "HOME": "/nonexistent", "LANG": "tr_TR.UTF-8", "LC_ALL": None, "PYTHONHASHSEED": "7",
             "SOURCE_DATE_EPOCH": None, "CFLAGS": "-DPOISON", "TMPDIR": None}


@pytest.fixture(scope="module")
def second(place, built):
    """The same build once more: a longer path, nothing shared but the archive."""
    built(NAME)
    checkout = clone(place / "a folder with a much longer name" .replace(" ", "-") / "checkout", sources=False)
    checkout.scons(f"target={NAME}", "-j4", env=ELSEWHERE, umask=0o077)
    return checkout


def test_the_installed_tree_is_the_same_to_the_last_bit(built, second):
    first, other = contents(built(NAME).root), contents(second.build / FOLDER / "root")
    assert len(first) > 1000
    assert differences(first, other) == []


def test_the_manifest_is_the_same(built, second):
    ours = built(NAME).manifest
    assert json.loads((second.build / FOLDER / "manifest.json").read_text("utf-8")) == ours
    assert ours["toolchain"]["kind"] == "zig" and len(ours["toolchain"]["digest"]) == 64


def test_one_job_gives_the_same_objects_as_four(second, built):
    """A sample of the core is compiled again, one after the other."""
    names = ["Objects/dictobject.o", "Python/getversion.o", "Modules/getbuildinfo.o", "Modules/getpath.o", "Python/frozen.o"]
    paths = [f"build/{FOLDER}/obj/{name}" for name in names]
    before = {path: (second.folder / path).read_bytes() for path in paths}
    for path in paths:
        (second.folder / path).unlink()
    run = second.scons(f"target={NAME}", "-j1", *paths)
    assert len(run.of("CC")) == len(paths)
    assert {path: (second.folder / path).read_bytes() for path in paths} == before


def test_no_file_tells_where_it_was_built(built, second):
    needles = [str(second.folder).encode(), str(built(NAME).checkout.folder).encode()]
    for root in (built(NAME).root, second.build / FOLDER / "root"):
        for path in root.rglob("*"):
            if path.is_file() and not path.is_symlink():
                data = path.read_bytes()
                assert not [needle for needle in needles if needle in data], path

"""The same command gives the same bytes: in another folder, with other jobs, umask, time zone, home and language."""
import shutil
from dataclasses import dataclass

import pytest
from built import QUICK, Build
from checkout import Checkout, clone, contents, differences

# What every run shows is a build of test_flavours.py once more, at -O0; the nightly one shows the default options.
COMMANDS = [pytest.param(("x86_64-linux-gnu", ("libpython=shared", QUICK), "+libpython-shared+optimize-debug"), id="debug"),
            pytest.param(("aarch64-linux-gnu", (), ""), id="default", marks=pytest.mark.nightly)]
ELSEWHERE = {"TZ": "Pacific/Kiritimati", "HOME": "/nonexistent", "LANG": "tr_TR.UTF-8", "LC_ALL": None, "PYTHONHASHSEED": "7",
             "SOURCE_DATE_EPOCH": None, "CFLAGS": "-DPOISON", "TMPDIR": None}


@dataclass(frozen=True)
class Pair:
    """The same command in two checkouts. words: what both were built with.  first: the main checkout's build."""

    words: tuple[str, ...]
    first: Build
    second: Build

    @property
    def checkout(self) -> Checkout:
        """Where the second build is."""
        return self.second.checkout


@pytest.fixture(scope="module", params=COMMANDS)
def pair(place, built, request):
    """A build, and the same once more: a longer path, nothing shared but the archive."""
    name, words, flavour = request.param
    first = built(name, *words, flavour=flavour)
    checkout = clone(place / f"a-folder-with-a-much-longer-name-for-{name}" / "checkout", sources=False)
    checkout.scons(f"target={name}", *words, "-j4", env=ELSEWHERE, umask=0o077)
    return Pair((f"target={name}", *words), first, Build(checkout, name, flavour))


def test_the_installed_tree_is_the_same_to_the_last_bit(pair):
    first, other = contents(pair.first.root), contents(pair.second.root)
    assert len(first) > 1000
    assert differences(first, other) == []


def test_the_manifest_is_the_same(pair):
    ours = pair.first.manifest
    assert pair.second.manifest == ours
    assert ours["toolchain"]["kind"] == "zig" and len(ours["toolchain"]["digest"]) == 64


def test_one_job_gives_the_same_objects_as_four(pair):
    """A sample of the core is compiled again, one after the other, and by zig indeed: it forgets what it has compiled."""
    names = ["Objects/dictobject.o", "Python/getversion.o", "Modules/getbuildinfo.o", "Modules/getpath.o", "Python/frozen.o"]
    paths = [f"build/{pair.second.folder.name}/obj/{name}" for name in names]
    before = {path: (pair.checkout.folder / path).read_bytes() for path in paths}
    for path in paths:
        (pair.checkout.folder / path).unlink()
    shutil.rmtree(pair.checkout.build / "zig-cache/h")
    run = pair.checkout.scons(*pair.words, "-j1", *paths)
    assert len(run.of("CC")) == len(paths)
    assert {path: (pair.checkout.folder / path).read_bytes() for path in paths} == before


def test_no_file_tells_where_it_was_built(pair):
    needles = [str(pair.checkout.folder).encode(), str(pair.first.checkout.folder).encode()]
    for root in (pair.first.root, pair.second.root):
        for path in root.rglob("*"):
            if path.is_file() and not path.is_symlink():
                data = path.read_bytes()
                assert not [needle for needle in needles if needle in data], path

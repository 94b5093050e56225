"""The readers of upstream's files over every pinned release, and over one of another series: what they miss is told to the letter."""
import tarfile
import tomllib
from pathlib import Path

import pytest
from checkout import REPOSITORY, missing

from crosspy.acquire import release
from crosspy.acquire.debian import from_debian
from crosspy.acquire.fetch import Archive, Unavailable
from crosspy.errors import UserError
from crosspy.upstream import drift

OTHER = tomllib.loads((Path(__file__).with_name("series.toml")).read_text("utf-8"))
TABLES = REPOSITORY / "cpython"
READ = ("configure.ac", "pyconfig.h.in", "Makefile.pre.in", "Modules/Setup.stdlib.in", "Modules/Setup.bootstrap.in")


@pytest.fixture(scope="module")
def pinned(main):
    pins = release.load_pins(TABLES / "releases.toml")
    trees = []
    for pin in pins.pins:
        tree = main.build / "sources" / f"Python-{pin.version}"
        if not tree.exists():
            main.scons("probes", "target=x86_64-linux-gnu", f"python={pin.version}")
        trees.append(tree)
    return trees


@pytest.fixture(scope="module")
def other(place):
    """The files of a release of another series that our readers read."""
    folder, wanted = place / "series", OTHER["archive"]
    folder.mkdir()
    part = folder / "archive"
    try:
        from_debian(Archive("Python", wanted["version"], wanted["sha256"], 0, (), wanted["debian"], (wanted["suite"],)), part)
    except Unavailable as error:
        missing(f"{wanted['debian']} {wanted['version']} cannot be had: {error}")
    with tarfile.open(part) as archive:
        for name in READ:
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_bytes(archive.extractfile(f"Python-{wanted['version']}/{name}").read())
    return folder


def test_every_pinned_release_is_read_whole_and_no_entry_is_left_over(pinned):
    assert len(pinned) >= 2
    for tree in pinned:
        assert {kind: names for kind, names in drift.report(tree, TABLES).items() if names} == {}, tree.name
    assert drift.stale(pinned, TABLES) == []


def test_what_is_missed_in_another_series_is_told_to_the_letter(other):
    assert drift.report(other, TABLES) == OTHER["misses"]


def test_the_gate_names_all_of_it_in_one_message(other):
    with pytest.raises(UserError) as caught:
        drift.gate(other, TABLES)
    named = [name for kind in drift.KINDS for name in OTHER["misses"][kind]]
    assert len(named) > 20 and [name for name in named if name not in caught.value.what] == []

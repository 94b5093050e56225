"""Pins, the choice of a release, and the verified, unpacked tree."""
import errno
import hashlib
import os
import shutil
import stat
import subprocess
import tarfile
from pathlib import Path

import pytest
from releaseplace import NEW, OLD, RELEASES, place
from crosspy.acquire import fetch, release, unpack
from crosspy.acquire.release import candidates, load_pins
from crosspy.errors import UserError

REPOSITORY = Path(__file__).parents[2]


def test_the_projects_pins_are_read_newest_first():
    pins = load_pins(REPOSITORY / "cpython/releases.toml")
    assert pins.supported == ("3.13",)
    assert [found.version for found in pins.pins][:2] == ["3.13.15", "3.13.5"]
    assert pins.pins[0].urls == ("https://www.python.org/ftp/python/3.13.15/Python-3.13.15.tar.xz",)
    assert (pins.pins[0].debian, pins.pins[0].file, pins.pins[0].folder) == ("python3.13", "Python-3.13.15.tar.xz",
                                                                             "Python-3.13.15")


def test_all_that_is_wrong_with_releases_toml_is_told_at_once(tmp_path):
    path = tmp_path / "releases.toml"
    block = '[[release]]\nversion="{}"\nsha256="{}"\nsize={}\nsuites=["sid"]\n{}'
    path.write_text('supported=["3.13"]\nurl="u"\ndebian="d"\n' + block.format("3.13.1", "0" * 64, 5, "") +
                    block.format("3.13.1", "0" * 64, 5, "") + block.format("3.14.0", "0" * 64, 5, "") +
                    block.format("3.13.2", "0", 5, "") + block.format("3.13.3", "0" * 64, '"5"', "sise=1\n"))
    with pytest.raises(UserError) as caught:
        load_pins(path)
    for words in ("'3.13.1' is there twice", "'3.14.0' is of no supported", "'3.13.2' has a sha256",
                  "5: sise: unknown key", "size: '5' is not an integer"):
        assert words in str(caught.value)


def test_a_value_of_python_names_a_series_or_a_release():
    assert [found.version for found in candidates("3.13", RELEASES)] == ["3.13.15", "3.13.5"]
    assert candidates("", RELEASES) == candidates("3.13", RELEASES)
    assert [found.version for found in candidates("3.13.5", RELEASES)] == ["3.13.5"]
    with pytest.raises(UserError, match="python=3.13.6: .*did you mean.*'3.13.5'.*use one of 3.13, 3.13.15, 3.13.5"):
        candidates("3.13.6", RELEASES)


def test_a_series_takes_the_newest_in_downloads_and_fetches_nothing(place):
    place.put("3.13.5", OLD)
    found = place.acquire("3.13")
    assert (found.version, found.series, found.origin) == ("3.13.5", "3.13", "downloads/Python-3.13.5.tar.xz")
    assert found.tree == place.sources / "Python-3.13.5" and not found.editable and found.pinned
    place.put("3.13.15", NEW)
    assert place.acquire("3.13").version == "3.13.15"
    assert place.said == place.asked == []


def test_with_empty_downloads_the_newest_is_fetched(place):
    place.served = {"3.13.15": NEW, "3.13.5": OLD}
    found = place.acquire("3.13")
    assert (found.version, found.origin, place.asked) == ("3.13.15", "python.org", ["3.13.15"])
    assert (place.downloads / "Python-3.13.15.tar.xz").read_bytes() == NEW
    assert len(place.said) == 1


def test_a_newer_release_that_cannot_be_had_is_named(place):
    place.served = {"3.13.5": OLD}
    assert place.acquire("3.13").version == "3.13.5"
    assert place.asked == ["3.13.15", "3.13.5"]
    assert place.said[-1] == "python=3.13: 3.13.15 is newer but could not be fetched; taking 3.13.5"


def test_without_archive_and_network_one_error_tells_reasons_and_remedy(place):
    place.refuses(rf"cannot be fetched \(3.13.5: python.org: it cannot be reached \(no route\)\)"
                  rf".*put Python-3.13.5.tar.xz \(sha256 {RELEASES.pins[1].sha256}\).*source=PATH", "3.13.5")


def test_files_are_read_only_keep_their_execute_bit_and_folders_stay_writable(place):
    place.put("3.13.15", NEW)
    old = os.umask(0o077)
    try:
        tree = place.acquire("3.13.15").tree
    finally:
        os.umask(old)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tree.rglob("*") if path.is_file()}
    assert modes.pop("configure") == 0o555
    assert modes == {"patchlevel.h": 0o444, "configure.ac": 0o444, "os.py": 0o444, "Setup.stdlib.in": 0o444}
    assert all(path.stat().st_mode & 0o300 == 0o300 for path in [tree, *tree.rglob("*")] if path.is_dir())
    assert sorted(path.name for path in place.sources.iterdir()) == ["Python-3.13.15", "Python-3.13.15.json"]


def test_a_warm_call_hashes_nothing_starts_nothing_and_is_fast(place, monkeypatch):
    place.put("3.13.15", NEW)
    cold = place.acquire("3.13")

    def never(*args, **kwargs):
        raise AssertionError("a warm call must not come here")

    for owner, name in ((fetch, "sha256_of"), (release, "sha256_of"), (unpack, "_extract"), (subprocess, "Popen"),
                        (tarfile, "open")):
        monkeypatch.setattr(owner, name, never)
    before = place.everything()
    assert place.acquire("3.13") == cold
    assert place.everything() == before and place.said == []


def test_an_unpacked_tree_serves_without_its_archive(place):
    place.put("3.13.15", NEW)
    place.acquire("3.13")
    shutil.rmtree(place.downloads)
    assert place.acquire("3.13").version == "3.13.15"
    assert place.asked == [] and not place.downloads.exists()


def test_a_tree_without_its_stamp_or_with_another_one_is_unpacked_anew(place):
    place.put("3.13.15", NEW)
    tree = place.acquire("3.13").tree
    for wrong in ('{"sha256": "0"}', "[", ""):
        (tree / "leftover.h").write_text("")
        (place.sources / "Python-3.13.15.json").write_text(wrong)
        assert not (place.acquire("3.13").tree / "leftover.h").exists()


def test_leftovers_of_a_killed_run_are_removed(place):
    place.put("3.13.15", NEW)
    for folder in (place.downloads, place.sources):
        (folder / ".crosspy-dead/new").mkdir(parents=True)
    place.acquire("3.13")
    assert not list(place.folder.rglob(".crosspy-*"))


def test_a_wrong_file_in_downloads_stays_and_is_named_with_both_hashes(place):
    wrong = NEW[:-1] + b"?"
    place.put("3.13.15", wrong)
    found = hashlib.sha256(wrong).hexdigest()
    place.refuses(rf"downloads/Python-3.13.15.tar.xz: .*has sha256 {found}, not {RELEASES.pins[0].sha256}")
    place.put("3.13.15", NEW[:100])
    place.refuses(f"has 100 bytes, not {len(NEW)}")


def test_a_full_disk_or_an_interruption_while_unpacking_leaves_nothing(place, monkeypatch):
    place.put("3.13.15", NEW)
    original = tarfile.TarFile.makefile

    def failing(error):
        def makefile(self, member, path):
            if member.name.endswith("os.py"):
                raise error
            original(self, member, path)
        monkeypatch.setattr(tarfile.TarFile, "makefile", makefile)

    failing(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))
    place.refuses("build/sources: No space left on device.*free some space")
    failing(KeyboardInterrupt())
    before = place.everything()
    with pytest.raises(KeyboardInterrupt):
        place.acquire("3.13")
    assert place.everything() == before


def test_fetch_fills_downloads_and_unpacks_nothing(place):
    place.served = {"3.13.15": NEW}
    path = release.fetch("3.13", RELEASES, place.downloads, place.said.append, (place.fetcher,))
    assert path == place.downloads / "Python-3.13.15.tar.xz" and path.read_bytes() == NEW
    assert release.fetch("3.13", RELEASES, place.downloads, place.said.append, ()) == path
    assert len(place.said) == 1 and not place.sources.exists()

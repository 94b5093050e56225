"""``source=``: a folder that is used in place, or an archive that is unpacked once."""
import hashlib
import io
import tarfile

import pytest
from releaseplace import NEW, pin, place, tarball
from crosspy.acquire import release


def unpacked(folder, data):
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        archive.extractall(folder)
    return next(folder.iterdir())


def test_a_source_folder_is_used_in_place(place, tmp_path):
    tree = unpacked(tmp_path / "mine", tarball("3.13.99"))
    found = place.acquire("3.13", tree)
    assert (found.version, found.tree, found.digest, found.editable, found.pinned) == ("3.13.99", tree, "", True, False)
    assert found.origin == f"source={tree}" and not place.everything()


def test_a_source_archive_is_hashed_and_unpacked_once(place, tmp_path, monkeypatch):
    path = tmp_path / "mine.tar.xz"
    path.write_bytes(data := tarball("3.13.99"))
    found = place.acquire("", path)
    assert (found.version, found.editable, found.pinned) == ("3.13.99", False, False)
    assert found.digest == hashlib.sha256(data).hexdigest()
    assert found.tree.name == f"Python-3.13.99-{found.digest[:12]}"
    with monkeypatch.context() as patch:
        patch.setattr(release, "sha256_of", None)
        assert place.acquire("3.13", path) == found
    path.write_bytes(tarball("3.13.98"))
    assert place.acquire("", path).version == "3.13.98"


def test_a_source_archive_that_is_a_pinned_one_shares_its_tree(place, tmp_path):
    path = tmp_path / "orig.tar.xz"
    path.write_bytes(NEW)
    found = place.acquire("3.13.15", path)
    assert found.pinned and found.tree == place.sources / "Python-3.13.15"
    place.put("3.13.15", b"never read, since the tree's stamp matches the pin")
    assert place.acquire("3.13").tree == found.tree


def test_what_contradicts_source_is_refused(place, tmp_path):
    for data, name in ((NEW, "pinned.tar.xz"), (tarball("3.13.15", [("Python-3.13.15/x", "")]), "own.tar.xz")):
        (tmp_path / name).write_bytes(data)
        place.refuses(f"python=3.13.5: source=.*{name} is CPython 3.13.15", "3.13.5", tmp_path / name)
    place.refuses("python=3.13.5: .* is CPython 3.13.15", "3.13.5", unpacked(tmp_path / "mine", NEW))


def test_a_source_that_is_no_supported_cpython_is_refused(place, tmp_path):
    place.refuses("there is no such file or folder", source=tmp_path / "none")
    place.refuses("no CPython source tree: Include/patchlevel.h, ", source=tmp_path)
    old = unpacked(tmp_path / "old", tarball("3.12.1"))
    place.refuses("CPython 3.12.1, of a series that is not supported", "", old)
    (tmp_path / "notes.txt").write_text("no archive")
    place.refuses("notes.txt: it cannot be unpacked", source=tmp_path / "notes.txt")


@pytest.mark.parametrize("has_filter", [True, False])
def test_a_damaged_or_unsafe_source_archive_leaves_nothing(place, tmp_path, monkeypatch, has_filter):
    if not has_filter:  # Python before 3.11.4
        monkeypatch.delattr(tarfile, "data_filter", raising=False)
    path = tmp_path / "x.tar.xz"
    whole = tarball("3.13.1")
    for data in (whole[:-1], whole[:200], b"", tarball("3.13.1", [("../outside", "x")])):
        path.write_bytes(data)
        place.refuses("it cannot be unpacked", source=path)
    path.write_bytes(tarball("3.13.1", [("second/top", "")]))
    place.refuses("exactly one folder", source=path)
    assert not list(tmp_path.rglob("outside"))
    path.write_bytes(tarball("3.13.1"))
    assert place.acquire("", path).version == "3.13.1"

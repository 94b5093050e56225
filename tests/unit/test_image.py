"""Images: what is in them, and that equal files give equal bytes."""
import gzip
import hashlib
import io
import os
import stat
import subprocess
import tarfile

import pytest

from crosspy.errors import UserError
from crosspy.firmware import image, imageplan


def made(tmp_path, target="i.tar", files=None, **words):
    words = {"links": {}, "folders": (), "devices": None, "modes": {}, **words}
    return imageplan.plan(target, words.pop("format", ""), files or {}, **words)


@pytest.fixture
def files(tmp_path):
    """A program, a text and a folder with a link in it."""
    (tmp_path / "program").write_bytes(b"\x7fELF")
    (tmp_path / "program").chmod(0o700)
    (tmp_path / "text").write_text("hello\n")
    (tmp_path / "text").chmod(0o600)
    (tmp_path / "tree/inner").mkdir(parents=True)
    (tmp_path / "tree/inner/a.txt").write_text("a")
    (tmp_path / "tree/link").symlink_to("inner/a.txt")
    return {"/init": (f"{tmp_path}/program", False), "/etc/text": (f"{tmp_path}/text", False), "/usr/share": (f"{tmp_path}/tree", True)}


def newc(data):
    """Read a cpio in the form newc: name -> mode, content, device. Independent of the writer: from the format's description."""
    found, at = {}, 0
    while True:
        assert data[at:at + 6] == b"070701"
        ino, mode, uid, gid, links, mtime, size, _, _, major, minor, length, check = (int(data[at + 6 + 8 * n:at + 14 + 8 * n], 16) for n in range(13))
        name = data[at + 110:at + 110 + length - 1].decode()
        at += 110 + length + -(110 + length) % 4
        if name == "TRAILER!!!":
            return found
        assert (uid, gid, mtime, check) == (0, 0, 0, 0) and ino
        found[name] = (mode, data[at:at + size], (major, minor))
        at += size + -size % 4


def test_a_cpio_has_all_entries_with_folders_first_and_a_console(tmp_path, files):
    plan = made(tmp_path, "i.cpio", files, links={"/bin": "usr/bin"}, folders=["/proc"])
    found = newc(image.cpio(image.entries(plan.rows)))
    assert list(found) == ["bin", "dev", "dev/console", "etc", "etc/text", "init", "proc", "usr", "usr/share", "usr/share/inner",
                           "usr/share/inner/a.txt", "usr/share/link"]
    assert found["init"] == (stat.S_IFREG | 0o755, b"\x7fELF", (0, 0))
    assert found["etc/text"] == (stat.S_IFREG | 0o644, b"hello\n", (0, 0))
    assert found["bin"] == (stat.S_IFLNK | 0o777, b"usr/bin", (0, 0))
    assert found["usr/share/link"][1] == b"inner/a.txt"
    assert found["dev/console"] == (stat.S_IFCHR | 0o600, b"", (5, 1))
    assert found["proc"][0] == stat.S_IFDIR | 0o755


def test_another_reader_takes_the_cpio(tmp_path, files):
    data = image.cpio(image.entries(made(tmp_path, "i.cpio", files).rows))
    try:
        listed = subprocess.run(["cpio", "-t", "--quiet"], input=data, capture_output=True, check=True).stdout.decode().split()
    except FileNotFoundError:
        pytest.skip("there is no cpio: apt-get install cpio")
    assert "init" in listed and "usr/share/inner/a.txt" in listed and len(data) % 512 == 0


def test_a_tar_has_the_same(tmp_path, files):
    plan = made(tmp_path, "i.tar", files, devices={"/dev/null": "c 1 3 0666"}, modes={"/etc/text": "0640"})
    with tarfile.open(fileobj=io.BytesIO(image.tar(image.entries(plan.rows)))) as archive:
        found = {one.name: one for one in archive}
        assert archive.extractfile("etc/text").read() == b"hello\n"
    assert found["etc/text"].mode == 0o640 and found["dev/null"].ischr() and (found["dev/null"].devmajor, found["dev/null"].devminor) == (1, 3)
    assert {(one.uid, one.gid, one.mtime, one.uname) for one in found.values()} == {(0, 0, 0, "")}


@pytest.mark.parametrize("form", ["tar", "cpio", "cpio.gz", "squashfs"])
def test_neither_umask_nor_time_nor_folder_shows(tmp_path, form, tmp_path_factory, monkeypatch):
    if form == "squashfs" and not any(os.access(f"{folder}/mksquashfs", os.X_OK) for folder in os.environ["PATH"].split(":")):
        (pytest.fail if os.environ.get("CI") else pytest.skip)("there is no mksquashfs: apt-get install squashfs-tools")
    digests = set()
    for number, mask in enumerate((0o022, 0o077)):
        folder = tmp_path_factory.mktemp("long" * (number + 1))
        before = os.umask(mask)
        try:
            for name in ("b", "a"):
                (folder / "tree" / name).mkdir(parents=True)
                (folder / "tree" / name / "file").write_text(name * 5000)
            os.utime(folder / "tree/a/file", (number + 1, number + 1))
            plan = made(folder, f"i.{form}", {"/": (f"{folder}/tree", True)}, devices={"/dev/console": "c 5 1 0600"})
            image.make(plan.rows, plan.format, folder / "out", "mksquashfs", 0)
        finally:
            os.umask(before)
        digests.add(hashlib.sha256((folder / "out").read_bytes()).hexdigest())
        assert stat.S_IMODE((folder / "out").stat().st_mode) == 0o644
    assert len(digests) == 1


def test_a_gzip_names_nothing_and_holds_the_cpio(tmp_path, files):
    plan = made(tmp_path, "i.cpio.gz", files)
    image.make(plan.rows, plan.format, tmp_path / "i.cpio.gz", "", 0)
    data = (tmp_path / "i.cpio.gz").read_bytes()
    assert gzip.decompress(data) == image.cpio(image.entries(plan.rows))
    assert data[3] == 0 and data[4:8] == b"\0\0\0\0"   # no name, no time


def test_a_folder_takes_its_place_as_a_whole(tmp_path, files):
    (tmp_path / "out/stale").mkdir(parents=True)
    plan = made(tmp_path, "out", files, format="folder", links={"/bin": "usr/bin"})
    image.make(plan.rows, plan.format, tmp_path / "out", "", 0)
    assert sorted(os.listdir(tmp_path / "out")) == ["bin", "etc", "init", "usr"]
    assert os.access(tmp_path / "out/init", os.X_OK) and os.readlink(tmp_path / "out/bin") == "usr/bin"


def test_over_the_budget_the_largest_files_are_named_and_nothing_is_written(tmp_path, files):
    plan = made(tmp_path, "i.tar", files)
    with pytest.raises(SystemExit) as caught:
        image.make(plan.rows, plan.format, tmp_path / "i.tar", "", 100)
    assert "more than the budget of 100" in str(caught.value) and "/etc/text" in str(caught.value)
    assert not list(tmp_path.glob("i.tar*"))


WRONG = {
    "no format": ({"target": "image"}, "does not say what kind of image"),
    "another format": ({"target": "i", "format": "zip"}, "there is no such format"),
    "a relative path": ({"files": {"etc/x": ("x", False)}}, "no path on a device"),
    "a way out": ({"files": {"/../x": ("x", False)}}, "no path on a device"),
    "twice": ({"files": {"/x": ("x", False)}, "links": {"/x": "y"}}, "it is there twice"),
    "a mode that is none": ({"files": {"/x": ("x", False)}, "modes": {"/x": "rw"}}, "it is no mode"),
    "a mode of nothing": ({"modes": {"/x": "0644"}}, "it has no such path"),
    "a device that is none": ({"devices": {"/dev/x": "5 1"}}, "it is no device"),
    "a device in a folder": ({"target": "i", "format": "folder", "devices": {"/dev/x": "c 5 1 0600"}}, "only where root makes it"),
}


@pytest.mark.parametrize("name", WRONG)
def test_an_image_that_contradicts_itself_is_refused(tmp_path, name):
    words, part = WRONG[name]
    with pytest.raises(UserError, match=part):
        made(tmp_path, **words)


def test_two_folders_that_bring_one_file_are_refused(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "x").write_text(name)
    with pytest.raises(UserError, match="two of the folders bring it"):
        image.entries([("tree", "/", f"{tmp_path}/a", ""), ("tree", "/", f"{tmp_path}/b", "")])


def test_a_file_on_the_way_to_another_is_refused(tmp_path):
    (tmp_path / "x").write_text("")
    with pytest.raises(UserError, match="it is no folder"):
        image.entries([("file", "/a", f"{tmp_path}/x", ""), ("file", "/a/b", f"{tmp_path}/x", "")])

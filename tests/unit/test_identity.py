"""What a compiler consists of is asked once, and again when one of its files changes."""
import json
import os

import pytest

from crosspy.toolchains.identity import Identity


class Tool:
    """Counts how often it is asked to describe itself."""

    def __init__(self, folder):
        self.folder, self.asked = folder, 0
        (folder / "include").mkdir(parents=True)
        (folder / "programs").mkdir()
        (folder / "cc1").write_bytes(b"one")
        (folder / "include/stdio.h").write_bytes(b"int puts(const char *);\n")

    def describe(self):
        self.asked += 1
        return {"version": "14"}, [str(self.folder / name) for name in ("cc1", "include", "programs", "absent")]


@pytest.fixture
def tool(tmp_path):
    return Tool(tmp_path / "tool")


@pytest.fixture
def cache(tmp_path):
    return tmp_path / "build/toolchains.json"


def digest(cache, tool):
    identity = Identity(cache)
    found = identity.of("cc", tool.describe)
    identity.save()
    return found["digest"]


def test_a_second_run_asks_nothing_and_writes_nothing(cache, tool):
    first = digest(cache, tool)
    before = cache.stat().st_mtime_ns
    assert digest(cache, tool) == first and tool.asked == 1
    assert cache.stat().st_mtime_ns == before and os.listdir(cache.parent) == ["toolchains.json"]


def test_nothing_is_written_before_save(cache, tool):
    Identity(cache).of("cc", tool.describe)
    assert not cache.parent.exists()


@pytest.mark.parametrize("name", ["cc1", "include/stdio.h", "include/new.h"])
def test_another_content_is_another_digest(cache, tool, name):
    first = digest(cache, tool)
    (tool.folder / name).write_bytes(b"other")
    assert digest(cache, tool) != first and tool.asked == 2


def test_a_file_swapped_for_one_of_the_same_size_and_time_is_noticed(cache, tool):
    first, facts = digest(cache, tool), (tool.folder / "cc1").stat()
    (tool.folder / "other").write_bytes(b"two")
    os.utime(tool.folder / "other", ns=(facts.st_atime_ns, facts.st_mtime_ns))
    os.replace(tool.folder / "other", tool.folder / "cc1")
    assert digest(cache, tool) != first


def test_touching_a_file_asks_again_and_gives_the_same_digest(cache, tool):
    first = digest(cache, tool)
    os.utime(tool.folder / "cc1", (1, 1))
    assert digest(cache, tool) == first and tool.asked == 2


def test_a_new_name_in_a_folder_of_programs_asks_again(cache, tool):
    digest(cache, tool)
    (tool.folder / "programs/as").write_bytes(b"")
    digest(cache, tool)
    assert tool.asked == 2


def test_a_file_that_appears_or_vanishes_asks_again(cache, tool):
    digest(cache, tool)
    (tool.folder / "absent").write_bytes(b"here now")
    second = digest(cache, tool)
    (tool.folder / "absent").unlink()
    assert digest(cache, tool) != second and tool.asked == 3


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"cc": 5}', '{"format": 1, "tools": {"cc": {}}}', '{"format": 2, "tools": 5}',
                                  '{"format": 2, "tools": {"cc": 5}}', '{"format": 2, "tools": {"cc": {"stat": "x"}}}'])
def test_a_damaged_cache_is_made_again(cache, tool, text):
    cache.parent.mkdir()
    cache.write_text(text)
    assert len(digest(cache, tool)) == 64
    assert json.loads(cache.read_text())["tools"]["cc"]["facts"]["version"] == "14"

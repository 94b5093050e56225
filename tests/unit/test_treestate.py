"""The state of a tree tells whether anything that rests on it must be made again."""
import os
from pathlib import Path

import pytest
from crosspy.acquire.release import Release
from crosspy.run import treestate

PROJECT = Path(__file__).resolve().parents[2]


@pytest.fixture
def tree(tmp_path):
    for name, text in {"Lib/json/__init__.py": "a", "Lib/os.py": "b", "Python/compile.c": "c", "Python/pystate.c": "d"}.items():
        path = tmp_path / "tree" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return Release("3.13.15", "3.13", tmp_path / "tree", "", True, "source=")


def test_the_state_of_a_release_s_library_is_its_digest(tmp_path):
    pinned = Release("3.13.15", "3.13", tmp_path / "nowhere", "d" * 64, False, "downloads/")
    assert treestate.library(pinned) == treestate.shapers(pinned, PROJECT) == "d" * 64


@pytest.mark.parametrize("edit", [
    lambda lib: (lib / "os.py").write_text("longer"), lambda lib: os.utime(lib / "os.py", (1, 1)),
    lambda lib: (lib / "new.py").touch(), lambda lib: (lib / "json/__init__.py").unlink()])
def test_an_edited_library_has_another_state(tree, edit):
    before = treestate.library(tree)
    assert treestate.library(tree) == before
    edit(tree.tree / "Lib")
    assert treestate.library(tree) != before


def test_caches_of_python_and_lock_files_of_an_editor_do_no_harm(tree):
    before = treestate.library(tree)
    (tree.tree / "Lib/__pycache__").mkdir()
    (tree.tree / "Lib/__pycache__/os.cpython-311.pyc").touch()
    assert treestate.library(tree) == before
    (tree.tree / "Lib/.#os.py").symlink_to("somebody@host.123")
    assert treestate.library(tree) != before


def test_only_files_of_the_compiler_shape_byte_code(tree):
    before = treestate.shapers(tree, PROJECT)
    (tree.tree / "Python/pystate.c").write_text("other")
    assert treestate.shapers(tree, PROJECT) == before
    (tree.tree / "Python/compile.c").write_text("other")
    assert treestate.shapers(tree, PROJECT) != before

"""The words behind -- and the program that they belong to."""
import pytest

from crosspy.cli import launch
from crosspy.errors import UserError


def test_the_words_behind_are_cut_out_of_the_targets():
    words = ["run", "a", "b=c", "-d", "", "x y", "--", "z"]
    more = list(words)
    behind = launch.cut(["scons", "run", "x=1", "-j2", "--", *words[1:]], words, more)
    assert behind == ("a", "b=c", "-d", "", "x y", "--", "z") and words == more == ["run"]


def test_without_them_nothing_is_cut():
    words = ["run", "a"]
    assert launch.cut(["scons", "run", "a"], words) == () and words == ["run", "a"]
    assert launch.cut(["scons", "run", "--"], words) == () and words == ["run", "a"]


def test_only_run_takes_words():
    with pytest.raises(UserError, match="only run takes words behind --"):
        launch.check(["report"], ["a"], [])


def test_one_program_is_run():
    with pytest.raises(UserError, match="there are 2 targets"):
        launch.check(["run"], [], [object(), object()])


def test_the_program_is_the_application_or_the_interpreter():
    assert launch.program({"folder": "build/x"}, "/opt/python", "3.13") == "build/x/root/opt/python/bin/python3.13"
    assert launch.program({"folder": "build/x"}, "/", "3.13") == "build/x/root/bin/python3.13"
    assert launch.program({"folder": "build/x", "app": {"folder": "build/x/apps/a", "name": "a"}}, "/usr", "3.13") == "build/x/apps/a/a"

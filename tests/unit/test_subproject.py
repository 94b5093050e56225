"""What a parent says -> arguments; what several instances share."""
import os
import sys
from pathlib import Path

import pytest

from crosspy.errors import UserError
from crosspy.firmware import subproject
from crosspy.run.runlock import Mark

PROJECT = Path(__file__).resolve().parents[2]
GIVEN = {"target": "aarch64-linux-musl", "build_dir": "build/python"}


def place(name, value):
    return f"at/{value}"


def arguments(**more):
    return subproject.arguments({**GIVEN, **more}, place)


def test_options_become_the_arguments_of_a_command_line():
    assert arguments(hardening=False, tests=True, disable=["b", "a"], verbose=1, optimize="debug") == {
        "target": "aarch64-linux-musl", "build_dir": "at/build/python", "downloads": "at/build/python/downloads", "hardening": "no",
        "tests": "yes", "disable": "b,a", "verbose": "1", "optimize": "debug"}
    assert arguments(downloads="x")["downloads"] == "at/x"
    assert arguments(toolchain="gcc:tools/bin/arm-")["toolchain"] == f"gcc:{os.getcwd()}/at/tools/bin/arm-"
    assert arguments(toolchain="gcc:arm-")["toolchain"] == "gcc:arm-"


WRONG = {
    "nothing": (None, "SConscript gives no options"),
    "a list": (["aarch64"], "is list"),
    "no target": ({"build_dir": "b"}, "the option target is missing"),
    "no build_dir": ({"target": "aarch64"}, "the option build_dir is missing"),
    "an unknown option": ({**GIVEN, "optimise": "size"}, "there is no such option; did you mean 'optimize'"),
    "an application": ({**GIVEN, "app": "a.py"}, "give it to PythonApp"),
    "a profile": ({**GIVEN, "profile": "minimal"}, "PythonApp and PythonEmbed"),
    "what belongs to an alias": ({**GIVEN, "macro": "HAVE_X"}, "only the command line's probes reads it"),
    "an object": ({**GIVEN, "optimize": object()}, "a object says nothing here"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_options_are_refused(name):
    given, part = WRONG[name]
    with pytest.raises(UserError) as caught:
        subproject.arguments(given, place)
    assert part in str(caught.value)


@pytest.mark.parametrize(("version", "fits"), [("4.6.0", False), ("3.1.2", False), ("4.7.0", True), ("4.11.1", True), ("5.0", True)])
def test_an_old_scons_is_named(version, fits):
    if fits:
        return subproject.check_scons(version)
    with pytest.raises(UserError, match=f"this is SCons {version}, and 4.7 is the oldest"):
        subproject.check_scons(version)


def test_several_targets_are_refused(tmp_path):
    with pytest.raises(UserError, match="it names 2 targets"):
        subproject.Instance({"target": "aarch64,arm", "build_dir": str(tmp_path)}, PROJECT, subproject.Place(Mark(tmp_path)), "SConstruct:1")


def test_inside_everything_comes_back(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    before = os.getcwd()
    with pytest.raises(UserError), subproject.inside(str(tmp_path)):
        assert os.getcwd() == str(tmp_path) and sys.dont_write_bytecode
        raise UserError("a", "b", "c")
    assert os.getcwd() == before and not sys.dont_write_bytecode

"""The texts beside a target's objects: whose folders must not show, what is left out, where byte-code lies."""
import dataclasses
import os

import pytest
from samples import PROJECT, given, job

from crosspy import installed
from crosspy.modules import Module


@pytest.fixture
def plain(tmp_path):
    return job(tmp_path)


def test_folders_of_this_machine_are_private_and_system_ones_are_not(plain, tmp_path, monkeypatch):
    monkeypatch.setattr(installed, "_home", lambda: "/home/somebody")
    monkeypatch.chdir(tmp_path)
    folders = installed.private_folders(plain)
    assert folders == tuple(sorted({"/home/somebody", str(tmp_path), f"{tmp_path}/build/mips", f"{tmp_path}/tree", "/opt/cross/bin"}))


@pytest.mark.parametrize("home", ["/", "/root", "/usr/share/nobody"])
def test_folders_too_short_or_common_to_name_a_machine_are_not_private(plain, monkeypatch, home):
    monkeypatch.setattr(installed, "_home", lambda: home)
    assert home not in installed.private_folders(plain)


def test_a_package_is_left_out_when_its_own_module_is_absent():
    plan = [Module("_ssl", "absent", "x"), Module("_tkinter", "absent", "x"), Module("_curses", "shared"),
            Module("_curses_panel", "absent", "x"), Module("_json", "absent", "x")]
    assert installed.left_out(plan, PROJECT / "cpython") == ["idlelib", "ssl", "tkinter", "turtle", "turtledemo"]


def test_nothing_is_left_out_when_all_is_there():
    assert installed.left_out([Module("_ssl", "builtin")], PROJECT / "cpython") == []


def bytecode(job, **arguments):
    return installed.bytecode(dataclasses.replace(job, options=given(**arguments)))


def test_byte_code_is_shared_by_all_targets_of_a_release(plain):
    made = bytecode(plain)
    assert made["folder"].startswith("build/bootstrap-3.13.15/bytecode-") and made["at"] == f"#{made['folder']}"
    assert (made["library"], made["mode"], made["tests"], made["series"]) == ("/usr/lib/python3.13", "unchecked", "no", "3.13")
    assert bytecode(plain, libpython="shared", optimize="size", target="arm") == made


@pytest.mark.parametrize("argument, value", [("prefix", "/opt/python"), ("tests", "yes"), ("bytecode", "checked")])
def test_what_changes_byte_code_has_a_folder_of_its_own(plain, argument, value):
    assert bytecode(plain, **{argument: value})["folder"] != bytecode(plain)["folder"]


def test_the_kinds_of_byte_code(plain):
    kinds = {kind: (made["wanted"], made["mode"]) for kind in ("unchecked", "checked", "none", "only")
             for made in [bytecode(plain, bytecode=kind)]}
    assert kinds == {"unchecked": (True, "unchecked"), "checked": (True, "checked"), "none": (False, "unchecked"),
                     "only": (True, "unchecked")}
    assert os.path.isabs(bytecode(plain)["library"])

"""``scons inspect file=``: files and trees that were built elsewhere are held to a variant, and to no plan."""
from __future__ import annotations

import dataclasses
import json
import os
from pathlib import Path
from types import SimpleNamespace

import pytest
import tiny_elf
import tiny_link
from goodroot import COMMON, LOADER, REPOSITORY, expected, extension, findings, program, write, write_root
from samples import given

from crosspy.cli import inspectcommand
from crosspy.errors import UserError
from crosspy.inspect import inspection, policy
from crosspy.variants import variant


def foreign(name: str = "aarch64-linux-gnu", **arguments) -> policy.Expectation:
    """What a variant expects of files that were built elsewhere."""
    return inspectcommand.foreign(variant.load(REPOSITORY / "variants" / name), given(target=name, **arguments))


def told(file, folder: Path, **arguments) -> tuple[int, dict]:
    """Inspect a file as the command line does: the exit status and inspect-file.json."""
    arguments = {"target": "aarch64-linux-gnu", "file": str(file), "build_dir": str(folder / "build"), **arguments}
    known = variant.load(REPOSITORY / "variants/aarch64-linux-gnu")
    status = inspectcommand.main(SimpleNamespace(words=["inspect"], chosen=[known], options=given(**arguments), folder_name=lambda one: one.name))
    return status, json.loads((folder / "build" / known.name / "inspect-file.json").read_text("utf-8"))


def rules(report: dict) -> set[str]:
    return {one["rule"] for one in report["findings"]}


def test_files_that_were_built_elsewhere_are_held_to_no_plan(tmp_path):
    found = {one.rule for one in findings(write_root(tmp_path / "root"), foreign())}
    assert found == {"needed", "libpython-stub"}, "libpython is none of the device's own libraries"


def test_a_link_that_is_named_is_followed_and_a_program_may_have_any_place(tmp_path):
    write(tmp_path, "usr/lib/x.so.d/dash", program(needed=("libc.so.6",)))
    (tmp_path / "sh").symlink_to("usr/lib/x.so.d/dash")
    status, report = told(tmp_path / "sh", tmp_path)
    assert (status, list(report["files"])) == (0, ["dash"])
    status, report = told(tmp_path / "usr", tmp_path)
    assert (status, list(report["files"])) == (0, ["lib/x.so.d/dash"]), "a folder may end as a library does"


@pytest.mark.parametrize("name", ["nothing", "n" * 5000, "loop", "file/below", "a\0b"])
def test_a_name_that_leads_nowhere_is_one_message(tmp_path, name):
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(UserError, match="^file=.*Fix: name a file or a folder"):
        told(tmp_path / name, tmp_path)


def test_static_programs_and_libraries_that_can_be_started_are_as_they_should_be(tmp_path):
    libc = {"soname": "libc.so.6", "interpreter": LOADER, "defines": {"GLIBC_2.17": ["puts"], "GLIBC_2.36": ["new"]}}
    write(tmp_path, "lib/libc.so.6", tiny_elf.make(**COMMON | libc))
    write(tmp_path, "sbin/ldconfig", program(interpreter="", needed=(), versions={}, relr=True))
    write(tmp_path, "bin/new", program(needed=("libc.so.6",), versions={("libc.so.6", "GLIBC_2.36"): ["new"], ("libc.so.6", "GLIBC_PRIVATE"): ["own"]}))
    assert told(tmp_path / "sbin/ldconfig", tmp_path)[0] == 0
    assert told(tmp_path, tmp_path)[1]["findings"] == [], "the tree brings a glibc of its own"
    assert rules(told(tmp_path / "bin/new", tmp_path)[1]) == {"glibc-floor"}
    assert told(tmp_path / "bin/new", tmp_path, glibc="2.36")[0] == 0
    write(tmp_path, "lib/libc.so.6", tiny_elf.make(**COMMON | libc | {"interpreter": "/lib/ld-other.so"}))
    assert rules(told(tmp_path, tmp_path)[1]) == {"interpreter"}


def test_glibc_and_hardening_and_the_variant_say_what_is_asked_of_other_files():
    assert (foreign().glibc_floor, foreign(glibc="2.36").glibc_floor, foreign().pie, foreign().bound) == ("2.17", "2.36", True, True)
    assert (foreign(hardening="no").pie, foreign(hardening="no").bound) == (False, False)
    known = variant.load(REPOSITORY / "variants/aarch64-linux-gnu")
    without = dataclasses.replace(known, flags=dataclasses.replace(known.flags, unhardened=("pie: no MMU", "relro: no MMU")))
    made = inspectcommand.foreign(without, given(target="aarch64-linux-gnu"))
    assert (made.pie, made.bound) == (False, False)
    with pytest.raises(UserError, match="glibc=2.36 target=aarch64-linux-musl: this target has musl"):
        foreign("aarch64-linux-musl", glibc="2.36")


def test_symbols_of_others_files_are_looked_for_where_they_can_be(tmp_path):
    device = tmp_path / "device"
    libc, expat = (tiny_elf.make(**COMMON, soname=name, exports=exports, defines=defines) for name, exports, defines in
                   (("libc.so.6", (), {"GLIBC_2.17": ["puts"]}), ("libexpat.so.1", ("XML_Parse",), {})))
    write(device, "lib/libc.so.6", libc)
    write(device, "lib/libexpat.so.1", expat)
    write(device, LOADER[1:], tiny_elf.make(soname="ld-linux-aarch64.so.1"))
    expat_user = {"needed": ("libc.so.6", "libexpat.so.1"), "undefined": ("XML_Parse",)}
    write(tmp_path, "python3.11", program(**expat_user))
    assert rules(told(tmp_path / "python3.11", tmp_path)[1]) == {"needed"}, "a library that is elsewhere may have the symbol"
    assert told(tmp_path / "python3.11", tmp_path, rootfs=str(device))[0] == 0, "the library is found, and so is its symbol"
    write(tmp_path, "python3.11", program(**{**expat_user, "undefined": ("XML_Parse", "XML_New")}))
    assert rules(told(tmp_path / "python3.11", tmp_path, rootfs=str(device))[1]) == {"rootfs-symbol"}
    write(tmp_path, "tree/lib/libexpat.so.1", expat)
    write(tmp_path, "tree/lib/libc.so.6", libc)
    write(tmp_path, "tree/bin/python3.11", program(**{**expat_user, "undefined": ("XML_Parse", "XML_New")}))
    found = told(tmp_path / "tree", tmp_path)[1]["findings"]
    assert [(one["rule"], one["found"]) for one in found] == [("undefined", "XML_New")], "all that it needs is in the tree"


def test_an_extension_alone_has_its_symbols_of_the_device_s_interpreter(tmp_path):
    write(tmp_path, "spam.so", extension(needed=(), versions={}, undefined=("PyLong_FromLong", "_PyTime_Now")))
    assert told(tmp_path / "spam.so", tmp_path)[0] == 0
    write(tmp_path, "spam.so", extension(needed=(), versions={}, exports=("plugin_start",), undefined=("host_register",)))
    assert told(tmp_path / "spam.so", tmp_path)[0] == 0, "a plug-in of another program"
    write(tmp_path, "spam.so", extension(needed=(), versions={}, undefined=("PyLong_FromLong", "XML_Parse")))
    assert [one["found"] for one in told(tmp_path / "spam.so", tmp_path)[1]["findings"]] == ["XML_Parse"]


def test_a_root_file_system_of_others_may_hold_what_a_root_of_ours_may_not(tmp_path):
    tree = tmp_path / "tree"
    write(tree, "bin/sh", program(needed=("libc.so.6",)))
    write(tree, "lib/libc.so", b"/* GNU ld script\n ** */\nOUTPUT_FORMAT(elf64-x86-64)\nGROUP ( /lib/libc.so.6 )\n")
    write(tree, "boot/config", b"data")
    (tree / "boot/config").chmod(0o755)
    write(tree, "cache/x.deb", tiny_elf.ar({"debian-binary": b"2.0\n"}))
    os.mkfifo(tree / "pipe")
    (tree / "mtab").symlink_to("/proc/self/mounts")
    assert told(tree, tmp_path)[1]["findings"] == []
    assert {one.file for one in findings(tree, expected(extensions={}, stable_abi=[])) if one.rule in ("readable", "symlink")} == {
        "lib/libc.so", "boot/config", "pipe", "mtab"}
    write(tree, "lib/libz.so", b"")
    assert rules(told(tree, tmp_path)[1]) == {"readable"}
    assert [one["found"] for one in told(tree / "lib/libc.so", tmp_path)[1]["findings"]] == ["no program and no library, but linker-script"]


@pytest.mark.parametrize(("bits", "data"), [(64, "little"), (32, "big")])
def test_split_debug_information_is_no_damaged_program(tmp_path, bits, data):
    code = tiny_link.Part(".text", flags=tiny_link.AX, kind=tiny_link.NOBITS, size=100)
    write(tmp_path, "debug/dash", tiny_link.make([code], bits=bits, data=data, type=3))
    entries = inspection.inspect(tmp_path, expected(), inspection.FactsCache(None))
    assert [entry.kind for entry in entries] == ["debug-file"]
    assert [one.rule for one in policy.judge_entry(entries[0], foreign())] == [] and [one.rule for one in policy.judge_entry(entries[0], expected())] == ["debug-file"]


def test_rules_that_have_nothing_to_compare_with_are_not_asked():
    assert {rule.id for rule in policy.RULES if not policy.asked(rule.id, foreign())} >= {"stable-abi", "shebang", "stack-protector", "rootfs-symbol", "symlink"}
    assert [rule.id for rule in policy.RULES if not policy.asked(rule.id, expected(rootfs=True))] == []
    asked_by = policy._BY
    assert asked_by.keys() <= {rule.id for rule in policy.RULES} and set(asked_by.values()) <= {one.name for one in dataclasses.fields(policy.Expectation)}

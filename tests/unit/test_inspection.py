"""inspection.py, expectation.py and verdict.py: what the gate reads, writes and prints, and how it ends."""
from __future__ import annotations

import dataclasses
import hashlib
import io
import json
import os
from pathlib import Path
from types import SimpleNamespace
from xml.etree import ElementTree

import pytest
import tiny_elf
import tiny_link
from goodroot import (ASKED, BUILD, COMMON, LIBPYTHON, LOADER, PROGRAM, REPOSITORY, SPAM, SUFFIX, expected, extension, findings,
                      program, write, write_root)
from samples import given

from crosspy import inspectcommand, inspection, leaks, policy, variant, variantlines, verdict
from crosspy.errors import UserError


@pytest.fixture
def root(tmp_path) -> Path:
    """A root/ as it should be."""
    return write_root(tmp_path / "root")


def test_the_junit_report_has_one_case_for_each_rule(root):
    write(root, PROGRAM, program(rpath="/opt\x01"))
    text = verdict.junit(findings(root, expected()), expected())
    suite = ElementTree.fromstring(text.encode())
    assert [case.get("name") for case in suite] == [rule.id for rule in policy.RULES]
    assert [case.get("name") for case in suite if case.find("failure") is not None] == ["rpath"] and suite.get("failures") == "1"
    waived = expected(waivers=[{"rule": "rpath", "file": "*", "reason": "known"}])
    suite = ElementTree.fromstring(verdict.junit(findings(root, waived), waived))
    skipped = {case.get("name"): case.find("skipped") for case in suite if case.find("skipped") is not None}
    assert (suite.get("failures"), suite.get("skipped")) == ("0", "3") and "Waived: known" in skipped.pop("rpath").text
    assert {name: one.get("message") for name, one in skipped.items()} == dict.fromkeys(("rootfs-needed", "rootfs-symbol"), "not asked")


def test_an_empty_root_is_no_success(tmp_path):
    assert [one.rule for one in findings(tmp_path, expected(extensions={}, stable_abi=[]))] == ["readable"]


def test_a_pipe_is_a_finding_and_is_not_opened(root):
    os.mkfifo(root / "usr/pipe")
    assert [(one.rule, one.file) for one in findings(root, expected())] == [("readable", "usr/pipe")]


def test_wrong_expectations_tell_all_that_is_wrong():
    good = policy.expectation(variant.load(REPOSITORY / "variants/arm-linux-gnueabihf"), floor="2.17")
    assert policy.parse(good, "e").flags_mask == 0xFF000000
    bad = {**good, "class": 16, "forbidden": ["/"], "glibc_floor": "new", "lnkage": "dynamic"}
    with pytest.raises(UserError, match="lnkage: unknown key .did you mean 'linkage'"):
        policy.parse(bad, "e")
    del bad["lnkage"]
    with pytest.raises(UserError, match="forbidden: '/' is too short.*class: 16 is not one of 32, 64.*glibc_floor: 'new'"):
        policy.parse(bad, "e")


def run(root: Path, *options: str) -> int:
    expect = root.parent / "expect.json"
    known = variant.load(REPOSITORY / "variants/aarch64-linux-gnu")
    expect.write_text(json.dumps(policy.expectation(
        known, floor="2.17", needed_extra=(LIBPYTHON,), forbidden=(BUILD,), extensions={"spam": SPAM}, ext_suffix=SUFFIX, **ASKED)))
    return inspection.main(["--expect", str(expect), "--root", str(root), "--output", str(root.parent / "inspect.json"), *options])


def test_the_gate_succeeds_with_one_line_and_writes_the_same_report_each_time(root, capsys):
    cache = root.parent / "cache.json"
    assert run(root, "--cache", str(cache)) == 0
    assert capsys.readouterr() == ("inspect: 5 ELF files, 9 files, 0 findings\n", "")
    first = (root.parent / "inspect.json").read_bytes()
    assert run(root, "--cache", str(cache)) == 0 and (root.parent / "inspect.json").read_bytes() == first
    report = json.loads(first)
    assert sorted(report) == ["files", "findings", "hardening", "rules", "variant", "waived"] and report["findings"] == []
    assert report["files"][SPAM]["facts"]["inits"] == ["PyInit_spam"] and list(report["files"]) == sorted(report["files"])
    assert str(root.parent) not in first.decode()


def test_the_gate_fails_with_each_finding_on_stderr(root, capsys):
    write(root, PROGRAM, program(rpath="/opt"))
    assert run(root) == 1
    assert capsys.readouterr().err == (
        f"weak   rpath\n       {PROGRAM}: found RPATH /opt, expected neither DT_RPATH nor DT_RUNPATH\n"
        "       why: a path of the build machine, or one that others can write, could bring the library (gABI 5)\n"
        "       fix: drop -rpath from the link command\n")
    assert [one["rule"] for one in json.loads((root.parent / "inspect.json").read_text())["findings"]] == ["rpath"]


def test_the_cache_is_used_and_a_damaged_one_is_not_believed(root, monkeypatch):
    cache = root.parent / "cache.json"
    assert run(root, "--cache", str(cache)) == 0
    with monkeypatch.context() as patch:
        patch.setattr(inspection, "_read", lambda data: pytest.fail("it was read again"))
        assert run(root, "--cache", str(cache)) == 0
    known = json.loads(cache.read_text())
    for damage in ("", "[]", '{"reader": 1}', json.dumps({**known, "facts": dict.fromkeys(known["facts"], {"kind": "program"})})):
        cache.write_text(damage)
        assert run(root, "--cache", str(cache)) == 0
    assert json.loads(cache.read_text()) == known


def test_a_missing_root_is_one_message_without_a_traceback(tmp_path, capsys):
    assert run(tmp_path / "root") == 2
    assert capsys.readouterr().err.startswith(f"{tmp_path / 'root'}: the folder does not exist. Fix: ")


def test_files_that_were_built_elsewhere_are_held_to_no_plan(root):
    found = {one.rule for one in findings(root, foreign())}
    assert found == {"needed", "libpython-stub"}, "libpython is none of the device's own libraries"


def test_one_file_is_inspected_alone(root):
    entries = inspection.inspect(root / "usr/bin", expected(), inspection.FactsCache(None), "python3.13")
    assert [entry.path for entry in entries] == ["python3.13"] and entries[0].kind == "program"


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


def test_a_feature_that_is_unhardened_is_one_that_there_is():
    known = variant.load(REPOSITORY / "variants/aarch64-linux-gnu")
    wrong = dataclasses.replace(known, flags=dataclasses.replace(known.flags, unhardened=("stack-protecter: no TLS", "pie: no MMU", "pie")))
    assert variantlines.unfit(wrong) == [
        "flags.unhardened: 'pie' is not 'FEATURE: REASON'",
        f"flags.unhardened: 'stack-protecter' is not one of {', '.join(variantlines.FEATURES)}; did you mean 'stack-protector' or 'separate-code'?"]


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


def test_a_deep_tree_is_walked_to_its_end(tmp_path):
    deep = [tmp_path / ("d/" * depth) for depth in range(1, 1201)]
    for folder in deep:
        folder.mkdir()
    (deep[-1] / "x").write_bytes(b"")
    try:
        found = [path for path, _ in inspection.walk(tmp_path)]
    finally:
        (deep[-1] / "x").unlink()
        for folder in reversed(deep):   # pytest's own clean-up is recursive
            folder.rmdir()
    assert found == [f"{'d/' * 1200}x"]


def test_what_cannot_be_read_is_told_and_the_rest_is_inspected(root, monkeypatch):
    def closed(entry, *arguments, **words):
        if str(arguments[0] if arguments else entry).endswith("os.py"):
            raise PermissionError(13, "Permission denied")
        return entry
    monkeypatch.setattr(inspection, "open", lambda path, mode: closed(open(path, mode), path), raising=False)
    assert [(one.rule, one.file, one.found) for one in findings(root, expected())] == [
        ("readable", "usr/lib/python3.13/os.py", "it cannot be read (Permission denied)")]
    entries = inspection.inspect(root, expected(), inspection.FactsCache(None), "gone")
    assert [(entry.kind, entry.problem) for entry in entries] == [("unread", "it cannot be read (No such file or directory)")]


def test_all_names_are_in_the_reports_and_the_first_ones_in_the_table(root):
    names = [f"lib{number:02}.so" for number in range(30)]
    write(root, SPAM, extension(needed=("libc.so.6", *names)))
    found = findings(root, expected())
    assert found[0].found == ", ".join(names) and names[-1] in verdict.junit(found, expected())
    assert "found lib00.so" in verdict.table(found) and "lib09.so and 20 more, expected" in verdict.table(found)
    entry = policy.Entry("a", "file", missing=("libx.so",), unresolved=tuple(names))
    assert verdict.report([entry], [], expected())["files"]["a"] == {
        "kind": "file", "sha256": "", "size": 0, "missing": ["libx.so"], "unresolved": names}


def test_a_waiver_that_waives_nothing_is_told_also_beside_one_of_the_same_reason(root):
    write(root, PROGRAM, program(rpath="/opt"))
    rows = [{"rule": "rpath", "file": file, "reason": "known"} for file in ("usr/bin/*", "usr/sbin/*", "usr/bin/python3.13")]
    expect = expected(waivers=rows)
    assert verdict.unused(findings(root, expect), expect) == [
        f"waiver of rpath for {file} waives nothing" for file in ("usr/sbin/*", "usr/bin/python3.13")]


def test_rules_that_have_nothing_to_compare_with_are_not_asked():
    assert {rule.id for rule in policy.RULES if not policy.asked(rule.id, foreign())} >= {"stable-abi", "shebang", "stack-protector", "rootfs-symbol", "symlink"}
    assert [rule.id for rule in policy.RULES if not policy.asked(rule.id, expected(rootfs=True))] == []
    asked_by = policy._BY
    assert asked_by.keys() <= {rule.id for rule in policy.RULES} and set(asked_by.values()) <= {one.name for one in dataclasses.fields(policy.Expectation)}


def test_a_large_file_is_searched_in_pieces(monkeypatch):
    monkeypatch.setattr(leaks, "PIECE", 64)
    monkeypatch.setattr(leaks, "OVERLAP", 32)
    patterns = leaks.patterns(["/work/a", "/work/b"])
    for before in range(150):
        data = b"." * before + b"/work/ab /work/a/x" + b"." * 70
        assert leaks.look(io.BytesIO(data), patterns)[:2] == (hashlib.sha256(data).hexdigest(), len(data))
        assert [row.rpartition(" ")[2] for row in leaks.look(io.BytesIO(data), patterns)[2]] == [str(before + 9)]


@pytest.mark.parametrize(("text", "found"), [
    ("built on Nov 22 2026 at 11:12:13", ("11:12:13", "Nov 22 2026")), ("v1 (Nov  2 2026, 01:12:13)", ("01:12:13", "Nov 2 2026")),
    ("Sun Nov 22 11:12:13 2026", ("Sun Nov 22 11:12:13 2026",)), ("Nov 22 2026 11:12:13", ("11:12:13", "Nov 22 2026")),
    ("e.g. 'Sat Jun 06 16:26:11 1998'.", ()), ("fts5: 2026-07-24 19:02:57 bf7c", ()), ("$Id: x.c,v 1.2 2026/06/06 09:59:40 tom Exp $", ()),
    ("Sun, 06 Nov 1994 08:49:37 GMT", ()), ("1994-11-06T08:49:37", ()), ("00:11:22:33:44:55", ()), ("01:02:03.004", ()), ("Copyright Nov 22, 2026", ()),
    ("Nov 22 20261", ()), ("1Nov 22 2026", ("Nov 22 2026",)), ("bNov 22 2026", ())])
def test_dates_of_a_build_are_told_from_those_of_a_text(text, found):
    assert leaks.dates(b"\0" + text.encode() + b"\0") == found


def test_many_dates_of_one_kind_hide_no_other():
    assert leaks.dates(b"00:00:00 " * 300 + b"Nov 22 2026") == ("00:00:00", "Nov 22 2026")
    assert len(leaks.dates(b" ".join(b"%02d:%02d:00" % (number // 60, number % 60) for number in range(600)))) == 100

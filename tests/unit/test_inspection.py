"""inspection.py, expectation.py and verdict.py: what the gate reads, writes and prints, and how it ends."""
from __future__ import annotations

import json
import os
import re
from pathlib import Path
from types import SimpleNamespace
from xml.etree import ElementTree

import pytest
from goodroot import ASKED, BUILD, LIBPYTHON, PROGRAM, REPOSITORY, SPAM, SUFFIX, expected, extension, findings, program, write, write_root

from crosspy.errors import UserError
from crosspy.inspect import inspection, policy, verdict
from crosspy.variants import variant


@pytest.fixture
def root(tmp_path) -> Path:
    """A root/ as it should be."""
    return write_root(tmp_path / "root")


def test_the_junit_report_has_one_case_for_each_rule(root):
    write(root, PROGRAM, program(rpath="/opt\x01"))
    entries = inspection.inspect(root, expected(), inspection.FactsCache(None))
    text = verdict.junit(findings(root, expected()), entries, expected())
    suite = ElementTree.fromstring(text.encode())
    assert [case.get("name") for case in suite] == [rule.id for rule in policy.RULES]
    assert [case.get("name") for case in suite if case.find("failure") is not None] == ["rpath"] and suite.get("failures") == "1"
    waived = expected(waivers=[{"rule": "rpath", "file": "*", "reason": "known"}])
    suite = ElementTree.fromstring(verdict.junit(findings(root, waived), entries, waived))
    skipped = {case.get("name"): case.find("skipped") for case in suite if case.find("skipped") is not None}
    assert (suite.get("failures"), suite.get("skipped")) == ("0", "3") and "Waived: known" in skipped.pop("rpath").text
    assert {name: one.get("message") for name, one in skipped.items()} == dict.fromkeys(("rootfs-needed", "rootfs-symbol"), "not asked")
    few = [entry for entry in entries if entry.kind != "archive"]
    suite = ElementTree.fromstring(verdict.junit([], few, expected()))
    unasked = {case.get("name") for case in suite if case.find("skipped") is not None}
    assert unasked == {"rootfs-needed", "rootfs-symbol", "stack-protector", "archive-members"}, "no file shows whether it is kept"


def test_the_same_file_under_two_names_is_read_once(root, monkeypatch):
    write(root, "usr/bin/copy", (root / PROGRAM).read_bytes())
    read, seen = inspection._read, []
    monkeypatch.setattr(inspection, "_read", lambda data: seen.append(data) or read(data))
    entries = inspection.inspect(root, expected(), inspection.FactsCache(None))
    binary = [entry for entry in entries if entry.facts or entry.members]
    assert len(seen) == len(set(seen)) == len({entry.sha256 for entry in binary}) == len(binary) - 1


@pytest.mark.parametrize(("terminal", "environment", "paints"), [
    (True, {"TERM": "xterm"}, True), (True, {}, True), (True, {"TERM": "dumb"}, False), (True, {"NO_COLOR": "1"}, False), (False, {"TERM": "xterm"}, False)])
def test_a_terminal_that_wants_colours_gets_them(root, terminal, environment, paints, monkeypatch):
    for name in ("TERM", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert verdict.coloured(SimpleNamespace(isatty=lambda: terminal)) is paints
    write(root, PROGRAM, program(rpath="/opt", interpreter="/none", build_id=b""))
    found = verdict.table(findings(root, expected()), paints)
    plain = verdict.table(findings(root, expected()))
    assert ("\x1b[31;1mfatal " in found and "\x1b[33;1mweak  " in found) is paints and "untidy build-id" in found
    assert re.sub("\x1b\\[[0-9;]*m", "", found) == plain


def test_more_symbols_than_are_read_are_a_finding(root):
    write(root, SPAM, extension(symbols=200_001, payload=bytes(24 * 200_001)))
    assert [(one.rule, one.found) for one in findings(root, expected()) if one.file == SPAM and one.rule == "readable"] == [
        ("readable", "its dynamic symbol table has 200001 entries, at most 200000 are read")]


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


def test_one_file_is_inspected_alone(root):
    entries = inspection.inspect(root / "usr/bin", expected(), inspection.FactsCache(None), "python3.13")
    assert [entry.path for entry in entries] == ["python3.13"] and entries[0].kind == "program"


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
    assert found[0].found == ", ".join(names) and names[-1] in verdict.junit(found, [], expected())
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

"""policy.py and inspection.py: a good root/ has no finding; each thing broken gives exactly its own finding."""
from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
import tiny_elf

from crosspy import inspection, policy, variant
from crosspy.errors import UserError

REPOSITORY = Path(__file__).resolve().parents[2]
LOADER, LIBPYTHON, SUFFIX = "/lib/ld-linux-aarch64.so.1", "libpython3.13.so.1.0", ".cpython-313-aarch64-linux-gnu.so"
BUILD = "/home/builder/work"
PROGRAM = "usr/bin/python3.13"
DYNLOAD = "usr/lib/python3.13/lib-dynload"
SPAM = f"{DYNLOAD}/spam{SUFFIX}"
STUB, ARCHIVE = "usr/lib/libpython3.so", "usr/lib/python3.13/config/libpython3.13.a"
LINK = "usr/bin/python3"
GLIBC = {("libc.so.6", "GLIBC_2.17"): ["puts"]}


def program(**changes) -> bytes:
    return tiny_elf.make(**{"interpreter": LOADER, "pie": True, "needed": ("libc.so.6", LIBPYTHON), "versions": GLIBC, **changes})


def extension(**changes) -> bytes:
    return tiny_elf.make(**{"needed": ("libc.so.6",), "exports": ("PyInit_spam",), "versions": GLIBC, **changes})


def relocatable(**changes) -> bytes:
    return tiny_elf.make(type=tiny_elf.ET_REL, dynamic=False, **changes)


def expected(name: str = "aarch64-linux-gnu", **changes) -> policy.Expectation:
    known = variant.load(REPOSITORY / "variants" / name)
    made = policy.expectation(known, floor="2.17", needed_extra=(LIBPYTHON,), forbidden=(BUILD, "/"), extensions={"spam": SPAM},
                              ext_suffix=SUFFIX)
    return policy.parse({**made, **changes}, "expect.json")


@pytest.fixture
def root(tmp_path) -> Path:
    """A root/ as it should be."""
    folder = tmp_path / "root"
    write(folder, PROGRAM, program())
    write(folder, SPAM, extension())
    write(folder, f"usr/lib/{LIBPYTHON}", tiny_elf.make(soname=LIBPYTHON, needed=("libc.so.6",)))
    write(folder, STUB, tiny_elf.make(soname="libpython3.so", needed=(LIBPYTHON,)))
    write(folder, ARCHIVE, tiny_elf.ar({"dictobject.o": relocatable(), "an_object_with_a_long_name.o": relocatable()}))
    write(folder, "usr/lib/python3.13/os.py", b"# in /home/builder/workshop, which is another folder\n")
    write(folder, "usr/bin/pydoc3", b"#!/usr/bin/python3.13\n")
    os.chmod(folder / "usr/bin/pydoc3", 0o755)
    os.symlink("python3.13", folder / LINK)
    return folder


def write(folder: Path, path: str, data: bytes) -> None:
    (folder / path).parent.mkdir(parents=True, exist_ok=True)
    (folder / path).write_bytes(data)


def findings(folder: Path, expect: policy.Expectation) -> list[policy.Finding]:
    return policy.judge(inspection.inspect(folder, expect, inspection.FactsCache(None)), expect)


def test_a_good_root_has_no_findings(root):
    assert findings(root, expected()) == []


MUTATIONS = [   # rule, file, what is written there (None: deleted), words of the message
    ("readable", PROGRAM, program()[:-100], "cut off"),
    ("readable", PROGRAM, b"\x7fELG" + program()[4:], None),
    ("readable", ARCHIVE, tiny_elf.ar({"a.o": relocatable()})[:-4], "cut off"),
    ("readable", "usr/lib/libz.so.1", b"INPUT(libz.a)", "neither ELF nor ar"),
    ("readable", "usr/lib/libz.so.1", b"", "neither ELF nor ar"),
    ("elf-class", PROGRAM, program(bits=32), "ELFCLASS32, expected ELFCLASS64"),
    ("elf-data", PROGRAM, program(data="big"), "found big, expected little"),
    ("elf-machine", PROGRAM, program(machine=tiny_elf.EM_X86_64), "found EM_X86_64, expected EM_AARCH64"),
    ("elf-machine", ARCHIVE, tiny_elf.ar({"a_name_that_is_quite_long.o": relocatable(machine=tiny_elf.EM_X86_64)}),
     "EM_X86_64 in 1 members such as a_name_that_is_quite_long.o"),
    ("elf-machine", "usr/lib/python3.13/config/python.o", relocatable(machine=tiny_elf.EM_X86_64), "EM_X86_64"),
    ("archive-members", ARCHIVE, tiny_elf.ar({"a.o": b"BC\xc0\xde"}), "a.o"),
    ("elf-flags", PROGRAM, program(flags=0x20), "e_flags 0x20"),
    ("page-size", SPAM, extension(align=0x1000), "aligned to 4096 bytes, expected at least 65536"),
    ("interpreter", PROGRAM, program(interpreter="/lib/ld-musl-aarch64.so.1"), "ld-musl"),
    ("interpreter", PROGRAM, program(interpreter=""), f"found none, expected {LOADER}"),
    ("interpreter", SPAM, extension(interpreter=LOADER, soname="spam"), "expected none"),
    ("needed", SPAM, extension(needed=("libc.so.6", "libssl.so.3")), "found libssl.so.3"),
    ("libpython-stub", STUB, tiny_elf.make(soname="libpython3.so"), LIBPYTHON),
    ("glibc-floor", PROGRAM, program(versions={("libc.so.6", "GLIBC_2.34"): ["dlopen"], **GLIBC}), "GLIBC_2.34 for dlopen"),
    ("glibc-floor", PROGRAM, program(versions={("libc.so.6", "GLIBC_2.17.1"): ["a"]}), "GLIBC_2.17.1 for a"),
    ("glibc-floor", PROGRAM, program(versions={("libc.so.6", "GLIBC_PRIVATE"): ["_dl_x"]}), "GLIBC_PRIVATE for _dl_x"),
    ("glibc-floor", PROGRAM, program(versions={("libc.so.6", "GLIBC_ABI_DT_RELR"): []}), "GLIBC_ABI_DT_RELR for libc.so.6"),
    ("glibc-floor", PROGRAM, program(relr=True), "DT_RELR"),
    ("rpath", PROGRAM, program(rpath="/opt"), "RPATH /opt"),
    ("rpath", SPAM, extension(runpath="$ORIGIN"), "RUNPATH $ORIGIN"),
    ("exec-stack", PROGRAM, program(stack="RWX"), "PT_GNU_STACK RWX"),
    ("exec-stack", SPAM, extension(stack=None), "no PT_GNU_STACK"),
    ("textrel", SPAM, extension(textrel="DT_TEXTREL"), "DT_TEXTREL"),
    ("textrel", SPAM, extension(textrel="DF_TEXTREL"), "DF_TEXTREL"),
    ("relro", PROGRAM, program(relro=False), "no PT_GNU_RELRO"),
    ("bind-now", PROGRAM, program(now=""), "neither DF_BIND_NOW nor DF_1_NOW"),
    ("writable-code", PROGRAM, program(load="RWX"), "0x0"),
    ("debug-sections", PROGRAM, program(sections=(".debug_info",)), ".debug_info"),
    ("host-path", PROGRAM, program(payload=f"\0{BUILD}/Objects/dictobject.c\0".encode()), f"{BUILD}/Objects/dictobject.c"),
    ("host-path", "usr/lib/python3.13/os.py", f"x = '{BUILD}'".encode(), "at byte 5"),
    ("host-path", ARCHIVE, tiny_elf.ar({"a.o": relocatable(payload=BUILD.encode())}), BUILD),
    ("init-function", SPAM, extension(exports=("PyInit_eggs",)), "found PyInit_eggs, expected PyInit_spam"),
    ("init-function", SPAM, extension(exports=(), hidden=("PyInit_spam",)), "no exported PyInit function"),
    ("extension-set", SPAM, None, "module spam, which the plan builds"),
    ("extension-set", f"{DYNLOAD}/eggs{SUFFIX}", extension(exports=("PyInit_eggs",)), "found module eggs"),
]


@pytest.mark.parametrize(("rule", "file", "data", "words"), MUTATIONS, ids=[f"{row[0]}-{n}" for n, row in enumerate(MUTATIONS)])
def test_one_thing_broken_gives_exactly_one_finding(root, rule, file, data, words):
    if data is None:
        (root / file).unlink()
    else:
        write(root, file, data)
        if rule == "readable":
            (root / file).chmod(0o755)
    found = findings(root, expected())
    assert [(one.rule, one.file) for one in found] == [(rule, file)]
    assert (words or "") in str(found[0]) and found[0].why and found[0].fix


def test_another_suffix_is_a_finding_of_its_own(root):
    (root / SPAM).rename(root / DYNLOAD / "spam.so")
    assert [(one.rule, one.found, one.expected) for one in findings(root, expected())] == [
        ("ext-suffix", "spam.so", f"spam{SUFFIX}")]


@pytest.mark.parametrize(("target", "words"), [
    ("../../../etc/passwd", "leads out of root/"), ("nothing", "does not exist"), ("python3", "a loop"),
    ("/usr/bin/nothing", "does not exist"), ("/tmp", "does not exist")])
def test_links_that_leave_root_or_lead_nowhere_are_findings(root, target, words):
    (root / LINK).unlink()
    os.symlink(target, root / LINK)
    found = findings(root, expected())
    assert [(one.rule, one.file) for one in found] == [("symlink", LINK)] and words in found[0].found


@pytest.mark.parametrize("target", ["/usr/bin/python3.13", "../bin/./python3.13", "../lib/python3.13"])
def test_links_inside_root_are_followed_as_the_device_does(root, target):
    (root / LINK).unlink()
    os.symlink(target, root / LINK)
    assert findings(root, expected()) == []


def test_every_rule_is_broken_by_a_test_above():
    assert {rule.id for rule in policy.RULES} == {row[0] for row in MUTATIONS} | {"ext-suffix", "symlink"}


def test_musl_allows_no_version_of_glibc_and_a_static_program_has_no_loader(tmp_path):
    expect = policy.parse(policy.expectation(variant.load(REPOSITORY / "variants/aarch64-linux-musl"), floor=""), "expect.json")
    static = {"interpreter": "", "needed": (), "pie": False, "type": tiny_elf.ET_EXEC, "dynamic": False}
    write(tmp_path, PROGRAM, program(**static))
    assert findings(tmp_path, expect) == []
    write(tmp_path, PROGRAM, program(**{**static, "dynamic": True}))
    assert [one.rule for one in findings(tmp_path, expect)] == ["glibc-floor"]
    write(tmp_path, PROGRAM, program(**{**static, "dynamic": True, "versions": {}, "needed": ("libc.so",), "interpreter": "/ld"}))
    assert [one.rule for one in findings(tmp_path, expect)] == ["interpreter", "needed"]


def test_a_library_of_mips_without_anything_to_protect_needs_no_relro(root):
    write(root, SPAM, extension(relro=False, dynamic_flags="R"))
    assert findings(root, expected()) == []


def test_only_masked_flags_are_compared(root):
    write(root, PROGRAM, program(flags=0x400))
    assert findings(root, expected(flags_mask=0xFF000000)) == []


def test_an_empty_root_is_no_success(tmp_path):
    assert [one.rule for one in findings(tmp_path, expected(extensions={}))] == ["readable"]


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
        known, floor="2.17", needed_extra=(LIBPYTHON,), forbidden=(BUILD,), extensions={"spam": SPAM}, ext_suffix=SUFFIX)))
    return inspection.main(["--expect", str(expect), "--root", str(root), "--output", str(root.parent / "inspect.json"), *options])


def test_the_gate_succeeds_with_one_line_and_writes_the_same_report_each_time(root, capsys):
    cache = root.parent / "cache.json"
    assert run(root, "--cache", str(cache)) == 0
    assert capsys.readouterr() == ("inspect: 4 ELF files, 8 files, 0 findings\n", "")
    first = (root.parent / "inspect.json").read_bytes()
    assert run(root, "--cache", str(cache)) == 0 and (root.parent / "inspect.json").read_bytes() == first
    report = json.loads(first)
    assert sorted(report) == ["files", "findings", "rules", "variant"] and report["findings"] == []
    assert report["files"][SPAM]["facts"]["inits"] == ["PyInit_spam"] and list(report["files"]) == sorted(report["files"])
    assert str(root.parent) not in first.decode()


def test_the_gate_fails_with_each_finding_on_stderr(root, capsys):
    write(root, PROGRAM, program(rpath="/opt"))
    assert run(root) == 1
    assert capsys.readouterr().err == (f"{PROGRAM}: rpath: found RPATH /opt, expected neither DT_RPATH nor DT_RUNPATH. "
                                       "Fix: drop -rpath from the link command\n")
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

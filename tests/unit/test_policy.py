"""policy.py and its rules: a good root/ has no finding; each thing broken gives exactly its own finding."""
from __future__ import annotations

import inspect
import os
import re
from pathlib import Path

import pytest
import test_rootfs
import tiny_elf
import tiny_link
from goodroot import (ABI, ARCHIVE, ATTRIBUTES, BUILD, COMMON, CORE, DYNLOAD, GLIBC, GUARDED, HARD, LIBPYTHON, LINK,
                      LOADER, OBJECT, PROGRAM, REPOSITORY, SOFT, SPAM, STUB, SUFFIX, expected, extension, findings,
                      libpython, program, relocatable, stub, write, write_root)

from crosspy.errors import UserError
from crosspy.inspect import findings as findings_words, policy, verdict
from crosspy.variants import variant


@pytest.fixture
def root(tmp_path) -> Path:
    """A root/ as it should be."""
    return write_root(tmp_path / "root")


def test_a_good_root_has_no_findings(root):
    assert findings(root, expected()) == []


CHECKS, GUARD = b"\0__memcpy_chk\0", b"\0__stack_chk_fail\0"
MUTATIONS = [   # rule, file, what is written there (None: deleted), words of the message
    ("readable", PROGRAM, program()[:-100], "cut off"),
    ("readable", PROGRAM, b"\x7fELG" + program()[4:], None),
    ("readable", ARCHIVE, tiny_elf.ar({"a.o": relocatable()})[:-4], "cut off"),
    ("readable", "usr/lib/libz.so.1", b"INPUT(libz.a)", "neither ELF nor ar"),
    ("readable", "usr/lib/libz.so.1", b"", "neither ELF nor ar"),
    ("elf-osabi", PROGRAM, program(osabi=9), "EI_OSABI 9"),
    ("elf-osabi", OBJECT, relocatable(osabi=255, sections=((*ATTRIBUTES, HARD),)), "EI_OSABI 255"),
    ("debug-file", PROGRAM, tiny_link.make([tiny_link.Part(".text", flags=tiny_link.AX, kind=tiny_link.NOBITS, size=9)]), "debug information alone"),
    ("elf-flags", ARCHIVE, tiny_elf.ar({"a.o": relocatable(), "b.o": relocatable(flags=0x20)}), "0x20 in 1 members such as b.o"),
    ("stack-protector", ARCHIVE, tiny_elf.ar({f"{n}.o": relocatable(payload=CHECKS if n else GUARDED) for n in range(150)}), "1 of 150 objects"),
    ("fortify", ARCHIVE, tiny_elf.ar({f"{n}.o": relocatable(payload=GUARD if n else GUARDED) for n in range(150)}), "1 of 150 objects"),
    ("fortify", CORE, libpython(weak=()), "no import of a __*_chk"),
    ("elf-class", PROGRAM, program(bits=32), "ELFCLASS32, expected ELFCLASS64"),
    ("elf-data", PROGRAM, program(data="big"), "found big, expected little"),
    ("elf-machine", PROGRAM, program(machine=tiny_elf.EM_386), "found EM_386, expected EM_AARCH64"),
    ("elf-machine", ARCHIVE, tiny_elf.ar({"a_name_that_is_quite_long.o": relocatable(machine=tiny_elf.EM_X86_64)}),
     "EM_X86_64 in 1 members such as a_name_that_is_quite_long.o"),
    ("elf-machine", OBJECT, relocatable(machine=tiny_elf.EM_X86_64, sections=((*ATTRIBUTES, HARD),)), "EM_X86_64"),
    ("archive-members", ARCHIVE, tiny_elf.ar({"a.o": b"BC\xc0\xde", "b.o": relocatable()}), "a.o"),
    ("elf-flags", PROGRAM, program(flags=0x20), "e_flags 0x20"),
    ("attributes", OBJECT, relocatable(sections=((*ATTRIBUTES, SOFT),)), "found ARM.ABI_VFP_ARGS=0, expected ARM.ABI_VFP_ARGS=1"),
    ("attributes", OBJECT, relocatable(), "found ARM.ABI_VFP_ARGS=0"),
    ("attributes", PROGRAM, program(sections=((".gnu_debuglink", 1, b"x\0"), (*ATTRIBUTES, SOFT))), "ARM.ABI_VFP_ARGS=0"),
    ("interpreter", PROGRAM, program(interpreter="/lib/ld-musl-aarch64.so.1"), "ld-musl"),
    ("interpreter", PROGRAM, program(interpreter=""), f"found none, expected {LOADER}"),
    ("interpreter", SPAM, extension(interpreter=LOADER, soname="spam"), "expected none"),
    ("needed", SPAM, extension(needed=("libc.so.6", "libssl.so.3")), "found libssl.so.3"),
    ("needed", PROGRAM, program(needed=("libc.so.6", LIBPYTHON, "libspam.so.2")), "found libspam.so.2"),
    ("needed", SPAM, extension(filters=((0x6FFFFEFC, "libaudit.so"), (0x7FFFFFFD, "libauxiliary.so"))), "found libaudit.so, libauxiliary.so"),
    ("needed", PROGRAM, program(filters=((0x6FFFFEFB, "libdepaudit.so"), (0x7FFFFFFF, "libfilter.so"))), "found libdepaudit.so, libfilter.so"),
    ("needed-version", SPAM, extension(versions={**GLIBC, ("libz.so.1", "ZLIB_1.2"): ["inflate"]}), "versions of libz.so.1"),
    ("removed-symbol", PROGRAM, program(versions={("libc.so.6", "GLIBC_2.17"): ["puts", "pthread_yield"]}), "found pthread_yield"),
    ("libpython-stub", STUB, stub(needed=()), LIBPYTHON),
    ("undefined", SPAM, extension(undefined=("PyLong_FromLong", "XML_Parse")), "found XML_Parse"),
    ("undefined", SPAM, extension(undefined=("PyLong_FromLong", "a"), weak=("b",)), "found a,"),
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
    ("pie", PROGRAM, program(type=tiny_elf.ET_EXEC, pie=False), "found ET_EXEC"),
    ("stack-protector", ARCHIVE, tiny_elf.ar({"a.o": relocatable(payload=b"\0__memcpy_chk\0")}), "__stack_chk_fail"),
    ("fortify", ARCHIVE, tiny_elf.ar({"a.o": relocatable(payload=b"\0__stack_chk_fail\0")}), "__*_chk"),
    ("properties", SPAM, extension(properties=(0xC0000000, 2)), "no BTI"),
    ("page-size", PROGRAM, program(align=4096), "pages of 4096 bytes, expected 65536"),
    ("build-id", PROGRAM, program(build_id=b""), "no NT_GNU_BUILD_ID"),
    ("debug-link", PROGRAM, program(sections=()), "no .gnu_debuglink"),
    ("symbol-table", PROGRAM, program(sections=(*COMMON["sections"], (".symtab", 2, b""))), "a .symtab"),
    ("build-date", PROGRAM, program(payload=b"\0Nov 22 2026\0"), "found Nov 22 2026"),
    ("build-date", ARCHIVE, tiny_elf.ar({"a.o": relocatable(payload=GUARDED + b"23:59:01\0")}), "found 23:59:01"),
    ("shebang", "usr/bin/pydoc3", b"#!/usr/bin/python3.12\n", "found #!/usr/bin/python3.12, which does not exist"),
    ("shebang", "usr/bin/pydoc3", b"#!/usr/bin/../../../bin/sh\n", "which leads out of root/"),
    ("shebang", "usr/bin/pydoc3", b"#! \n", "found #!nothing"),
    ("shebang", "usr/bin/pydoc3", b"#!/usr/lib/python3.13/os.py\n", "which is not executable"),
    ("shebang", "usr/bin/pydoc3", b"#!/usr/lib\n", "which is no file"),
    ("shebang", "usr/bin/pydoc3", b"#!/bin/env -S A=1 python3.12 -u\n", "found #!/bin/env python3.12, which no folder bin"),
    ("size", ".", bytes(1_000_000), "at most 1000000"),
    ("extension-exports", SPAM, extension(exports=("PyInit_spam", "XML_Parse", "__bss_start")), "found XML_Parse, expected PyInit_spam"),
    ("core-exports", CORE, libpython(exports=(*ABI, "XML_Parse")), "found XML_Parse"),
    ("core-exports", PROGRAM, program(exports=("SSL_new",)), "found SSL_new"),
    ("core-exports", STUB, stub(exports=("SSL_new",)), "found SSL_new"),
    ("relro", PROGRAM, program(relro=False), "no PT_GNU_RELRO"),
    ("relro", PROGRAM, program(relro="empty"), "no PT_GNU_RELRO"),
    ("relro", PROGRAM, program(relro="beside"), "no PT_GNU_RELRO"),
    ("bind-now", PROGRAM, program(now=""), "neither DF_BIND_NOW nor DF_1_NOW"),
    ("writable-code", PROGRAM, program(load="RWX"), "0x0"),
    ("debug-sections", PROGRAM, program(sections=(".debug_info", *COMMON["sections"])), ".debug_info"),
    ("host-path", PROGRAM, program(payload=f"\0{BUILD}/Objects/dictobject.c\0".encode()), f"{BUILD}/Objects/dictobject.c"),
    ("host-path", PROGRAM, program(payload=f"\0{BUILD}/a".encode("utf-32-le")), f"{BUILD}/a"),
    ("host-path", ARCHIVE, tiny_elf.ar({"a.o": relocatable(payload=GUARDED + f"{BUILD}/a".encode("utf-32-be"))}), f"{BUILD}/a"),
    ("host-path", "usr/lib/python3.13/os.py", f"x = '{BUILD}'".encode(), "at byte 5"),
    ("host-path", ARCHIVE, tiny_elf.ar({"a.o": relocatable(payload=GUARDED + BUILD.encode())}), BUILD),
    ("init-function", SPAM, extension(exports=("PyInit_eggs",)), "found PyInit_eggs, expected PyInit_spam"),
    ("init-function", SPAM, extension(exports=(), hidden=("PyInit_spam",)), "no exported PyInit function"),
    ("extension-set", SPAM, None, "module spam, which the plan builds"),
    ("extension-set", f"{DYNLOAD}/eggs{SUFFIX}", extension(exports=("PyInit_eggs",), needed=("libc.so.6",)), "found module eggs"),
    ("extension-set", f"usr/lib/python3.13/eggs{SUFFIX}", extension(exports=("leak",), needed=("libc.so.6",)), "outside of lib-dynload"),
    ("extension-set", "usr/lib/python3.13/site-packages/p/ham.so", extension(exports=("PyInit_ham", "leak"), needed=("libc.so.6",)), "outside of lib-dynload"),
    ("extension-set", f"{DYNLOAD}/sub/eggs{SUFFIX}", extension(exports=("PyInit_eggs",), needed=("libc.so.6",)), "outside of lib-dynload"),
    ("extension-exports", SPAM, extension(exports=("PyInit_spam", "PyInit_eggs", "_end")), "found PyInit_eggs, expected PyInit_spam"),
    ("extension-exports", SPAM, extension(exports=("PyInit_spam", "__gmpz_init", "__start_set", "_init")), "found __gmpz_init, expected"),
    ("build-date", PROGRAM, program(payload=b"\0built on Nov 22 2026 at 00:00:00\0"), "found Nov 22 2026, expected"),
    ("build-date", PROGRAM, program(payload=b"\0Sun Nov 22 11:12:13 2026\0Tue Jun  9 00:00:00 2026\0"), "found Sun Nov 22 11:12:13 2026, expected"),
]


@pytest.mark.parametrize(("rule", "file", "data", "words"), MUTATIONS, ids=[f"{row[0]}-{n}" for n, row in enumerate(MUTATIONS)])
def test_one_thing_broken_gives_exactly_one_finding(root, rule, file, data, words):
    if data is None:
        (root / file).unlink()
    else:
        write(root, "usr/share/data" if file == "." else file, data)
        if rule == "readable":
            (root / file).chmod(0o755)
    found = findings(root, expected())
    assert [(one.rule, one.file) for one in found] == [(rule, file)]
    assert (words or "") in str(found[0]) and found[0].why and found[0].fix


def test_a_symbol_of_the_stable_abi_that_is_missing_is_a_finding_about_the_whole_root(root):
    write(root, CORE, libpython(exports=("Py_Initialize", "Py_Main")))
    write(root, SPAM, extension(undefined=()))
    assert [(one.rule, one.file, one.found) for one in findings(root, expected())] == [("stable-abi", ".", "no PyLong_FromLong")]


def test_a_waiver_keeps_a_finding_from_counting_and_says_why(root, capsys):
    write(root, PROGRAM, program(rpath="/opt"))
    write(root, SPAM, extension(rpath="/opt"))
    waiver = {"rule": "rpath", "file": "usr/bin/*", "reason": "the boot loader sets it"}
    found = findings(root, expected(waivers=[waiver, {**waiver, "file": "none"}]))
    assert [(one.file, one.waiver) for one in found] == [(SPAM, ""), (PROGRAM, "the boot loader sets it")], "waived ones come last"
    assert "waived rpath usr/bin/python3.13: the boot loader sets it" in verdict.table(found)
    with pytest.raises(UserError, match="no rule is called 'rpaht'; did you mean 'rpath'"):
        findings(root, expected(waivers=[{**waiver, "rule": "rpaht"}]))
    with pytest.raises(UserError, match="waivers: .* has not exactly rule, file and reason"):
        expected(waivers=[{**waiver, "reason": " "}])


def test_what_is_worst_comes_first(root):
    write(root, PROGRAM, program(relro=False, build_id=b"", needed=("libc.so.6", LIBPYTHON, "liba.so")))
    assert [one.rule for one in findings(root, expected())] == ["needed", "relro", "build-id"]


@pytest.mark.parametrize("rule", policy.RULES, ids=lambda rule: rule.id)
def test_every_rule_says_why_it_is_there_and_how_to_mend_it(rule):
    assert len(rule.why) > 20 and len(rule.fix) > 10 and rule.severity in findings_words.SEVERITIES
    assert re.fullmatch(r"[a-z-]+", rule.id) and rule.id in verdict.rules()


def test_symbols_of_a_libc_without_versions_are_left_to_rootfs(root):
    write(root, SPAM, extension(undefined=("PyLong_FromLong", "puts"), versions={}, needed=("libc.so",)))
    musl = expected(glibc_floor="", needed=["libc.so", LIBPYTHON], interpreter=LOADER)
    assert "undefined" not in [one.rule for one in findings(root, musl)]


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


def test_every_rule_is_broken_by_a_test():
    elsewhere = {"separate-code": test_code_and_data_in_one_segment_are_findings_where_the_build_separates_them,
                 "ext-suffix": test_another_suffix_is_a_finding_of_its_own, "symlink": test_links_that_leave_root_or_lead_nowhere_are_findings,
                 "stable-abi": test_a_symbol_of_the_stable_abi_that_is_missing_is_a_finding_about_the_whole_root,
                 **dict.fromkeys(("rootfs-needed", "rootfs-symbol"),
                                 test_rootfs.test_libraries_symbols_and_versions_that_a_root_file_system_lacks_are_findings)}
    assert [rule for rule, test in elsewhere.items() if f'"{rule}"' not in inspect.getsource(test)] == []
    assert {rule.id for rule in policy.RULES} == {row[0] for row in MUTATIONS} | elsewhere.keys()


def test_musl_allows_no_version_of_glibc_and_a_static_program_has_no_loader(tmp_path):
    expect = policy.parse(policy.expectation(variant.load(REPOSITORY / "variants/aarch64-linux-musl"), floor=""), "expect.json")
    static = {"interpreter": "", "needed": (), "pie": False, "type": tiny_elf.ET_EXEC, "dynamic": False, "align": 65536}
    write(tmp_path, PROGRAM, program(**static))
    assert findings(tmp_path, expect) == []
    write(tmp_path, PROGRAM, program(**{**static, "dynamic": True}))
    assert [one.rule for one in findings(tmp_path, expect)] == ["glibc-floor", "needed-version"]
    write(tmp_path, PROGRAM, program(**{**static, "dynamic": True, "versions": {}, "needed": ("libc.so",), "interpreter": "/ld"}))
    assert [one.rule for one in findings(tmp_path, expect)] == ["interpreter", "needed"]


def test_a_library_of_mips_without_anything_to_protect_needs_no_relro(root):
    write(root, SPAM, extension(relro=False, dynamic_flags="R"))
    assert findings(root, expected()) == []


@pytest.mark.parametrize("now", ["DF_BIND_NOW", "DF_1_NOW", "DT_BIND_NOW"])
def test_each_way_to_say_bind_now_counts(root, now):
    write(root, PROGRAM, program(now=now))
    assert findings(root, expected()) == []


def test_code_and_data_in_one_segment_are_findings_where_the_build_separates_them(root):
    found = findings(root, expected(separate_code=True))
    assert {(one.rule, one.found) for one in found} == {("separate-code", "ELF header in a PT_LOAD with X")}
    assert [one.file for one in found] == [PROGRAM, CORE, STUB, SPAM]


def test_a_debug_file_in_its_place_is_none_of_the_rules_business(root):
    write(root, "usr/lib/debug/.build-id/aa/bb.debug", tiny_link.make([tiny_link.Part(".text", flags=tiny_link.AX, kind=tiny_link.NOBITS, size=9)]))
    assert findings(root, expected()) == []


def test_some_flags_are_compared_in_linked_files_alone(root):
    write(root, ARCHIVE, tiny_elf.ar({"a.o": relocatable()}))
    found = findings(root, expected(flags=0x400, flags_mask=0xFF000000, linked_mask=0x400))
    assert {one.rule for one in found} == {"elf-flags"} and {one.file for one in found} == {PROGRAM, CORE, STUB, SPAM}


def test_tests_of_the_import_system_have_more_initialisers_than_one(root):
    name = "_testmultiphase"
    write(root, f"{DYNLOAD}/{name}{SUFFIX}", extension(exports=(f"PyInit_{name}", "PyInit_x", "PyInitU_eckzbwbhc6jpgzcx415x"), needed=("libc.so.6",)))
    assert findings(root, expected(extensions={"spam": SPAM, name: f"{DYNLOAD}/{name}{SUFFIX}"})) == []


def test_only_masked_flags_are_compared(root):
    write(root, PROGRAM, program(flags=0x400))
    assert findings(root, expected(flags_mask=0xFF000000)) == []

"""Rules that need more than one file, or another expectation than that of a good root/, to be broken."""
from __future__ import annotations

import struct
import zlib
from pathlib import Path

import pytest
import tiny_elf
from goodroot import (ARCHIVE, ATTRIBUTES, CORE, DYNLOAD, HARD, LIBPYTHON, OBJECT, PROGRAM, SPAM, STUB, SUFFIX, expected, extension, findings, libpython,
                      program, relocatable, stub, write, write_root)


@pytest.fixture
def root(tmp_path) -> Path:
    """A root/ as it should be."""
    return write_root(tmp_path / "root")


def test_another_library_does_not_stand_in_for_the_interpreter_s_exports(root):
    write(root, CORE, libpython(exports=("Py_Initialize",)))
    write(root, SPAM, extension(undefined=()))
    write(root, STUB, stub(exports=("PyLong_FromLong",)))
    assert [(one.rule, one.found) for one in findings(root, expected())] == [("stable-abi", "no PyLong_FromLong")]


def test_a_symbol_must_be_in_what_the_file_itself_needs(root):
    wants = extension(undefined=("PyLong_FromLong", "inflate"))
    write(root, SPAM, wants)
    provided = {"libz.so.1": ["inflate"], "libspam.so.2": ["spam"]}
    assert [one.rule for one in findings(root, expected(provided=provided))] == ["undefined"], "libz is on the device, and not asked for"
    assert findings(root, expected(provided={"libspam.so.2": ["inflate"]})) == []
    write(root, "usr/lib/libspam.so.2", stub(soname="libspam.so.2", needed=("libz.so.1",)))
    allowed = expected(needed=["libc.so.6", LIBPYTHON, "libz.so.1", "libspam.so.2"], exports=["Py*", "_start", "inflate"])
    assert [one.rule for one in findings(root, allowed)] == ["undefined"]
    write(root, "usr/lib/libz.so.1", stub(soname="libz.so.1", needed=("libspam.so.2",), exports=("inflate",)))
    assert findings(root, allowed) == [], "a library behind another one, and both ask for each other"


def test_of_many_extension_modules_one_calls_a_checked_function(root):
    names = [f"m{number}" for number in range(10)]
    plan = {name: f"{DYNLOAD}/{name}{SUFFIX}" for name in names}
    for name, path in plan.items():
        write(root, path, extension(exports=(f"PyInit_{name}",), needed=("libc.so.6",)))
    expect = expected(extensions={"spam": SPAM, **plan})
    assert [(one.rule, one.file, one.found) for one in findings(root, expect)] == [
        ("fortify", DYNLOAD, "11 extension modules, of which none imports a __*_chk function")]
    write(root, plan["m3"], extension(exports=("PyInit_m3",), needed=("libc.so.6",), weak=("__memcpy_chk",)))
    assert findings(root, expect) == []


def test_debug_information_of_what_is_to_be_linked_may_stay_where_it_is_split_off_of_what_is(root):
    write(root, OBJECT, relocatable(sections=((*ATTRIBUTES, HARD), ".debug_info")))
    write(root, ARCHIVE, tiny_elf.ar({f"{n}.o": relocatable(sections=(".debug_info",) * (n % 2)) for n in range(9)}))
    assert [(one.rule, one.file, one.found) for one in findings(root, expected(debug_link=False))] == [
        ("debug-sections", ARCHIVE, "4 members of the kind of 0.o with .debug_info"), ("debug-sections", OBJECT, ".debug_info")]
    assert findings(root, expected()) == []


def test_the_debug_file_is_there_and_is_the_one_of_this_very_file(root):
    expect, number = expected(debug_folder="../debug"), "01" * 19
    debug = root.parent / f"debug/.build-id/01/{number}.debug"
    debug.parent.mkdir(parents=True)
    debug.write_bytes(b"debug")

    def named(name: str, crc: int) -> tuple:
        return (".gnu_debuglink", 1, name.encode() + bytes(4 - len(name) % 4) + struct.pack("<I", crc)),
    right = named(debug.name, zlib.crc32(b"debug"))
    for path, make in ((PROGRAM, program), (SPAM, extension), (CORE, libpython), (STUB, stub)):
        write(root, path, make(sections=right))
    assert findings(root, expect) == []
    for wrong, words in ((named("x.debug", 0), f"where its build-id makes it {debug.name}"), (named(debug.name, 7), f"which has the CRC {zlib.crc32(b'debug'):#x}, not 0x7")):
        write(root, PROGRAM, program(sections=wrong))
        assert [(one.rule, one.file) for one in findings(root, expect)] == [("debug-link", PROGRAM)]
        assert words in findings(root, expect)[0].found
    debug.unlink()
    assert {(one.rule, "cannot be read below debug/ (No such file or directory)" in one.found) for one in findings(root, expect)} == {("debug-link", True)}


def test_env_finds_a_program_in_any_folder_of_them_and_the_list_may_have_others(root):
    write(root, "usr/bin/pydoc3", b"#!/usr/bin/env python3\n")
    assert [one.rule for one in findings(root, expected())] == ["shebang"], "env itself is not on the list"
    for words in (b"#! /usr/bin/env python3", b"#!/usr/bin/env -S X=1 python3.13 -u", b"#!/usr/bin/env python2 -u"):
        write(root, "usr/bin/pydoc3", words + b"\n")
        assert findings(root, expected(shebangs=["/bin/sh", "/usr/bin/env", "/usr/bin/env python2"])) == []
    (root / "bin").symlink_to("usr/bin")
    write(root, "usr/bin/pydoc3", b"#!/bin/python3.13\n")
    assert findings(root, expected()) == []

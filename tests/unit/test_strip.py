"""strip.py: what a loader and a debugger see stays the same, the rest is gone, and damage ends in UserError only."""
from __future__ import annotations

import dataclasses
import os
import random
import re
import shutil
import struct
import subprocess
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
import tiny_elf
from samples import PROJECT

from crosspy.elf import elf
from crosspy.errors import UserError
from crosspy.root import strip

SITE_SCONS = str(PROJECT / "site_scons")
FIXTURES = Path(__file__).parent / "fixtures"
NULL, NOBITS = 0, 8
NUMBER = bytes(range(1, 21))   # a build-id
LAYOUTS = [(bits, data) for bits in (32, 64) for data in ("little", "big")]
BINUTILS = all(shutil.which(tool) for tool in ("readelf", "strip", "addr2line", "nm"))
SOURCE = """
#include <stdio.h>
_Thread_local int zero[64], one = 1; int big[5000];
static int hidden(int number) { return number * 2 + one; }
int outer(int number) { return hidden(number); }
int main(int count, char **words) { big[7] = outer(count); zero[3] = big[7] + 1; printf("%d %d\\n", big[7], zero[3]); return 0; }
"""


def note(mark: str, number: bytes = NUMBER) -> bytes:
    return struct.pack(mark + "III", 4, len(number), 3) + b"GNU\0" + number + bytes(-len(number) % 4)


def linked(bits=64, data="little", content: bytes | None = None, align=4, **options) -> bytes:
    """Return a tiny ELF file with notes, by default a build-id, and an allocated .dynsym behind two debug sections.

    The PT_GNU_RELRO of tiny_elf, its last program header, is made a PT_NOTE.
    """
    mark, wide = "<" if data == "little" else ">", bits == 64
    content = note(mark) if content is None else content
    made = bytearray(tiny_elf.make(**{"bits": bits, "data": data, "payload": content, "needed": ("libc.so.6",), "exports": ("f",),
                                      "sections": (".debug_info", ".debug_line"), **options}))
    start, count = made.find(content), struct.unpack_from(mark + "H", made, 56 if wide else 44)[0]
    row = (4, 4, start, start, start, len(content), len(content), align) if wide else \
        (4, start, start, start, len(content), len(content), 4, align)
    place = 64 + 56 * (count - 1) if wide else 52 + 32 * (count - 1)
    struct.pack_into(mark + ("IIQQQQQQ" if wide else "8I"), made, place, *row)
    table = struct.unpack_from(mark + ("Q" if wide else "I"), made, 40 if wide else 32)[0]
    struct.pack_into(mark + ("Q" if wide else "I"), made, table + (64 if wide else 40) * 3 + 8, 2)   # .dynsym: SHF_ALLOC
    return bytes(made)


def sections(data: bytes) -> list[tuple[str, int, bytes]]:
    """Return name, type and content of the sections; a reader of its own, which fails where one is cut off."""
    wide, mark = data[4] == 2, "<" if data[5] == 1 else ">"
    start = struct.unpack_from(mark + ("Q" if wide else "I"), data, 40 if wide else 32)[0]
    width, count, names = struct.unpack_from(mark + "HHH", data, 58 if wide else 46)
    rows = [struct.unpack_from(mark + ("IIQQQQIIQQ" if wide else "10I"), data, start + width * at) for at in range(count)]
    if b".gnu_debuglink" in data:   # made by strip.py: tiny_elf's section 0 has an alignment
        assert rows[0] == (0,) * 10 and start + width * count == len(data)

    def content(row: tuple) -> bytes:
        found = b"" if row[1] in (NULL, NOBITS) else data[row[4]:row[4] + row[5]]
        assert row[1] in (NULL, NOBITS) or len(found) == row[5]
        return found
    text = content(rows[names])
    return [(text[row[0]:text.index(b"\0", row[0])].decode(errors="replace"), row[1], content(row)) for row in rows]


@pytest.mark.parametrize(("bits", "data"), LAYOUTS)
def test_segments_stay_and_what_is_not_allocated_goes(bits, data):
    whole = linked(bits, data)
    small = strip.stripped(whole, "a.debug")
    crc = zlib.crc32(whole).to_bytes(4, data)
    before, after = elf.read(whole), elf.read(small)
    assert before.debug == (".debug_info", ".debug_line") and after == dataclasses.replace(before, debug=(), debug_link="a.debug", debug_crc=zlib.crc32(whole))
    rows = sections(small)
    assert [row[:2] for row in rows] == [("", NULL)] * 3 + [(".dynsym", 11), (".gnu_debuglink", 1), (".shstrtab", 3)]
    assert rows[3][2] == sections(whole)[3][2] and rows[4][2] == b"a.debug\0" + crc
    end = int.from_bytes(whole[40:48] if bits == 64 else whole[32:36], data)   # e_shoff
    changed = {at for at in range(end) if small[at] != whole[at]}   # tiny_elf's PT_LOAD ends at the section headers
    assert changed <= (set(range(40, 48)) | set(range(60, 64)) if bits == 64 else set(range(32, 36)) | set(range(48, 52)))


@pytest.mark.parametrize(("name", "padded"), [("abc", b"abc\0"), ("abcd", b"abcd\0\0\0\0"), ("é", b"\xc3\xa9\0\0")])
def test_the_name_in_the_debuglink_is_padded_to_4_bytes(name, padded):
    content = sections(strip.stripped(linked(), name))[4][2]
    assert content[:-4] == padded


@pytest.mark.parametrize(("bits", "data"), LAYOUTS)
def test_the_build_id_is_read_from_the_notes(bits, data):
    assert strip.build_id(linked(bits, data)) == NUMBER.hex()


def test_the_build_id_is_found_behind_other_notes_also_when_they_are_aligned_to_8_bytes():
    odd = struct.pack("<III", 4, 3, 5) + b"GNU\0" + b"abc\0"
    assert strip.build_id(linked(content=odd + note("<"))) == NUMBER.hex()
    eight = struct.pack("<III", 4, 4, 5) + b"GNU\0abcd" + bytes(4)
    assert strip.build_id(linked(content=eight + note("<"), align=8)) == NUMBER.hex()
    assert strip.build_id(linked(content=note("<").replace(b"GNU", b"FDO"))) == ""


def test_both_files_are_written_with_their_modes_and_nothing_else_is(tmp_path):
    whole = linked()
    (tmp_path / "in").write_bytes(whole)
    debug = strip.split(tmp_path / "in", tmp_path / "out" / "program", tmp_path / "debug")
    assert debug == tmp_path / "debug" / ".build-id" / "01" / f"{NUMBER.hex()[2:]}.debug" and debug.read_bytes() == whole
    program = tmp_path / "out" / "program"
    assert program.read_bytes() == strip.stripped(whole, debug.name)
    assert (program.stat().st_mode & 0o7777, debug.stat().st_mode & 0o7777) == (0o755, 0o644)
    assert sorted(path.name for path in tmp_path.rglob("*") if path.is_file()) == sorted(["in", "program", debug.name])


def test_the_command_writes_the_same_every_time_and_takes_another_name_for_the_link(tmp_path):
    (tmp_path / "in").write_bytes(linked())
    for name in ("one", "two"):
        command = [sys.executable, "-m", "crosspy.root.strip", "in", "--output", name, "--debug", "debug", "--link", "in.debug"]
        subprocess.run(command, cwd=tmp_path, env={**os.environ, "PYTHONPATH": SITE_SCONS}, check=True)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes() == strip.stripped(linked(), "in.debug")


def test_a_command_that_fails_prints_one_message_and_writes_nothing(tmp_path):
    (tmp_path / "in").write_bytes(tiny_elf.make())
    command = [sys.executable, "-m", "crosspy.root.strip", "in", "--output", "out", "--debug", "debug"]
    done = subprocess.run(command, cwd=tmp_path, env={**os.environ, "PYTHONPATH": SITE_SCONS}, capture_output=True, text=True)
    assert done.returncode == 1 and done.stderr.startswith("in: it has no build-id") and "--build-id" in done.stderr
    assert os.listdir(tmp_path) == ["in"]


@pytest.mark.parametrize(("data", "words"), [
    (b"", "ELF header"), (linked()[:300], "cut off"), (linked(type=tiny_elf.ET_REL, content=note("<")), "ET_EXEC nor ET_DYN"),
    ((FIXTURES / "static-x86_64.elf").read_bytes(), "no build-id"), (strip.stripped(linked(), "a.debug"), "stripped before"),
    (linked(content=note("<")[:-4]), "does not end in its segment"), (linked(content=note("<", b"a")), "build-id has 1 bytes"),
    (linked(content=bytes(70_000)), "70000 bytes, at most 65536"), (linked(sections=(".x",) * 20_000), "more than 20000"),
], ids=lambda value: value if isinstance(value, str) else "")
def test_inputs_that_cannot_be_split_say_why(tmp_path, data, words):
    (tmp_path / "in").write_bytes(data)
    with pytest.raises(UserError, match=words):
        strip.split(tmp_path / "in", tmp_path / "out", tmp_path / "debug")
    assert os.listdir(tmp_path) == ["in"]


def test_files_that_are_missing_or_cannot_be_written_and_links_with_folders_are_mistakes_of_the_user(tmp_path):
    (tmp_path / "in").write_bytes(linked())
    for source, folder, link in (("none", "debug", ""), ("in", "in", ""), ("in", "debug", "a/b"), ("in", "debug", "a" * 256)):
        with pytest.raises(UserError):
            strip.split(tmp_path / source, tmp_path / "out", tmp_path / folder, link)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("bits", "data"), LAYOUTS)
def test_damage_never_ends_in_another_exception_and_never_in_a_damaged_section_table(bits, data):
    whole, dice = linked(bits, data), random.Random(f"{bits}{data}")
    header = 64 if bits == 64 else 52
    for size in range(0, len(whole), 5):
        with pytest.raises(elf.ElfError):
            strip.stripped(whole[:size], "a.debug")
    for _ in range(1000):
        damaged = bytearray(whole)
        for _ in range(dice.choice((1, 2, 8))):
            place = dice.randrange(dice.choice((header, len(whole))))
            damaged[place] = dice.choice((0, 0xFF, damaged[place] ^ 1 << dice.randrange(8)))
        try:
            strip.build_id(bytes(damaged))
            assert sections(strip.stripped(bytes(damaged), "a.debug"))[-2][0] == ".gnu_debuglink"
        except elf.ElfError as error:
            assert str(error)


def run(*command: str | Path) -> str:
    """Return what a tool prints; a warning on stderr fails."""
    done = subprocess.run(command, capture_output=True, text=True, check=True, env={**os.environ, "LC_ALL": "C"})
    assert done.stderr == ""
    return done.stdout


def compilers() -> Iterator:
    """Yield compiler, target and flags, kind of output."""
    kinds = {"pie": ["-fPIE", "-pie"], "no-pie": ["-no-pie"], "static": ["-static"], "shared": ["-shared", "-fPIC"]}
    if shutil.which("gcc"):
        yield from (pytest.param(["gcc", *flags], kind, id=f"gcc-{kind}") for kind, flags in kinds.items())
    if shutil.which("zig"):
        for target in ("aarch64-linux-gnu.2.28", "arm-linux-gnueabihf.2.28"):
            yield pytest.param(["zig", "cc", "-target", target, "-shared", "-fPIC"], "shared", id=f"zig-{target}")


@pytest.mark.skipif(not BINUTILS, reason="binutils are missing: apt install binutils")
@pytest.mark.parametrize(("compiler", "kind"), list(compilers()))
def test_linked_files_run_and_agree_with_binutils(tmp_path, compiler, kind):
    source, whole, small = tmp_path / "program.c", tmp_path / "whole", tmp_path / "small"
    source.write_text(SOURCE, "utf-8")
    subprocess.run([*compiler, "-g", "-Wl,--build-id=sha1", source, "-o", whole], check=True, capture_output=True)
    debug = strip.split(whole, small, tmp_path / "debug")
    for options in (["-lW"], ["-dW"], ["-rW"], ["-VW"], ["-nW"], ["--dyn-syms", "-W"]):
        assert run("readelf", *options, small) == run("readelf", *options, whole)
    everything = run("readelf", "-W", "-a", small)
    assert ".gnu_debuglink" in everything and not re.search(r"\.(symtab|strtab|debug_|comment)", everything)
    assert re.search(r"Build ID: (\w+)", everything)[1] == debug.parent.name + debug.stem
    (tmp_path / ".debug").mkdir()   # one of the places where readelf looks for it, and checks its CRC
    (tmp_path / ".debug" / debug.name).symlink_to(debug)
    assert debug.name in run("readelf", "--debug-dump=links", small)
    address = re.search(r"(\w+) t hidden", run("nm", debug))[1]
    assert run("addr2line", "-f", "-e", debug, address).split() == ["hidden", f"{source}:4"]
    if compiler[0] == "gcc":
        run("strip", "-R", ".comment", "-o", tmp_path / "reference", whole)
        wanted = sections((tmp_path / "reference").read_bytes())
        assert sections(small.read_bytes())[:-2] == wanted[:-1] and wanted[-1][0] == ".shstrtab"
        if kind == "shared":
            import ctypes
            assert ctypes.CDLL(str(small)).outer(20) == 41
        else:
            assert run(small) == "3 4\n"

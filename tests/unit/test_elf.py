"""elf.py and archive.py: the facts of good files are right, damaged files end in ElfError and nothing else, quickly."""
from __future__ import annotations

import dataclasses
import json
import random
import re
import shutil
import struct
import subprocess
import time
import tracemalloc
from pathlib import Path

import pytest
import tiny_elf
import tiny_link

from crosspy.elf import archive, elf

FIXTURES = Path(__file__).parent / "fixtures"
NAMES = ("program-aarch64.elf", "spam-arm.elf", "static-x86_64.elf")


def fixture(name: str) -> bytes:
    return (FIXTURES / name).read_bytes()


def test_a_dynamic_program_tells_its_loader_its_libraries_and_the_symbols_of_each_version():
    facts = elf.read(fixture("program-aarch64.elf"))
    assert (facts.kind, facts.bits, facts.data, facts.machine, facts.flags) == ("program", 64, "little", "EM_AARCH64", 0)
    assert facts.interpreter == "/lib/ld-linux-aarch64.so.1" and facts.needed == ("libc.so.6",)
    assert facts.versions == (elf.Version("GLIBC_2.17", "libc.so.6", ("__libc_start_main", "abort", "puts")),)
    assert facts.relro and facts.bind_now and facts.stack == "RW" and not facts.textrel and not facts.debug


def test_a_32_bit_extension_tells_its_initialiser_and_its_float_abi():
    facts = elf.read(fixture("spam-arm.elf"))
    assert (facts.kind, facts.bits, facts.machine, facts.flags) == ("shared-object", 32, "EM_ARM", 0x05000400)
    assert facts.inits == ("PyInit_spam",) and facts.interpreter == ""
    assert facts.versions == (elf.Version("GLIBC_2.4", "libc.so.6", ("malloc",)),)


def test_a_static_program_has_no_dynamic_section():
    facts = elf.read(fixture("static-x86_64.elf"))
    assert (facts.kind, facts.machine, facts.dynamic, facts.needed, facts.relro) == ("static-program", "EM_X86_64", False, (), True)


@pytest.mark.parametrize("bits", [32, 64])
@pytest.mark.parametrize("data", ["little", "big"])
def test_both_classes_and_both_byte_orders_are_read(bits, data):
    facts = elf.read(tiny_elf.make(
        bits=bits, data=data, machine=tiny_elf.EM_S390, flags=0x1234, soname="libx.so.1", needed=("liba.so", "libb.so"), rpath="/a",
        runpath="/b", versions={("liba.so", "A_1"): ["one", "two"], ("liba.so", "A_2"): [], ("libb.so", "B_1"): ["three"]},
        exports=("PyInit_x", "other"), hidden=("PyInit_hidden",), stack="RWX", load="RWX", textrel="DF_TEXTREL", relr=True, align=0x4000,
        sections=(".debug_info", ".text", ".zdebug_line")))
    assert facts == elf.ElfFacts(
        bits, data, "EM_S390", 0x1234, "ET_DYN", mixed=("ELF header",), soname="libx.so.1", needed=("liba.so", "libb.so"),
        search_paths=("RPATH /a", "RUNPATH /b"), stack="RWX", writable_code=("0x0",), relro=True, dynamic=True, bind_now=True,
        textrel=True, relr=True, page=0x4000, exports=("PyInit_x", "other"), debug=(".debug_info", ".zdebug_line"),
        versions=(elf.Version("A_1", "liba.so", ("one", "two")), elf.Version("A_2", "liba.so", ()),
                  elf.Version("B_1", "libb.so", ("three",))))


@pytest.mark.parametrize("bits", [32, 64])
@pytest.mark.parametrize("data", ["little", "big"])
def test_versions_that_are_defined_notes_and_symbols_that_are_wanted_are_read(bits, data):
    facts = elf.read(tiny_elf.make(
        bits=bits, data=data, undefined=("Py_None",), weak=("__gmon_start__",), defines={"V_1": ["a", "b"], "V_2": ["c"]},
        build_id=b"\1\2\3\4", properties=(0xC0000000, 3), align=4096,
        sections=((".gnu_debuglink", 1, b"x.debug\0\0\0\0\0"), (".symtab", 2, b""))))
    assert (facts.undefined, facts.weak, facts.exports) == (("Py_None",), ("__gmon_start__",), ("a", "b", "c"))
    assert facts.imports == {"Py_None", "__gmon_start__"}
    assert facts.defines == (elf.Version("V_1", "", ("a", "b")), elf.Version("V_2", "", ("c",)))
    assert (facts.build_id, facts.properties, facts.page) == ("01020304", ("BTI", "PAC"), 4096)
    assert (facts.debug_link, facts.symtab) == ("x.debug", True)


@pytest.mark.parametrize(("machine", "kind", "properties", "attributes"), [
    (tiny_elf.EM_X86_64, 0xC0000002, ("IBT", "SHSTK"), ()), (tiny_elf.EM_AARCH64, 0xC0000002, (), ()),
    (tiny_elf.EM_X86_64, 0xC0000000, (), ()), (tiny_elf.EM_X86_64, 0xC0008002, (), ("X86.ISA_1_NEEDED=3",)),
    (tiny_elf.EM_386, 0xC0008002, (), ("X86.ISA_1_NEEDED=3",)), (tiny_elf.EM_S390, 0xC0008002, (), ())])
def test_gnu_properties_mean_what_their_machine_says(machine, kind, properties, attributes):
    facts = elf.read(tiny_elf.make(machine=machine, properties=(kind, 3)))
    assert (facts.properties, facts.attributes) == (properties, attributes)


def test_what_is_mapped_executable_beside_code_is_told():
    assert elf.read(tiny_elf.make(load="RX")).mixed == ("ELF header",)
    assert elf.read(tiny_elf.make(load="R")).mixed == ()


def test_a_file_of_debug_information_alone_is_no_damaged_one():
    part = tiny_link.Part(".text", flags=tiny_link.AX, kind=tiny_link.NOBITS, size=1 << 20)
    debug = tiny_link.make([part, tiny_link.Part(".debug_info", b"x", 0)])
    assert elf.read(debug).kind == "debug-file"
    assert elf.read(tiny_link.make([part, tiny_link.Part(".init", b"x", tiny_link.AX)])).kind == "object", "there is code"


def test_segments_that_no_page_fits_have_pages_of_one_byte():
    plain = bytearray(tiny_elf.make(align=4096, dynamic=False))
    plain[64 + 16:64 + 24] = struct.pack("<Q", 0x123)   # p_vaddr of the PT_LOAD is not congruent to its p_offset
    assert elf.read(bytes(plain)).page == 1


@pytest.mark.parametrize(("section", "content", "rows"), [
    (".ARM.attributes", tiny_elf.aeabi((6, 10), (28, 1)), ("ARM.CPU_ARCH=10", "ARM.ABI_VFP_ARGS=1")),
    (".ARM.attributes", b"A\x13\0\0\0aeabi\0\x01\x09\0\0\0\x057A\0", ("ARM.CPU_NAME=7A",)),
    (".riscv.attributes", b"A\x17\0\0\0riscv\0\x01\x0d\0\0\0\x05rv64\0\4\x10", ("RISCV.ARCH=rv64", "RISCV.STACK_ALIGN=16")),
    (".gnu.attributes", tiny_elf.aeabi((4, 1), vendor="gnu"), ("GNU.4=1",)),
    (".gnu.attributes", tiny_elf.aeabi((4, 9), vendor="gnu") * 17, ("GNU.4=9",)),   # LLD puts those of PowerPC behind each other
    (".gnu.attributes", tiny_elf.aeabi((8, 1), vendor="gnu") + tiny_elf.aeabi(*[(4, 1)] * 26, vendor="gnu")[1:], ("GNU.8=1", "GNU.4=1")),   # 65 bytes: 'A'
    (".ARM.attributes", b"A", ()),
    (".ARM.attributes", tiny_elf.aeabi((6, 10), vendor="other"), ()),
    (".MIPS.abiflags", bytes([0, 0, 32, 2, 1, 1, 0, 1]) + bytes(16),
     ("MIPS.version=0", "MIPS.isa_level=32", "MIPS.isa_rev=2", "MIPS.gpr_size=1", "MIPS.cpr1_size=1", "MIPS.cpr2_size=0",
      "MIPS.fp_abi=1", "MIPS.isa_ext=0", "MIPS.ases=0"))])
def test_build_attributes_are_read_by_the_names_of_their_documents(section, content, rows):
    assert elf.read(tiny_elf.make(sections=((section, 1, content),))).attributes == rows


@pytest.mark.parametrize("content", [b"B", b"A\xff\0\0\0aeabi\0", tiny_elf.aeabi((6, 0x80)), b"A\x13\0\0\0aeabi\0\x01\x09\0\0\0\x057AA",
                                     b"A\x0b\0\0\0aeabi\0\1", b"A" + bytes(1 << 16)])
def test_damaged_build_attributes_are_told(content):
    with pytest.raises(elf.ElfError, match="attributes|damaged"):
        elf.read(tiny_elf.make(sections=((".ARM.attributes", 1, content),)))


@pytest.mark.parametrize(("options", "kind"), [
    ({"interpreter": "/ld", "pie": True}, "program"), ({"interpreter": "/ld"}, "program"),
    ({"interpreter": "/ld", "soname": "libc.so.6"}, "shared-object"), ({}, "shared-object"), ({"pie": True}, "static-program"),
    ({"type": tiny_elf.ET_EXEC}, "static-program"), ({"type": tiny_elf.ET_REL, "dynamic": False}, "object")])
def test_kinds_of_files_are_told_apart(options, kind):
    assert elf.read(tiny_elf.make(**options)).kind == kind


@pytest.mark.parametrize("name", NAMES)
def test_facts_survive_json(name):
    facts = elf.read(fixture(name))
    assert elf.ElfFacts.from_json(json.loads(json.dumps(dataclasses.asdict(facts)))) == facts


@pytest.mark.skipif(not shutil.which("readelf"), reason="readelf is missing: apt install binutils")
@pytest.mark.parametrize("name", NAMES)
def test_facts_agree_with_readelf(name):
    def readelf(*options: str) -> str:
        command = ["readelf", "-W", *options, str(FIXTURES / name)]
        return subprocess.run(command, capture_output=True, text=True, check=True, env={"LC_ALL": "C"}).stdout
    facts, header, segments = elf.read(fixture(name)), readelf("-h"), readelf("-l")
    tags, symbols = readelf("-d"), readelf("--dyn-syms")
    assert f"ELF{facts.bits}" in header and f"{facts.data} endian" in header
    assert int(re.search(r"Flags: +(0x\w+)", header)[1], 16) == facts.flags
    assert re.findall(r"program interpreter: (.*)\]", segments) == [facts.interpreter] * bool(facts.interpreter)
    assert re.search(r"GNU_STACK.* 0x\w+ (\S+) +\w+\n", segments)[1] == facts.stack
    assert ("GNU_RELRO" in segments, "BIND_NOW" in tags) == (facts.relro, facts.bind_now)
    assert tuple(re.findall(r"NEEDED.*\[(.*)\]", tags)) == facts.needed
    assert sorted(re.findall(r"(\w+)@(GLIBC_[\w.]+) \(\d+\)", symbols)) == sorted(
        (symbol, version.name) for version in facts.versions for symbol in version.symbols)
    assert tuple(re.findall(r"GLOBAL DEFAULT +\d+ (PyInit_\w+)", symbols)) == facts.inits


def test_every_shorter_prefix_of_a_file_is_damaged_and_never_an_exception():
    whole = fixture("spam-arm.elf")
    for size in range(0, len(whole), 7):
        with pytest.raises(elf.ElfError):
            elf.read(whole[:size])


@pytest.mark.parametrize("name", NAMES)
def test_random_damage_never_ends_in_another_exception(name):
    whole, dice = fixture(name), random.Random(name)
    for _ in range(300):
        damaged = bytearray(whole)
        for _ in range(dice.choice((1, 2, 8))):
            damaged[dice.randrange(len(damaged))] = dice.choice((0, 0xFF, dice.randrange(256)))
        try:
            elf.read(bytes(damaged))
        except elf.ElfError as error:
            assert str(error)


def test_too_many_symbols_are_refused_before_they_are_read():
    big = tiny_elf.make(symbols=200_001, payload=bytes(24 * 200_001))
    with pytest.raises(elf.ElfError, match="200001 entries, at most 200000"):
        elf.read(big)


def test_names_that_overlap_without_end_are_bounded_in_time_and_memory():
    large = tiny_elf.make(needed=("x" * 4000,) * 5_000)
    start = time.process_time()
    tracemalloc.start()
    with pytest.raises(elf.ElfError, match="longer than 16000000 bytes together"):
        elf.read(large)
    memory = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert time.process_time() - start < 4 and memory < 200_000_000


def symbols(facts: elf.ElfFacts) -> list:
    return [facts.exports, facts.undefined, facts.weak, facts.hidden, facts.versions, facts.defines]


@pytest.mark.parametrize("name", NAMES[:2])
def test_symbols_are_found_without_section_headers_and_with_wrong_ones(name):
    whole = fixture(name)
    wide, told = whole[4] == 2, symbols(elf.read(whole))
    bare, wrong = bytearray(whole), bytearray(whole)
    table, = struct.unpack_from("<Q" if wide else "<I", whole, 40 if wide else 32)
    bare[40 if wide else 32:48 if wide else 36] = bytes(8 if wide else 4)   # e_shoff
    bare[58 if wide else 46:64 if wide else 52] = bytes(6)   # e_shentsize, e_shnum, e_shstrndx
    assert symbols(elf.read(bytes(bare))) == told
    kind = struct.pack("<I", 11)   # SHT_DYNSYM
    row = next(place for place in range(table, len(whole), 64 if wide else 40) if whole[place + 4:place + 8] == kind)
    wrong[row + (32 if wide else 20):row + (40 if wide else 24)] = struct.pack("<Q" if wide else "<I", 24 if wide else 16)   # sh_size
    assert symbols(elf.read(bytes(wrong))) == told


@pytest.mark.parametrize(("tag", "content", "words"), [
    (0x6FFFFEF5, struct.pack("<4I", 1 << 30, 1, 1, 0), "DT_GNU_HASH has 1073741824 entries"),
    (0x6FFFFEF5, struct.pack("<4IQI", 1, 1, 1, 0, 0, 1) + bytes(4 * 200_100), "at most 200000"),
    (4, struct.pack("<II", 1, 1 << 30), "1073741824 entries")])
def test_hash_tables_without_end_are_refused(tag, content, words):
    whole = bytearray(tiny_elf.make(payload=content, relr=True))
    place = whole.index(struct.pack("<QQ", 36, 0))   # DT_RELR of which another tag is made
    whole[place:place + 16] = struct.pack("<QQ", tag, whole.index(content))
    with pytest.raises(elf.ElfError, match=words):
        elf.read(bytes(whole))


@pytest.mark.parametrize("words, count", [("II", "77777777"), ("QQ", "77777777")])
def test_words_of_the_hash_table_are_of_eight_bytes_on_s390x_with_gnu_ld_alone(words, count):
    content = struct.pack(f">{words}", 1, int(count)) + bytes(8)
    whole = bytearray(tiny_elf.make(payload=content, relr=True, data="big", machine=tiny_elf.EM_S390))
    place = whole.index(struct.pack(">QQ", 36, 0))
    whole[place:place + 16] = struct.pack(">QQ", 4, whole.index(content))
    with pytest.raises(elf.ElfError, match=f" {count} entries"):
        elf.read(bytes(whole))


def test_unique_symbols_are_exports_and_a_version_may_be_weak():
    whole = tiny_elf.make(exports=("one",), versions={("liba.so", "A_1"): ["a"]})
    whole = whole.replace(struct.pack("<BBH", 0x12, 0, 1), struct.pack("<BBH", 0xA2, 0, 1))   # STB_GNU_UNIQUE
    facts = elf.read(whole.replace(struct.pack("<IHH", 0, 0, 2), struct.pack("<IHH", 0, 2, 2)))   # VER_FLG_WEAK
    assert facts.exports == ("one",) and facts.versions == (elf.Version("A_1", "liba.so", ("a",), weak=True),)


def test_symbol_tables_whose_size_nothing_tells_are_refused():
    whole = bytearray(tiny_elf.make(exports=("PyInit_a",)))
    whole[60:62] = b"\0\0"   # e_shnum
    whole[40:48] = bytes(8)   # e_shoff
    with pytest.raises(elf.ElfError, match="DT_SYMTAB"):
        elf.read(bytes(whole))


def test_core_files_are_refused():
    with pytest.raises(elf.ElfError, match="ET_CORE"):
        elf.read(tiny_elf.make(type=tiny_elf.ET_CORE))


OBJECT = tiny_elf.make(type=tiny_elf.ET_REL, dynamic=False)


def test_members_of_an_archive_are_grouped_by_machine_and_have_their_long_names():
    other = tiny_elf.make(type=tiny_elf.ET_REL, dynamic=False, bits=32, machine=tiny_elf.EM_386)
    long = "an_object_with_a_long_name.o"
    made = tiny_elf.ar({"a.o": OBJECT, long: other, "b.o": OBJECT, "c.o": b"BC\xc0\xde!"})
    assert archive.read(made) == (archive.Group(64, "little", "EM_AARCH64", "a.o", 2),
                                  archive.Group(32, "little", "EM_386", long, 1), archive.Group(0, "", "", "c.o", 1))


@pytest.mark.parametrize(("bits", "machine", "section", "content", "rows"), [
    (32, tiny_elf.EM_ARM, 0x70000003, tiny_elf.aeabi((6, 10), (28, 1)), ("ARM.CPU_ARCH=10", "ARM.ABI_VFP_ARGS=1")),
    (64, 243, 0x70000003, tiny_elf.aeabi((4, 16), vendor="riscv"), ("RISCV.STACK_ALIGN=16",)),
    (32, 8, 0x7000002A, bytes([0, 0, 32]) + bytes(21), None), (64, tiny_elf.EM_AARCH64, 0x70000003, b"A", ())])
def test_members_tell_their_flags_and_build_attributes(bits, machine, section, content, rows):
    name = {8: ".MIPS.abiflags", 243: ".riscv.attributes"}.get(machine, ".ARM.attributes")
    member = tiny_elf.make(type=tiny_elf.ET_REL, dynamic=False, bits=bits, machine=machine, flags=0x20, sections=((name, section, content),))
    group, = archive.read(tiny_elf.ar({"a.o": member, "b.o": member}))
    assert (group.count, group.flags) == (2, 0x20)
    assert group.attributes == (elf.read(member).attributes if rows is None else rows)


def test_members_of_too_many_kinds_are_refused():
    with pytest.raises(elf.ElfError, match="more than 1000 kinds"):
        archive.read(tiny_elf.ar({f"{n}.o": OBJECT[:48] + struct.pack("<I", n) + OBJECT[52:] for n in range(1001)}))


def test_an_empty_member_is_no_object():
    assert [group.machine for group in archive.read(tiny_elf.ar({"empty.o": b"", "a.o": OBJECT}))] == ["", "EM_AARCH64"]


@pytest.mark.parametrize(("data", "words"), [
    (b"!<thin>\n", "thin"), (b"!<arch>\n" + b"x" * 60, "member header at byte 8"), (b"!<arch>\nshort", "member header"),
    (tiny_elf.ar({"a.o": OBJECT})[:-8], "cut off"), (tiny_elf.ar({"a.o": OBJECT[:40]}), "member a.o"),
    (tiny_elf.ar({"/17": OBJECT}), "long name"),
    (tiny_elf.ar({"a.o": tiny_elf.make(type=1, dynamic=False, bits=32, machine=40, sections=((".ARM.attributes", 0x70000003, b"A\xff"),))}), "member a.o"),
    (tiny_elf.ar({"a.o": tiny_elf.make(type=1, dynamic=False, bits=32, machine=40)[:-8]}), "member a.o")])
def test_damaged_archives_say_what_is_wrong(data, words):
    with pytest.raises(elf.ElfError, match=words):
        archive.read(data)

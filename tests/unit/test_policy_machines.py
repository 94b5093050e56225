"""Rules about machine and ABI, asked with what compilers write for each of them: gcc 12, clang 14 and zig 0.17."""
from __future__ import annotations

from dataclasses import replace

import pytest
from goodroot import REPOSITORY

from crosspy.elf import archive, elf, isa
from crosspy.inspect import policy
from crosspy.variants import inherit, variant

KNOWN = inherit.places(REPOSITORY / "variants")
ARM_V5 = ("ARM.CPU_NAME=5TE", "ARM.CPU_ARCH=4", "ARM.ARM_ISA_USE=1", "ARM.THUMB_ISA_USE=1", "ARM.ABI_FP_NUMBER_MODEL=3")
ZIG_ARM = ("ARM.CPU_ARCH=10", "ARM.CPU_ARCH_PROFILE=65", "ARM.THUMB_ISA_USE=2", "ARM.FP_ARCH=3", "ARM.ABI_FP_NUMBER_MODEL=3")
GCC_HF = (*ZIG_ARM[:3], "ARM.FP_ARCH=4", "ARM.ABI_FP_NUMBER_MODEL=3", "ARM.ABI_VFP_ARGS=1")
ARM_V6 = ("ARM.CPU_ARCH=7", "ARM.THUMB_ISA_USE=1", "ARM.FP_ARCH=2", "ARM.ABI_FP_NUMBER_MODEL=3", "ARM.ABI_VFP_ARGS=1")
RV = "RISCV.ARCH=rv64i2p1_m2p0_a2p1_f2p2_d2p2_c2p0_zicsr2p0"
MIPS = ("MIPS.isa_level=32", "MIPS.isa_rev=2", "MIPS.gpr_size=1", "MIPS.cpr1_size=1")


def judged(name: str, flags: int, attributes: tuple[str, ...], kind: str = "object", path: str = "python.o", machine: str = "") -> list[str]:
    """Return what the rules about flags and attributes say of one file, or of an archive with such a member."""
    known = variant.load(KNOWN[name], KNOWN)
    expect = policy.parse(policy.expectation(known, floor=known.libc.floor), "expect.json")
    facts = elf.ElfFacts(expect.bits, expect.data, machine or expect.machine, flags, "ET_REL", attributes=attributes)
    group = archive.Group(expect.bits, expect.data, facts.machine, "a.o", 9, flags=flags, attributes=attributes)
    entry = policy.Entry("libpython.a", "archive", members=(group,)) if kind == "archive" else policy.Entry(path, kind, facts)
    rules = [rule for rule in policy.RULES if rule.id in ("elf-flags", "attributes", "elf-osabi")]
    return [f"{one.rule} {one.found}" for one in policy.judge_entry(entry, expect, rules)]


GOOD = [   # variant, e_flags, attributes
    ("arm-linux-gnueabi", 0x05000000, ARM_V5), ("arm-linux-gnueabi", 0x05000000, ZIG_ARM), ("arm-linux-musleabi", 0x05000000, ZIG_ARM),
    ("arm-linux-musleabi", 0x05000000, (*ARM_V5, "ARM.ABI_VFP_ARGS=3")), ("arm-linux-gnueabihf", 0x05000000, GCC_HF),
    ("arm-linux-gnueabihf", 0x05000000, (*ZIG_ARM[:4],)), ("arm-linux-gnueabihf", 0x05000000, (*ZIG_ARM, "ARM.ABI_VFP_ARGS=3")),
    ("arm-linux-musleabihf", 0x05000000, GCC_HF), ("rpi-zero", 0x05000000, ARM_V6),
    ("cortex-a7", 0x05000000, (*GCC_HF[:3], "ARM.FP_ARCH=5", "ARM.ABI_FP_NUMBER_MODEL=3", "ARM.ABI_VFP_ARGS=1")),
    ("riscv64-linux-gnu", 5, (f"{RV}_zifencei2p0_zmmul1p0",)), ("riscv64-linux-gnu", 5, ("RISCV.ARCH=rv64i2p0_m2p0_a2p0_f2p0_d2p0_c2p0",)),
    ("riscv64-linux-musl", 5, (f"{RV}_zmmul1p0_zaamo1p0_zalrsc1p0_zca1p0_zcd1p0",)), ("riscv64-linux-musl", 5, ()), ("rv64gc", 5, (RV,)),
    ("mips-linux-gnu", 0x70001007, (*MIPS, "MIPS.fp_abi=5")), ("mipsel-linux-musl", 0x70001005, (*MIPS, "MIPS.fp_abi=3")),
    ("mips24kc", 0x70001005, (*MIPS, "MIPS.fp_abi=3")), ("mips-linux-gnu", 0x70001007, ()), ("powerpc64le-linux-gnu", 2, ()),
    ("powerpc-linux-musl", 0, ()), ("powerpc-linux-musl", 0, ("GNU.4=2",)), ("powerpc-linux-musl", 0, ("GNU.4=0", "GNU.8=1")),
    ("x86_64-linux-gnu", 0, ("X86.ISA_1_NEEDED=1",)), ("x86_64-linux-musl", 0, ()), ("i686-linux-gnu", 0, ("X86.ISA_1_NEEDED=1",)),
]
BAD = [
    ("arm-linux-gnueabi", 0x05000000, GCC_HF, "attributes ARM.ABI_VFP_ARGS=1"),
    ("arm-linux-gnueabi", 0x05000000, ("ARM.CPU_ARCH=14", *ZIG_ARM[1:]), "attributes ARM.CPU_ARCH=14"),
    ("arm-linux-musleabihf", 0x05000000, (*GCC_HF[:3], "ARM.FP_ARCH=7", *GCC_HF[4:]), "attributes ARM.FP_ARCH=7"),
    ("arm-linux-gnueabihf", 0x05000000, ZIG_ARM, "attributes ARM.ABI_VFP_ARGS=0"),
    ("rpi-zero", 0x05000000, GCC_HF, "attributes ARM.CPU_ARCH=10"),
    ("riscv64-linux-gnu", 5, (f"{RV}_zvl128b1p0",), f"attributes {RV}_zvl128b1p0"),
    ("rv64gc", 5, (f"{RV}_zba1p0",), f"attributes {RV}_zba1p0"), ("riscv64-linux-musl", 5, (RV.replace("64", "32"),), "attributes RISCV.ARCH=rv32"),
    ("riscv64-linux-musl", 3, (RV,), "elf-flags e_flags 0x3"),
    ("mips-linux-gnu", 0x70001407, (*MIPS, "MIPS.fp_abi=1"), "elf-flags e_flags 0x70001407"),
    ("mips-linux-musl", 0x70001007, (*MIPS, "MIPS.fp_abi=1"), "attributes MIPS.fp_abi=1"),
    ("mipsel-linux-gnu", 0x70001007, (MIPS[0], "MIPS.isa_rev=6", *MIPS[2:], "MIPS.fp_abi=1"), "attributes MIPS.isa_rev=6"),
    ("powerpc-linux-musl", 0, ("GNU.4=1",), "attributes GNU.4=1"), ("powerpc-linux-musl", 0, ("GNU.4=3",), "attributes GNU.4=3"),
    ("arm-linux-gnueabihf", 0x05000000, ("ARM.CPU_ARCH=10", "ARM.CPU_ARCH_PROFILE=77", *GCC_HF[2:]), "attributes ARM.CPU_ARCH_PROFILE=77"),
    ("powerpc64le-linux-gnu", 1, (), "elf-flags e_flags 0x1"), ("x86_64-linux-gnu", 0, ("X86.ISA_1_NEEDED=7",), "attributes X86.ISA_1_NEEDED=7"),
]


@pytest.mark.parametrize("kind", ["object", "archive"])
@pytest.mark.parametrize(("name", "flags", "attributes"), GOOD)
def test_what_the_variants_compilers_write_fits(name, flags, attributes, kind):
    assert judged(name, flags, attributes, kind) == []


@pytest.mark.parametrize("kind", ["object", "archive"])
@pytest.mark.parametrize(("name", "flags", "attributes", "words"), BAD)
def test_what_was_compiled_for_another_machine_is_a_finding(name, flags, attributes, words, kind):
    found = judged(name, flags, attributes, kind)
    assert found and found[0].startswith(words) and (kind == "object" or found[0].endswith("in 9 members such as a.o"))


def test_a_module_of_the_kernel_has_an_abi_of_its_own():
    assert judged("arm-linux-gnueabihf", 0x05000000, (*ARM_V5, "ARM.ABI_VFP_ARGS=0"), path="lib/modules/6.1/spi.ko") == []
    assert judged("riscv64-linux-gnu", 1, (RV,), path="lib/modules/6.1/spi.ko") == []


def test_a_linked_file_may_leave_attributes_out():
    assert judged("arm-linux-gnueabihf", 0x05000400, (), "program", "usr/bin/python3.13") == []


@pytest.mark.parametrize(("osabi", "version", "machine", "wrong"), [
    (0, 0, "", False), (3, 0, "", False), (3, 1, "", False), (0, 5, "EM_MIPS", False), (0, 1, "", True), (9, 0, "", True), (97, 0, "", True)])
def test_files_for_another_system_are_findings(osabi, version, machine, wrong):
    facts = elf.ElfFacts(64, "little", machine or "EM_X86_64", 0, "ET_DYN", osabi=osabi, abiversion=version)
    expect = policy.parse(policy.expectation(variant.load(KNOWN["x86_64-linux-gnu"]), floor="2.17"), "expect.json")
    rules = [rule for rule in policy.RULES if rule.id == "elf-osabi"]
    assert bool(list(policy.judge_entry(policy.Entry("x.so", "shared-object", facts), expect, rules))) == wrong


def test_a_board_may_state_more_of_a_riscv():
    assert isa.fits("rv64i2p1_m2p0_a2p1_f2p2_d2p2_c2p0_zba1p0_zbb1p0", "<=", "rv64gc_zba_zbb")
    assert isa.extensions("rv64gc") == isa.extensions("rv64imafdc_zicsr_zifencei_zmmul_zaamo_zalrsc_zca_zcd")
    assert not isa.fits("rv64imafdcv", "<=", "rv64gc") and not isa.fits("", "<=", "rv64gc") and not isa.fits("5", "<=", "rv64gc")


def test_the_facts_of_a_group_survive_json():
    group = archive.Group(32, "little", "EM_ARM", "a.o", 1, attributes=("ARM.CPU_ARCH=10",))
    assert archive.Group(**{**vars(group), "attributes": list(group.attributes)}) == group == replace(group)

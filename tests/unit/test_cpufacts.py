"""With an SDK only the ABI of a variant is expected: the CPU and the loader's folder are the SDK's."""
import dataclasses

import pytest
from samples import PROJECT

from crosspy.inspect import expectation
from crosspy.toolchains import cpufacts
from crosspy.toolchains.toolchain import Toolchain
from crosspy.variants import variant

KNOWN = variant.load_all(PROJECT / "variants")
SDK = Toolchain("gcc", "x", "14", ("gcc",), ("ar",), (), "d", origin="Yocto")


def made(one, toolchain):
    return expectation.parse({"class": 32, **expectation.expectation(one, floor="", **cpufacts.expected(one, toolchain))}, "x")


@pytest.mark.parametrize("name, kept", [("arm-linux-gnueabihf", ("ARM.ABI_VFP_ARGS=1",)), ("arm-linux-gnueabi", ("ARM.ABI_VFP_ARGS=0",)),
                                        ("mips-linux-gnu", ("MIPS.fp_abi=[015]", "MIPS.gpr_size=1")), ("riscv64-linux-gnu", ())])
def test_of_the_build_attributes_those_of_the_abi_stay(name, kept):
    assert made(KNOWN[name], SDK).attributes == kept
    assert set(made(KNOWN[name], dataclasses.replace(SDK, origin="")).attributes) == set(KNOWN[name].elf.attributes)


def test_of_e_flags_the_abi_s_bits_stay():
    """EF_MIPS_ABI, EF_MIPS_NAN2008 and EF_MIPS_FP64; EF_RISCV_FLOAT_ABI and EF_RISCV_RVE; EF_ARM_EABIMASK."""
    assert made(KNOWN["mipsel-linux-musl"], SDK).flags_mask == 0xF600
    assert made(KNOWN["riscv64-linux-gnu"], SDK).flags_mask == 0xE
    assert made(KNOWN["arm-linux-gnueabihf"], SDK).flags_mask == 0xFF000000


def test_a_board_that_names_its_cpu_is_held_to_it():
    assert made(KNOWN["rpi-zero"], SDK).attributes == tuple(sorted(KNOWN["rpi-zero"].elf.attributes))
    nameless = dataclasses.replace(KNOWN["rpi-zero"], flags=variant.Flags())
    assert made(nameless, SDK).attributes == ("ARM.ABI_VFP_ARGS=1",)


def test_the_loader_s_folder_is_the_sdk_s():
    one = KNOWN["x86_64-linux-gnu"]
    assert made(one, SDK).interpreter == "/lib64/ld-linux-x86-64.so.2"
    assert made(one, dataclasses.replace(SDK, interpreter="/lib/ld-linux-x86-64.so.2")).interpreter == "/lib/ld-linux-x86-64.so.2"

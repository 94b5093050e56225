"""What of a variant's expectation is its CPU's and not its ABI's: with an SDK the CPU is the SDK's, which brings its own flags.

A triple's CPU is one of many that share its ABI; an SDK is built for its device's. A board that names its CPU (``inherits``, and words in
``[flags]``) is held to it, whatever the toolchain.
"""
from __future__ import annotations

import re
from collections.abc import Mapping

from ..variants.variant import Variant
from .toolchain import Toolchain

# Build attributes of the ABI: Addenda to the Arm ABI (IHI0045), section 2.5; MIPS ABI flags of binutils' include/elf/mips.h;
# RISC-V psABI, "Attributes". All others tell instruction sets.
_ABI = re.compile(r"ARM\.ABI_|MIPS\.(gpr_size|fp_abi)\b|RISCV\.STACK_ALIGN\b|GNU\.", re.I)
# Bits of e_flags of the CPU: EF_MIPS_ARCH (elf.h); EF_RISCV_RVC and EF_RISCV_TSO (RISC-V ELF psABI, "File Header").
_CPU_FLAGS = {"EM_MIPS": 0xF0000000, "EM_RISCV": 0x11}


def expected(variant: Variant, toolchain: Toolchain) -> Mapping:
    """Return the keys of an expectation that an SDK decides instead of the variant; none for other toolchains."""
    if not toolchain.origin:
        return {}
    found: dict = {"interpreter": toolchain.interpreter} if toolchain.interpreter else {}
    if variant.inherits and (variant.flags.gcc or variant.flags.clang or variant.flags.zig):
        return found
    return {**found, "flags_mask": variant.elf.flags_mask & ~_CPU_FLAGS.get(variant.machine.elf, 0),
            "attributes": sorted(row for row in variant.elf.attributes if _ABI.match(row))}

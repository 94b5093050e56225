"""Whether a compiler is one for a variant: what it predefines against what the variant says, before anything is compiled."""
from __future__ import annotations

from collections.abc import Iterable, Mapping

from ..errors import UserError, nearest
from ..variants.variant import Variant

# What `contradictions` asks of every compiler, besides the variant's own macros.
MACROS = ("__linux__", "__SIZEOF_POINTER__", "__BYTE_ORDER__", "__GLIBC__", "__UCLIBC__", "__BIONIC__", "_FEATURES_H")
# How a compiler's target is told: the first row of each group that it predefines.
_MACHINES = {"__aarch64__": "AArch64", "__arm__": "ARM", "__x86_64__": "x86-64", "__i386__": "x86", "__mips__": "MIPS",
             "__powerpc64__": "POWER", "__powerpc__": "PowerPC", "__riscv": "RISC-V", "__s390x__": "s390x", "__loongarch__": "LoongArch"}
_ABIS = {"_ABIN32": "n32", "__mips_nan2008": "NaN 2008"}
_FLOATS = {"__ARM_PCS_VFP": "hard float", "__arm__": "soft float", "__mips_hard_float": "hard float", "__mips_soft_float": "soft float",
           "_SOFT_FLOAT": "soft float", "__riscv_float_abi_soft": "soft float", "__riscv_float_abi_double": "hard float",
           "__loongarch_soft_float": "soft float", "__loongarch_double_float": "hard float"}


def libc(macros: Mapping[str, str]) -> str:
    """Return the libc behind <features.h>; musl defines no macro of its own. ``none``: there are no headers at all."""
    for macro, name in (("__UCLIBC__", "uClibc"), ("__BIONIC__", "bionic"), ("__GLIBC__", "glibc")):
        if macro in macros:
            return name
    return "musl" if "_FEATURES_H" in macros else "none"


def endian(macros: Mapping[str, str]) -> str:
    """Return the byte order, from __BYTE_ORDER__."""
    orders = {"__ORDER_LITTLE_ENDIAN__": "little", "1234": "little", "__ORDER_BIG_ENDIAN__": "big", "4321": "big"}
    return orders.get(macros.get("__BYTE_ORDER__", ""), "unknown")


def stated(variant: Variant) -> dict:
    """Return what a variant says of its compilers, as `contradictions` takes it."""
    machine = variant.machine
    return {"bits": machine.bits, "endian": machine.endian, "elf": machine.elf, "float": machine.float, "libc": variant.libc.name,
            "predefined": machine.predefined, "undefined": machine.undefined}


def contradictions(facts: Mapping, macros: Mapping[str, str]) -> list[str]:
    """Return each contradiction between what a variant says (`stated`) and the macros of a compiler with all its flags."""
    rows = [("system", "Linux", "Linux" if "__linux__" in macros else "none"), ("bits", facts["bits"], _bits(macros)),
            ("endian", facts["endian"], endian(macros)), ("libc", facts["libc"], libc(macros))]
    found = [f"{key} {told} where the variant says {wanted}" for key, wanted, told in rows if wanted != told]
    wrong = [f"no {name}" for name in facts["predefined"] if name not in macros] + [n for n in facts["undefined"] if n in macros]
    return found + ([f"{', '.join(wrong)} where the variant says {facts['elf']}, {facts['float']} float"] if wrong else [])


def problems(variant: Variant, macros: Mapping[str, str]) -> list[str]:
    """Return each contradiction between a variant and the macros of a compiler; empty when it fits."""
    return contradictions(stated(variant), macros)


def _bits(macros: Mapping[str, str]) -> int:
    return 8 * int(macros.get("__SIZEOF_POINTER__", "0"))


def words(macros: Mapping[str, str]) -> str:
    """Describe a compiler's target in a few words: ``MIPS, 32 bits, big-endian, soft float, glibc``."""
    machine, abi, floats = (next((name for macro, name in table.items() if macro in macros), "") for table in (_MACHINES, _ABIS, _FLOATS))
    system = "" if "__linux__" in macros else "no Linux"
    return ", ".join(filter(None, (machine, f"{_bits(macros)} bits", f"{endian(macros)}-endian", abi, floats, system, libc(macros))))


def check(where: str, variant: Variant, facts: Mapping, known: Iterable[Variant], place: str = "") -> None:
    """Raise UserError unless a compiler fits a variant; it names the variants that it would fit.

    where: what the user wrote.  facts: as ``compiler.Driver.facts`` gives them.  known: all variants.  place: the folder of
    ``sysroot=`` or of the SDK, which alone may hold the headers.
    """
    macros = facts["macros"]
    if libc(macros) == "none" and not problems(variant, {**macros, **_GIVEN[variant.libc.name]}):
        raise UserError(where, f"the target's libc headers are missing (no <features.h>) for {facts['target']}", _headers(variant, where, place))
    wrong = problems(variant, macros)
    if wrong:
        raise UserError(where, f"{facts['target']} ({facts['banner']}) is no compiler for {variant.name}: {'; '.join(wrong)}",
                        advice(facts, known))


_GIVEN = {"glibc": {"__GLIBC__": "2"}, "musl": {"_FEATURES_H": ""}}


def _headers(variant: Variant, where: str, place: str) -> str:
    if where.startswith("toolchain=sdk:"):
        return f"install the SDK completely: {place} holds no features.h that its compiler finds"
    if place:
        return f"{place} holds no usr/include/features.h: correct sysroot="
    if variant.libc.name == "musl":
        return "name a folder with the target's musl with sysroot=, or use toolchain=zig, which brings its own"
    package = variant.run.sysroot_package.replace("libc6-", "libc6-dev-") or "libc6-dev"
    return f"install them (Debian: apt-get install {package}), or use toolchain=zig, which brings its own"


def advice(facts: Mapping, known: Iterable[Variant]) -> str:
    """Say what to do with a compiler: which variants it fits, or that one has to be written."""
    known, macros = list(known), facts["macros"]
    if "__linux__" not in macros or libc(macros) in ("uClibc", "bionic"):
        return "programs are built for Linux with glibc or musl: take the glibc or musl toolchain for this machine"
    fitting = [variant.name for variant in known if not problems(variant, macros)]
    if fitting:
        return f"it fits target={' or '.join(fitting)}; or name a toolchain, or a sysroot=, for this target"
    names = {variant.name for variant in known}
    parts = facts["target"].split("-")
    near = nearest("-".join([parts[0], *parts[-2:]]), names)
    return f"no variant fits it{f' ({near}?)' if near else ''}: add one as variants/README.md tells, and name its folder with variants="

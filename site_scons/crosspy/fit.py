"""Whether a compiler is one for a variant: what it predefines against what the variant says, before anything is compiled."""
from __future__ import annotations

from collections.abc import Iterable, Mapping

from .errors import UserError, nearest
from .variant import Variant


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


def problems(variant: Variant, macros: Mapping[str, str]) -> list[str]:
    """Return each contradiction between a variant and the macros of a compiler with all its flags; empty when it fits."""
    machine, bits = variant.machine, 8 * int(macros.get("__SIZEOF_POINTER__", "0"))
    rows = [("bits", machine.bits, bits), ("endian", machine.endian, endian(macros)), ("libc", variant.libc.name, libc(macros))]
    found = [f"{key} {told} where the variant says {wanted}" for key, wanted, told in rows if wanted != told]
    wrong = [f"no {name}" for name in machine.predefined if name not in macros] + [n for n in machine.undefined if n in macros]
    return found + ([f"{', '.join(wrong)} where the variant says {machine.elf}, {machine.float} float"] if wrong else [])


def words(macros: Mapping[str, str]) -> str:
    """Describe a compiler's target in a few words: ``64 bits, little-endian, glibc``."""
    return f"{8 * int(macros.get('__SIZEOF_POINTER__', '0'))} bits, {endian(macros)}-endian, {libc(macros)}"


def check(where: str, variant: Variant, facts: Mapping, known: Iterable[Variant]) -> None:
    """Raise UserError unless a compiler fits a variant; it names the variants that it would fit.

    where: what the user wrote.  facts: as ``compiler.Driver.facts`` gives them.  known: all variants.
    """
    macros = facts["macros"]
    if libc(macros) == "none" and set(problems(variant, {**macros, **_GIVEN[variant.libc.name]})) == set():
        package = variant.run.sysroot_package.replace("libc6-", "libc6-dev-") or "libc6-dev"
        raise UserError(where, f"the target's libc headers are missing (no <features.h>) for {facts['target']}",
                        f"install them (Debian: apt-get install {package}), or use toolchain=zig, which brings its own")
    wrong = problems(variant, macros)
    if wrong:
        raise UserError(where, f"{facts['target']} ({facts['banner']}) is no compiler for {variant.name}: {'; '.join(wrong)}",
                        advice(facts, known))


_GIVEN = {"glibc": {"__GLIBC__": "2"}, "musl": {"_FEATURES_H": ""}}


def advice(facts: Mapping, known: Iterable[Variant]) -> str:
    """Say what to do with a compiler: which variants it fits, or that one has to be written."""
    known = list(known)
    fitting = [variant.name for variant in known if not problems(variant, facts["macros"])]
    if fitting:
        return f"it fits target={' or '.join(fitting)}; or name a toolchain, or a sysroot=, for this target"
    names = {variant.name for variant in known}
    parts = facts["target"].split("-")
    near = nearest("-".join([parts[0], *parts[-2:]]), names)
    return f"no variant fits it{f' ({near}?)' if near else ''}: add one as variants/README.md tells, and name its folder with variants="

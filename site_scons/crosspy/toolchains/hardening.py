"""What ``hardening=`` means for one build: each feature, its flags, or why it is absent.

The set is that of the OpenSSF's "Compiler Options Hardening Guide for C and C++", as far as it costs CPython little; what it
does cost is in docs/hardening.md.
"""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..cli.options import Options
from ..variants.variant import Variant
from ..variants.variantlines import FEATURES
from .toolchain import Toolchain

# zig understands a static position-independent program only when it is told in parts.
_STATIC_PIE = {"zig": ("-static", "-pie", "-fPIE"), "gcc": ("-static-pie",), "clang": ("-static-pie",)}


@dataclass(frozen=True)
class Feature:
    """One kind of protection. absent: why a build does not have it; then it has no flags."""

    name: str
    compile: tuple[str, ...] = ()
    link: tuple[str, ...] = ()
    absent: str = ""


def features(variant: Variant, options: Options, toolchain: Toolchain) -> list[Feature]:
    """Return every feature for one build, in the order in which its flags are given."""
    if not options.hardening:
        return [Feature(name, absent="hardening=no") for name in FEATURES]
    why_not = dict(row.split(": ", 1) for row in variant.flags.unhardened)
    if variant.libc.name != "glibc":
        why_not.setdefault("fortify", f"{variant.libc.name} has no checked functions")
    if options.optimize == "debug":
        why_not.setdefault("fortify", "it needs an optimising compiler, and optimize=debug is none")
    if toolchain.kind != "gcc":
        # Its linker refuses the word: code always has segments of its own there.
        why_not.setdefault("separate-code", f"{toolchain.kind} always does so")
    if options.profile == "minimal":
        why_not.setdefault("machine", "profile=minimal is for the least bytes, and it costs 4 % of the code")
    if not variant.flags.hardening:
        why_not.setdefault("machine", "the variant has no flags.hardening")
    if not properties(variant, options, toolchain):
        why_not.setdefault("properties", _no_properties(variant, toolchain))
    made = [Feature("pie"), Feature("relro", link=("-Wl,-z,relro",)), Feature("bind-now", link=("-Wl,-z,now",)),
            Feature("separate-code", link=("-Wl,-z,separate-code",)), Feature("stack-protector", ("-fstack-protector-strong",)),
            # Some compilers define it themselves, with another value.
            Feature("fortify", ("-U_FORTIFY_SOURCE", "-D_FORTIFY_SOURCE=3")), Feature("machine", variant.flags.hardening),
            Feature("properties")]
    return [Feature(one.name, absent=why_not[one.name]) if one.name in why_not else one for one in made]


def compiling(variant: Variant, options: Options, toolchain: Toolchain) -> tuple[str, ...]:
    """Return the flags of every compile of the target, as far as they do not belong to a role."""
    return tuple(word for one in features(variant, options, toolchain) for word in one.compile)


def linking(variant: Variant, options: Options, toolchain: Toolchain) -> tuple[str, ...]:
    """Return the flags of every link of the target."""
    return tuple(word for one in features(variant, options, toolchain) for word in one.link)


def program(variant: Variant, options: Options, toolchain: Toolchain) -> tuple[str, ...]:
    """Return the flags that make a link a program of the variant's linkage."""
    if not position_independent(variant, options):
        return ("-static",) if variant.static else ("-no-pie",)
    return _STATIC_PIE[toolchain.kind] if variant.static else ("-pie",)


def position_independent(variant: Variant, options: Options) -> bool:
    """Tell whether programs are position-independent."""
    return options.hardening and not any(row.startswith("pie: ") for row in variant.flags.unhardened)


def properties(variant: Variant, options: Options, toolchain: Toolchain) -> tuple[str, ...]:
    """Return the notes that every linked file must carry: what the variant asks for and the toolchain's crt files have.

    A linker sets such a note only when each of its inputs has it.
    """
    return tuple(name for name in variant.elf.properties if options.hardening and name in toolchain.properties)


def _no_properties(variant: Variant, toolchain: Toolchain) -> str:
    if not variant.elf.properties:
        return "the variant asks for none"
    return f"crt files of {toolchain.kind} {toolchain.version} for {toolchain.target} carry no {', '.join(variant.elf.properties)}"


def stated(variant: Variant, options: Options, toolchain: Toolchain) -> Mapping[str, str]:
    """Return feature -> its flags, ``yes`` or why it is absent, for inspect.json."""
    return {one.name: f"absent: {one.absent}" if one.absent else " ".join((*one.compile, *one.link)) or "yes"
            for one in features(variant, options, toolchain)}


def expected(variant: Variant, options: Options, toolchain: Toolchain) -> dict:
    """Return the keys of an expectation that follow from hardening."""
    found = {one.name: not one.absent for one in features(variant, options, toolchain)}
    return {"pie": found["pie"], "bound": found["relro"] and found["bind-now"], "stack_protector": found["stack-protector"],
            # LLD does so without being told.
            "separate_code": found["separate-code"] or options.hardening and (toolchain.kind == "zig" or "-fuse-ld=lld" in toolchain.cc),
            "fortify": found["fortify"], "properties": list(properties(variant, options, toolchain)),
            "hardening": dict(stated(variant, options, toolchain))}

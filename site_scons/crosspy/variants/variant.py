"""variants/<name>/variant.toml -> Variant: all facts of one target, nothing decided.

Every key is described in variants/README.md. An unknown key, a missing one and a wrong type are errors that name
the file, the key and what is allowed; all that a file gets wrong is told at once.
"""
from __future__ import annotations

import fnmatch
import re
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path

from ..errors import UserError, nearest
from . import inherit, variantlines
from .variantlines import Waiver


@dataclass(frozen=True)
class Machine:
    """What the compiler must predefine. bits: width of a pointer. endian: ``little`` or ``big``.

    float: the floating-point ABI, ``hard`` or ``soft``.  predefined, undefined: macros that a compiler for this ABI
    defines, and those that it does not (``__ARM_PCS_VFP``), each an EABI's own name.
    """

    bits: int = field(metadata={"allowed": (32, 64)})
    endian: str = field(metadata={"allowed": ("little", "big")})
    elf: str
    float: str = field(default="hard", metadata={"allowed": ("hard", "soft")})
    predefined: tuple[str, ...] = ()
    undefined: tuple[str, ...] = ()


@dataclass(frozen=True)
class Libc:
    """name: ``glibc`` or ``musl``. linkage of the interpreter. floor: oldest glibc that a device may have, "2.17"."""

    name: str = field(metadata={"allowed": ("glibc", "musl")})
    linkage: str = field(metadata={"allowed": ("dynamic", "static")})
    floor: str = ""


@dataclass(frozen=True)
class Names:
    """The variant's name in each toolchain; an empty one means that this toolchain does not serve the variant."""

    zig: str = ""
    gcc: str = ""
    gcc_package: str = ""
    clang: str = ""


@dataclass(frozen=True)
class Flags:
    """Flags of this target, beside those of the options. compile, link: for every compile, every link.

    zig, gcc, clang: the words that name the CPU and its FPU, as each of them spells it, for both; an SDK has its own.
    hardening: what this machine's compilers have besides the common ones. unhardened: features of hardening.py that it
    cannot have, each with the reason ("fortify: musl has none").
    """

    compile: tuple[str, ...] = ()
    link: tuple[str, ...] = ()
    zig: tuple[str, ...] = ()
    gcc: tuple[str, ...] = ()
    clang: tuple[str, ...] = ()
    hardening: tuple[str, ...] = ()
    unhardened: tuple[str, ...] = ()


@dataclass(frozen=True)
class Python:
    """multiarch: upstream's name (Misc/platform_triplet.c), part of SOABI. modules: ``shared`` or ``builtin``."""

    multiarch: str
    modules: str = field(metadata={"allowed": ("shared", "builtin")})


@dataclass(frozen=True)
class Elf:
    """What inspection expects. flags: e_flags, exact. flags_mask: the bits of e_flags that are compared.

    linked_mask: further bits of e_flags that are compared in programs and libraries. attributes: build attributes as
    ``NAME=PATTERN``. properties: of .note.gnu.property, where the toolchain's own files have them. size_limit: of all files in
    bytes, 0 for any. page: bytes, of the largest pages that a kernel of this machine may have. interpreter: PT_INTERP of a
    dynamic program, empty for a static one. needed: the only names allowed in DT_NEEDED besides libpython.
    """

    flags: int = 0
    flags_mask: int = 0xFFFFFFFF
    linked_mask: int = 0
    attributes: tuple[str, ...] = ()
    properties: tuple[str, ...] = ()
    page: int = 4096
    size_limit: int = 0
    interpreter: str = ""
    needed: tuple[str, ...] = ()


@dataclass(frozen=True)
class Run:
    """How a program of the target runs here. machine: as ``uname -m`` names a host that runs it directly.

    qemu: the qemu-user program; qemu_version: the oldest that has the instructions, "8.1". qemu_package, sysroot_package: Debian packages that bring it and the libc.
    sysroot: the folder of that libc, for ``QEMU_LD_PREFIX``. qemu_cpu: the processor to show, for ``QEMU_CPU``.
    """

    machine: str
    qemu: str = ""
    qemu_version: str = ""
    qemu_package: str = ""
    qemu_cpu: str = ""
    sysroot: str = ""
    sysroot_package: str = ""


@dataclass(frozen=True)
class Variant:
    """All facts of one target. name: its folder and triple, ``arch-os-libc[abi]``, or a board's own name.

    inherits: the variant that a board starts from; it states only what differs.  triple: the name of the variant at the
    root of what it inherits from, its own without.  flash: a budget like ``4M``.
    """

    name: str
    summary: str
    machine: Machine
    libc: Libc
    toolchain: Names
    python: Python
    elf: Elf
    run: Run
    short: tuple[str, ...] = ()
    flash: str = ""
    inherits: str = ""
    flags: Flags = Flags()
    waivers: tuple[Waiver, ...] = ()
    triple: str = ""

    @property
    def static(self) -> bool:
        return self.libc.linkage == "static"


_NESTED = {"machine": Machine, "libc": Libc, "toolchain": Names, "python": Python, "elf": Elf, "run": Run, "flags": Flags}
_TYPES = {"str": (str, "a string"), "int": (int, "an integer"), "tuple[str, ...]": (list, "a list of strings")}


def load(folder: Path, known: Mapping[str, Path] | None = None) -> Variant:
    """Read one variant. known: folders of those that it may inherit from, by name.

    Raises UserError that lists all that is wrong with the file.
    """
    path = folder / "variant.toml"
    data, triple = inherit.facts(folder, known or {})
    problems: list[str] = []
    variant = _build(Variant, {"name": folder.name, "triple": triple, **data}, "", problems)
    if not re.fullmatch(r"\w+-linux-\w+", triple):
        problems.append(f"the folder's name {triple!r} is no triple such as 'arm-linux-gnueabihf', and it inherits from none")
    for key in {"name", "triple"} & data.keys():
        problems.append(f"{key}: it is the folder's name, or that of the variant at the root of inherits; leave it out")
    if variant and not re.fullmatch(r"2\.\d+" if variant.libc.name == "glibc" else "", variant.libc.floor):
        problems.append(f"libc.floor: {variant.libc.floor!r} is not a glibc version such as '2.17'" if variant.libc.name == "glibc"
                        else "libc.floor: only glibc has one; leave it out")
    problems += variantlines.unfit(variant) if variant else []
    if problems:
        raise UserError(str(path), "; ".join(problems), "see variants/README.md for every key")
    return variant


def _build(cls, data: dict, prefix: str, problems: list[str]):
    known = {item.name: item for item in fields(cls)}
    for key in sorted(data.keys() - known.keys()):
        hint = nearest(key, known)
        problems.append(f"{prefix}{key}: unknown key" + (f" ({hint})" if hint else ""))
    values = {}
    for name, item in known.items():
        if name in data:
            values[name] = _value(item, data[name], prefix + name, problems)
        elif item.default is MISSING:
            problems.append(f"{prefix}{name}: it is missing")
    return None if problems else cls(**values)


def _value(item, value, key: str, problems: list[str]):
    table = _NESTED.get(item.name)
    if table and item.type == table.__name__:  # machine.elf is a string, elf a table
        if not isinstance(value, dict):
            problems.append(f"{key}: a table is expected, not {value!r}")
            return None
        return _build(table, value, key + ".", problems)
    if item.type == "tuple[Waiver, ...]":
        if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
            problems.append(f"{key}: {value!r} is not a list of tables")
            return None
        return tuple(_build(Waiver, one, f"{key}[{number}].", problems) for number, one in enumerate(value))
    expected, words = _TYPES[item.type]
    if not isinstance(value, expected) or isinstance(value, bool) or (
            expected is list and not all(isinstance(element, str) for element in value)):
        problems.append(f"{key}: {value!r} is not {words}")
        return None
    allowed = item.metadata.get("allowed")
    if allowed and value not in allowed:
        problems.append(f"{key}: {value!r} is not one of {', '.join(map(str, allowed))}")
    return tuple(value) if expected is list else value


def load_all(folder: Path, also: Mapping[str, Path] | None = None) -> dict[str, Variant]:
    """Read every variant below a folder, by name; two that claim one short name, or have one name, are an error.

    also: folders of further variants, which these may inherit from, but not replace.
    """
    own = inherit.places(folder)
    if not own:
        raise UserError(f"variants={folder}", "no variants/<name>/variant.toml is in this folder", "name the right folder")
    inherit.apart(own, also or {})
    found = {name: load(place, {**(also or {}), **own}) for name, place in own.items()}
    check_short(found)
    return found


def check_short(variants: dict[str, Variant]) -> None:
    """Raise UserError for a short name that two variants claim, or that is the name of one."""
    owners: dict[str, str] = {}
    for variant in variants.values():
        for short in variant.short:
            if short in variants or owners.setdefault(short, variant.name) != variant.name:
                raise UserError(f"{variant.name}/variant.toml", f"short: {short!r} belongs to {owners.get(short, short)} already",
                                "choose another name")


def select(wanted: str, variants: dict[str, Variant]) -> list[Variant]:
    """Return the variants that a ``target=`` value names: names, short names, patterns, ``all``, in a comma list.

    ``all`` are the triples; boards are chosen by name or pattern.
    """
    short = {name: variant.name for variant in variants.values() for name in variant.short}
    chosen: dict[str, Variant] = {}
    for word in filter(None, (part.strip() for part in wanted.split(","))):
        names = sorted(name for name in variants if not variants[name].inherits) if word == "all" else fnmatch.filter(sorted(variants), short.get(word, word))
        if not names:
            hint = nearest(word, [*variants, *short])
            raise UserError(f"target={word}", "no variant has this name" + (f"; {hint}?" if hint else ""),
                            f"use one of {', '.join(sorted(variants))}, or 'all'; variants/README.md tells how to add one")
        chosen.update((name, variants[name]) for name in names)
    if not chosen:
        raise UserError(f"target={wanted}", "it names no variant", f"use one of {', '.join(sorted(variants))}, or 'all'")
    return list(chosen.values())

"""Rules: is a file for the variant's machine and ABI at all?

Sources: gABI chapter 4 (ELF Header); the psABI of each machine for e_flags and build attributes, both data of the variant.
"""
from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from ..elf import isa
from ..elf.archive import Group
from .expectation import Expectation
from .findings import ELF, FATAL, LINKED, Answers, Entry, Rule


def _by(groups: Iterable[Group], fact: str) -> dict[object, list[Group]]:
    """Return value of a fact -> the groups of ELF members that have it."""
    found: dict = {}
    for group in groups:
        if group.machine:
            found.setdefault(getattr(group, fact), []).append(group)
    return found


def _where(groups: Sequence[Group]) -> str:
    return f"in {sum(group.count for group in groups)} members such as {groups[0].first}"


def _identity(fact: str, label: str) -> Callable[[Entry, Expectation], Answers]:
    """Make the rule that class, data or machine of a file, or of all members of an archive, is the variant's."""
    def check(entry: Entry, expect: Expectation) -> Answers:
        wanted = getattr(expect, fact)
        if entry.facts and getattr(entry.facts, fact) != wanted:
            yield f"{label}{getattr(entry.facts, fact)}", f"{label}{wanted}"
        for value, groups in _by(entry.members, fact).items():
            if value != wanted:
                yield f"{label}{value} {_where(groups)}", f"{label}{wanted}"
    return check


_GNU, _SYSV = 3, 0   # ELFOSABI_GNU, ELFOSABI_SYSV
_VFP_ARGS = "ARM.ABI_VFP_ARGS"


def _osabi(entry: Entry, expect: Expectation) -> Answers:
    # The versions of the GNU ABI, and MIPS' own of the other, stand for features of glibc (libc-abis in its sources).
    facts = entry.facts
    if facts.osabi not in (_SYSV, _GNU) or (facts.abiversion and facts.osabi == _SYSV and facts.machine != "EM_MIPS"):
        yield f"EI_OSABI {facts.osabi}, EI_ABIVERSION {facts.abiversion}", "System V (0) or GNU (3), version 0"


def _debug_file(entry: Entry, expect: Expectation) -> Answers:
    if not expect.foreign and not entry.path.endswith(".debug") and "/lib/debug/" not in f"/{entry.path}":
        yield "debug information alone", "a file with code"


def _members(entry: Entry, expect: Expectation) -> Answers:
    for group in entry.members:
        if not group.machine:
            yield f"{group.count} members such as {group.first} that are no ELF files", "only ELF objects"


def _of_kernel(entry: Entry) -> bool:
    """Tell whether a file is a module of the kernel, which has an ABI of its own: no FPU at all."""
    return entry.path.endswith(".ko")


def _flags(entry: Entry, expect: Expectation) -> Answers:
    # Linkers add bits that no object carries: EF_ARM_ABI_FLOAT_HARD (Arm ELF, IHI0044, 5.2).
    mask = expect.flags_mask | (expect.linked_mask if entry.kind in LINKED else 0)
    words = f"{expect.flags & mask:#x} under the mask {mask:#x}"
    if entry.facts and (entry.facts.flags ^ expect.flags) & mask and not _of_kernel(entry):
        yield f"e_flags {entry.facts.flags:#x}", words
    for flags, groups in _by(entry.members, "flags").items():
        if (flags ^ expect.flags) & mask:
            yield f"e_flags {flags:#x} {_where(groups)}", words


def _attributes(entry: Entry, expect: Expectation) -> Answers:
    if entry.facts and not _of_kernel(entry):
        yield from _unfit(entry.facts.attributes, expect, entry.kind == "object")
    unfit: dict[tuple[str, str], list[Group]] = {}
    for group in entry.members:
        # A member without any attribute states nothing, and a linker asks nothing of it.
        for answer in _unfit(group.attributes, expect, True) if group.attributes else ():
            unfit.setdefault(answer, []).append(group)
    for (found, wanted), groups in unfit.items():
        yield f"{found} {_where(groups)}", wanted


def _unfit(rows: Sequence[str], expect: Expectation, is_object: bool) -> Answers:
    """Yield the build attributes of one file that are not as the variant asks.

    For Arm a tag that is left out has the value 0 (IHI0045, 2.3). LLD gives a linked file the attributes of its first object
    alone, so that there only what is stated counts. Code without floating-point numbers fits both calling conventions, as
    does ABI_VFP_ARGS=3 (IHI0045, 2.5; binutils, elf32_arm_merge_eabi_attributes).
    """
    found = dict(row.split("=", 1) for row in rows)
    args = found.get(_VFP_ARGS, "3" if rows and "ARM.ABI_FP_NUMBER_MODEL" not in found else "0")
    for name, operator, wanted in map(isa.split, expect.attributes):
        value = found.get(name, "0" if is_object and name.startswith("ARM.") else None)
        if value is not None and not isa.fits(value, operator, wanted) and not (name == _VFP_ARGS and args == "3"):
            yield f"{name}={value}", f"{name}{operator}{wanted}"


_HOST = "look for a host compiler in its command"
RULES = (
    Rule("elf-class", "class of the variant", ELF | {"archive"}, _identity("bits", "ELFCLASS"),
         "EI_CLASS: the kernel refuses another width (gABI 4, ELF Header)", _HOST, FATAL),
    Rule("elf-data", "byte order of the variant", ELF | {"archive"}, _identity("data", ""),
         "EI_DATA: the kernel refuses another byte order (gABI 4)", _HOST, FATAL),
    Rule("elf-machine", "machine of the variant", ELF | {"archive"}, _identity("machine", ""),
         "e_machine: the kernel refuses another instruction set (gABI 4)", _HOST, FATAL),
    Rule("elf-osabi", "for Linux", ELF, _osabi,
         "EI_OSABI: glibc's loader refuses another system's files (elf/dl-load.c)", _HOST, FATAL),
    Rule("debug-file", "files of debug information lie apart", frozenset({"debug-file"}), _debug_file,
         "there is no code in it: what should run or be loaded is missing",
         "put the stripped file there, and this one below usr/lib/debug", FATAL),
    Rule("archive-members", "archives hold ELF objects", frozenset({"archive"}), _members,
         "the linker of another toolchain cannot read them (bitcode of -flto)", "compile the library without -flto"),
    Rule("elf-flags", "e_flags of the variant", ELF | {"archive"}, _flags,
         "e_flags carry the ABI, which must be the one of the device's libc",
         "compare the variant's [flags] and elf.flags", FATAL),
    Rule("attributes", "build attributes of the variant", ELF | {"archive"}, _attributes,
         "they state instruction set, FPU and float ABI: another one ends in SIGILL or in wrong arguments of functions",
         "compare the variant's [flags] and elf.attributes", FATAL),
)

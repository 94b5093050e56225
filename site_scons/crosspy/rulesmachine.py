"""Rules: is a file for the variant's machine and ABI at all?

Sources: gABI chapter 4 (ELF Header); the psABI of each machine for e_flags and build attributes, both data of the variant.
"""
from __future__ import annotations

from collections.abc import Callable
from fnmatch import fnmatchcase

from .expectation import Expectation
from .findings import ELF, FATAL, LINKED, Answers, Entry, Rule


def _identity(fact: str, label: str) -> Callable[[Entry, Expectation], Answers]:
    """Make the rule that class, data or machine of a file, or of all members of an archive, is the variant's."""
    def check(entry: Entry, expect: Expectation) -> Answers:
        wanted = getattr(expect, fact)
        if entry.facts and getattr(entry.facts, fact) != wanted:
            yield f"{label}{getattr(entry.facts, fact)}", f"{label}{wanted}"
        for group in entry.members:
            if group.machine and getattr(group, fact) != wanted:
                yield f"{label}{getattr(group, fact)} in {group.count} members such as {group.first}", f"{label}{wanted}"
    return check


def _members(entry: Entry, expect: Expectation) -> Answers:
    for group in entry.members:
        if not group.machine:
            yield f"{group.count} members such as {group.first} that are no ELF files", "only ELF objects"


def _flags(entry: Entry, expect: Expectation) -> Answers:
    # Linkers add bits that no object carries: EF_ARM_ABI_FLOAT_HARD (Arm ELF, IHI0044, 5.2).
    mask = expect.flags_mask | (expect.linked_mask if entry.kind in LINKED else 0)
    if (entry.facts.flags ^ expect.flags) & mask:
        yield f"e_flags {entry.facts.flags:#x}", f"{expect.flags & mask:#x} under the mask {mask:#x}"


def _attributes(entry: Entry, expect: Expectation) -> Answers:
    found = dict(row.split("=", 1) for row in entry.facts.attributes)
    for name, pattern in (row.split("=", 1) for row in expect.attributes):
        # A tag that is left out has the value 0. LLD gives a linked file the attributes of its first object alone, so that
        # there only what is stated counts.
        value = found.get(name, "0" if entry.kind == "object" else None)
        if value is not None and not fnmatchcase(value, pattern):
            yield f"{name}={value}", f"{name}={pattern}"


_HOST = "look for a host compiler in its command"
RULES = (
    Rule("elf-class", "class of the variant", ELF | {"archive"}, _identity("bits", "ELFCLASS"),
         "EI_CLASS: the kernel refuses another width (gABI 4, ELF Header)", _HOST, FATAL),
    Rule("elf-data", "byte order of the variant", ELF | {"archive"}, _identity("data", ""),
         "EI_DATA: the kernel refuses another byte order (gABI 4)", _HOST, FATAL),
    Rule("elf-machine", "machine of the variant", ELF | {"archive"}, _identity("machine", ""),
         "e_machine: the kernel refuses another instruction set (gABI 4)", _HOST, FATAL),
    Rule("archive-members", "archives hold ELF objects", frozenset({"archive"}), _members,
         "the linker of another toolchain cannot read them (bitcode of -flto)", "compile the library without -flto"),
    Rule("elf-flags", "e_flags of the variant", ELF, _flags,
         "e_flags carry the ABI, which must be the one of the device's libc",
         "compare the variant's [flags] and elf.flags", FATAL),
    Rule("attributes", "build attributes of the variant", ELF, _attributes,
         "they state instruction set, FPU and float ABI: another one ends in SIGILL or in wrong arguments of functions",
         "compare the variant's [flags] and elf.attributes", FATAL),
)

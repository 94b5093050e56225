"""What is wrong with a finished root/: the facts of its files against the expectation of the variant.

Each rule is one small pure function and one row of RULES at the end: which kinds of entry it looks at, why it is there,
and what to do. Sources: the ELF gABI (https://refspecs.linuxfoundation.org/elf/gabi4+/contents.html), the LSB for
PT_GNU_* and symbol versions, PEP 3149 for the suffix and PEP 489 for the name of the initialiser.
"""
from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator, Sequence

from .expectation import Expectation, expectation, parse
from .findings import Answers, Entry, Finding, Rule, WholeAnswers

__all__ = ["RULES", "Entry", "Expectation", "Finding", "Rule", "expectation", "judge", "judge_entry", "parse"]

PROGRAMS, LIBRARY = frozenset({"program", "static-program"}), frozenset({"shared-object"})
LINKED = PROGRAMS | LIBRARY
ELF = LINKED | {"object"}
FILES = ELF | {"archive", "damaged", "file", "special"}
_MARKERS = {"GLIBC_ABI_DT_RELR": (2, 36)}   # versions without symbols that stand for a feature of glibc's loader


def _unread(entry: Entry, expect: Expectation) -> Answers:
    if entry.problem:
        yield entry.problem, "a file that can be read to its end"


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
    found, wanted = entry.facts.flags & expect.flags_mask, expect.flags & expect.flags_mask
    if found != wanted:
        yield f"e_flags {entry.facts.flags:#x}", f"{wanted:#x} under the mask {expect.flags_mask:#x}"


def _page(entry: Entry, expect: Expectation) -> Answers:
    if entry.facts.page < expect.page:
        yield f"a PT_LOAD aligned to {entry.facts.page} bytes", f"at least {expect.page}"


def _interpreter(entry: Entry, expect: Expectation) -> Answers:
    library = entry.kind in LIBRARY or re.search(r"\.so(\.|$)", entry.path)
    wanted = "" if library else expect.interpreter
    if entry.facts.interpreter != wanted:
        yield entry.facts.interpreter or "none", wanted or "none"


def _needed(entry: Entry, expect: Expectation) -> Answers:
    if extra := sorted(set(entry.facts.needed) - set(expect.needed)):
        yield ", ".join(extra), f"only {', '.join(expect.needed)}" if expect.needed else "no library at all"


def _stable_abi(entry: Entry, expect: Expectation) -> Answers:
    wanted = [name for name in expect.needed if re.fullmatch(r"libpython3\.\d+t?\.so\.1\.0", name)]
    if posixpath.basename(entry.path) == "libpython3.so" and not set(wanted) & set(entry.facts.needed):
        yield ", ".join(entry.facts.needed) or "no DT_NEEDED", " or ".join(wanted) or "no libpython3.so in this build"


def _version_number(name: str) -> tuple[int, ...] | None:
    parts = name.removeprefix("GLIBC_").split(".")
    return tuple(map(int, parts)) if all(part.isdecimal() for part in parts) else _MARKERS.get(name)


def _glibc_floor(entry: Entry, expect: Expectation) -> Answers:
    floor = tuple(map(int, expect.glibc_floor.split("."))) if expect.glibc_floor else ()
    wanted = f"at most GLIBC_{expect.glibc_floor}" if floor else "no version of glibc"
    for version in entry.facts.versions:
        number = _version_number(version.name)
        if version.name.startswith("GLIBC_") and (number is None or number > floor):
            more = f" and {len(version.symbols) - 10} more" if len(version.symbols) > 10 else ""
            yield f"{version.name} for {', '.join(version.symbols[:10]) or version.library}{more}", wanted
    if entry.facts.relr and floor and floor < _MARKERS["GLIBC_ABI_DT_RELR"]:
        yield "relative relocations in DT_RELR, which glibc reads since 2.36", wanted


def _search_path(entry: Entry, expect: Expectation) -> Answers:
    if entry.facts.search_paths:
        yield ", ".join(entry.facts.search_paths), "neither DT_RPATH nor DT_RUNPATH"


def _stack(entry: Entry, expect: Expectation) -> Answers:
    if not entry.facts.stack or "X" in entry.facts.stack:
        yield f"PT_GNU_STACK {entry.facts.stack}" if entry.facts.stack else "no PT_GNU_STACK", "PT_GNU_STACK RW"


def _text_relocations(entry: Entry, expect: Expectation) -> Answers:
    if entry.facts.textrel:
        yield "DT_TEXTREL or DF_TEXTREL", "no relocation of code"


def _relro(entry: Entry, expect: Expectation) -> Answers:
    if not entry.facts.relro:
        yield "no PT_GNU_RELRO", "PT_GNU_RELRO"


def _bind_now(entry: Entry, expect: Expectation) -> Answers:
    if entry.facts.dynamic and not entry.facts.bind_now:
        yield "neither DF_BIND_NOW nor DF_1_NOW", "one of them"


def _writable_code(entry: Entry, expect: Expectation) -> Answers:
    if entry.facts.writable_code:
        yield f"PT_LOAD with W and X at {', '.join(entry.facts.writable_code)}", "W or X"


def _debug(entry: Entry, expect: Expectation) -> Answers:
    if entry.facts.debug:
        yield ", ".join(entry.facts.debug), "no section with debug information"


def _leaks(entry: Entry, expect: Expectation) -> Answers:
    if entry.leaks:
        yield "; ".join(entry.leaks), "no path of the build machine"


def _init(entry: Entry, expect: Expectation) -> Answers:
    if f"PyInit_{entry.module}" not in entry.facts.inits:
        yield ", ".join(entry.facts.inits) or "no exported PyInit function", f"PyInit_{entry.module}"


def _suffix(entry: Entry, expect: Expectation) -> Answers:
    name = posixpath.basename(entry.path)
    if name != entry.module + expect.ext_suffix:
        yield name, entry.module + expect.ext_suffix


def _in_plan(entry: Entry, expect: Expectation) -> Answers:
    if entry.module not in expect.extensions:
        yield f"module {entry.module}", "only the modules of the plan"
    elif posixpath.dirname(entry.path) != posixpath.dirname(expect.extensions[entry.module]):
        yield posixpath.dirname(entry.path), posixpath.dirname(expect.extensions[entry.module])


def _link(entry: Entry, expect: Expectation) -> Answers:
    if entry.problem:
        yield entry.problem, "a file or folder inside root/"


def _missing(entries: Sequence[Entry], expect: Expectation) -> WholeAnswers:
    there = {entry.module for entry in entries}
    for name, path in expect.extensions.items():
        if name not in there:
            yield path, "no such file", f"module {name}, which the plan builds"


def _empty(entries: Sequence[Entry], expect: Expectation) -> WholeAnswers:
    if not any(entry.kind in LINKED or entry.kind == "damaged" for entry in entries):
        yield ".", "no program and no library", "at least the interpreter"


_LINKER = "give the link step"
RULES = (
    Rule("readable", "every file can be read", FILES, _unread,
         "what cannot be read cannot be inspected, and a device cannot load it", "delete it and build again", _empty),
    Rule("elf-class", "class of the variant", ELF | {"archive"}, _identity("bits", "ELFCLASS"),
         "EI_CLASS: the kernel refuses another width (gABI 4, ELF Header)", "look for a host compiler in its command"),
    Rule("elf-data", "byte order of the variant", ELF | {"archive"}, _identity("data", ""),
         "EI_DATA: the kernel refuses another byte order (gABI 4)", "look for a host compiler in its command"),
    Rule("elf-machine", "machine of the variant", ELF | {"archive"}, _identity("machine", ""),
         "e_machine: the kernel refuses another instruction set (gABI 4)", "look for a host compiler in its command"),
    Rule("archive-members", "archives hold ELF objects", frozenset({"archive"}), _members,
         "the linker of another toolchain cannot read them (bitcode of -flto)", "compile the library without -flto"),
    Rule("elf-flags", "e_flags of the variant", ELF, _flags,
         "e_flags carry the ABI, which must be the one of the device's libc",
         "compare the variant's [flags] and elf.flags"),
    Rule("page-size", "segments fit the largest pages", LINKED, _page,
         "the kernel cannot map a PT_LOAD whose alignment is below its page size (gABI 5, Program Header)",
         f"{_LINKER} -Wl,-z,max-page-size=, or correct elf.page"),
    Rule("interpreter", "the device's loader", LINKED, _interpreter,
         "the kernel starts PT_INTERP first and fails with 'not found' without it (gABI 5)",
         "compare elf.interpreter and libc.linkage of the variant with the link command"),
    Rule("needed", "only allowed libraries", LINKED, _needed,
         "each DT_NEEDED must be on the device (gABI 5, Shared Object Dependencies)",
         "drop the library from the link, or add it to elf.needed of the variant if the device has it"),
    Rule("libpython-stub", "libpython3.so leads to libpython", LIBRARY, _stable_abi,
         "extensions for the stable ABI load libpython3.so to get the versioned library (PEP 384)",
         "link libpython3.so with libpython and -Wl,--no-as-needed"),
    Rule("glibc-floor", "no newer glibc than the floor", LINKED, _glibc_floor,
         "an older loader ends with \"version 'GLIBC_x' not found\" (LSB, Symbol Versioning)",
         "take toolchain=zig, which can lower the floor, or raise glibc= or the variant's floor"),
    Rule("rpath", "no search path inside", LINKED, _search_path,
         "a path of the build machine, or one that others can write, could bring the library (gABI 5)",
         "drop -rpath from the link command"),
    Rule("exec-stack", "no executable stack", LINKED, _stack,
         "the kernel makes the stack executable without a PT_GNU_STACK or with PF_X in it (LSB, PT_GNU_STACK)",
         f"{_LINKER} -Wl,-z,noexecstack and each assembler source a .note.GNU-stack section"),
    Rule("textrel", "no relocation of code", LINKED, _text_relocations,
         "the loader would have to make code writable (gABI 5, DT_TEXTREL)", "compile every object with -fPIC or -fPIE"),
    Rule("relro", "relocated data becomes read-only", LINKED, _relro,
         "the loader protects PT_GNU_RELRO after relocation (LSB, PT_GNU_RELRO)", f"{_LINKER} -Wl,-z,relro"),
    Rule("bind-now", "symbols are bound at start", LINKED, _bind_now,
         "only then is the whole GOT under RELRO (gABI 5, DF_BIND_NOW)", f"{_LINKER} -Wl,-z,now"),
    Rule("writable-code", "no segment with W and X", LINKED, _writable_code,
         "code that can be written can be replaced (gABI 5, Segment Permissions)", "drop -N or --omagic from the link"),
    Rule("debug-sections", "no debug information", LINKED, _debug,
         "the device does not need it and it names the build machine", "strip the file, or use debuginfo=split"),
    Rule("host-path", "no path of the build machine", FILES | {"link"}, _leaks,
         "it cannot exist on the device and makes two builds differ",
         "map it with -ffile-prefix-map, or write the prefix"),
    Rule("init-function", "extensions export their initialiser", LIBRARY, _init,
         "the import system looks up PyInit_<name> (PEP 489)",
         "compile the module with its export, not -fvisibility=hidden", modules=True),
    Rule("ext-suffix", "extensions end in EXT_SUFFIX", FILES, _suffix,
         "the target's interpreter looks for its own suffix first (PEP 3149)", "name it with the target's EXT_SUFFIX",
         modules=True),
    Rule("extension-set", "exactly the extensions of the plan", FILES, _in_plan,
         "a module that is left over or missing belongs to another build", "compare with plan.json", _missing, modules=True),
    Rule("symlink", "links stay inside root/", frozenset({"link"}), _link,
         "the device has only what is in root/", "write the link relative, to a file that is installed"),
)


def judge_entry(entry: Entry, expect: Expectation, rules: Sequence[Rule] = RULES) -> Iterator[Finding]:
    """Yield the findings of one entry."""
    for rule in rules:
        if rule.applies(entry):
            for found, expected in rule.check(entry, expect):
                yield Finding(rule.id, entry.path, found, expected, rule.why, rule.fix)


def judge(entries: Sequence[Entry], expect: Expectation) -> list[Finding]:
    """Return all findings of a root/, by file and rule."""
    findings = [finding for entry in entries for finding in judge_entry(entry, expect)]
    findings += [Finding(rule.id, path, found, expected, rule.why, rule.fix) for rule in RULES if rule.whole
                 for path, found, expected in rule.whole(entries, expect)]
    return sorted(findings, key=lambda finding: (finding.file, finding.rule, finding.found))

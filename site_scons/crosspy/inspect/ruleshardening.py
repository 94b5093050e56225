"""Rules: is a file protected as the variant and ``hardening=`` ask?

Sources: LSB for PT_GNU_*; gABI chapter 5; the Linux extensions to the gABI for .note.gnu.property.
"""
from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence

from .expectation import Expectation
from .findings import CORE, FATAL, LIBRARY, LINKED, PROGRAMS, WEAK, Answers, Entry, Rule, WholeAnswers


def _pie(entry: Entry, expect: Expectation) -> Answers:
    if expect.pie and entry.facts.type != "ET_DYN":
        yield entry.facts.type, "ET_DYN, a position-independent program"


def _stack(entry: Entry, expect: Expectation) -> Answers:
    if not entry.facts.stack or "X" in entry.facts.stack:
        yield f"PT_GNU_STACK {entry.facts.stack}" if entry.facts.stack else "no PT_GNU_STACK", "PT_GNU_STACK RW"


def _text_relocations(entry: Entry, expect: Expectation) -> Answers:
    if entry.facts.textrel:
        yield "DT_TEXTREL or DF_TEXTREL", "no relocation of code"


def _relro(entry: Entry, expect: Expectation) -> Answers:
    if expect.bound and not entry.facts.relro:
        yield "no PT_GNU_RELRO" + (" around the dynamic section" if entry.facts.dynamic else ""), "PT_GNU_RELRO"


def _bind_now(entry: Entry, expect: Expectation) -> Answers:
    alone = expect.foreign and not entry.facts.needed and not entry.facts.interpreter   # as glibc's static-pie: nothing is bound
    if expect.bound and entry.facts.dynamic and not entry.facts.bind_now and not alone:
        yield "neither DF_BIND_NOW nor DF_1_NOW", "one of them"


def _writable_code(entry: Entry, expect: Expectation) -> Answers:
    if entry.facts.writable_code:
        yield f"PT_LOAD with W and X at {', '.join(entry.facts.writable_code)}", "W or X"


def _separate_code(entry: Entry, expect: Expectation) -> Answers:
    if expect.separate_code and entry.facts.mixed:
        yield f"{', '.join(entry.facts.mixed)} in a PT_LOAD with X", "code alone"


SMALL = 50  # objects: a library like ncurses' panels (27) may have nothing to check
# Of the 181 objects of libpython 134 guard their stack, 28 call checked functions (aarch64 and x86_64, glibc, -O2). One in so many
# must; of another large library, about which nothing is known, one object is enough.
_GUARDED, _FORTIFIED = 4, 50
_FORTIFIED_WORDS = "objects compiled with -D_FORTIFY_SOURCE"


def _too_few(entry: Entry, fact: str, share: int) -> bool:
    """Tell whether too few objects of an archive have a fact, ``guarded`` or ``fortified``."""
    count, having = sum(group.count for group in entry.members), sum(getattr(group, fact) for group in entry.members)
    libpython = posixpath.basename(entry.path).startswith("libpython")
    return having * share < count if libpython else count >= SMALL and not having


def _stack_protector(entry: Entry, expect: Expectation) -> Answers:
    # Not asked of linked files: zig's have a __stack_chk_fail of their own, which nothing shows once they are stripped.
    if expect.stack_protector and _too_few(entry, "guarded", _GUARDED):
        yield f"{_having(entry, 'guarded')} that call __stack_chk_fail", "objects compiled with -fstack-protector-strong"


def _fortify(entry: Entry, expect: Expectation) -> Answers:
    if expect.fortify and entry.kind == "archive" and _too_few(entry, "fortified", _FORTIFIED):
        yield f"{_having(entry, 'fortified')} that call a __*_chk function", _FORTIFIED_WORDS
    # The interpreter of profile=minimal has no archive beside it; libc has the checked functions, so that it imports them.
    if expect.fortify and entry.facts and entry.facts.dynamic and CORE in entry.facts.exports and not _checks(entry):
        yield "no import of a __*_chk function", _FORTIFIED_WORDS


MODULES = 10   # of so many extension modules one at least checks a size: of 73 of CPython do 35 (x86_64, glibc, -O3)


def _fortified_modules(entries: Sequence[Entry], expect: Expectation) -> WholeAnswers:
    modules = [entry for entry in entries if entry.module and entry.kind in LIBRARY]
    if expect.fortify and len(modules) >= MODULES and not any(_checks(entry) for entry in modules):
        yield posixpath.dirname(modules[0].path), f"{len(modules)} extension modules, of which none imports a __*_chk function", _FORTIFIED_WORDS


def _checks(entry: Entry) -> bool:
    return any(re.fullmatch(r"__\w+_chk", name) for name in entry.facts.imports)


def _having(entry: Entry, fact: str) -> str:
    return f"{sum(getattr(group, fact) for group in entry.members)} of {sum(group.count for group in entry.members)} objects"


def _properties(entry: Entry, expect: Expectation) -> Answers:
    # Those of another machine are the matter of elf-machine.
    if missing := [name for name in expect.properties if name not in entry.facts.properties and entry.facts.machine == expect.machine]:
        yield f"no {', '.join(missing)} in .note.gnu.property", f"{', '.join(expect.properties)}"


def _page(entry: Entry, expect: Expectation) -> Answers:
    if expect.page and entry.facts.page % expect.page:
        yield f"segments for pages of {entry.facts.page} bytes", f"{expect.page} bytes or a multiple"


_LINKER = "give the link step"
_LIBPYTHON = frozenset({"archive"})   # what root/ holds of the objects, in a form in which calls still have their names
RULES = (
    Rule("pie", "programs are position-independent", PROGRAMS, _pie,
         "only then can the kernel load the program at a random address (gABI 5, Base Address)",
         "compile with -fPIE and link with -pie or -static-pie, or take hardening=no", WEAK),
    Rule("exec-stack", "no executable stack", LINKED, _stack,
         "the kernel makes the stack executable without a PT_GNU_STACK or with PF_X in it (LSB, PT_GNU_STACK)",
         f"{_LINKER} -Wl,-z,noexecstack and each assembler source a .note.GNU-stack section", WEAK),
    Rule("textrel", "no relocation of code", LINKED, _text_relocations,
         "the loader would have to make code writable (gABI 5, DT_TEXTREL)", "compile every object with -fPIC or -fPIE", WEAK),
    Rule("relro", "relocated data becomes read-only", LINKED, _relro,
         "the loader protects PT_GNU_RELRO after relocation (LSB, PT_GNU_RELRO)", f"{_LINKER} -Wl,-z,relro", WEAK),
    Rule("bind-now", "symbols are bound at start", LINKED, _bind_now,
         "only then is the whole GOT under RELRO (gABI 5, DF_BIND_NOW)", f"{_LINKER} -Wl,-z,now", WEAK),
    Rule("writable-code", "no segment with W and X", LINKED, _writable_code,
         "code that can be written can be replaced (gABI 5, Segment Permissions)", "drop -N or --omagic from the link", WEAK),
    Rule("separate-code", "data is never mapped executable", LINKED, _separate_code,
         "constants that happen to be instructions could be jumped to (gABI 5, Segment Permissions)",
         f"{_LINKER} -Wl,-z,separate-code", WEAK),
    Rule("stack-protector", "functions guard their stack", _LIBPYTHON, _stack_protector,
         "a buffer that overflows would overwrite the return address unnoticed",
         "compile with -fstack-protector-strong, or state why not in flags.unhardened of the variant", WEAK),
    Rule("fortify", "calls into libc check sizes", _LIBPYTHON | LINKED, _fortify,
         "memcpy and its kind know how large the destination is and end the program (feature_test_macros(7))",
         "compile with -D_FORTIFY_SOURCE=3 and an -O above 0, or state why not in flags.unhardened of the variant", WEAK, _fortified_modules),
    Rule("properties", "branch protection is noted", LINKED, _properties,
         "the loader turns BTI or IBT on only for files that carry the note (.note.gnu.property)",
         "compile and assemble every object with the variant's flags.hardening", WEAK),
    Rule("page-size", "segments fit the largest pages", LINKED, _page,
         "a kernel with larger pages than p_align refuses the file (gABI 5, p_align)",
         f"{_LINKER} -Wl,-z,max-page-size of elf.page", FATAL),
)

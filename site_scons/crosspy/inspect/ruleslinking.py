"""Rules: will the device's loader find all that a file asks for?

Sources: gABI chapter 5 (Dynamic Linking), LSB (Symbol Versioning), PEP 384 for libpython3.so.
"""
from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase

from ..elf.elf import ElfFacts
from .expectation import Expectation
from .findings import CORE, FATAL, LIBRARY, LINKED, PROGRAMS, WEAK, Answers, Entry, Rule, WholeAnswers

_MARKERS = {"GLIBC_ABI_DT_RELR": (2, 36)}   # versions without symbols that stand for a feature of glibc's loader


def _interpreter(entry: Entry, expect: Expectation) -> Answers:
    library = entry.kind in LIBRARY or re.search(r"\.so(\.|$)", posixpath.basename(entry.path))
    wanted = "" if library else expect.interpreter
    # Of others' files, static programs have no loader, and a library may be a program, too, as glibc's libc.so.6.
    either = expect.foreign and (library or entry.kind == "static-program")
    if entry.facts.interpreter not in {wanted, *(("", expect.interpreter) if either else ())}:
        yield entry.facts.interpreter or "none", wanted or "none"


def _needed(entry: Entry, expect: Expectation) -> Answers:
    if expect.foreign and expect.rootfs:
        return   # rootfs-needed looks for the library itself
    allowed = (*expect.needed, *expect.module_needed.get(entry.module, ()))
    asked = {*entry.facts.needed, *(one.partition(" ")[2] for one in entry.facts.filters)}
    if extra := [name for name in sorted(asked.difference(allowed)) if not any(fnmatchcase(name, one) for one in allowed)]:
        yield ", ".join(extra), f"only {', '.join(allowed)}" if allowed else "no library at all"


def _stable_abi(entry: Entry, expect: Expectation) -> Answers:
    wanted = [name for name in expect.needed if re.fullmatch(r"libpython3\.\d+t?\.so\.1\.0", name)]
    if posixpath.basename(entry.path) == "libpython3.so" and not set(wanted) & set(entry.facts.needed):
        yield ", ".join(entry.facts.needed) or "no DT_NEEDED", " or ".join(wanted) or "no libpython3.so in this build"


def _version_number(name: str) -> tuple[int, ...] | None:
    parts = name.removeprefix("GLIBC_").split(".")
    plain = all(re.fullmatch("[0-9]{1,8}", part) for part in parts)
    return tuple(map(int, parts)) if plain else _MARKERS.get(name)


def _glibc_floor(entry: Entry, expect: Expectation) -> Answers:
    floor = tuple(map(int, expect.glibc_floor.split("."))) if expect.glibc_floor else ()
    wanted = f"at most GLIBC_{expect.glibc_floor}" if floor else "no version of glibc"
    for version in entry.facts.versions:
        number = _version_number(version.name)
        own = expect.foreign and version.name == "GLIBC_PRIVATE"   # glibc's libraries among each other
        if version.name.startswith("GLIBC_") and not own and (number is None or number > floor):
            yield f"{version.name} for {', '.join(version.symbols) or version.library}", wanted
    # A static program relocates itself.
    if entry.facts.relr and entry.kind != "static-program" and floor and floor < _MARKERS["GLIBC_ABI_DT_RELR"]:
        yield "relative relocations in DT_RELR, which glibc reads since 2.36", wanted


def _search_path(entry: Entry, expect: Expectation) -> Answers:
    if entry.facts.search_paths:
        yield ", ".join(entry.facts.search_paths), "neither DT_RPATH nor DT_RUNPATH"


def _undefined(entries: Sequence[Entry], expect: Expectation) -> WholeAnswers:
    """A symbol with a version was found in a library when the file was linked; one without must come from root/ itself, or from a library of
    the sysroot that the build was told to use.

    It is looked up in the interpreter and libpython, in which every extension is loaded, and in what the file itself needs, directly or
    not: that another extension would have loaded the library, too, depends on the order of imports.

    A libc without versions (musl) that is not in root/ may have it, as may any library that is not in a tree of others: then only
    rootfs= can tell, with rules of its own. There, a plug-in has its symbols from the program that loads it, whichever that is, and
    an extension without an interpreter beside it has those of the device's.
    """
    linked = [entry for entry in entries if entry.kind in LINKED and entry.facts.dynamic]
    names = {name: entry.facts for entry in linked for name in (posixpath.basename(entry.path), entry.facts.soname)}
    core = {name for entry in linked if CORE in entry.facts.exports for name in entry.facts.exports}
    device = ("Py", "_Py") if expect.foreign and not core else ()
    if expect.foreign:
        linked = [entry for entry in linked if not expect.rootfs and (entry.kind in PROGRAMS or entry.facts.inits)]
    for entry in linked:
        unknown = (expect.foreign or not expect.glibc_floor) and set(entry.facts.needed) - names.keys()
        wanted = () if unknown else set(entry.facts.undefined) - core
        if wanted and (missing := sorted(name for name in wanted - _loaded(entry.facts, names, expect.provided) if not name.startswith(device))):
            yield entry.path, ", ".join(missing), "only symbols of libpython, the interpreter or a library that it needs"


def _loaded(facts: ElfFacts, there: Mapping[str, ElfFacts], provided: Mapping[str, Iterable[str]]) -> set[str]:
    """Return what the libraries export that a file needs, directly or not. there: those of root/; provided: of the sysroot."""
    found, queue, seen = set[str](), [*facts.needed], set[str]()
    while queue:
        if (name := queue.pop()) in seen:
            continue
        seen.add(name)
        found.update(there[name].exports if name in there else provided.get(name, ()))
        queue += there[name].needed if name in there else ()
    return found


def _versions_loaded(entry: Entry, expect: Expectation) -> Answers:
    # glibc asserts that such a library is loaded (elf/dl-version.c, _dl_check_map_versions). The loader itself always is.
    loaded = {*entry.facts.needed, posixpath.basename(expect.interpreter)}
    if alone := sorted({version.library for version in entry.facts.versions} - loaded):
        yield f"symbol versions of {', '.join(alone)}", "a DT_NEEDED for each library whose versions are asked for"


# Of glibc since 2.34 only for programs that were linked before, and never of musl: what is linked with it runs on old devices alone.
_REMOVED = frozenset({"pthread_yield"})


def _removed(entry: Entry, expect: Expectation) -> Answers:
    if names := sorted(_REMOVED & entry.facts.imports):
        yield ", ".join(names), "functions that every libc has"


def _rootfs_needed(entry: Entry, expect: Expectation) -> Answers:
    for name in entry.missing:
        yield name, "a library of the root file system, for this machine, on its loader's path"


def _rootfs_symbols(entry: Entry, expect: Expectation) -> Answers:
    if entry.unresolved:
        yield ", ".join(entry.unresolved), "symbols that the root file system's libraries have"


RULES = (
    Rule("interpreter", "the device's loader", LINKED, _interpreter,
         "the kernel starts PT_INTERP first and fails with 'not found' without it (gABI 5)",
         "compare elf.interpreter and libc.linkage of the variant with the link command", FATAL),
    Rule("needed", "only allowed libraries", LINKED, _needed,
         "each DT_NEEDED must be on the device (gABI 5, Shared Object Dependencies)",
         "drop the library from the link, or add it to elf.needed of the variant if the device has it", FATAL),
    Rule("needed-version", "versioned libraries are needed", LINKED, _versions_loaded,
         "the loader looks for a symbol version in a library that it has not loaded (LSB, Symbol Versioning)",
         "link with the library itself; after patchelf --remove-needed, link again", FATAL),
    Rule("libpython-stub", "libpython3.so leads to libpython", LIBRARY, _stable_abi,
         "extensions for the stable ABI load libpython3.so to get the versioned library (PEP 384)",
         "link libpython3.so with libpython and -Wl,--no-as-needed", FATAL),
    Rule("glibc-floor", "no newer glibc than the floor", LINKED, _glibc_floor,
         "an older loader ends with \"version 'GLIBC_x' not found\" (LSB, Symbol Versioning)",
         "take toolchain=zig, which can lower the floor, or raise glibc= or the variant's floor", FATAL),
    Rule("removed-symbol", "no symbol that libcs have given up", LINKED, _removed,
         "a static or newer libc ends the link, and musl's loader the start, with 'undefined symbol' (glibc 2.34, NEWS)",
         "call sched_yield", WEAK),
    Rule("undefined", "every symbol has a provider", frozenset(), lambda entry, expect: (),
         "with BIND_NOW the loader ends with 'undefined symbol' at the import (gABI 5)",
         "link the object or library that defines it", FATAL, _undefined),
    Rule("rootfs-needed", "libraries are in rootfs=", LINKED, _rootfs_needed,
         "the loader of that device ends with 'cannot open shared object file'",
         "install the library there, or link without it", FATAL),
    Rule("rootfs-symbol", "symbols are in rootfs=", LINKED, _rootfs_symbols,
         "the loader of that device ends with 'undefined symbol' or 'version not found'",
         "build for the libc of that device (glibc=, or the variant's floor), or update its libraries", FATAL),
    Rule("rpath", "no search path inside", LINKED, _search_path,
         "a path of the build machine, or one that others can write, could bring the library (gABI 5)",
         "drop -rpath from the link command", WEAK),
)

"""Rules: is everything in root/ that belongs there, and nothing else?

Sources: PEP 489 for the name of the initialiser, PEP 3149 for the suffix, PEP 384 and Misc/stable_abi.toml for the stable
ABI, reproducible-builds.org for dates and paths.
"""
from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence
from fnmatch import fnmatchcase

from .expectation import Expectation
from .findings import CORE, ELF, FATAL, FILES, LIBRARY, LINKED, ODD, UNTIDY, Answers, Entry, Rule, WholeAnswers


def _unread(entry: Entry, expect: Expectation) -> Answers:
    if entry.problem and not (expect.foreign and entry.kind in ODD):
        yield entry.problem, "a file that can be read to its end"


def _empty(entries: Sequence[Entry], expect: Expectation) -> WholeAnswers:
    if not any(entry.kind in ELF or entry.kind in ("damaged", "archive") for entry in entries):
        others = ", ".join(sorted({entry.kind for entry in entries if entry.kind in ODD - {"file"}}))
        yield ".", "no program and no library" + (f", but {others}" if others else ""), "at least one"


def _debug(entry: Entry, expect: Expectation) -> Answers:
    wanted = "no section with debug information"
    if entry.kind in LINKED and entry.facts.debug:
        yield ", ".join(entry.facts.debug), wanted
    elif expect.debug_link or expect.foreign:
        return   # of what is to be linked, debug information is not split off: it is for those who link it
    elif entry.facts and entry.facts.debug:
        yield ", ".join(entry.facts.debug), wanted
    elif having := [group for group in entry.members if group.debug]:
        yield f"{sum(group.debug for group in having)} members of the kind of {having[0].first} with .debug_info", wanted


def _symbol_table(entry: Entry, expect: Expectation) -> Answers:
    if expect.stripped and entry.facts.symtab:
        yield "a .symtab", "a stripped file"


def _debug_link(entry: Entry, expect: Expectation) -> Answers:
    if expect.debug_link and not entry.facts.debug_link:
        yield "no .gnu_debuglink", "the name of its debug file"
    if entry.undebugged:
        yield f"{entry.facts.debug_link}, {entry.undebugged}", "the debug file of this very file"


def _build_id(entry: Entry, expect: Expectation) -> Answers:
    if expect.build_id and not entry.facts.build_id:
        yield "no NT_GNU_BUILD_ID note", "one"


def _leaks(entry: Entry, expect: Expectation) -> Answers:
    if entry.leaks:
        yield "; ".join(entry.leaks), "no path of the build machine"


# The first and the last second of a day: what programs that read dates compare with, or the day of a release; no moment of a build.
_BOUNDS = ("00:00:00", "23:59:59")


def _dates(entry: Entry, expect: Expectation) -> Answers:
    if expect.dates and (wrong := [date for date in entry.dates if date not in expect.dates and not any(bound in date for bound in _BOUNDS)]):
        yield ", ".join(wrong), f"only those of the release: {', '.join(expect.dates)}"


def _shebangs(entries: Sequence[Entry], expect: Expectation) -> WholeAnswers:
    # What env(1) finds depends on PATH: any folder of programs will do.
    programs = {posixpath.basename(entry.path) for entry in entries if re.search("(^|/)s?bin/[^/]+$", entry.path) and not entry.problem}
    for entry in entries:
        if not entry.shebang or not expect.shebangs or entry.shebang in expect.shebangs:
            continue
        interpreter, _, program = entry.shebang.partition(" ")
        if program and interpreter in expect.shebangs:
            wrong = "" if program in programs else "which no folder bin of root/ has"
        else:
            wrong = entry.unfit and f"which {entry.unfit}"
        if wrong:
            yield entry.path, f"#!{entry.shebang}, {wrong}", f"a program of root/, or {', '.join(expect.shebangs)}"


def _link(entry: Entry, expect: Expectation) -> Answers:
    if entry.problem and not expect.foreign:   # /etc/mtab leads into /proc, and a tree may be a part of the device's
        yield entry.problem, "a file or folder inside root/"


def _size(entries: Sequence[Entry], expect: Expectation) -> WholeAnswers:
    total = sum(entry.size for entry in entries)
    if expect.size_limit and total > expect.size_limit:
        largest = sorted(entries, key=lambda entry: -entry.size)[:3]
        names = ", ".join(f"{entry.path} ({entry.size})" for entry in largest)
        yield ".", f"{total} bytes, the largest are {names}", f"at most {expect.size_limit}"


def _init(entry: Entry, expect: Expectation) -> Answers:
    if f"PyInit_{entry.module}" not in entry.facts.inits:
        yield ", ".join(entry.facts.inits) or "no exported PyInit function", f"PyInit_{entry.module}"


# What crti.o has, and what the default scripts of GNU ld define (`ld --verbose`), the last three for MIPS: older ones export it.
_LINKER = ("_init", "_fini", "_end", "_edata", "_etext", "__etext", "__bss_start", "__data_start", "_gp", "_ftext", "_fdata", "_fbss",
           "__bss_start__", "__bss_end__", "_bss_end__", "__end__", "__start_*", "__stop_*")
# Upstream's tests of the import system look up more initialisers in one file, those of ctypes call what it exports.
_TESTED = {**dict.fromkeys(("_testcapi", "_testimportmultiple", "_testmultiphase", "_testsinglephase"), ("PyInit*",)), "_ctypes_test": ("*",)}


def _only_init(entry: Entry, expect: Expectation) -> Answers:
    own = f"PyInit_{entry.module}"
    # Where its own is missing, another one is init-function's finding.
    allowed = (own if own in entry.facts.exports else "PyInit*", *_LINKER, *_TESTED.get(entry.module, ()))
    if more := [name for name in entry.facts.exports if not any(fnmatchcase(name, one) for one in allowed)]:
        yield ", ".join(more), f"{own} alone"


def _suffix(entry: Entry, expect: Expectation) -> Answers:
    name = posixpath.basename(entry.path)
    if expect.ext_suffix and name != entry.module + expect.ext_suffix:
        yield name, entry.module + expect.ext_suffix


def _in_plan(entry: Entry, expect: Expectation) -> Answers:
    if not expect.ext_suffix:
        return   # no plan is known: the files were built elsewhere
    if entry.module not in expect.extensions:
        yield f"module {entry.module}", "only the modules of the plan"
    elif posixpath.dirname(entry.path) != posixpath.dirname(expect.extensions[entry.module]):
        yield posixpath.dirname(entry.path), posixpath.dirname(expect.extensions[entry.module])


def _missing(entries: Sequence[Entry], expect: Expectation) -> WholeAnswers:
    there = {entry.module for entry in entries}
    for name, path in expect.extensions.items():
        if name not in there:
            yield path, "no such file", f"module {name}, which the plan builds"
    for entry in entries:
        if expect.ext_suffix and _stray(entry, expect):
            yield entry.path, "an extension module outside of lib-dynload", "only the modules of the plan"


def _stray(entry: Entry, expect: Expectation) -> bool:
    """Tell whether a file is an extension module by its name or by what it exports, but not by its place."""
    if entry.module or entry.kind not in LIBRARY or CORE in entry.facts.exports:
        return False
    return bool(entry.facts.inits) or bool(expect.ext_suffix and entry.path.endswith(expect.ext_suffix))


def _core_exports(entry: Entry, expect: Expectation) -> Answers:
    if expect.exports and not entry.module and not _stray(entry, expect):
        more = [name for name in entry.facts.exports if not any(fnmatchcase(name, one) for one in expect.exports)]
        if more:
            yield ", ".join(more), f"only {', '.join(expect.exports)}"


def _stable_abi(entries: Sequence[Entry], expect: Expectation) -> WholeAnswers:
    exported = {name for entry in entries if entry.kind in LINKED and CORE in entry.facts.exports for name in entry.facts.exports}
    if expect.stable_abi and (missing := sorted(set(expect.stable_abi) - exported)):
        yield ".", f"no {', '.join(missing)}", f"all {len(expect.stable_abi)} symbols of Misc/stable_abi.toml"


_INSTALL = "name an interpreter below the prefix, or one that every device has"
RULES = (
    Rule("readable", "every file can be read", FILES, _unread,
         "what cannot be read cannot be inspected, and a device cannot load it",
         "delete it and build again; with file=, name a program, a library or a folder with some", FATAL, _empty),
    Rule("stable-abi", "the stable ABI is whole", frozenset(), lambda entry, expect: (),
         "an extension built for abi3 may use each of these symbols (PEP 384)",
         "look for what hides the symbol: its object, --export-dynamic, the version of Misc/stable_abi.toml", FATAL, _stable_abi),
    Rule("init-function", "extensions export their initialiser", LIBRARY, _init,
         "the import system looks up PyInit_<name> (PEP 489)",
         "compile the module with its export, not -fvisibility=hidden", FATAL, modules=True),
    Rule("extension-exports", "extensions export nothing else", LIBRARY, _only_init,
         "a second global symbol can take the place of one with the same name in another library (gABI 5, Shared Object "
         "Dependencies)", "compile the module with -fvisibility=hidden, or make the symbol static", modules=True),
    Rule("core-exports", "programs and libpython export Python's names alone", LINKED, _core_exports,
         "a bundled library's symbol would take the place of the device's own in every extension (gABI 5)",
         "compile the library with -fvisibility=hidden, or add the pattern to [exports] of cpython/modules.toml"),
    Rule("ext-suffix", "extensions end in EXT_SUFFIX", FILES, _suffix,
         "the target's interpreter looks for its own suffix first (PEP 3149)", "name it with the target's EXT_SUFFIX",
         modules=True),
    Rule("extension-set", "exactly the extensions of the plan", FILES, _in_plan,
         "a module that is left over or missing belongs to another build", "compare with plan.json", FATAL, _missing, modules=True),
    Rule("symlink", "links stay inside root/", frozenset({"link"}), _link,
         "the device has only what is in root/", "write the link relative, to a file that is installed", FATAL),
    Rule("shebang", "scripts name a program of root/", frozenset(), lambda entry, expect: (),
         "the kernel starts what stands behind #! (execve(2))", _INSTALL, FATAL, _shebangs),
    Rule("debug-sections", "no debug information", ELF | {"archive"}, _debug,
         "the device does not need it and it names the build machine", "strip the file, or use debuginfo=split", UNTIDY),
    Rule("symbol-table", "files are stripped", LINKED, _symbol_table,
         "the loader uses .dynsym alone; .symtab is bytes of flash for nothing", "link with -s, or use debuginfo=split", UNTIDY),
    Rule("debug-link", "debug files are named", LINKED, _debug_link,
         "a debugger finds the debug file by .gnu_debuglink and build-id (GDB manual)", "build again with debuginfo=split", UNTIDY),
    Rule("build-id", "a build-id is noted", LINKED, _build_id,
         "core dumps and debug files are matched by it", "give the link step -Wl,--build-id=sha1", UNTIDY),
    Rule("host-path", "no path of the build machine", FILES | {"link"}, _leaks,
         "it cannot exist on the device and makes two builds differ",
         "map it with -ffile-prefix-map, or write the prefix", UNTIDY),
    Rule("build-date", "no date of the build", ELF | {"archive"}, _dates,
         "__DATE__ and __TIME__ make two builds differ (reproducible-builds.org)",
         "define them from the release's date, or compile with -Werror=date-time and see where they are used", UNTIDY),
    Rule("size", "root/ is no larger than allowed", frozenset(), lambda entry, expect: (),
         "the variant states how much room the device has", "leave modules out, or raise elf.size_limit", UNTIDY, _size),
)

"""The words between inspection and policy: an entry of root/, a rule, a finding."""
from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from ..elf.archive import Group
from ..elf.elf import ElfFacts
from .expectation import Expectation

PROGRAMS, LIBRARY = frozenset({"program", "static-program"}), frozenset({"shared-object"})
LINKED = PROGRAMS | LIBRARY
ELF = LINKED | {"object"}
ODD = frozenset({"debug-file", "file", "linker-script", "special"})   # what a tree of others may hold, but no root/ of ours
FILES = ELF | ODD | {"archive", "damaged", "unread"}
CORE = "Py_Initialize"   # whoever exports it is the interpreter, or libpython
FATAL, WEAK, UNTIDY = "fatal", "weak", "untidy"   # it does not run; it is easier to attack; it works
SEVERITIES = (FATAL, WEAK, UNTIDY)   # worst first

@dataclass(frozen=True)
class Entry:
    """One entry of root/. path: relative, with ``/``.

    kind: one of ELF (see ElfFacts.kind), ``archive``, ``damaged`` (it should be ELF or ar but is not), ``debug-file`` (split off),
    ``linker-script``, ``file`` (any other), ``link``, ``special`` (a device, pipe or socket), ``unread``. problem: why it cannot be
    read as what it seems to be, or where the link goes wrong.
    leaks: places where a forbidden path stands. dates: what looks like __DATE__ and __TIME__ in an ELF file or archive.
    shebang: the interpreter that an executable script names, with the program that env(1) would look for. unfit: why root/ cannot
    run the script with it. undebugged: what is wrong with the debug file that .gnu_debuglink names. missing, unresolved: libraries
    and symbols that rootfs= lacks.
    """

    path: str
    kind: str
    facts: ElfFacts | None = None
    members: tuple[Group, ...] = ()
    problem: str = ""
    leaks: tuple[str, ...] = ()
    dates: tuple[str, ...] = ()
    shebang: str = ""
    unfit: str = ""
    undebugged: str = ""
    missing: tuple[str, ...] = ()
    unresolved: tuple[str, ...] = ()
    sha256: str = ""
    size: int = 0

    @property
    def module(self) -> str:
        """The name of the extension module that the file is by its place and name, or an empty string."""
        folder, name = posixpath.split(self.path)
        return name.partition(".")[0] if posixpath.basename(folder) == "lib-dynload" else ""


@dataclass(frozen=True)
class Finding:
    """One violated rule. found, expected: phrases; fix: an order; severity: one of SEVERITIES.

    waiver: the variant's reason why it may stay; then it does not count.
    """

    rule: str
    file: str
    found: str
    expected: str
    why: str
    fix: str
    severity: str = UNTIDY
    waiver: str = ""

    def __str__(self) -> str:
        return f"{self.file}: {self.rule}: found {self.found}, expected {self.expected}. Fix: {self.fix}"


Answers = Iterable[tuple[str, str]]   # (found, expected) of each violation
WholeAnswers = Iterable[tuple[str, str, str]]   # (file, found, expected)


@dataclass(frozen=True)
class Rule:
    """id: its name in messages and tests. kinds: the kinds of entry that ``check`` is asked about.

    whole: what is asked once about all entries together. modules: only files in lib-dynload are looked at.
    """

    id: str
    title: str
    kinds: frozenset[str]
    check: Callable[[Entry, Expectation], Answers]
    why: str
    fix: str
    severity: str = UNTIDY
    whole: Callable[[Sequence[Entry], Expectation], WholeAnswers] | None = None
    modules: bool = False

    def applies(self, entry: Entry) -> bool:
        """Tell whether ``check`` has to be asked about an entry."""
        return entry.kind in self.kinds and (not self.modules or bool(entry.module))

    def finding(self, file: str, found: str, expected: str) -> Finding:
        """Make a finding of this rule."""
        return Finding(self.id, file, found, expected, self.why, self.fix, self.severity)

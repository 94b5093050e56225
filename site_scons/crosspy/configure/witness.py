"""One question by itself: what is asked, what the compiler says, and which other question spoils its answer in company."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from . import probe
from .batch import Compiler
from .ledger import Ledger
from .linking import link_all
from .questions import Question


@dataclass(frozen=True)
class Statement:
    """A question asked alone. text: its C code.  command: the driver's words.  said: the compiler's, whole."""

    text: str
    command: str
    said: str
    accepted: bool


def state(exam: probe.Exam, macro: str) -> Statement | None:
    """Ask the question behind a macro alone. None when no compiler is asked for it. Raises UserError, as `probe.probe`."""
    question = next((q for q in exam.todo if q.macro == macro), None)
    if question is None:
        return None
    compiler = replace(probe.with_headers(exam)[1], missing=frozenset())  # a header that is not there is for the compiler to tell
    words = " ".join([*compiler.toolchain.cc, *compiler.flags()])
    if question.kind == "function":
        found = link_all(compiler, [question.name], [])[0]
        text = f"char {question.name}();\n/* referred to by main */"
        if f"stub:{question.name}" in exam.seen:
            return Statement(text, words, f"it links, but glibc marks it as a stub that always fails (__stub_{question.name})", False)
        return Statement(text, f"{words} -w {' '.join(compiler.link_words)}", _link_log(compiler, question.name), question.name in found)
    name = f"alone_{question.key}"
    text = replace(compiler, confdefs="").source([question])
    extra = [f"-I{exam.up.tree}/Include"] if '#include "' in question.prologue else []
    status, said, path = compiler.compile(name, compiler.source([question]), extra)
    if status == 0 and question.kind == "link":
        status, said, _ = compiler.link([], [path], [], f"{name}_linked")
    return Statement(text, " ".join([words, *extra]), said, status == 0)


def _link_log(compiler: Compiler, function: str) -> str:
    return compiler.link([function], [], [], "alone")[1]


def unequal(company: Ledger, alone: Ledger) -> list[str]:
    """Return the macros, and the variables of configure's, that two ledgers answer differently."""
    found = {name for name in company.answers.keys() | alone.answers.keys() if company.answers.get(name) != alone.answers.get(name)}
    return sorted(found) + sorted(name for name in company.variables.keys() | alone.variables.keys()
                                  if company.variables.get(name) != alone.variables.get(name))


def culprit(exam: probe.Exam, macro: str) -> str:
    """Return the key of the question that changes the answer of another one in the same compile, "" when none does so alone."""
    compiler = probe.with_headers(exam)[1]
    asked = [q for q in exam.todo if q.kind in ("compile", "link", "size")]
    group = next((some for _, some in probe.groups(asked, False) if any(q.macro == macro for q in some)), [])
    question = next((q for q in group if q.macro == macro), None)
    if question is None:
        return ""
    before = group[:group.index(question)]
    alone = _accepted(compiler, [], question)
    if _accepted(compiler, before, question) == alone:
        return ""
    while len(before) > 1:
        half = before[:len(before) // 2]
        before = half if _accepted(compiler, half, question) != alone else before[len(half):]
    return before[0].key if _accepted(compiler, before, question) != alone else ""


def _accepted(compiler: Compiler, company: Sequence[Question], question: Question) -> bool:
    return question in compiler.settle("culprit", [*company, question])[0]

"""Answers every macro of pyconfig.h.in for a toolchain in a handful of compiler runs, without running target code.

One preprocessor run finds headers, ``__stub_`` macros and what the compiler predefines; a few compiles answer members,
types, declarations and test programs; one object holds all sizes; one link names every function that is missing.
"""
from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from ..errors import UserError
from ..toolchains import fit
from ..toolchains.toolchain import Toolchain
from ..variants.variant import Variant
from . import derive, readback
from .autoconf import strip_comments
from .batch import Compiler, includes
from .ledger import Answer, Ledger
from .linking import link_all, link_each
from .questions import DEFAULT_HEADERS, Blocks, Question, read
from .tables import Tables, asked, drift, load, macros_of, stated

# What programs of upstream's that include CPython's own headers expect of confdefs.h, by what compilers predefine.
PREDEFINED = "#define HAVE_SSIZE_T 1\n" + "".join(
    f"#define SIZEOF_{name} {value}\n" for name, value in {
        "SHORT": "__SIZEOF_SHORT__", "INT": "__SIZEOF_INT__", "LONG": "__SIZEOF_LONG__", "LONG_LONG": "__SIZEOF_LONG_LONG__",
        "SIZE_T": "__SIZEOF_SIZE_T__", "VOID_P": "__SIZEOF_POINTER__", "UINTPTR_T": "__SIZEOF_POINTER__"}.items())


@dataclass(frozen=True)
class Upstream:
    """What a release asks. text: configure.ac without comments. template: pyconfig.h.in. tree: its folder."""

    tree: Path
    text: str
    template: str
    blocks: Blocks


def upstream(tree: Path) -> Upstream:
    """Read a release's configure.ac and pyconfig.h.in."""
    try:
        text = strip_comments((tree / "configure.ac").read_text("utf-8"))
        template = (tree / "pyconfig.h.in").read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(str(tree), f"this is not a CPython source tree ({error})", "name an unpacked release") from None
    return Upstream(tree, text, template, Blocks(text))


def facts_of(variant: Variant) -> dict:
    """The facts that `probe` wants, from a variant."""
    return {**fit.stated(variant), "static": variant.static, "triple": variant.name, "multiarch": variant.python.multiarch,
            "libc_package": variant.run.sysroot_package}


def check_compiler(toolchain: Toolchain, facts: Mapping, seen: Mapping[str, str]) -> None:
    """Compare what a compiler predefines with the variant. Raises UserError naming compiler, found and expected.

    seen: as `preprocess` returns it, with ``elf`` as an object's machine.
    """
    wrong = fit.contradictions(facts, {name.removeprefix("macro:"): value for name, value in seen.items() if name.startswith("macro:")})
    if seen.get("elf", facts["elf"]) != facts["elf"]:
        wrong.append(f"elf {seen['elf']} where the variant says {facts['elf']}")
    if wrong:
        raise UserError(toolchain.cc[0], f"it is not a compiler for {facts.get('triple', toolchain.target)}: {'; '.join(wrong)}",
                        "choose the variant's own toolchain, or correct the variant")


def preprocess(compiler: Compiler, facts: Mapping, headers: Iterable[str], functions: Iterable[str]) -> dict[str, str]:
    """Ask the preprocessor: ``header:NAME``, ``stub:NAME``, and ``macro:NAME`` with its value."""
    lines = ["#if __has_include(<features.h>)\n#include <features.h>\n#endif\n#if __has_include(<limits.h>)\n#include <limits.h>\n#endif"]
    lines += [f'#if __has_include(<{name}>)\nPROBE "header:{name}"\n#endif' for name in headers]
    lines += [f'#if defined __stub_{name} || defined __stub___{name}\nPROBE "stub:{name}"\n#endif' for name in functions]
    macros = ("__clang__", *fit.MACROS, *facts.get("predefined", ()), *facts.get("undefined", ()))
    lines += [f'#ifdef {name}\nPROBE "macro:{name}" {name}\n#endif' for name in macros]
    (compiler.scratch / "headers.c").write_text("\n".join(lines) + "\n", "utf-8")
    status, said = compiler.run([*compiler.cflags, "-E", "-P", "headers.c", "-o", "headers.i"], "preprocessor")
    output = compiler.scratch / "headers.i"
    if status or not output.is_file():
        raise compiler.failure("preprocessor", said or f"it wrote no {output.name}")
    text = output.read_text("utf-8", "replace")
    seen = {name: value.strip() for name, value in re.findall(r'^PROBE "([^"]+)"(.*)$', text, re.M)}
    if "header:stdio.h" not in seen:
        package = re.sub(r"^libc6-(\w+)-cross$", r"libc6-dev-\1-cross", facts.get("libc_package") or "libc6-dev")
        raise UserError(compiler.toolchain.cc[0], "the target's libc headers are missing (no <stdio.h>)",
                        f"install them (Debian: apt-get install {package}), or use toolchain=zig, which brings its own")
    return seen


def groups(questions: Sequence[Question], single: bool) -> list[tuple[str, list[Question]]]:
    """Distribute questions over translation units.

    A program with definitions beside main, and inline assembler, which only the assembler judges and which it does not
    name, stand alone. single: every question does.
    """
    shared: dict[str, list[Question]] = {"compile": [], "link": [], "size": [], "header": []}
    alone = []
    for question in questions:
        code = re.sub(r"^\s*#.*$|/\*.*?\*/|//.*$", "", question.prologue, flags=re.M).strip()
        if single or "__asm__" in question.body or (code and not re.match(r"int\s+main\b", code)) or '#include "' in question.prologue:
            alone.append((f"{question.kind}_{question.key}", [question]))
        else:
            shared[question.kind].append(question)
    return [(kind, asked) for kind, asked in shared.items() if asked] + alone


def compile_all(compiler: Compiler, questions: Sequence[Question], tree: Path, single: bool) -> tuple[list[Question], list]:
    """Compile questions, two units at once. Returns those accepted, and (questions, object) of those that are to be linked."""
    def settle(group):
        name, asked_here = group
        extra = [f"-I{tree}/Include"] if any('#include "' in q.prologue for q in asked_here) else []
        return compiler.settle(name, asked_here, extra)

    accepted, objects = [], []
    with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
        for kept, path in pool.map(settle, groups(questions, single)):
            accepted += kept
            if path and kept:
                objects.append((kept, path))
    return accepted, objects


def unclassified(up: Upstream, tables: Tables, questions: Iterable[Question], given: Mapping) -> None:
    """The gate: every macro of pyconfig.h.in is asked or stated. Raises UserError that lists the others."""
    answered = {question.macro for question in questions} | given.keys() | derive.MACROS
    missing = [name for name in macros_of(up.template) if name not in answered]
    if missing:
        raise UserError(str(up.tree / "pyconfig.h.in"), f"nothing answers {', '.join(missing)}", f"classify it in {tables.where}")


@dataclass(frozen=True)
class Exam:
    """Everything that is known before the questions are asked.

    given: answers that need no compiler.  seen: as `preprocess` returns it.  todo: the questions, in configure.ac's order.
    """

    up: Upstream
    table: Tables
    compiler: Compiler
    facts: Mapping
    options: Mapping
    given: Mapping[str, Answer]
    seen: Mapping[str, str]
    todo: tuple[Question, ...]


def examine(tree: Path, tables: Path, toolchain: Toolchain, cflags: tuple[str, ...], ldflags: tuple[str, ...],
            options: Mapping, facts: Mapping, scratch: Path) -> Exam:
    """Read a release's questions and see that the compiler is the variant's. Arguments and errors: as of `probe`."""
    up, table = upstream(tree.resolve()), load(tables)
    drift(table, up.blocks, macros_of(up.template))
    questions = {q.macro or q.variable: q for q in [*read(up.text), *asked(table, up.blocks, macros_of(up.template))]}
    headers = {name for q in questions.values() for name in ([q.name] if q.kind == "header" else []) + includes(q.prologue)}
    functions = [q.name for q in questions.values() if q.kind == "function"]
    first = Compiler(toolchain, cflags, ldflags, scratch.resolve())
    seen = preprocess(first, facts, sorted(headers | set(DEFAULT_HEADERS)), functions)
    check_compiler(toolchain, facts, seen)
    compiler = replace(first, clang="macro:__clang__" in seen, missing=frozenset(n for n in headers if f"header:{n}" not in seen))
    status, said, path = compiler.compile("layout", readback.LAYOUT)
    if status:
        raise compiler.failure("layout", said)
    machine, double = readback.layout(path)
    check_compiler(toolchain, facts, {**seen, "elf": machine})
    facts = derive.facts(facts, compiler.clang, double)
    given = stated(table, up.blocks, macros_of(up.template), facts, options)
    unclassified(up, table, questions.values(), given)
    return Exam(up, table, compiler, facts, options, given, seen, tuple(q for q in questions.values() if q.macro not in given))


def probe(tree: Path, tables: Path, toolchain: Toolchain, cflags: tuple[str, ...], ldflags: tuple[str, ...],
          options: Mapping, facts: Mapping, scratch: Path, single: bool = False) -> Ledger:
    """Answer all questions of a release for a toolchain.

    tree: the release. tables: cpython/probes.toml. cflags, ldflags: of the build, for the variant. options: the command
    line's, by name (``libpython``, ``tests``, ``deps``). facts: as `facts_of` gives them. scratch: an empty folder for
    files. single: one compiler run per question, for comparison. Raises UserError when the compiler does not fit the
    variant, when it fails for any other reason than a question, or when upstream has something unknown.
    """
    return answer(examine(tree, tables, toolchain, cflags, ldflags, options, facts, scratch), single)


def answer(exam: Exam, single: bool = False) -> Ledger:
    """Ask all questions of an exam. Raises UserError, as `probe`."""
    yes, values, where, known = _ask(exam, single)
    made = derive.ledger(exam.todo, yes, values, exam.given, exam.table, exam.facts, exam.options, where, known)
    return replace(made, answers={name: made.answers[name] for name in macros_of(exam.up.template)})


def with_headers(exam: Exam, single: bool = False) -> tuple[list[Question], Compiler]:
    """Ask for the headers, on which the other questions' prologues depend. Returns those there, and the compiler for the rest."""
    defines = "".join(f"#define {name} {a.value}\n" for name, a in exam.given.items() if a.value is not None)
    default = "".join(f"#define HAVE_{re.sub(r'[^A-Z0-9]', '_', n.upper())} 1\n" for n in DEFAULT_HEADERS if f"header:{n}" in exam.seen)
    present = [q for q in exam.todo if q.kind == "header" and f"header:{q.name}" in exam.seen]
    early = "".join(f"#ifndef {q.macro}\n#define {q.macro} 1\n#endif\n" for q in present)
    headers, _ = compile_all(replace(exam.compiler, confdefs=defines + default + early), present, exam.up.tree, single)
    confdefs = defines + PREDEFINED + default + "".join(f"#define {q.macro} 1\n" for q in headers if q.macro)
    return headers, replace(exam.compiler, confdefs=confdefs)


def _ask(exam: Exam, single: bool):
    """Return the keys of the yes, the sizes, the library of each symbol, and the libraries there are."""
    headers, compiler = with_headers(exam, single)
    others = [q for q in exam.todo if q.kind in ("compile", "link", "size")]
    accepted, objects = compile_all(compiler, others, exam.up.tree, single)
    for question in others:
        if '#include "' in question.prologue and question not in accepted:
            raise compiler.failure(f"link_{question.key}", (compiler.scratch / f"link_{question.key}.log").read_text("utf-8", "replace"))
    functions = [q.name for q in exam.todo if q.kind == "function" and f"stub:{q.name}" not in exam.seen]
    linkable = [(kept, path) for kept, path in objects if kept[0].kind == "link"]
    found, refused, where, known = (link_each if single else link_all)(compiler, list(dict.fromkeys(functions)), linkable)
    sizes = {key: value for kept, path in objects if kept[0].kind == "size" for key, value in readback.sizes(path).items()}
    yes = {q.key for q in headers} | {q.key for q in accepted} - refused
    return yes | {q.key for q in exam.todo if q.kind == "function" and q.name in found}, sizes, where, known

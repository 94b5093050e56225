"""cpython/probes.toml: what no list of upstream's states, and the gate that notices when upstream changed it."""
from __future__ import annotations

import fnmatch
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from .. import tomlfile
from ..errors import UserError
from . import questions as ask, tableform
from .ledger import Answer
from .questions import DEFAULT_INCLUDES, Blocks, Question


@dataclass(frozen=True)
class Tables:
    """The file, checked for its outer form. where: its path, for messages."""

    where: str
    data: Mapping

    def rows(self, kind: str) -> list[dict]:
        return self.data.get(kind, [])

    def table(self, kind: str) -> Mapping:
        return self.data.get(kind, {})

    def dependencies(self, used: Collection[str]) -> list[tuple[dict, bool]]:
        """Every row about a library, with whether it is used; those in use last: two libraries may serve one module."""
        return sorted(((row, row["name"] in used) for row in self.rows("dependency")), key=lambda pair: pair[1])

    def entries(self) -> Iterable[tuple[str, Mapping]]:
        """Every entry that restates a block of upstream's: its name and its row."""
        for kind in ("fact", "restated", "always", "never"):
            yield from ((row.get("macro") or row.get("name") or row["why"], row) for row in self.rows(kind) if "block" in row)
        for kind in ("expression", "option"):
            yield from ((name, row) for name, row in self.table(kind).items() if "block" in row)

    def macros(self) -> set[str]:
        """Every macro (or pattern of macros) that the file names."""
        named = {row["macro"] for row in self.rows("fact")}
        named |= {name for row in self.rows("always") for name in row["macros"]}
        named |= {name for kind in ("never", "dependency") for row in self.rows(kind) for name in row["macros"]}
        for kind in ("option", "program", "expression", "function", "header", "member", "type", "declaration", "case"):
            named |= {name for name in self.table(kind) if not name.startswith("ac_cv_")}
        return named


def load(path: Path) -> Tables:
    """Read probes.toml. Raises UserError that names the place of a mistake."""
    data = tomlfile.read(path)
    wrong = tableform.mistakes(data)
    if wrong:
        raise UserError(str(path), "; ".join(wrong), "write it as the other entries of its table; the file's first lines explain them")
    return Tables(str(path), data)


def drift(tables: Tables, blocks: Blocks, macros: Collection[str]) -> None:
    """Compare each restated block with the one in configure.ac. Raises UserError that names every changed or lost one.

    macros: those of the release's pyconfig.h.in; an entry about one that the release does not have is not looked at.
    """
    wrong = changed(tables, blocks, macros) | lost(tables, blocks, macros)
    if wrong:
        told = "; ".join(f"{name} ({what})" for name, what in wrong.items())
        raise UserError(tables.where, f"upstream changed what these entries restate: {told}",
                        "read the block in configure.ac, correct the entry and its sha256")


def changed(tables: Tables, blocks: Blocks, macros: Collection[str]) -> dict[str, str]:
    """Return the entries whose block in configure.ac is gone or has another sha256, each with what is wrong."""
    found = {}
    for name, row in tables.entries():
        if "macro" in row and name not in macros:
            continue
        try:
            digest = blocks.digest(row["block"])
        except UserError as error:
            found[name] = error.what
            continue
        if digest != row.get("sha256"):
            found[name] = f"block {row['block']!r} has now sha256 {digest}"
    return found


def lost(tables: Tables, blocks: Blocks, macros: Collection[str]) -> dict[str, str]:
    """Return the entries that read a place of configure.ac, a program or a case, which is not there in that form."""
    found = {}
    readers = [(name, blocks.program, (row if isinstance(row, str) else row["block"], name))
               for name, row in tables.table("program").items()]
    readers += [(name, blocks.case, (row["assigns"],)) for name, row in tables.table("case").items()]
    for name, reader, arguments in readers:
        if name.startswith("ac_cv_") or name in macros:
            try:
                reader(*arguments)
            except UserError as error:
                found[name] = error.what
    return found


def without(tables: Tables, names: Collection[str]) -> Tables:
    """Return the tables less some programs and cases."""
    kept = {kind: {name: row for name, row in tables.table(kind).items() if name not in names} for kind in ("program", "case")}
    return Tables(tables.where, {**tables.data, **kept})


def stale(tables: Tables, templates: Iterable[str]) -> list[str]:
    """Return the macros of probes.toml that none of these pyconfig.h.in has: entries to delete."""
    known = {name for text in templates for name in macros_of(text)}
    return sorted(name for name in tables.macros() if not fnmatch.filter(known, name))


def macros_of(template: str) -> list[str]:
    """Return the macros of a pyconfig.h.in, in its order, each once."""
    return list(dict.fromkeys(re.findall(r"^[ \t]*#[ \t]*undef[ \t]+(\w+)", template, re.M)))


def _holds(row: Mapping, facts: Mapping) -> bool:
    return all(str(facts.get(key)) in (value if isinstance(value, list) else [value]) for key, value in row.get("only", {}).items())


def stated(tables: Tables, blocks: Blocks, macros: Collection[str], facts: Mapping, options: Mapping) -> dict[str, Answer]:
    """Answer what needs no compiler: facts, options, cases, constants, and libraries that are not used.

    options: with ``deps``, the libraries in use, and ``sysroot``, the ``header`` of those found there, and where (``how``).  Raises UserError when an option has a value that no row knows.
    """
    def place(kind: str, row: Mapping) -> str:
        return f"cpython/probes.toml: {kind}" + (f"; configure.ac: {row['block']}" if "block" in row else "")

    found: dict[str, Answer] = {}
    told = options.get("sysroot", {})
    for row, on in tables.dependencies(options.get("deps", ())):
        values = dict(row.get("enabled", {})) if on else {}
        if on and "headers" in row:
            own = row["headers"]   # the first is that of a library from source
            values[own[told.get(row["name"], {}).get("header") or next(iter(own))]] = "1"
        how = f"deps: {row['name']} is {told.get(row['name'], {}).get('how', 'there') if on else 'none'}"
        found |= {name: Answer(values.get(name), "option", how, place("dependency", row))
                  for pattern in row["macros"] for name in fnmatch.filter(macros, pattern)}
    for row in tables.rows("never"):
        found |= {name: Answer(None, "fact", row["why"], place("never", row)) for name in row["macros"]}
    for row in tables.rows("always"):
        found |= {name: Answer(value, "fact", row["why"], place("always", row)) for name, value in row["macros"].items()}
    for row in tables.rows("fact"):
        if _holds(row, facts):
            found[row["macro"]] = Answer(row.get("value"), "fact", row["why"], place("fact", row))
        else:
            found.setdefault(row["macro"], Answer(None, "fact", f"only with {row['only']}", place("fact", row)))
    for name, row in tables.table("case").items():
        if name not in macros:
            continue
        subject = row["subject"].format_map(facts)
        value = next((v for pattern, v in blocks.case(row["assigns"]) if fnmatch.fnmatchcase(subject, pattern)), "")
        found[name] = Answer(row.get("values", {value: value}).get(value), "fact", f"configure.ac's case {row['assigns']} of {subject}",
                             place("case", row))
    for name, row in tables.table("option").items():
        chosen = str(options.get(row["option"], row["default"]))
        found[name] = Answer(row["values"].get(chosen), "option", f"{row['option']}={chosen}", place("option", row))
    return found


def asked(tables: Tables, blocks: Blocks, macros: Collection[str]) -> list[Question]:
    """Return the questions that the file states, of a release's macros: by upstream's programs, by names, or as C expressions."""
    found = []
    for name, row in tables.table("program").items():
        if not name.startswith("ac_cv_") and name not in macros:
            continue
        row = {"block": row} if isinstance(row, str) else row
        question = blocks.program(row["block"], "" if name.startswith("ac_cv_") else name)
        found.append(replace(question, defined=None, undefined=row["missing"]) if "missing" in row else question)
    for name, row in tables.table("expression").items():
        body = f"static int check[({row['true']}) ? 1 : -1]; (void)check;"
        found.append(Question("compile", row["true"], name, row.get("variable", ""), 0, DEFAULT_INCLUDES + row.get("include", ""), body))
    found += (ask.function(function, macro=name) for name, function in tables.table("function").items())
    found += (replace(ask.header(header), macro=name) for name, header in tables.table("header").items())
    for name, row in tables.table("member").items():
        found.append(replace(ask.member(row["member"], 0, row["include"]), macro=name))
    for name, row in tables.table("declaration").items():
        found.append(ask.declaration(row["name"], 0, row["include"], name))
    for name, row in tables.table("type").items():
        question = ask.type_(row.get("name", name), 0, row.get("include", DEFAULT_INCLUDES), name)
        found.append(replace(question, defined=None, undefined=row["missing"]) if "missing" in row else question)
    return found

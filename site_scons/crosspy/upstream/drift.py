"""The drift gate: whatever upstream's build description has must be read here, or be classified in cpython/upstream.toml.

Four kinds beside the macros of pyconfig.h (probe.py) and the restated blocks (tables.py): a ``check`` of configure.ac, a
``module`` of a Setup file or of a PY_STDLIB_MOD call, an ``objects`` variable and a ``rule`` of Makefile.pre.in.
"""
from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from .. import tomlfile
from ..configure import autoconf, derive, questions, tables
from ..configure.autoconf import Call
from ..errors import UserError
from . import upstream

KINDS = ("check", "module", "objects", "rule")
TABLE = "upstream.toml"
# Macros that ask the machine something; those that configure.ac defines for itself as PY_CHECK_... come on top.
_ASKING = re.compile(r"(?<!\w)((?:AC|AX|PKG|PY)_(?:CHECK|SEARCH|CACHE|EGREP|REPLACE|COMPUTE|PATH)_\w+|AC_\w+_IFELSE|AX_C_\w+"
                     r"|PY_EXTRACT_\w+)\(")
_BARE = re.compile(r"(?<!\w)AC_(?:HEADER|STRUCT|TYPE|FUNC|C|PROG|SYS|USE)_\w+")
_READ = ("AC_CHECK_HEADERS", "AC_CHECK_FUNCS", "AC_REPLACE_FUNCS", "AC_CHECK_DECLS", "AC_CHECK_MEMBERS", "AC_CHECK_TYPES",
         "AC_CHECK_SIZEOF", "AC_CHECK_ALIGNOF", "PY_CHECK_FUNC")
_BY_TWO = ("AC_CHECK_LIB", "PY_CHECK_LIB", "AC_SEARCH_LIBS", "AX_CHECK_DEFINE", "PY_CHECK_CC_WARNING")
_MODULE_CALLS = ("PY_STDLIB_MOD", "PY_STDLIB_MOD_SIMPLE", "PY_STDLIB_MOD_SET_NA")


def load(path: Path) -> dict[str, dict[str, str]]:
    """Read upstream.toml: kind -> name -> reason. Raises UserError that names the place of a mistake."""
    data = tomlfile.read(path)
    found: dict[str, dict[str, str]] = {kind: {} for kind in KINDS}
    for kind, rows in data.items():
        for row in rows if isinstance(rows, list) else [rows]:
            if kind not in KINDS or not isinstance(row, dict) or row.keys() != {"why", "names"} or not row["why"] \
                    or not isinstance(row["names"], list) or not all(isinstance(name, str) for name in row["names"]):
                raise UserError(str(path), f"{kind}: an entry has why and names, and is one of {', '.join(KINDS)}", "correct that entry")
            found[kind] |= dict.fromkeys(row["names"], row["why"])
    return found


def gate(tree: Path, folder: Path) -> None:
    """Raise UserError that names all that nothing reads or classifies. folder: cpython/ of this project."""
    left = unread(tree, folder)
    if any(left.values()):
        names = "; ".join(f"{kind}: {', '.join(found)}" for kind, found in left.items() if found)
        raise UserError(str(tree), f"upstream has what nothing here reads or classifies: {names}",
                        f"read it, or classify it with a reason in {folder / TABLE}")


def unread(tree: Path, folder: Path) -> dict[str, list[str]]:
    """Return, by kind, what a release has and neither our readers nor our tables know."""
    known = load(folder / TABLE)
    found = survey(tree, tables.load(folder / "probes.toml"))
    return {kind: [name for name in names if name not in known[kind]] for kind, names in found.items()}


def report(tree: Path, folder: Path) -> dict[str, list[str]]:
    """Return all that our readers and tables miss in a release: ``block``, ``program`` and ``macro`` beside the KINDS."""
    table = tables.load(folder / "probes.toml")
    text, template = autoconf.strip_comments(upstream.read(tree, "configure.ac")), upstream.read(tree, "pyconfig.h.in")
    blocks, macros = questions.Blocks(text), tables.macros_of(template)
    lost = tables.lost(table, blocks, macros)
    sound = tables.without(table, lost)
    given = tables.stated(sound, blocks, macros, defaultdict(str), {})
    asked = {question.macro for question in [*questions.read(text), *tables.asked(sound, blocks, macros)]}
    return {"block": list(tables.changed(table, blocks, macros)), "program": list(lost),
            "macro": [name for name in macros if name not in asked | given.keys() | derive.MACROS | lost.keys()], **unread(tree, folder)}


def stale(trees: Iterable[Path], folder: Path) -> list[str]:
    """Return what upstream.toml classifies and none of these releases has, or our readers read: entries to delete."""
    known, needed = load(folder / TABLE), {kind: set() for kind in KINDS}
    for tree in trees:
        for kind, names in survey(tree, tables.load(folder / "probes.toml")).items():
            needed[kind] |= set(names)
    return sorted(f"{kind}: {name}" for kind, names in known.items() for name in names.keys() - needed[kind])


def survey(tree: Path, table: tables.Tables) -> dict[str, list[str]]:
    """Return, by kind, all that a release has beyond what is read."""
    text = autoconf.strip_comments(upstream.read(tree, "configure.ac"))
    makefile = upstream.Makefile(upstream.read(tree, "Makefile.pre.in"), {})
    return {"check": checks(text, table), "module": modules(tree, text), "objects": objects(makefile), "rule": rules(makefile)}


def label(call: Call, text: str) -> str:
    """Name a check: by its cache variable, by what it is about, or by the last message before it."""
    if call.name == "AC_CACHE_CHECK":
        return call.arg(1)
    if call.name.endswith("_IFELSE"):
        before = autoconf.calls(text[:call.start], "AC_MSG_CHECKING")
        return f"checking {' '.join(before[-1].arg(0).split())}" if before else call.name
    if call.name.startswith("AX_C_"):
        return call.name  # its arguments are actions
    first = " ".join(call.arg(0).replace("\\\n", " ").split())
    second = " ".join(call.arg(1).split()) if call.name in _BY_TWO else ""
    return f"{call.name}({', '.join(filter(None, (first, second)))})"


def checks(text: str, table: tables.Tables) -> list[str]:
    """Return the checks of configure.ac that no list gives and no entry of probes.toml reads or restates, each once."""
    names = {match[1] for match in _ASKING.finditer(text)}
    definitions = [(call.start, call.end) for call in autoconf.calls(text, "AC_DEFUN")]
    wrappers = set(questions.wrappers(text))
    covered = definitions + _stated(text, table)
    found = []
    for call in autoconf.calls(text, *names):
        span = (call.start, call.end)
        if (call.name in _READ or call.name in wrappers) and "$" not in call.arg(0):
            covered.append(span)
        elif not any(start <= call.start < end for start, end in covered):
            found.append(label(call, text))
            covered.append(span)
    found += [match[0] for match in _BARE.finditer(text) if not any(start <= match.start() < end for start, end in covered)]
    return list(dict.fromkeys(found))


def _stated(text: str, table: tables.Tables) -> list[tuple[int, int]]:
    """The places of configure.ac that entries of probes.toml name: programs that are compiled, and restated blocks."""
    blocks = questions.Blocks(text)
    anchors = [row["block"] for _, row in table.entries()]
    anchors += [row if isinstance(row, str) else row["block"] for row in table.table("program").values()]
    places = []
    for anchor in anchors:
        try:
            source = blocks.source(anchor)
        except UserError:
            continue  # the gate of restated blocks names it where it counts
        start = text.find(source)
        places.append((start, start + len(source)))
    return places


def modules(tree: Path, text: str) -> list[str]:
    """Return modules that a Setup file has without a call of configure.ac's or the reverse, and lines that cannot be read."""
    found, listed = [], set()
    for name in ("Modules/Setup.bootstrap.in", "Modules/Setup.stdlib.in"):
        source = upstream.read(tree, name)
        lines = upstream.setup_lines(source, "shared")
        listed |= {line.name for line in lines}
        found += [f"{name}: {line}" for line in _unread_lines(source, {line.name for line in lines})]
        found += [line.name for line in lines if line.condition and f"MODULE_{line.name.upper()}" != line.condition]
    called = {item.strip() for call in autoconf.calls(text, *_MODULE_CALLS)
              for item in (call.args if call.name.endswith("SET_NA") else call.args[:1]) if re.fullmatch(r"\s*\w+\s*", item)}
    stdlib = {line.name for line in upstream.setup_lines(upstream.read(tree, "Modules/Setup.stdlib.in"), "shared")}
    return list(dict.fromkeys([*found, *sorted(stdlib - called), *sorted(called - listed)]))


def _unread_lines(source: str, names: set[str]) -> list[str]:
    left = []
    for line in source.replace("\\\n", " ").splitlines():
        line = line.split("#")[0].strip()
        head = re.sub(r"^@\w+@", "", line).split(maxsplit=1)
        if line and not re.fullmatch(r"\*[\w@]+\*", line) and "=" not in line.split()[0] and head[0] not in names:
            left.append(line[:60])
    return left


def objects(makefile: upstream.Makefile) -> list[str]:
    """Return the object variables from which neither the core's lists nor a bundled library's are made."""
    reached, fresh = set(), {"LIBRARY_OBJS", "LIBRARY_OBJS_OMIT_FROZEN", *makefile.archive_lists()}
    while fresh:
        reached |= fresh
        fresh = {name for known in fresh for name in re.findall(r"\$[({](\w+)[)}]", makefile.variables.get(known, ""))} - reached
    return [name for name in makefile.variables if re.search(r"OBJS(_|$)", name) and name not in reached]


def rules(makefile: upstream.Makefile) -> list[str]:
    """Return the targets of rules that make an object with a recipe that is not read."""
    read = makefile.rules()
    found = []
    for targets, recipe in re.findall(r"^([^\s#:=][^:=\n]*\.o)[ \t]*:(?!=)[^\n]*\n((?:\t[^\n]*\n)+)", makefile.text, re.M):
        found += [name for name in targets.split() if name not in read and recipe.strip()]
    return list(dict.fromkeys(found))

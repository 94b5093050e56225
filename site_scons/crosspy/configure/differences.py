"""What configure and this build say differently, and cpython/parity.toml, which holds a reason for each difference.

A reason belongs to one name with one pair of values; patterns are refused. What nothing explains is a defect.
"""
from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from .. import tomlfile
from ..errors import UserError
from ..upstream import sysconfigdata

KINDS = ("pyconfig", "module", "flag", "sysconfigdata")
_MACRO = re.compile(r"^[ \t]*#[ \t]*define[ \t]+(\w+)(?:[ \t]+(.*))?$|^/\*[ \t]*#[ \t]*undef[ \t]+(\w+)[ \t]*\*/$", re.M)
_ROW = {"kind": str, "name": str, "ours": str, "configure": str, "only": dict, "why": str}
_WITH_VALUE = ("-I", "-D", "-isystem", "-include")


@dataclass(frozen=True)
class Difference:
    """One of KINDS, a name and both values; an empty one: undefined, absent. why: the reason, empty without one."""

    kind: str
    name: str
    ours: str
    configure: str
    why: str = ""


@dataclass(frozen=True)
class Table:
    """cpython/parity.toml. rows: the differences.  read: keys that programs read.  classes: key -> its class.

    settings: variables of configure's environment.  without: cache variables that are ``no``, by library that a build has not.
    words: those of one compiler that configure's texts are compared without.
    """

    where: str
    rows: tuple[Mapping, ...]
    read: frozenset[str]
    classes: Mapping[str, str]
    settings: Mapping[str, str]
    without: Mapping[str, list[str]]
    words: tuple[Mapping, ...] = ()


def load(path: Path) -> Table:
    """Read parity.toml. Raises UserError that names the place of a mistake, a pattern or a missing reason among them."""
    data = tomlfile.read(path)
    classes: dict[str, str] = {}
    with tomlfile.formed(path):
        wrong = [f"unknown table {name}" for name in data.keys() - {"configure", "difference", "read", "class", "word"}]
        for number, row in enumerate(data.get("difference", []), 1):
            wrong += [f"difference {number} ({row.get('name', '?')}): {text}" for text in _mistakes(row)]
        wrong += [f"word {row.get('name', '?')}: it has name, only and why" for row in data.get("word", [])
                  if row.keys() != {"name", "only", "why"} or not all(row.values())]
        for row in data.get("class", []):
            wrong += [f"class {row['name']}: no reason"] if not row.get("why") else []
            twice = [key for key in row["keys"] if key in classes or key in data["read"]["keys"]]
            wrong += [f"class {row['name']}: {key} {'is a pattern' if key not in twice else 'has two classes'}"
                      for key in row["keys"] if key in twice or not re.fullmatch(r"\w+", key)]
            classes |= dict.fromkeys(row["keys"], row["name"])
        made = Table(str(path), tuple(data.get("difference", [])), frozenset(data["read"]["keys"]), classes,
                     dict(data["configure"]["always"]), dict(data["configure"]["without"]), tuple(data.get("word", [])))
    if wrong:
        raise UserError(str(path), "; ".join(wrong), "give every difference one name, both values and a reason")
    return made


def _mistakes(row: Mapping) -> list[str]:
    found = [f"unknown key {key}" for key in row.keys() - _ROW.keys()]
    found += [f"no {key}" for key in ("kind", "name", "why") if not row.get(key)]
    found += [f"no {key}" for key in ("ours", "configure") if key not in row]
    found += [f"{key} is no {kind.__name__}" for key, kind in _ROW.items() if not isinstance(row.get(key, kind()), kind)]
    found += [f"kind is none of {', '.join(KINDS)}"] if row.get("kind") not in KINDS else []
    return found + (["its name is a pattern"] if re.search(r"[*?\[\]]", str(row.get("name"))) else [])


def macros(text: str) -> dict[str, str | None]:
    """Return the macros of a pyconfig.h: value, "" for an empty one, None for one that is left undefined."""
    return {match[1] or match[3]: (match[2] or "").strip() if match[1] else None for match in _MACRO.finditer(text)}


def pyconfig(ours: str, configure: str) -> list[Difference]:
    """Compare two pyconfig.h, macro by macro."""
    left, right = macros(ours), macros(configure)
    return [Difference("pyconfig", name, _shown(left.get(name)), _shown(right.get(name)))
            for name in sorted(left.keys() | right.keys()) if left.get(name) != right.get(name)]


def _shown(value: str | None) -> str:
    return "undefined" if value is None else value or "(empty)"


def kinds(variables: Mapping[str, object]) -> dict[str, str]:
    """Return what a Makefile makes of each module, from sysconfig's variables: builtin, shared, or the state of an absent one."""
    shared = str(variables.get("MODSHARED_NAMES", "")).split()
    found = dict.fromkeys(str(variables.get("MODBUILT_NAMES", "")).split(), "builtin") | dict.fromkeys(shared, "shared")
    states = {match[1]: str(value) for name, value in variables.items() if (match := re.fullmatch(r"MODULE_(\w+)_STATE", name))}
    built = {name.upper() for name in found}
    return found | {name: state for name, state in states.items() if name not in built and state != "yes"}


def modules(ours: Mapping[str, object], configure: Mapping[str, object]) -> list[Difference]:
    """Compare the extension modules that two Makefiles build; an absent one goes by its name in capitals, as configure has it."""
    left, right = kinds(ours), kinds(configure)
    return [Difference("module", name, left.get(name, "not there"), right.get(name, "not there"))
            for name in sorted(left.keys() | right.keys()) if left.get(name) != right.get(name)]


def words(flags: Iterable[str]) -> list[str]:
    """Return flags with each value at its option, and folders in one way: ``-I ./x`` -> ``-Ix``."""
    found, option = [], ""
    for word in flags:
        found += [] if not option and word in _WITH_VALUE else [option + word]
        option = word if not option and word in _WITH_VALUE else ""
    return [f"-I{os.path.normpath(word[2:])}" if word.startswith("-I") else word for word in found]


def flags(ours: Iterable[str], configure: Iterable[str]) -> list[Difference]:
    """Compare the words with which an object of the core is compiled; of repeated ones the last counts, so only sets do."""
    left, right = set(words(ours)), set(words(configure))
    return [Difference("flag", word, "yes" if word in left else "no", "yes" if word in right else "no") for word in sorted(left ^ right)]


def mapped(value: object, places: Iterable[tuple[str, str]]) -> object:
    """Return a value with this machine's folders and commands replaced by the neutral ones, in the order given."""
    if not isinstance(value, str):
        return value
    for old, new in places:
        value = value.replace(old, new)
    return " ".join(value.split())


def data(ours: Mapping[str, object], configure: Mapping[str, object], places: Iterable[tuple[str, str]], table: Table,
         header: str) -> tuple[list[Difference], dict[str, int]]:
    """Compare two `_sysconfigdata`. header: pyconfig.h, whose macros are in it, too, and are held against each other there.

    Returns the differences that no class covers, and how many keys each class has.
    """
    known = sysconfigdata.parse_config_h(header).keys()
    counts: dict[str, int] = {}
    found = []
    for name in sorted(ours.keys() | configure.keys()):
        left, right = mapped(ours.get(name, ""), places), mapped(configure.get(name, ""), places)
        named = table.classes.get(name, "")
        kind = "read" if name in table.read else "macro" if name in known else named or "equal"
        counts[kind] = counts.get(kind, 0) + 1
        if kind in ("read", "equal") and left != right:
            found.append(Difference("sysconfigdata", name, str(left), str(right)))
    return found, counts


def left_out(table: Table, facts: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return the words that configure's texts are compared without, as pairs for `mapped`."""
    return [(f" {row['name']}", "") for row in table.words if _fits(row, facts)]


def explain(found: Iterable[Difference], table: Table, facts: Mapping[str, str]) -> list[Difference]:
    """Give each difference the reason that stands for it. facts: what ``only`` of a row may ask (``cross``, ``libc``...)."""
    explained = []
    for one in found:
        rows = [row for row in table.rows if row["kind"] == one.kind and row["name"] == one.name and holds(row, one, facts)]
        explained.append(replace(one, why=rows[0]["why"]) if rows else one)
    return explained


def holds(row: Mapping, one: Difference, facts: Mapping[str, str]) -> bool:
    """Whether a row of the table is about this very difference on this target."""
    return row["ours"] == one.ours and row["configure"] == one.configure and _fits(row, facts)


def _fits(row: Mapping, facts: Mapping[str, str]) -> bool:
    return all(facts.get(key) == value for key, value in row.get("only", {}).items())

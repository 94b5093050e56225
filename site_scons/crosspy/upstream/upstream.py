"""What a CPython tree says about its own build: objects, their flags, modules, frozen modules.

Read from Makefile.pre.in and the Setup files. configure's substitutions (``@NAME@``) and make's variables are resolved
by name from values that the caller gives; one that is not given is an error, never an empty string.
"""
from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ..errors import UserError

MAX_TEXT, MAX_DEPTH = 2_000_000, 50   # characters of one file (configure.ac has 280,000); variables inside each other
_ASSIGNMENT = re.compile(r"^([A-Za-z_]\w*)[ \t]*[?:]?=[ \t]*(.*)$", re.M)
_REFERENCE = re.compile(r"\$\((\w+)\)|\$\{(\w+)\}|@(\w+)@|\$\$")
_OBJECT_RULE = re.compile(r"^(\S+\.o):[^\n]*\n((?:\t[^\n]*\n)+)", re.M)
_ARCHIVE_RULE = re.compile(r"^\$\((\w+)\):[ \t]*\$\((\w+)\)[ \t]*$", re.M)
_FREEZE_RULE = re.compile(r"^\t\$\((FREEZE_MODULE\w*)\) (\S+) \$\(srcdir\)/(\S+) (\S+)$", re.M)


@dataclass(frozen=True)
class Rule:
    """How one object of the core is compiled: the flag variable (``PY_CORE_CFLAGS``) and what comes on top, unexpanded."""

    flags: str
    extra: tuple[str, ...] = ()


@dataclass(frozen=True)
class Frozen:
    """A module that is frozen: its name, source and header in the tree; early ones are needed to start at all."""

    name: str
    source: str
    header: str
    early: bool


@dataclass(frozen=True)
class SetupLine:
    """A module of a Setup file. kind is ``static`` or ``shared``; sources are relative to Modules/."""

    name: str
    kind: str
    sources: tuple[str, ...]
    flags: tuple[str, ...]
    condition: str


class Makefile:
    """Makefile.pre.in: its variables and rules, each expanded on demand with the values given."""

    def __init__(self, text: str, values: Mapping[str, str], where: str = "Makefile.pre.in"):
        self.text = re.sub(r"\\\n[ \t]*", " ", text)
        self.where = where
        self.variables = {name: value.split("#")[0].strip() for name, value in _ASSIGNMENT.findall(self.text)}
        self.values = values
        self._expanded: dict[str, str] = {}

    def expand(self, text: str, depth: int = 0) -> str:
        """Resolve every reference in a text. Raises UserError for one that neither the file nor the values know.

        depth: how many variables it is inside of.
        """
        if depth > MAX_DEPTH:
            raise UserError(self.where, "a variable refers to itself", "use a supported release")
        left = MAX_TEXT

        def resolve(match: re.Match) -> str:
            nonlocal left
            value = self._value(match, depth)
            left -= len(value)
            if left < 0:
                raise UserError(self.where, f"variables make a text of more than {MAX_TEXT} characters", "use a supported release")
            return value
        return _REFERENCE.sub(resolve, text)

    def _value(self, match: re.Match, depth: int) -> str:
        if match.group() == "$$":
            return "$"
        name = next(filter(None, match.groups()))
        if name in self.values:
            value = self.values[name]
            return self.expand(value, depth + 1) if "$(" in value else value
        if not match.group().startswith("$") or name not in self.variables:
            raise UserError(self.where, f"{match.group()} has no known value",
                            "give it one in crosspy/toolchains/flags.py, with the line of configure.ac that sets it")
        if name not in self._expanded:   # once each: where every variable refers twice to the next, it would never end
            self._expanded[name] = self.expand(self.variables[name], depth + 1)
        return self._expanded[name]

    def objects(self, variable: str) -> list[str]:
        """Return an object list, for instance of ``LIBRARY_OBJS``, in the file's order without repetitions."""
        return list(dict.fromkeys(self.expand(f"$({variable})").split()))

    def rules(self) -> dict[str, Rule]:
        """Return each object that has a recipe of its own.

        The flags on top are unexpanded. Words in back-quotes run git in a checkout: they are empty here.
        """
        found = {}
        for target, recipe in _OBJECT_RULE.findall(self.text):
            words = re.sub(r"`[^`]*`", "", recipe).split()
            if words[:2] != ["$(CC)", "-c"]:
                continue
            extra = words[2:words.index("-o")] if "-o" in words else []
            flags = next((word for word in extra if re.fullmatch(r"\$\(\w+_CFLAGS\)", word)), "")
            if not flags:
                raise UserError(self.where, f"the rule of {target} has no flags of the form $(NAME_CFLAGS) before -o",
                                "use a supported release")
            extra.remove(flags)
            found[target] = Rule(flags[2:-1], tuple(extra))
        return found

    def archives(self) -> dict[str, list[str]]:
        """Return the bundled static libraries (``Modules/expat/libexpat.a``) and the objects that each consists of."""
        return {self.expand(f"$({name})"): self.objects(objects) for name, objects in _ARCHIVE_RULE.findall(self.text)
                if name.endswith("_A")}

    def archive_lists(self) -> list[str]:
        """Return the object variables of the bundled static libraries."""
        return [objects for name, objects in _ARCHIVE_RULE.findall(self.text) if name.endswith("_A")]

    def frozen(self) -> list[Frozen]:
        """Return what is frozen into every interpreter, getpath included, in the file's order."""
        found = [Frozen(name, source, header, tool == "FREEZE_MODULE_BOOTSTRAP")
                 for tool, name, source, header in _FREEZE_RULE.findall(self.text)]
        if not found:
            raise UserError(self.where, "it has no FREEZE_MODULE rules", "use a supported series")
        return found


def setup_lines(text: str, buildtype: str) -> list[SetupLine]:
    """Read Setup.stdlib.in or Setup.bootstrap.in (syntax: head of Modules/Setup).

    buildtype replaces ``@MODULE_BUILDTYPE@``.  condition is the name in ``@MODULE_X_TRUE@``, empty without one.
    """
    kind, found = "static", []
    for line in text.replace("\\\n", " ").replace("@MODULE_BUILDTYPE@", buildtype).splitlines():
        line = line.split("#")[0].strip()
        if marker := re.fullmatch(r"\*(static|shared|disabled)\*", line):
            kind = marker.group(1)
            continue
        match = re.match(r"(?:@(\w+)_TRUE@)?(\w+)\s+(.*)$", line)
        if not match or match.group(3).startswith("="):
            continue
        words = re.sub(r"@\w+@", "", match.group(3)).split()
        sources = tuple(word for word in words if word.endswith(".c"))
        flags = tuple(word for word in words if not word.endswith(".c"))
        found.append(SetupLine(match.group(2), kind, sources, flags, match.group(1) or ""))
    return found


def read(tree: Path, name: str) -> str:
    """Return a text file of the tree. Raises UserError when it is not there."""
    try:
        with open(tree / name, encoding="utf-8") as stream:
            text = stream.read(MAX_TEXT + 1)
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(str(tree / name), getattr(error, "strerror", None) or str(error), "use a complete CPython source tree") from None
    if len(text) > MAX_TEXT:
        raise UserError(str(tree / name), f"it has more than {MAX_TEXT} characters", "use a supported release")
    return text

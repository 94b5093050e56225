"""Reads from configure.ac what it asks the compiler: lists of headers, functions, types, and its test programs.

Nothing of upstream is restated: names, prerequisite headers and C code are taken from the macro calls.
"""
from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, replace

from ..errors import UserError
from .autoconf import Call, calls, code, words

_IFELSE = ("AC_COMPILE_IFELSE", "AC_LINK_IFELSE", "AC_RUN_IFELSE", "AC_PREPROC_IFELSE")
_BLOCKS = (*_IFELSE, "AC_CACHE_CHECK", "AS_CASE", "AX_C_FLOAT_WORDS_BIGENDIAN", "AC_CHECK_LIB", "AC_CHECK_TYPES",
           "AC_DEFINE", "AC_DEFINE_UNQUOTED")

# AC_INCLUDES_DEFAULT of Autoconf 2.71 (lib/autoconf/headers.m4).
DEFAULT_HEADERS = ("stdio.h", "stdlib.h", "string.h", "inttypes.h", "stdint.h", "strings.h", "sys/types.h", "sys/stat.h",
                   "unistd.h")
DEFAULT_INCLUDES = "#include <stddef.h>\n" + "".join(
    f"#ifdef HAVE_{re.sub(r'[^A-Z0-9]', '_', h.upper())}\n#include <{h}>\n#endif\n" for h in DEFAULT_HEADERS)


@dataclass(frozen=True)
class Question:
    """One thing to ask.

    kind: ``header``, ``function``, ``size`` (the value of a constant expression), ``compile`` or ``link``.
    name: the header, function or expression.  macro: of pyconfig.h, may be empty.  variable: configure's cache
    variable, may be empty.  yes, no: the variable's values.  prologue, body: C at file scope and inside a function.
    whole: the prologue is a whole program.  line: of configure.ac.  defined, undefined: the macro's value when the
    variable is ``yes`` and when it is not; None leaves the macro undefined.
    """

    kind: str
    name: str
    macro: str
    variable: str
    line: int
    prologue: str = ""
    body: str = ""
    whole: bool = False
    yes: str = "yes"
    no: str = "no"
    defined: str | None = "1"
    undefined: str | None = None

    @property
    def key(self) -> str:
        """A C identifier that no other question has."""
        return re.sub(r"\W", "_", self.macro or self.variable)


def upper(name: str) -> str:
    """Autoconf's AS_TR_CPP: ``struct stat.st_rdev`` -> ``STRUCT_STAT_ST_RDEV``, ``void *`` -> ``VOID_P``."""
    return re.sub(r"\W", "_", name.replace("*", "P")).upper()


def mangle(name: str) -> str:
    """Autoconf's AS_TR_SH: ``void *`` -> ``void_p``."""
    return re.sub(r"\W", "_", name.replace("*", "p"))


def _flat(arg: str) -> str:
    """Drop a ``m4_normalize([...])`` around an argument."""
    found = calls(arg, "m4_normalize", "m4_flatten")
    return found[0].arg(0) if found else arg


def header(name: str, line: int = 0, prerequisites: str = DEFAULT_INCLUDES) -> Question:
    """AC_CHECK_HEADERS: the header compiles after its prerequisites."""
    return Question("header", name, f"HAVE_{upper(name)}", f"ac_cv_header_{mangle(name)}", line, prerequisites)


def function(name: str, line: int = 0, macro: str = "") -> Question:
    """AC_CHECK_FUNCS: a program that refers to the function links."""
    return Question("function", name, macro or f"HAVE_{upper(name)}", f"ac_cv_func_{name}", line)


def member(name: str, line: int, includes: str) -> Question:
    """AC_CHECK_MEMBERS: ``struct stat.st_rdev``."""
    aggregate, _, field = name.rpartition(".")
    return Question("compile", name, f"HAVE_{upper(name)}", f"ac_cv_member_{mangle(name)}", line, includes,
                    f"return (int)sizeof((({aggregate} *)0)->{field});")


def type_(name: str, line: int, includes: str, macro: str = "") -> Question:
    """AC_CHECK_TYPES."""
    return Question("compile", name, macro or f"HAVE_{upper(name)}", f"ac_cv_type_{mangle(name)}", line, includes,
                    f"{name} *x = 0; (void)x; return (int)sizeof({name});")


def declaration(name: str, line: int, includes: str, macro: str) -> Question:
    """AC_CHECK_DECLS: a declaration or a macro of that name is there."""
    return Question("compile", name, macro, f"ac_cv_have_decl_{name}", line, includes, f"#ifndef {name}\n(void) {name};\n#endif",
                    undefined="0" if macro.startswith("HAVE_DECL_") else None)


def size(name: str, line: int, includes: str, align: bool = False) -> Question:
    """AC_CHECK_SIZEOF and AC_CHECK_ALIGNOF."""
    what, value = ("alignof", f"__builtin_offsetof(struct {{ char c; {name} x; }}, x)") if align else (
        "sizeof", f"sizeof({name})")
    return Question("size", value, f"{what.upper()}_{upper(name)}", f"ac_cv_{what}_{mangle(name)}", line, includes)


def _includes(call: Call, index: int) -> str:
    return code(_flat(call.arg(index))) or DEFAULT_INCLUDES


def _address(call: Call, includes: str, macro: str = "") -> Question:
    name = call.arg(0)
    return Question("compile", name, macro or f"HAVE_{name.upper()}", f"ac_cv_func_{name}", call.line, includes,
                    f"void *x={name}; (void)x;")


def wrappers(text: str) -> dict[str, str]:
    """Macros that configure.ac defines as PY_CHECK_FUNC with fixed headers -> these headers."""
    found = {}
    for call in calls(text, "AC_DEFUN"):
        inner = calls(call.arg(1), "PY_CHECK_FUNC")
        if len(inner) == 1 and inner[0].arg(0) == "$1":
            found[call.arg(0)] = code(inner[0].arg(1))
    return found


def read(text: str) -> list[Question]:
    """Return the questions of all lists of configure.ac (comments blanked out), in its order; the first of a macro stays."""
    defined = wrappers(text)
    asked: list[Question] = []
    for call in calls(text, "AC_CHECK_HEADERS", "AC_CHECK_FUNCS", "AC_REPLACE_FUNCS", "AC_CHECK_DECLS", "AC_CHECK_MEMBERS",
                      "AC_CHECK_TYPES", "AC_CHECK_SIZEOF", "AC_CHECK_ALIGNOF", "PY_CHECK_FUNC", *defined):
        if "$" in call.arg(0):
            continue
        line, listed = call.line, [item.strip() for item in call.arg(0).split(",")]
        if call.name == "AC_CHECK_HEADERS":
            asked += (header(name, line, _includes(call, 3)) for name in words(_flat(call.arg(0))))
        elif call.name in ("AC_CHECK_FUNCS", "AC_REPLACE_FUNCS"):
            asked += (function(name, line) for name in words(call.arg(0)))
        elif call.name == "AC_CHECK_DECLS":
            asked += (declaration(name, line, _includes(call, 3), f"HAVE_DECL_{upper(name)}") for name in listed)
        elif call.name == "AC_CHECK_MEMBERS":
            asked += (member(name, line, _includes(call, 3)) for name in listed)
        elif call.name == "AC_CHECK_TYPES":
            asked += (type_(name, line, _includes(call, 3)) for name in listed)
        elif call.name == "AC_CHECK_SIZEOF":
            asked.append(size(call.arg(0), line, DEFAULT_INCLUDES + code(_flat(call.arg(2)))))
        elif call.name == "AC_CHECK_ALIGNOF":
            asked.append(size(call.arg(0), line, DEFAULT_INCLUDES + code(_flat(call.arg(1))), align=True))
        elif call.name == "PY_CHECK_FUNC":
            asked.append(_address(call, code(call.arg(1)), call.arg(2)))
        else:
            asked.append(_address(call, defined[call.name]))
    first: dict[str, Question] = {}
    for question in asked:
        first.setdefault(question.macro, question)
    return list(first.values())


class Blocks:
    """The places of configure.ac that decide something by themselves, found by a cache variable or by their text."""

    def __init__(self, text: str):
        self._text, self._calls = text, calls(text, *_BLOCKS)

    def find(self, anchor: str, *names: str) -> Call:
        """Return the AC_CACHE_CHECK of a cache variable, or the innermost call that contains `anchor`.

        Raises UserError when upstream has no such place any more.
        """
        for call in self._calls:
            if call.name == "AC_CACHE_CHECK" and call.arg(1) == anchor and not names:
                return call
        inside = [call for call in self._calls if anchor in self._text[call.start:call.end] and call.name in (names or _BLOCKS)]
        if not inside:
            raise UserError("cpython/probes.toml", f"configure.ac contains no block {anchor!r} any more",
                            "look up what upstream does now and correct the entry")
        return min(inside, key=lambda call: call.end - call.start)

    def digest(self, anchor: str) -> str:
        """The sha256 of a block, runs of white space counted as one blank."""
        return hashlib.sha256(" ".join(self.source(anchor).split()).encode()).hexdigest()

    def source(self, anchor: str) -> str:
        """The text of a block; ``paragraph: TEXT`` is the shell code between two blank lines that contains TEXT."""
        if not anchor.startswith("paragraph:"):
            call = self.find(anchor)
            return self._text[call.start:call.end]
        wanted = anchor.partition(":")[2].strip()
        found = [part for part in re.split(r"\n[ \t]*\n", self._text) if wanted in part]
        if len(found) != 1:
            raise UserError("cpython/probes.toml", f"{len(found)} paragraphs of configure.ac contain {wanted!r}",
                            "look up what upstream does now and correct the entry")
        return found[0]

    def case(self, variable: str) -> list[tuple[str, str]]:
        """Read an AS_CASE whose branches assign `variable`: (shell pattern, value); the default has the pattern ``*``."""
        call = self.find(f"{variable}=", "AS_CASE")
        branches = [*zip(call.args[1::2], call.args[2::2]), *([("*", call.args[-1])] if len(call.args) % 2 == 0 else [])]
        found = [(pattern, re.search(rf"\b{variable}=(\w+)", action)) for pattern, action in branches]
        return [(alternative.strip(), value.group(1)) for pattern, value in found if value for alternative in pattern.split("|")]

    def program(self, anchor: str, macro: str) -> Question:
        """Read the test program of a block: by its cache variable, or by a piece of its C code.

        A program that configure runs is asked as one that links (`cpython/probes.toml` says where that is enough).
        """
        cached = [call for call in self._calls if call.name == "AC_CACHE_CHECK" and call.arg(1) == anchor]
        if cached:
            inside = [c for c in self._calls if c.name in _IFELSE and cached[0].start < c.start < cached[0].end]
        else:
            inside = [c for c in self._calls if c.name in _IFELSE and anchor in c.arg(0)]
        if len(inside) != 1:
            raise UserError("cpython/probes.toml", f"{macro}: {len(inside)} test programs of configure.ac match {anchor!r}",
                            "name a cache variable or a piece of C code that only this program has")
        return self._question(inside[0], anchor if cached else "", macro)

    def _question(self, call: Call, variable: str, macro: str) -> Question:
        kind = "compile" if call.name in ("AC_COMPILE_IFELSE", "AC_PREPROC_IFELSE") else "link"
        source = calls(call.arg(0), "AC_LANG_PROGRAM", "AC_LANG_SOURCE")
        if len(source) != 1:
            raise UserError(f"configure.ac:{call.line}", f"{macro}: the test program is not readable",
                            "state the answer in cpython/probes.toml")
        found = Question(kind, macro or variable, macro, variable, call.line, code(source[0].arg(0)), whole=True)
        if source[0].name == "AC_LANG_PROGRAM":
            found = replace(found, body=code(source[0].arg(1)) + ";", whole=False)
        if variable:
            values = [re.findall(rf"\b{variable}=(\w+)", call.arg(i)) for i in (1, 2)]
            found = replace(found, yes=(values[0] or ["yes"])[0], no=(values[1] or ["no"])[0])
        return found

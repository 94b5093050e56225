"""Makefile and pyconfig.h -> the module from which sysconfig answers on the device (``_sysconfigdata__linux_*.py``).

The same reading as ``python -m sysconfig --generate-posix-vars`` (Lib/sysconfig/__main__.py of 3.13: _parse_makefile,
_generate_posix_vars; Lib/sysconfig/__init__.py: parse_config_h), but without the environment of the build machine.
"""
from __future__ import annotations

import re

from ..errors import UserError

_VARIABLE = re.compile(r"([a-zA-Z][a-zA-Z0-9_]+)\s*=\s*(.*)")
_PARENTHESES = re.compile(r"\$\(([A-Za-z][A-Za-z0-9_]*)\)")
_BRACES = re.compile(r"\${([A-Za-z][A-Za-z0-9_]*)}")
_DEFINE = re.compile(r"#define ([A-Z][A-Za-z0-9_]+) (.*)\Z")
_UNDEF = re.compile(r"/[*] #undef ([A-Z][A-Za-z0-9_]+) [*]/\Z")
# sysconfig._ALWAYS_STR
_ALWAYS_TEXT = frozenset({"IPHONEOS_DEPLOYMENT_TARGET", "MACOSX_DEPLOYMENT_TARGET"})
# Makefile.pre.in writes PY_CFLAGS and so on, sysconfig answers for CFLAGS, too.
_RENAMED = ("CFLAGS", "LDFLAGS", "CPPFLAGS")

Value = int | str


def _value(name: str, text: str) -> Value:
    if name not in _ALWAYS_TEXT:
        try:
            return int(text)
        except ValueError:
            pass
    return text


def parse_makefile(text: str) -> dict[str, Value]:
    """Return the variables of a Makefile, expanded as sysconfig expands them (_parse_makefile, keep_unresolved).

    Variables that nothing defines become empty: the environment is not asked.
    Raises UserError when variables refer to each other in a circle.
    """
    done: dict[str, Value] = {}
    open_: dict[str, str] = {}
    for line in text.split("\n"):
        match = None if line.startswith("#") else _VARIABLE.match(line)
        if match:
            name, value = match.group(1), match.group(2).strip()
            if "$" in value.replace("$$", ""):
                open_[name] = value
            else:
                done[name] = _value(name, value.replace("$$", "$"))
    names = list(open_)
    while names:
        before = dict(open_)
        settled = [name for name in tuple(names) if _expand(name, open_, done)]
        if not settled and open_ == before:
            raise UserError("Makefile", f"{', '.join(sorted(names))} refer to each other in a circle", "give one a value")
        names = [name for name in names if name not in settled]
    return {name: value.strip() if isinstance(value, str) else value for name, value in done.items()}


def _expand(name: str, open_: dict[str, str], done: dict[str, Value]) -> bool:
    """Replace the first reference in one open variable; return whether the variable is settled now."""
    value = open_[name]
    found = [match for match in (_PARENTHESES.search(value), _BRACES.search(value)) if match]
    if not found:
        done[name] = value  # a reference that is none, such as $(shell ...), stays
        return True
    match = min(found, key=lambda match: match.start())
    item = _item(match.group(1), name, open_, done)
    if item is None:
        return False
    after = value[match.end():]
    value = value[:match.start()] + item + after
    if "$" in after:
        open_[name] = value
        return False
    settled = _value(name, value)
    done[name] = settled.strip() if isinstance(settled, str) else settled
    if name.startswith("PY_") and name[3:] in _RENAMED:
        done.setdefault(name[3:], settled)
    return True


def _item(wanted: str, inside: str, open_: dict[str, str], done: dict[str, Value]) -> str | None:
    """Return what a reference to `wanted` stands for, or None while that is still open."""
    if wanted in done:
        return str(done[wanted])
    if wanted in open_:
        return None
    if wanted in _RENAMED:
        if inside.startswith("PY_") and inside[3:] in _RENAMED:
            return ""
        return None if f"PY_{wanted}" in open_ else str(done[f"PY_{wanted}"])
    done[wanted] = ""
    return ""


def parse_config_h(text: str) -> dict[str, Value]:
    """Return the macros of a pyconfig.h: an undefined one is 0 (sysconfig.parse_config_h)."""
    found: dict[str, Value] = {}
    for line in text.split("\n"):
        if match := _DEFINE.match(line):
            found[match.group(1)] = _value(*match.group(1, 2))
        elif match := _UNDEF.match(line):
            found[match.group(1)] = 0
    return found


def build_time_vars(makefile: str, pyconfig: str) -> dict[str, Value]:
    """Return all that sysconfig knows at build time, from the texts of Makefile and pyconfig.h.

    BLDSHARED becomes LDSHARED, as in every build folder (Lib/sysconfig/__main__.py, _generate_posix_vars).
    """
    found = {**parse_makefile(makefile), **parse_config_h(pyconfig)}
    found["BLDSHARED"] = found["LDSHARED"]
    return found


def render(variables: dict[str, Value]) -> str:
    """Return the text of the module, as sysconfig writes it."""
    lines = "".join(f"    {name!r}: {value!r},\n" for name, value in sorted(variables.items()))
    return f"# system configuration generated and used by the sysconfig module\nbuild_time_vars = {{\n{lines}}}\n"

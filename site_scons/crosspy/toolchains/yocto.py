"""Reads an environment-setup file of the Yocto Project's SDK without running it.

The file is a shell script of assignments (meta/classes-recipe/toolchain-scripts.bbclass); shelllines.py splits it into its commands.
A value that only a shell could tell is an error where it is needed; no line is ever executed and nothing gets into our environment.
"""
from __future__ import annotations

import itertools
import os
import re
from dataclasses import dataclass
from pathlib import Path

from ..errors import UserError
from .shelllines import OTHER, Broken, Command, commands

_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)(?:\[.*?\])?(\+?)=(.*)", re.S)
_SEGMENT = re.compile(r"'[^']*'|\"(?:[^\"\\]|\\[\s\S])*\"|(?:[^'\"\\]|\\[\s\S])+")
_REFERENCE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")
_NEEDED = ("CC", "PATH", "SDKTARGETSYSROOT")
_DECLARES = ("export", "readonly", "declare", "typeset", "local")
_SETTERS = ("read", "mapfile", "readarray", "getopts", "printf", "let", "for", "select")
# Variables that a login has set before any script runs; PATH's old value counts for nothing here.
_LOGIN = ("HOME", "PWD", "OLDPWD", "USER", "LOGNAME", "SHELL", "TMPDIR", "HOSTNAME")
_ANY = "*"        # the value of every variable that is not known
_SPACE = "\0"     # a space of a path, which separates no words
MAX_BYTES = 1_000_000


@dataclass(frozen=True)
class Environment:
    """What an SDK's file says. cc: the compiler and its flags.  folders: of its PATH.  sysroot: of the target."""

    cc: tuple[str, ...]
    folders: tuple[str, ...]
    sysroot: str


class _Shell(Exception):
    """Only a shell could tell this value; the message says why."""


def read(path: Path) -> Environment:
    """Read an environment-setup file. Raises UserError when it is no such file, or does more than assign what is needed."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise UserError(str(path), f"it is larger than {MAX_BYTES} bytes", "name the environment-setup file of an SDK")
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(str(path), f"it cannot be read ({error})", "name the environment-setup file of an SDK") from None
    values: dict[str, str | _Shell] = {name: _Shell(f"it takes {name} from the environment of a login") for name in _LOGIN}
    try:
        for command in commands(text):
            if command.words[0] in ("eval", "exec"):
                raise _trick(path, command.number, "it runs code that it makes itself")
            if command.words[0] == "function" or command.words[1:3] == ("(", ")"):
                raise _trick(path, command.number, "it defines a shell function")
            _follow(command, values)
    except Broken as line:
        raise _trick(path, line.args[0], "a quote in it does not end") from None
    return _environment(path, values)


def _trick(path: Path, number: int, what: str) -> UserError:
    return UserError(str(path), f"line {number}: {what}", "write the values out: CC, PATH and SDKTARGETSYSROOT as plain assignments")


def _follow(command: Command, values: dict[str, str | _Shell]) -> None:
    """Note what a command does to variables."""
    first, where = command.words[0], f"line {command.number}"
    if first in (".", "source"):
        # Every SDK's file ends with the files of environment-setup.d, if there are some; ours is a build without them.
        if not command.unsure:
            values |= dict.fromkeys([*values, *_NEEDED, _ANY], _Shell(f"{where} runs another file, which may set it"))
    elif first == "unset":
        values |= {name: _Shell(f"{where} unsets it {command.unsure}") if command.unsure else "" for name in command.words[1:]}
    elif first in _SETTERS:
        for name in command.words[1:] if first != "printf" or "-v" in command.words else ():
            values[name] = _Shell(f"{where} sets it with '{first}'")
    else:
        rest = command.words[first in _DECLARES:]
        rows = [_ASSIGNMENT.fullmatch(word) for word in rest]
        for name, more, text in (row.groups() for row in (filter(None, rows) if first in _DECLARES else itertools.takewhile(bool, rows))):
            try:
                if command.unsure or more or len(rest) > 1 or "[" in rest[0].partition("=")[0]:
                    raise _Shell(f"{where} sets it {command.unsure or OTHER}")
                values[name] = _value(name, text, where, values)
            except _Shell as reason:
                values[name] = reason


def _environment(path: Path, values: dict) -> Environment:
    for name in _NEEDED:
        if isinstance(values.get(name), _Shell):
            raise UserError(str(path), f"{name}: {values[name]}", "write the value out; this file is read, never run")
    cc, paths, sysroot = (values.get(name, "").strip() for name in _NEEDED)
    if not cc:
        raise UserError(str(path), "it sets no CC", "name the environment-setup file of an SDK")
    moved = _moved(path, sysroot.replace(_SPACE, " "))
    folders = tuple(moved(folder) for folder in paths.replace(_SPACE, " ").split(":") if folder.startswith("/"))
    return Environment(tuple(moved(word.replace(_SPACE, " ")) for word in cc.split()), folders, moved(sysroot.replace(_SPACE, " ")))


def _moved(path: Path, sysroot: str):
    """Return a function that corrects paths of an SDK that was moved as a whole: ``<root>/sysroots`` tells its old root."""
    old, here = sysroot.partition("/sysroots/")[0], os.path.abspath(path.parent)
    if not old or os.path.isdir(sysroot) or not os.path.isdir(f"{here}/sysroots"):
        return lambda text: text
    return lambda text: text.replace(f"{old}/sysroots/", f"{here}/sysroots/")


def _value(name: str, text: str, where: str, values: dict) -> str:
    """Return an assignment's value; spaces of a path, which a shell would split at, are marked. Raises _Shell for more than references."""
    value = ""
    for part in _SEGMENT.findall(text):
        if part[0] == "'":
            value += part[1:-1]
            continue
        if part[0] == "~":
            raise _Shell(f"{where} takes ~ from the environment of a login")
        part = part[1:-1] if part[0] == '"' else part
        part = part.replace("\\\n", "")
        if re.search(r"`|\$\(|\\", part):
            raise _Shell(f"{where} runs a command or escapes a character")
        value += _expand(part, where, values)
    path = name != "CC" and value.startswith("/") and not re.search(r"\s-", value)
    return value.replace(" ", _SPACE) if path else value


def _expand(text: str, where: str, values: dict) -> str:
    def value(match: re.Match) -> str:
        name = match[1] or match[2]
        found = values.get(name, values.get(_ANY, ""))
        if isinstance(found, _Shell):
            raise found
        if name.isdigit():
            raise _Shell(f"{where} has an expansion that only a shell knows")
        return found
    done = _REFERENCE.sub(value, text)
    if re.search(r"\$[{@*#?$!-]", _REFERENCE.sub("", text)):
        raise _Shell(f"{where} has an expansion that only a shell knows")
    return done

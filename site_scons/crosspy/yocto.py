"""Reads an environment-setup file of the Yocto Project's SDK without running it.

The file is a shell script of assignments (meta/classes-recipe/toolchain-scripts.bbclass). What its ``CC`` says is taken word by
word, each expanded on its own, so that a path with a space stays one word. A value that only a shell could tell is an
error where it is needed; no line is ever executed and nothing gets into our environment.
"""
from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from .errors import UserError

_ASSIGNMENT = re.compile(r"^\s*(?:export\s+)?([A-Za-z_]\w*)=(.*)$")
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")
_NEEDED = re.compile(r"(?<![\w$])(CC|PATH|SDKTARGETSYSROOT)\+?=")
_REFERENCE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")
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
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(str(path), f"it cannot be read ({error})", "name the environment-setup file of an SDK") from None
    values: dict[str, str | _Shell] = {}
    words: dict[str, list[str]] = {}
    depth = 0
    for number, line in enumerate(lines, 1):
        code = line.strip()
        if re.match(r"(if|for|while|case)\b", code):
            depth += 1
        elif re.match(r"(fi|done|esac)\b", code):
            depth -= 1
        elif re.search(r"(^|[;&|]\s*)(eval|exec)\b", code):
            raise _trick(path, number, "it runs code that it makes itself")
        elif re.search(r"^(function\s+\w+|\w+\s*\(\))", code):
            raise _trick(path, number, "it defines a shell function")
        found = _ASSIGNMENT.match(line)
        name, text = found.groups() if found else ("", "")
        for other in set(_NEEDED.findall(_QUOTED.sub("", line))) - {name}:
            values[other] = _Shell(f"line {number} sets it other than by a plain assignment")
        if found:
            try:
                if depth:
                    raise _Shell(f"line {number} sets it under a condition")
                values[name], words[name] = _value(text, number, values)
            except _Shell as reason:
                values[name] = reason
    return _environment(path, values, words)


def _trick(path: Path, number: int, what: str) -> UserError:
    return UserError(str(path), f"line {number}: {what}", "write the values out: CC, PATH and SDKTARGETSYSROOT as plain assignments")


def _environment(path: Path, values: dict, words: dict) -> Environment:
    for name in ("CC", "SDKTARGETSYSROOT"):
        if isinstance(values.get(name), _Shell):
            raise UserError(str(path), f"{name}: {values[name]}", "write the value out; this file is read, never run")
    if not words.get("CC"):
        raise UserError(str(path), "it sets no CC", "name the environment-setup file of an SDK")
    paths = values.get("PATH", "")
    if isinstance(paths, _Shell):
        raise UserError(str(path), f"PATH: {paths}", "write the value out; this file is read, never run")
    moved = _moved(path, str(values.get("SDKTARGETSYSROOT", "")))
    folders = tuple(moved(folder) for folder in paths.split(":") if folder.startswith("/"))
    return Environment(tuple(moved(word) for word in words["CC"]), folders, moved(str(values.get("SDKTARGETSYSROOT", ""))))


def _moved(path: Path, sysroot: str):
    """Return a function that corrects paths of an SDK that was moved as a whole: ``<root>/sysroots`` tells its old root."""
    old, here = sysroot.partition("/sysroots/")[0], os.path.abspath(path.parent)
    if not old or os.path.isdir(sysroot) or not os.path.isdir(f"{here}/sysroots"):
        return lambda text: text
    return lambda text: text.replace(f"{old}/sysroots/", f"{here}/sysroots/")


def _value(text: str, number: int, values: dict) -> tuple[str, list[str]]:
    """Return an assignment's value and its words. Raises _Shell where it is more than text and references."""
    text = text.strip()
    quote = text[:1] if text[:1] in ("'", '"') else ""
    if quote:
        end = text.find(quote, 1)
        rest = text[end + 1:].strip()
        if end < 0 or (rest and not rest.startswith("#") and rest != ";"):
            raise _Shell(f"line {number} is more than one quoted text")
        text = text[1:end]
    elif re.search(r"[\s;&|<>]", text):
        raise _Shell(f"line {number} is not quoted")
    if quote != "'" and re.search(r"`|\$\(|\\", text):
        raise _Shell(f"line {number} runs a command or escapes a character")
    if quote == "'":
        return text, text.split()
    return _expand(text, number, values), [_expand(word, number, values) for word in text.split()]


def _expand(text: str, number: int, values: dict) -> str:
    def value(match: re.Match) -> str:
        found = values.get(match[1] or match[2], "")
        if isinstance(found, _Shell):
            raise found
        return found
    done = _REFERENCE.sub(value, text)
    if "${" in _REFERENCE.sub("", text):
        raise _Shell(f"line {number} has an expansion that only a shell knows")
    return done

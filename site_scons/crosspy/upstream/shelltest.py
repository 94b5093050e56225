"""Evaluates the conditions of configure.ac: ``test`` with -a, -o, -n, -z, = and !=, joined by &&, || and { }.

Only what PY_STDLIB_MOD calls use (POSIX 1003.1, ``test``); anything else is an error, never a guess.
"""
from __future__ import annotations

import re
import shlex
from collections.abc import Mapping

from ..errors import UserError


def substitute(text: str, variables: Mapping[str, str], where: str) -> str:
    """Replace each ``$name`` and ``${name}``. Raises UserError for a variable that nothing answers."""
    def value(match: re.Match) -> str:
        name = match.group(1) or match.group(2)
        if name not in variables:
            raise UserError(where, f"the shell variable ${name} is not known",
                            "classify it in cpython/probes.toml, with the line of configure.ac that sets it")
        return variables[name]
    return re.sub(r"(?<!\\)\$(?:(\w+)|\{(\w+)\})", value, text).replace("\\$", "$")


def evaluate(condition: str, variables: Mapping[str, str], where: str) -> bool:
    """Return the truth of a condition; an empty one is true (configure.ac, PY_STDLIB_MOD)."""
    condition = re.sub(r"^m4_flatten\(\[?(.*?)\]?\)$", r"\1", condition.strip(), flags=re.S)
    if odd := re.search(r"`|(?<!\\)\$(?!\w|\{\w+\})\S*", condition):
        raise UserError(where, f"{odd.group()} is not understood in a condition", "extend crosspy/upstream/shelltest.py")
    try:
        tokens = shlex.split(substitute(condition.strip("[]"), variables, where).replace(";", " ; "))
    except ValueError as error:
        raise UserError(where, f"cannot read the condition ({error})", "extend crosspy/upstream/shelltest.py") from None
    if not tokens:
        return True
    if tokens.count("{") > 20 or len(tokens) > 1000:   # upstream's have one and 30
        raise UserError(where, "the condition is too long or too deep", "extend crosspy/upstream/shelltest.py")
    value, rest = _joined(tokens, where)
    if rest:
        raise UserError(where, f"cannot read the condition at {' '.join(rest)!r}", "extend crosspy/upstream/shelltest.py")
    return value


def _joined(tokens: list[str], where: str) -> tuple[bool, list[str]]:
    """Read commands joined by && and ||, which bind equally, from left to right (POSIX, 2.9.3 AND-OR lists)."""
    value, tokens = _command(tokens, where)
    while tokens[:1] in (["&&"], ["||"]):
        right, rest = _command(tokens[1:], where)
        value = (value and right) if tokens[0] == "&&" else (value or right)
        tokens = rest
    return value, tokens


def _command(tokens: list[str], where: str) -> tuple[bool, list[str]]:
    if tokens[:1] == ["{"]:
        value, rest = _joined(tokens[1:], where)
        while rest[:1] == [";"]:
            rest = rest[1:]
        if rest[:1] != ["}"]:
            raise UserError(where, "a { is not closed in a condition", "extend crosspy/upstream/shelltest.py")
        return value, rest[1:]
    if tokens[:1] != ["test"]:
        raise UserError(where, f"the command {' '.join(tokens[:1])!r} is not understood in a condition",
                        "extend crosspy/upstream/shelltest.py")
    end = next((i for i, token in enumerate(tokens) if token in ("&&", "||", ";", "}")), len(tokens))
    return _test(tokens[1:end], where), tokens[end:]


def _test(words: list[str], where: str) -> bool:
    for operator, join in (("-o", any), ("-a", all)):
        if operator in words:
            at = words.index(operator)
            return join((_test(words[:at], where), _test(words[at + 1:], where)))
    match words:
        case ["-n", word]:
            return word != ""
        case ["-z", word]:
            return word == ""
        case [left, "=" | "==", right]:
            return left == right
        case [left, "!=", right]:
            return left != right
    raise UserError(where, f"'test {' '.join(words)}' is not understood", "extend crosspy/upstream/shelltest.py")

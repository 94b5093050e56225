"""Splits the text of a shell script into its commands, without running any: enough of POSIX's Shell Command Language for files of assignments.

What is known of a command: its words as written, quotes included, its line, and whether it surely runs (POSIX.1, XCU 2.3 Token
Recognition, 2.7.4 Here-Document, 2.9.4 Compound Commands).
"""
from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

# A quoted text may go on over lines; the bounds keep a hostile file from taking long.
_TOKEN = re.compile(r"""(?P<blank>(?:[ \t\r]|\\\n)+) | (?P<comment>\#[^\n]*) | (?P<end>\n)
    | (?P<operator><<<|<<-?|&&|\|\||;;&?|;&|&>>?|>>|>\||<>|[<>]&|[;&|<>()])
    | (?P<word>(?:'[^']*' | "(?:[^"\\]|\\[\s\S])*" | \\[\s\S] | \$\{[^}\n]{0,200}\} | \$\((?:[^()]|\([^()]{0,1000}\)){0,1000}\)
                | `[^`]{0,1000}` | [^\s'"\\`;&|<>()$] | \$)+)""", re.X)
_OPENERS, _CLOSERS = {"if", "while", "until", "for", "case", "select", "{"}, {"fi", "done", "esac", "}"}
_BEFORE = {"then", "do", "else", "elif", "!", "time", "command", "builtin"}
_HEADS = {"for", "select", "case"}   # what follows on the line is no command, but the first two set a variable
CONDITION, OTHER = "under a condition", "other than by a plain assignment"


@dataclass(frozen=True)
class Command:
    """One simple command. words: with their quotes; ``(`` and ``)`` of a function or an array are words, too.

    unsure: empty when it runs whatever happens and in the script's own shell, otherwise CONDITION or OTHER.
    """

    number: int
    words: tuple[str, ...]
    unsure: str = ""


class Broken(Exception):
    """A line that no shell would read: its number is the argument."""


def commands(text: str) -> Iterator[Command]:
    """Yield every simple command of a script. Raises Broken for a quote that does not end."""
    around: list[str] = []   # the openers of the compound commands around
    words: list[str] = []
    brackets, number, before, target = 0, 1, "", False
    for line, kind, token in _tokens(text):
        if kind == "word":
            number = number if words else line
            words += [] if target else [token]
            target = False
        elif brackets and kind == "end":
            continue
        elif token in ("(", ")") and (brackets or token == "(" and words):
            brackets += 1 if token == "(" else -1   # a function's, or an array's
            words.append(token)
        elif kind == "operator" and (token[0] in "<>" or token.startswith("&>")):
            target = True
        else:
            opened, command = _keywords(words)
            around += opened
            if command and command[0] in _CLOSERS:
                del around[-1:]
            elif command:
                alone = "|" not in (before, token) and before not in ("&&", "||") and token != "&"
                yield Command(number, tuple(command), CONDITION if around else "" if alone else OTHER)
            if token == "(":
                around.append(token)
            elif token == ")" and around[-1:] == ["("]:   # that behind a pattern of case closes nothing
                del around[-1:]
            before = before if token == "\n" and not words else token
            words, target = [], False


def _keywords(words: list[str]) -> tuple[list[str], list[str]]:
    """Return the compound commands that begin here, and the simple command behind the reserved words."""
    opened = []
    for at, word in enumerate(words):
        if word in _OPENERS:
            opened.append(word)
        elif word not in _BEFORE:
            return opened, words[at:]
        if word in _HEADS:
            return opened, [] if word == "case" else words[at:at + 2]
    return opened, []


def _tokens(text: str) -> Iterator[tuple[int, str, str]]:
    """Yield (line, kind, text) without blanks, comments and here-documents; the last one is a newline."""
    at, line, last = 0, 1, ""
    documents: list[str] = []
    while at < len(text):
        match = _TOKEN.match(text, at)
        if not match:
            raise Broken(line)
        kind, token = match.lastgroup or "", match[0]
        at = match.end()
        if kind == "word" and last in ("<<", "<<-"):
            documents.append(re.sub(r"['\"\\]", "", token))
        if kind in ("word", "operator", "end"):
            yield line, kind, token.replace("\\\n", "") if kind == "word" else token
            last = token
        line += token.count("\n")
        while kind == "end" and documents:
            stop = re.compile(rf"^\t*{re.escape(documents.pop(0))}$", re.M).search(text, at)
            line += text.count("\n", at, stop.end() if stop else len(text))
            at = stop.end() if stop else len(text)
    yield line, "end", "\n"

"""ncurses' configuration: ncurses_cfg.h and the headers that its configure fills in, from upstream's lists, dep.toml and the compiler.

include/ncurses_cfg.hin has one @DEFS@ instead of a line per macro. Which macros there are say the lists of configure.in and
include/ncurses_defs, the file of those that the sources expect to be defined.
"""
from __future__ import annotations

import re
from collections.abc import Mapping

from ..configure import questions
from ..configure.autoconf import strip_comments
from ..errors import UserError
from . import configheader, facts
from .recipe import Site

HEADERS = {"MKterm.h.awk": "MKterm.h.awk.in", "curses.head": "curses.h.in", "ncurses_dll.h": "ncurses_dll.h.in",
           "termcap.h": "termcap.h.in", "unctrl.h": "unctrl.h.in"}  # configure.in: SUB_HEADERS, as CF_SRC_MODULES fills them
_DEFINED = re.compile(r"^#define (\w+) (.*)$", re.M)


def version(text: str) -> dict[str, str]:
    """Return what the file VERSION (``5:0:10 6.6 20260608``: libtool's, release, patch date) makes configure substitute."""
    fields = text.split()
    if len(fields) != 3 or not re.fullmatch(r"\d+\.\d+", fields[1]) or not fields[2].isdigit():
        raise UserError("ncurses", f"its VERSION is {text.strip()!r}", "use the library's own archive, unchanged")
    major, minor = fields[1].split(".")
    return {"NCURSES_MAJOR": major, "NCURSES_MINOR": minor, "NCURSES_PATCH": fields[2]}


def defaults(text: str) -> dict[str, str]:
    """Return the macros of include/ncurses_defs with the values that they get when configure leaves them undefined."""
    lines = [line.split(None, 1) for line in text.splitlines() if line.strip() and line[0] not in "@#"]
    return {line[0]: line[1] if len(line) > 1 else "0" for line in lines}


def template(configure: str, stated: Mapping, known: Mapping[str, str]) -> str:
    """Return a config.h.in as autoheader would write it: the lists of configure.in, what dep.toml asks besides, its facts.

    known: the macros of include/ncurses_defs.  A header or function that they do not have is asked only where dep.toml says so.
    """
    absent = {name for names in stated["absent"].values() for name in names}
    lists = [q for q in questions.read(strip_comments(configure))
             if q.kind in ("header", "function") and q.macro in known and q.macro not in absent]
    asked = [*lists, *map(questions.header, stated["ask"]["headers"]), *map(questions.function, stated["ask"]["functions"])]
    words = {"header": "the <{}> header file", "function": "the '{}' function"}
    lines = {q.macro: f"/* Define to 1 if you have {words[q.kind].format(q.name)}. */\n#undef {q.macro}\n" for q in asked}
    lines |= {name: f"#undef {name}\n" for name in ("_FILE_OFFSET_BITS", *_plain(stated["facts"]))}
    return "".join(lines.values())


def _plain(stated: Mapping[str, str]) -> dict[str, str]:
    """The facts whose names are plain: not those of macros with arguments."""
    return {name: value for name, value in stated.items() if "(" not in name}


def check(stated: Mapping, known: Mapping[str, str], asked: set[str]) -> None:
    """Raise UserError for the macros of include/ncurses_defs without a default that nothing answers, and for those stated twice."""
    absent = {name for names in stated["absent"].values() for name in names}
    missing = sorted(name for name, value in known.items() if value == "0" and name not in asked | absent)
    if missing or absent & asked:
        raise UserError("deps/ncurses/dep.toml", f"nothing answers {', '.join(missing)}" if missing else
                        f"{', '.join(sorted(absent & asked))} is asked and absent at once", "state each macro in one table")


def configuration(site: Site, stated: Mapping) -> str:
    """Return the text of ncurses_cfg.h. Raises UserError where a macro is not classified or the compiler fails."""
    numbers, known = version(facts.read(site.tree, "VERSION")), defaults(facts.read(site.tree, "include/ncurses_defs"))
    release = f"{numbers['NCURSES_MAJOR']}.{numbers['NCURSES_MINOR']}"
    more = {"PACKAGE": '"ncurses"', "NCURSES_VERSION": f'"{release}"', "NCURSES_PATCHDATE": numbers["NCURSES_PATCH"],
            "NCURSES_VERSION_STRING": f'"{release}.{numbers["NCURSES_PATCH"]}"'}
    given = {**stated, "facts": {**more, **stated["facts"]}}
    text = template(facts.read(site.tree, "configure.in"), given, known)
    check(stated, known, set(configheader.macros(text)))
    answered = configheader.header(site, text, _plain(given["facts"]))
    lines = [line for line in answered.splitlines() if line.startswith("#define")]
    lines += [f"#define {name} {value}" for name, value in stated["facts"].items() if "(" in name]
    return facts.read(site.tree, "include/ncurses_cfg.hin").replace("@DEFS@", "\n".join(lines))


def headers(site: Site, stated: Mapping, config: str) -> dict[str, str]:
    """Return the texts that configure fills in below include/, by their names. config: of ncurses_cfg.h.

    Raises UserError for a @NAME@ that neither dep.toml nor ncurses_cfg.h knows.
    """
    defined = dict(_DEFINED.findall(config))
    known = defaults(facts.read(site.tree, "include/ncurses_defs"))
    macros = {**dict.fromkeys((*known, *_asked(stated)), "0"), **defined}
    values = {**macros, **stated["substitutions"], **version(facts.read(site.tree, "VERSION"))}
    return {name: substitute(facts.read(site.tree, f"include/{source}"), values, source) for name, source in HEADERS.items()}


def _asked(stated: Mapping) -> list[str]:
    return [questions.header(name).macro for name in stated["ask"]["headers"]]


def substitute(text: str, values: Mapping[str, str], where: str) -> str:
    """Replace each @NAME@, as config.status does. Raises UserError for those without a value."""
    unknown = sorted(set(re.findall(r"@([A-Za-z_]\w*)@", text)) - values.keys())
    if unknown:
        raise UserError(f"ncurses: include/{where}", f"nothing says what {', '.join(unknown)} stands for",
                        "state it in deps/ncurses/dep.toml, substitutions")
    return re.sub(r"@([A-Za-z_]\w*)@", lambda match: values[match[1]], text)

"""A library's config.h, from its config.h.in and the compiler: what ``configure`` and ``config.status`` would write.

autoheader writes above each ``#undef NAME`` what the macro tells ("Define to 1 if you have the <sys/x.h> header file."). What such
a sentence asks, the compiler answers, all of a library's questions in a handful of runs; whatever else a template has must be
stated as a fact. Nothing is left undefined because nobody thought of it.
"""
from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from ..configure import probe, questions, readback
from ..configure.batch import Compiler, includes
from ..configure.linking import link_all
from ..configure.questions import DEFAULT_HEADERS, DEFAULT_INCLUDES, Question
from ..errors import UserError
from ..variants.variant import Variant
from .recipe import Site

_UNDEF = re.compile(r"^(?P<before>[ \t]*#[ \t]*)undef[ \t]+(?P<name>\w+)[ \t]*(?:/\*.*\*/[ \t]*)?$")
_QUOTED = r"[`']([^']+)'"
_HEADER, _DIRENT, _FUNCTION, _DECLARATION, _DECLARED, _TYPE, _MEMBER, _SIZE, _ALIGNMENT = (re.compile(sentence) for sentence in (
    r"Define (?:to 1 )?if you have the <([^>]+)> header file\.?",
    rf"Define to 1 if you have the <([^>]+)> header file, and it defines {_QUOTED}\.",
    rf"Define (?:to 1 )?if you have the (?:{_QUOTED}|(\w+)) function\.",
    rf"Define to 1 if you have the declaration of {_QUOTED}, and to 0 if you don't\.",
    rf"Define to 1 if {_QUOTED} is declared in <([^>]+)>\.",
    rf"Define to 1 if the system has the type {_QUOTED}\.",
    rf"Define to 1 if {_QUOTED} is (?:a )?member of {_QUOTED}\.",
    rf"The size of (?:a )?{_QUOTED}, as computed by sizeof\.",
    rf"The normal alignment of {_QUOTED}, in bytes\."))

# AC_USE_SYSTEM_EXTENSIONS of Autoconf 2.72 (lib/autoconf/specific.m4) defines each of these on any system ...
_EXTENSIONS = ("_ALL_SOURCE", "_COSMO_SOURCE", "_DARWIN_C_SOURCE", "__EXTENSIONS__", "_GNU_SOURCE", "_HPUX_ALT_XOPEN_SOCKET_API",
               "_NETBSD_SOURCE", "_OPENBSD_SOURCE", "_POSIX_PTHREAD_SEMANTICS", "__STDC_WANT_IEC_60559_ATTRIBS_EXT__",
               "__STDC_WANT_IEC_60559_BFP_EXT__", "__STDC_WANT_IEC_60559_DFP_EXT__", "__STDC_WANT_IEC_60559_EXT__",
               "__STDC_WANT_IEC_60559_FUNCS_EXT__", "__STDC_WANT_IEC_60559_TYPES_EXT__", "__STDC_WANT_LIB_EXT2__",
               "__STDC_WANT_MATH_SPEC_FUNCS__", "_TANDEM_SOURCE")
_NOT_LINUX = (
    "_MINIX", "_POSIX_SOURCE", "_POSIX_1_SOURCE", "_XOPEN_SOURCE",  # ... and these on Minix and HP-UX alone
    "AC_APPLE_UNIVERSAL_BUILD", "_LARGE_FILES", "_LARGEFILE_SOURCE", "__MINGW_USE_VC2005_COMPAT",
    # The types and words of C99 and POSIX, for compilers that lack them.
    "const", "inline", "volatile", "restrict", "size_t", "ssize_t", "pid_t", "mode_t", "off_t", "uid_t", "gid_t", "sig_atomic_t",
    "uintptr_t", "intptr_t", *(f"{sign}int{bits}_t" for sign in ("", "u") for bits in (8, 16, 32, 64)),
    *(f"_UINT{bits}_T" for bits in (8, 32, 64)),
    # CPython and its libraries share one time_t, the libc's own, and it has no _TIME_BITS either.
    "_TIME_BITS",
    "NDEBUG",  # the build's flags say so
    # Names of the package, which libraries do not use; where one does, its compile fails.
    "LT_OBJDIR", "PACKAGE", "VERSION", *(f"PACKAGE_{name}" for name in ("BUGREPORT", "NAME", "STRING", "TARNAME", "URL", "VERSION")))


def common(variant: Variant) -> dict[str, str]:
    """Return what every template that has one of these macros gets, unless its library states another value."""
    large = "64" if variant.machine.bits == 32 and variant.libc.name == "glibc" else ""  # AC_SYS_LARGEFILE; musl has 64 bits anyway
    return {**dict.fromkeys(_EXTENSIONS, "1"), **dict.fromkeys(_NOT_LINUX, ""), "STDC_HEADERS": "1", "_FILE_OFFSET_BITS": large,
            "WORDS_BIGENDIAN": "1" if variant.machine.endian == "big" else ""}


def macros(template: str) -> dict[str, str]:
    """Return each macro of a template with the sentence above it, in one line; "" where it has none of its own."""
    found: dict[str, str] = {}
    comment, inside = "", False
    for line in template.splitlines():
        if inside or line.lstrip().startswith("/*"):
            comment = f"{comment} {line}" if inside else line
            inside = "*/" not in line
        elif match := _UNDEF.match(line):
            found.setdefault(match["name"], " ".join(re.sub(r"/\*|\*/", " ", comment).split()))
            comment = ""
    return found


def cut(template: str, words: Collection[str]) -> str:
    """Return a template without the macros that no file of a library mentions.

    words: the identifiers of its files.  What system headers mention stays.
    """
    kept: list[str] = []
    pending: list[str] = []  # a comment and what follows it, until it is known whose it is
    for line in template.splitlines():
        match = _UNDEF.match(line)
        if line.startswith("/*"):
            kept, pending = [*kept, *pending], [line]
        elif match and match["name"] not in {*words, *_EXTENSIONS, "_FILE_OFFSET_BITS"}:
            pending = [] if all(not other.startswith("#") for other in pending) else pending
        else:
            pending.append(line)
            if match:
                kept, pending = [*kept, *pending], []
    return re.sub(r"\n{3,}", "\n\n", "\n".join([*kept, *pending]) + "\n")


def question(macro: str, sentence: str, prologue: str) -> Question | None:
    """Return what a sentence of autoheader's asks, or None where it is none of its sentences about the system.

    prologue: C before declarations, types and members.
    """
    def match(pattern: re.Pattern) -> tuple[str, ...]:
        found = pattern.fullmatch(sentence)
        return tuple(filter(None, found.groups())) if found else ()

    if found := match(_HEADER):
        return replace(questions.header(found[0]), macro=macro)
    if found := match(_DIRENT):  # AC_HEADER_DIRENT
        return Question("compile", found[0], macro, "", 0, f"#include <sys/types.h>\n#include <{found[0]}>\n",
                        f"if (({found[1]} *) 0) return 0;")
    if found := match(_FUNCTION):
        return questions.function(found[0], macro=macro)
    if found := match(_DECLARATION):
        return questions.declaration(found[0], 0, prologue, macro)
    if found := match(_DECLARED):
        return questions.declaration(found[0], 0, f"{prologue}#include <{found[1]}>\n", macro)
    if found := match(_TYPE):
        return questions.type_(found[0], 0, prologue, macro)
    if found := match(_MEMBER):
        return Question("compile", ".".join(found[::-1]), macro, "", 0, prologue, f"return (int)sizeof((({found[1]} *)0)->{found[0]});")
    if found := match(_SIZE) or match(_ALIGNMENT):
        return replace(questions.size(found[0], 0, prologue, align=bool(_ALIGNMENT.fullmatch(sentence))), macro=macro)
    return None


def header(site: Site, template: str, facts: Mapping[str, str], include: Sequence[str] = (), own: Sequence[Question] = ()) -> str:
    """Return the text of config.h.

    template: of config.h.in.  facts: macro -> its value, or "" for one that stays undefined; they win over questions.
    include: system headers that declarations, types and members need besides Autoconf's AC_INCLUDES_DEFAULT.
    own: the library's own questions, for macros whose sentences are none of autoheader's; those of other releases are left out.
    Raises UserError for all macros of the template that nothing answers, and for facts about macros that it does not have.
    """
    sentences, known = macros(template), {**common(site.variant), **facts}
    seen_first = "".join(f"#if __has_include(<{name}>)\n#include <{name}>\n#endif\n" for name in include)
    more = {q.macro: q for q in own}
    asked = [found for name, sentence in sentences.items() if name not in known
             if (found := more.get(name) or question(name, sentence, DEFAULT_INCLUDES + seen_first))]
    _gate(site, sentences, known, {q.macro for q in asked}, facts)
    given = {name: known[name] for name in sentences if name in known}
    return write(template, {**given, **_answers(site, asked, given)})


def _gate(site: Site, sentences: Mapping[str, str], known: Mapping[str, str], asked: set[str], facts: Mapping[str, str]) -> None:
    problems = []
    if missing := sorted(sentences.keys() - known.keys() - asked):
        problems.append(f"nothing answers {', '.join(missing)}")
    if gone := sorted(facts.keys() - sentences.keys()):
        problems.append(f"its config.h.in has no {', '.join(gone)} any more")
    if problems:
        raise UserError(site.name, "; ".join(problems), "state or drop these macros in its dep.toml")


def write(template: str, answers: Mapping[str, str | None]) -> str:
    """Return a template with each ``#undef`` replaced by a definition or a comment, as config.status does."""
    lines = []
    for line in template.splitlines():
        if match := _UNDEF.match(line):
            value = answers.get(match["name"])
            line = f"{match['before']}define {match['name']} {value}" if value else f"/* #undef {match['name']} */"
        lines.append(line)
    return "\n".join(lines) + "\n"


def _answers(site: Site, asked: Sequence[Question], given: Mapping[str, str]) -> dict[str, str | None]:
    """Ask the compiler. given: facts; those whose names begin with an underscore govern what headers declare."""
    confdefs = "".join(f"#define {name} {value}\n" for name, value in given.items() if value and name.startswith("_"))
    compiler, seen = ready(site, asked, confdefs)
    present = [q for q in asked if q.kind == "header" and f"header:{q.name}" in seen]
    others = [q for q in asked if q.kind in ("compile", "link", "size")]
    accepted, objects = probe.compile_all(compiler, [*present, *others], site.tree, single=False)
    values: dict[str, str | None] = {q.macro: q.undefined for q in asked} | {q.macro: q.defined for q in accepted}
    for kept, path in objects:
        if kept[0].kind == "size":
            values |= {key: str(value) for key, value in readback.sizes(path).items()}
    functions = {q.name: q.macro for q in asked if q.kind == "function" and f"stub:{q.name}" not in seen}
    programs = [(kept, path) for kept, path in objects if kept[0].kind == "link"]
    found, refused, *_ = link_all(compiler, list(functions), programs) if functions or programs else (set(), set())
    values |= {q.macro: q.undefined for q in asked if q.key in refused}
    return values | {macro: "1" for name, macro in functions.items() if name in found}


def ready(site: Site, asked: Iterable[Question], confdefs: str = "") -> tuple[Compiler, dict[str, str]]:
    """Return a site's compiler, told which headers there are, and what the preprocessor has seen (`probe.preprocess`).

    confdefs: definitions before all questions.
    """
    asked = list(asked)
    headers = {q.name for q in asked if q.kind == "header"} | {name for q in asked for name in includes(q.prologue)} | set(DEFAULT_HEADERS)
    functions = [q.name for q in asked if q.kind == "function"]
    first = Compiler(site.toolchain, site.cflags, site.ldflags, site.scratch.resolve())
    seen = probe.preprocess(first, {}, sorted(headers), functions)
    default = "".join(f"#define HAVE_{questions.upper(name)} 1\n" for name in DEFAULT_HEADERS if f"header:{name}" in seen)
    missing = frozenset(name for name in headers if f"header:{name}" not in seen)
    return replace(first, clang="defined:__clang__" in seen, missing=missing, confdefs=confdefs + default), seen

"""How SQLite is built: from the amalgamation, which is made here where an archive has the source tree instead.

Upstream makes it with Tcl scripts and a few C programs (main.mk). The scripts run in the Tcl that the tree itself carries,
autosetup/jimsh0.c, and it and the programs are compiled for the host: no tclsh, no configure, no make.
"""
from __future__ import annotations

import re
from collections.abc import Mapping

from ..configure.questions import upper
from ..errors import UserError
from . import automake, configheader, facts
from .recipe import Command, Recipe, Site, Unit

FACTS = {"options": facts.NAMED, "options_static": facts.NAMED, "host": {"jimsh": list, "other": list}}
MADE = "{folder}/generated"
# What main.mk's SRC lists for other programs than the library.
NOT_AMALGAMATED = ("parse.y", "shell.c.in", "sqlite.h.in", "sqlite_cfg.h", "shell.c", "tclsqlite-ex.c")


def plan(site: Site) -> Recipe:
    """Return the recipe. Raises UserError where upstream's files are not as they were."""
    table = facts.table("sqlite")
    options = {**table["options"], **(table["options_static"] if site.variant.static else {})}
    defines = tuple(f"-D{name}={value}" if value else f"-D{name}" for name, value in options.items())
    config = configheader.header(site, template(facts.read(site.tree, "autosetup/sqlite-config.tcl")), {})
    flags = ("-D_HAVE_SQLITE_CONFIG_H", f"-I{MADE}", *defines)
    archives, texts = {"libsqlite3.a": ("sqlite3.o",)}, {"generated/sqlite_cfg.h": config}
    if (site.tree / "sqlite3.c").is_file():
        return Recipe((Unit("sqlite3.o", "sqlite3.c"),), archives, texts, include=("{tree}",), flags=flags)
    texts |= {f"generated/{path.rsplit('/', 1)[-1]}": facts.read(site.tree, path) for path in ("src/parse.y", "ext/fts5/fts5parse.y")}
    texts |= {f"generated/{name}": facts.read(facts.FOLDER, f"sqlite/{name}") for name in ("within.tcl", "amalgamate.tcl")}
    return Recipe((Unit("sqlite3.o", "generated/sqlite3.c", generated=True),), archives, texts, amalgamation(site, table["host"]),
                  include=(f"{MADE}/include",), flags=flags)


def template(text: str) -> str:
    """Return a config.h.in of what sqlite-check-common-system-deps asks. text: of autosetup/sqlite-config.tcl.

    Raises UserError when it does not ask in this way any more.
    """
    at = text.find("\nproc sqlite-check-common-system-deps")
    body = text[at:text.find("\n}\n", at)].replace("\\\n", " ")
    functions = re.findall(r"cc-check-functions ([^\n}]+)|foreach func \{([^}]+)\}", body)
    headers, types = re.findall(r"^  cc-check-includes ([^\n}]+)", body, re.M), re.findall(r"\{cc-check-types ([^}]+)\}", body)
    if at < 0 or len(functions) != 2 or len(headers) != 1 or len(types) != 1:
        raise UserError("sqlite", "autosetup/sqlite-config.tcl does not ask for functions and headers as it did",
                        "look up what upstream does now")
    sentences = {name: f"Define to 1 if you have the '{name}' function." for group in functions for name in "".join(group).split()}
    sentences |= {name: f"Define to 1 if you have the <{name}> header file." for name in headers[0].split()}
    sentences |= {name: f"Define to 1 if the system has the type '{name}'." for name in types[0].split()}
    return "".join(f"/* {sentence} */\n#undef HAVE_{upper(name)}\n" for name, sentence in sentences.items())


def amalgamation(site: Site, host: Mapping[str, list[str]]) -> tuple[Command, ...]:
    """Return the commands that make sqlite3.c and include/sqlite3.h. host: compile flags of the host's programs."""
    jimsh, other = ("autosetup/jimsh0.c", *host["jimsh"]), tuple(host["other"])

    def tcl(output: str, *words: str, inputs: tuple[str, ...] = (), stdout: bool = False) -> Command:
        return Command((f"generated/{output}",), ("{program}", *words), inputs, stdout, jimsh)

    def within(output: str, product: str, script: str, *words: str, inputs: tuple[str, ...]) -> Command:
        return tcl(output, f"{MADE}/within.tcl", MADE, "{output}", product, "{tree}/" + script, *words,
                   inputs=("generated/within.tcl", script, *inputs))

    def lemon(grammar: str) -> Command:  # -l: without the path of the grammar
        name = grammar.removesuffix(".y")
        return Command(tuple(f"generated/{name}{end}" for end in (".stats", ".c", ".h")),
                       ("{program}", "-l", "-s", "-q", "-T{tree}/tool/lempar.c", f"generated/{grammar}"),
                       (f"generated/{grammar}", "tool/lempar.c"), True, ("tool/lemon.c", *other))

    names = [word.removeprefix("$(TOP)/") for word in automake.variables(site.tree / "main.mk", {})["SRC"]]
    files = [name if "/" in name else f"generated/{'include/' if name == 'sqlite3.h' else ''}{name}"
             for name in [*names, "fts5.c", "ext/fts5/fts5.h"] if name.rsplit("/", 1)[-1] not in NOT_AMALGAMATED]
    paths = [f"{{folder}}/{name}" if name.startswith("generated/") else f"{{tree}}/{name}" for name in files]
    return (
        lemon("parse.y"), lemon("fts5parse.y"),
        Command(("generated/keywordhash.h",), ("{program}",), (), True, ("tool/mkkeywordhash.c", *other)),
        Command(("generated/mksourceid",), ("cp", "{program}", "{output}"), (), False, ("tool/mksourceid.c", *other)),
        Command(("generated/opcodes.h",), ("sh", "-c", 'cat "$1" "$2" | "$0" "$3"', "{program}", f"{MADE}/parse.h", "{tree}/src/vdbe.c",
                                           "{tree}/tool/mkopcodeh.tcl"),
                ("generated/parse.h", "src/vdbe.c", "tool/mkopcodeh.tcl"), True, jimsh),
        tcl("opcodes.c", "{tree}/tool/mkopcodec.tcl", f"{MADE}/opcodes.h", inputs=("tool/mkopcodec.tcl", "generated/opcodes.h"),
            stdout=True),
        tcl("ctime.c", "{tree}/tool/mkctimec.tcl", "{output}", inputs=("tool/mkctimec.tcl",)),
        tcl("pragma.h", "{tree}/tool/mkpragmatab.tcl", "{output}", inputs=("tool/mkpragmatab.tcl",)),
        within("include/sqlite3.h", "", "tool/mksqlite3h.tcl", "{tree}", "-o", "{output}",
               inputs=("generated/mksourceid", "src/sqlite.h.in", "manifest", "VERSION")),
        within("fts5.c", "fts5.c", "ext/fts5/tool/mkfts5c.tcl", inputs=("generated/fts5parse.c", "generated/fts5parse.h", "manifest.uuid")),
        tcl("sqlite3.c", f"{MADE}/amalgamate.tcl", "{tree}/tool/mksqlite3c.tcl", MADE, "{output}", *paths,
            inputs=("generated/amalgamate.tcl", "tool/mksqlite3c.tcl", *files)))

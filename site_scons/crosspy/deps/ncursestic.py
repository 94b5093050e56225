"""ncurses' own tic and infocmp, compiled from the pinned tree for this machine: the terminals in a library are the same wherever it is built.

Those of the machine may be of any age, and what they say of a terminal would be, too. Which modules they consist of says
ncurses/modules (what configure's --with-termlib takes), the rest is progs/Makefile.in.
"""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from . import ncursesconfig
from .recipe import Command, Site, Unit

HOST = "generated/host"
CFLAGS = ("-O1",)  # as deps/SConscript compiles programs of this machine
_SOURCES = {"tic": ("tic", "dump_entry", "tparm_type", "transform"), "infocmp": ("infocmp", "dump_entry")}
# progs/Makefile.in makes it with echo. The names are those of links to tic and tset.
_TRANSFORM = "#include <progs.priv.h>\nextern bool same_program(const char *, const char *);\n" + "".join(
    f'#define PROG_{name.upper()} "{name}"\n' for name in ("captoinfo", "infotocap", "clear", "reset", "init"))


def texts(site: Site, stated: Mapping) -> dict[str, str]:
    """Return the files of the two programs that are known before the graph: ncurses_cfg.h as this machine's compiler answers it.

    Raises UserError as ncursesconfig.configuration.
    """
    assert site.host is not None
    here = replace(site, toolchain=site.host, cflags=CFLAGS, ldflags=())
    return {f"{HOST}/ncurses_cfg.h": ncursesconfig.configuration(here, stated), f"{HOST}/transform.h": _TRANSFORM}


def commands(units: Sequence[Unit], words: Sequence[str], needed: Sequence[str]) -> list[Command]:
    """Return what makes HOST/tic and HOST/infocmp.

    units: of the modules that both link.  words: of every compile.  needed: generated files that these include.
    """
    sources = [unit.source.replace("generated/ncurses/fallback.c", f"{HOST}/fallback.c") for unit in units]
    own = (f"{HOST}/termsort.h", *needed, *(source for source in sources if source.startswith("generated/")))
    linked = [f"{{folder}}/{source}" if source.startswith("generated/") else f"{{tree}}/{source}" for source in sources]

    def program(name: str) -> Command:
        first, *rest = (f"progs/{part}.c" for part in _SOURCES[name])
        return Command((f"{HOST}/{name}",), ("cp", "{program}", "{output}"), own,
                       host=(first, f"-I{{folder}}/{HOST}", *words, "-I{tree}/progs", *(f"{{tree}}/{source}" for source in rest), *linked))

    return [Command((f"{HOST}/termsort.h",), ("sh", "-e", "{tree}/progs/MKtermsort.sh", "awk", "{tree}/include/Caps"),
                    ("progs/MKtermsort.sh", "include/Caps"), stdout=True),
            # They know no terminal by themselves.
            Command((f"{HOST}/fallback.c",), ("sh", "-e", "{tree}/ncurses/tinfo/MKfallback.sh", "", "", "", ""), ("ncurses/tinfo/MKfallback.sh",),
                    stdout=True),
            program("tic"), program("infocmp")]

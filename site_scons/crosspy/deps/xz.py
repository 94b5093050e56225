"""How liblzma is built: its Makefile.am's sources, its config.h from the compiler's answers and dep.toml."""
from __future__ import annotations

import posixpath
from collections.abc import Iterable, Mapping

from ..configure.autoconf import strip_comments
from ..configure.questions import Blocks, Question
from . import automake, configheader, facts
from .recipe import Recipe, Site, Unit

FACTS = {"conditions": facts.CONDITIONS, "config": facts.NAMED, "filters": {"names": list}, "programs": facts.NAMED, "questions": facts.NAMED}
MAKEFILE = "src/liblzma/Makefile.am"


def plan(site: Site) -> Recipe:
    """Return the recipe. Raises UserError where upstream's files say something that nothing here answers."""
    table = facts.table("xz")
    made = automake.variables(site.tree / MAKEFILE, facts.conditions(table["conditions"]))
    sources = [posixpath.normpath(f"src/liblzma/{word}") for word in made["liblzma_la_SOURCES"] if word.endswith(".c")]
    flags = [word.replace("$(top_srcdir)", "{tree}") for word in made["liblzma_la_CPPFLAGS"]]
    folders = [word.removeprefix("-I{tree}/") for word in flags if word.startswith("-I")]
    template = configheader.cut(facts.read(site.tree, "config.h.in"), facts.mentioned(site.tree, sources, folders))
    text = configheader.header(site, template, {**table["config"], **filters(table["filters"]["names"])}, own=asked(site, table))
    units = tuple(Unit(source.removeprefix("src/").removesuffix(".c") + ".o", source) for source in sources)
    return Recipe(units, {"liblzma.a": tuple(unit.object for unit in units)}, {"generated/config.h": text},
                  include=("{tree}/src/liblzma/api",), flags=("-DHAVE_CONFIG_H", "-I{folder}/generated", *flags))


def filters(names: Iterable[str]) -> dict[str, str]:
    """Return the macros of the filters to build, each as encoder and decoder (configure.ac, "Filters")."""
    return {f"HAVE_{kind}_{name}": "1" for name in names for kind in ("ENCODER", "DECODER")}


def asked(site: Site, table: Mapping) -> list[Question]:
    """Return the questions of liblzma's own: upstream's test programs, and those of dep.toml."""
    blocks = Blocks(strip_comments(facts.read(site.tree, "configure.ac")))
    return [*(blocks.program(anchor, macro) for macro, anchor in table["programs"].items()),
            *(Question("compile", macro, macro, "", 0, code, whole=True) for macro, code in table["questions"].items())]

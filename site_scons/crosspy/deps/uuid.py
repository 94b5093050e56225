"""How libuuid is built: the sources that util-linux lists for it, and the part of its config.h that they mention."""
from __future__ import annotations

from . import automake, configheader, facts
from .recipe import Recipe, Site, Unit

FACTS = {"conditions": facts.CONDITIONS, "config": facts.NAMED, "paths": facts.NAMED}
HEADERS = ("include", "libuuid/src")
# AM_CPPFLAGS and AM_CFLAGS of Makefile.am.
FLAGS = ("-include", "{folder}/generated/config.h", "-fsigned-char", *(f"-I{{tree}}/{folder}" for folder in HEADERS))

# <uuid.h>, as uuid.pc has it and CPython includes it, and <uuid/uuid.h>.
INCLUDE = ("{folder}/generated/include/uuid", "{folder}/generated/include")


def plan(site: Site) -> Recipe:
    """Return the recipe. Raises UserError where upstream's files mention a macro that nothing here answers."""
    table = facts.table("uuid")
    made = automake.variables(site.tree / "libuuid/src/Makemodule.am", facts.conditions(table["conditions"]))
    sources = [word for word in made["libuuid_la_SOURCES"] if word.endswith(".c")]
    template = configheader.cut(facts.read(site.tree, "config.h.in"), facts.mentioned(site.tree, sources, HEADERS))
    text = configheader.header(site, template, table["config"], include=("dirent.h",))
    text += "".join(f'#define {name} "{path}"\n' for name, path in table["paths"].items())
    units = tuple(Unit(source.replace("libuuid/src/", "").removesuffix(".c") + ".o", source) for source in sources)
    texts = {"generated/config.h": text, "generated/include/uuid/uuid.h": facts.read(site.tree, "libuuid/src/uuid.h")}
    return Recipe(units, {"libuuid.a": tuple(unit.object for unit in units)}, texts, include=INCLUDE, flags=FLAGS)

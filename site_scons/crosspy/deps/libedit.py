"""libedit: sources from its src/Makefile.am, config.h from the compiler, lists of commands by its own script, ``makelist``."""
from __future__ import annotations

import re

from . import automake, configheader, facts
from .recipe import Command, Recipe, Site, Unit

MADE = "generated/src"
FACTS = {"flags": {"glibc": list, "musl": list}, "conditions": {"*": bool}, "config": facts.NAMED}
_DEFINED = re.compile(r"^#define (HAVE_\w+) ", re.M)
# src/Makefile.am: the rules of BUILT_SOURCES.
_CODE = ("vi", "emacs", "common")
_LISTS = {"fcns.h": ("-fh", "{made}/{name}.h"), "help.h": ("-bh", "src/{name}.c"), "func.h": ("-fc", "{made}/{name}.h")}


def plan(site: Site) -> Recipe:
    """Return the recipe. Raises UserError where upstream's files say something that nothing here answers."""
    table = site.facts
    config = configuration(site, table["config"])
    found = set(_DEFINED.findall(config))
    asked = {name: name in found for name in ("HAVE_STRLCPY", "HAVE_STRLCAT", "HAVE_VIS")}
    listed = automake.variables(site.tree / "src/Makefile.am", {**table["conditions"], **asked})["libedit_la_SOURCES"]
    units = tuple(Unit(word.replace(".c", ".o"), f"src/{word}", generated=True) for word in listed if word.endswith(".c"))
    # Only these two headers are for users; the folder src/ has names of the system's, like search.h.
    texts = {"generated/config.h": config,
             **{f"generated/include/{name}": facts.read(site.tree, f"src/{name}") for name in ("histedit.h", "editline/readline.h")}}
    flags = ("-DHAVE_CONFIG_H", *table["flags"][site.variant.libc.name], "-I{folder}/generated", f"-I{{folder}}/{MADE}", "-I{tree}/src")
    return Recipe(units, {"libedit.a": tuple(unit.object for unit in units)}, texts, commands(), ("{folder}/generated/include",), flags)


def configuration(site: Site, stated: dict[str, str]) -> str:
    """Return the text of config.h, as far as libedit's files mention its macros."""
    sources = [f"src/{path.name}" for path in sorted((site.tree / "src").glob("*.c"))]
    words = facts.mentioned(site.tree, sources, ["src"]) | {"HAVE_STRLCPY", "HAVE_STRLCAT", "HAVE_VIS"}
    return configheader.header(site, configheader.cut(facts.read(site.tree, "config.h.in"), words), stated)


def commands() -> tuple[Command, ...]:
    """Return how the headers of editor commands are made."""
    def make(name: str, kind: str, *sources: str) -> Command:
        words = [source if source.startswith("generated/") else f"{{tree}}/{source}" for source in sources]
        return Command((f"{MADE}/{name}",), ("sh", "{tree}/src/makelist", kind, *words), ("src/makelist", *sources), stdout=True)

    return (*(make(f"{name}.h", "-h", f"src/{name}.c") for name in _CODE),
            *(make(name, kind, *(pattern.format(made=MADE, name=code) for code in _CODE)) for name, (kind, pattern) in _LISTS.items()))

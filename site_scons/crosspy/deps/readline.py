"""GNU readline: objects and headers from its Makefile.in, config.h from the compiler and dep.toml."""
from __future__ import annotations

import re

from ..errors import UserError
from . import configheader, facts
from .recipe import Recipe, Site, Unit

FACTS = {"flags": {"all": list, "*": list}, "config": facts.NAMED}
_REFERENCE = re.compile(r"\$\((\w+)\)")


def variable(makefile: str, name: str) -> list[str]:
    """Return the words of a variable of Makefile.in, references expanded. Raises UserError where it has no such variable."""
    found = re.search(rf"^{name}[ \t]*=((?:.*\\\n)*.*)$", makefile, re.M)
    if not found:
        raise UserError("readline: Makefile.in", f"it has no {name}", "use the library's own archive, unchanged")
    words: list[str] = []
    for word in found[1].replace("\\\n", " ").split():
        reference = _REFERENCE.fullmatch(word)
        words += variable(makefile, reference[1]) if reference else [word]
    return words


def plan(site: Site) -> Recipe:
    """Return the recipe. Raises UserError where upstream's files say something that nothing here answers."""
    table = site.facts
    makefile = facts.read(site.tree, "Makefile.in")
    version = re.search(r"^LIBVERSION=([\d.]+)$", facts.read(site.tree, "configure.ac"), re.M)
    if not version:
        raise UserError("readline: configure.ac", "it does not say its version", "use the library's own archive, unchanged")
    # tilde.c is shared with bash, so its rule says for whom it is compiled.
    units = tuple(Unit(name, name.replace(".o", ".c"), ("-DREADLINE_LIBRARY",) if name == "tilde.o" else ())
                  for name in variable(makefile, "OBJECTS"))
    texts = {"generated/config.h": configheader.header(site, facts.read(site.tree, "config.h.in"), table["config"]),
             **{f"generated/include/readline/{name}": facts.read(site.tree, name) for name in variable(makefile, "INSTALLED_HEADERS")}}
    flags = ("-DHAVE_CONFIG_H", f'-DRL_LIBRARY_VERSION="{version[1]}"', *table["flags"]["all"],
             *table["flags"].get(site.variant.machine.elf, ()), "-I{folder}/generated", "-I{tree}")
    return Recipe(units, {"libreadline.a": tuple(unit.object for unit in units)}, texts, (), ("{folder}/generated/include",), flags)

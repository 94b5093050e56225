"""bzip2: the objects of its own Makefile; it asks the compiler nothing."""
from __future__ import annotations

from .makevars import words
from .recipe import Recipe, Site, Unit


def plan(site: Site) -> Recipe:
    """Return how libbz2.a is built."""
    objects = words(site.tree / "Makefile", "OBJS")
    return Recipe(tuple(Unit(name, f"{name[:-2]}.c") for name in objects), {"libbz2.a": objects}, include=("{tree}",),
                  flags=words(site.tree / "Makefile", "BIGFILES"))

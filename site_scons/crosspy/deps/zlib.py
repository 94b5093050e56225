"""zlib: the objects of its own Makefile.in; zconf.h is shipped ready for Unix."""
from __future__ import annotations

from .makevars import words
from .recipe import Recipe, Site, Unit

# What zlib's configure finds on every Linux: unistd.h (for zconf.h), 64-bit offsets in gzip files, hidden visibility.
FLAGS = ("-DHAVE_UNISTD_H=1", "-DHAVE_STDARG_H=1", "-D_LARGEFILE64_SOURCE=1", "-DHAVE_HIDDEN")


def plan(site: Site) -> Recipe:
    """Return how libz.a is built."""
    objects = words(site.tree / "Makefile.in", "OBJZ", "OBJG")
    return Recipe(tuple(Unit(name, f"{name[:-2]}.c") for name in objects), {"libz.a": objects}, include=("{tree}",), flags=FLAGS)

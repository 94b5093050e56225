"""Upstream's object lists and rules + the module plan -> what is compiled and linked, as plain rows for SConscripts."""
from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from . import upstream
from .modules import Module

_FROZEN_USER = re.compile(r"^(\S+\.o)[^\n:]*:[^\n]*(?:frozen_modules/|FROZEN_FILES_OUT|BOOTSTRAP_HEADERS)", re.M)


@dataclass(frozen=True)
class Unit:
    """One compile: object (below obj/) from source (below the tree, or ``generated/...`` below the build folder).

    role: ``core``, ``builtin`` or ``module``.  extra: shell words on top.  frozen: whether it includes frozen headers.
    libraries: third-party ones whose headers it may include.
    """

    object: str
    source: str
    role: str
    extra: str = ""
    frozen: bool = False
    libraries: tuple[str, ...] = ()


@dataclass(frozen=True)
class Extension:
    """One shared module: its name, objects and -l words."""

    name: str
    objects: tuple[str, ...]
    libs: tuple[str, ...]


class CorePlan:
    """What the core of one build consists of.

    makefile: upstream's, with values.  modules: the plan, built-in ones go into libpython.  date: the -D words of
    getbuildinfo.  libraries: -l word -> the third-party library behind it.
    """

    def __init__(self, makefile: upstream.Makefile, modules: list[Module], date: str, libraries: Mapping[str, str] | None = None):
        self.makefile, self.modules, self.date, self.libraries = makefile, modules, date, libraries or {}
        self.rules = makefile.rules()
        self.archives = makefile.archives()
        self.users = set(_FROZEN_USER.findall(makefile.text))

    def core(self, variable: str) -> list[Unit]:
        """Return the units of an object list such as LIBRARY_OBJS."""
        return [self.unit(name) for name in self.makefile.objects(variable)]

    def unit(self, name: str) -> Unit:
        """Return the unit of one object of the core, with its own rule's flags."""
        rule = self.rules.get(name)
        extra = self.makefile.expand(" ".join(rule.extra)) if rule else ""
        if name == "Modules/getbuildinfo.o":
            extra += " " + self.date
        source = "generated/config.c" if name == "Modules/config.o" else name[:-2] + ".c"
        if name == self.makefile.values["PERF_TRAMPOLINE_OBJ"]:
            source = name[:-2] + ".S"
        return Unit(name, source, "core", extra.strip(), name in self.users)

    def builtin(self) -> list[Unit]:
        """Return the units of all built-in modules, bundled libraries included."""
        return list(dict.fromkeys(unit for module in self.modules if module.kind == "builtin"
                                  for unit in self.units_of(module)))

    def shared(self) -> tuple[list[Unit], list[Extension]]:
        """Return the units of all shared modules, and what to link from them."""
        units: dict[Unit, None] = {}
        extensions = []
        for module in self.modules:
            if module.kind == "shared":
                own = self.units_of(module)
                units.update(dict.fromkeys(own))
                extensions.append(Extension(module.name, tuple(unit.object for unit in own), module.libs))
        return list(units), extensions

    def libs(self) -> tuple[str, ...]:
        """Return the -l words that the built-in modules need (make's MODLIBS)."""
        return tuple(dict.fromkeys(lib for module in self.modules if module.kind == "builtin" for lib in module.libs))

    def carried(self) -> dict[str, dict[str, list[str]]]:
        """Return for each module of the build its objects and the third-party libraries that it names itself."""
        found = {}
        for module in self.modules:
            if module.kind != "absent":
                used = dict.fromkeys(self.libraries[word] for word in module.libs if word in self.libraries)
                found[module.name] = {"objects": [unit.object for unit in self.units_of(module)], "libraries": list(used)}
        return found

    def units_of(self, module: Module) -> list[Unit]:
        """Return the units of one extension module, those of its bundled libraries included."""
        role = "builtin" if module.kind == "builtin" else "module"
        used = tuple(dict.fromkeys(self.libraries[word] for word in module.libs if word in self.libraries))
        units = [Unit(source[:-2] + ".o", source, role, " ".join(module.cflags), libraries=used) for source in module.sources]
        for archive in module.archives:
            for name in self.archives[archive]:
                extra = self.makefile.expand(f"$({self.rules[name].flags})")
                units.append(Unit(name, name[:-2] + ".c", "module", extra.strip()))
        return units


def rows(items) -> list[dict]:
    """Return dataclasses as plain rows for JSON."""
    return [asdict(item) for item in items]


def release_epoch(tree: Path) -> int:
    """Return the time, in seconds, that a release's archive gives its patchlevel.h: the build date of its programs."""
    return int((tree / "Include" / "patchlevel.h").stat().st_mtime)

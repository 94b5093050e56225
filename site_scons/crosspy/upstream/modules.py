"""Ledger + upstream + options -> the plan of extension modules: which, how, and why not.

What a module needs is read from the PY_STDLIB_MOD calls of configure.ac and the lines of Setup.stdlib.in;
cpython/modules.toml adds only what those do not say.
"""
from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from ..configure import autoconf
from ..deps import choice
from ..deps.library import Library
from ..errors import UserError, nearest
from . import moduletable, shelltest, upstream


_BLANK = "\0"  # in a path, while words are told apart by blanks


@dataclass(frozen=True)
class Module:
    """One extension module. kind: ``builtin``, ``shared`` or ``absent``; reason: why, when absent.

    state: configure's word for an absent one: ``disabled``, ``missing`` or ``n/a`` (configure.ac, PY_STDLIB_MOD).
    sources are relative to the tree, cflags are shell words, libs are -l words, archives are bundled static
    libraries by upstream's path (``Modules/expat/libexpat.a``).
    """

    name: str
    kind: str
    reason: str = ""
    sources: tuple[str, ...] = ()
    cflags: tuple[str, ...] = ()
    libs: tuple[str, ...] = ()
    archives: tuple[str, ...] = ()
    state: str = ""


@dataclass(frozen=True)
class Request:
    """What the options ask for. modules: ``auto``, ``builtin``, ``shared``; tests: test modules, too."""

    modules: str
    enable: frozenset[str] = frozenset()
    disable: frozenset[str] = frozenset()
    tests: bool = False


def plan(tree: Path, tables: Path, variables: Mapping[str, str], default: str, request: Request,
         libraries: Mapping[str, Library] | None = None, lacking: Collection[str] = ()) -> list[Module]:
    """Decide on every module of the tree, in the order of upstream's Setup files.

    variables: the shell variables of configure.ac (Ledger.variables).  default: ``builtin`` or ``shared``, what the
    variant says for ``modules=auto``.  libraries: the third-party ones that are known.  lacking: those that the
    sysroot was to have, and has not.  Raises UserError for a module that nothing classifies or that is asked for
    and cannot be had.
    """
    table = {**moduletable.load(tables), "known": libraries or {}, "lacking": lacking}
    makefile = upstream.Makefile(upstream.read(tree, "Makefile.pre.in"), {"srcdir": str(tree).replace(" ", _BLANK), "PY_STDMODULE_CFLAGS": "",
                                                                         "CCSHARED": ""})
    text = autoconf.strip_comments(upstream.read(tree, "configure.ac"))
    calls = {call.arg(0): call for call in autoconf.calls(text, "PY_STDLIB_MOD", "PY_STDLIB_MOD_SIMPLE")
             if not call.arg(0).startswith("$")}
    kind = default if request.modules == "auto" else request.modules
    bootstrap = upstream.setup_lines(upstream.read(tree, "Modules/Setup.bootstrap.in"), "static")
    stdlib = upstream.setup_lines(upstream.read(tree, "Modules/Setup.stdlib.in"), "static" if kind == "builtin" else "shared")
    variables = {**variables, "TEST_MODULES": "yes" if request.tests else "no"}
    _known(request, [line.name for line in bootstrap + stdlib], table)
    found = []
    for line in bootstrap + stdlib:
        call = calls.get(line.name)
        if call is None and line.condition and line not in bootstrap:
            raise UserError(f"Setup.stdlib.in: {line.name}", "configure.ac has no PY_STDLIB_MOD call for it",
                            "classify it in cpython/modules.toml")
        reason, state = _absence(line, call, variables, table, request, line in bootstrap)
        must_share = line.kind == "shared" and kind == "builtin"
        if must_share and not reason:
            reason, state = "must be a shared library, and this build has built-in modules only", "disabled"
        found.append(Module(line.name, "absent", reason, state=state) if reason else _present(line, call, variables, makefile))
    _refused(expand(request.enable, table), found)
    return found


def for_bootstrap(tree: Path, tables: Path, found: list[Module]) -> list[Module]:
    """Return what of a plan goes into the bootstrap, all of it built in: Setup.bootstrap, and what the tables add."""
    also = moduletable.load(tables)["bootstrap_also"]
    names = {line.name for line in upstream.setup_lines(upstream.read(tree, "Modules/Setup.bootstrap.in"), "static")}
    return [replace(module, kind="builtin") for module in found if module.name in {*names, *also}]


def with_one_copy(tables: Path, found: list[Module], static: Collection[str]) -> list[Module]:
    """Return a plan in which modules that share the state of a static library are built in. static: those libraries' names."""
    table = moduletable.load(tables)["one_copy"]
    groups = [names for library, names in table.items() if library in static]
    shared = {module.name for module in found if module.kind == "shared"}
    moved = {name for names in groups if len(shared & set(names)) > 1 for name in names}
    return [replace(module, kind="builtin") if module.name in shared & moved else module for module in found]


def _known(request: Request, names: list[str], table: dict) -> None:
    both = expand(request.enable, table) & expand(request.disable, table)
    for option, wanted in (("enable", request.enable), ("disable", request.disable)):
        for name in sorted(wanted):
            if name not in names and name not in table["packages"]:
                hint = nearest(name, [*names, *table["packages"]])
                raise UserError(f"{option}={name}", "no extension module or package has this name" + (f"; {hint}?" if hint else ""),
                                "name a module of Modules/Setup.stdlib.in, as plan.json lists them")
    if both:
        raise UserError(f"disable={','.join(sorted(request.disable))}", f"enable={','.join(sorted(request.enable))} asks for "
                        f"{', '.join(sorted(both))}", "leave one of the two out")


def expand(names: frozenset[str], table: dict) -> frozenset[str]:
    """Replace names of packages (``ssl``) by the extension modules that they stand on (``_ssl``)."""
    return frozenset(module for name in names for module in table["packages"].get(name, {}).get("modules", [name]))


def _absence(line, call, variables, table, request: Request, required: bool) -> tuple[str, str]:
    """Return why a module is not built, and configure's word for that; both empty when it is."""
    name = line.name
    if name in expand(request.disable, table):
        if required:
            raise UserError(f"disable={name}", "the interpreter does not start without this module", "leave it in")
        return f"disabled by disable={name}", "disabled"
    if name in table["not_on_linux"]:
        return "not a module for Linux", "n/a"
    if call is None or call.name == "PY_STDLIB_MOD_SIMPLE":
        return "", ""
    where = f"configure.ac:{call.line}"
    if not shelltest.evaluate(call.arg(1), variables, where):
        test = "TEST_MODULES" in call.arg(1)
        return "a test module; tests=yes builds it" if test else _library(name, table, call.arg(1)), "disabled"
    if not shelltest.evaluate(call.arg(2), variables, where):
        return _library(name, table, call.arg(2)), "missing"
    return "", ""


def _library(name: str, table: dict, condition: str) -> str:
    library = table["libraries"].get(name)
    if not library:
        return f"the target lacks it ({condition})"
    known = table["known"].get(library)
    if library in table["lacking"]:
        words = [f"{one}:source" for one in (*choice.behind(library, table["known"]), library) if one in table["lacking"]]
        return f"needs {library}, which the sysroot has not" + (f"; {','.join(words)} in deps= builds it" if known.pins else "")
    how = f"; deps={'source builds' if known.pins else f'source,{library}:sysroot takes'} it" if known else ""
    return f"needs {library}, which is not part of this build{how}"


def _present(line, call, variables, makefile: upstream.Makefile) -> Module:
    cflags, libs = "", ""
    if call:
        first = 1 if call.name == "PY_STDLIB_MOD_SIMPLE" else 3
        where = f"configure.ac:{call.line}"
        cflags, libs = (shelltest.substitute(call.arg(i), variables, where) for i in (first, first + 1))
    words = [word.replace(_BLANK, " ") for word in (makefile.expand(" ".join(line.flags)).split() + makefile.expand(cflags).split())]
    archives = [word for word in words if word.endswith(".a")]
    more = makefile.expand(libs).split()
    archives += [word for word in more if word.endswith(".a")]
    return Module(line.name, "builtin" if line.kind == "static" else "shared", "",
                  tuple(f"Modules/{source}" for source in line.sources),
                  tuple(dict.fromkeys(word for word in words if not word.endswith(".a"))),
                  tuple(word for word in more if not word.endswith(".a")), tuple(archives))


def _refused(wanted: frozenset[str], found: list[Module]) -> None:
    for module in found:
        if module.kind == "absent" and module.name in wanted:
            raise UserError(f"enable={module.name}", f"this module cannot be built: {module.reason}", "leave it out")


def to_json(modules: list[Module]) -> list[dict]:
    """Return the plan as it stands in plan.json, without the tree's own folder."""
    return [{key: list(value) if isinstance(value, tuple) else value for key, value in asdict(module).items() if value}
            for module in modules]

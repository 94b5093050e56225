"""``license_deny=``: a component under a licence that must not be linked, with the chain that brings it in."""
from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from ..closure import explain
from ..deps import choice
from ..deps.library import Library
from ..errors import UserError
from . import components, spdx
from .components import Component


def check(plan: Mapping, found: Sequence[Component], against: Collection[str], libraries: Mapping[str, Library], imports: Mapping[str, Mapping],
          deps: str, app: str) -> None:
    """Raise UserError that names every component of a plan that cannot do without a denied licence, or does not say its own.

    found: the plan's components.  against: as spdx.deny returns them.  imports: modules of a program's plan.json, none for root/.
    deps, app: as on the command line.
    """
    lines, modules, without = [], [], []
    for one in found:
        for licence in spdx.denied(one.license, {*against, spdx.UNKNOWN}):
            said = licence if licence != spdx.UNKNOWN else "its metadata states no SPDX licence" if one.kind == "package" else "nothing states its licence"
            lines.append(f"{said}: " + " <- ".join([f"{one.name} {one.version}".strip(), *chain(one, plan, libraries, imports, deps, app)]))
            if one.kind == "library" and not imports:
                without.append(one.name)
            else:
                modules += one.modules or (one.python if imports else ())   # root/ has all of the library's own modules
    if lines:
        ways = [f"{'exclude' if imports else 'disable'}={','.join(dict.fromkeys(modules))}"] if modules else []
        ways += [f"deps={_without(deps, without)}"] if without else []
        silent = [one.name for one in found if one.license == spdx.UNKNOWN and one.kind == "package"]
        raise UserError(f"license_deny={','.join(sorted(against))} target={plan['name']}", "; ".join(lines),
                        (f"use {' '.join(ways)}" if ways else "nothing can be left out for it: use another toolchain")
                        + (f", or state a License-Expression in METADATA of the .dist-info of {' and '.join(silent)}" if silent else "") + ", or take the licence off")


def _without(deps: str, names: Sequence[str]) -> str:
    """Return a ``deps=`` value without some libraries."""
    first, some = choice.parse(deps)
    return ",".join([first, *(f"{name}:{mode}" for name, mode in {**some, **dict.fromkeys(names, "none")}.items())])


def chain(one: Component, plan: Mapping, libraries: Mapping[str, Library], imports: Mapping[str, Mapping], deps: str, app: str) -> list[str]:
    """Return what brings a component in, from itself on to what was said on the command line."""
    last = f"app={app}" if app else "profile=minimal" if imports else "target"
    if one.kind == "library":
        module, between = next(iter(sorted(components.carriers(plan, one.name, libraries).items(), key=lambda row: (len(row[1]), row[0]))))
        return [*reversed(between), *_module(module, imports), f"deps={deps}", *([last] if imports else [])]
    if one.modules:
        return [*_module(one.modules[0], imports), *([last] if imports else ["CPython"])]
    if one.python:
        return [*_module(one.python[0], imports), *([last] if imports else ["CPython"])]
    return ["the toolchain's own runtime"] if one.kind == "runtime" else ["CPython's core"] if one.kind == "part" else []


def _module(name: str, imports: Mapping[str, Mapping]) -> list[str]:
    steps = list(reversed(explain.chain(imports, name))) if name in imports else [name]
    return [f"module {steps[0]}", *steps[1:]]

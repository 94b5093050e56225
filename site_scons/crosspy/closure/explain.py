"""``scons explain``: the chain of imports that brought a module into a program, and what it costs in bytes.

    python -m crosspy.closure.explain PLAN SYMBOLS --output FILE

writes plan.json of a program: what was planned, with the bytes of each module's code, known when it is frozen.
"""
from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from pathlib import Path

from ..errors import UserError, nearest
from ..run import stages
from .availability import below


def chain(modules: Mapping[str, Mapping], name: str) -> list[str]:
    """Return the modules from the first one on that brought a module in. modules: those of an application's plan.json."""
    found: list[str] = []
    while name:
        found.insert(0, name)
        name = modules[name]["parent"]
    return found


def line(modules: Mapping[str, Mapping], name: str, bytes_of: Mapping[str, int]) -> str:
    """Return one step: a module, what brought it in, its bytes once they are known."""
    row = modules[name]
    parent = modules.get(row["parent"])
    if parent is None:
        how = row["how"]
    elif row["line"]:
        how = f"imported by {row['parent']}, line {row['line']}"
    else:
        c_code = parent["kind"] == "extension"
        how = f"imported by C code of {row['parent']}" if c_code else f"needed by {row['parent']} (cpython/closure.toml)"
    size = f"{bytes_of[name]:>9,} bytes" if name in bytes_of else "in machine code" if row["kind"] == "extension" else "not yet frozen"
    return f"{name:<28} {size:<16} {how}"


def only_through(modules: Mapping[str, Mapping], name: str) -> list[str]:
    """Return the modules that came in through a module, itself included: what it brought along."""
    return [other for other in modules if name in chain(modules, other)]


def lines(plan: Mapping, name: str, bytes_of: Mapping[str, int]) -> list[str]:
    """Return all that is known of a module in a program.

    plan: the application's plan.json.  bytes_of: module -> bytes of its marshalled code.  Raises UserError for a module that
    neither is in the program nor was left out of it.
    """
    modules, where = plan["modules"], f"module={name}"
    if name not in modules:
        message = next((text for stub, text in plan["stubs"].items() if below(name, stub)), "")
        if message:
            return [message]
        hint = nearest(name, modules)
        raise UserError(where, f"{plan['name']} does not carry it" + (f"; {hint}?" if hint else ""), f"build it in with include={name}")
    brought = only_through(modules, name)
    total = sum(bytes_of.get(other, 0) for other in brought)
    told = [line(modules, step, bytes_of) for step in chain(modules, name)]
    if bytes_of:
        more = f", with the {len(brought) - 1} modules that came in through it {total:,}" if len(brought) > 1 else ""
        told.append(f"{name} costs {bytes_of.get(name, 0):,} bytes of byte-code{more}")
    return told


def summary(plan: Mapping, bytes_of: Mapping[str, int]) -> list[str]:
    """Return one line for each module of a program, the largest first, those that every program has among them, and one of what was left out."""
    common = {name: {"kind": "library", "parent": "", "line": 0, "how": "stands in for what was left out" if name in plan["stubs"]
                     else "part of every program"} for name in bytes_of}
    modules = {**common, **plan["modules"]}
    gone = sorted(name for name in plan["stubs"] if name not in bytes_of)
    told = [line(modules, name, bytes_of) for name in sorted(modules, key=lambda name: (-bytes_of.get(name, 0), name))]
    return [*told, *([f"left out, and module=NAME tells why: {' '.join(gone)}"] if gone else [])]


def sizes(folder: Path, program: str) -> dict[str, int]:
    """Return module -> bytes of its marshalled code, from what blobs.py wrote; empty before the program is built.

    folder: of the program.  program: its name, which its main module has there.
    """
    found = {}
    for path in sorted(folder.rglob("symbols.txt")):
        for row in path.read_text("utf-8").splitlines():
            _, name, size = row.split("\t")
            found["__main__" if name == program else name] = int(size)
    return found


def costed(plan: Mapping, bytes_of: Mapping[str, int]) -> dict:
    """Return a plan with each module's bytes: ``bytes`` its own, ``with`` together with those that came in through it."""
    modules = plan["modules"]
    total = dict.fromkeys(modules, 0)
    for name in modules:
        for step in chain(modules, name):
            total[step] += bytes_of.get(name, 0)
    rows = {name: {**row, "chain": chain(modules, name), "bytes": bytes_of.get(name, 0), "with": total[name]} for name, row in modules.items()}
    return {**plan, "modules": rows}


def main(arguments: list[str] | None = None) -> None:
    """Write plan.json of a program."""
    parser = argparse.ArgumentParser(prog="crosspy.closure.explain", description=main.__doc__)
    for name in ("plan", "symbols", "--output"):
        parser.add_argument(name, type=Path, **({"required": True} if name.startswith("-") else {}))
    given = parser.parse_args(arguments)
    plan = json.loads(given.plan.read_text("utf-8"))
    stages.write(given.output, json.dumps(costed(plan, sizes(given.symbols.parent, plan["name"])), indent=1, sort_keys=True) + "\n")


def command(session) -> None:
    """Print it for each chosen target (the alias ``explain``). session: crosspy.run.session.Session."""
    if session.options.profile != "minimal":
        raise UserError("scons explain", "only a program with frozen modules has a closure", "add app=PATH, or profile=minimal")
    for target in session.prepare().targets:
        folder = Path(target["app"]["folder"])
        plan = json.loads((folder / "generated" / "plan.json").read_text("utf-8"))
        known, asked = sizes(folder, plan["name"]), session.options.module
        session.say("\n".join([f"{target['name']}, {plan['name']}:", *(lines(plan, asked, known) if asked else summary(plan, known))]))


if __name__ == "__main__":
    main()

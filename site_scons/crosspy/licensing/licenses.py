"""``scons licenses``: the licence texts of what goes to the device, a table of it, and a bill of materials.

Everything is known from the plan; nothing of the target is compiled for it.
"""
from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from ..deps import record
from ..errors import UserError
from ..run import stages
from ..upstream import coreplan
from . import components, deny, licensetexts, packages, spdx
from .components import Component

FOLDER, SBOM = "licenses", "sbom.cdx.json"
LAST_SECOND = 253402300799   # of the year 9999, the last one that RFC 3339 can write


def command(session) -> None:
    """Write licenses/ for each chosen target, and print its table (the alias ``licenses``). session: crosspy.run.session.Session."""
    builds = session.prepare()
    jobs = {job.variant.name: job for job in builds.jobs}
    for target in builds.targets:
        job = jobs[target["name"]]
        found = of(target, job, session.releases)
        folder = Path(target["app"]["folder"] if "app" in target else target["folder"]) / FOLDER
        write(folder, found, lambda one: licensetexts.read(one, job, target["libraries"], Path(session.options.build_dir)),
              document(target, job, found))
        program = f", {target['app']['name']}" if "app" in target else ""
        session.say(f"{target['name']}{program}:\n{table(found)}licenses: {folder}")


def of(target: Mapping, job: stages.Job, releases) -> list[Component]:
    """Return the components of a target's plan. releases: release.Releases, for the address of CPython's source."""
    seen = scene(target, job, releases)
    carried = packages.of(target["app"], imports(target) or {}, seen.table["classifiers"]) if "app" in target else ()
    return components.of(target, seen, job.libraries, carried)


def allowed(target: Mapping, job: stages.Job, releases) -> None:
    """Raise UserError when a build would link what ``license_deny=`` denies. target: a plan, of which nothing may be there yet."""
    if not job.options.license_deny:
        return
    known = {**target, "libraries": record.expected(target, job.libraries, job.deps)}
    deny.check(known, of(known, job, releases), spdx.deny(",".join(job.options.license_deny)), job.libraries, imports(known) or {},
               job.options.deps, job.options.app)


def scene(target: Mapping, job: stages.Job, releases) -> components.Scene:
    """Return what a target's plan is looked at with."""
    carried = imports(target)
    without = [] if carried is not None else json.loads(_text(target, "install.json"))["options"]["without"]
    pin = next((one for one in releases.pins if one.version == job.release.version), None)
    return components.Scene(
        components.load(job.tables), components.upstream_packages(job.release.tree), job.release.tree, job.release.version, job.release.digest,
        pin.urls[0] if pin and pin.sha256 == job.release.digest else "", (job.toolchain.kind, job.toolchain.version), job.variant.libc.name,
        job.toolchain.libc.rpartition(" ")[2], job.variant.static, components.macros(_text(target, "pyconfig.h")),
        components.carrying(without, job.options.tests, carried.keys() if carried is not None else None))


def imports(target: Mapping) -> dict[str, Mapping] | None:
    """Return the modules that a program carries with what brought each in (its plan.json); None for root/."""
    if "app" not in target:
        return None
    return json.loads(Path(target["app"]["folder"], "generated", "plan.json").read_text("utf-8"))["modules"]


def _text(target: Mapping, name: str) -> str:
    texts = target.get("texts") or {}
    return texts[name] if name in texts else Path(target["folder"], name).read_text("utf-8")


def document(target: Mapping, job: stages.Job, found: Sequence[Component]) -> str:
    """Return the bill of materials. Raises UserError where the library for it is not installed."""
    try:
        from . import sbom   # only here: no other command needs it, and it takes a second to load
    except ImportError as error:
        raise UserError("scons licenses", f"a Python package is missing ({error.name})", "pip install -r requirements.txt") from None
    modules = {name: components.carriers(target, name, job.libraries) for name in (one.name for one in found if one.kind == "library")}
    return sbom.document(target["app"]["name"] if "app" in target else "python", target["name"], found, modules, moment(job))


def moment(job: stages.Job) -> int:
    """Return the time of a build in seconds since 1970: SOURCE_DATE_EPOCH, or else the release's own, 0 for a tree that is edited.

    Raises UserError for what is no such time (https://reproducible-builds.org/specs/source-date-epoch/).
    """
    told = os.environ.get("SOURCE_DATE_EPOCH", "")
    if not told:
        return 0 if job.release.editable else coreplan.release_epoch(job.release.tree)
    if not re.fullmatch("[0-9]{1,12}", told) or int(told) > LAST_SECOND:
        raise UserError(f"SOURCE_DATE_EPOCH={told}", f"it is no number of seconds since 1970, up to {LAST_SECOND} (the year 9999)",
                        "correct it, or take it out of the environment")
    return int(told)


def write(folder: Path, found: Sequence[Component], texts, bill: str) -> None:
    """Write licenses/: one text for each component and the bill of materials; the folder appears whole.

    texts: component -> its licence text.
    """
    part = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    for one in found:
        head = f"{one.name} {one.version}".strip() + f"\nSPDX-License-Identifier: {one.license}\n"
        (part / f"{file_name(one)}.txt").write_text(f"{head}\n{texts(one).strip()}\n", "utf-8")
    (part / SBOM).write_text(bill, "utf-8")
    (part / "licenses.txt").write_text(table(found), "utf-8")
    shutil.rmtree(folder, ignore_errors=True)
    os.rename(part, folder)


def file_name(one: Component) -> str:
    """Return the name of a component's text."""
    kind = "python-" if one.kind == "package" else ""   # a package may have any name, as that of a library
    return kind + re.sub(r"[^\w.+-]+", "-", one.name).strip("-")


def table(found: Sequence[Component]) -> str:
    """Return component, version, licence and place of each, one line each."""
    rows = [("component", "version", "licence", "where"), *((one.name, one.version, one.license, where(one)) for one in found)]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    return "".join("  ".join([*(cell.ljust(width) for cell, width in zip(row, widths)), row[3]]).rstrip() + "\n" for row in rows)


def where(one: Component) -> str:
    """Return where a component is, in a few words: the modules that bring it in, or the whole of the build."""
    if one.modules or one.python:
        return ", ".join((*one.modules, *one.python))
    return "core" if one.kind == "part" else "all that is linked" if one.kind == "runtime" else "interpreter and library"

"""What is said of a target's libraries beside its plan: in plan.json, manifest.json (by facts.json) and sizing.json.

Those texts are written with the plan, when it is not known yet which archives will be there; this adds the libraries to them.
"""
from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from ..acquire.fetch import Archive
from ..run import stages
from ..sizing.owners import shared
from .library import Library
from .linkage import Linked

SHOWN = ("name", "version", "mode", "license", "sha256", "found", "behind")


def row(library: Library, linked: Linked, pin: Archive | None) -> dict:
    """Return what is known of one library as a build uses it. pin: of its source, None for one of the sysroot.

    found: its files in the sysroot, from that one's root.  behind: libraries of the sysroot that a static link takes with it
    (deps/staticlink.py).
    """
    origin = (pin.urls[0] if pin.urls else "") if pin else ""
    return {"name": library.name, "version": linked.version, "mode": linked.mode, "license": library.licensed(linked.version), "sha256": pin.sha256 if pin else "",
            "file": pin.file if pin else "", "url": origin, "tree": pin.folder if pin else "",
            "archives": sorted(set((linked.files or {}).values())), "found": list(linked.places),
            "behind": [{"word": word, "version": version, "found": list(files)} for word, version, files in linked.behind]}


def expected(target: Mapping, libraries: Mapping[str, Library], modes: Mapping[str, str]) -> list[dict]:
    """Return the rows of a target's libraries as far as they are known before anything is fetched: the newest pin is the one."""
    found = []
    for name in (name for name in users(target["modules"], libraries) if modes[name] != "none"):
        pin = libraries[name].pins[0] if libraries[name].pins and modes[name] == "source" else None
        found.append(row(libraries[name], Linked(name, modes[name], pin.version if pin else "of the sysroot", ""), pin))
    return found


def users(modules: Mapping[str, Mapping], libraries: Mapping[str, Library]) -> dict[str, list[str]]:
    """Return library -> the modules that it is there for, directly or behind another library. modules: of a plan (coreplan.carried)."""
    found: dict[str, set[str]] = {}

    def add(name: str, module: str) -> None:
        found.setdefault(name, set()).add(module)
        for other in libraries[name].needs:
            add(other, module)
    for module, one in modules.items():
        for name in one["libraries"]:
            add(name, module)
    return {name: sorted(modules) for name, modules in sorted(found.items())}


def write(target: Mapping, libraries: Mapping[str, Library], lacking: Sequence[str] = ()) -> None:
    """Add a target's libraries to its texts; a text that says so already is not touched.

    target: with ``libraries``.  lacking: those that were to come from the sysroot, which has none of them.  A plan of profile=minimal without a program has no such texts: it links nothing.
    """
    if not target["links"]:
        return
    folder = Path(target["app"]["folder"] if "app" in target else target["folder"])
    plan = folder / ("generated/plan.json" if "app" in target else "plan.json")
    shown = [{key: one[key] for key in SHOWN if one[key] or key not in ("found", "behind")} for one in target["libraries"]]
    shown += [{"name": name, "version": "", "mode": "sysroot", "found": []} for name in lacking]
    for path in (folder / "facts.json", plan):
        _change(path, lambda data: data.update(libraries=shown))
    _change(folder / "sizing.json", lambda data: _sized(data, target, libraries))


def _change(path: Path, change) -> None:
    data = json.loads(path.read_text("utf-8"))
    change(data)
    stages.write(path, json.dumps(data, indent=1, sort_keys=True) + "\n")


def _sized(data: dict, target: Mapping, libraries: Mapping[str, Library]) -> None:
    """Tell a sizing.json which archive is of which library, and what leaving a library out takes along."""
    data["archives"] = {path: one["name"] for one in target["libraries"] for path in one["archives"]}
    links = [link for link in target["links"] if link["kind"] != "archive"]
    for told, link in zip(data["links"], links, strict=True):
        told["archives"] = [path.removeprefix("#") for path in link.get("archives", ())]
    built = {one["name"] for one in target["libraries"]}
    data["removable"] = shared(data["removable"], {name: modules for name, modules in users(target["modules"], libraries).items() if name in built})

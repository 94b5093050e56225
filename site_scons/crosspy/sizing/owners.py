"""Whose the bytes of a link are: each object's kind and module, what only one module uses, and what leaving it out takes along.

All of it follows from the plan of modules; it is written to sizing.json beside the plan, for crosspy/sizing/report.py.
"""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

from ..upstream import moduletable, upstream
from ..upstream.coreplan import CorePlan
from .sizes import CORE, EXTENSION, LIBRARY


def objects(core: CorePlan, names: Sequence[str]) -> tuple[dict[str, tuple[str, str]], dict[str, list[str]]]:
    """Return the owner of each object by its path below obj/, and the modules that use each bundled library.

    A library is an archive that upstream bundles (libmpdec), or a source that several modules list.
    """
    brings = {module.name: {**{f"{source[:-2]}.o": "" for source in module.sources},
                            **{name: PurePosixPath(archive).stem for archive in module.archives for name in core.archives[archive]}}
              for module in core.modules if module.kind != "absent"}
    return _owned(brings, names)


def _owned(brings: Mapping[str, Mapping[str, str]], names: Sequence[str]) -> tuple[dict[str, tuple[str, str]], dict[str, list[str]]]:
    """brings: module -> object -> the library that it is of, or an empty string."""
    users: dict[str, dict[str, str]] = {}
    for module, own in brings.items():
        for name, library in own.items():
            users.setdefault(name, {})[module] = library
    found, libraries = {}, {}
    for path in names:
        plain = path.removeprefix("plain/")
        modules = users.get(plain, {})
        library = next((name for name in modules.values() if name), "") or (PurePosixPath(plain).stem if len(modules) > 1 else "")
        if library:
            found[path] = LIBRARY, library
            libraries[library] = sorted({*libraries.get(library, ()), *modules})
        else:
            found[path] = (EXTENSION, *modules) if modules else (CORE, plain.removesuffix(".o"))
    return found, libraries


def frozen(makefile: upstream.Makefile) -> dict[str, str]:
    """Return the Python modules of a stock interpreter's frozen code by symbol (Programs/_freeze_module.c, get_varname)."""
    return {f"_Py_M__{one.name.replace('.', '_')}": one.name for one in makefile.frozen()}


def removable(core: CorePlan, tree: Path, tables: Path, libraries: Mapping[str, Sequence[str]]) -> dict[str, dict[str, object]]:
    """Return what goes with each extension module that can be left out: libraries that only it uses, packages that stand on it."""
    needed = {line.name for line in upstream.setup_lines(upstream.read(tree, "Modules/Setup.bootstrap.in"), "static")}
    packages = moduletable.load(tables)["packages"].values()
    return {module.name: {"how": f"disable={module.name}",
                          "libraries": [name for name, modules in libraries.items() if list(modules) == [module.name]],
                          "packages": sorted(name.removesuffix(".py") for package in packages if package["modules"][0] == module.name
                                             for name in package["files"])}
            for module in core.modules if module.kind != "absent" and module.name not in needed}


def shared(removable: Mapping[str, Mapping], users: Mapping[str, Sequence[str]]) -> dict[str, dict]:
    """Return `removable` with third-party libraries: each beside its only module, or in a row of its own with all that use it.

    users: library -> its modules.  One that a module needs which must stay has no row.
    """
    found = {name: {**row, "libraries": list(dict.fromkeys([*row["libraries"], *(one for one, modules in users.items() if list(modules) == [name])]))}
             for name, row in removable.items() if "extensions" not in row}
    for library, modules in users.items():
        if len(modules) > 1 and all(module in found for module in modules):
            rows = [found[module] for module in modules]
            how = f"disable={','.join(modules)}" if all("how" in row for row in rows) else ""
            # A module may have the library's name (zlib), and its row must stay: what is read back here is made again.
            found[library if library not in removable or "extensions" in removable[library] else f"{library} library"] = {"how": how, "extensions": list(modules),
                              "libraries": sorted({library, *(name for row in rows for name in row["libraries"]),
                                                   *(name for name, others in users.items() if set(others) <= set(modules))}),
                              "packages": sorted({name for row in rows for name in row.get("packages", ())})}
    return found


# zig's linker prints its map. Its unstripped links are no help: with debug information, its own runtime is other code. Maps of other
# toolchains' linkers have other forms, but there an unstripped link has the same layout.
MAP = {"zig": "-s -Wl,--print-map"}


def again(links: Sequence[Mapping[str, object]], toolchain: str) -> list[dict]:
    """Return the same links once more, for the report alone, with a map or with symbols: number of the link, output and command."""
    return [{"link": number, "output": f"unstripped/{str(link['output']).removeprefix('linked/')}",
             "command": " ".join(MAP.get(toolchain, "") if word == "-s" else word for word in str(link["command"]).split(" "))}
            for number, link in enumerate(links) if link["kind"] != "archive"]


def maps(toolchain: str, split: bool) -> bool:
    """Say whether a report reads maps; what is stripped after the link (debuginfo=split) has its symbols in linked/."""
    return not split and toolchain in MAP


def sizing(job, core: CorePlan, made: Mapping) -> dict:
    """Return the text of sizing.json as data: all that a report of root/ reads besides the files themselves.

    job: stages.Job.  made: the target's graph.
    """
    links = [link for link in made["links"] if link["kind"] != "archive"]
    names = dict.fromkeys(name for link in links for name in link["objects"])
    found, libraries = objects(core, list(names))
    extensions = {f"linked/{path}": name for name, path in made["extensions"].items()}
    folder = "linked" if made["split"] else "unstripped"
    device = "stripped" if made["split"] else "linked"
    return {"name": job.variant.name, "folder": job.folder, "release": job.release.version, "frozen": frozen(core.makefile),
            "maps": maps(job.toolchain.kind, made["split"]),
            "owners": found, "removable": removable(core, job.release.tree, job.tables, libraries),
            "links": [{"file": link["output"].replace("linked/", f"{device}/", 1),
                       "unstripped": link["output"].replace("linked/", f"{folder}/", 1), "objects": list(link["objects"]),
                       "rest": [EXTENSION, extensions[link["output"]]] if link["output"] in extensions else None} for link in links]}


def program(made: Mapping, name: str, names: Sequence[str]) -> dict:
    """Return sizing.json of one program of profile=minimal, which is stripped after its link.

    made: the plan of profile=minimal: ``name``, ``folder``, ``facts`` and ``parts`` (module -> objects).  name: of the program.  names:
    the objects of its link, below obj/.
    """
    rows = {row["name"]: row for row in made["facts"]["modules"]}
    brings = {}
    for module, part in made["parts"].items():
        library = next((PurePosixPath(archive).stem for archive in rows[module].get("archives", ())), "")
        brings[module] = {path: "" if f"{path[:-2]}.c" in rows[module].get("sources", ()) else library for path in part["objects"]}
    found, libraries = _owned(brings, names)
    return {"name": made["name"], "folder": made["folder"], "release": made["facts"]["release"]["version"], "frozen": {}, "maps": False,
            "owners": found,
            "removable": {module: {"libraries": [name for name, users in libraries.items() if users == [module]]} for module in brings},
            "links": [{"file": f"apps/{name}/{name}", "unstripped": f"apps/{name}/linked/{name}", "objects": list(names), "rest": None}]}

"""A closure -> what one program is made of: what is frozen into it, what it is linked from, the texts it is compiled from.

The program is ``apps/<name>/<name>`` of the build folder; profile=minimal without an application is ``python3.13`` itself.
"""
from __future__ import annotations

import json
import os
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..closure import stubs
from ..closure.closure import Closure, Entry
from ..paths import node
from ..sizing import owners
from ..upstream import makefile, upstream

LIBRARY_LEVEL, OWN_LEVEL = 2, 0  # of compile(): the library goes without docstrings and asserts, a user's own code as it is
# The import system itself: frozen under the name by which C asks for it (Python/import.c), compiled under its own.
_ALWAYS = {"importlib._bootstrap": "_frozen_importlib", "importlib._bootstrap_external": "_frozen_importlib_external"}


@dataclass(frozen=True)
class Parts:
    """One program. main: the module that runs as __main__, empty for the interpreter itself.

    data: package -> resource -> file.  metadata: distribution -> name in its .dist-info folder -> file.  top: the folder to
    which file names in tracebacks are relative.  script: the name of the file that runs, where the program has another one.
    start: which of cpython/app/ has the main function; empty: main.c, or python.c without an application.  bundle: a PEM file of
    certificates that it trusts.
    """

    name: str
    main: str
    closure: Closure
    data: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    metadata: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    top: str = ""
    script: str = ""
    start: str = ""
    bundle: str = ""


def plan(made: dict, parts: Parts, project: Path, sources: Sequence[str] = ()) -> dict:
    """Return the plan of a program: the target's, cut down to what the program takes, with its own objects and link.

    made: a plan of profile=minimal.  sources: C files of somebody else's, whose objects are linked, too.  The texts of the new plan are to be written (stages.commit).
    """
    at = f"apps/{parts.name}"
    own = f"{made['folder']}/{at}/generated"
    builtin = sorted(name for name in made["parts"] if name in parts.closure.extensions)  # a plan that was kept has them in this order
    objects = list(dict.fromkeys([*made["core"], *(name for module in builtin for name in made["parts"][module]["objects"])]))
    wanted = set(objects)
    units = [unit for unit in made["units"] if unit["object"] in wanted]
    units += _own_units(made, at, own, project, parts.start or ("main" if parts.main else "python"))
    objects += [unit["object"] for unit in units if unit["object"].startswith(f"{at}/")]
    libs = dict.fromkeys([*made["libs"].split(), *(word for module in builtin for word in made["parts"][module]["libs"])])
    link = {"output": f"{at}/linked/{parts.name}", "kind": "program", "objects": objects, "uses": [], "libs": " ".join(libs),
            "command": made["link"]}
    rows, files = frozen(parts, own, made["tree"], project)
    config = makefile.config_c(upstream.read(Path(made["tree"]), "Modules/config.c.in"), builtin)
    texts = {f"{at}/generated/{name}": text for name, text in {**files, "config.c": config}.items()}
    texts[f"{at}/generated/modules.list"] = "".join("\t".join(row) + "\n" for row in rows)
    texts[f"{at}/generated/plan.json"] = _json(to_json(parts, rows))
    texts[f"{at}/sizing.json"] = _json(owners.program(made, parts.name, [*objects, *foreign(at, sources).values()]))
    texts[f"{at}/expect.json"] = _json(made["expect"])
    texts[f"{at}/facts.json"] = _json({**made["facts"], "program": parts.name})
    inputs = sorted({row[4] for row in rows if row[4] and not row[4].startswith(made["tree"] + "/")} | _data_files(parts))
    app = {"texts": sorted(f"{made['folder']}/{name}" for name in texts), "name": parts.name, "at": f"{made['at']}/{at}",
           "folder": f"{made['folder']}/{at}", "output": link["output"],
           "inputs": [node(name) for name in inputs], "warnings": list(parts.closure.warnings)}
    kept = {key: value for key, value in made.items() if key not in ("parts", "core", "libs", "link", "expect", "facts")}
    carried = {name: made["modules"][name] for name in builtin}
    return {**kept, "units": units, "links": [link], "app": app, "modules": carried, "texts": texts}


def foreign(at: str, sources: Sequence[str]) -> dict[str, str]:
    """Return where below obj/ the objects of somebody else's sources are, two of which may have one base name."""
    found: dict[str, str] = {}
    for source in sources:
        stem = name = os.path.basename(source).rpartition(".")[0]
        number = 1
        while f"{at}/own/{name}.o" in found.values():
            number += 1
            name = f"{stem}-{number}"
        found[source] = f"{at}/own/{name}.o"
    return found


def _own_units(made: dict, at: str, own: str, project: Path, main: str) -> list[dict]:
    """Return the compiles of a program's own C files: ours, and what is generated for it."""
    app = project / "cpython" / "app"
    define = f"-DPYTHON_PREFIX='\"{made['prefix']}\"' -DPYTHON_LIBRARY='\"{made['prefix']}/lib/python{made['series']}\"'"
    files = {main: (app, define if main == "python" else ""), **({} if main == "python" else {"start": (app, "")}), "paths": (app, ""),
             "frozen": (app, shlex.join([f"-I{own}"])), "config": (own, "")}
    return [{"object": f"{at}/{name}.o", "source": node(f"{folder}/{name}.c"), "role": "core", "extra": extra, "frozen": name == "frozen"}
            for name, (folder, extra) in files.items()]


def _json(data) -> str:
    return json.dumps(data, indent=1, sort_keys=True) + "\n"


def frozen(parts: Parts, own: str, tree: str, project: Path) -> tuple[list[tuple[str, str, str, str, str]], dict[str, str]]:
    """Return the rows for crosspy/bootstrap/blobs.py, and the texts of generated sources by name.

    own: the folder of those texts.
    """
    entries = {name: entry for name, entry in parts.closure.modules.items() if entry.kind != "extension" and name not in _ALWAYS}
    rows = [(frozen_as, f"<frozen {name}>", str(LIBRARY_LEVEL), "0", f"{tree}/Lib/{name.replace('.', '/')}.py")
            for name, frozen_as in _ALWAYS.items()]
    rows += [_row(entry, parts, tree) for entry in entries.values()]
    lazy = {name: stub for name, stub in parts.closure.stubs.items() if stub.lazy}
    texts = {f"{name}.stub": stubs.source(name, stub) for name, stub in lazy.items()}
    rows += [_own(name, f"{own}/{name}.stub") for name in lazy]
    if not parts.main:
        return rows, texts
    app = project / "cpython" / "app"
    rows.append(_own("_application", f"{app}/launcher.py"))
    rows.append(_own("_application_data", f"{own}/_application_data.py"))
    resources = _lists("files", parts.data, texts) if "importlib.resources" in entries else {}
    metadata = _lists("info", parts.metadata, texts) if "importlib.metadata" in entries else {}
    for names, script in ((resources, "resources"), (metadata, "metadata")):
        if names:
            rows.append(_own(f"_application_{script}", f"{app}/{script}.py"))
            rows += [_own(module, f"{own}/{module}.files") for module in names.values()]
    if parts.bundle:
        from . import certificates  # and with it ssl, for those alone who want it
        texts["_application_certificates.py"] = f"PEM = {certificates.pem(parts.bundle)!r}\n"
        rows.append(_own("_application_certificates", f"{own}/_application_certificates.py"))
    absent = {name: stub.message for name, stub in parts.closure.stubs.items() if not stub.lazy}
    texts["_application_data.py"] = f"MAIN = {own_name(parts)!r}\nSTUBS = {absent!r}\nRESOURCES = {resources!r}\nMETADATA = {metadata!r}\nCERTIFICATES = {bool(parts.bundle)}\n"
    return rows, texts


def own_name(parts: Parts) -> str:
    """Return the name under which the module that runs is frozen: a script's own, so that multiprocessing can import it again."""
    script = parts.script or parts.name
    return parts.main if parts.main != "__main__" or script in parts.closure.modules else script


def _row(entry: Entry, parts: Parts, tree: str) -> tuple[str, str, str, str, str]:
    library, name = entry.kind == "library", own_name(parts) if entry.name == "__main__" else entry.name
    file = os.path.relpath(entry.path, parts.top) if entry.kind == "app" and parts.top and entry.path else f"<frozen {name}>"
    # relative, as commands see it: a build folder may be moved together with what it stands in
    path = os.path.relpath(entry.path) if entry.path.startswith(os.path.abspath(tree) + "/") else entry.path
    return name, file, str(LIBRARY_LEVEL if library else OWN_LEVEL), str(int(entry.package)), path


def _own(name: str, path: str) -> tuple[str, str, str, str, str]:
    return name, f"<frozen {name}>", str(LIBRARY_LEVEL), "0", path


def _lists(kind: str, groups: Mapping[str, Mapping[str, str]], texts: dict[str, str]) -> dict[str, str]:
    """Add a list of files for each group to the texts. Returns group -> the frozen module of its files."""
    names = {}
    for number, (group, files) in enumerate(sorted(groups.items())):
        names[group] = f"_application_{kind}_{number}"
        texts[f"{names[group]}.files"] = "".join(f"{name}\t{path}\n" for name, path in sorted(files.items()))
    return names


def _data_files(parts: Parts) -> set[str]:
    return {path for group in (*parts.data.values(), *parts.metadata.values()) for path in group.values()}


def to_json(parts: Parts, rows) -> dict:
    """Return what plan.json says, all but the bytes (explain.main): each module with what brought it in, what was left out, and how it lies in the program."""
    symbols = {row[0]: f"_frozen_{number}" for number, row in enumerate(rows)}
    modules = {name: {"kind": entry.kind, "parent": entry.parent, "line": entry.line, "how": entry.how}
               for name, entry in parts.closure.modules.items()}
    return {"name": parts.name, "modules": modules, "stubs": {name: stub.message for name, stub in parts.closure.stubs.items()},
            "symbols": {symbol: name for name, symbol in symbols.items()}, "warnings": list(parts.closure.warnings)}

"""The plan of a build -> what it consists of: CPython, what upstream incorporates, third-party libraries, the toolchain's own runtime.

cpython/components.toml states what upstream incorporates and what toolchains add; upstream's Misc/sbom.spdx.json has versions and
archives; deps/<name>/dep.toml the libraries. Everything else is the plan's: which objects, modules and libraries it links.
"""
from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from .. import tomlfile
from ..deps.library import PURL, Library
from ..errors import UserError
from . import spdx

TABLE = "components.toml"
_TEXTS = ("file", "section", "comment", "wheel", "text", "toolchain_file")
_ROW: tomlfile.Form = {
    "name": str, "license": str, **dict.fromkeys(("package?", "macro?", "libc?", "purl?", "cpe?", *(f"{key}?" for key in _TEXTS)), str),
    "comment?": (str, list), "static?": bool, **dict.fromkeys(("objects?", "python?", "toolchains?", "unversioned?"), list)}
FORM: tomlfile.Form = {"cpython": _ROW, "part": [_ROW], "runtime": [_ROW], "elsewhere?": {"sections": list}, "classifiers": {"*": str}}


@dataclass(frozen=True)
class Component:
    """One piece of somebody's work in a build. license: an SPDX expression.

    kind: ``interpreter``, ``part`` (of CPython), ``library``, ``behind`` (linked since a library of the sysroot needs it), ``runtime``, or
    ``package`` of Python, with a program.  modules: extension
    modules that bring it in, none for the core.  python: modules of the library that are it, or of a package.  files: of the device, below
    the build folder.  needs: other components' names.  texts: how its licence is told -> where (components.toml), or ``tree``,
    ``tree_comment``: a file of its own source, and what one begins with; ``metadata``: a .dist-info folder.  url, sha256: of its source, as
    far as they are known.  purl, cpe: who it is (package-url, CPE 2.3), without the version.
    """

    name: str
    version: str
    license: str
    kind: str
    modules: tuple[str, ...] = ()
    python: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    texts: tuple[tuple[str, str], ...] = ()
    homepage: str = ""
    url: str = ""
    sha256: str = ""
    mode: str = ""
    purl: str = ""
    cpe: str = ""


@dataclass(frozen=True)
class Scene:
    """What a plan is looked at with. table: components.toml.  upstream: Misc/sbom.spdx.json, by name.

    tree, version, digest, url: of CPython's source.  toolchain: kind and version.  libc, libc_version, static: of the target.  macros:
    those that its pyconfig.h defines.  carries: whether a module or package of the library goes to the device.
    """

    table: Mapping
    upstream: Mapping[str, Mapping]
    tree: Path
    version: str
    digest: str
    url: str
    toolchain: tuple[str, str]
    libc: str
    libc_version: str
    static: bool
    macros: Collection[str]
    carries: Callable[[str], bool]


def load(tables: Path) -> dict:
    """Read components.toml. Raises UserError that lists all that is wrong with it."""
    path = tables / TABLE
    data = tomlfile.read(path, form=FORM)
    rows = [("cpython", data["cpython"]), *((f"{kind} ({row['name']})", row) for kind in ("part", "runtime") for row in data[kind])]
    problems = [f"{where} has none of {', '.join(_TEXTS)}" for where, row in rows if not any(row.get(key) for key in _TEXTS)]
    problems += [f"{where}: name is empty" for where, row in rows if not row["name"].strip()]
    problems += [f"{where}: {row['purl']!r} is no purl" for where, row in rows if "purl" in row and not PURL.fullmatch(row["purl"])]
    problems += [f"{where}: {row['wheel']!r} is no pattern of files of the tree" for where, row in rows
                 if "wheel" in row and not tomlfile.PATTERN.fullmatch(row["wheel"])]
    if problems:
        raise UserError(str(path), "; ".join(problems), "see its comments and other entries")
    return data


def upstream_packages(tree: Path) -> dict[str, dict]:
    """Return what upstream says of the packages that it bundles (Misc/sbom.spdx.json, SPDX 2.3), by name; nothing where that cannot be read."""
    try:
        packages = json.loads((tree / "Misc" / "sbom.spdx.json").read_text("utf-8"))["packages"]
        told = {row["name"]: {"version": row["versionInfo"], "url": row["downloadLocation"], **_identity(row.get("externalRefs", ())),
                              "sha256": next((one["checksumValue"] for one in row["checksums"] if one["algorithm"] == "SHA256"), "")}
                for row in packages}
        return {name: row for name, row in told.items() if all(isinstance(text, str) for text in (name, *row.values()))}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}


def _identity(references: Sequence[Mapping]) -> dict[str, str]:
    """Return purl and cpe of a package without the version, of those that it states."""
    told = {one["referenceType"]: one["referenceLocator"] for one in references}
    found = {"purl": told.get("purl", "").partition("@")[0], "cpe": ":".join(told.get("cpe23Type", "").split(":")[:5])}
    return {key: value for key, value in found.items() if value}


def of(plan: Mapping, scene: Scene, libraries: Mapping[str, Library], packages: Sequence[Component] = ()) -> list[Component]:
    """Return the components of one target's plan, those first that everything stands on; packages, of a program, last.

    plan: of a target or a program: ``links``, ``modules`` (name -> ``libraries`` and ``objects``), ``libraries`` (rows of
    deps/record.py), ``app``.  libraries: all that are known.
    """
    files = device_files(plan)
    everything = tuple(sorted(set(files.values())))
    parts = [part for row in scene.table["part"] if (part := _part(row, plan, scene, files))]
    linked = [_library(row, plan, libraries, files) for row in plan["libraries"]]
    linked += _behind(plan, libraries, files)
    runtime = {row["name"]: row for row in reversed(scene.table["runtime"]) if _fits(row, scene)}
    last = [Component(row["name"], _runtime_version(row, scene), row["license"], "runtime", files=everything,
                      texts=_texts(row), **_names(row)) for row in runtime.values()]
    row = scene.table["cpython"]
    first = Component(row["name"], scene.version, row["license"], "interpreter", files=everything, texts=_texts(row),
                      needs=tuple(one.name for one in (*parts, *linked, *last)), homepage="https://www.python.org/", url=scene.url,
                      sha256=scene.digest, **_names(row))
    return [first, *parts, *linked, *last, *packages]


def device_files(plan: Mapping) -> dict[str, str]:
    """Return the output of each link -> the file that it is on the device."""
    if "app" in plan:
        return {link["output"]: f"apps/{plan['app']['name']}/{plan['app']['name']}" for link in plan["links"]}
    return {link["output"]: PurePosixPath(link["output"].removeprefix("linked/")).name for link in plan["links"] if link["kind"] != "archive"}


def carriers(plan: Mapping, name: str, libraries: Mapping[str, Library]) -> dict[str, list[str]]:
    """Return the modules that bring a library in, each with the libraries between it and that one."""
    found = {}

    def path(at: str) -> list[str] | None:
        if at == name:
            return []
        for other in libraries[at].needs:
            if (rest := path(other)) is not None:
                return [at, *rest]
        return None
    for module, row in plan["modules"].items():
        ways = [way for used in row["libraries"] if (way := path(used)) is not None]
        if ways:
            found[module] = min(ways, key=len)
    return found


def _files_of(modules: Collection[str], plan: Mapping, files: Mapping[str, str]) -> tuple[str, ...]:
    """The files of the device that hold one of some modules."""
    wanted = {name for module in modules for name in plan["modules"][module]["objects"]}
    return tuple(sorted({files[link["output"]] for link in plan["links"] if link["output"] in files and wanted & set(link["objects"])}))


def _part(row: Mapping, plan: Mapping, scene: Scene, files: Mapping[str, str]) -> Component | None:
    begins = tuple(row.get("objects", ()))
    mine = {link["output"] for link in plan["links"] if link["output"] in files and any(name.startswith(begins) for name in link["objects"])}
    python = tuple(name for name in row.get("python", ()) if scene.carries(name))
    if not (begins and mine or python) or row.get("macro", "") not in {"", *scene.macros}:
        return None
    modules = tuple(name for name, one in plan["modules"].items() if begins and any(object.startswith(begins) for object in one["objects"]))
    told = scene.upstream.get(row.get("package", ""), {})
    known = {"purl": f"pkg:generic/{row['package']}" if "package" in row else "", **told, **row}
    version = told.get("version") or _wheel_version(row, scene.tree) or f"in CPython {scene.version}"
    return Component(row["name"], version, row["license"], "part", modules, python, tuple(sorted({files[output] for output in mine})),
                     texts=_texts(row), url=told.get("url", ""), sha256=told.get("sha256", ""), **_names(known))


def _wheel_version(row: Mapping, tree: Path) -> str:
    """The version in the name of a wheel (PEP 427)."""
    found = sorted(tree.glob(row["wheel"])) if "wheel" in row else []
    return found[0].name.partition("-")[2].partition("-")[0] if found else ""


def _library(row: Mapping, plan: Mapping, libraries: Mapping[str, Library], files: Mapping[str, str]) -> Component:
    known = libraries[row["name"]]
    modules = tuple(carriers(plan, known.name, libraries))
    texts = (*(("tree", name) for name in known.license_files), *(("tree_comment", name) for name in known.license_comments),
             *([("text", known.license_text)] if known.license_text else []))
    return Component(known.name, row["version"], known.licensed(row["version"]), "library", modules, (), _files_of(modules, plan, files), known.needs,
                     texts, known.homepage, row["url"], row["sha256"], row["mode"], known.purl, known.cpe)


def _names(row: Mapping) -> dict[str, str]:
    return {key: row[key] for key in ("purl", "cpe") if key in row}


def _runtime_version(row: Mapping, scene: Scene) -> str:
    if scene.toolchain[0] in row.get("unversioned", ()):
        return "of unknown version"
    return scene.libc_version if "libc" in row else scene.toolchain[1]


def _fits(row: Mapping, scene: Scene) -> bool:
    return (row.get("libc", scene.libc) == scene.libc and row.get("static", scene.static) == scene.static
            and scene.toolchain[0] in row.get("toolchains", [scene.toolchain[0]]))


def _texts(row: Mapping) -> tuple[tuple[str, str], ...]:
    return tuple((key, place) for key in _TEXTS if key in row for place in (row[key] if isinstance(row[key], list) else [row[key]]))


def macros(header: str) -> frozenset[str]:
    """Return the macros that a pyconfig.h defines."""
    return frozenset(re.findall(r"^#define (\w+)", header, re.M))


def carrying(without: Sequence[str], tests: bool, modules: Collection[str] | None) -> Callable[[str], bool]:
    """Return whether a module of the library goes to the device.

    modules: those of a program; None for root/, which has all but the packages `without` and, unless `tests`, the test package.
    """
    def carries(name: str) -> bool:
        if modules is not None:
            return name in modules
        top = name.partition(".")[0]
        return top not in without and (tests or top != "test")
    return carries


def _behind(plan: Mapping, libraries: Mapping[str, Library], files: Mapping[str, str]) -> list[Component]:
    """Return what static libraries of a sysroot bring along (deps/staticlink.py): nothing says under which licence, but of those that we know."""
    owners = {word: library for library in libraries.values() for word in library.links}
    listed, found = {row["name"] for row in plan["libraries"]}, dict[str, Component]()
    for row in plan["libraries"]:
        modules = tuple(carriers(plan, row["name"], libraries))
        for one in row.get("behind", ()):
            known, version = owners.get(one["word"]), one["version"]
            name = known.name if known else one["word"].removeprefix("-l")
            before = found.get(name)
            if name not in listed:
                both = tuple(dict.fromkeys((*(before.modules if before else ()), *modules)))
                found[name] = Component(name, version, known.licensed(version) if known else spdx.UNKNOWN, "behind", both, (),
                                        _files_of(both, plan, files), texts=(("text", f"{' '.join(one['found'])} of the sysroot"),), mode="sysroot",
                                        homepage=known.homepage if known else "", purl=known.purl if known else "", cpe=known.cpe if known else "")
    return list(found.values())

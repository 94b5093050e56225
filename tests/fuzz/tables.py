"""Readers of tables that people edit, with what stands behind each: of a damaged table it must be of use, or not begin."""
from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

from closures import RULES
from mutations import PROJECT, refused
from test_modules import CONFIGURE, SETUP, VARIABLES

from crosspy.acquire import release
from crosspy.apps import programs
from crosspy.closure import carried, closuretable
from crosspy.closure.cimports import CImports
from crosspy.closure.closure import Program
from crosspy.closure.stdlib import closure_of
from crosspy.configure import differences, tables
from crosspy.deps import building, library
from crosspy.errors import UserError
from crosspy.licensing import components, deny, licenses, licensetexts, packages, sbom
from crosspy.ontarget import expectations
from crosspy.root import installed
from crosspy.run import treestate
from crosspy.sizing import owners
from crosspy.upstream import drift, modules, moduletable, stableabi
from crosspy.variants import variant

KNOWN = {"mips-linux-gnu": PROJECT / "variants/mips-linux-gnu"}
COMPONENTS = components.load(PROJECT / "cpython")
LIBRARIES = {"expat": library.Library("expat", "", "MIT", ""), "openssl": library.Library("openssl", "", "Apache-2.0", "https://x")}


@dataclass(frozen=True)
class Table:
    """originals: the project's own files, or texts.  file: its name.  read: takes its path."""

    originals: str | tuple[str, ...]
    file: str
    read: Callable[[Path], object]

    def texts(self) -> list[str]:
        """Return what is damaged."""
        if isinstance(self.originals, tuple):
            return list(self.originals)
        return [path.read_text("utf-8") for path in sorted(PROJECT.glob(self.originals))]


def read_modules(path: Path) -> None:
    """Make a plan with modules.toml, and all that else is made of it."""
    folder = path.parent
    (folder / "Modules").mkdir(exist_ok=True)
    for name, text in {"configure.ac": CONFIGURE, "Makefile.pre.in": "LIBMPDEC_A= a.a\n", "Modules/Setup.stdlib.in": SETUP,
                       "Modules/Setup.bootstrap.in": "*static*\natexit atexitmodule.c\n", "Modules/config.c.in": ""}.items():
        (folder / name).write_text(text)
    moduletable.load.cache_clear()
    found = modules.plan(folder, folder, VARIABLES, "shared", modules.Request("auto", disable=frozenset({"ssl"})))
    modules.for_bootstrap(folder, folder, modules.with_one_copy(folder, found, ["ncurses"]))
    installed.left_out(found, folder)
    carried.reasons(folder, folder, modules.to_json(found))
    owners.removable(SimpleNamespace(modules=found), folder, folder, {})
    treestate.shapers(SimpleNamespace(editable=True, tree=folder), folder.parent)
    table = moduletable.load(folder)
    assert all(isinstance(name, str) for name in (*table["exports"]["core"], *table["shebangs"]["device"], *table["static"]["data"]))


def read_minimal(path: Path) -> None:
    """Ask for the modules of minimal.toml."""
    closure_of(Program({}, {}, tuple(programs.minimal(path)), "profile=minimal"), {}, CImports({}, frozenset()), {"os": "", "math": "x"}, RULES)


def read_library(path: Path) -> None:
    """Read a dep.toml, and what its library's own rules are to read of it."""
    found = library.load(path)
    assert all(isinstance(found.licensed(version), str) for version in ("1.0", "5.6.0", "", "²"))
    assert all(pin.file and pin.folder for pin in found.pins)
    building.facts(found)
    library.load_all(path.parent.parent)


def read_components(path: Path) -> None:
    """Make everything of components.toml that ``scons licenses`` and ``license_deny=`` do."""
    judge_components(components.load(path.parent), {})


def judge_components(table: dict, upstream: dict) -> None:
    """List the components of a plan that has all parts of a table. upstream: what that says of them."""
    starts = [name for row in table["part"] for name in row.get("objects", ())]
    rows = {"pyexpat": {"objects": ["Modules/pyexpat.o", *(f"{start}x.o" for start in starts)], "libraries": ["expat"]}}
    plan = {"name": "x", "links": [{"output": "linked/python", "kind": "program", "objects": [*rows["pyexpat"]["objects"], "Objects/a.o"]}],
            "modules": rows, "libraries": [{"name": "expat", "version": "1.0", "url": "", "sha256": "", "mode": "source", "license": "MIT"}]}
    scene = components.Scene(table, upstream, Path("/nowhere"), "3.13.15", "ef" * 32, "https://p", ("zig", "0.17"), "musl", "1.2", True,
                             {"WITH_MIMALLOC"}, lambda name: True)
    found = components.of(plan, scene, LIBRARIES)
    assert licenses.table(found) and sbom.document("python", "x", found, {}, 0)
    assert all(licenses.file_name(one) for one in found)
    job = SimpleNamespace(release=SimpleNamespace(tree=PROJECT), toolchain=SimpleNamespace(cc=["/usr/bin/cc"]), found={}, libraries=LIBRARIES)
    for one in found:
        refused(lambda one=one: licensetexts.read(one, job, [], PROJECT))
    deny.check(plan, found, {"MIT"}, LIBRARIES, {}, "source", "")


def read_bill(path: Path) -> None:
    """Make a bill of materials with what upstream says of its parts (Misc/sbom.spdx.json)."""
    told = components.upstream_packages(path.parents[1])
    try:
        judge_components({**COMPONENTS, "part": [row for row in COMPONENTS["part"] if row.get("package") == "expat"]}, told)
    except UserError as error:
        assert error.where.startswith("license_deny=")


def read_metadata(path: Path) -> None:
    """Make a component of a dependency's METADATA."""
    inputs = [f"{path.parents[1]}/spam/__init__.py", str(path)]
    program = {"name": "app", "inputs": inputs}
    (path.parent / "top_level.txt").write_text("spam\n")
    found = packages.of(program, {"spam": {"kind": "path"}}, {"MIT License": "MIT"})
    folders = [place for one in found for how, place in one.texts if how == "metadata"]
    assert all(packages.said(place) is not None and packages.texts(place) is not None for place in folders)
    python = components.Component("CPython", "3.13", "Python-2.0.1", "interpreter")
    assert licenses.table(found) and sbom.document("app", "x", [python, *found], {}, 0)


BILL = json.dumps({"packages": [
    {"name": "expat", "versionInfo": "2.8.2", "downloadLocation": "https://e", "checksums": [{"algorithm": "SHA256", "checksumValue": "ab" * 32}],
     "externalRefs": [{"referenceType": "cpe23Type", "referenceLocator": "cpe:2.3:a:libexpat_project:libexpat:2.8.2:*:*:*:*:*:*:*"},
                      {"referenceType": "purl", "referenceLocator": "pkg:pypi/macholib@1.0"}]}]}, indent=0)
METADATA = """\
Metadata-Version: 2.4
Name: spam
Version: 1.0
License-Expression: MIT OR Apache-2.0
License-File: LICENSE
Classifier: License :: OSI Approved :: MIT License
Home-page: https://spam.example/
Project-URL: Homepage, https://spam.example/
Requires-Dist: eggs>=1; extra == "x"

Words.
"""
ABI = '[function.PyLong_FromLong]\nadded = "3.2"\n[function.PyOS_x]\nifdef = "MS_WINDOWS"\n[data.PyType]\nadded = "3.2"\n[macro.X]\n'
TABLES = {
    "variant": Table("variants/*/variant.toml", "arm-linux-gnu/variant.toml", lambda path: variant.load(path.parent)),
    "board": Table("variants/boards/*/variant.toml", "board/variant.toml", lambda path: variant.load(path.parent, KNOWN)),
    "releases": Table("cpython/releases.toml", "releases.toml", release.load_pins),
    "probes": Table("cpython/probes.toml", "probes.toml", tables.load),
    "parity": Table("cpython/parity.toml", "parity.toml", differences.load),
    "closure": Table("cpython/closure.toml", "closure.toml", closuretable.load),
    "upstream": Table("cpython/upstream.toml", "upstream.toml", drift.load),
    "expectations": Table("variants/exp*", expectations.FILE, lambda path: expectations.load([path.parent], ["arm-linux-gnu"], True)),
    "modules": Table("cpython/modules.toml", "cpython/modules.toml", read_modules),
    "minimal": Table("cpython/minimal.toml", "minimal.toml", read_minimal),
    "library": Table("deps/*/dep.toml", "xz/dep.toml", read_library),
    "components": Table("cpython/components.toml", components.TABLE, read_components),
    "bill": Table((BILL,), "Misc/sbom.spdx.json", read_bill),
    "metadata": Table((METADATA,), "spam-1.0.dist-info/METADATA", read_metadata),
    "abi": Table((ABI,), "Misc/stable_abi.toml", lambda path: stableabi.symbols(path.parents[1], {"MS_WINDOWS": False})),
}

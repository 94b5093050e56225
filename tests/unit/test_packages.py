"""Python packages that a program carries: who they are, under which licence, and what a gate makes of those that do not say."""
import json

import pytest
from samples import PROJECT
from test_application import MADE
from test_components import APP, KNOWN, scene

from crosspy.apps import application
from crosspy.closure.closure import Closure, Entry
from crosspy.errors import UserError
from crosspy.licensing import components, deny, licenses, licensetexts, packages, sbom, spdx

CLASSIFIERS = components.load(PROJECT / "cpython")["classifiers"]
OSI = "Classifier: License :: OSI Approved"


def install(site, name, version="1.0", fields="", modules=(), files=()):
    """Lay a package out as pip install --target does."""
    info = site / f"{name}-{version}.dist-info"
    info.mkdir(parents=True)
    modules = modules or (name,)
    for module in modules:
        (site / f"{module}.py").write_text("")
    (info / "METADATA").write_text(f"Metadata-Version: 2.4\nName: {name}\nVersion: {version}\n{fields}\n\nLicense: of the long text, which is no field\n")
    (info / "top_level.txt").write_text("".join(f"{module}\n" for module in modules))
    for path, text in dict(files).items():
        (info / path).parent.mkdir(parents=True, exist_ok=True)
        (info / path).write_text(text)
    return info


def program(site, carried):
    """What a plan says of a program that carries some modules of a folder: its files, and its imports."""
    inputs = [*(str(site / f"{name}.py") for name in carried), *(str(path) for path in site.rglob("*.dist-info/*"))]
    row = {"line": 1, "how": ""}
    modules = {"tool": {"kind": "app", "parent": "", **row}, **{name: {"kind": "path", "parent": "tool", **row} for name in carried}}
    return {"name": "tool", "inputs": inputs}, modules


def found(site, *carried):
    return {one.name: one for one in packages.of(*program(site, carried), CLASSIFIERS)}


@pytest.mark.parametrize("fields, licence", [
    ("License-Expression: MIT OR Apache-2.0\nLicense: GPL", "MIT OR Apache-2.0"), ("License: bsd-3-clause", "BSD-3-Clause"), ("License: GPL-3.0+", "GPL-3.0-or-later"),
    (f"License: MIT license\n{OSI}\n{OSI} :: MIT License", "MIT"), (f"{OSI} :: GNU General Public License v3 or later (GPLv3+)", "GPL-3.0-or-later"),
    ("License: " + "Permission is\n granted. " * 40, spdx.UNKNOWN), (f"{OSI} :: MIT License\n{OSI} :: Python Software Foundation License", spdx.UNKNOWN),
    (f"{OSI} :: BSD License", spdx.UNKNOWN), ("License: GPL-3.0", spdx.UNKNOWN), ("License: UNKNOWN", spdx.UNKNOWN), ("", spdx.UNKNOWN),
    ("License-Expression: LicenseRef-house-rules", "LicenseRef-house-rules")])
def test_a_licence_is_what_the_metadata_states_clearly(tmp_path, fields, licence):
    install(tmp_path, "one", fields=fields)
    assert found(tmp_path, "one")["one"].license == licence


def test_every_licence_of_the_table_of_classifiers_is_in_spdx_s_list():
    assert {name for name, licence in CLASSIFIERS.items() if spdx.stated(licence) != licence} == set()


def test_a_package_is_a_component_when_a_module_of_it_is_carried(tmp_path):
    install(tmp_path, "Typed_Things", "2.1", "License: MIT\nProject-URL: Homepage, https://t\nRequires-Dist: one>=1; python_version > '3'\nRequires-Dist: gone",
            ("typed", "things"))
    install(tmp_path, "one", fields="License: ISC")
    install(tmp_path, "other", fields="License: GPL-3.0-or-later")
    told = found(tmp_path, "things", "things.inner", "one")
    assert list(told) == ["Typed_Things", "one"]
    typed = told["Typed_Things"]
    assert (typed.version, typed.python, typed.files, typed.needs) == ("2.1", ("things",), ("apps/tool/tool",), ("one",))
    assert typed.purl == "pkg:pypi/typed-things" and typed.homepage == "https://t"


def test_a_module_without_metadata_is_a_component_that_says_so(tmp_path):
    (tmp_path / "lone.py").write_text("")
    install(tmp_path / "pack/_vendor", "lone", fields="License: MIT")   # another copy of it, which a package brings along
    assert [(one.version, one.license, one.texts) for one in found(tmp_path, "lone").values()] == [("", spdx.UNKNOWN, ())]
    assert licensetexts.read(found(tmp_path, "lone")["lone"], JOB, [], tmp_path) == "No licence text comes with it."


def test_texts_are_the_licence_files_of_the_metadata(tmp_path):
    info = install(tmp_path, "one", fields="License-Expression: MIT\nLicense-File: TERMS\nLicense-File: ../../secret",
                   files={"licenses/LICENSE": "new", "licenses/sub/NOTICE": "inner", "LICENSE.txt": "old", "TERMS": "named", "RECORD": "no"})
    (tmp_path.parent / "secret").write_text("no")
    assert packages.texts(str(info)) == [("licenses/LICENSE", "new"), ("licenses/sub/NOTICE", "inner"), ("TERMS", "named"), ("LICENSE.txt", "old")]
    one = found(tmp_path, "one")["one"]
    text = licensetexts.read(one, JOB, [], tmp_path)
    assert text.startswith("License-Expression: MIT") and "==== licenses/LICENSE\n\nnew" in text and licenses.file_name(one) == "python-one"


def test_a_licence_file_with_a_name_that_no_file_can_have_is_none(tmp_path):
    info = install(tmp_path, "one", fields="License-File: " + "x" * 300 + "\nLicense-File: a\0b\nLicense-File: sub\nLicense-File: TERMS",
                   files={"TERMS": "named", "sub/x": "no"})
    assert packages.texts(str(info)) == [("TERMS", "named")]


def test_what_a_plan_says_of_a_program_tells_its_packages(tmp_path, monkeypatch):
    info = install(tmp_path / "site", "one", fields="License: ISC")
    template = tmp_path / "tree" / "Modules" / "config.c.in"
    template.parent.mkdir(parents=True)
    template.write_text("/* -- ADDMODULE MARKER 1 -- */\n/* -- ADDMODULE MARKER 2 -- */\n")
    monkeypatch.setattr(application.owners, "program", lambda *arguments: {})
    entries = [Entry("__main__", "app", f"{tmp_path}/tool.py", how="application"), Entry("one", "path", f"{tmp_path}/site/one.py", parent="__main__", line=1)]
    parts = application.Parts("tool", "__main__", Closure({entry.name: entry for entry in entries}, {}), {},
                              {"one": {path.name: str(path) for path in info.iterdir()}}, str(tmp_path))
    plan = application.plan({**MADE, "tree": str(tmp_path / "tree")}, parts, PROJECT)
    modules = json.loads(plan["texts"]["apps/tool/generated/plan.json"])["modules"]
    assert [(one.name, one.license) for one in packages.of(plan["app"], modules, CLASSIFIERS)] == [("one", "ISC")]


class JOB:
    release = type("Release", (), {"tree": PROJECT})
    toolchain = type("Toolchain", (), {"cc": ("/bin/cc",)})
    found: dict = {}


def refusal(site, *carried, against="GPL-3.0-or-later"):
    app, modules = program(site, carried)
    every = components.of({**APP, "libraries": []}, scene(carries=components.carrying([], False, modules)), KNOWN, packages.of(app, modules, CLASSIFIERS))
    with pytest.raises(UserError) as caught:
        deny.check(APP, every, spdx.deny(against), KNOWN, modules, "none", "tool.py")
    return caught.value


def test_a_denied_licence_of_a_package_is_told_with_the_imports_that_bring_it_in(tmp_path):
    install(tmp_path, "copyleft", fields="License: GPL-3.0-or-later")
    error = refusal(tmp_path, "copyleft")
    assert error.what == "GPL-3.0-or-later: copyleft 1.0 <- module copyleft <- tool <- app=tool.py"
    assert error.fix == "use exclude=copyleft, or take the licence off"


def test_a_package_that_does_not_say_its_licence_passes_no_gate(tmp_path):
    install(tmp_path, "vague", fields=f"{OSI} :: BSD License")
    (tmp_path / "lone.py").write_text("")
    error = refusal(tmp_path, "vague", "lone", against="AGPL-3.0-only")
    assert "its metadata states no SPDX licence: vague 1.0 <- module vague" in error.what and "lone <- module lone" in error.what
    assert error.fix == "use exclude=vague,lone, or state a License-Expression in METADATA of the .dist-info of vague and lone, or take the licence off"


def test_a_bill_of_materials_has_the_packages_and_what_they_need(tmp_path):
    install(tmp_path, "openssl", fields="License: MIT\nRequires-Dist: one")   # named as a library
    install(tmp_path, "one", fields="License: BSD")
    app, modules = program(tmp_path, ["openssl", "one"])
    every = components.of(APP, scene(), KNOWN, packages.of(app, modules, CLASSIFIERS))
    told = json.loads(sbom.document("tool", "x", every, {"openssl": {"_ssl": []}}, 0))
    needs = {row["ref"]: row.get("dependsOn", []) for row in told["dependencies"]}
    assert needs["build:tool@x"] == ["interpreter:CPython", "package:one", "package:openssl"]
    assert needs["package:openssl"] == ["package:one"] and needs["module:_ssl"] == ["library:openssl"] and "package:one" not in needs["interpreter:CPython"]
    one = next(row for row in told["components"] if row["bom-ref"] == "package:one")
    assert one["purl"] == "pkg:pypi/one@1.0" and one["licenses"] == [{"expression": spdx.UNKNOWN}]

"""Licence texts from where they are, and the bill of materials: reproducible, complete, of the standard's form."""
import json
import re
import zipfile
from types import SimpleNamespace

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from crosspy.deps import record
from crosspy.deps.library import Library, load_all
from crosspy.deps.linkage import Linked
from crosspy.errors import UserError
from crosspy.licensing import components, licenses, licensetexts, sbom
from crosspy.licensing.components import Component
from samples import PROJECT
from test_components import KNOWN, PLAN, TABLE, found

LICENSE_RST = """Licenses and Acknowledgements for Incorporated Software
=======================================================

This section is a list.


Sockets
-------

The :mod:`socket` module uses :c:func:`!getaddrinfo` and
:mod:`pyexpat <xml.parsers.expat>`::

   Copyright (C) 1995 WIDE Project.

     * All rights reserved.

.. _other:

zlib
----

About zlib.
"""


def test_a_section_of_upstream_s_list_is_plain_text():
    assert list(licensetexts.sections("History\n=======\n\n" + LICENSE_RST)) == ["Sockets", "zlib"]
    text = licensetexts.section(LICENSE_RST, "Sockets")
    assert text == "The socket module uses getaddrinfo and\npyexpat:\n\n   Copyright (C) 1995 WIDE Project.\n\n     * All rights reserved."
    assert licensetexts.section(LICENSE_RST, "Gone") == ""


def test_a_comment_is_text_without_its_stars():
    assert licensetexts.comment("/* MIT License\n *\n * Copyright\n */\nint a; /* b */\n") == "MIT License\n\nCopyright"


def test_all_comments_that_a_file_begins_with_are_text_but_those_of_version_control():
    head = "/*\t$NetBSD: a.c,v 1.4 $\t*/\n/*\t$OpenBSD: a.c $ */\n\n/*-\n * Copyright (c) 1\n */\n\n/*-\n * Copyright (c) 2\n */\n#include <a.h>\n/* no */\n"
    assert licensetexts.comment(head) == "Copyright (c) 1\n\nCopyright (c) 2"
    assert licensetexts.comment("int a;") == ""


@pytest.mark.parametrize("source, said", [
    ("#!/usr/bin/env python3\n#---\n# Copyright (C) X\n#\n# Permission\n\nimport a\n# no\n", "Copyright (C) X\n\nPermission"),
    ('"""What it does.\n"""\n__copyright__ = """\nCopyright Y.\n  Redistribution\n"""\n', "Copyright Y.\n  Redistribution"),
    ('""" robots\n\n    Copyright (C) Z\n    1) GPL\n"""\n', "robots\n\nCopyright (C) Z\n1) GPL"), ("# a\nimport b\n", ""),
    ("#! /usr/bin/python\n# by A\n\n\"\"\"Doc.\"\"\"\n\n# (c) 2005 B\n# Licensed\n", "(c) 2005 B\nLicensed")])
def test_a_python_file_tells_its_licence_in_its_first_lines_or_in_a_text(source, said):
    assert licensetexts.heading(source) == said


@pytest.fixture
def job(tmp_path):
    tree = tmp_path / "tree"
    (tree / "Doc").mkdir(parents=True)
    (tree / "Doc/license.rst").write_text(LICENSE_RST)
    (tree / "LICENSE").write_text("the whole stack\n")
    (tmp_path / "zig").mkdir()
    (tmp_path / "zig/LICENSE").write_text("zig's\n")
    with zipfile.ZipFile(tree / "pip-1.2-py3-none-any.whl", "w") as wheel:
        wheel.writestr("pip-1.2.dist-info/licenses/LICENSE.txt", "pip's")
        wheel.writestr("pip/code.py", "LICENSE")
    return SimpleNamespace(release=SimpleNamespace(tree=tree), toolchain=SimpleNamespace(cc=(str(tmp_path / "zig" / "zig"),)), found={}, libraries={})


@pytest.mark.parametrize("texts, said", [
    ([("file", "LICENSE"), ("section", "zlib")], "the whole stack\n\nAbout zlib."), ([("toolchain_file", "LICENSE")], "zig's"),
    ([("wheel", "pip-*.whl")], "==== pip-1.2.dist-info/licenses/LICENSE.txt\n\npip's"), ([("text", "as it is\n")], "as it is")])
def test_a_text_is_read_from_where_the_table_says(job, tmp_path, texts, said):
    assert licensetexts.read(Component("a", "1", "MIT", "part", texts=tuple(texts)), job, [], tmp_path) == said


@pytest.mark.parametrize("how, place", [("file", "a\0b"), ("file", "."), ("comment", "x\0.c"), ("wheel", "*.whl")])
def test_a_text_that_cannot_be_read_is_told_with_its_file(job, tmp_path, how, place):
    (tmp_path / "damaged-1.0.whl").write_bytes(b"PK\5\6")
    job.release.tree = tmp_path
    with pytest.raises(UserError) as caught:
        licensetexts.read(Component("x", "1", "MIT", "part", texts=((how, place),)), job, [], tmp_path)
    assert caught.value.where.startswith(str(tmp_path))


def test_a_purl_that_is_none_is_left_out_of_a_bill_of_materials():
    one = Component("a?b", "1.0", "MIT", "package")
    told = sbom.document("python", "x", [one, Component("c", "1.0", "MIT", "package", purl="pkg:pypi//")], {}, 0)
    assert "purl" not in told and "a?b" in told


def test_a_library_s_text_is_a_file_of_its_source_and_a_missing_one_is_told(job, tmp_path):
    one = Component("z", "1.0", "Zlib", "library", texts=(("tree", "COPYING"),), homepage="https://z")
    (tmp_path / "sources/z-1.0").mkdir(parents=True)
    with pytest.raises(UserError, match="cannot be read"):
        licensetexts.read(one, job, [{"name": "z", "tree": "z-1.0"}], tmp_path)
    (tmp_path / "sources/z-1.0/COPYING").write_text("z's")
    assert licensetexts.read(one, job, [{"name": "z", "tree": "z-1.0"}], tmp_path) == "z's"
    assert "https://z" in licensetexts.read(one, job, [{"name": "z", "tree": ""}], tmp_path)   # of a sysroot


def test_a_licence_that_stands_in_a_file_of_a_library_is_a_text_too(job, tmp_path):
    (tmp_path / "sources/z-1.0/src").mkdir(parents=True)
    (tmp_path / "sources/z-1.0/src/a.c").write_text("/* Permission to use */\nint a;\n")
    one = Component("z", "1.0", "ISC", "library", texts=(("tree_comment", "src/a.c"),), homepage="https://z")
    assert licensetexts.read(one, job, [{"name": "z", "tree": "z-1.0"}], tmp_path) == "Permission to use"
    assert licensetexts.read(one, job, [{"name": "z", "tree": ""}], tmp_path) == ""


@pytest.mark.parametrize("place", ["usr/share/licenses/gdbm/COPYING", "usr/share/doc/libgdbm6/copyright"])
def test_a_library_of_the_sysroot_has_the_text_that_lies_there(job, tmp_path, place):
    (tmp_path / place).parent.mkdir(parents=True)
    (tmp_path / place).write_text("the GNU one\n")
    job.libraries, job.found = {"gdbm": Library("gdbm", "", "GPL-3.0-or-later", "", links={"-lgdbm": "libgdbm.a"})}, {"gdbm": Linked("gdbm", "sysroot", "1.23", "k", root=str(tmp_path))}
    assert licensetexts.read(Component("gdbm", "1.23", "GPL-3.0-or-later", "library"), job, [], tmp_path) == "the GNU one"


def bill(seconds=1785936343):
    ways = {name: components.carriers(PLAN, name, KNOWN) for name in KNOWN}
    return sbom.document("python", "x", list(found().values()), ways, seconds)


def test_a_bill_of_materials_is_the_same_text_again_and_another_one_for_another_build():
    assert bill() == bill()
    told = json.loads(bill())
    assert told["bomFormat"] == "CycloneDX" and told["specVersion"] == "1.6" and told["metadata"]["timestamp"].startswith("2026-08-05T")
    assert json.loads(bill(0))["serialNumber"] != told["serialNumber"] and told["serialNumber"].startswith("urn:uuid:")


@pytest.mark.parametrize("told", ["253402300800", "9" * 5000, "-1", "1.5", "\u00b2", "today"])
def test_a_time_that_is_none_is_one_message(monkeypatch, told):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", told)
    with pytest.raises(UserError, match="no number of seconds since 1970"):
        licenses.moment(SimpleNamespace())


def test_the_time_is_the_environment_s_or_the_release_s_own(monkeypatch, tmp_path):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "253402300799")
    assert "9999-12-31T23:59:59" in bill(licenses.moment(SimpleNamespace()))
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "")
    assert licenses.moment(SimpleNamespace(release=SimpleNamespace(editable=True, tree=tmp_path))) == 0


def test_a_bill_of_materials_is_valid_by_the_standard_s_own_schema():
    pytest.importorskip("jsonschema", reason="pip install -r requirements-test.txt")
    check = JsonStrictValidator(SchemaVersion.V1_6)
    package = Component("Typed_Things", "1.0", "LicenseRef-unknown", "package", python=("things",), purl="pkg:pypi/typed-things", homepage="https://t")
    known = load_all(PROJECT / "deps")
    every = [Component(one.name, "1.0+2", one.license, "library", purl=one.purl, cpe=one.cpe, url="https://x/a b.tar", sha256="ab" * 32) for one in known.values()]
    parts = [Component(row["name"], f"in CPython {number}", row["license"], "part") for number, row in enumerate(TABLE["part"])]
    for text in (bill(), sbom.document("tool", "x", [*found().values(), package], {}, 0), sbom.document("p", "x", [found()["CPython"], *parts, *every], {}, 1)):
        assert check.validate_str(text) is None
    assert check.validate_str(bill().replace('"bomFormat"', '"format"')) is not None


def test_a_bill_of_materials_has_source_licence_and_relations():
    told = json.loads(bill())
    entries = {one["bom-ref"]: one for one in told["components"]}
    openssl = entries["library:openssl"]
    assert openssl["licenses"] == [{"license": {"id": "Apache-2.0"}}] and openssl["hashes"] == [{"alg": "SHA-256", "content": "ab" * 32}]
    assert openssl["purl"].startswith("pkg:generic/openssl@1.0?checksum=sha256:abab") and "download_url=https" in openssl["purl"]
    assert entries["runtime:libgcc"]["licenses"] == [{"expression": "GPL-3.0-or-later WITH GCC-exception-3.1"}]
    needs = {row["ref"]: row.get("dependsOn", []) for row in told["dependencies"]}
    assert needs["build:python@x"] == ["interpreter:CPython"] and {"module:_ssl", "part:dtoa"} <= set(needs["interpreter:CPython"])
    assert needs["module:_ssl"] == ["library:openssl"] and needs["module:readline"] == ["library:readline"]
    assert needs["library:readline"] == ["library:ncurses"] and needs["module:pyexpat"] == ["part:expat"]


def test_a_component_is_who_it_says_it_is_and_others_are_a_source():
    one = Component("uuid", "2.42.4", "MIT", "library", purl="pkg:generic/util-linux", cpe="cpe:2.3:a:kernel:util-linux", url="https://x/u.tar")
    other = Component("ncurses", "6.6+20260608", "MIT", "library", cpe="cpe:2.3:a:gnu:ncurses")
    unknown = Component("xz", "", "0BSD", "library", cpe="cpe:2.3:a:tukaani:xz")
    told = {row["name"]: row for row in json.loads(sbom.document("p", "x", [Component("CPython", "3", "MIT", "interpreter"), one, other, unknown], {}, 0))["components"]}
    assert told["uuid"]["purl"] == "pkg:generic/util-linux@2.42.4?download_url=https://x/u.tar"
    assert told["uuid"]["cpe"] == "cpe:2.3:a:kernel:util-linux:2.42.4:*:*:*:*:*:*:*"
    assert told["ncurses"]["cpe"] == r"cpe:2.3:a:gnu:ncurses:6.6\+20260608:*:*:*:*:*:*:*" and told["ncurses"]["purl"] == "pkg:generic/ncurses@6.6%2B20260608"
    assert "cpe" not in told["xz"] and "purl" not in told["xz"]


def test_every_library_and_runtime_has_a_name_of_the_standard_s_form():
    cpes = [*(row["cpe"] for kind in ("part", "runtime") for row in TABLE[kind] if "cpe" in row), *(one.cpe for one in load_all(PROJECT / "deps").values() if one.cpe)]
    assert len(cpes) > 10 and [one for one in cpes if not re.fullmatch(r"cpe:2\.3:a:[a-z_-]+:[a-z0-9_-]+", one)] == []


def test_the_folder_is_made_anew_with_a_text_for_each_component(tmp_path):
    folder = tmp_path / "licenses"
    folder.mkdir()
    (folder / "old.txt").write_text("gone")
    one = Component("HACL* x", "1", "MIT", "part")
    licenses.write(folder, [one], lambda component: "the text", "{}")
    assert sorted(path.name for path in folder.iterdir()) == ["HACL-x.txt", "licenses.txt", "sbom.cdx.json"]
    assert (folder / "HACL-x.txt").read_text() == "HACL* x 1\nSPDX-License-Identifier: MIT\n\nthe text\n"


def test_texts_beside_the_plan_name_the_libraries_once(tmp_path):
    target = {**PLAN, "folder": str(tmp_path)}
    target["libraries"] = [{**row, "archives": [f"deps/{row['name']}/lib.a"]} for row in PLAN["libraries"]]
    target["links"] = [{**row, "archives": ["#deps/openssl/lib.a"] if "_ssl" in row["output"] else []} for row in PLAN["links"]]
    removable = {name: {"how": f"disable={name}", "libraries": [], "packages": []} for name in PLAN["modules"]}
    for name, data in (("facts.json", {}), ("plan.json", {"modules": []}), ("sizing.json", {"links": [{} for _ in PLAN["links"][1:]], "removable": removable})):
        (tmp_path / name).write_text(json.dumps(data))
    record.write(target, KNOWN)
    first = {path.name: path.read_text() for path in tmp_path.iterdir()}
    record.write(target, KNOWN)
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == first
    assert json.loads(first["facts.json"])["libraries"][2] == json.loads(first["plan.json"])["libraries"][2] == {
        "name": "openssl", "version": "1.0", "mode": "source", "license": "Apache-2.0", "sha256": "ab" * 32}
    sizing = json.loads(first["sizing.json"])
    assert sizing["archives"]["deps/openssl/lib.a"] == "openssl" and ["deps/openssl/lib.a"] in [link["archives"] for link in sizing["links"]]
    assert sizing["removable"]["readline"]["libraries"] == ["readline"] and sizing["removable"]["_ssl"]["libraries"] == []
    assert sizing["removable"]["openssl"]["how"] == "disable=_hashlib,_ssl" and sizing["removable"]["ncurses"]["libraries"] == ["ncurses", "readline"]

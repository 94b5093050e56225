"""moduletable.py, tomlfile.py: tables with a mistake are one UserError for whoever reads them, which names file and entry."""
from __future__ import annotations

import json
from types import SimpleNamespace

import pytest
from samples import PROJECT

from crosspy import tomlfile
from crosspy.apps import programs
from crosspy.closure import carried
from crosspy.errors import UserError
from crosspy.root import installed
from crosspy.run import treestate
from crosspy.sizing import owners
from crosspy.upstream import modules, moduletable, stableabi
from crosspy.upstream.modules import Module

TEXT = (PROJECT / "cpython/modules.toml").read_text("utf-8")
REQUEST = modules.Request("auto")


def refused(call) -> UserError:
    with pytest.raises(UserError) as caught:
        call()
    return caught.value


READERS = {
    "modules.plan": lambda tables: modules.plan(tables, tables, {}, "shared", REQUEST),
    "for_bootstrap": lambda tables: modules.for_bootstrap(tables, tables, []),
    "with_one_copy": lambda tables: modules.with_one_copy(tables, [], []),
    "left_out": lambda tables: installed.left_out([], tables),
    "stand_ins": lambda tables: installed.stand_ins([], tables),
    "own_symbols": lambda tables: installed.own_symbols(SimpleNamespace(tables=tables, release=None), None),
    "reasons": lambda tables: carried.reasons(tables, tables, []),
    "removable": lambda tables: owners.removable(SimpleNamespace(modules=[]), tables, tables, {}),
    "shapers": lambda tables: treestate.shapers(SimpleNamespace(editable=True, tree=tables), tables.parent),
}


@pytest.mark.parametrize("text", ["[x", "", "packages=1"], ids=["no TOML", "nothing", "another type"])
@pytest.mark.parametrize("name", READERS)
def test_a_malformed_table_of_modules_is_told_to_whoever_reads_it(name, text, tmp_path):
    tables = tmp_path / "cpython"
    (tables / "Modules").mkdir(parents=True)
    for file in ("Modules/Setup.bootstrap.in", "Modules/config.c.in"):
        (tables / file).write_text("")
    (tables / "modules.toml").write_text(text)
    error = refused(lambda: READERS[name](tables))
    assert error.where == str(tables / "modules.toml") and error.fix
    assert {"[x": "it is not TOML", "": "packages is missing", "packages=1": "packages is not a table"}[text] in error.what


@pytest.mark.parametrize("old, new, told", [
    ('files = ["ssl.py"]', "files = 1", "packages.ssl.files is not a list of strings"),
    ('files = ["ssl.py"]', 'file = ["ssl.py"]', "packages.ssl.files is missing; packages.ssl.file is an unknown key"),
    ('modules = ["_ssl"]', "modules = []", "packages.ssl.modules names none"),
    ('ssl = { modules = ["_ssl"]', '"../ssl" = { modules = ["_ssl"]', "packages.../ssl is no name of a package"),
    ('zlib = "zlib"', "zlib = ['zlib']", "libraries.zlib is not a string"),
    ('"Parser/*.c"', '"/etc/*"', "bytecode.shaped_by: '/etc/*' is no pattern of files of the tree"),
    ('"Parser/*.c"', '""', "bytecode.shaped_by: '' is no pattern of files of the tree"),
    ('"Parser/*.c"', '"Parser/**x"', "bytecode.shaped_by: 'Parser/**x' is no pattern of files of the tree"),
    ('"abs"', "'a\"b'", "static.functions: 'a\"b' is no name of C"),
    ("[shebangs]", "[more]\nx = 1\n[shebangs]", "more is an unknown key")])
def test_a_mistake_in_the_table_of_modules_is_told_with_its_entry(old, new, told, tmp_path):
    path = tmp_path / "modules.toml"
    path.write_text(TEXT.replace(old, new))
    assert old in TEXT and refused(lambda: moduletable.read(path)).what == told


def test_the_table_of_modules_is_read_once_in_a_run(tmp_path, monkeypatch):
    (tmp_path / "modules.toml").write_text(TEXT)
    seen, read = [], tomlfile.read
    monkeypatch.setattr(tomlfile, "read", lambda *given, **words: seen.append(given[0]) or read(*given, **words))
    for _ in range(2):
        installed.left_out([Module("_ssl", "absent")], tmp_path)
        modules.with_one_copy(tmp_path, [], [])
    assert seen == [tmp_path / "modules.toml"]


def test_what_a_plan_adds_to_the_table_of_modules_stays_in_the_plan(tmp_path):
    before = json.dumps(moduletable.load(PROJECT / "cpython"))
    with pytest.raises(UserError, match="configure.ac|Makefile"):
        modules.plan(tmp_path, PROJECT / "cpython", {}, "shared", REQUEST)
    assert json.dumps(moduletable.load(PROJECT / "cpython")) == before


def test_a_folder_among_the_files_that_shape_byte_code_is_no_file(tmp_path):
    (tmp_path / "cpython").mkdir()
    (tmp_path / "cpython/modules.toml").write_text(TEXT.replace('"Parser/*.c"', '"Parser"'))
    (tmp_path / "Parser").mkdir()
    assert treestate.shapers(SimpleNamespace(editable=True, tree=tmp_path), tmp_path)


@pytest.mark.parametrize("text, told", [("[x", "not TOML"), ("", "modules is missing"), ("modules = 'os'", "modules is not a list of strings"),
                                        ("modules = [1]", "modules is not a list of strings"), ("modules = []\nx = 1", "x is an unknown key")])
def test_a_malformed_minimal_toml_is_a_mistake_of_the_user(tmp_path, text, told):
    path = tmp_path / "minimal.toml"
    path.write_text(text)
    error = refused(lambda: programs.minimal(path))
    assert error.where == str(path) and told in error.what


@pytest.mark.parametrize("text, told", [("function = 1", "its form is wrong"), ("[function]\na = 1", "its form is wrong"), ("[data.a", "it is not TOML"),
                                        ("[data.a]\nifdef = [1]", "its form is wrong"), ("[data.a]\nifdef = 1", "nothing classifies 1")])
def test_a_damaged_list_of_the_stable_abi_is_a_mistake_of_the_user(tmp_path, text, told):
    path = tmp_path / "Misc/stable_abi.toml"
    path.parent.mkdir()
    path.write_text(text)
    error = refused(lambda: stableabi.symbols(tmp_path, {}))
    assert error.where.endswith(stableabi.WHERE) and told in error.what

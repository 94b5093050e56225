"""From a closure to what one program is made of."""
from dataclasses import replace
from pathlib import Path

import json
import pytest

from crosspy.apps import application
from crosspy.closure.closure import Closure, Entry, Stub

PROJECT = Path(__file__).resolve().parents[2]
MADE = {"folder": "build/x", "at": "#build/x", "tree": "", "prefix": "/usr", "series": "3.13", "core": ["Python/core.o"], "libs": "-lm",
        "link": "cc", "expect": {}, "facts": {}, "name": "x", "units": [{"object": name} for name in ("Python/core.o", "json.o", "math.o", "sha.o")],
        "parts": {"_json": {"objects": ["json.o"], "libs": []}, "math": {"objects": ["math.o"], "libs": ["-lm"]},
                  "_sha2": {"objects": ["sha.o"], "libs": ["-lsha"]}},
        "modules": {name: {"objects": [], "libraries": []} for name in ("_json", "math", "_sha2")}}


@pytest.fixture
def parts(tmp_path):
    lib = tmp_path / "tree" / "Lib"
    modules = [Entry("__main__", "app", f"{tmp_path}/tool.py", how="application"), Entry("json", "library", f"{lib}/json/__init__.py", True),
               Entry("_json", "extension"), Entry("importlib.resources", "library", f"{lib}/importlib/resources/__init__.py", True),
               Entry("greet", "path", f"{tmp_path}/deps/greet/__init__.py", True), Entry("spread", "path", "", True)]
    stubs = {"ssl": Stub("no ssl"), "unicodedata": Stub("no data", True)}
    return application.Parts("tool", "__main__", Closure({entry.name: entry for entry in modules}, stubs),
                             {"greet": {"a.txt": "deps/greet/a.txt"}}, {"greet": {"METADATA": "deps/METADATA"}}, str(tmp_path))


@pytest.fixture
def made(tmp_path, monkeypatch):
    template = tmp_path / "tree" / "Modules" / "config.c.in"
    template.parent.mkdir(parents=True)
    template.write_text("/* -- ADDMODULE MARKER 1 -- */\n/* -- ADDMODULE MARKER 2 -- */\n")
    monkeypatch.setattr(application.owners, "program", lambda *arguments: {})
    return {**MADE, "tree": str(tmp_path / "tree")}


def test_a_program_is_linked_from_the_core_its_extension_modules_and_its_own_files(made, parts):
    plan = application.plan(made, parts, PROJECT)
    link, = plan["links"]
    own = [f"apps/tool/{name}.o" for name in ("main", "start", "paths", "frozen", "config")]
    assert link["objects"] == ["Python/core.o", "json.o", *own] and link["libs"] == "-lm"
    assert [unit["object"] for unit in plan["units"]] == link["objects"]
    assert {unit["object"]: unit["frozen"] for unit in plan["units"][2:]} == {name: "frozen" in name for name in own}
    assert '{"_json", PyInit__json}' in plan["texts"]["apps/tool/generated/config.c"]
    assert "math" not in plan["texts"]["apps/tool/generated/config.c"]


def test_each_module_is_frozen_under_its_name_with_its_level_and_a_file_for_tracebacks(made, parts):
    text = application.plan(made, parts, PROJECT)["texts"]["apps/tool/generated/modules.list"]
    rows = {row[0]: row[1:4] for row in (line.split("\t") for line in text.splitlines())}
    assert rows["tool"] == ["tool.py", "0", "0"] and rows["greet"] == ["<frozen greet>", "0", "1"]
    assert rows["json"] == ["<frozen json>", "2", "1"] and rows["spread"] == ["<frozen spread>", "0", "1"]
    assert rows["_frozen_importlib"] == ["<frozen importlib._bootstrap>", "2", "0"]
    assert rows["unicodedata"][2] == "0" and "ssl" not in rows and "_json" not in rows


def test_the_launcher_knows_the_module_that_runs_the_stubs_and_the_data(made, parts):
    texts = application.plan(made, parts, PROJECT)["texts"]
    data: dict = {}
    exec(texts["apps/tool/generated/_application_data.py"], data)
    assert data["MAIN"] == "tool" and data["STUBS"] == {"ssl": "no ssl"}
    assert data["RESOURCES"] == {"greet": "_application_files_0"} and data["METADATA"] == {}  # importlib.metadata is not reached
    assert texts["apps/tool/generated/_application_files_0.files"] == "a.txt\tdeps/greet/a.txt\n"


def test_the_interpreter_itself_has_no_launcher(made, parts):
    alone = application.Parts("python3.13", "", Closure({"json": parts.closure.modules["json"]}, {}))
    plan = application.plan(made, alone, PROJECT)
    assert "_application" not in plan["texts"]["apps/python3.13/generated/modules.list"]
    assert [unit["object"] for unit in plan["units"]][1] == "apps/python3.13/python.o"


def test_frozen_certificates_are_known_to_the_launcher(made, parts, tmp_path):
    pem = (PROJECT / "tests/unit/fixtures/authority.pem").read_text()
    (tmp_path / "ca.pem").write_text("# Főtanúsítvány\n" + pem, "utf-8")
    plain = application.plan(made, parts, PROJECT)["texts"]
    texts = application.plan(made, replace(parts, bundle=str(tmp_path / "ca.pem")), PROJECT)["texts"]
    assert "CERTIFICATES = False" in plain["apps/tool/generated/_application_data.py"]
    assert "CERTIFICATES = True" in texts["apps/tool/generated/_application_data.py"]
    assert texts["apps/tool/generated/_application_certificates.py"] == f"PEM = {pem!r}\n"
    assert "_application_certificates" in texts["apps/tool/generated/modules.list"]


def test_a_plan_that_was_kept_gives_the_same_program_as_a_new_one(made, parts):
    """graph.json is written with sorted keys; the order of built-in modules is the program's bytes."""
    fresh = {**made, "parts": dict(sorted(made["parts"].items(), reverse=True))}
    kept = json.loads(json.dumps(fresh, sort_keys=True))
    assert json.dumps(application.plan(fresh, parts, PROJECT), sort_keys=True) == json.dumps(application.plan(kept, parts, PROJECT), sort_keys=True)

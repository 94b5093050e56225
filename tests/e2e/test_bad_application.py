"""What can be wrong with an application: one message with the place, before anything is built."""
import pytest
from checkout import differences, snapshot

TARGET = ["target=x86_64-linux-musl"]
WRONG = {
    "nothing": ({}, ["app={}/a.py", "there is no such file or folder"]),
    "no main": ({"a.py/x.py": ""}, ["this folder has no __main__.py"]),
    "syntax": ({"a.py": "x = 1\nif x\n    pass\n"}, ["a.py:2: expected ':'", "\n    if x\n        ^"]),
    "syntax of a module": ({"a.py": "import b\n", "b.py": "def f(:\n"}, ["b.py:1: invalid syntax", "\n    def f(:\n          ^"]),
    "not UTF-8": ({"a.py": b"x = '\xe4'\n"}, ["a.py:1: it is not UTF-8 (byte 0xe4)"]),
    "an import that exists nowhere": ({"a.py": "import b\n", "b.py": "\nimport no_such\n"},
                                      ["no_such: there is no such module", "a.py:1, ", "b.py:2", "exclude=no_such"]),
    "what this build has not": ({"a.py": "import ssl\n"}, ["ssl: it needs _ssl, and _ssl: needs openssl", "a.py:1"]),
    "a name of the library": ({"a.py": "import json\n", "json.py": ""}, ["json.py has the name of a module of the standard library"]),
    "a compiled dependency": ({"a.py": "import fast\n", "fast/__init__.py": "from . import core\n", "fast/core.abi3.so": b"\x7fELF"},
                              ["fast.core", "core.abi3.so", "--no-binary"]),
}


@pytest.mark.parametrize("name", WRONG)
def test_an_application_that_is_wrong_is_told_where(main, built, tmp_path, name):
    built("x86_64-linux-musl")
    files, parts = WRONG[name]
    for inner, text in files.items():
        path = tmp_path / inner
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    words = ["explain", *TARGET, f"app={tmp_path}/a.py"]
    first = main.scons(*words, check=False)
    before = snapshot(main.build)
    run = main.scons(*words, check=False)
    assert run.code and run.err == first.err and run.err.count("Fix: ") == 1 and "Traceback" not in run.err
    assert [part for part in parts if part.format(tmp_path) not in run.err] == [], run.err
    assert differences(before, snapshot(main.build)) == []


def test_a_name_that_is_only_known_at_run_time_is_a_warning(main, built, tmp_path):
    built("x86_64-linux-musl")
    (tmp_path / "a.py").write_text("import importlib, sys\n\nimportlib.import_module(sys.argv[1])\n")
    out = main.scons("explain", *TARGET, f"app={tmp_path}/a.py").out
    assert f"warning: {tmp_path}/a.py:3: import_module() of a name" in out and "include=NAME" in out


def test_explain_tells_the_chain_and_what_was_left_out(main, built, tmp_path):
    built("x86_64-linux-musl")
    (tmp_path / "a.py").write_text("import json\n")
    words = ["explain", *TARGET, f"app={tmp_path}/a.py"]
    out = main.scons(*words, "module=json.decoder").out
    assert "imported by __main__, line 1" in out and "imported by json, line 106" in out
    assert "include=pdb" in main.scons(*words, "module=pdb").out
    refused = main.scons(*words, "module=json.decodr", check=False)
    assert refused.code and "did you mean 'json.decoder'" in refused.err
    assert "exclude=json.decoder out" in main.scons(*words, "module=json.decoder", "exclude=json.decoder").out
    assert "include=sqlite3" not in out and "colorsys" in main.scons(*words, "include=colorsys", "module=colorsys").out


def test_trace_finds_what_no_source_states(main, built, tmp_path):
    built("x86_64-linux-musl")
    (tmp_path / "a.py").write_text("import importlib\nimportlib.import_module('col' + 'orsys')\n")
    out = main.scons("explain", *TARGET, f"app={tmp_path}/a.py", "trace=yes", "module=colorsys").out
    assert any(line.startswith("colorsys") and line.endswith("trace=yes") for line in out.splitlines())

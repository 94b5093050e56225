import sys
from pathlib import Path

import pytest
from closures import search
from test_appfiles import tree

from crosspy.closure import trace
from crosspy.errors import UserError

PYTHON = Path(sys.executable)


def said(line):
    assert line.startswith("trace: ")


def test_a_run_tells_what_it_imported_by_names_that_no_source_states(tmp_path, capfd):
    tree(tmp_path, {"a/beside.py": "", "d/dep.py": "", "a/tool.py":
                    "import sys\n__import__('col' + 'orsys')\n__import__('beside')\n__import__('dep')\nprint(__name__, len(sys.argv))\n"})
    found = trace.modules(PYTHON, str(tmp_path / "a/tool.py"), [str(tmp_path / "d")], said)
    assert {"colorsys", "beside", "dep", "__main__"} <= set(found) and "subprocess" not in found
    assert capfd.readouterr().out == "__main__ 1\n"


def test_a_package_runs_as_with_m(tmp_path, capfd):
    tree(tmp_path, {"pkg/__init__.py": "", "pkg/__main__.py": "from . import part\nprint(__package__, __name__)\n", "pkg/part.py": ""})
    assert "pkg.part" in trace.modules(PYTHON, str(tmp_path / "pkg"), [], said)
    assert capfd.readouterr().out == "pkg __main__\n"


def test_a_run_that_fails_is_told_since_it_did_not_import_all(tmp_path, capfd):
    tree(tmp_path, {"a.py": "raise SystemExit(3)\n"})
    with pytest.raises(UserError, match="ended with status 3"):
        trace.modules(PYTHON, str(tmp_path / "a.py"), [], said)


def test_the_full_interpreter_must_have_been_built(tmp_path):
    with pytest.raises(UserError, match="scons target=x86_64-linux-musl"):
        trace.interpreter(tmp_path, "3.13")


def test_what_a_run_imported_is_carried_if_it_is_anybodys(tmp_path):
    found = search(tmp_path, "", {"late/": "", "late.more": "import deep\n", "deep": ""}, traced=["late.more", "sitecustomize", "__main__"])
    assert {name: entry.how for name, entry in found.modules.items()} == {
        "__main__": "application", "deep": "", "late": "trace=yes", "late.more": "trace=yes"}

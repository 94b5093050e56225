"""Frozen headers: equal bytes whatever the process, in the form that Programs/_freeze_module.py writes."""
import marshal
import os
import re
import subprocess
import sys

import pytest

from crosspy.bootstrap import bytecode

sys.modules.setdefault("bytecode", bytecode)  # freeze.py is a script, which finds it beside itself
from crosspy.bootstrap import freeze as script  # noqa: E402

# equal sets in two functions and a dotted __qualname__: plain marshal writes these as the process was
SOURCE = '''\
"""Doc."""
def spam(value):
    class Inner:
        pass
    return value in {"one1", "two2"}
def egg(value):
    return value in {"two2", "one1"}
'''


def freeze(folder, *names, seed="0", before=""):
    """Freeze modules of this folder in one process; returns each header's text."""
    words = [word for name in names for word in (name, str(folder / f"{name}.py"), str(folder / f"{name}.h"))]
    code = (f"{before}\nimport sys, runpy\nsys.argv = {[script.__file__, *words]!r}\n"
            f"runpy.run_path({script.__file__!r}, run_name='__main__')")
    subprocess.run([sys.executable, "-B", "-c", code], check=True,
                   env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.path.dirname(script.__file__)})
    assert not list(folder.glob("*.h"))
    return {name: (folder / f"{name}.h.part").read_text("ascii") for name in names}


@pytest.fixture
def folder(tmp_path):
    for name in ("first", "second"):
        (tmp_path / f"{name}.py").write_text(SOURCE.replace("spam", name))
    return tmp_path


def array(text):
    return bytes(map(int, re.search(r"\{([^}]*)\}", text)[1].replace("\n", "").strip(" ,").split(",")))


def test_equal_sources_give_equal_bytes_under_any_hash_seed_order_and_history(folder):
    plain = freeze(folder, "first", "second", seed="1")
    assert freeze(folder, "second", "first", seed="4242") == plain
    before = "import json, sys; kept = [sys.intern(word) for word in ('second.<locals>.Inner', 'one1', 'two2', 'second', 'Inner')]"
    assert freeze(folder, "second", before=before, seed="random")["second"] == plain["second"]


def test_a_header_holds_the_marshalled_code_under_upstream_s_name(folder):
    text = freeze(folder, "first")["first"]
    code = marshal.loads(array(text))
    assert code.co_filename == "<frozen first>" and code.co_consts[0] == "Doc."
    assert text.splitlines()[1] == "const unsigned char _Py_M__first[] = {" and text.endswith(",\n};\n")


def test_dots_of_a_package_become_underscores():
    assert "_Py_M__importlib__bootstrap[]" in script.header("importlib._bootstrap", b"\x00\xff")


def test_every_byte_stands_in_rows_of_sixteen():
    data = bytes(range(256))
    text = script.header("x", data)
    assert array(text) == data and len(text.splitlines()) == 2 + 16 + 1


def test_optimisation_and_futures_of_the_caller_do_not_get_in():
    namespace = {}
    exec(marshal.loads(script.freeze("m", b"assert True\nx = __debug__\ndef f(a: int): pass\n")), namespace)
    assert namespace["x"] is True and namespace["f"].__annotations__ == {"a": int}

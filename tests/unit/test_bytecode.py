import importlib.util
import marshal
import os
import subprocess
import sys

import pytest

from crosspy.bootstrap import bytecode

SCRIPT = bytecode.__file__
# a dotted __qualname__ constant and two equal sets: both are one object or two in plain marshal, as the process was
SOURCE = """\
def outer(c):
    class Inner:
        pass
    return c in {'one1', 'two2'}
def other(c):
    return c in {'two2', 'one1'}
"""


def run(*arguments, seed="0", flags=("-I", "-S", "-B"), setup=""):
    command = [sys.executable, *flags, SCRIPT, *map(str, arguments)]
    if setup:
        code = f"import runpy, sys\n{setup}\nsys.argv = {[SCRIPT, *map(str, arguments)]!r}\nrunpy.run_path({SCRIPT!r}, run_name='__main__')"
        command = [sys.executable, "-c", code]
    return subprocess.run(command, env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, text=True)


def library(folder, **files):
    (folder / "lib").mkdir()
    for name, text in files.items():
        (folder / "lib" / f"{name}.py").write_text(text)
    listed = folder / "list"
    listed.write_text("".join(f"{folder}/lib/{name}.py\tpkg/{name}.py\n" for name in files))
    return ["--list", listed, "--prefix", "/usr/lib/python3.13"]


def made(folder):
    return {path.name.split(".")[0]: path.read_bytes() for path in (folder / "pkg/__pycache__").iterdir()}


@pytest.mark.parametrize("mode, flags", [("unchecked", 1), ("checked", 3)])
def test_a_pyc_is_hash_based_and_names_the_file_of_the_device(tmp_path, mode, flags):
    assert run(*library(tmp_path, a="x = 1\n"), "--output", tmp_path / "out", "--mode", mode).returncode == 0
    path = tmp_path / f"out/pkg/__pycache__/a.{sys.implementation.cache_tag}.pyc"
    data = path.read_bytes()
    assert data[:4] == importlib.util.MAGIC_NUMBER and data[4:8] == flags.to_bytes(4, "little")
    assert data[8:16] == importlib.util.source_hash(b"x = 1\n")
    assert marshal.loads(data[16:]).co_filename == "/usr/lib/python3.13/pkg/a.py"


def test_bytes_depend_on_neither_hash_seed_nor_parts_nor_what_the_process_did_before(tmp_path):
    arguments = library(tmp_path, a=SOURCE, b="import os\n", c="y = 'outer.<locals>.Inner', 3.5, b'z'\n" + SOURCE)
    assert run(*arguments, "--output", tmp_path / "one", seed="1").returncode == 0
    for part in ("2/2", "1/2"):
        assert run(*arguments, "--output", tmp_path / "two", "--part", part, seed="2").returncode == 0
    setup = "keep = [sys.intern(s) for s in ('outer.<locals>.Inner', 'one1', 'two2', 'outer', 'Inner')]"
    assert run(*arguments, "--output", tmp_path / "three", setup=setup).returncode == 0
    assert made(tmp_path / "one") == made(tmp_path / "two") == made(tmp_path / "three")
    assert made(tmp_path / "one").keys() == {"a", "b", "c"}


def test_the_canonical_form_is_the_same_code():
    code = compile(SOURCE, "name", "exec")
    assert marshal.loads(bytecode.canonical(code)) == code


def test_unchanged_sources_are_not_compiled_again_until_the_key_changes(tmp_path):
    arguments = [*library(tmp_path, a="x = 1\n", b="y = 1\n"), "--output", tmp_path / "out", "--stamp", tmp_path / "stamp"]
    run(*arguments, "--key", "k1")
    stamp = (tmp_path / "stamp").read_text()
    files = sorted((tmp_path / "out/pkg/__pycache__").iterdir())
    for path in files:
        os.utime(path, ns=(5, 5))
    (tmp_path / "lib/a.py").write_text("x = 2\n")
    run(*arguments, "--key", "k1")
    assert [path.stat().st_mtime_ns == 5 for path in files] == [False, True]
    assert (tmp_path / "stamp").read_text() != stamp
    run(*arguments, "--key", "k2")
    assert [path.stat().st_mtime_ns == 5 for path in files] == [False, False]


def test_a_syntax_error_is_one_message_and_leaves_nothing_half_written(tmp_path):
    done = run(*library(tmp_path, good="x = 1\n", bad="x = 1\ndef :\n"), "--output", tmp_path / "out", "--stamp", tmp_path / "s")
    assert done.returncode == 1
    assert done.stderr.startswith(f"{tmp_path}/lib/bad.py:2: ") and done.stderr.count("\n") == 1 and "Fix: " in done.stderr
    assert not (tmp_path / "s").exists() and made(tmp_path / "out").keys() == {"good"}


@pytest.mark.parametrize("wrong, message", [
    (["--part", "3/2"], "--part 3/2"), (["--colour", "red"], "--colour: unknown option"), (["--mode", "timestamp"], "--mode")])
def test_a_wrong_option_is_told(tmp_path, wrong, message):
    done = run(*library(tmp_path, a=""), "--output", tmp_path / "out", *wrong)
    assert done.returncode == 1 and message in done.stderr and "Traceback" not in done.stderr


def test_only_what_the_bootstrap_has_is_imported():
    allowed = {"sys", "os", "marshal", "_imp", "_frozen_importlib_external", "warnings"}
    found = {line.split()[1] for line in open(SCRIPT) if line.strip().startswith(("import ", "from "))}
    assert found <= allowed

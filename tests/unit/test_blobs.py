"""blobs.py, which the bootstrap runs, run here by the host's own Python: the rules are the same."""
import marshal
import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "site_scons/crosspy/bootstrap/blobs.py"


@pytest.fixture
def program(tmp_path):
    """Return a function that freezes: rows of the list -> the finished process; sources lie in the same folder."""
    def freeze(*rows, key="k"):
        (tmp_path / "list").write_text("".join("\t".join(map(str, row)) + "\n" for row in rows), "utf-8")
        return subprocess.run([sys.executable, "-I", "-S", "-B", SCRIPT, "--list", tmp_path / "list", "--output", tmp_path / "out",
                               "--key", key, "--stamp", tmp_path / "out/stamp"], capture_output=True, text=True)
    freeze.folder = tmp_path
    return freeze


def write(folder, **texts):
    for name, text in texts.items():
        (folder / f"{name}.py").write_text(text, "utf-8")


def test_a_module_becomes_a_blob_of_its_code_and_a_row(program):
    write(program.folder, a='"""Docs."""\nX = 1\n', b='"""Docs."""\n')
    rows = [("a", "<frozen a>", 2, 0, program.folder / "a.py"), ("b.c", "b.py", 0, 1, program.folder / "b.py")]
    assert program(*rows).returncode == 0
    code = marshal.loads((program.folder / "out/a.bin").read_bytes())
    assert code.co_filename == "<frozen a>" and "Docs." not in code.co_consts
    assert "Docs." in marshal.loads((program.folder / "out/b.c.bin").read_bytes()).co_consts
    header, size = (program.folder / "out/frozen.h").read_text(), (program.folder / "out/b.c.bin").stat().st_size
    assert f'{{"b.c", _frozen_1, {size}, 1}}' in header and "b.c.bin" in header
    assert (program.folder / "out/symbols.txt").read_text().splitlines()[1] == f"_frozen_1\tb.c\t{size}"


def test_only_what_changed_is_frozen_again_and_what_is_gone_goes(program):
    write(program.folder, a="X = 1\n", b="X = 1\n", c="")
    rows = [(name, f"<frozen {name}>", 2, 0, program.folder / f"{name}.py") for name in "abc"]
    program(*rows)
    first, header = {name: os.stat(program.folder / f"out/{name}.bin").st_mtime_ns for name in "ab"}, (program.folder / "out/frozen.h").read_text()
    write(program.folder, b="X = 2\n")
    program(*rows[:2])
    assert os.stat(program.folder / "out/a.bin").st_mtime_ns == first["a"] and os.stat(program.folder / "out/b.bin").st_mtime_ns != first["b"]
    assert not (program.folder / "out/c.bin").exists()
    assert header.partition("_frozen_2")[0] != (program.folder / "out/frozen.h").read_text()  # of equal size, but told apart
    program(*rows[:2], key="other")
    assert os.stat(program.folder / "out/a.bin").st_mtime_ns != first["a"]


def test_files_become_a_module_of_bytes(program):
    (program.folder / "x.txt").write_bytes(b"\0\xff")
    (program.folder / "data.files").write_text(f"x.txt\t{program.folder / 'x.txt'}\n")
    program(("data", "<frozen data>", 2, 0, program.folder / "data.files"))
    space: dict = {}
    exec(marshal.loads((program.folder / "out/data.bin").read_bytes()), space)
    assert space["FILES"] == {"x.txt": b"\0\xff"}


def test_a_file_that_does_not_compile_is_named_with_its_line_and_leaves_no_stamp(program):
    write(program.folder, a="X = 1\n", b="X = = 1\n")
    rows = [(name, f"<frozen {name}>", 2, 0, program.folder / f"{name}.py") for name in "ab"]
    done = program(*rows)
    assert done.returncode and f"{program.folder}/b.py:1: " in done.stderr and "Traceback" not in done.stderr
    assert not (program.folder / "out/stamp").exists()


def test_a_source_that_is_missing_is_named(program):
    done = program(("a", "<frozen a>", 2, 0, program.folder / "a.py"))
    assert done.returncode and str(program.folder / "a.py") in done.stderr and "Traceback" not in done.stderr

"""configure is run in a bare environment, kept while what it rests on holds, and never believed when it fails."""
import dataclasses

import pytest

from crosspy.configure import oracle
from crosspy.errors import UserError

CONFIGURE = """#!/bin/sh
echo run >> ../runs
env | sort > environment
echo "$@" > arguments
echo '#define HAVE_X 1' > pyconfig.h
echo 'CC=cc' > Makefile
echo log > config.log
"""
MAKE = """#!/bin/sh
echo "$@" > make.arguments
mkdir -p build/lib
echo 'build_time_vars = {"CC": "cc", "N": 1}' > build/lib/_sysconfigdata__linux_x.py
printf build/lib > pybuilddir.txt
"""


def script(path, text):
    path.write_text(text)
    path.chmod(0o755)
    return path


@pytest.fixture
def task(tmp_path, monkeypatch):
    (tmp_path / "tree").mkdir()
    script(tmp_path / "tree/configure", CONFIGURE)
    make = script(tmp_path / "make", MAKE)
    monkeypatch.setattr(oracle.shutil, "which", lambda name: str(make))
    return oracle.Task(tmp_path / "tree", tmp_path / "oracle", "mips-linux-gnu", ("/opt/mips-gcc", "-m x"), ("/opt/mips-g++",),
                       ("/opt/ar",), {"ZIG_GLOBAL_CACHE_DIR": "/cache"}, tmp_path / "python3.13", ("--prefix=/usr",),
                       {"ac_cv_x": "no"}, ("release", "toolchain"))


def ask(task):
    return oracle.ask(task, lambda line: None)


def runs(tmp_path):
    return len((tmp_path / "runs").read_text().splitlines())


def test_configure_gets_the_compiler_the_settings_and_nothing_of_the_users(task, tmp_path, monkeypatch):
    for name in ("CFLAGS", "CONFIG_SITE", "PKG_CONFIG_PATH", "PYTHONPATH", "MAKEFLAGS"):
        monkeypatch.setenv(name, "poison")
    said = ask(task)
    environment = dict(line.split("=", 1) for line in (task.folder / "environment").read_text().splitlines())
    assert {name: environment.get(name) for name in ("CC", "CXX", "AR", "ac_cv_x", "LC_ALL", "CONFIG_SITE", "ZIG_GLOBAL_CACHE_DIR")} == {
        "CC": "/opt/mips-gcc '-m x'", "CXX": "/opt/mips-g++", "AR": "/opt/ar", "ac_cv_x": "no", "LC_ALL": "C", "CONFIG_SITE": "",
        "ZIG_GLOBAL_CACHE_DIR": "/cache"}
    assert not {"CFLAGS", "PKG_CONFIG_PATH", "PYTHONPATH", "MAKEFLAGS"} & environment.keys()
    assert list((task.folder / environment["PKG_CONFIG_LIBDIR"]).iterdir()) == []
    assert (task.folder / "arguments").read_text().split() == [
        "--host=mips-linux-gnu", f"--build={task.build}", f"--with-build-python={tmp_path / 'python3.13'}", "--prefix=/usr"]
    assert said.pyconfig == "#define HAVE_X 1\n" and said.variables == {"CC": "cc", "N": 1} and said.seconds > 0


def test_it_is_run_once_for_the_same_question_and_again_for_another(task, tmp_path):
    first = ask(task)
    assert ask(task) == first and runs(tmp_path) == 1
    for number, change in enumerate(({"digests": ("release", "other")}, {"settings": {}}, {"arguments": ()}, {"cc": ("/opt/mips-gcc",)}), 2):
        ask(dataclasses.replace(task, **change))
        assert runs(tmp_path) == number


@pytest.mark.parametrize("name", ["oracle.json", "pyconfig.h", "Makefile", "config.log"])
def test_a_lost_file_asks_again(task, tmp_path, name):
    ask(task)
    (task.folder / name).unlink()
    ask(task)
    assert runs(tmp_path) == 2


@pytest.mark.parametrize("text", ["", "[]", "{", '{"key": 1}'])
def test_a_damaged_record_asks_again(task, tmp_path, text):
    ask(task)
    (task.folder / "oracle.json").write_text(text)
    ask(task)
    assert runs(tmp_path) == 2


def test_a_configure_that_fails_is_one_message_with_its_words_and_is_not_kept(task, tmp_path):
    script(task.tree / "configure", CONFIGURE + "echo 'configure: error: no acceptable C compiler found'\nexit 1\n")
    for number in (1, 2):
        with pytest.raises(UserError, match="configure: it failed: .*no acceptable C compiler found.* Fix: see .*config.log"):
            ask(task)
        assert runs(tmp_path) == number


def test_a_missing_configure_and_a_missing_make_are_one_message(task, monkeypatch):
    monkeypatch.setattr(oracle.shutil, "which", lambda name: None)
    with pytest.raises(UserError, match="make is not on PATH"):
        ask(task)
    (task.tree / "configure").unlink()
    with pytest.raises(UserError, match="configure: it cannot be run"):
        ask(task)


def test_where_configure_runs_what_it_compiles_the_named_python_makes_the_data(task):
    ask(task)
    assert (task.folder / "make.arguments").read_text().split() == ["pybuilddir.txt"]
    native = dataclasses.replace(task, host=task.build)
    ask(native)
    told = (task.folder / "make.arguments").read_text()
    assert "PYTHON_FOR_BUILD_DEPS=" in told and str(task.interpreter) in told


def test_the_cxx_driver_is_the_one_beside():
    assert oracle.driver_for_cxx(("/x/gcc/arm-linux-gnueabihf-gcc", "-m32")) == ("/x/gcc/arm-linux-gnueabihf-g++", "-m32")
    assert oracle.driver_for_cxx(("/x/zig", "cc", "-target", "t")) == ("/x/zig", "c++", "-target", "t")

"""find_library of a device: without gcc, ldconfig and objdump."""
import ctypes.util
import importlib.util
import sys
from pathlib import Path

import pytest
import tiny_elf

SOURCE = Path(__file__).resolve().parents[2] / "cpython" / "device" / "ctypes_util.py"


@pytest.fixture
def util(monkeypatch):
    """The module, over an upstream one that finds nothing."""
    upstream = type(sys)("ctypes._upstream_util")
    upstream.find_library, upstream.test, upstream.__all__ = lambda name: "upstream's" if name == "known" else None, ctypes.util.test, ["find_library"]
    monkeypatch.setitem(sys.modules, "ctypes._upstream_util", upstream)
    monkeypatch.setattr(ctypes, "_upstream_util", upstream, raising=False)
    spec = importlib.util.spec_from_file_location("device_ctypes_util", SOURCE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("facts", [{}, {"bits": 32, "machine": tiny_elf.EM_ARM}, {"data": "big", "machine": tiny_elf.EM_S390}])
def test_a_soname_is_read_for_every_class_and_byte_order(util, tmp_path, facts):
    (tmp_path / "libx.so").write_bytes(tiny_elf.make(soname="libx.so.4", needed=("libc.so.6",), **facts))
    assert util._soname(tmp_path / "libx.so") == "libx.so.4"


def test_a_damaged_file_has_no_soname(util, tmp_path):
    whole = tiny_elf.make(soname="libx.so.4")
    for size in (0, 3, 40, 64, 100, len(whole) // 2):
        (tmp_path / "libx.so").write_bytes(whole[:size])
        util._soname(tmp_path / "libx.so")
    assert util._identity(tmp_path / "nowhere") is None


HERE = Path(sys.executable).resolve().read_bytes()[:64]


def find_one_of_two(util, folder, monkeypatch):
    """Look for a library of this machine and for one of another, in a folder of the loader."""
    monkeypatch.setattr(util, "_folders", lambda: [str(folder / "empty"), str(folder)])
    monkeypatch.setattr(util, "_loaded", list)
    (folder / "libacme.so.3").write_bytes(HERE)
    (folder / "libother.so.1").write_bytes(tiny_elf.make(machine=99, soname="libother.so.1"))
    return util.find_library("acme"), util.find_library("other")


def test_a_library_for_this_machine_is_found_where_the_loader_looks(util, tmp_path, monkeypatch):
    assert find_one_of_two(util, tmp_path, monkeypatch) == ("libacme.so.3", None)
    assert util.find_library("known") == "upstream's" and util.find_library("../acme") is None and util.find_library("") is None


@pytest.mark.parametrize("executable", ["", None, "/nowhere", "/etc/passwd", "foreign"])
def test_the_program_at_work_counts_whatever_sys_executable_says(util, tmp_path, monkeypatch, executable):
    (tmp_path / "foreign").write_bytes(tiny_elf.make(machine=99))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "executable", executable)
    assert find_one_of_two(util, tmp_path, monkeypatch) == ("libacme.so.3", None)


def test_without_proc_sys_executable_tells_the_machine(util, tmp_path, monkeypatch):
    real = util._identity
    monkeypatch.setattr(util, "_identity", lambda path: None if path == "/proc/self/exe" else real(path))
    assert find_one_of_two(util, tmp_path, monkeypatch) == ("libacme.so.3", None)


def test_a_static_program_finds_nothing(util, monkeypatch):
    monkeypatch.setattr(util, "_loaded", lambda: ["/usr/bin/python3.13"])
    assert util.find_library("known") is None and util.find_library("c") is None


def test_what_is_loaded_comes_first(util, monkeypatch):
    monkeypatch.setattr(util, "_folders", list)
    name = next(Path(path).name for path in util._loaded() if Path(path).name.startswith("libc.so"))
    assert util.find_library("c") == name


def test_ld_so_conf_and_what_it_includes_name_folders(util, tmp_path):
    (tmp_path / "conf.d").mkdir()
    (tmp_path / "ld.so.conf").write_text("include conf.d/*.conf\n/opt/last # why\n")
    (tmp_path / "conf.d" / "a.conf").write_text(f"/opt/a\ninclude {tmp_path}/ld.so.conf\n")
    assert list(dict.fromkeys(util._configured(str(tmp_path / "ld.so.conf"), 3))) == ["/opt/a", "/opt/last"]  # and a circle ends

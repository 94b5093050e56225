import sys

import pytest
from closures import RULES, facts
from samples import PROJECT
from test_appfiles import tree

from crosspy.closure import carried, stubs
from crosspy.closure.closure import Stub
from crosspy.errors import UserError
from crosspy.root import installed

MODULES = [{"name": "_fast", "kind": "builtin"}]


def plan(folder, app, *paths, **options):
    upstream = tree(folder / "release", {"Modules/config.c.in": '    {"sys", NULL},\n', "Include/internal/pycore_global_strings.h": ""})
    known = carried.Ready(carried.Release(upstream, sys.executable, folder / "kept", "state"), PROJECT / "cpython", RULES,
                          facts(folder / "lib", {"json": "", "io": ""}, ()))
    return carried.plan(known, MODULES, str(folder / app), [str(folder / path) for path in paths], cache=folder / "cache.json", **options)


def test_data_files_belong_to_the_nearest_carried_package(tmp_path):
    tree(tmp_path, {"pkg/__init__.py": "", "pkg/__main__.py": "from .sub import x\n", "pkg/a.txt": "1", "pkg/data/b.bin": "2",
                    "pkg/sub/__init__.py": "x = 1\n", "pkg/sub/c.txt": "3", "pkg/__pycache__/d.pyc": "", "pkg/tests/e.txt": "4", "pkg/f.so": ""})
    found = plan(tmp_path, "pkg", exclude=["pkg.tests"])
    assert {name: set(files) for name, files in found.data.items()} == {"pkg": {"a.txt", "data/b.bin"}, "pkg.sub": {"c.txt"}}
    assert found.data["pkg"]["data/b.bin"] == str(tmp_path / "pkg/data/b.bin") and found.main == "pkg.__main__"


def test_metadata_comes_with_the_modules_of_its_distribution(tmp_path):
    tree(tmp_path, {"a.py": "import one\n", "d/one.py": "", "d/two.py": "", "d/One_Dist-1.0.dist-info/METADATA": "Name: one\n",
                    "d/One_Dist-1.0.dist-info/RECORD": "one.py,,\nOne_Dist-1.0.dist-info/METADATA,,\n",
                    "d/two-1.dist-info/top_level.txt": "two\n"})
    found = plan(tmp_path, "a.py", "d")
    assert set(found.metadata) == {"One_Dist"} and set(found.metadata["One_Dist"]) == {"METADATA", "RECORD"}


def test_a_new_data_file_is_a_reason_to_plan_again_and_an_untouched_folder_is_none(tmp_path):
    tree(tmp_path, {"pkg/__init__.py": "", "pkg/__main__.py": "", "pkg/data/b.txt": ""})
    found = plan(tmp_path, "pkg")
    assert carried.unchanged(found.looked_at)
    tree(tmp_path, {"pkg/data/c.txt": ""})
    assert not carried.unchanged(found.looked_at)


def test_a_dependency_with_a_compiled_part_is_named_with_what_is_possible(tmp_path):
    tree(tmp_path, {"a.py": "import fast\n", "d/fast/__init__.py": "from . import _speed\n", "d/fast/_speed.abi3.so": ""})
    with pytest.raises(UserError) as error:
        plan(tmp_path, "a.py", "d")
    assert "_speed.abi3.so" in str(error.value) and "--no-binary" in str(error.value)


def test_a_compiled_part_that_may_be_missing_is_left_out(tmp_path):
    tree(tmp_path, {"a.py": "import fast\n", "d/fast/_speed.abi3.so": "",
                    "d/fast/__init__.py": "try:\n    from . import _speed\nexcept ImportError:\n    _speed = None\n"})
    assert set(plan(tmp_path, "a.py", "d").closure.modules) == {"__main__", "fast"}


def test_packages_that_serve_nothing_without_their_module_cannot_be_had(tmp_path):
    upstream = tree(tmp_path, {"Modules/config.c.in": '    {"sys", NULL},\n    {"marshal", PyMarshal_Init},\n'})
    found = carried.reasons(upstream, PROJECT / "cpython", [{"name": "_tkinter", "kind": "absent", "reason": "needs Tcl/Tk"},
                                                            {"name": "_json", "kind": "builtin"}])
    assert found["sys"] == found["marshal"] == found["_json"] == "" and found["turtle"] == "it needs _tkinter, and _tkinter: needs Tcl/Tk"


def test_a_lazy_stand_in_can_be_imported_and_its_use_names_the_option():
    names = {}
    exec(stubs.source("u", Stub("Fix: include=u", True, (("version", "3.2.0"),))), names)
    thing = names["__getattr__"]("ucd")
    assert thing.version == "3.2.0"
    with pytest.raises(ModuleNotFoundError, match="include=u"):
        thing.category
    with pytest.raises(ModuleNotFoundError, match="include=u"):
        thing("x")
    with pytest.raises(AttributeError):
        names["__getattr__"]("__path__")


def test_our_module_in_front_of_upstream_s_comes_with_that_and_with_what_both_import(tmp_path):
    """As in root/: without it find_library knows nothing but gcc and ldconfig, which no device has."""
    library = facts(tmp_path / "lib", {"ctypes/": "", "ctypes.util": "import shutil\n", "shutil": "", "struct": "", "os": "", "glob": "", "io": "", "sys": ""}, ())
    upstream = tree(tmp_path / "release", {"Modules/config.c.in": "", "Include/internal/pycore_global_strings.h": ""})
    known = carried.Ready(carried.Release(upstream, sys.executable, tmp_path / "kept", "state"), PROJECT / "cpython", RULES, library)
    tree(tmp_path, {"a.py": "from ctypes.util import find_library\n", "b.py": "import ctypes.util, _data\n", "c.py": ""})
    rows = [{"name": "_ctypes", "kind": "builtin"}]
    modules = {app: carried.plan(known, rows, str(tmp_path / app), generated={**installed.wrappers(PROJECT / "cpython"), "_data": "data.py"},
                                 cache=tmp_path / "cache.json").closure.modules for app in ("a.py", "b.py", "c.py")}
    assert modules["a.py"]["ctypes.util"].path == str(PROJECT / "cpython/device/ctypes_util.py")
    assert modules["a.py"]["ctypes._upstream_util"].path == library["ctypes.util"].path
    assert set(modules["a.py"]) == {"__main__", "ctypes", "ctypes.util", "ctypes._upstream_util", "shutil", "struct", "os", "glob", "sys"}
    assert set(modules["b.py"]) == set(modules["a.py"]) | {"_data"} and set(modules["c.py"]) == {"__main__"}
    alone = carried.plan(known, rows, roots=["ctypes.util"], generated=installed.wrappers(PROJECT / "cpython")).closure.modules
    assert "struct" in alone and "ctypes._upstream_util" in alone

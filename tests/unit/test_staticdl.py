"""dlopen and dlsym of a static program."""
import re

from crosspy.apps import staticdl
from crosspy.upstream import publicapi
from crosspy.upstream.modules import Module


def test_the_table_is_in_the_order_of_the_search_and_has_each_name_once():
    text = staticdl.source(["qsort", "Py_Initialize", "abs", "qsort", "PyExc_OSError"])
    assert re.findall(r'__asm__\("(\w+)"\)', text) == ["PyExc_OSError", "Py_Initialize", "abs", "qsort"]
    assert re.findall(r'\{"(\w+)", symbol_(\d)\}', text) == [("PyExc_OSError", "0"), ("Py_Initialize", "1"), ("abs", "2"), ("qsort", "3")]


def test_what_may_be_missing_is_a_weak_reference_unless_it_is_certain():
    text = staticdl.source(["abs", "Py_Initialize"], ["PyErr_SetFromWindowsErr", "Py_Initialize"])
    assert re.findall(r'__asm__\("(\w+)"\)(.*);', text) == [
        ("PyErr_SetFromWindowsErr", " __attribute__((weak))"), ("Py_Initialize", ""), ("abs", "")]


def test_what_headers_declare_for_everybody_is_the_public_api(release_trees):
    for tree in release_trees:
        names = publicapi.declared(tree)
        assert {"Py_FrozenMain", "Py_OptimizeFlag", "PyFrame_GetLocals", "PyUnstable_Eval_RequestCodeExtraIndex", "PyLong_FromLong", "PyExc_OSError"} <= set(names)
        assert 900 < len(names) < 2000 and not [name for name in names if name.startswith("_")]


def test_only_a_built_in_ctypes_brings_it_along():
    found = [Module("_ctypes", "builtin", sources=("Modules/_ctypes/_ctypes.c",)), Module("_json", "builtin", sources=("Modules/_json.c",)),
             Module("_ctypes", "absent", "why")]
    assert [module.sources for module in staticdl.with_source(found)] == [
        ("Modules/_ctypes/_ctypes.c", "generated/static_dl.c"), ("Modules/_json.c",), ()]

"""dlopen and dlsym of a static program."""
import re

from crosspy.apps import staticdl
from crosspy.upstream.modules import Module


def test_the_table_is_in_the_order_of_the_search_and_has_each_name_once():
    text = staticdl.source(["qsort", "Py_Initialize", "abs", "qsort", "PyExc_OSError"])
    assert re.findall(r'__asm__\("(\w+)"\)', text) == ["PyExc_OSError", "Py_Initialize", "abs", "qsort"]
    assert re.findall(r'\{"(\w+)", symbol_(\d)\}', text) == [("PyExc_OSError", "0"), ("Py_Initialize", "1"), ("abs", "2"), ("qsort", "3")]


def test_only_a_built_in_ctypes_brings_it_along():
    found = [Module("_ctypes", "builtin", sources=("Modules/_ctypes/_ctypes.c",)), Module("_json", "builtin", sources=("Modules/_json.c",)),
             Module("_ctypes", "absent", "why")]
    assert [module.sources for module in staticdl.with_source(found)] == [
        ("Modules/_ctypes/_ctypes.c", "generated/static_dl.c"), ("Modules/_json.c",), ()]

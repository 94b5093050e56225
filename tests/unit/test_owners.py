"""Whose an object is, what only one module uses, and the links that a report makes again."""
from types import SimpleNamespace

import pytest
import samples
from crosspy.sizing import owners
from crosspy.sizing.sizes import CORE, EXTENSION, LIBRARY
from crosspy.upstream.modules import Module

MPDEC, EXPAT = "Modules/_decimal/libmpdec/libmpdec.a", "Modules/expat/libexpat.a"
MODULES = [Module("_decimal", "builtin", sources=("Modules/_decimal/_decimal.c",), archives=(MPDEC,)),
           Module("_one", "builtin", sources=("Modules/one.c", "Modules/both.c")),
           Module("_two", "shared", sources=("Modules/two.c", "Modules/both.c")),
           Module("pyexpat", "shared", archives=(EXPAT,)), Module("_elementtree", "shared", archives=(EXPAT,)),
           Module("_ssl", "absent", reason="no", sources=("Modules/_ssl.c",)),
           Module("posix", "builtin", sources=("Modules/posixmodule.c",))]
CORE_PLAN = SimpleNamespace(modules=MODULES, archives={MPDEC: ["Modules/_decimal/libmpdec/context.o"], EXPAT: ["Modules/expat/xmltok.o"]})
NAMES = ["Objects/a.o", "Modules/_decimal/_decimal.o", "Modules/_decimal/libmpdec/context.o", "Modules/both.o", "Modules/one.o",
         "Modules/expat/xmltok.o", "plain/Objects/a.o", "plain/Modules/one.o"]


def test_objects_have_owners():
    found, libraries = owners.objects(CORE_PLAN, NAMES)
    assert found == {"Objects/a.o": (CORE, "Objects/a"), "Modules/_decimal/_decimal.o": (EXTENSION, "_decimal"),
                     "Modules/_decimal/libmpdec/context.o": (LIBRARY, "libmpdec"), "Modules/both.o": (LIBRARY, "both"),
                     "Modules/one.o": (EXTENSION, "_one"), "Modules/expat/xmltok.o": (LIBRARY, "libexpat"),
                     "plain/Objects/a.o": (CORE, "Objects/a"), "plain/Modules/one.o": (EXTENSION, "_one")}
    assert libraries == {"libmpdec": ["_decimal"], "both": ["_one", "_two"], "libexpat": ["_elementtree", "pyexpat"]}


def test_what_can_be_left_out_and_what_goes_with_it(tmp_path):
    (tmp_path / "Modules").mkdir()
    (tmp_path / "Modules/Setup.bootstrap.in").write_text("*static*\nposix posixmodule.c\n")
    _, libraries = owners.objects(CORE_PLAN, NAMES)
    found = owners.removable(CORE_PLAN, tmp_path, samples.PROJECT / "cpython", libraries)
    assert found["_decimal"] == {"how": "disable=_decimal", "libraries": ["libmpdec"], "packages": []}
    assert found["pyexpat"]["libraries"] == found["_one"]["libraries"] == []
    assert "posix" not in found and "_ssl" not in found


def test_what_stands_on_a_module_goes_with_it(tmp_path):
    (tmp_path / "Modules").mkdir()
    (tmp_path / "Modules/Setup.bootstrap.in").write_text("*static*\n")
    core = SimpleNamespace(modules=[Module("_ssl", "shared", sources=("Modules/_ssl.c",))], archives={})
    assert owners.removable(core, tmp_path, samples.PROJECT / "cpython", {})["_ssl"]["packages"] == ["ssl"]


LINKS = [{"output": "linked/libpython3.13.a", "kind": "archive", "command": "ar"},
         {"output": "linked/lib-dynload/_json.so", "kind": "shared", "command": "/opt/a-s/zig cc '-DX=-s y' -shared -s -Wl,-z,now"}]


@pytest.mark.parametrize("toolchain, words", [("zig", "-shared -s -Wl,--print-map -Wl,-z,now"), ("gcc", "-shared  -Wl,-z,now"),
                                              ("clang", "-shared  -Wl,-z,now")])
def test_links_are_made_again_with_a_map_or_symbols(toolchain, words):
    assert owners.again(LINKS, toolchain) == [{"link": 1, "output": "unstripped/lib-dynload/_json.so",
                                               "command": f"/opt/a-s/zig cc '-DX=-s y' {words}"}]


def test_a_split_build_has_its_symbols_already():
    assert owners.maps("zig", False) and not owners.maps("zig", True) and not owners.maps("gcc", False)


def test_a_program_has_the_parts_that_its_link_names():
    rows = [{"name": "_decimal", "sources": ["Modules/_decimal/_decimal.c"], "archives": [MPDEC]}, 
            {"name": "posix", "sources": ["Modules/posixmodule.c"]}]
    parts = {"_decimal": {"objects": ["Modules/_decimal/_decimal.o", "Modules/_decimal/libmpdec/context.o"]},
             "posix": {"objects": ["Modules/posixmodule.o"]}}
    made = {"name": "x", "folder": "build/x", "facts": {"modules": rows, "release": {"version": "3.13.15"}}, "parts": parts}
    names = ["Objects/a.o", "Modules/_decimal/_decimal.o", "Modules/_decimal/libmpdec/context.o", "apps/hello/frozen.o"]
    found = owners.program(made, "hello", names)
    assert found["owners"] == {names[0]: (CORE, "Objects/a"), names[1]: (EXTENSION, "_decimal"), names[2]: (LIBRARY, "libmpdec"),
                               names[3]: (CORE, "apps/hello/frozen")}
    assert found["removable"] == {"_decimal": {"libraries": ["libmpdec"]}, "posix": {"libraries": []}}
    assert found["links"] == [{"file": "apps/hello/hello", "unstripped": "apps/hello/linked/hello", "objects": names, "rest": None}]

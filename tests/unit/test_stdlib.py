from dataclasses import replace

import pytest
from closures import RULES, carried, search

from crosspy.closure.closuretable import Core, Edge
from crosspy.errors import UserError


def test_imports_are_followed_through_packages_and_submodules(tmp_path):
    library = {"a/": "", "a.b/": "from . import c\n", "a.b.c": "import d\n", "a.x": "", "d": "", "e": ""}
    assert carried(tmp_path, "import a.b\n", library) == {"a", "a.b", "a.b.c", "d"}
    assert carried(tmp_path, "from a import b as q, nothing\n", library) == {"a", "a.b", "a.b.c", "d"}


def test_the_chain_tells_file_and_line_of_each_import(tmp_path):
    found = search(tmp_path, "\nimport a\n", {"a": "x = 1\nimport b\n", "b": ""})
    assert [(entry.name, entry.parent, entry.line, entry.how) for entry in found.chain("b")] == [
        ("__main__", "", 0, "application"), ("a", "__main__", 2, ""), ("b", "a", 2, "")]


def test_a_fallback_is_followed_only_when_what_was_tried_cannot_be_had(tmp_path):
    library = {"a": "try:\n    import _a\nexcept ImportError:\n    import _pya\n", "_pya": ""}
    assert carried(tmp_path, "import a\n", library, {"_a": ""}) == {"a", "_a"}
    assert carried(tmp_path, "import a\n", library, {"_a": "needs libfoo"}) == {"a", "_pya"}
    assert carried(tmp_path, "import a\n", library) == {"a", "_pya"}


def test_a_module_that_cannot_be_imported_counts_as_missing_where_that_is_caught(tmp_path):
    library = {"ssl": "import _ssl\n", "more": "",
               "a": "try:\n    import ssl\nexcept ImportError:\n    ssl = None\nelse:\n    import more\n"}
    assert carried(tmp_path, "import a\n", library, {"_ssl": "needs OpenSSL"}) == {"a"}
    assert carried(tmp_path, "import a\n", library, {"_ssl": ""}) == {"a", "ssl", "_ssl", "more"}


def test_a_module_of_a_library_that_is_broken_is_told_with_the_chain_and_the_reason(tmp_path):
    with pytest.raises(UserError) as error:
        search(tmp_path, {"__main__": "import mine\n", "mine": "\nimport ssl\n"}, {"ssl": "import _ssl\n"}, {"_ssl": "needs OpenSSL"})
    text = str(error.value)
    assert "ssl: it imports _ssl, and _ssl: needs OpenSSL" in text
    assert text.index("0.py:1") < text.index("1.py:2")


def test_imports_that_exist_nowhere_are_told_all_at_once_unless_they_are_caught(tmp_path):
    with pytest.raises(UserError) as error:
        search(tmp_path, "import a\ndef f():\n    import b\ntry:\n    import c\nexcept ImportError:\n    pass\n")
    text = str(error.value)
    assert text.startswith("app=x: ") and "a: there is no such module" in text and "b: there" in text and "c: there" not in text
    assert "exclude=" in text and "path=" in text


def test_functions_of_the_library_count_when_somebody_may_call_them(tmp_path):
    library = {"os": "def popen():\n    import subprocess\ndef fdopen():\n    import io\n", "subprocess": "", "io": ""}
    assert carried(tmp_path, "import os\n", library) == {"os"}
    assert carried(tmp_path, "import os\nos.popen()\n", library) == {"os", "subprocess"}
    assert carried(tmp_path, "from os import fdopen\n", library) == {"os", "io"}
    assert carried(tmp_path, "from os import *\npopen()\n", library) == {"os", "subprocess"}
    assert carried(tmp_path, "import os\nx = 1\nx.y.popen()\n", library) == {"os", "subprocess"}
    assert carried(tmp_path, "import os, other\nother.popen()\n", {**library, "other": ""}) == {"os", "other"}
    assert carried(tmp_path, "import os\ndef popen(): pass\npopen()\n", library) == {"os"}


def test_a_function_counts_through_others_that_can_be_used_and_not_through_those_that_cannot(tmp_path):
    library = {"doctest": "",
               "a": "def _test():\n    deep()\ndef deep():\n    import doctest\ndef used():\n    deep()\nif __name__ == '__main__':\n    _test()\n"}
    assert carried(tmp_path, "import a\n", library) == {"a"}
    assert carried(tmp_path, "import a\na.used()\n", library) == {"a", "doctest"}


def test_special_methods_count_with_their_class_and_names_that_c_code_calls_always(tmp_path):
    library = {"a": "class C:\n    def __init__(self):\n        import b\n    def readinto(self):\n        import c\n", "b": "", "c": ""}
    assert carried(tmp_path, "import a\n", library) == {"a"}
    assert carried(tmp_path, "import a\na.C()\n", library) == {"a", "b"}
    assert carried(tmp_path, "import a\na.C()\n", library, calls=["readinto"]) == {"a", "b", "c"}


def test_functions_of_the_program_always_count_and_only_its_main_block_runs(tmp_path):
    library = {"a": "if __name__ == '__main__':\n    import b\n", "b": "", "c": ""}
    assert carried(tmp_path, "import a\ndef f():\n    import c\n", library) == {"a", "c"}
    assert carried(tmp_path, "if __name__ == '__main__':\n    import a\n", library) == {"a"}


def test_c_code_and_encodings_bring_modules_in(tmp_path):
    library = {"j/": "import _j\n", "j.decoder": "", "encodings/": "", "encodings.cp437": "import codecs\n", "codecs": ""}
    assert carried(tmp_path, "import j\n", library, {"_j": ""}, c_imports={"_j": ["j.decoder"]}) == {"j", "_j", "j.decoder"}
    assert carried(tmp_path, "b''.decode('cp437'), b''.decode('no-such-codec')\n", library) == {"encodings", "encodings.cp437", "codecs"}


def test_names_that_a_module_puts_into_sys_modules_are_the_module_behind_them(tmp_path):
    library = {"os": "import sys, posixpath as path\nsys.modules['os.path'] = path\n", "posixpath": "", "sys": ""}
    assert carried(tmp_path, "import os.path\n", library) == {"os", "posixpath", "sys"}


def test_include_adds_a_package_as_a_whole_and_exclude_takes_one_away(tmp_path):
    library = {"a/": "", "a.b": "import c\n", "a.__main__": "import never\n", "c": "", "d": "import a.b\n", "never": ""}
    assert carried(tmp_path, "", library, include=["a"]) == {"a", "a.b", "c"}
    found = search(tmp_path, "import d\n", library, exclude=["a"])
    assert set(found.modules) == {"__main__", "d"}
    assert "leave exclude=a out" in found.stubs["a"].message and "a.b" not in found.modules
    with pytest.raises(UserError, match="did you mean 'never'"):
        search(tmp_path, "", library, include=["nevr"])


def test_an_excluded_name_may_exist_nowhere(tmp_path):
    assert "nowhere" in search(tmp_path, "import nowhere\n", exclude=["nowhere"]).stubs


def test_a_feature_is_carried_when_its_name_is_mentioned_and_leaves_a_stub_that_names_include(tmp_path):
    rules = replace(RULES, features=(Edge(("shutil",), ("tarfile",), "only for archives", ("make_archive",)),))
    library = {"shutil": "import tarfile\ndef make_archive(): pass\n", "tarfile": ""}
    found = search(tmp_path, "import shutil\n", library, rules=rules)
    assert set(found.modules) == {"__main__", "shutil"}
    assert "only for archives. Fix: build it with include=tarfile" in found.stubs["tarfile"].message
    assert carried(tmp_path, "import shutil\nshutil.make_archive()\n", library, rules=rules) == {"shutil", "tarfile"}
    assert carried(tmp_path, "import shutil\n", library, rules=rules, include=["tarfile"]) == {"shutil", "tarfile"}
    assert search(tmp_path, "import shutil, tarfile\n", library, rules=rules).stubs == {}


def test_what_the_core_imports_is_start_up_or_asked_for_by_a_name_or_by_type_parameters(tmp_path):
    rules = replace(RULES, start=("io",), core={
        "io": Core("io", "start-up", "x"), "pdb": Core("pdb", "feature", "breakpoint() does nothing", ("breakpoint",)),
        "traceback": Core("traceback", "error path", "C prints it")})
    library = {"io": "", "pdb": "", "traceback": ""}
    found = search(tmp_path, "", library, rules=rules)
    assert set(found.modules) == {"__main__", "io"} and set(found.stubs) == {"pdb", "traceback"}
    assert carried(tmp_path, "breakpoint()\n", library, rules=rules) == {"io", "pdb"}


def test_a_program_with_the_name_of_a_library_module_is_refused(tmp_path):
    from closures import facts
    from crosspy.closure import closure, stdlib
    from crosspy.closure.cimports import CImports
    own = facts(tmp_path / "app", {"__main__": "import json\n"})
    program = closure.Program(own, {"__main__": "app"}, ("__main__",), "app=x", {"json": "/here/json.py"})
    with pytest.raises(UserError, match="/here/json.py has the name of a module of the standard library"):
        stdlib.closure_of(program, facts(tmp_path / "lib", {"json": ""}), CImports({}, frozenset()), {}, RULES)


def test_dynamic_imports_of_the_program_are_warnings_with_file_line_and_include(tmp_path):
    found = search(tmp_path, "import importlib\nimportlib.import_module(name)\n", {"importlib": "__import__(x)\n"})
    assert len(found.warnings) == 1 and "0.py:2: import_module()" in found.warnings[0] and "include=" in found.warnings[0]


def test_what_a_dependency_misses_in_a_function_is_a_mistake_only_if_the_function_may_be_called(tmp_path):
    path = {"dep": "def show():\n    import notebook\ndef fine():\n    import helper\ndef call():\n    __import__(name)\n", "helper": ""}
    found = search(tmp_path, "import dep\n", path=path)
    assert set(found.modules) == {"__main__", "dep", "helper"} and "notebook" in found.stubs and found.warnings == ()
    with pytest.raises(UserError, match="notebook: there is no such module"):
        search(tmp_path, "import dep\ndep.show()\n", path=path)
    assert len(search(tmp_path, "import dep\ndep.call()\n", path=path).warnings) == 1


def test_a_module_of_a_dependency_that_misses_one_is_told_where_it_does(tmp_path):
    with pytest.raises(UserError) as error:
        search(tmp_path, "import dep\n", path={"dep": "import inner\ndef f():\n    import dep\n", "inner": "\nimport h2.config\n"})
    text = str(error.value)
    assert text.count("there is no such module") == 1 and "h2: there" in text and "1.py:2" in text


def test_a_stub_of_what_cannot_be_had_says_so(tmp_path):
    rules = replace(RULES, features=(Edge(("shutil",), ("bz2",), "only asked for", ("make_archive",)),))
    found = search(tmp_path, "import shutil\n", {"shutil": "try:\n    import bz2\nexcept ImportError:\n    pass\n", "bz2": "import _bz2\n"},
                   {"_bz2": "needs bzip2"}, rules=rules)
    assert "needs bzip2" in found.stubs["bz2"].message and "once it can be had" in found.stubs["bz2"].message


@pytest.mark.parametrize("first, second", [("a", "b"), ("b", "a")])
def test_a_lazy_stand_in_wins_over_one_that_refuses_the_import(tmp_path, first, second):
    rules = replace(RULES, features=(Edge(("a",), ("big",), "rare"), Edge(("b",), ("big",), "rarer", lazy=True, has=(("version", "3"),))))
    found = search(tmp_path, f"import {first}\nimport {second}\n", {"a": "import big\n", "b": "import big\n", "big": ""}, rules=rules)
    assert found.stubs["big"].lazy and found.stubs["big"].has == (("version", "3"),)


def test_a_feature_may_be_needed_beside_another_module(tmp_path):
    rules = replace(RULES, features=(Edge(("traceback",), ("ast",), "only lines have marks", beside=("tokenize",)),))
    library = {"traceback": "import ast\n", "ast": "", "tokenize": ""}
    assert carried(tmp_path, "import traceback\n", library, rules=rules) == {"traceback"}
    assert carried(tmp_path, "import traceback, tokenize\n", library, rules=rules) == {"traceback", "tokenize", "ast"}


def test_a_module_that_tries_what_a_row_leaves_out_has_its_fallback(tmp_path):
    rules = replace(RULES, features=(Edge(("a",), ("ssl",), "only for TLS", ("tls",)),))
    library = {"a": "try:\n    import ssl\nexcept ImportError:\n    import plain\nelse:\n    import more\n", "ssl": "", "plain": "", "more": ""}
    assert carried(tmp_path, "import a\n", library, rules=rules) == {"a", "plain"}
    assert carried(tmp_path, "import ssl, a\n", library, rules=rules) == {"a", "ssl", "more"}
    assert carried(tmp_path, "import a\na.tls\n", library, rules=rules) >= {"a", "ssl", "more"}


def test_a_stand_in_is_no_reason_for_a_fallback(tmp_path):
    rules = replace(RULES, features=(Edge(("a",), ("big",), "rare", lazy=True),))
    library = {"a": "try:\n    import big\nexcept ImportError:\n    import plain\n", "big": "", "plain": ""}
    assert carried(tmp_path, "import a\n", library, rules=rules) == {"a"}


def test_a_feature_may_wait_for_an_argument_or_for_the_name_of_one_module(tmp_path):
    rules = replace(RULES, features=(Edge(("a",), ("ssl",), "only for TLS", ("ssl=",)), Edge(("b", "c"), ("big",), "rare", ("b:new",))))
    library = {"a": "import ssl\ndef f(ssl=None): pass\n", "ssl": "", "b": "import big\n", "big": "", "c": "import b\nb.new\n"}
    assert carried(tmp_path, "import a\ndef f(ssl=None): a.f(None)\n", library, rules=rules) == {"a"}
    assert carried(tmp_path, "import a\na.f(ssl=1)\n", library, rules=rules) == {"a", "ssl"}
    assert carried(tmp_path, "import c\nc.new, x.new\n", library, rules=rules) == {"b", "c"}
    for text in ("import b\nb.new\n", "from b import new\n", "import b as d\nd.new\n"):
        assert carried(tmp_path, text, library, rules=rules) == {"b", "big"}

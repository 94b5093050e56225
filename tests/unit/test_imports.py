"""What imports.py reads from files; here the Python that runs the tests does it, in a build the bootstrap."""
import sys
import textwrap

import pytest

from crosspy.closure import importgraph
from crosspy.errors import UserError


def read(folder, text, name="pkg.mod", package=False):
    path = folder / "source.py"
    path.write_bytes(text if isinstance(text, bytes) else textwrap.dedent(text).encode())
    row = importgraph.read(sys.executable, {name: (str(path), package)})[name]
    return importgraph.facts(name, row)


def named(facts):
    return [(item.module, *item.names) for item in facts.imports]


def test_every_form_of_import_is_found_with_its_line(tmp_path):
    facts = read(tmp_path, """\
        import a, b.c as d
        from e import f, g
        from . import h
        from .i import j
        from ..k import l
        """)
    assert named(facts) == [("a",), ("b.c",), ("e", "f", "g"), ("pkg", "h"), ("pkg.i", "j"), ("..k", "l")]
    assert [item.line for item in facts.imports] == [1, 1, 2, 3, 4, 5]


def test_a_package_is_its_own_parent_and_a_dot_too_many_stays_as_written(tmp_path):
    assert named(read(tmp_path, "from . import x\nfrom .. import y\n", "a.b", package=True)) == [("a.b", "x"), ("a", "y")]
    assert named(read(tmp_path, "from .z import x\n", "__main__")) == [(".z", "x")]


def test_literal_dynamic_imports_are_imports_and_others_are_told(tmp_path):
    facts = read(tmp_path, """\
        import importlib
        from importlib import import_module
        importlib.import_module("a.b")
        import_module(".c", "d")
        import_module(".e", package=__package__)
        __import__("f")
        __import__(name)
        importlib.import_module(f"g.{name}")
        """)
    assert named(facts)[2:] == [("a.b",), ("d.c",), ("pkg.e",), ("f",)]
    assert [(item.line, item.module) for item in facts.dynamic] == [(7, "__import__"), (8, "import_module")]


def test_what_catches_a_missing_module_makes_an_import_optional(tmp_path):
    facts = read(tmp_path, """\
        from contextlib import suppress
        try:
            import a
        except ImportError:
            import b
        else:
            import c
        try:
            import d
        except (ValueError, ModuleNotFoundError):
            pass
        try:
            import e
        except:
            pass
        try:
            import f
        except ValueError:
            import g
        with suppress(ImportError):
            import h
        try:
            import i
        finally:
            import j
        """)
    found = {item.module: item for item in facts.imports}
    assert {name for name, item in found.items() if item.optional} == {"a", "d", "e", "h"}
    assert found["b"].when == (("missing", ("a",)),) and found["c"].when == (("present", ("a",)),)
    assert all(found[name].when == () for name in "fgij")


def test_branches_that_linux_never_takes_are_left_out(tmp_path):
    facts = read(tmp_path, """\
        import os, sys
        from typing import TYPE_CHECKING
        WINDOWS = sys.platform == "win32"
        names = sys.builtin_module_names
        if WINDOWS:
            import a
        elif os.name == "posix":
            import b
        else:
            import c
        if TYPE_CHECKING:
            import d
        if "nt" in names:
            import e
        if sys.platform.startswith("linux") and sys.version_info >= (3, 2):
            import f
        if not sys.platform in ("linux", "android"):
            import g
        if sys.version_info[0] == 2:
            import h
        if unknown or sys.platform == "darwin":
            import i
        if sys.platform != "darwin" or unknown:
            import j
        """)
    found = {item.module: item for item in facts.imports}
    assert found.keys() == {"os", "sys", "typing", "b", "f", "i", "j"}
    assert found["i"].maybe and not found["j"].maybe and not found["b"].maybe


def test_an_import_knows_the_functions_and_classes_around_it(tmp_path):
    facts = read(tmp_path, """\
        def a():
            import m1
            def b():
                import m2
        class C:
            import m3
            async def d(self):
                import m4
        @register
        def e():
            import m5
        @property
        def f():
            import m6
        if __name__ == "__main__":
            import m7
        """)
    found = {item.module: item for item in facts.imports}
    assert [found[f"m{n}"].inside for n in range(1, 7)] == [("a",), ("a", "b"), (), ("C", "d"), ("",), ("f",)]
    assert found["m7"].main and not found["m6"].main


def test_mentions_are_kept_with_the_functions_that_mention_them(tmp_path):
    facts = read(tmp_path, """\
        import os
        from x import y
        class C:
            def m(self):
                return os.popen(self.fold), y
        C()
        getattr(C, "late")
        """)
    assert facts.bare["C"] == [""] and facts.bare["y"] == ["C.m"] and "m" not in facts.bare
    assert facts.qualified == {"os:popen": ["C.m"], "x:y": [""]}
    assert facts.attributes["fold"] == ["C.m"] and facts.attributes["late"] == [""] and facts.attributes["y"] == [""]


def test_encodings_are_read_as_modules_unless_c_has_them(tmp_path):
    facts = read(tmp_path, """\
        import codecs
        "x".encode("latin-1"), b"x".decode("cp437"), str(b"x", "utf-8")
        open("f", encoding="latin-1")
        codecs.lookup("rot13")
        codecs.open("f", "r", "utf-16")
        object.lookup("stat")
        def f(x, encoding="iso8859-15"): pass
        """)
    assert [item.module for item in facts.codecs] == ["encodings.cp437", "encodings.latin_1",
                                                      "encodings.rot_13", "encodings.utf_16", "encodings.iso8859_15"]


def test_names_put_into_sys_modules_and_exports_and_type_parameters(tmp_path):
    facts = read(tmp_path, """\
        import sys, posixpath as path
        sys.modules["os.path"] = path
        __all__ = ["a", "b"]
        __all__ += ["c"]
        "a pattern: \\\\N{DASH}"
        x = r"\\N{DASH}"
        """)
    assert facts.provides == ("os.path",) and facts.exports == ("a", "b", "c") and facts.attributes["\\N{"] == [""]
    assert facts.generic == 0


def test_a_docstring_names_no_character(tmp_path):
    assert "\\N{" not in read(tmp_path, 'r"""about \\N{DASH}"""\n').attributes


@pytest.mark.parametrize("text, line, column, message", [
    ("x = 1\nprint(\n", 2, 6, "never closed"),
    ("def f():\nreturn 1\n", 2, 1, "indent"),
    ("x = 1\nreturn 2\n", 2, 1, "outside function"),
    (b"x = 1\ny = '\xe4'\n", 2, 6, "not UTF-8 (byte 0xe4)"),
])
def test_a_file_that_does_not_compile_is_told_with_line_and_column(tmp_path, text, line, column, message):
    error = read(tmp_path, text).error
    assert error[:2] == (line, column) and message in error[3]


def test_a_coding_line_is_believed(tmp_path):
    assert not read(tmp_path, b"# coding: latin-1\nimport a; y = '\xe4'\n").error


def test_a_program_that_is_no_bootstrap_is_told(tmp_path):
    with pytest.raises(UserError, match="it could not read the imports"):
        importgraph.read("/bin/false", {"a": (str(tmp_path / "a.py"), False)})


def test_only_what_decides_about_a_function_is_kept_of_a_library(tmp_path):
    (tmp_path / "a.py").write_text("def late():\n    import b\ndef caller():\n    late()\n    other()\ndef far():\n    caller()\nfar.x\n")
    row = importgraph.read(sys.executable, {"a": (str(tmp_path / "a.py"), False)}, ["x"])["a"]
    assert row["bare"] == {"late": ["caller"], "caller": ["far"], "far": [""]} and row["attributes"] == {"x": [""]}


def test_unchanged_files_are_not_parsed_again_and_nothing_is_written_before_all_is_well(tmp_path, monkeypatch):
    path, kept = tmp_path / "a.py", tmp_path / "cache.json"
    path.write_text("import x\n")
    files = {"a": (str(path), False)}
    cache = importgraph.Cache(kept, sys.executable)
    first = cache.read(files)
    assert not kept.exists()
    cache.save()
    stamp = kept.stat().st_mtime_ns
    with monkeypatch.context() as nobody:
        nobody.setattr(importgraph, "read", None)  # a parser would be called here
        cache = importgraph.Cache(kept, sys.executable)
        assert cache.read(files) == first
    cache.save()
    assert kept.stat().st_mtime_ns == stamp
    path.write_text("import yy\n")
    assert importgraph.Cache(kept, sys.executable).read(files)["a"]["imports"][0]["module"] == "yy"

"""C and C++ beside an interpreter: languages, compilers, objects."""
from dataclasses import replace

import pytest

from crosspy.apps import application
from crosspy.errors import UserError
from crosspy.firmware import embedding
from crosspy.toolchains.toolchain import Toolchain

ZIG = Toolchain("zig", "t", "1", ("/x/zig", "cc", "-target", "t"), ("/x/zig", "ar"), (), "d")


def test_the_language_is_that_of_the_suffix():
    assert [embedding.language(f"a.{suffix}") for suffix in ("c", "cc", "cpp", "cxx")] == ["c", "c++", "c++", "c++"]
    with pytest.raises(UserError, match="neither C nor C"):
        embedding.language("a.rs")


def test_each_kind_has_its_compiler_for_cpp(tmp_path):
    assert embedding.driver(ZIG).cc == ("/x/zig", "c++", "-target", "t")
    for name in ("arm-gcc", "arm-g++"):
        (tmp_path / name).write_text("")
        (tmp_path / name).chmod(0o755)
    gcc = replace(ZIG, kind="gcc", cc=(f"{tmp_path}/arm-gcc", "-x"))
    assert embedding.driver(gcc).cc == (f"{tmp_path}/arm-g++", "-x")
    (tmp_path / "arm-g++").unlink()
    with pytest.raises(UserError, match="it has no C\\+\\+ compiler"):
        embedding.driver(gcc)


def test_two_sources_of_one_name_have_two_objects():
    assert application.foreign("apps/x", ["src/a.c", "lib/a.c", "b.c"]) == {
        "src/a.c": "apps/x/own/a.o", "lib/a.c": "apps/x/own/a-2.o", "b.c": "apps/x/own/b.o"}

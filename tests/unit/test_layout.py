from crosspy.errors import UserError
from crosspy.root.layout import Folder, Item, Link, Options, compile_list, layout, main, make_words
from installtree import make_tree
import pytest


def by_destination(tree, **options):
    return {entry.destination: entry for entry in layout(tree, Options("3.13", multiarch="m68k-linux-gnu", **options))}


def test_only_listed_folders_and_files_are_installed_without_what_make_install_leaves_out(tmp_path):
    found = by_destination(make_tree(tmp_path))
    library = {name[len("usr/lib/python3.13/"):] for name in found if name.startswith("usr/lib/python3.13/")}
    assert {name for name in library if not name.startswith("config-")} == {
        "os.py", "pydoc.py", "json/__init__.py", "json/data.txt", "idlelib/__init__.py", "site-packages/README.txt",
        "xml/__init__.py", "LICENSE.txt", "_sysconfigdata__linux_m68k-linux-gnu.py", "lib-dynload"}
    assert found["usr/lib/python3.13/lib-dynload"] == Folder("usr/lib/python3.13/lib-dynload")


def test_a_script_keeps_its_execute_permission_and_nothing_else_of_its_mode(tmp_path):
    found = by_destination(make_tree(tmp_path))
    assert found["usr/lib/python3.13/json/__init__.py"].mode == 0o755
    assert found["usr/lib/python3.13/os.py"].mode == 0o644


def test_programs_and_links_are_those_of_bininstall_and_there_is_no_plain_python(tmp_path):
    found = by_destination(make_tree(tmp_path))
    assert found["usr/bin/python3.13"] == Item("python", "usr/bin/python3.13", 0o755, "built")
    assert {name: entry.target for name, entry in found.items() if isinstance(entry, Link)} == {
        "usr/bin/python3": "python3.13", "usr/bin/python3-config": "python3.13-config", "usr/bin/idle3": "idle3.13",
        "usr/bin/pydoc3": "pydoc3.13", "usr/lib/pkgconfig/python3.pc": "python-3.13.pc",
        "usr/lib/pkgconfig/python3-embed.pc": "python-3.13-embed.pc", "usr/share/man/man1/python3.1": "python3.13.1"}
    assert "usr/bin/python" not in found


def test_headers_keep_their_folders(tmp_path):
    assert {name for name in by_destination(make_tree(tmp_path)) if "/include/" in name} == {
        f"usr/include/python3.13/{name}" for name in (
            "Python.h", "pyconfig.h", "cpython/code.h", "internal/pycore.h", "internal/mimalloc/mimalloc.h",
            "internal/mimalloc/mimalloc/atomic.h")}


def test_a_shared_libpython_comes_with_its_link_and_without_a_second_archive(tmp_path):
    found = by_destination(make_tree(tmp_path), libpython="shared")
    assert found["usr/lib/libpython3.13.so"].target == "libpython3.13.so.1.0"
    assert {"usr/lib/libpython3.13.so.1.0", "usr/lib/libpython3.so",
            "usr/lib/python3.13/config-3.13-m68k-linux-gnu/libpython3.13.a"} <= found.keys()
    assert "usr/lib/libpython3.13.a" not in found
    assert not any(name.endswith(".a") for name in by_destination(tmp_path, static_library=False))


def test_left_out_packages_take_their_programs_along(tmp_path):
    found = by_destination(make_tree(tmp_path), without=frozenset({"idlelib", "pydoc", "json"}))
    assert not [name for name in found if "idle" in name or "json" in name or "pydoc" in name]


def test_a_package_that_is_left_out_takes_its_folders_along_and_no_other(tmp_path):
    tree = make_tree(tmp_path)
    everything = by_destination(tree, tests=True)
    found = by_destination(tree, tests=True, without=frozenset({"test/data", "tes"}))
    assert everything.keys() - found.keys() == {name for name in everything if "/test/data/" in name} != set()


def test_tests_and_another_prefix(tmp_path):
    found = by_destination(make_tree(tmp_path), tests=True, prefix="/opt/py")
    assert "opt/py/lib/python3.13/test/data/d.bin" in found and all(name.startswith("opt/py/") for name in found)


def test_the_list_for_the_byte_compiler_leaves_out_bad_syntax(tmp_path):
    make_tree(tmp_path / "tree")
    main(["--tree", str(tmp_path / "tree"), "--series", "3.13", "--tests", "yes", "--output", str(tmp_path / "list")])
    lines = (tmp_path / "list").read_text().splitlines()
    assert f"{tmp_path}/tree/Lib/json/__init__.py\tjson/__init__.py" in lines
    assert {line.split("\t")[1] for line in lines} == {
        "os.py", "pydoc.py", "json/__init__.py", "idlelib/__init__.py", "xml/__init__.py", "test/__init__.py"}
    assert compile_list(tmp_path / "tree", Options("3.13")).count("\n") == 5


def test_a_makefile_without_the_list_is_told():
    with pytest.raises(UserError, match="Makefile.pre.in: it defines no LIBSUBDIRS"):
        make_words("X=1\n", "LIBSUBDIRS")

import sys

import pytest

from crosspy.closure import appfiles, importgraph
from crosspy.errors import UserError


def tree(folder, files):
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return folder


def find(folder, app, *paths, include=(), taken=("json", "sys")):
    cache = importgraph.Cache(folder / "cache.json", sys.executable)
    return appfiles.find(cache, str(folder / app), [str(folder / path) for path in paths], include, taken)


def test_a_file_sees_the_modules_beside_it_and_only_those_that_are_named(tmp_path):
    tree(tmp_path, {"a/tool.py": "import helper, json, nowhere\n", "a/helper.py": "import deep.er\n", "a/deep/__init__.py": "",
                    "a/deep/er.py": "", "a/other.py": "(((", "a/json_data.py": ""})
    found = find(tmp_path, "a/tool.py")
    assert found.name == "tool" and found.program.roots == ("__main__",)
    assert set(found.program.facts) == {"__main__", "helper", "deep", "deep.er"}
    assert set(found.program.kinds.values()) == {"app"} and not found.program.clashes


def test_a_package_is_known_by_its_own_name(tmp_path):
    tree(tmp_path, {"pkg/__init__.py": "from . import a\n", "pkg/__main__.py": "from pkg.b import c\nimport beside\n", "pkg/a.py": "",
                    "pkg/b.py": "", "beside.py": ""})
    found = find(tmp_path, "pkg")
    assert found.program.roots == ("pkg", "pkg.__main__") and set(found.program.facts) == {"pkg", "pkg.__main__", "pkg.a", "pkg.b"}


def test_a_package_needs_no_init(tmp_path):
    tree(tmp_path, {"pkg/__main__.py": "from . import a\n", "pkg/a.py": ""})
    found = find(tmp_path, "pkg")
    assert set(found.program.facts) == {"pkg", "pkg.__main__", "pkg.a"} and found.program.facts["pkg"].package


def test_dependencies_are_found_in_their_order_with_namespace_packages(tmp_path):
    tree(tmp_path, {"a.py": "import one, ns.x, ns.y\n", "d1/one.py": "", "d2/one/__init__.py": "", "d1/ns/x.py": "", "d2/ns/y.py": ""})
    found = find(tmp_path, "a.py", "d1", "d2")
    assert found.program.facts["one"].path.endswith("d1/one.py") and found.program.kinds["one"] == "path"
    assert found.program.facts["ns"].path == "" and {"ns.x", "ns.y"} <= set(found.program.facts)


def test_a_compiled_extension_is_known_by_its_file(tmp_path):
    tree(tmp_path, {"a.py": "import fast._speed\n", "d/fast/__init__.py": "", "d/fast/_speed.cpython-313-x86_64-linux-gnu.so": b"\x7fELF"})
    found = find(tmp_path, "a.py", "d")
    assert "_speed.cpython-313-x86_64-linux-gnu.so" in found.compiled["fast._speed"] and "pure Python" in found.compiled["fast._speed"]


def test_names_of_the_library_are_clashes(tmp_path):
    tree(tmp_path, {"a.py": "import json\n", "json.py": ""})
    assert find(tmp_path, "a.py").program.clashes == {"json": str(tmp_path / "json.py")}
    tree(tmp_path, {"sys/__main__.py": ""})
    with pytest.raises(UserError, match="sys is the name of a module of the standard library"):
        find(tmp_path, "sys")


def test_include_takes_in_what_lies_below(tmp_path):
    tree(tmp_path, {"a.py": "", "d/p/__init__.py": "", "d/p/q.py": "import more\n", "d/p/s/__init__.py": "", "d/p/s/t.py": "",
                    "d/more.py": "", "d/p/__main__.py": ""})
    assert set(find(tmp_path, "a.py", "d", include=["p"]).program.facts) == {"__main__", "p", "p.q", "p.s", "p.s.t", "more"}


def test_what_it_rests_on_changes_with_files_and_folders(tmp_path):
    tree(tmp_path, {"a.py": "import b\n", "b.py": ""})
    before = find(tmp_path, "a.py").looked_at
    assert all(appfiles.state(place) == known for place, known in before.items())
    tree(tmp_path, {"b.py": "x = 1\n", "c.py": ""})
    assert {place for place, known in before.items() if appfiles.state(place) != known} == {str(tmp_path / "b.py"), str(tmp_path)}


@pytest.mark.parametrize("app, message", [("nothing.py", "no such file"), ("empty", "no __main__.py"), ("data.txt", "no Python file"),
                                          ("my-app", "no name of a package")])
def test_what_is_no_application_is_refused(tmp_path, app, message):
    tree(tmp_path, {"empty/x.py": "", "data.txt": "", "my-app/__main__.py": ""})
    with pytest.raises(UserError, match=message) as error:
        find(tmp_path, app)
    assert error.value.where == f"app={tmp_path / app}"


def test_a_folder_of_dependencies_must_be_there(tmp_path):
    tree(tmp_path, {"a.py": ""})
    with pytest.raises(UserError, match="it is no folder"):
        find(tmp_path, "a.py", "nothing")


def test_a_syntax_error_is_shown_with_its_line_and_a_caret(tmp_path):
    tree(tmp_path, {"a.py": "import b\n", "b.py": "x = 1\nif x\n    pass\n"})
    with pytest.raises(UserError) as error:
        find(tmp_path, "a.py")
    lines = str(error.value).split("\n")
    assert lines[0].startswith(f"{tmp_path}/b.py:2: ") and lines[1:] == ["    if x", "        ^"]

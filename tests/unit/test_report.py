"""root/ by leaf, sizes.json, and the page: nothing in it asks a network, and no name can end its data."""
import json
import re

import pytest
from crosspy.errors import UserError
from crosspy.root import manifest
from crosspy.sizing import page, report
from crosspy.sizing.sizes import CORE, EXTENSION, LIBC, PYTHON
from test_linkmap import NAMES as OBJECTS
from test_linkmap import text as map_text
from test_sizes import linked, objects
from tiny_elf import ar

LIBRARY = "usr/lib/python3.13"


@pytest.mark.parametrize("path, leaf", [
    (f"{LIBRARY}/json/decoder.py", (PYTHON, "json", "json.decoder", "source")),
    (f"{LIBRARY}/json/__pycache__/decoder.cpython-313.pyc", (PYTHON, "json", "json.decoder", "byte-code")),
    (f"{LIBRARY}/json/__init__.py", (PYTHON, "json", "json", "source")),
    (f"{LIBRARY}/__pycache__/abc.cpython-313.pyc", (PYTHON, "abc", "abc", "byte-code")),
    (f"{LIBRARY}/abc.pyc", (PYTHON, "abc", "abc", "byte-code")),
    (f"{LIBRARY}/ensurepip/_bundled/pip.whl", (PYTHON, "ensurepip", "data files", "ensurepip/_bundled/pip.whl")),
    (f"{LIBRARY}/LICENSE.txt", (PYTHON, "LICENSE", "data files", "LICENSE.txt")),
    ("usr/include/python3.13/Python.h", ("headers", "python3.13", "Python.h", "")),
    (f"{LIBRARY}/config-3.13-x/python.o", ("static library", "config-3.13-x", "python.o", "")),
    ("usr/share/man/man1/python3.1", ("other files", "man1", "python3.1", "")),
    ("usr/bin/python3.13-config", ("other files", "bin", "python3.13-config", ""))])
def test_each_file_has_its_place(path, leaf):
    assert report._leaf(path, LIBRARY) == leaf


@pytest.fixture
def build(tmp_path, monkeypatch):
    """A build folder with a root/ of a program, an archive and Python files, without layout's own reading of a release."""
    root = tmp_path / "x" / "root"
    files = {"usr/bin/python3.13": linked(False), f"{LIBRARY}/abc.py": b"import sys\n",
             "usr/lib/libpython3.13.a": ar({"a.o": b"123", "b.o": b"4567"})}
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
    (root / "usr/bin/python3").symlink_to("python3.13")
    for name, one in zip(OBJECTS, objects()):
        (tmp_path / "x/obj" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "x/obj" / name).write_bytes(one.image.data)
    (tmp_path / "x/unstripped").mkdir()
    (tmp_path / "x/unstripped/python").write_bytes(linked(False))
    (tmp_path / "x/unstripped/python.map").write_text(map_text().replace("/w/build/x", str(tmp_path / "x")))
    options = type("Options", (), {"stdlib": LIBRARY})
    monkeypatch.setattr(report.install, "read_plan", lambda path: type("Plan", (), {"root": root, "options": options}))
    monkeypatch.setattr(report.install, "entries", lambda plan: iter([("usr/bin/python3.13", f"{tmp_path}/x/linked/python", 0o755)]))
    sizing = {"name": "x", "folder": str(tmp_path / "x"), "release": "3.13.15", "maps": True, "frozen": {},
              "owners": {OBJECTS[0]: [CORE, "Objects/a"], OBJECTS[1]: [EXTENSION, "_a"]},
              "removable": {"_a": {"how": "disable=_a", "libraries": [], "packages": ["abc"]}},
              "links": [{"file": "linked/python", "unstripped": "unstripped/python", "objects": OBJECTS, "rest": None}]}
    (tmp_path / "sizing.json").write_text(json.dumps(sizing))
    return tmp_path


def run(build, *words):
    report.main([str(build / "sizing.json"), "--output", str(build / "report"), *words])
    return json.loads((build / "report/sizes.json").read_text())


def on_disk(build):
    return sum(row["size"] for row in manifest.files(build / "x").values() if "size" in row)


def test_the_sum_is_that_of_all_files(build, capsys):
    found = run(build)
    assert found["total"] == on_disk(build) == sum(report.flat(found["tree"]).values())
    assert found["tree"]["static library"]["libpython3.13.a"]["b.o"] == {"": 4}
    assert found["tree"][PYTHON]["abc"]["abc"]["source"] == 11
    assert found["tree"][LIBC]["libc.a"][".text"]["write"] == 16
    assert f"report: {build}/report/report.html" in capsys.readouterr().out


def test_what_a_module_saves_includes_what_goes_with_it(build):
    found = run(build)
    own = sum(sum(symbols.values()) for symbols in found["tree"][EXTENSION]["_a"].values())
    assert found["saves"] == [{"module": "_a", "bytes": own + 11, "how": "disable=_a", "parts": [[EXTENSION, "_a"], [PYTHON, "abc"]]}]


def test_two_runs_are_equal(build):
    run(build)
    first = [(build / "report" / name).read_bytes() for name in ("sizes.json", "report.html")]
    run(build)
    assert first == [(build / "report" / name).read_bytes() for name in ("sizes.json", "report.html")]


def test_a_map_of_another_link_is_refused(build):
    (build / "x/unstripped/python").write_bytes(linked(False) + b"x")
    with pytest.raises(UserError, match="not what the same link makes for the report"):
        run(build)
    assert not (build / "report").exists()


def test_an_application_without_a_plan_is_told(build):
    with pytest.raises(UserError, match="app hello: the plan of this build has no such application"):
        report.of_application(json.loads((build / "sizing.json").read_text()), "hello")


def test_an_application_is_one_file(build):
    sizing = json.loads((build / "sizing.json").read_text())
    sizing["links"].append({**sizing["links"][0], "file": "apps/hello/hello"})
    (build / "sizing.json").write_text(json.dumps(sizing))
    (build / "x/apps/hello").mkdir(parents=True)
    (build / "x/apps/hello/hello").write_bytes(linked(False))
    row = {"kind": "library", "how": "", "parent": ""}
    plan = {"symbols": {"table": "json.decoder"}, "modules": {"json.decoder": row}}
    (build / "x/apps/hello/plan.json").write_text(json.dumps(plan))
    found = run(build, "--app", "hello")
    assert (found["of"], found["total"]) == ("apps/hello/hello", len(linked(False)))
    assert found["tree"][PYTHON] == {"json": {"json.decoder": {"frozen code": 10}}}
    assert found["saves"] == [{"module": "json", "bytes": 10, "how": "exclude=json", "parts": [[PYTHON, "json"]]}]


EVIL = "</script><img src=x onerror=alert(1)><!--"


def rendered():
    return page.render({"format": 1, "target": "x", "release": "3.13.15", "of": "root", "total": 3,
                        "tree": {"core": {EVIL: {".text": {"f": 3}}}}, "saves": []})


def test_the_page_holds_the_data_as_it_is():
    html = rendered()
    data = re.search(r'<script type="application/json" id="data">(.*?)</script>', html, re.S)[1]
    assert json.loads(data)["tree"]["core"] == {EVIL: {".text": {"f": 3}}}
    assert EVIL not in html and html.count("</script>") == 2


def test_the_page_needs_nothing_else():
    html = rendered()
    assert "default-src 'none'" in html
    assert re.findall(r"(?:https?:)?//[\w.-]+\.\w+", html) == []
    assert re.findall(r"<(?:link|script|img|iframe)[^>]*\b(?:src|href)=\"(?!data:,)", html) == []
    assert re.findall(r"@import|url\(|fetch\(|XMLHttpRequest|sendBeacon|innerHTML", html) == []
    assert not re.search(r"@[\w.]+\.(css|js|json)@", html)


def test_the_page_serves_dark_rooms_and_small_windows():
    assert "prefers-color-scheme: dark" in rendered() and "width=device-width" in rendered()

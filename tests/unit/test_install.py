import json
import os

import pytest

from crosspy.errors import UserError
from crosspy.root import install, manifest
from crosspy.root.layout import Options, compile_list
from installtree import make_tree

GENERATED = ("pyconfig.h", "Makefile", "Setup.bootstrap", "Setup.stdlib", "Setup.local", "config.c", "python.pc",
             "python-embed.pc", "python-config", "python-config.py", "idle", "pydoc", "_sysconfigdata__linux_.py")


@pytest.fixture
def plan(tmp_path):
    """A complete PLAN.json as a dict, and its files, of a made-up tree."""
    tree = make_tree(tmp_path / "tree")
    (tmp_path / "made").mkdir()
    names = {name: str(tmp_path / "made" / name) for name in
             (*GENERATED, "python", "python.o", "libpython3.13.a", "array.so")}
    for name, path in names.items():
        with open(path, "w") as stream:
            stream.write(f"this is {name}\n")
    inner = [line.split("\t")[1] for line in compile_list(tree, Options("3.13")).splitlines()] + ["_sysconfigdata__linux_.py"]
    for name in inner:
        folder, name = os.path.split(name)
        path = tmp_path / "pyc" / folder / "__pycache__" / f"{name[:-3]}.cpython-313.pyc"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"code of {name}")
    return {"tree": str(tree), "root": str(tmp_path / "root"), "record": str(tmp_path / "record.json"),
            "state": str(tmp_path / "state.json"), "options": {"series": "3.13"},
            "generated": {name: names[name] for name in GENERATED},
            "built": {name: names[name] for name in ("python", "python.o", "libpython3.13.a")},
            "extensions": [names["array.so"]], "bytecode_folders": [str(tmp_path / "pyc")]}


def go(tmp_path, plan, **changes):
    path = tmp_path / "plan.json"
    path.write_text(json.dumps({**plan, **changes}))
    return install.install(install.read_plan(path))


def tree_of(root):
    found = {}
    for folder, names, files in os.walk(root):
        for name in files + names:
            path = os.path.join(folder, name)
            found[os.path.relpath(path, root)] = os.readlink(path) if os.path.islink(path) else os.lstat(path).st_mode & 0o7777
    return found


def test_contents_modes_and_links_are_exact_whatever_the_umask(tmp_path, plan):
    old = os.umask(0o077)
    try:
        go(tmp_path, plan)
    finally:
        os.umask(old)
    found = tree_of(tmp_path / "root")
    assert found["usr/bin/python3"] == "python3.13" and found["usr/bin/python3.13"] == 0o755
    assert found["usr"] == found["usr/lib/python3.13/lib-dynload"] == found["usr/lib/python3.13/lib-dynload/array.so"] == 0o755
    assert found["usr/lib/python3.13/os.py"] == found["usr/lib/python3.13/__pycache__/os.cpython-313.pyc"] == 0o644
    assert (tmp_path / "root/usr/lib/python3.13/json/__init__.py").read_text() == "y = 2\n"
    assert (tmp_path / "root/usr/lib/python3.13/_sysconfigdata__linux_.py").read_text().startswith("this is _sysconfig")


def test_a_second_run_writes_nothing_and_an_edit_one_file(tmp_path, plan):
    assert go(tmp_path, plan) > 40
    record = (tmp_path / "record.json").read_bytes()
    assert go(tmp_path, plan) == 0 and (tmp_path / "record.json").read_bytes() == record
    (tmp_path / "tree/Lib/os.py").write_text("import posix\n")
    assert go(tmp_path, plan) == 1
    assert (tmp_path / "root/usr/lib/python3.13/os.py").read_text() == "import posix\n"


def test_the_record_is_the_same_elsewhere_and_without_an_earlier_run(tmp_path, plan):
    go(tmp_path, plan)
    record = (tmp_path / "record.json").read_bytes()
    assert str(tmp_path).encode() not in record
    (tmp_path / "state.json").unlink()
    assert go(tmp_path, plan) == 0 and (tmp_path / "record.json").read_bytes() == record
    go(tmp_path, plan, root=str(tmp_path / "a/longer/root"))
    assert (tmp_path / "record.json").read_bytes() == record


def test_what_the_plan_no_longer_names_is_removed_with_its_folders(tmp_path, plan):
    go(tmp_path, plan)
    (tmp_path / "root/usr/stray").mkdir()
    (tmp_path / "root/usr/stray/file").write_text("")
    go(tmp_path, plan, options={"series": "3.13", "without": ["idlelib"]}, extensions=[])
    found = tree_of(tmp_path / "root")
    assert not [name for name in found if "idle" in name or "stray" in name or name.endswith("array.so")]
    assert "usr/lib/python3.13/lib-dynload" in found


def test_damage_is_seen_and_mended(tmp_path, plan):
    root, state = tmp_path / "root", tmp_path / "state.json"
    assert install.damaged(root, state) == [""]
    go(tmp_path, plan)
    assert install.damaged(root, state) == []
    (root / "usr/bin/python3").unlink()
    (root / "usr/lib/python3.13/os.py").write_text("edited")
    (root / "usr/lib/python3.13/pydoc.py").chmod(0o600)
    assert install.damaged(root, state) == ["usr/bin/python3", "usr/lib/python3.13/os.py", "usr/lib/python3.13/pydoc.py"]
    assert go(tmp_path, plan) == 3 and install.damaged(root, state) == []


def test_bytecode_none_and_only(tmp_path, plan):
    go(tmp_path, plan, bytecode="none")
    assert not [name for name in tree_of(tmp_path / "root") if name.endswith(".pyc") or "__pycache__" in name]
    go(tmp_path, plan, bytecode="only")
    library = {name for name in tree_of(tmp_path / "root/usr/lib/python3.13") if name.startswith("json")}
    assert library == {"json", "json/__init__.pyc", "json/data.txt"}
    assert "usr/lib/python3.13/config-3.13/python-config.py" in tree_of(tmp_path / "root")


def test_mistakes_in_a_plan_are_told(tmp_path, plan):
    os.unlink(tmp_path / "pyc/__pycache__/os.cpython-313.pyc")
    with pytest.raises(UserError, match="os.py: it has no byte-code"):
        go(tmp_path, plan)
    with pytest.raises(UserError, match="the plan names no built file 'python'"):
        go(tmp_path, plan, built={"python.o": "x", "libpython3.13.a": "x"})
    with pytest.raises(UserError, match="two files would be installed"):
        go(tmp_path, plan, bytecode="none", extra=[["x", "usr/bin/python3.13", 0o755]])
    with pytest.raises(UserError, match="bytecode=maybe"):
        go(tmp_path, plan, bytecode="maybe")
    with pytest.raises(UserError, match="it should be installed, but does not exist"):
        go(tmp_path, plan, bytecode="none", extensions=["/nonexistent/x.so"])


def test_the_manifest_lists_every_file_by_path_and_sums_up_by_kind(tmp_path, plan, capsys):
    go(tmp_path, plan)
    (tmp_path / "apps/hello").mkdir(parents=True)
    (tmp_path / "apps/hello/hello").write_text("program")
    (tmp_path / "facts.json").write_text('{"release": "3.13.7", "modules": {}}')
    manifest.main([str(tmp_path), str(tmp_path / "facts.json"), "--output", str(tmp_path / "manifest.json")])
    found = json.loads((tmp_path / "manifest.json").read_text())
    record = json.loads((tmp_path / "record.json").read_text())
    assert {name: entry for name, entry in found["files"].items() if name.startswith("root/")} == {
        f"root/{name}": entry for name, entry in record.items()}
    assert found["files"]["apps/hello/hello"]["size"] == 7 and found["release"] == "3.13.7"
    assert found["sizes"]["interpreter"] == {"files": 1, "bytes": 15} and found["sizes"]["extensions"]["files"] == 1
    assert found["sizes"]["static library"]["files"] == 3
    assert capsys.readouterr().out.splitlines()[-1].startswith("together")
    assert str(tmp_path) not in (tmp_path / "manifest.json").read_text()

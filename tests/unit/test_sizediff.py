"""size-diff: two manifests or two sizes.json, and what cannot be compared."""
import json
from types import SimpleNamespace

import pytest
from crosspy.cli import options
from crosspy.errors import UserError
from crosspy.sizing import report, sizediff

OLD = {"root/usr/lib/python3.13/json/decoder.py": 100, "root/usr/bin/python3.13": 5000, "root/usr/lib/python3.13/abc.py": 7}
NEW = {"root/usr/lib/python3.13/json/decoder.py": 100, "root/usr/bin/python3.13": 4800, "root/usr/lib/python3.13/new.py": 9}


def manifest(path, files):
    rows = {name: {"size": size} for name, size in files.items()}
    path.write_text(json.dumps({"files": {**rows, "root/usr/bin/python3": {"link": "x"}}}))
    return path


def sizes(path, leaves):
    path.write_text(json.dumps({"tree": report.nested(leaves)}))
    return path


def run(old, new, capsys):
    sizediff.command(SimpleNamespace(options=options.parse({"file": f"{old},{new}"})))
    return [line.split(maxsplit=3) for line in capsys.readouterr().out.splitlines()]


def test_manifests_are_compared_by_file(tmp_path, capsys):
    rows = run(manifest(tmp_path / "a", OLD), manifest(tmp_path / "b", NEW), capsys)
    assert rows == [["before", "after", "change"], ["5000", "4800", "-200", "root/usr/bin/python3.13 (interpreter)"],
                    ["0", "9", "+9", "root/usr/lib/python3.13/new.py (library)"],
                    ["7", "0", "-7", "root/usr/lib/python3.13/abc.py (library)"], ["5107", "4909", "-198", "together (-3.88 %)"]]


def test_sizes_are_compared_by_module(tmp_path, capsys):
    old = {("core", "a", ".text", "x"): 10, ("core", "a", ".data", "y"): 5, ("core", "b", ".text", "z"): 1}
    new = {("core", "a", ".text", "x"): 12, ("core", "a", ".data", "y"): 3, ("core", "b", ".text", "z"): 4}
    rows = run(sizes(tmp_path / "a", old), sizes(tmp_path / "b", new), capsys)
    assert rows[1:] == [["1", "4", "+3", "b (core)"], ["16", "19", "+3", "together (+18.75 %)"]]


def test_rows_add_up_also_when_there_are_many():
    old = {("k", f"m{number}"): number for number in range(100)}
    new = {("k", f"m{number}"): 3 * number for number in range(100)}
    rows = sizediff.table(sizediff.difference(old, new), sum(old.values()), sum(new.values())).splitlines()
    assert len(rows) == sizediff.SHOWN + 3 and rows[-2].endswith("59 smaller changes")
    assert sum(int(row.split()[2]) for row in rows[1:-1]) == int(rows[-1].split()[2])


def test_what_cannot_be_compared_is_told(tmp_path, capsys):
    good, other = manifest(tmp_path / "good", OLD), sizes(tmp_path / "other", {("a", "b", "c", "d"): 1})
    (tmp_path / "bad").write_text('{"files": [1]}')
    (tmp_path / "text").write_text("no JSON")
    for old, new, words in [(good, other, "one is a manifest.json, the other a sizes.json"), (good, tmp_path / "none", "it cannot be read"),
                            (tmp_path / "bad", good, "it is neither"), (good, tmp_path / "text", "it is neither"),
                            (good, f"{good},{good}", "two files are compared"), (tmp_path, good, "it cannot be read")]:
        with pytest.raises(UserError, match=words):
            run(old, new, capsys)


def test_both_files_must_be_named():
    with pytest.raises(UserError, match="scons size-diff: two files are compared. Fix: name two of them"):
        sizediff.command(SimpleNamespace(options=options.parse({})))

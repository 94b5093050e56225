import pytest

from crosspy.closure import explain
from crosspy.errors import UserError

ROW = {"kind": "library", "parent": "", "line": 0, "how": ""}
PLAN = {"name": "tool", "stubs": {"pdb": "pdb is not part of this program. Fix: build it with include=pdb"}, "modules": {
    "__main__": {**ROW, "kind": "app", "how": "application"}, "json": {**ROW, "parent": "__main__", "line": 3},
    "json.decoder": {**ROW, "parent": "json", "line": 106}, "re": {**ROW, "parent": "json.decoder", "line": 3},
    "_json": {**ROW, "kind": "extension", "parent": "json.decoder", "line": 9}, "x": {**ROW, "parent": "_json"}}}
BYTES = {"__main__": 100, "json": 2000, "json.decoder": 11000, "re": 5000, "x": 7}


def test_the_chain_stands_from_the_application_on_with_lines_and_bytes():
    found = explain.lines(PLAN, "json.decoder", BYTES)
    assert [line.split()[0] for line in found] == ["__main__", "json", "json.decoder", "json.decoder"]
    assert "application" in found[0] and "imported by __main__, line 3" in found[1] and "2,000 bytes" in found[1]
    assert found[-1] == "json.decoder costs 11,000 bytes of byte-code, with the 3 modules that came in through it 16,007"


def test_c_code_is_named_and_machine_code_is_not_counted():
    found = explain.lines(PLAN, "x", {})
    assert "imported by C code of _json" in found[-1] and "in machine code" in found[-2] and "not yet frozen" in found[0]


def test_a_module_that_was_left_out_says_why_and_an_unknown_one_is_refused():
    assert explain.lines(PLAN, "pdb", BYTES) == [PLAN["stubs"]["pdb"]]
    with pytest.raises(UserError, match="did you mean 'json'"):
        explain.lines(PLAN, "jso", BYTES)


def test_without_a_module_all_are_listed_the_largest_first():
    assert [line.split()[0] for line in explain.summary(PLAN, BYTES)][:3] == ["json.decoder", "re", "json"]
    assert explain.summary(PLAN, BYTES)[-1] == "left out, and module=NAME tells why: pdb"
    assert "part of every program" in explain.summary(PLAN, {**BYTES, "_frozen_importlib": 45000})[0]


def test_sizes_are_read_from_what_the_freezer_wrote(tmp_path):
    (tmp_path / "blobs").mkdir()
    (tmp_path / "blobs/symbols.txt").write_text("_frozen_0\tjson\t2000\n_frozen_1\ttool\t30\n")
    assert explain.sizes(tmp_path, "tool") == {"json": 2000, "__main__": 30}


def test_a_plan_with_bytes_tells_what_came_in_through_each_module():
    modules = explain.costed(PLAN, BYTES)["modules"]
    assert (modules["json"]["bytes"], modules["json"]["with"]) == (2000, 2000 + 11000 + 5000 + 7)
    assert modules["re"]["chain"] == ["__main__", "json", "json.decoder", "re"]
    assert modules["__main__"]["with"] == sum(BYTES.values())

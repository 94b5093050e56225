"""What leaving a module out saves, the largest causes of a size, and the budget that a build must keep."""
import json

import pytest
import samples
from crosspy.cli import options
from crosspy.errors import UserError
from crosspy.sizing import budget, report, savings
from crosspy.sizing.sizes import CORE, EXTENSION, FORMAT, LIBC, LIBRARY, PYTHON
from crosspy.variants import variant

LEAVES = {(CORE, "Objects/a", ".text", "x"): 500, (CORE, "Python/b", ".text", "y"): 600, (LIBC, "libc.a", ".text", "z"): 70,
          (FORMAT, "headers", "", ""): 30, (EXTENSION, "_decimal", ".text", "d"): 100, (LIBRARY, "libmpdec", ".text", "m"): 200,
          (EXTENSION, "_ssl", ".text", "s"): 50, (PYTHON, "ssl", "ssl", "source"): 25, (PYTHON, "ssl", "ssl", "byte-code"): 15,
          (EXTENSION, "posix", ".text", "p"): 90, (PYTHON, "json", "json", "source"): 20}
REMOVABLE = {"_decimal": {"how": "disable=_decimal", "libraries": ["libmpdec"], "packages": []},
             "_ssl": {"how": "disable=_ssl", "libraries": ["libssl"], "packages": ["ssl"]},
             "_gone": {"how": "disable=_gone", "libraries": [], "packages": []}}


def saved():
    return savings.savings(LEAVES, REMOVABLE)


def sizes(total=None):
    return {"of": "root", "total": total or sum(LEAVES.values()), "tree": report.nested(LEAVES), "saves": saved()}


def test_a_module_takes_along_what_only_it_uses():
    told = [(row["module"], row["bytes"], row["how"]) for row in saved()]
    assert told == [("_decimal", 300, "disable=_decimal"), ("_ssl", 90, "disable=_ssl")]
    assert saved()[1]["parts"] == [[EXTENSION, "_ssl"], [PYTHON, "ssl"]]


def test_an_application_leaves_out_modules_but_not_its_own_and_not_the_start_up():
    rows = {"main": ("app", "application"), "json": ("library", ""), "encodings": ("library", "start-up"),
            "encodings.utf_8": ("library", ""), "codecs": ("library", ""),
            "json.decoder": ("library", ""), "_decimal": ("extension", ""), "posix": ("extension", "start-up")}
    parents = {"encodings.utf_8": "encodings", "codecs": "encodings", "json": "main", "json.decoder": "json", "_decimal": "main"}
    plan = {"modules": {name: {"kind": kind, "how": how, "parent": parents.get(name, "")} for name, (kind, how) in rows.items()}}
    assert savings.of_application(plan, REMOVABLE) == {
        "json": {"how": "exclude=json", "libraries": [], "packages": ["json"]},
        "_decimal": {"how": "exclude=_decimal", "libraries": ["libmpdec"], "packages": ["_decimal"]}}


SHARED = {"_ssl": {"how": "disable=_ssl", "libraries": [], "packages": ["ssl"]}, "_decimal": REMOVABLE["_decimal"],
          "crypto": {"how": "disable=_decimal,_ssl", "extensions": ["_decimal", "_ssl"], "libraries": ["crypto"], "packages": ["ssl"]}}


def test_a_library_that_modules_share_goes_with_all_of_them():
    leaves = {**LEAVES, (LIBRARY, "crypto", ".text", "c"): 4000}
    rows = savings.savings(leaves, SHARED)
    assert [(row["module"], row["bytes"]) for row in rows] == [("crypto", 4190), ("_decimal", 300), ("_ssl", 90)]
    told = savings.causes(leaves, rows)
    assert told[0]["cause"] == "crypto" or told[1]["cause"] == "crypto"
    assert sum(row["bytes"] for row in told) == sum(leaves.values())


def test_an_application_leaves_a_shared_library_out_when_all_its_modules_may_go():
    row = {"kind": "extension", "how": "", "parent": "main"}
    modules = {"main": {"kind": "app", "how": "application", "parent": ""}, "_decimal": row, "_ssl": row}
    found = savings.of_application({"modules": modules}, SHARED)
    assert found["crypto"]["how"] == "exclude=_decimal,_ssl" and found["crypto"]["extensions"] == ["_decimal", "_ssl"]
    del modules["_ssl"]
    assert "crypto" not in savings.of_application({"modules": modules}, SHARED)


def test_causes_add_up_to_the_whole_and_none_counts_twice():
    rows = savings.causes(LEAVES, saved())
    assert [row["cause"] for row in rows[:4]] == [CORE, "_decimal", "_ssl", "posix (extension modules)"]
    assert sum(row["bytes"] for row in rows) == sum(LEAVES.values())
    assert {row["cause"]: row["saves"] for row in rows if row["how"]} == {"_decimal": 300, "_ssl": 90}


def test_a_device_needs_no_static_library():
    rows = savings.causes({("static library", "libpython3.13.a", "a.o", ""): 8, ("static library", "python.o", "", ""): 1}, [])
    assert rows == [{"cause": "static library", "bytes": 9, "how": "leaving it off the device", "saves": 9}]


def test_ten_causes_are_told():
    many = {(EXTENSION, f"m{number}", ".text", ""): number + 1 for number in range(30)}
    assert [row["bytes"] for row in savings.causes(many, [])] == list(range(30, 20, -1))


@pytest.mark.parametrize("text, size", [("3500K", 3_500_000), ("4M", 4_000_000), ("1.5M", 1_500_000), ("123456", 123_456), ("0.0005K", 1)])
def test_budgets_are_decimal(text, size):
    assert budget.parse(text) == size


@pytest.mark.parametrize("text", ["", "K", "4MB", "4 M", "-4M", "4m", "4Mi", "0", "0M", "1e6", "\u0664M", "M4", "4M\n", "9" * 20])
def test_what_is_no_budget_is_told(text):
    with pytest.raises(UserError, match="it is no size. Fix: use one like 3500K or 4M"):
        budget.parse(text)


def test_a_wrong_budget_is_refused_before_anything_else(tmp_path):
    with pytest.raises(UserError, match="flash=4MB: it is no size"):
        options.parse({"flash": "4MB"})
    with pytest.raises(UserError, match=r"variant.toml: flash: '4MB' is not a size such as '4M'"):
        samples.load_variant(tmp_path, ('short = ["mips"]', 'flash = "4MB"'))


def test_the_argument_goes_before_the_variant(tmp_path):
    found = samples.load_variant(tmp_path, ('short = ["mips"]', 'flash = "4M"'))
    assert isinstance(found, variant.Variant)
    assert budget.wanted("", found) == 4_000_000
    assert budget.wanted("3K", found) == 3000
    assert budget.wanted("", samples.load_variant(tmp_path / "plain")) == 0


def test_a_budget_is_no_part_of_what_is_built():
    given = {"target": "mips", "flash": "4M"}
    assert options.flavour(given, "3.13.15", "3.13.15") == ""
    assert options.deciding(options.parse(given)) == options.deciding(options.parse({"target": "mips"}))


def test_what_fits_is_fine_to_the_last_byte():
    assert budget.judge(sizes(), sum(LEAVES.values())) == ""
    assert budget.judge(sizes(), sum(LEAVES.values()) - 1) != ""


def test_what_does_not_fit_is_told_with_its_causes():
    lines, total = budget.judge(sizes(), 1000).splitlines(), sum(LEAVES.values())
    assert lines[0] == f"flash: root has {total} bytes, {total - 1000} more than the budget of 1000. The largest causes:"
    assert lines[1].split() == ["1100", "interpreter", "core", "saves", "–"]
    assert lines[2].split() == ["300", "_decimal", "saves", "300", "by", "disable=_decimal"]


def test_the_command_fails_over_the_budget_and_writes_what_is_left(tmp_path, capsys):
    (tmp_path / "sizes.json").write_text(json.dumps(sizes()))
    words = [str(tmp_path / "sizes.json"), "--output", str(tmp_path / "flash.txt"), "--flash"]
    with pytest.raises(SystemExit) as stopped:
        budget.main([*words, "1000"])
    assert "The largest causes" in stopped.value.code and not (tmp_path / "flash.txt").exists()
    budget.main([*words, "2000"])
    assert (tmp_path / "flash.txt").read_text() == "root: 1700 of 2000 bytes, 300 left\n" == capsys.readouterr().out.removeprefix("flash: ")

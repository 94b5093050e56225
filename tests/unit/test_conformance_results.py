"""regrtest.py, expectations.py and conformance.py: what a run of regrtest says, what may fail, and how two runs compare."""
import json
from dataclasses import replace

import pytest
from samples import PROJECT

from crosspy.errors import UserError
from crosspy.ontarget import conformance, expectations, regrtest
from crosspy.ontarget.expectations import Row
from crosspy.variants import variant

FAILING = """\
======================================================================
FAIL: test_a (test.test_os.TestX.test_a)
ERROR: test_b (test.test_os.TestX.test_b) (arg=1)
ERROR: setUpClass (test.test_os.TestY)
Total tests: run=1,234 failures=2 skipped=5
Total test files: run=1/1 failed=1
"""


def result(file="test_os", code=0, output="Total tests: run=12 skipped=3\n", expected=None):
    return regrtest.judged(file, code, output, 1.234, {pattern: Row(why) for pattern, why in (expected or {}).items()})


def test_a_file_that_passes_tells_how_many_tests_it_has():
    found = result()
    assert (found.status, found.tests, found.skipped, found.failed, found.seconds) == ("passed", 12, 3, (), 1.2)
    assert result(code=3).status == "passed", "a test that changed the environment is no failure (upstream's default)"


def test_failures_are_named_and_those_with_a_reason_are_expected():
    found = result(code=2, output=FAILING, expected={"test.test_os.TestX.test_?": "the kernel of this machine", "*.other": "no"})
    assert (found.status, found.tests) == ("failed", 1234)
    assert found.failed == ("test.test_os.TestX.test_a", "test.test_os.TestX.test_b", "test.test_os.TestY")
    assert found.unexpected == ["test.test_os.TestY"] and "setUpClass" in found.told


@pytest.mark.parametrize("code, output, status", [
    (None, "", "timeout"), (1, "Timeout (0:15:00)!\nThread 0x1", "timeout"), (-11, "Fatal Python error", "crashed"), (2, "", "crashed"),
    (0, "test_x skipped -- no module _ctypes\nTotal tests: run=0\n", "skipped"), (4, "", "skipped")])
def test_a_file_that_tells_nothing_is_a_failure_by_its_own_name(code, output, status):
    found = result("test_x", code, output)
    assert found.status == status and found.failed == (("test_x",) if status in ("timeout", "crashed") else ())
    assert result("test_x", code, output, {"test_x": "known"}).unexpected == []


HIDING = """\
FAIL: test_a (test.test_os.TestX.test_a)
{more}
FAILED (failures=1{sum}, skipped=5, expected failures=9)
Total tests: run=12{failures} skipped=5
Total test files: run=1/1 failed=1
"""


@pytest.mark.parametrize("more, total, failures, unexpected", [
    ("", "", "=1", []),
    # unittest.runner.TextTestResult.printErrors, which regrtest's own sum does not count
    ("UNEXPECTED SUCCESS: test_b (test.test_os.TestX.test_b)", ", unexpected successes=1", "=1", ["test.test_os.TestX.test_b"]),
    ("ERROR in a form that nobody knows", ", errors=1", "=1", ["test_os"]), ("", "", "=2", ["test_os"]),
    ("test test_os crashed -- Traceback (most recent call last):", "", "=1", ["test_os"])])
def test_what_fails_in_another_form_does_not_hide_behind_an_expected_failure(more, total, failures, unexpected):
    output = HIDING.format(more=more, sum=total, failures=f" failures{failures}")
    assert result(code=2, output=output, expected={"*.test_a": "known"}).unexpected == unexpected


def test_the_last_sums_are_the_file_s():
    inner = "Total tests: run=3 failures=3\nFAILED (failures=3)\n"
    found = result(code=2, output=inner + HIDING.format(more="", sum="", failures=" failures=1"), expected={"*.test_a": "known"})
    assert (found.tests, found.skipped, found.unexpected) == (12, 5, [])


def test_a_file_that_is_skipped_tells_why_and_a_module_that_does_not_load_is_a_failure():
    found = result("test_x", output="test_x skipped -- No module named '_ctypes'\nTotal tests: run=0\n")
    assert (found.status, found.told, found.unexpected) == ("skipped", "No module named '_ctypes'", [])
    assert "skipped             test_x: No module named '_ctypes'\n" in conformance.summary([found])
    for why in ("libz.so.1: cannot open shared object file", "/x/_ssl.so: undefined symbol: x", "Error relocating /x/_ssl.so: x: symbol not found"):
        found = result("test_x", output=f"test_x skipped -- {why}\nTotal tests: run=0\n")
        assert (found.status, found.unexpected) == ("failed", ["test_x"]) and why in found.told


def test_a_file_that_changes_its_environment_is_told():
    found = result(output="Total tests: run=12 skipped=3\nTotal test files: run=1/1 env_changed=1\n")
    assert found.changed and found.status == "passed" and "changed    passed   test_os: " in conformance.summary([found])


def test_an_unexpected_failure_gets_one_more_try():
    codes = {"test_flaky": [2, 0], "test_bad": [2, 2], "test_good": [0]}
    lines = []
    found = conformance.run_all(list(codes), lambda file: result(file, codes[file].pop(0), FAILING), 1, lines.append)
    assert [one.status for one in found] == ["passed", "failed", "passed"] and len(lines) == 5
    text = conformance.summary(found)
    assert text.startswith("UNEXPECTED failed   test_bad: ") and "3 files" in text and "3 unexpected" in text
    row = conformance.report("x", "", found, [])["files"]["test_flaky"]
    assert len(row["retried"]) == 3 and "test.test_os.TestY" in row["told"] and row["unexpected"] == [], "a failure leaves its trace"
    assert "retried    passed   test_flaky: at first test.test_os.TestX.test_a, " in text and not found[2].retried


def run_of(only="", **files):
    """A conformance.json; each file: its status, or that with tests, skipped and failed."""
    return {"only": only, "files": {file: {"tests": 10, "skipped": 0, "failed": [], **(row if isinstance(row, dict) else {"status": row})}
                                    for file, row in files.items()}}


@pytest.mark.parametrize("ours, theirs, why", [
    ("passed", "passed", ""), ("failed", "crashed", ""), ("skipped", "skipped", ""), (None, "skipped", ""),
    ({"status": "failed", "failed": ["x"]}, "passed", "it passes there, and here: failed: x"),
    ({"status": "skipped", "told": "No module named '_x'"}, "passed", "it passes there, and here: skipped: No module named '_x'"),
    (None, "passed", "it passes there, and did not run here"),
    ({"status": "failed", "failed": ["x", "y"]}, {"status": "failed", "failed": ["x"]}, "fails here alone: y"),
    ({"status": "passed", "skipped": 2}, "passed", "8 tests ran, 10 there"), ({"status": "passed", "skipped": 1}, "passed", "")])
def test_a_defect_is_what_works_with_the_reference_alone(ours, theirs, why):
    found = conformance.defects(run_of(**({"test_x": ours} if ours else {}), test_y="failed"), run_of(test_x=theirs))
    assert found == ({"test_x": why} if why else {})


def test_files_that_nobody_asked_for_are_no_defects():
    assert conformance.defects(run_of("test_y", test_y="passed"), run_of(test_x="passed", test_y="passed")) == {}


def test_compare_reads_what_run_writes_and_nothing_else(tmp_path, capsys):
    good, other = tmp_path / "good.json", tmp_path / "other.json"
    good.write_text(json.dumps(conformance.report("x", "", [result(), replace(result("test_x"), status="skipped")], [])))
    assert conformance.main(["compare", str(good), str(good)]) == 0
    for text in ("", "[]", '{"files": []}', '{"files": {"a": {"status": "passed"}}}',
                 '{"files": {"a": {"status": "?", "tests": 1, "skipped": 1, "failed": []}}}'):
        other.write_text(text)
        assert conformance.main(["compare", str(good), str(other)]) == 2
        assert "other.json: it is no result of conformance. Fix: " in capsys.readouterr().err


def test_a_variant_that_does_not_exist_is_a_mistake_of_the_user(tmp_path, capsys):
    words = ["run", "--root", "x", "--python", "x", "--variant", "x86_64-linux-gun", "--variants", str(PROJECT / "variants"),
             "--output", str(tmp_path / "c.json")]
    assert conformance.main(words) == 2 and "--variant x86_64-linux-gun: did you mean 'x86_64-linux-gnu'" in capsys.readouterr().err


def test_only_names_files_that_are_there():
    assert conformance.chosen("test_b, test_a", ["test_a", "test_b"]) == ["test_b", "test_a"]
    assert conformance.chosen("", ["test_a"]) == ["test_a"]
    there = ["test_a", "test.test_asyncio.test_b", "test.test_asyncio.test_c"]
    assert conformance.chosen("test_asyncio,test_a,test_a", there) == [*there[1:], "test_a"], "a package stands for its files, and none runs twice"
    with pytest.raises(UserError, match="only=test_sokcet: there is no such test file; did you mean 'test_socket'"):
        conformance.chosen("test_sokcet", ["test_socket", "test_os"])


def test_expectations_hold_for_the_variants_they_name_and_for_qemu_alone(tmp_path):
    (tmp_path / "arm-linux-gnu").mkdir()
    (tmp_path / "expectations.toml").write_text('[[expected]]\nvariants = ["*-musl"]\ntests = ["a"]\nwhy = "musl does so"\n'
                                                '[[expected]]\nqemu = true\ntests = ["b*"]\nwhy = "qemu does so"\n')
    (tmp_path / "arm-linux-gnu/expectations.toml").write_text('[[expected]]\ntests = ["c"]\nwhy = "this machine does so"\n')
    assert expectations.load([tmp_path], ["arm-linux-gnu"], True) == {"b*": Row("qemu does so"), "c": Row("this machine does so")}
    assert expectations.load([tmp_path], ["board", "x-linux-musl"], False) == {"a": Row("musl does so")}
    assert expectations.reason("bcd", {"b*": Row("why")}) == "why" and expectations.reason("x", {"b*": Row("why")}) == ""


def test_an_expectation_may_hold_only_where_a_module_is_missing():
    load = lambda lacks: expectations.load([PROJECT / "variants"], ["x86_64-linux-gnu"], False, lacks)  # noqa: E731
    hang = "test.test_threading.ThreadTests.test_finalize_daemon_thread_hang"
    assert "_testcapi" in expectations.reason(hang, load(lambda module: module == "_testcapi"))
    assert not expectations.reason(hang, load(lambda module: False)), "with tests=yes it has to pass"


def test_an_expectation_that_does_not_fail_any_more_is_told():
    expected = {"test.test_os.*TestX.test_a": Row("x"), "test.test_os.*TestX.test_b": Row("x"), "test.test_os.*TestX.test_c": Row("x", True),
                "test.test_socket.*": Row("x"), "test.test_asyncio.*.test_a": Row("x"), "*.test_d": Row("x")}
    found = expectations.idle(expected, ["test_os", "test.test_asyncio.test_events"], ["test.test_os.TestX.test_a"])
    assert found == ["test.test_os.*TestX.test_b", "test.test_asyncio.*.test_a"], "not what is open, did not run, or may depend on the machine"
    assert "note: a: expected to fail, and it did not" in conformance.summary([], ["a"])


def test_our_own_expectations_name_the_file():
    for name in variant.load_all(PROJECT / "variants"):
        for pattern in expectations.load([PROJECT / "variants"], [name], True, lambda module: True):
            assert expectations.idle({pattern: Row("x")}, [pattern.split(".")[1]], []) == [pattern]


@pytest.mark.parametrize("text, words", [
    ('[[expected]]\ntests = ["a"]\nwhy = " "\n', "why: it is no reason"), ('[[expected]]\nwhy = "a good reason"\n', "tests: it is no list"),
    ('[[expected]]\ntests = ["a"]\nwhy = "a good reason"\nqemu = 1\n', "qemu: it is not true"), ("expected = 1\n", "no list of tables"),
    ('[[expected]]\ntests = ["a"]\nwhy = "a good reason"\nvariant = "x"\n', "variant: unknown key"),
    ('[[expected]]\ntests = ["a"]\nwhy = "a good reason"\nlacks = "x"\n', "lacks: it is no list of modules"),
    ('[[expected]]\ntests = ["a"]\nwhy = "a good reason"\nsometimes = "x"\n', "sometimes: it is not true or false"), ("[x]\n", "x: unknown key")])
def test_an_expectation_without_a_reason_or_with_a_mistake_is_refused(tmp_path, text, words):
    (tmp_path / "expectations.toml").write_text(text)
    with pytest.raises(UserError, match=words):
        expectations.load([tmp_path], ["arm"], False)


def test_our_own_expectations_are_in_order():
    for name in variant.load_all(PROJECT / "variants"):
        for qemu in (False, True):
            assert all(expectations.load([PROJECT / "variants"], [name], qemu).values())

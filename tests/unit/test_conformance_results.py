"""conformance.py, expectations.py and runner.py: what a run of regrtest says, what may fail, and how a program is run."""
import platform
import struct
from types import SimpleNamespace

import pytest
import tiny_elf
from samples import PROJECT, load_variant, static

from crosspy import conformance, expectations, runner, variant
from crosspy.errors import UserError

FAILING = """\
======================================================================
FAIL: test_a (test.test_os.TestX.test_a)
ERROR: test_b (test.test_os.TestX.test_b) (arg=1)
ERROR: setUpClass (test.test_os.TestY)
Total tests: run=1,234 failures=2 skipped=5
Total test files: run=1/1 failed=1
"""


def result(file="test_os", code=0, output="Total tests: run=12 skipped=3\n", expected=None):
    return conformance.judged(file, code, output, 1.234, expected or {})


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


def test_an_unexpected_failure_gets_one_more_try():
    codes = {"test_flaky": [2, 0], "test_bad": [2, 2], "test_good": [0]}
    lines = []
    found = conformance.run_all(list(codes), lambda file: result(file, codes[file].pop(0), FAILING), 1, lines.append)
    assert [one.status for one in found] == ["passed", "failed", "passed"] and len(lines) == 5
    text = conformance.summary(found)
    assert text.startswith("UNEXPECTED failed   test_bad: ") and "3 files" in text and "3 unexpected" in text


def test_a_defect_is_a_file_that_passes_with_the_reference_alone():
    ours, reference = ({"files": {file: {"status": status} for file, status in rows.items()}} for rows in (
        {"a": "passed", "b": "failed", "c": "failed", "d": "skipped"}, {"a": "passed", "b": "passed", "c": "failed", "d": "passed", "e": "passed"}))
    assert conformance.defects(ours, reference) == ["b", "d"]


def test_only_names_files_that_are_there():
    assert conformance.chosen("test_b, test_a", ["test_a", "test_b"]) == ["test_b", "test_a"]
    assert conformance.chosen("", ["test_a"]) == ["test_a"]
    with pytest.raises(UserError, match="only=test_sokcet: there is no such test file; did you mean 'test_socket'"):
        conformance.chosen("test_sokcet", ["test_socket", "test_os"])


def test_expectations_hold_for_the_variants_they_name_and_for_qemu_alone(tmp_path):
    (tmp_path / "arm-linux-gnu").mkdir()
    (tmp_path / "expectations.toml").write_text('[[expected]]\nvariants = ["*-musl"]\ntests = ["a"]\nwhy = "musl does so"\n'
                                                '[[expected]]\nqemu = true\ntests = ["b*"]\nwhy = "qemu does so"\n')
    (tmp_path / "arm-linux-gnu/expectations.toml").write_text('[[expected]]\ntests = ["c"]\nwhy = "this machine does so"\n')
    assert expectations.load([tmp_path], ["arm-linux-gnu"], True) == {"b*": "qemu does so", "c": "this machine does so"}
    assert expectations.load([tmp_path], ["board", "x-linux-musl"], False) == {"a": "musl does so"}
    assert expectations.reason("bcd", {"b*": "why"}) == "why" and expectations.reason("x", {"b*": "why"}) == ""


@pytest.mark.parametrize("text, words", [
    ('[[expected]]\ntests = ["a"]\nwhy = " "\n', "why: it is no reason"), ('[[expected]]\nwhy = "a good reason"\n', "tests: it is no list"),
    ('[[expected]]\ntests = ["a"]\nwhy = "a good reason"\nqemu = 1\n', "qemu: it is not true"), ("expected = 1\n", "no list of tables"),
    ('[[expected]]\ntests = ["a"]\nwhy = "a good reason"\nvariant = "x"\n', "variant: unknown key"), ("[x]\n", "x: unknown key")])
def test_an_expectation_without_a_reason_or_with_a_mistake_is_refused(tmp_path, text, words):
    (tmp_path / "expectations.toml").write_text(text)
    with pytest.raises(UserError, match=words):
        expectations.load([tmp_path], ["arm"], False)


def test_our_own_expectations_are_in_order():
    for name in variant.load_all(PROJECT / "variants"):
        for qemu in (False, True):
            assert all(expectations.load([PROJECT / "variants"], [name], qemu).values())


def test_a_program_of_this_machine_runs_directly_and_a_foreign_one_under_qemu(tmp_path, monkeypatch):
    monkeypatch.setattr(platform, "machine", lambda: "mips")
    assert runner.runner(load_variant(tmp_path / "a")) == runner.Runner()
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    with pytest.raises(UserError, match="it runs on a mips only, and this is a x86_64"):
        runner.runner(load_variant(tmp_path / "b"))
    words = 'machine = "mips"\nqemu = "qemu-x"\nqemu_package = "qemu-user"\nsysroot = "/no"\n'
    qemu = load_variant(tmp_path / "c", ('machine = "mips"\n', words), ("[elf]\n", '[elf]\ninterpreter = "/lib/ld.so"\n'))
    monkeypatch.setattr(runner.shutil, "which", lambda name: "")
    with pytest.raises(UserError, match="qemu-x is not on PATH. Fix: apt-get install qemu-user"):
        runner.runner(qemu)
    monkeypatch.setattr(runner.shutil, "which", lambda name: f"/bin/{name}")
    with pytest.raises(UserError, match="its loader /lib/ld.so is not in /no"):
        runner.runner(qemu)
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib/ld.so").touch()
    monkeypatch.setenv("QEMU_LD_PREFIX", str(tmp_path))
    assert runner.runner(qemu) == runner.Runner(("/bin/qemu-x",), (("QEMU_LD_PREFIX", str(tmp_path)),)) and runner.runner(qemu).foreign


def test_a_32_bit_program_of_the_same_family_runs_directly_when_it_needs_no_loader(tmp_path, monkeypatch):
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    plain = static(tmp_path)
    other = SimpleNamespace(run=SimpleNamespace(machine="i686"), static=True, name="i686")
    assert runner.runner(other) == runner.Runner() and plain.static


@pytest.mark.parametrize("data", ["little", "big"])
def test_the_kernel_s_row_takes_programs_of_both_kinds_and_of_no_other_machine(data):
    head = tiny_elf.make(data=data, machine=8, type=tiny_elf.ET_DYN)[:20]
    row = runner.binfmt_row(head, "x", "/bin/qemu")
    _, name, kind, _, magic, mask, program, flags = row.decode().split(":")
    wanted, bits = (bytes(int(one, 16) for one in text.split("\\x")[1:]) for text in (magic, mask))
    assert (name, kind, program, flags, len(wanted), len(bits)) == ("x", "M", "/bin/qemu", "F", 20, 20)

    def takes(**changes) -> bool:
        found = tiny_elf.make(**{"data": data, "machine": 8, **changes})[:20]
        return all(a & m == b & m for a, b, m in zip(found, wanted, bits, strict=True))
    assert takes(type=tiny_elf.ET_DYN) and takes(type=tiny_elf.ET_EXEC) and not takes(machine=62) and not takes(type=tiny_elf.ET_CORE)
    assert struct.unpack("<H" if data == "little" else ">H", wanted[16:18]) == (2,)

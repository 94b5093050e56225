"""runner.py and device.py: how a program is run here, and that nothing of a run stays, whatever ends it."""
import json
import os
import platform
import shutil
import signal
import struct
import subprocess
import sys
import time
from dataclasses import replace

import pytest
import tiny_elf
from samples import PROJECT, load_variant, static

from crosspy.errors import UserError
from crosspy.ontarget import device, groups, runner


def test_a_program_of_this_machine_runs_directly_and_a_foreign_one_under_qemu(tmp_path, monkeypatch):
    monkeypatch.setattr(platform, "machine", lambda: "mips")
    assert runner.runner(load_variant(tmp_path / "a")) == runner.Runner()
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    with pytest.raises(UserError, match="it runs on a mips only, and this is a x86_64"):
        runner.runner(load_variant(tmp_path / "b"))
    words = 'machine = "mips"\nqemu = "qemu-x"\nqemu_package = "qemu-user"\nqemu_cpu = "24Kc"\nsysroot = "/no"\n'
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
    assert runner.runner(qemu) == runner.Runner(("/bin/qemu-x",), (("QEMU_CPU", "24Kc"), ("QEMU_LD_PREFIX", str(tmp_path)))) and runner.runner(qemu).foreign
    monkeypatch.setenv("QEMU_CPU", "74Kf")
    assert runner.runner(qemu).env[0] == ("QEMU_CPU", "74Kf")


def test_a_32_bit_program_of_the_same_family_runs_directly_when_it_needs_no_loader(tmp_path, monkeypatch):
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    plain = static(tmp_path)
    other = replace(plain, run=replace(plain.run, machine="i686"))
    emulation = tmp_path / "vsyscall32"
    monkeypatch.setattr(runner, "_ALSO", {("x86_64", "i686"): str(emulation)})
    with pytest.raises(UserError, match="it runs on a i686 only"):
        runner.runner(other)   # a kernel without IA32_EMULATION
    emulation.touch()
    assert runner.runner(other) == runner.Runner()
    dynamic = replace(load_variant(tmp_path / "dynamic"), run=other.run, elf=replace(plain.elf, interpreter=f"{tmp_path}/ld.so"))
    with pytest.raises(UserError, match="it runs on a i686 only"):
        runner.runner(dynamic)
    (tmp_path / "ld.so").touch()
    assert runner.runner(dynamic) == runner.Runner()


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


@pytest.fixture
def foreign(tmp_path, monkeypatch):
    """A program of no machine that there is, where this user may tell the kernel what starts it."""
    if not os.access(runner.TABLE / "register", os.W_OK):
        pytest.skip("binfmt_misc is not mounted, or this is not root")
    program = tmp_path / "program"
    program.write_bytes(tiny_elf.make(machine=0xFE00 | os.getpid() & 0xFF))
    program.chmod(0o755)
    return program


HOLDS = """
import sys, time
from pathlib import Path
from crosspy.ontarget import runner
print(runner.register(Path(sys.argv[1]), sys.argv[2]).path, flush=True)
time.sleep(99)
"""


def started(program):
    try:
        return not subprocess.run([program], capture_output=True).returncode
    except OSError:
        return False


def test_two_runs_have_a_row_each(foreign):
    rows = [runner.register(foreign, shutil.which("true")) for _ in range(2)]
    try:
        assert started(foreign) and all(row.path.exists() for row in rows)
        runner.unregister(rows.pop(0))
        assert started(foreign), "the first to end takes its own row alone"
    finally:
        for row in rows:
            runner.unregister(row)
    assert not started(foreign) and not rows[0].path.exists()


def test_the_row_of_a_killed_run_goes_with_the_next(foreign):
    process = subprocess.Popen([sys.executable, "-c", HOLDS, foreign, shutil.which("true")], stdout=subprocess.PIPE, text=True,
                               env={**os.environ, "PYTHONPATH": str(PROJECT / "site_scons")})
    left = runner.Path(process.stdout.readline().strip())
    process.kill()
    process.communicate()
    assert left.exists() and started(foreign)
    runner.unregister(runner.register(foreign, shutil.which("true")))
    assert not left.exists() and not started(foreign)


# An interpreter with one test file. Its test starts a process, and both would run for a while.
INTERPRETER = """#!/bin/sh
case "$*" in
  *--list-tests*) echo test_a;;
  *"-m test"*) sleep 97 & echo $! > {folder}/child; echo $$ > {folder}/leader; trap > {folder}/traps; wait;;
esac
"""


def as_in_a_terminal():
    """Take signals, also where these tests run in the background or with nohup."""
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


@pytest.fixture
def conformance(tmp_path):
    """A function that begins a run with that interpreter."""
    python = tmp_path / "root/usr/bin/python3.13"
    python.parent.mkdir(parents=True)
    python.write_text(INTERPRETER.format(folder=tmp_path))
    python.chmod(0o755)
    (tmp_path / "variants/here").mkdir(parents=True)
    name = load_variant(tmp_path / "variants", ('machine = "mips"\n', f'machine = "{platform.machine()}"\n')).name
    begun = []

    def begin(wait=True, preexec_fn=as_in_a_terminal, **more):
        words = ["run", "--root", "root", "--python", "usr/bin/python3.13", "--variant", name, "--variants", "variants",
                 "--output", "conformance.json"]
        begun.append(subprocess.Popen([sys.executable, "-m", "crosspy.ontarget.conformance", *words], cwd=tmp_path, text=True,
                                      stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, "PYTHONPATH": str(PROJECT / "site_scons")},
                                      preexec_fn=preexec_fn, **more))
        end = time.monotonic() + 60
        while wait and not (tmp_path / "traps").exists() and time.monotonic() < end:
            time.sleep(0.05)
        return begun[-1]
    yield begin
    for process in begun:
        process.kill()
        process.communicate()
    if (tmp_path / "leader").exists():
        groups.kill(int((tmp_path / "leader").read_text()))   # of the run that was killed


def alive(file):
    try:
        state = runner.Path(f"/proc/{int(file.read_text())}/stat").read_text()
    except OSError:
        return False
    return state.rpartition(")")[2].split()[0] != "Z"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_the_tests_and_leaves_no_copy(conformance, tmp_path, number):
    process = conformance()
    assert alive(tmp_path / "child")
    process.send_signal(number)
    assert process.wait(30) == 128 + number and process.stdout.read() == "", "what is stopped has not crashed"
    assert not alive(tmp_path / "leader") and not alive(tmp_path / "child") and not (tmp_path / ".crosspy-conformance").exists()


def test_the_copy_of_a_killed_run_goes_with_the_next_and_a_living_one_s_does_not(conformance, tmp_path):
    first = conformance()
    second = conformance(wait=False)
    assert second.wait(30) == 2 and "conformance.json: another run is at work on it" in second.stderr.read()
    assert (tmp_path / ".crosspy-conformance/device/usr").is_dir() and alive(tmp_path / "child")
    first.kill()
    first.wait()
    (tmp_path / ".crosspy-conformance/left").mkdir()
    (tmp_path / "root/usr/bin/python3.13").write_text("#!/bin/sh\necho test_a\necho Total tests: run=3\n")
    third = conformance(wait=False)
    assert third.wait(30) == 0 and not (tmp_path / ".crosspy-conformance").exists()
    assert json.loads((tmp_path / "conformance.json").read_text())["files"]["test_a"]["tests"] == 3


def test_a_run_in_the_background_of_a_script_gives_its_tests_the_signals_of_a_terminal(conformance, tmp_path):
    process = conformance(preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN))
    ignored = runner.Path(f"/proc/{int((tmp_path / 'leader').read_text())}/status").read_text().partition("SigIgn:")[2].split()[0]
    assert not int(ignored, 16) & 1 << signal.SIGINT - 1
    process.send_signal(signal.SIGINT)
    time.sleep(0.2)
    assert process.poll() is None, "it ignores what it was started to ignore"


def test_an_interpreter_that_does_not_answer_is_told(tmp_path):
    silent = device.Device(("/bin/sh", "-c", "exec sleep 97"), {}, tmp_path, 0.2)
    with pytest.raises(UserError, match="it did not answer within 0.2 s"):
        silent.files()


def test_a_module_whose_import_only_says_why_it_is_absent_is_lacking(tmp_path):
    (tmp_path / "_hole.py").write_text("raise ModuleNotFoundError('needs x')\n")
    there = device.Device((sys.executable, "-B"), {}, tmp_path, 60)
    assert (there.lacks("_hole"), there.lacks("_nowhere"), there.lacks("json.decoder")) == (True, True, False)


def test_after_a_stop_nothing_begins():
    at_work = groups.Groups()
    assert at_work.call(["/bin/sh", "-c", "exit 3"], 30) == 3 and at_work.call(["/bin/sleep", "97"], 0.1) is None
    at_work.stop()
    assert at_work.call(["/bin/sh", "-c", "exit 3"], 30) is None

"""The table at the end of a run over several targets, and the table of what this machine can build."""
import fnmatch
import json
import os
import re
import subprocess
import sys
import threading
from types import SimpleNamespace

import pytest
from samples import PROJECT, given

from crosspy.acquire.release import Release
from crosspy.cli import options, summary, targets
from crosspy.deps.shelf import Shelf
from crosspy.errors import UserError
from crosspy.ontarget import runner
from crosspy.run import session, stages
from crosspy.run.session import Session
from crosspy.toolchains import toolchain
from crosspy.variants import variant

KNOWN = variant.load_all(PROJECT / "variants")
MANIFEST = {"sizes": {"library": {"bytes": 11_000_000}, "interpreter": {"bytes": 5_500_000}},
            "toolchain": {"kind": "gcc", "version": "12.2.0"},
            "modules": [{"name": "a", "kind": "shared"}, {"name": "b", "kind": "builtin"}, {"name": "c", "kind": "absent"}]}


def build(folder, manifest=MANIFEST, findings=()):
    """Return the plan of a target, whose build folder is there."""
    folder.mkdir(parents=True)
    (folder / "inspect.json").write_text(json.dumps({"findings": list(findings)}))
    (folder / "facts.json").write_text(json.dumps({"toolchain": MANIFEST["toolchain"]}))
    if manifest:
        (folder / "manifest.json").write_text(json.dumps(manifest))
    return {"name": folder.name, "folder": str(folder)}


def test_a_finished_target_is_told_with_size_modules_findings_and_time(tmp_path):
    assert summary.row(build(tmp_path / "arm"), [3, 4], 12.34) == ("arm", "gcc 12.2.0", "built", "16.50 MB", "2", "0", "12.3 s")


def test_a_program_is_told_with_its_own_size_and_the_modules_that_it_carries(tmp_path):
    """Nothing of it lies in root/, and the target's folder has no manifest."""
    app = build(tmp_path / "arm/apps/hello", {"files": {"hello": {"size": 4_200_000}}, "sizes": {}, "modules": MANIFEST["modules"]}, [{}])
    plan = {"name": "arm", "folder": str(tmp_path / "arm"), "app": {"name": "hello", "folder": app["folder"]}, "modules": {"_struct": {}}}
    assert summary.row(plan, [4], 1) == ("arm", "gcc 12.2.0", "built", "4.20 MB", "1", "1", "1.0 s")
    assert summary.row(plan, [5], 1)[2:] == ("failed", "-", "-", "1", "1.0 s")


def test_a_failed_target_is_told_as_failed_though_an_old_manifest_is_there(tmp_path):
    assert summary.row(build(tmp_path / "arm", findings=[{}, {}]), [3, 5], 1) == ("arm", "gcc 12.2.0", "failed", "-", "-", "2", "1.0 s")
    assert summary.row(build(tmp_path / "other"), [5], 1)[5] == "-"
    assert summary.row({"name": "none", "folder": str(tmp_path / "none")}, [5], 0)[1:] == ("-", "failed", "-", "-", "-", "0.0 s")


@pytest.mark.parametrize("states", [[0], [1, 1], [3, 1], [2]])
def test_a_target_that_scons_did_not_come_to_is_no_failed_one(tmp_path, states):
    assert summary.row(build(tmp_path / "arm", findings=[{}]), states, 0)[2:] == ("not built", "-", "-", "-", "0.0 s")


def test_the_states_are_scons_s():
    import SCons.Node
    assert (*summary.DONE, summary.FAILED) == (SCons.Node.up_to_date, SCons.Node.executed, SCons.Node.failed)


def test_the_table_has_a_row_for_each_and_columns_that_stand_below_each_other(tmp_path):
    plans = [build(tmp_path / "arm"), build(tmp_path / "mips-linux-musl", None)]
    clock = summary.Clock()
    text = summary.of(plans, {"arm": [3, 4], "mips-linux-musl": [4, 5]}, {"s390x": UserError("a", "b", "c")}, clock)
    assert text.splitlines() == [
        "target           toolchain   status       size  modules  findings   time",
        "arm              gcc 12.2.0  built    16.50 MB        2         0  0.0 s",
        "mips-linux-musl  gcc 12.2.0  failed          -        -         -  0.0 s",
        "s390x            -           refused         -        -         -      -"]


THREE = """
import os, sys
sys.path.insert(0, os.environ["SITE_SCONS"])
from crosspy.cli import summary
class session:
    clock, refused = summary.Clock(), {}
session.clock.seconds["x"] = 1.0
last = {}
for name, fails in (("good", ""), ("uncompiled", "obj"), ("unfit", "inspect"), ("later", "")):
    made = []
    for step in ("obj", "inspect", "manifest"):
        made = Command(f"{name}/{step}", made, "exit 1" if step == fails else "echo > $TARGET")
    last[name] = Flatten(made)
    Default(Alias(name, made))
summary.at_exit(session, [{"name": name, "folder": name} for name in last], last)
"""


@pytest.mark.parametrize("words, told", [(["-k"], ["built", "failed", "failed", "built"]), (["-k", "-j4"], ["built", "failed", "failed", "built"]),
                                         ([], ["built", "failed", "not built", "not built"])])
def test_a_failed_compile_or_inspection_stops_no_other_target_with_k_and_the_table_says_so(tmp_path, words, told):
    """SCons itself, with targets of three commands each."""
    (tmp_path / "SConstruct").write_text(THREE)
    run = subprocess.run([sys.executable, "-m", "SCons", "-Q", *words], cwd=tmp_path, env={**os.environ, "SITE_SCONS": str(PROJECT / "site_scons")},
                         capture_output=True, text=True)
    lines = run.stdout[run.stdout.index("target "):].splitlines()[1:]
    assert run.returncode and [re.split(" {2,}", line)[:3] for line in lines] == [
        [name, "-", state] for name, state in zip(("good", "uncompiled", "unfit", "later"), told, strict=True)]


def test_the_clock_adds_up_what_each_thread_runs_for_its_target(monkeypatch):
    clock, ticks = summary.Clock(), iter(range(0, 1000, 5))
    monkeypatch.setattr(summary.time, "monotonic", lambda: next(ticks))

    def work(name):
        clock.enter(name)
        assert clock.measure(lambda word: word, 7) == 7
    for name in ("arm", "mips", "arm"):
        thread = threading.Thread(target=work, args=(name,))
        thread.start()
        thread.join()
    with pytest.raises(ZeroDivisionError):
        clock.measure(lambda: 1 / 0)
    assert clock.seconds == {"arm": 10, "mips": 5, "": 5}


def refusing(monkeypatch, *names):
    def resolve(chosen, *_):
        if chosen.name in names:
            raise UserError(chosen.name, "it has no compiler", "install one")
        return chosen.name
    monkeypatch.setattr(toolchain, "resolve", resolve)
    return lambda chosen: toolchain.resolve(chosen)


def test_keep_going_leaves_out_a_target_that_is_refused(monkeypatch):
    make = refusing(monkeypatch, "aarch64-linux-gnu")
    session = Session({"target": "aarch64,arm,mips"}, PROJECT)
    assert list(session._each(True, make)) == ["arm-linux-gnueabihf", "mips-linux-gnu"]
    assert [one.name for one in session.chosen] == ["arm-linux-gnueabihf", "mips-linux-gnu"]
    assert list(session.refused) == ["aarch64-linux-gnu"]


def test_without_keep_going_or_with_nothing_left_the_refusal_ends_the_run(monkeypatch):
    make = refusing(monkeypatch, "aarch64-linux-gnu", "arm-linux-gnueabihf")
    with pytest.raises(UserError, match="it has no compiler"):
        Session({"target": "aarch64,mips"}, PROJECT)._each(False, make)
    with pytest.raises(UserError, match="aarch64-linux-gnu: it has no compiler"):
        Session({"target": "aarch64,arm"}, PROJECT)._each(True, make)


def planning(monkeypatch, profile, refuse):
    """Return a session whose plans are empty, and what of them was written. refuse: raises UserError for a plan that it does not like."""
    written = []
    made = Session({"target": "aarch64,arm", "profile": profile}, PROJECT)
    monkeypatch.setattr(stages, "plan", lambda job, project, say: {"name": job.variant.name, "folder": job.folder, "links": [], "units": []})
    monkeypatch.setattr(stages, "commit", lambda plan: written.append(plan["name"]))
    monkeypatch.setattr(made, "_programs", lambda got, job: lambda plan: {**plan, "program": True})
    monkeypatch.setattr(Shelf, "look", lambda self, plan, job: refuse(plan))
    monkeypatch.setattr(Shelf, "supply", lambda self, plan, job: [])
    for place, name, value in ((session.treestate, "library", ""), (session.treestate, "shapers", ""), (session.afterwards, "words", {}), (session, "damage", None)):
        monkeypatch.setattr(place, name, lambda *_, value=value: value)
    return made, written


@pytest.mark.parametrize("profile", ["full", "minimal"])
def test_keep_going_leaves_out_a_target_whose_libraries_are_refused(tmp_path, monkeypatch, profile):
    def refuse(plan):
        if plan["name"].startswith("arm") and ("program" in plan or profile == "full"):
            raise UserError("zlib", "its archive is wrong", "fetch it again")
    got = Release("3.13.15", "3.13", tmp_path, "d" * 64, False, "downloads/")
    for keep_going in (True, False):
        made, written = planning(monkeypatch, profile, refuse)
        words = got, made.chosen[0], None, dict.fromkeys(one.name for one in made.chosen), None, keep_going, 1
        if not keep_going:
            with pytest.raises(UserError, match="its archive is wrong"):
                made._plans(*words)
            assert written == [] or profile == "minimal"
            continue
        builds = made._plans(*words)
        assert [plan["name"] for plan in builds.targets] == [job.variant.name for job in builds.jobs] == ["aarch64-linux-gnu"]
        assert list(made.refused) == ["arm-linux-gnueabihf"]


@pytest.fixture
def machine(monkeypatch):
    """Return a function that says which programs and files a machine has, and what the programs tell."""
    def machine(programs=(), files=(), name="x86_64", said="", version="8.1.0"):
        monkeypatch.setattr(targets.shutil, "which", lambda name: name if name in programs else None)
        monkeypatch.setattr(targets.os.path, "exists", lambda path: path in files)
        monkeypatch.setattr(targets.glob, "glob", lambda pattern: [path for path in files if fnmatch.fnmatch(path, pattern)])
        monkeypatch.setattr(targets.platform, "machine", lambda: name)
        monkeypatch.setattr(targets, "_refusal", lambda *words: said)
        monkeypatch.setattr(runner, "_version", lambda program: f"qemu-user version {version}\n")
        monkeypatch.delenv("QEMU_LD_PREFIX", raising=False)
    return machine


CLANG = ("clang", "ld.lld", "llvm-ar")


def test_a_bare_machine_is_told_what_to_install(machine):
    machine()
    assert targets.row(KNOWN["mips-linux-gnu"]) == (
        "mips-linux-gnu", "32 bits, big, hard float, glibc 2.17", "yes", "install gcc-mips-linux-gnu", "install clang lld llvm",
        "install qemu-user-static")
    machine(["qemu-mips-static", *CLANG, "mips-linux-gnu-gcc"])
    assert targets.row(KNOWN["mips-linux-gnu"])[3:] == (
        "install libc6-dev-mips-cross", "install libc6-dev-mips-cross, or sysroot=", "install libc6-mips-cross, or set QEMU_LD_PREFIX")


def test_what_clang_needs_besides_is_named_too(machine):
    headers = "/usr/mips-linux-gnu/include/stdio.h"
    for programs, files, cell in [(["clang"], [], "install lld llvm"), (["clang", "llvm-ar", "mips-linux-gnu-ld"], [headers], "install gcc-mips-linux-gnu, or sysroot="),
                                  (CLANG, [headers, "/usr/lib/gcc-cross/mips-linux-gnu/12/crtbegin.o"], "yes")]:
        machine(programs, files)
        assert targets.row(KNOWN["mips-linux-gnu"])[4] == cell
    machine(CLANG, said="error: unknown target triple 'loongarch64-unknown-linux-musl'")
    assert targets.row(KNOWN["loongarch64-linux-musl"])[4] == "a newer clang"


def test_a_machine_that_has_everything_is_told_so(machine):
    machine(["qemu-mips-static", *CLANG, "mips-linux-gnu-gcc", "x86_64-linux-gnu-gcc", "qemu-loongarch64-static"],
            ["/usr/mips-linux-gnu/include/stdio.h", "/usr/mips-linux-gnu/lib/ld.so.1", "/usr/include/stdio.h",
             "/usr/lib/gcc-cross/mips-linux-gnu/12/crtbegin.o", "/usr/lib/gcc/x86_64-linux-gnu/12/crtbegin.o", "/proc/sys/abi/vsyscall32"])
    assert targets.row(KNOWN["mips-linux-gnu"])[3:] == ("yes", "yes", "with qemu")
    assert targets.row(KNOWN["x86_64-linux-gnu"])[3:] == ("yes", "yes", "yes")
    assert targets.row(KNOWN["i686-linux-musl"])[5] == "yes"


@pytest.mark.parametrize("version, cell", [("7.2.22 (Debian 1:7.2+dfsg-7)", "install qemu 8.1 or newer"), ("8.1.0", "with qemu"), ("10.0.2", "with qemu")])
def test_a_qemu_that_is_too_old_is_told(machine, version, cell):
    machine(["qemu-loongarch64-static"], version=version)
    assert targets.row(KNOWN["loongarch64-linux-musl"])[5] == cell


def test_a_program_is_not_started_under_a_qemu_that_is_too_old(machine):
    machine(["qemu-loongarch64-static"], version="7.2.22")
    with pytest.raises(UserError, match=r"qemu-loongarch64-static is 7\.2\.22.*qemu 8\.1 or newer"):
        runner.runner(KNOWN["loongarch64-linux-musl"])


def test_on_another_machine_the_packages_are_those_of_that_machine(machine):
    machine(name="aarch64")
    assert targets.row(KNOWN["x86_64-linux-gnu"])[3::2] == ("install gcc-x86-64-linux-gnu", "install qemu-user-static")
    assert targets.row(KNOWN["aarch64-linux-gnu"])[3::2] == ("install gcc", "yes")
    machine(["x86_64-linux-gnu-gcc", "aarch64-linux-gnu-gcc"], ["/usr/include/stdio.h"], name="aarch64")
    assert targets.row(KNOWN["aarch64-linux-gnu"])[3] == "yes"
    assert targets.row(KNOWN["x86_64-linux-gnu"])[3] == "install the target's libc"


def test_the_table_of_targets_lists_boards_last(capsys, machine):
    machine()
    targets.show(SimpleNamespace(variants=KNOWN))
    names = [line.split()[0] for line in capsys.readouterr().out.splitlines()]
    assert names[0] == "target" and names[1] == "aarch64-linux-gnu" and names[-1] == "rv64gc" and len(names) == len(KNOWN) + 1


@pytest.mark.parametrize("value", ["2", "3.1", "2.x", "2.17.1", "glibc2.17"])
def test_a_glibc_that_is_no_version_is_refused(value):
    with pytest.raises(UserError, match="it is no version of glibc"):
        given(glibc=value)
    assert options.parse({"glibc": "2.28"}).glibc == "2.28"

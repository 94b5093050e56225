"""What a person meets first: help, the second run, and one graph for several targets."""
import re
import subprocess
import sys

from built import NAMES, VARIANTS
from checkout import REPOSITORY, Run, assert_up_to_date, clone, snapshot
from refusal import one_message


def test_help_lists_every_argument_and_variant(bare):
    for words in (("-h",), ()):
        run = bare.scons(*words)
        for name in (*VARIANTS, "target", "python", "toolchain", "source", "prefix", "libpython", "optimize", "debuginfo", "modules",
                     "disable", "bytecode", "tests", "downloads", "build_dir", "variants", "verbose"):
            assert re.search(rf"^  {re.escape(name)}\b", run.out, re.MULTILINE), name
        assert run.out.count("scons target=") >= 3
        assert all(short in run.out for variant in VARIANTS.values() for short in variant.short)
        assert run.err == ""


def test_help_writes_nothing(place):
    checkout = clone(place / "help", sources=False)
    before = snapshot(checkout.folder)
    checkout.scons("-h")
    checkout.scons()
    checkout.scons("-h", "target=aarch64")
    assert snapshot(checkout.folder) == before


def test_each_second_run_is_up_to_date(built, main):
    for name in NAMES:
        built(name)
    assert_up_to_date(main, f"target={','.join(NAMES)}")
    assert_up_to_date(main, "target=aarch64")
    assert_up_to_date(main, "target=arm64,x86_64-*")


def test_a_second_run_under_another_environment_is_up_to_date(built, main):
    built("x86_64-linux-musl")
    before = snapshot(main.build)
    run = main.scons("target=x86_64-linux-musl", umask=0o077, env={
        "TZ": "Asia/Kathmandu", "LANG": "tr_TR.UTF-8", "HOME": "/nonexistent", "PYTHONHASHSEED": "7", "CFLAGS": "-O9", "PATH": "/usr/bin:/bin"})
    assert run.shown == []
    assert {name for name, facts in snapshot(main.build).items() if before.get(name) != facts} <= {".sconsign.dblite"}


def test_several_targets_share_one_graph_and_one_bootstrap(built, place):
    built("aarch64-linux-gnu")  # for what zig has built of its libcs
    checkout = clone(place / "graph", zig_cache=True)
    run = checkout.scons("-n", "target=aarch64,x86_64-linux-musl")
    compiled = run.of("CC")
    assert len(compiled) == len(set(compiled))
    for owner in ("host", "aarch64-linux-gnu", "x86_64-linux-musl"):
        assert f"{owner} Objects/dictobject" in compiled
    assert sorted(line for line in run.of("LINK") if line.startswith("host ")) == [
        "host linked/_bootstrap_python", "host linked/_freeze_module"]
    assert len([line for line in run.of("PYC") if line.startswith("library")]) == len(set(
        line for line in run.of("PYC") if line.startswith("library")))


def test_the_python_that_runs_scons_may_be_too_old(bare):
    """SCons's own check stands before anything that an old Python could not read."""
    code = "import sys; import SCons.Script; sys.version_info = (3, 9, 2, 'final', 0); sys.argv[1:] = ['target=aarch64']; SCons.Script.main()"
    done = subprocess.run([sys.executable, "-c", code], cwd=bare.folder, capture_output=True, text=True)
    assert "3.11 is the oldest" in one_message(Run(done.returncode, done.stdout, done.stderr, 0))


def test_the_work_tree_stays_clean(built):
    """After builds, nothing lies in the checkout that was not there: no byte-code of ours, no SCons database."""
    built("x86_64-linux-gnu")
    found = [str(path.relative_to(REPOSITORY)) for folder in ("site_scons", "cpython", "variants")
             for path in (REPOSITORY / folder).rglob("*") if path.suffix == ".pyc" or path.name.startswith(".sconsign")]
    assert [path for path in found if "__pycache__" not in path] == []
    assert not list(REPOSITORY.glob(".scons*"))

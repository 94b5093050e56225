"""What a parent can get wrong: one message with the parent's file and line, before anything is built."""
import os
import subprocess
import sys

import pytest
from checkout import REPOSITORY

GOOD = {"target": "aarch64-linux-musl", "build_dir": "build"}
CALL = f"python = SConscript({str(REPOSITORY / 'SConstruct')!r}, exports={{'cpython_scons': %r}})\n"


def scons(folder, *words):
    return subprocess.run([sys.executable, "-m", "SCons", "-Q", *words], cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          env={name: value for name, value in os.environ.items() if name != "SCONSFLAGS"})


def refused(folder, text, line, script="SConstruct"):
    """Run a parent's SConstruct; return the one message, without its place."""
    (folder / "SConstruct").write_text(text, "utf-8")
    before = sorted(folder.rglob("*"))
    run = scons(folder)
    place = f"{script}:{line}: "
    assert run.returncode == 2 and run.stdout == ""
    assert run.stderr.startswith(place) and run.stderr.count("\n") == 1 and run.stderr.count("Fix: ") == 1, run.stderr
    assert [path for path in sorted(folder.rglob("*")) if path.relative_to(folder).parts[0] != "out"] == before  # SCons copies SConscripts
    return run.stderr.removeprefix(place)


OPTIONS = {
    "a list": (["target"], "it is to be a dict of options, and is list"),
    "without a target": ({"build_dir": "build"}, "the option target is missing"),
    "an unknown one": ({**GOOD, "optimise": "size"}, "optimise=size: there is no such option; did you mean 'optimize'?"),
    "a wrong value": ({**GOOD, "optimize": "fast"}, "optimize=fast: no such value"),
    "an unknown target": ({**GOOD, "target": "arch64"}, "target=arch64: "),
    "two targets": ({**GOOD, "target": "aarch64,arm"}, "it names 2 targets"),
    "a board that is nowhere": ({**GOOD, "variants": "boards"}, "boards"),
    "an application": ({**GOOD, "app": "a.py"}, "give it to PythonApp"),
    "a word of a command line": ({**GOOD, "macro": "HAVE_X"}, "only the command line's probes reads it"),
    "what contradicts the target": ({**GOOD, "glibc": "2.28"}, "this target has musl"),
    "an empty value": ({**GOOD, "python": ""}, "the value is empty"),
    "an empty folder": ({**GOOD, "sysroot": ""}, "sysroot=: the value is empty"),
}


@pytest.mark.parametrize("name", OPTIONS)
def test_options_that_are_wrong(tmp_path, name):
    given, part = OPTIONS[name]
    use = "python.PythonApp('a', 'a.py')\n" if name == "what contradicts the target" else ""
    (tmp_path / "a.py").write_text("print(1)\n")
    assert part in refused(tmp_path, "\n" + CALL % (given,) + use, 3 if use else 2)


def test_no_options_at_all(tmp_path):
    assert "SConscript gives no options" in refused(tmp_path, f"\n\nSConscript({str(REPOSITORY / 'SConstruct')!r})\n", 3)


def test_an_scons_that_is_too_old_is_named(tmp_path):
    text = "import SCons\nSCons.__version__ = '4.6.0'\n" + CALL % (GOOD,)
    assert "this is SCons 4.6.0, and 4.7 is the oldest" in refused(tmp_path, text, 3)


CALLS = {
    "an application that is nowhere": ("PythonApp('a', 'b.py')", "app=b.py: there is no such file or folder"),
    "an application outside of the tree": ("PythonApp('a', '../b.py')", "it lies outside of this tree"),
    "an application that the build makes": ("PythonApp('a', Command('made.py', [], 'touch $TARGET'))", "the build makes it"),
    "a name with a slash": ("PythonApp('a/b', 'a.py')", "it is no name of a program"),
    "a path that is nowhere": ("PythonApp('a', 'a.py', path='nowhere')", "path=nowhere: it is no folder"),
    "a budget that is none": ("PythonApp('a', 'a.py', flash='much')", "flash=much: it is no size"),
    "no C file": ("PythonEmbed('a', [], app='a.py')", "it has no sources"),
    "a C file that is nowhere": ("PythonEmbed('a', 'x.c', app='a.py')", "x.c: there is no such file"),
    "neither C nor C++": ("PythonEmbed('a', 'a.py', app='a.py')", "a.py: it is neither C nor C++"),
    "an image without a format": ("PythonImage('image', {'/a': 'a.py'})", "its name does not say what kind of image it is"),
    "an image of nothing": ("PythonImage('i.tar', {'/a': 'b.py'})", "b.py: "),
    "an image of a folder that nothing fills": ("PythonImage('i.tar', {'/': Dir('nowhere')})", "nowhere: there is no such folder"),
    "an image in a folder of the parent's": ("PythonImage('own', {'/a': 'a.py'}, format='folder')", "it is no image of ours"),
    "an image that the build makes, by name": ("PythonImage([Command('i.tar', [], 'touch $TARGET'), 'i.tar'][1], {'/a': 'a.py'})", "the build makes it already"),
}


@pytest.mark.parametrize("name", CALLS)
def test_calls_that_are_wrong(tmp_path, name):
    call, part = CALLS[name]
    (tmp_path / "a.py").write_text("print(1)\n")
    (tmp_path / "own").mkdir()
    (tmp_path / "own/file").write_text("the parent's\n")
    (tmp_path.parent / "b.py").write_text("print(1)\n")
    assert part in refused(tmp_path, "DefaultEnvironment(tools=[])\n" + CALL % (GOOD,) + f"python.{call}\n", 3)


def test_the_place_is_the_sconscript_that_calls(tmp_path):
    (tmp_path / "apps").mkdir()
    (tmp_path / "apps/SConscript").write_text("Import('python')\n\npython.PythonApp('a', 'nowhere.py')\n")
    text = CALL % (GOOD,) + "SConscript('apps/SConscript', exports='python', variant_dir='out')\n"
    assert "app=apps/nowhere.py: there is no such file" in refused(tmp_path, text, 3, "apps/SConscript")


def test_a_submodule_that_was_not_initialised(tmp_path):
    """SCons names file and line; the example looks first and says what to do."""
    (tmp_path / "third_party/cpython-scons").mkdir(parents=True)
    (tmp_path / "SConstruct").write_text("\nSConscript('third_party/cpython-scons/SConstruct')\n")
    run = scons(tmp_path)
    assert run.returncode == 2 and "missing SConscript file 'third_party/cpython-scons/SConstruct'" in run.stderr
    assert f'File "{tmp_path}/SConstruct", line 2' in run.stderr
    (tmp_path / "SConstruct").write_text((REPOSITORY / "examples/firmware/SConstruct").read_text("utf-8"))
    run = scons(tmp_path)
    assert (run.returncode, run.stdout) == (2, "")
    assert run.stderr == "third_party/cpython-scons: the submodule is empty. Fix: git submodule update --init\n"


def test_the_submodule_may_lie_in_a_variant_folder(tmp_path):
    """SCons then reads copies of SConscripts, ours too; the place is still the parent's own file."""
    inner = tmp_path / "src/cps"
    inner.mkdir(parents=True)
    for name in ("SConstruct", "cpython", "site_scons", "variants", "deps"):
        (inner / name).symlink_to(REPOSITORY / name)
    (tmp_path / "src/SConscript").write_text(f"\nSConscript('cps/SConstruct', exports={{'cpython_scons': {GOOD | {'optimize': 'fast'}!r}}})\n")
    (tmp_path / "SConstruct").write_text("SConscript('src/SConscript', variant_dir='out')\n")
    run = scons(tmp_path)
    assert run.returncode == 2 and run.stderr.startswith("src/SConscript:2: optimize=fast: no such value"), run.stderr

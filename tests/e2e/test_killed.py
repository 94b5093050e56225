"""A run that is killed, and the same command again: correct. DESIGN section 7: SCons records what it built only at its end."""
import itertools
import os
import shutil
import signal
import time

import pytest
from checkout import snapshot
from workshop import Workshop

NUMBERS = {"SIGKILL": signal.SIGKILL, "SIGINT": signal.SIGINT}


def both(name: str, values, always: dict[str, tuple[str, ...]]):
    """Parametrize by a value and a signal. always: the values of every run by signal; the others are for the nightly one."""
    return pytest.mark.parametrize((name, "number"), [
        pytest.param(value, number, id=f"{value}-{kind}", marks=() if value in always.get(kind, ()) else pytest.mark.nightly)
        for value in values for kind, number in NUMBERS.items()])


def empty(shop: Workshop, *names: str) -> None:
    """Remove outputs, so that their commands run again."""
    for name in names:
        for path in (shop.checkout.build).glob(name.format(target=shop.build.folder.name, bootstrap=shop.bootstrap.name)):
            shutil.rmtree(path) if path.is_dir() else path.unlink()


STAGES = {
    "compiling": (["{target}/obj/Objects", "{target}/obj/Modules/_io"], r"CC +\S+ (Objects|Modules/_io)/"),
    "compiling-the-bootstrap": (["{bootstrap}/obj/Objects"], r"CC +host Objects/[i-z]"),
    "archiving": (["{target}/linked/*.a"], r"AR +"),
    "linking": (["{target}/linked/python", "{target}/linked/lib-dynload"], r"LINK +\S+ linked/python"),
    "linking-an-extension": (["{target}/linked/lib-dynload"], r"LINK +.*lib-dynload/_json"),
    "freezing": (["{bootstrap}/Python/frozen_modules"], r"FREEZE +\d+ modules"),
    "freezing-early": (["{bootstrap}/Python/frozen_modules"], r"FREEZE +getpath"),
    "byte-compiling": (["{bootstrap}/bytecode-*"], r"PYC +library, part 1"),
    "installing": (["{target}/root", "{target}/installed.json"], r"INSTALL +"),
    "inspecting": (["{target}/inspect.json", "{target}/.inspect-cache.json"], r"INSPECT +"),
    "recording": (["{target}/manifest.json"], r"MANIFEST +"),
}


@both("stage", STAGES, {"SIGKILL": ("compiling", "byte-compiling", "installing"), "SIGINT": ("compiling-the-bootstrap",)})
def test_killed_while(workshop, stage, number):
    names, pattern = STAGES[stage]
    for delay in (0, .1) if number == signal.SIGKILL else (.05,):
        empty(workshop, *names)
        run = workshop.checkout.start(*workshop.words)
        run.until(pattern)
        time.sleep(delay)
        run.kill(number)
    workshop.scons()
    workshop.same_as_first()
    assert leftovers(workshop) == []
    assert workshop.scons().shown == []


def leftovers(shop: Workshop) -> list[str]:
    return [name for name in snapshot(shop.checkout.build)
            if name.endswith((".part", ".new", ".started")) and not name.startswith(("zig-cache", "sources"))]


def test_killed_again_and_again_from_nothing(workshop):
    """One build in eight pieces."""
    for name in (workshop.build.folder, workshop.bootstrap):
        shutil.rmtree(name)
    for piece in range(8):
        run = workshop.checkout.start(*workshop.words)
        with run._grown:
            run._grown.wait_for(lambda: "" in run.lines, .8 + .4 * piece)
        run.kill(signal.SIGKILL if piece % 3 else signal.SIGINT)
    workshop.scons()
    workshop.same_as_first()
    assert leftovers(workshop) == []


SOURCE = "Objects/object.c", 'PyUnicode_FromString("None")', 'PyUnicode_FromString("Nono")'


def killed_once_changed(shop: Workshop, path, number: int) -> None:
    """Start a build and kill it in the moment in which it replaces a file."""
    def state():
        facts = os.stat(path)
        return facts.st_ino, facts.st_mtime_ns  # not the ctime: SCons touches that when it removes the old output
    before = state()
    run = shop.checkout.start(*shop.words)
    while run.process.poll() is None:
        try:
            if state() != before:
                break
        except FileNotFoundError:
            pass
    else:
        pytest.fail(f"{path} was not replaced")
    run.kill(number)


@both("side", ["target", "bootstrap"], {"SIGKILL": ("target", "bootstrap")})
def test_killed_after_an_object_was_replaced_and_the_source_put_back(workshop, side, number):
    path = workshop.object("Objects/object.o", side == "bootstrap")
    right = path.read_bytes()
    with workshop.edited(*SOURCE):
        killed_once_changed(workshop, path, number)
        assert number == signal.SIGINT or path.read_bytes() != right, "killed too early: this shows nothing"
    workshop.scons()
    assert path.read_bytes() == right
    workshop.same_as_first()


@both("where", ["{target}/linked/python", "{target}/linked/libpython3.13.a", "{python}",
                "{target}/installed.json", "{target}/manifest.json", "{bootstrap}/linked/_bootstrap_python"],
      {"SIGKILL": ("{target}/linked/libpython3.13.a",), "SIGINT": ("{python}",)})
def test_killed_after_an_output_was_replaced_and_the_source_put_back(workshop, where, number):
    path = workshop.checkout.build / where.format(target=workshop.build.folder.name, bootstrap=workshop.bootstrap.name,
                                                    python=workshop.build.python)
    right = path.read_bytes()
    with workshop.edited(*SOURCE):
        killed_once_changed(workshop, path, number)
    workshop.scons()
    assert path.read_bytes() == right
    workshop.same_as_first()


@pytest.mark.parametrize("number", [pytest.param(signal.SIGKILL, id="SIGKILL"), pytest.param(signal.SIGINT, id="SIGINT", marks=pytest.mark.nightly)])
def test_killed_while_byte_compiling_and_the_library_put_back(workshop, number):
    with workshop.edited("Lib/textwrap.py", "class TextWrapper:", "class TextWrapper(object):"):
        killed_once_changed(workshop, workshop.build.library / "__pycache__/textwrap.cpython-313.pyc", number)
    workshop.scons()
    workshop.same_as_first()
    with workshop.edited("Lib/textwrap.py", "class TextWrapper:", "class TextWrapper(object):"):
        killed_once_changed(workshop, next(workshop.bootstrap.glob("bytecode-*/pyc/__pycache__/textwrap.cpython-313.pyc")), number)
    workshop.scons()
    workshop.same_as_first()


def test_killed_twice_with_another_edit_each_time(workshop):
    path = workshop.object("Objects/object.o")
    right = path.read_bytes()
    with workshop.edited(*SOURCE):
        killed_once_changed(workshop, path, signal.SIGKILL)
    for number in itertools.islice(itertools.cycle([signal.SIGKILL, signal.SIGINT]), 3):
        run = workshop.checkout.start(*workshop.words)
        run.until(r"CC +")
        run.kill(number)
    workshop.scons()
    assert path.read_bytes() == right
    workshop.same_as_first()


def test_killed_and_then_only_a_part_is_asked_for(workshop):
    """The run after the killed one asks for another file: what the killed one left must stay distrusted."""
    path = workshop.object("Objects/object.o")
    right = path.read_bytes()
    with workshop.edited(*SOURCE):
        killed_once_changed(workshop, path, signal.SIGKILL)
    other = f"build/{workshop.build.folder.name}/obj/Objects/boolobject.o"
    workshop.checkout.scons(*workshop.words, other)
    workshop.scons()
    assert path.read_bytes() == right
    workshop.same_as_first()


def test_a_failed_compile_is_told_and_mended(workshop):
    """A compiler's error, where other commands had finished already: nothing of it stays."""
    with workshop.edited("Objects/object.c", 'PyUnicode_FromString("None")', "PyUnicode_FromString(None)"):
        run = workshop.checkout.scons(*workshop.words, check=False)
        assert run.code == 2
        assert "Objects/object.c:" in run.out + run.err and "undeclared identifier 'None'" in run.out + run.err
        assert "Traceback" not in run.out + run.err
    workshop.scons()
    workshop.same_as_first()
    assert leftovers(workshop) == []


def test_a_second_scons_at_once_is_refused_at_once(workshop):
    empty(workshop, "{target}/obj/Objects", "{bootstrap}/bytecode-*")
    first = workshop.checkout.start(*workshop.words)
    first.until(r"CC +")
    second = workshop.checkout.scons(*workshop.words, check=False)
    assert first.process.poll() is None, "the first one was through already: this shows nothing"
    assert second.code != 0 and "another SCons is at work" in second.err and second.err.count("Fix:") == 1
    assert second.shown == []
    assert first.finish().code == 0
    workshop.same_as_first()

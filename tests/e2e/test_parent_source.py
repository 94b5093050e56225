"""A parent with an edited tree of CPython: what a changed C file rebuilds, the nodes of profile=full, C++ beside the interpreter."""
import os
import platform
import shutil
import subprocess
import sys

import pytest
from checkout import LONGEST, REPOSITORY, Run, clone, need, newest, zig_copied

pytestmark = pytest.mark.nightly  # whole firmware images: minutes

PARENT = """
DefaultEnvironment(tools=[])
env = Environment(tools=["gcc", "gnulink", "ar"], ENV={"PATH": "/usr/bin:/bin"})
python = SConscript("cps/SConstruct", exports={"cpython_scons": {
    "target": "x86_64-linux-gnu", "source": "tree", "build_dir": "build", "optimize": "debug", "bytecode": "none", "deps": "none"}})
own = env.Object("own.o", "own.c", CPPPATH=[python.headers])
env.Depends(own, python.headers)
app = python.PythonApp("hello", "hello.py")
plain = env.StaticLibrary("plain", "plain.c", CPPPATH="include")
mixed = python.PythonEmbed("mixed", "mixed.cpp", app="hello.py", flags="-DANSWER=42 -Wall", cpppath="include", libs=[plain])
Default(own, app, mixed, python.root, python.libpython, python.python, python.stdlib, python.manifest)
"""
# Two releases in one build: each instance has its own plan, objects and bootstrap.
OLDER = """
DefaultEnvironment(tools=[])
made = []
for release in ("3.13", "3.13.5"):
    python = SConscript("cps/SConstruct", exports={"cpython_scons": {
        "target": "x86_64-linux-musl", "python": release, "build_dir": "two", "downloads": %r, "optimize": "debug", "deps": "none"}})
    made.append(python.PythonApp("version", "version.py"))
Default(made)
"""
FILES = {
    "version.py": "import sys\nprint(sys.version.split()[0])\n",
    "hello.py": "import math\n\ndef half(value):\n    return math.floor(value / 2)\n\nif __name__ == '__main__':\n    print('hello', half(7))\n",
    "own.c": "#include <Python.h>\nconst char *own(void) { return PY_VERSION; }\n",
    "include/mixed.h": '#ifdef __cplusplus\nextern "C"\n#endif\nint twice(int value);\n',
    "plain.c": '#include "mixed.h"\nint twice(int value) { return 2 * value; }\n',
    "mixed.cpp": """\
#include "cpython_embed.h"
#include "mixed.h"
#include <iostream>
#include <string>

int main(int argc, char **argv)
{
    PyStatus status = cpython_start(argc, argv);
    if (PyStatus_Exception(status)) {
        Py_ExitStatusException(status);
    }
    PyObject *module = PyImport_ImportModule("hello");
    PyObject *value = module ? PyObject_CallMethod(module, "half", "i", twice(ANSWER)) : nullptr;
    if (value == nullptr) {
        PyErr_Print();
        return 1;
    }
    try {
        throw std::string("half of twice ");
    } catch (const std::string &text) {
        std::cout << text << ANSWER << " is " << PyLong_AsLong(value) << std::endl;
    }
    Py_DECREF(value);
    Py_DECREF(module);
    PyObject *gone = PyImport_ImportModule("json");
    std::cout << (gone == nullptr && PyErr_ExceptionMatches(PyExc_ImportError) ? "no json" : "json") << std::endl;
    PyErr_Clear();
    return Py_FinalizeEx() < 0;
}
""",
}


class Parent:
    def __init__(self, folder):
        self.folder = folder
        clone(folder / "cps", sources=False)
        release = newest(REPOSITORY / "build")
        shutil.copytree(release, folder / "tree", symlinks=True)
        for path in (folder / "tree", *(folder / "tree").rglob("*")):
            if not path.is_symlink():
                path.chmod(path.stat().st_mode | 0o200)
        zig_copied(REPOSITORY / "build/zig-cache", folder / "build/zig-cache")
        for name, text in {**FILES, "SConstruct": PARENT}.items():
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_text(text)
        self.first = self.scons()

    def scons(self, *words):
        done = subprocess.run([sys.executable, "-m", "SCons", f"-j{len(os.sched_getaffinity(0))}", *words], cwd=self.folder, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              errors="replace", timeout=LONGEST, env={name: value for name, value in os.environ.items() if name != "SCONSFLAGS"})
        if done.returncode:
            pytest.fail(done.stdout[-3000:] + done.stderr[-3000:], pytrace=False)
        return Run(0, done.stdout, done.stderr, 0)


@pytest.fixture(scope="module")
def parent(main, place):
    if platform.machine() != "x86_64":
        pytest.skip("its programs are run directly: an x86_64 machine")
    need("gcc", "gcc")
    main.scons("bootstrap")
    folder = place / "edits"
    folder.mkdir()
    return Parent(folder)


def program(parent, name):
    path, = parent.folder.glob(f"build/*minimal*/programs/{name}")
    return subprocess.run([path], capture_output=True, text=True)


def test_an_application_and_a_program_in_cpp_run(parent):
    assert program(parent, "hello").stdout == "hello 3\n"
    made = program(parent, "mixed")
    assert made.stdout == "half of twice 42 is 42\nno json\n", made.stderr


def test_the_nodes_are_there(parent):
    root, = parent.folder.glob("build/*/root")
    done = subprocess.run([root / "usr/bin/python3.13", "-c", "import json, sysconfig; print(json.dumps(1 + 1))"], capture_output=True, text=True)
    assert done.stdout == "2\n", done.stderr
    assert (root / "usr/include/python3.13/Python.h").is_file() and (root.parent / "linked/libpython3.13.a").is_file()
    assert b"3.13" in (parent.folder / "own.o").read_bytes()


def test_a_second_run_has_nothing_to_do(parent):
    run = parent.scons()
    assert run.shown == [] and "is up to date" in run.out and "gcc -o" not in run.out


def test_a_changed_c_file_rebuilds_what_depends_on_it_and_nothing_else(parent):
    path = parent.folder / "tree/Modules/mathmodule.c"
    stat, text = path.stat(), path.read_text("utf-8")
    path.write_text(text + "\nint changed_for_a_test = 1;\n", "utf-8")
    try:
        run = parent.scons()
    finally:
        path.write_text(text, "utf-8")
        os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert run.of("CC") == ["x86_64-linux-gnu Modules/mathmodule"] * 2   # one for each profile
    assert [line.split("/")[-1].split(".")[0] for line in run.of("LINK")] == ["hello", "mixed", "math"], run.of("LINK")
    assert not run.of("FREEZE") and not run.of("PYC") and not run.of("AR")
    assert "gcc -o" not in run.out
    parent.scons()
    assert parent.scons().shown == []


def test_a_changed_library_of_the_parent_s_links_the_program_again(parent):
    path = parent.folder / "plain.c"
    text = path.read_text("utf-8")
    path.write_text(text.replace("2 * value", "4 * value"), "utf-8")
    run = parent.scons()
    assert [line.split("/")[-1] for line in run.of("LINK")] == ["mixed"] and program(parent, "mixed").stdout.startswith("half of twice 42 is 84\n")
    path.write_text(text, "utf-8")
    parent.scons()


def test_two_releases_in_one_parent(parent):
    (parent.folder / "Older").write_text(OLDER % f"{REPOSITORY}/downloads")
    parent.scons("-f", "Older")
    said = {subprocess.run([path], capture_output=True, text=True, check=True).stdout.strip() for path in parent.folder.glob("two/*/programs/version")}
    assert "3.13.5" in said and len(said) == 2
    assert parent.scons("-f", "Older").shown == []

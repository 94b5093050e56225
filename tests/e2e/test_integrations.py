"""CMake and make as parents: the program is there, runs, and is not built twice."""
import os
import platform
import subprocess
import sys

import pytest
from checkout import REPOSITORY, copied, need, zig_copied

TARGET = "x86_64-linux-gnu"
LISTS = f"""
cmake_minimum_required(VERSION 3.16)
project(parent NONE)
set(CPYTHON_SCONS_TARGET {TARGET})
find_package(CpythonScons REQUIRED PATHS "{REPOSITORY}/integrations/cmake" NO_DEFAULT_PATH NO_CMAKE_FIND_ROOT_PATH)
cpython_scons_add_app(greet SOURCE apps/greet.py PATH lib OPTIONS %s)
add_subdirectory(apps)
"""
BELOW = "cpython_scons_add_app(count SOURCE count.py EXCLUDE json OPTIONS %s)\n"
CROSS = """
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
set(CMAKE_SYSROOT "{folder}/sysroot")
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
"""
MAKEFILE = f"""
all: out/greet out/count
include {REPOSITORY}/integrations/make/cpython-scons.mk
CPYTHON_SCONS_TARGET := {TARGET}
CPYTHON_SCONS_BUILD := %s
CPYTHON_SCONS_OPTIONS := %s
$(eval $(call cpython_scons_app,out/greet,apps/greet.py,path=apps/own,lib include=csv))
$(eval $(call cpython_scons_app,out/count,apps/count.py,exclude=json))
"""


@pytest.fixture(scope="module")
def parent(built, place):
    """A folder of somebody else's with two applications. What this machine has compiled already is not compiled again."""
    if platform.machine() != "x86_64":
        pytest.skip("its programs are run directly: an x86_64 machine")
    host = built(TARGET)  # so that zig has its libc, and no interpreter for this machine is compiled again
    folder = place / "not scons"
    for name in ("apps/own", "lib"):
        (folder / name).mkdir(parents=True)
    (folder / "apps/greet.py").write_text("import sys, words\nprint(words.GREETING, *sys.argv[1:])\n")
    (folder / "lib/words.py").write_text("GREETING = 'greetings'\n")
    (folder / "apps/count.py").write_text("print(sum(range(10)))\n")
    build = folder / "out/cpython-scons"
    copied(REPOSITORY / "build/sources", build / "sources", linked=True)
    zig_copied(REPOSITORY / "build/zig-cache", build / "zig-cache")
    return folder, f"downloads={REPOSITORY}/downloads optimize=debug deps=none bootstrap={host.python}"


def run(folder, *command):
    env = {**os.environ, "PATH": f"{os.path.dirname(sys.executable)}:{os.environ['PATH']}"}
    return subprocess.run(command, cwd=folder, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def works(folder, count="count"):
    assert subprocess.run([folder / "out/greet", "a b"], capture_output=True, text=True, check=True).stdout == "greetings a b\n"
    assert subprocess.run([folder / "out" / count], capture_output=True, text=True, check=True).stdout == "45\n"


def test_make_builds_two_programs_and_the_second_time_nothing(parent):
    folder, options = parent
    need("make", "make")
    need("flock", "util-linux")
    (folder / "Makefile").write_text(MAKEFILE % ("out/cpython-scons", options))
    for name in ("greet", "count"):
        (folder / "out" / name).unlink(missing_ok=True)
    made = run(folder, "make", "-j2")
    assert made.returncode == 0, made.stdout[-3000:]
    works(folder)
    made = run(folder, "make", "-j2")
    assert made.returncode == 0 and "CC " not in made.stdout and "up to date" in made.stdout


def test_cmake_builds_two_programs_and_the_second_time_nothing(parent):
    folder, options = parent
    need("cmake", "cmake")
    need("make", "make")
    (folder / "CMakeLists.txt").write_text(LISTS % options)
    (folder / "apps/CMakeLists.txt").write_text(BELOW % options)
    made = run(folder, "cmake", "-S", ".", "-B", "out", "-G", "Unix Makefiles")
    assert made.returncode == 0, made.stdout
    made = run(folder, "cmake", "--build", "out", "-j2")
    assert made.returncode == 0 and "READY" in made.stdout, made.stdout[-3000:]
    works(folder, "apps/count")
    made = run(folder, "cmake", "--build", "out", "-j2")
    assert made.returncode == 0 and "CC " not in made.stdout and "READY" not in made.stdout
    (folder / "lib/words.py").write_text("GREETING = 'hello'\n")
    assert "apps/greet/frozen" in run(folder, "cmake", "--build", "out").stdout
    assert subprocess.run([folder / "out/greet"], capture_output=True, text=True).stdout == "hello\n"
    (folder / "lib/words.py").write_text("GREETING = 'greetings'\n")


@pytest.mark.parametrize(("old", "new", "part"), [("SOURCE apps/greet.py ", "", "SOURCE is missing"),
                                                  ("set(CPYTHON_SCONS_TARGET x86_64-linux-gnu)", "", "TARGET is missing")])
def test_cmake_tells_what_is_missing(parent, old, new, part):
    folder, options = parent
    need("cmake", "cmake")
    (folder / "wrong").mkdir(exist_ok=True)
    (folder / "wrong/CMakeLists.txt").write_text((LISTS % options).replace("add_subdirectory(apps)", "").replace(old, new))
    made = run(folder, "cmake", "-S", "wrong", "-B", "wrong/out")
    assert made.returncode and part in made.stdout and "CMakeLists.txt:" in made.stdout


def test_cmake_s_toolchain_is_taken_over(parent):
    """A toolchain file as CMake's own documentation has it: gcc with a sysroot, and packages of the sysroot alone."""
    folder, options = parent
    need("cmake", "cmake")
    need("make", "make")
    need("aarch64-linux-gnu-gcc", "gcc-aarch64-linux-gnu")
    (folder / "cross").mkdir(exist_ok=True)
    (folder / "cross/file.cmake").write_text(CROSS.replace("{folder}", str(folder)))
    (folder / "cross/CMakeLists.txt").write_text((LISTS % options).replace("add_subdirectory(apps)", "").replace("NONE", "C").replace(TARGET, "aarch64-linux-gnu"))
    made = run(folder, "cmake", "-S", "cross", "-B", "cross/out", "-G", "Unix Makefiles", f"-DCMAKE_TOOLCHAIN_FILE={folder}/cross/file.cmake")
    assert made.returncode == 0, made.stdout
    words = run(folder / "cross/out", "make", "-n", "VERBOSE=1", "greet").stdout
    assert "aarch64-linux-gnu- " in words.replace('"', " ") and "toolchain=gcc:" in words and f"sysroot={folder}/sysroot" in words.replace("\\", ""), words


def test_a_mistake_is_told_through_make(parent):
    folder, options = parent
    need("make", "make")
    (folder / "Wrong").write_text((MAKEFILE % ("out/cpython-scons", options)).replace("apps/count.py", "apps/nowhere.py"))
    made = run(folder, "make", "-f", "Wrong", "out/count")
    assert made.returncode and "app=apps/nowhere.py: there is no such file or folder" in made.stdout and "Traceback" not in made.stdout

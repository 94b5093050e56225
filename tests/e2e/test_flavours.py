"""Each option of the command line changes what it says, and nothing of the host's environment changes anything."""
import os
import shutil
import subprocess

import pytest
from built import QUICK, Build
from checkout import assert_up_to_date, clone, contents, differences, flavoured, need
from crosspy.elf import elf  # importable since `built` is

GNU = "x86_64-linux-gnu"


def facts(path) -> elf.ElfFacts:
    return elf.read(path.read_bytes())


# libpython=shared

@pytest.fixture(scope="module")
def shared(built):
    return built(GNU, "libpython=shared", QUICK, flavour="+libpython-shared+optimize-debug")


def test_libpython_is_shared_and_the_interpreter_needs_it(shared):
    library = shared.root / "usr/lib"
    assert {path.name for path in library.iterdir() if path.name.startswith("libpython")} == {
        "libpython3.13.so", "libpython3.13.so.1.0", "libpython3.so"}
    assert os.readlink(library / "libpython3.13.so") == "libpython3.13.so.1.0"
    assert facts(library / "libpython3.13.so.1.0").soname == "libpython3.13.so.1.0"
    stable = facts(library / "libpython3.so")
    assert (stable.soname, stable.needed[:1]) == ("libpython3.so", ("libpython3.13.so.1.0",))
    assert "libpython3.13.so.1.0" in facts(shared.python).needed
    assert shared.python.stat().st_size < 100_000


def test_a_shared_libpython_runs(shared):
    environment = {"LD_LIBRARY_PATH": str(shared.root / "usr/lib")}
    assert shared.ask("import json, decimal, sysconfig; print(json.dumps([sysconfig.get_config_var(name) for name in "
                      "('Py_ENABLE_SHARED', 'LDLIBRARY', 'INSTSONAME')]))", env=environment) == [
        1, "libpython3.13.so", "libpython3.13.so.1.0"]
    done = shared.run("-c", "0", check=False)
    assert done.returncode and "libpython3.13.so.1.0" in done.stderr, "without the library on the path it cannot start"


# modules=builtin disable=… prefix=… on glibc

@pytest.fixture(scope="module")
def small(built):
    words = ("modules=builtin", "disable=_decimal,sqlite3,ssl,asyncio", "prefix=/opt/python", QUICK)
    build = built(GNU, *words, prefix="/opt/python")
    folders = [path.parent for path in build.checkout.build.glob(f"{GNU}+*disable-*+modules-builtin+*prefix-*/manifest.json")]
    assert len(folders) == 1
    return Build(build.checkout, GNU, folders[0].name.removeprefix(GNU), "/opt/python")


def test_modules_are_built_in(small):
    assert list((small.library / "lib-dynload").iterdir()) == []
    assert {row["kind"] for row in small.modules.values()} == {"builtin", "absent"}
    small_names = [name for name, row in small.modules.items() if row["kind"] == "builtin"]
    assert small.ask(f"import json, sys, importlib\nfor name in {small_names!r}: importlib.import_module(name)\n"
                     f"print(json.dumps(set({small_names!r}) <= set(sys.builtin_module_names)))") is True


@pytest.mark.parametrize("module", ["_decimal", "_asyncio", "_sqlite3", "_ssl"])
def test_a_disabled_module_leaves_nothing_behind(small, module):
    done = small.run("-c", f"import {module}", check=False)
    assert done.returncode == 1 and done.stderr.splitlines()[-1] == f"ModuleNotFoundError: No module named '{module}'"
    assert small.modules[module]["kind"] == "absent"
    assert "disable" in small.modules[module]["reason"] or "needs" in small.modules[module]["reason"]
    assert f"PyInit_{module}".encode() not in small.python.read_bytes()
    assert not [name for name in small.manifest["files"] if f"/{module}." in name]
    assert not (small.folder / "obj/Modules/_decimal").exists()
    assert b"mpd_" not in small.python.read_bytes()


def test_a_disabled_package_goes_with_its_files(small):
    assert not (small.library / "sqlite3").exists()
    for package in ("sqlite3", "ssl"):
        done = small.run("-c", f"import {package}", check=False)
        assert done.stderr.splitlines()[-1].startswith(f"ModuleNotFoundError: No module named '{package}': ")
        assert (small.library / f"{package}.py").stat().st_size < 300, "nothing but the message"
    assert small.run("-c", "import decimal; print(decimal.Decimal('0.1') * 3)").stdout == "0.3\n", "the Python version serves"


def test_the_prefix_is_where_everything_lies(small):
    assert {name.split("/")[1] for name in small.manifest["files"]} == {"opt"}
    told = small.ask("import json, sys, sysconfig; print(json.dumps([sys.prefix, sysconfig.get_config_var('prefix'), "
                     "sysconfig.get_config_var('LIBDIR'), json.__file__, json.__spec__.cached, json.dumps.__code__.co_filename]))")
    top = f"{small.root}/opt/python"
    assert told == [top, "/opt/python", "/opt/python/lib", f"{top}/lib/python3.13/json/__init__.py",
                    f"{top}/lib/python3.13/json/__pycache__/__init__.cpython-313.pyc", f"{top}/lib/python3.13/json/__init__.py"]
    assert "prefix=/opt/python\n" in (small.root / "opt/python/lib/pkgconfig/python-3.13.pc").read_text("utf-8")


# optimize=size debuginfo=split

@pytest.fixture(scope="module")
def lean(built):
    return built(GNU, "optimize=size", "debuginfo=split", flavour="+debuginfo-split+optimize-size")


@pytest.mark.nightly
def test_optimize_size_is_smaller(built, lean):
    lean.smoke()
    assert lean.python.stat().st_size < .95 * built(GNU).python.stat().st_size


@pytest.mark.nightly
def test_debug_information_is_split_off_by_build_id(lean):
    need("readelf", "binutils")
    programs = [lean.python, *sorted((lean.library / "lib-dynload").iterdir())]
    for path in programs:
        sections = subprocess.run(["readelf", "-SWn", path], capture_output=True, text=True, check=True).stdout
        assert ".debug_info" not in sections and ".symtab" not in sections, path
        build_id = sections.partition("Build ID: ")[2].split()[0]
        debug = lean.folder / "debug/.build-id" / build_id[:2] / f"{build_id[2:]}.debug"
        assert debug.is_file(), path
        assert ".debug_info" in subprocess.run(["readelf", "-SW", debug], capture_output=True, text=True, check=True).stdout
    files = [path for path in (lean.folder / "debug").rglob("*") if path.is_file()]
    private = [path for path in (*programs, *files) if str(lean.checkout.folder).encode() in path.read_bytes()]
    assert private == [], "a path of the build machine"


@pytest.mark.nightly
def test_no_debug_file_of_an_older_build_is_left(lean):
    files = [path for path in (lean.folder / "debug").rglob("*") if path.is_file()]
    assert len(files) == 1 + len(list((lean.library / "lib-dynload").iterdir()))


@pytest.mark.nightly
def test_a_debugger_finds_the_lines(lean):
    readelf = need("readelf", "binutils")
    build_id = subprocess.run([readelf, "-nW", lean.python], capture_output=True, text=True, check=True).stdout.partition("Build ID: ")[2].split()[0]
    debug = lean.folder / "debug/.build-id" / build_id[:2] / f"{build_id[2:]}.debug"
    names = subprocess.run([readelf, "--debug-dump=line-str,str", debug], capture_output=True, text=True, check=True).stdout
    assert "Objects/dictobject.c" in names or "dictobject.c" in names


# bytecode=…: only what is installed differs

@pytest.fixture(scope="module")
def copied(built, place):
    build = built(GNU)
    hosts = [path.name for path in build.checkout.build.glob("bootstrap-*") if path.is_dir()]
    checkout = clone(place / "bytecode", zig_cache=True, builds=(build.folder.name, *hosts))
    checkout.scons(f"target={GNU}")
    return checkout


@pytest.mark.parametrize("kind, flags", [("checked", b"\x03\0\0\0"), ("none", None), ("only", b"\x01\0\0\0")])
def test_bytecode(copied, kind, flags):
    build = Build(copied, GNU)
    before = contents(build.root)
    run = copied.scons(f"target={GNU}", f"bytecode={kind}")
    assert {line.partition(" ")[0] for line in run.shown} <= {"PYC", "INSTALL", "INSPECT", "MANIFEST"}
    compiled = list(build.library.rglob("*.pyc"))
    assert {path.read_bytes()[4:8] for path in compiled} == ({flags} if flags else set())
    assert (kind == "none") == (compiled == [])
    told = build.ask("import json, argparse, sys; print(json.dumps([argparse.__cached__, argparse.__file__]))", env={
        "PYTHONDONTWRITEBYTECODE": "1"})
    if kind == "only":
        assert told[1] == str(build.library / "argparse.pyc")
        assert not (build.library / "argparse.py").exists()
    else:
        assert told[1] == str(build.library / "argparse.py")
    assert_up_to_date(copied, f"target={GNU}", f"bytecode={kind}")
    copied.scons(f"target={GNU}")
    assert differences(before, contents(build.root)) == []


def test_checked_bytecode_notices_an_edit_on_the_device(copied):
    build = Build(copied, GNU)
    copied.scons(f"target={GNU}", "bytecode=checked")
    path = build.library / "argparse.py"
    path.write_text(path.read_text("utf-8") + "\nEDITED = 1\n", "utf-8")
    assert build.run("-B", "-c", "import argparse; print(argparse.EDITED)").stdout == "1\n"
    copied.scons(f"target={GNU}")
    assert build.run("-c", "import argparse; print(hasattr(argparse, 'EDITED'))").stdout == "False\n"


# bootstrap=…

def test_a_given_bootstrap_freezes_and_compiles_the_same(built, room):
    """Nothing is compiled for the host, and what the given interpreter makes is what our own makes."""
    build = built(GNU)
    if build.foreign:
        pytest.skip(f"the given interpreter must run here, and {GNU} does not")
    ours = f"bootstrap-{build.manifest['release']['version']}"
    checkout = clone(room / "checkout", zig_cache=True)
    run = checkout.scons(f"target={GNU}", f"bootstrap={build.python}", f"build/{ours}-given")
    assert {line.partition(" ")[0] for line in run.shown} == {"FREEZE", "PYC"}
    theirs = contents(checkout.build / f"{ours}-given")
    wanted = {name: value for name, value in contents(build.checkout.build / ours).items() if name in theirs and name.endswith((".h", ".pyc"))}
    assert len(wanted) > 500
    early = {f"Python/frozen_modules/{name}.h" for name in ("getpath", "importlib._bootstrap", "importlib._bootstrap_external", "zipimport")}
    assert {name for name in wanted if theirs[name] != wanted[name]} <= early  # these come from _freeze_module else


# the host's environment

POISON = {"CFLAGS": "-DPOISON", "CPPFLAGS": "-DPOISON", "LDFLAGS": "-lpoison", "CC": "poison", "CXX": "poison", "AR": "poison",
          "PKG_CONFIG_PATH": "/poison", "PYTHONHOME": None, "ZIG_GLOBAL_CACHE_DIR": "/poison", "ZIG_LIB_DIR": "/poison",
          "C_INCLUDE_PATH": "{room}", "CPATH": "{room}", "LIBRARY_PATH": "/poison", "GCC_EXEC_PREFIX": None, "COMPILER_PATH": "/poison",
          "DESTDIR": "/poison", "VPATH": "/poison", "MAKEFLAGS": "-j99"}


@pytest.mark.parametrize("toolchain", ["zig", pytest.param("gcc", marks=pytest.mark.nightly)])
def test_nothing_of_the_environment_reaches_a_command(built, room, toolchain):
    if toolchain == "gcc":
        need("aarch64-linux-gnu-gcc", "gcc-aarch64-linux-gnu")
    built("aarch64-linux-gnu")
    (room / "include").mkdir()
    for header in ("stdio.h", "Python.h", "errno.h"):
        (room / "include" / header).write_text("#error poison\n")
    poison = {name: value and value.replace("{room}", str(room / "include")) for name, value in POISON.items()}
    checkout = clone(room / "checkout", zig_cache=True)
    words = ("target=aarch64", f"toolchain={toolchain}", "verbose=1")
    flavour = "" if toolchain == "zig" else "+toolchain-gcc"
    names = [f"build/aarch64-linux-gnu{flavoured(flavour)}/{name}" for name in ("obj/Objects/boolobject.o", "obj/Modules/mathmodule.o", "pyconfig.h")]
    run = checkout.scons(*words, *names[:2], env=poison)
    told = run.out + run.err
    assert "poison" not in told.lower().replace(str(room), "")
    assert str(room / "include") not in told
    answers = [checkout.folder / names[2], *(checkout.folder / name for name in names[:2])]
    wrong = [path.read_bytes() for path in answers]
    shutil.rmtree(checkout.build / f"aarch64-linux-gnu{flavoured(flavour)}")
    checkout.scons(*words, *names[:2])
    assert [path.read_bytes() for path in answers] == wrong


def test_a_pythonpath_of_the_user_reaches_no_command(built, room):
    """SCons itself is the user's Python, its commands are not: a sitecustomize counts the processes that see the path."""
    (room / "sitecustomize.py").write_text(f"import os\nopen({str(room / 'seen')!r}, 'a').write(f'{{os.getpid()}}\\n')\n")
    build = built("aarch64-linux-gnu")
    run = build.checkout.scons("inspect", "target=aarch64", env={"PYTHONPATH": str(room)})
    assert "usr/bin/python3.13" in run.out, "a command of crosspy ran"
    assert len((room / "seen").read_text().splitlines()) == 1


@pytest.mark.nightly
def test_an_older_release(built):
    build = built("aarch64-linux-gnu", "python=3.13.5", flavour="+python-3.13.5")
    assert build.run("-V").stdout == "Python 3.13.5\n"
    build.smoke()
    assert_up_to_date(build.checkout, "target=aarch64", "python=3.13.5")

"""No answer depends on the host: its headers, libraries, pkg-config, environment or PATH beyond the named toolchain."""
import json
import os
import shutil

import pytest
from checkout import clone, contents, flavoured, need

ASKED = [("x86_64-linux-gnu", "gcc"), ("aarch64-linux-gnu", "gcc"), ("x86_64-linux-gnu", "zig"),
         pytest.param("aarch64-linux-musl", "zig", marks=pytest.mark.nightly)]


def poison(folder):
    """An environment that spoils whatever listens to it. Fake programs leave the file ``called``."""
    for name in ("bin", "include/sys", "lib", "python/crosspy"):
        (folder / name).mkdir(parents=True)
    for name in ("pkg-config", "cc", "gcc", "clang", "as", "ld", "cpp", "ar", "zig", "make", "uname", "python3.13"):
        (folder / "bin" / name).write_text(f"#!/bin/sh\necho {name} >> {folder}/called\nexit 0\n")
        (folder / "bin" / name).chmod(0o755)
    for name in ("stdio.h", "zlib.h", "ffi.h", "sys/random.h", "sys/kern_control.h"):
        (folder / "include" / name).write_text("#error poison\n" if name == "stdio.h" else "int poison;\n")
    for name in ("libm.a", "libpthread.a", "libc.so", "libdl.so"):
        (folder / "lib" / name).write_text("poison")
    (folder / "config.site").write_text("ac_cv_func_getpid=no\nac_cv_sizeof_long=3\n")
    (folder / "python/crosspy/__init__.py").write_text("raise SystemExit('poison')\n")
    include, lib = str(folder / "include"), str(folder / "lib")
    own = str(folder)
    return {"PATH": f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}", "PYTHONPATH": f"{own}/python", "CONFIG_SITE": f"{own}/config.site",
            "CC": "false", "CXX": "false", "CPP": "false", "CFLAGS": "-include poison.h", "CPPFLAGS": f"-I{include}", "LDFLAGS": "-lpoison",
            "LIBS": "-lpoison", "CPATH": include, "C_INCLUDE_PATH": include, "CPLUS_INCLUDE_PATH": include, "LIBRARY_PATH": lib,
            "COMPILER_PATH": f"{own}/bin", "GCC_EXEC_PREFIX": f"{own}/", "PKG_CONFIG_PATH": own, "SYSROOT": own, "ZIG_LIB_DIR": "/nowhere",
            "ZIG_LIBC": "/nowhere", "ZIG_GLOBAL_CACHE_DIR": f"{own}/cache", "ZIG_LOCAL_CACHE_DIR": f"{own}/cache", "LC_ALL": "de_DE.UTF-8",
            "LANGUAGE": "de", "LANG": "de_DE.UTF-8", "TMPDIR": "/nowhere", "MAKEFLAGS": "-n", "POSIXLY_CORRECT": "1",
            "SOURCE_DATE_EPOCH": "1", "DEPENDENCIES_OUTPUT": f"{own}/called"}


@pytest.fixture(scope="module")
def checkout(built, place):
    built("x86_64-linux-gnu")  # so that a release is unpacked, and zig's libc is there
    return clone(place / "isolated", zig_cache=True)


@pytest.mark.parametrize("target, kind", ASKED)
def test_a_poisoned_machine_gives_the_same_ledger(checkout, room, target, kind):
    if kind == "gcc":
        need(f"{target}-gcc", "gcc" if target.startswith("x86_64") else f"gcc-{target}")
    words = ["probes", f"target={target}", f"toolchain={kind}"]
    folder = checkout.build / (target + flavoured("" if kind == "zig" else "+toolchain-gcc"))
    shown = checkout.scons(*words).out
    clean = contents(folder)
    known = json.loads((folder / "probes.json").read_text("utf-8"))["answers"]
    assert known["HAVE_GETPID"]["value"] == "1" and known["HAVE_SYS_KERN_CONTROL_H"]["value"] is None
    shutil.rmtree(folder)
    (checkout.build / "toolchains.json").unlink(missing_ok=True)
    spoiled = poison(room)
    again = checkout.scons(*words, env=spoiled).out
    assert contents(folder) == clean
    assert again.splitlines()[-1] == shown.splitlines()[-1]
    assert not (room / "called").exists() and not (room / "cache").exists()

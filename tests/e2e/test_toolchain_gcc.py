"""Debian's cross compilers: what they build runs, needs no newer glibc than theirs, and follows every part of them."""
import os
import shutil

import pytest
from built import BY_GCC
from checkout import clone, need

CROSS = {"aarch64-linux-gnu": "gcc-aarch64-linux-gnu", "arm-linux-gnueabihf": "gcc-arm-linux-gnueabihf",
         "arm-linux-gnueabi": "gcc-arm-linux-gnueabi"}


@pytest.mark.parametrize(("target", "words", "flavour"), [
    pytest.param("aarch64-linux-gnu", *BY_GCC, id="aarch64-linux-gnu-debug"),
    # ARMv5 has no atomics: at -O0 extensions call libatomic, too
    pytest.param("arm-linux-gnueabi", *BY_GCC, id="arm-linux-gnueabi-debug", marks=pytest.mark.nightly),
    *(pytest.param(target, ("toolchain=gcc",), "+toolchain-gcc", id=target, marks=pytest.mark.nightly) for target in CROSS)])
def test_a_build_by_gcc_runs_and_says_its_floor(built, target, words, flavour):
    need(f"{target}-gcc", CROSS[target])
    build = built(target, *words, flavour=flavour)
    build.smoke()
    told = build.manifest["toolchain"]
    assert told["kind"] == "gcc" and told["target"] == target
    assert tuple(map(int, told["glibc_floor"].split("."))) >= (2, 17)
    assert build.ask("import json, sys; print(json.dumps('GCC' in sys.version))")


@pytest.fixture
def prefixed(room):
    """Debian's cross gcc under a prefix of the test's own, with an assembler that the test can swap."""
    target = "aarch64-linux-gnu"
    driver, assembler = need(f"{target}-gcc", CROSS[target]), need(f"{target}-as", CROSS[target])
    folder = room / "cross" / "bin"
    folder.mkdir(parents=True)
    (folder / "as").write_text(f'#!/bin/sh\nexec {assembler} "$@"\n')
    (folder / f"{target}-gcc").write_text(f'#!/bin/sh\nexec {driver} -B {folder}/ "$@"\n')
    shutil.copy2(need(f"{target}-ar", CROSS[target]), folder / f"{target}-ar")
    for name in ("as", f"{target}-gcc"):
        (folder / name).chmod(0o755)
    return folder, f"{folder}/{target}-"


def test_a_swapped_assembler_recompiles_even_with_its_old_time(prefixed, room, built):
    folder, prefix = prefixed
    built("x86_64-linux-gnu")  # a release is unpacked, zig has built the host's libc
    checkout = clone(room / "checkout", zig_cache=True)
    words = ("target=aarch64", f"toolchain=gcc:{prefix}")
    checkout.scons(*words, "aarch64-linux-gnu", "-n")  # makes the plan, so that the folder's name is known
    where = next(path.parent.name for path in checkout.build.glob("aarch64-linux-gnu+*toolchain-*/graph.json"))
    one = f"build/{where}/obj/Objects/boolobject.o"
    assert checkout.scons(*words, one).of("CC") == ["aarch64-linux-gnu Objects/boolobject"]
    assert checkout.scons(*words, one).shown == []
    stat = (folder / "as").stat()
    (folder / "as").write_text((folder / "as").read_text().replace("exec", "exec  "))
    os.utime(folder / "as", ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert checkout.scons(*words, one).of("CC") == ["aarch64-linux-gnu Objects/boolobject"]

"""Debian's clang with the libc of its cross packages, or of a sysroot: what it builds runs."""
import shutil

import pytest
from built import VARIANTS
from checkout import clone, need
from refusal import refused
from sdktrees import TARGET, compiler, sysroot

# lld 14 of Debian 12 links neither for s390x nor Debian's own start files for riscv64: clang's own choice of linker does
GNU = [name for name, variant in sorted(VARIANTS.items()) if variant.libc.name == "glibc"]


@pytest.fixture(scope="module")
def shelf(built, place):
    built("x86_64-linux-gnu")  # a release is unpacked, zig has built the host's libc
    return clone(place / "shelf", zig_cache=True)


def one_module(checkout, *words):
    """Compile and link one extension module; returns the file and what was said."""
    planned = checkout.scons("target=aarch64", *words, "-n", "aarch64-linux-gnu")
    line = next(line for line in planned.out.splitlines() if "linked/lib-dynload/_heapq" in line and " LINK " in line)
    folder = next(line for line in planned.out.splitlines() if " INSTALL " in line).split()[-1].removesuffix("/root")
    path = f"{folder}/{line.split()[-1]}"
    run = checkout.scons("target=aarch64", *words, "verbose=1", path)
    return checkout.folder / path, planned.out + run.out


def test_clang_compiles_with_the_target_s_headers_and_links_with_lld(shelf):
    need("clang", "clang")
    need("ld.lld", "lld")
    path, said = one_module(shelf, "toolchain=clang")
    assert f"--target={TARGET}" in said and "-fuse-ld=lld" in said and "clang version" in said and "-isystem /usr/include" not in said
    assert path.read_bytes()[:5] == b"\x7fELF\x02"


def test_a_sysroot_takes_the_place_of_the_machine_s_own_packages(shelf, room):
    need("clang", "clang")
    root = sysroot(room / "the device")
    compiler(root / "usr", "aarch64-linux-gnu")  # libgcc and its start files, where clang looks for them
    shutil.move(root / "usr/lib/gcc-cross", root / "usr/lib/gcc")
    _, said = one_module(shelf, "toolchain=clang", f"sysroot={root}")
    assert f"'--sysroot={root}'" in said and f"'{root}/usr/include'" in said and "/usr/aarch64-linux-gnu" not in said


def test_a_sysroot_of_another_libc_is_refused(bare, room):
    need("clang", "clang")
    (room / "musl/usr/include").mkdir(parents=True)
    (room / "musl/usr/lib").mkdir()
    (room / "musl/usr/include/features.h").write_text("#ifndef _FEATURES_H\n#define _FEATURES_H\n#endif\n")
    assert "libc musl where the variant says glibc" in refused(bare, "target=aarch64", "toolchain=clang", f"sysroot={room}/musl")


@pytest.mark.nightly
@pytest.mark.parametrize("name", GNU)
def test_a_build_by_clang_runs(built, name):
    need("clang", "clang")
    need(f"{VARIANTS[name].toolchain.gcc}-gcc", VARIANTS[name].toolchain.gcc_package)  # its libgcc
    built(name, "toolchain=clang", flavour="+toolchain-clang").smoke()


@pytest.mark.nightly
@pytest.mark.parametrize("name", GNU)
def test_a_build_by_gcc_runs(built, name):
    need(f"{VARIANTS[name].toolchain.gcc}-gcc", VARIANTS[name].toolchain.gcc_package)
    built(name, "toolchain=gcc", flavour="+toolchain-gcc").smoke()

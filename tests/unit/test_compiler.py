"""Compilers of this machine: headers that are the target's, programs for other hosts, clang's linker, musl's version."""
import os
import shutil
from pathlib import Path

import pytest
from fakecross import MIPS, Cross, foreign
from samples import PROJECT, load_variant, static

from crosspy.errors import UserError
from crosspy.toolchains import compiler, fit, toolchain
from crosspy.toolchains.compiler import Driver
from crosspy.toolchains.identity import Identity
from crosspy.variants import variant

CLANG = {"__clang__": "1", "__clang_major__": "14"}
KNOWN = variant.load_all(PROJECT / "variants")


def refused(call, *arguments):
    with pytest.raises(UserError) as caught:
        call(*arguments)
    return caught.value


def resolve(mips, tmp_path, **given):
    words = {"toolchain": "zig", "sysroot": "", "glibc": "", **given}
    return toolchain.resolve(mips, words, tmp_path / "zig-cache", Identity(tmp_path / "toolchains.json"), [mips])


@pytest.fixture
def mips(tmp_path):
    return load_variant(tmp_path / "variants")


@pytest.mark.parametrize("changes, told", [
    ({"__SIZEOF_POINTER__": "8"}, "bits 64 where the variant says 32"),
    ({"__BYTE_ORDER__": "__ORDER_LITTLE_ENDIAN__"}, "endian little where the variant says big"),
    ({"__GLIBC__": None}, "libc musl where the variant says glibc"), ({"__UCLIBC__": "1"}, "libc uClibc where the variant says glibc"),
    ({"__linux__": None}, "system none where the variant says Linux"),
    ({}, "no __mips_hard_float where the variant says EM_MIPS, hard float"),
    ({"__mips_hard_float": "1", "__mips_nan2008": "1"}, "__mips_nan2008 where the variant says EM_MIPS, hard float")])
def test_what_a_compiler_predefines_is_held_against_the_variant(tmp_path, changes, told):
    more = 'elf = "EM_MIPS"\npredefined = ["__mips_hard_float"]\nundefined = ["__mips_nan2008"]'
    mips = load_variant(tmp_path, ('elf = "EM_MIPS"', more))
    macros = {name: value for name, value in {**MIPS, **changes}.items() if value is not None}
    assert told in fit.problems(mips, macros)


def test_a_compiler_for_another_machine_is_refused_with_the_targets_that_it_fits(tmp_path, mips):
    cross = Cross(tmp_path / "cross", macros={"__BYTE_ORDER__": "__ORDER_LITTLE_ENDIAN__", "__arm__": "1", "__ARM_EABI__": "1"})
    facts = Driver(str(cross.driver)).facts(Identity(tmp_path / "toolchains.json"))
    error = refused(fit.check, "toolchain=x", mips, facts, KNOWN.values())
    assert "endian little where the variant says big" in error.what and "made-up gcc 14.2.0" in error.what
    assert "target=arm-linux-gnueabi;" in error.fix


def test_a_compiler_that_no_variant_fits_is_told_how_to_add_one(tmp_path, mips):
    cross = Cross(tmp_path / "cross", macros={"__BYTE_ORDER__": "__ORDER_PDP_ENDIAN__"})
    facts = Driver(str(cross.driver)).facts(Identity(tmp_path / "toolchains.json"))
    error = refused(fit.check, "toolchain=x", mips, facts, KNOWN.values())
    assert "no variant fits it (did you mean 'mips-linux-gnu'" in error.fix and "variants/README.md" in error.fix


def test_missing_libc_headers_are_told_as_that(tmp_path, mips):
    cross = Cross(tmp_path / "cross", macros={"__GLIBC__": None, "_FEATURES_H": None})
    with pytest.raises(UserError) as caught:
        resolve(mips, tmp_path, toolchain=f"gcc:{cross.prefix}")
    error = caught.value
    assert "libc headers are missing" in error.what and "toolchain=zig" in error.fix


def test_a_program_for_another_host_is_refused_before_it_is_run(tmp_path, mips):
    cross = Cross(tmp_path / "cross")
    foreign(cross.driver)
    with pytest.raises(UserError, match="e_machine 30583"):
        resolve(mips, tmp_path, toolchain=f"gcc:{cross.prefix}")
    cross.driver.write_bytes(b"\xcf\xfa\xed\xfe" + bytes(60))
    with pytest.raises(UserError, match="not Linux"):
        resolve(mips, tmp_path, toolchain=f"gcc:{cross.prefix}")


def test_missing_headers_of_a_sysroot_are_the_sysroot_s(tmp_path, mips):
    cross = Cross(tmp_path / "cross", macros={"__GLIBC__": None, "_FEATURES_H": None})
    error = refused(lambda: resolve(mips, tmp_path, toolchain=f"gcc:{cross.prefix}", sysroot=str(cross.folder)))
    assert error.fix == f"{cross.folder} holds no usr/include/features.h: correct sysroot="


def test_a_bare_metal_compiler_is_told_as_that(tmp_path, mips):
    cross = Cross(tmp_path / "cross", macros={"__GLIBC__": None, "_FEATURES_H": None, "__linux__": None})
    error = refused(lambda: resolve(mips, tmp_path, toolchain=f"gcc:{cross.prefix}"))
    assert "system none where the variant says Linux" in error.what and "glibc or musl toolchain" in error.fix


def test_a_loader_that_is_missing_is_named_not_the_program_that_is_there(tmp_path, mips):
    cross = Cross(tmp_path / "cross")
    cross.driver.write_bytes(Path(os.path.realpath(shutil.which("ls"))).read_bytes().replace(b"/lib64/ld-linux-", b"/lib65/ld-linux-"))
    error = refused(lambda: resolve(mips, tmp_path, toolchain=f"gcc:{cross.prefix}"))
    assert error.what.startswith("its loader /lib65/ld-linux-") and "relocat" in error.fix and "libc6-i386" in error.fix


def test_a_gcc_that_cannot_link_is_refused_before_anything_is_compiled(tmp_path, mips):
    cross = Cross(tmp_path / "cross", refused="-o", said="ld: cannot find crt1.o: No such file")
    with pytest.raises(UserError, match="cannot link for its target: ld: cannot find crt1.o"):
        resolve(mips, tmp_path, toolchain=f"gcc:{cross.prefix}")


def test_what_a_trial_link_says_puts_no_names_of_temporary_files_into_facts(tmp_path):
    cross = Cross(tmp_path / "cross", refused="-static", said="/tmp/cc$$.o: ld: cannot find /x/$$/libgcc_eh.a: No such file")
    assert Driver(str(cross.driver)).facts(Identity(tmp_path / "x"))["static"].startswith("libgcc_eh.a")
    Cross(tmp_path / "cross", refused="-static[!-]", said="no rcrt1.o is needed: -static-pie can be linked")
    assert Driver(str(cross.driver)).facts(Identity(tmp_path / "x"))["static"] == ""


def test_what_could_not_be_linked_is_tried_again_when_a_library_was_added(tmp_path):
    cross, identity = Cross(tmp_path / "cross", said="cannot find -lc"), Identity(tmp_path / "x")
    cross.driver.write_text(cross.driver.read_text().replace("-x) ", '-x) [ -e "$here/lib/libc.a" ] || case "$*" in *-static*) echo cannot find -lc >&2; exit 1 ;; esac\n'))
    assert Driver(str(cross.driver)).facts(identity)["static"] == "-lc"
    (cross.folder / "lib/libother.a").touch()
    (cross.folder / "lib/libc.a").touch()
    assert Driver(str(cross.driver)).facts(identity)["static"] == ""


@pytest.mark.parametrize("name", ["gcc", "aarch64-linux-gnu-gcc"])
def test_a_real_gcc_tells_its_loader(tmp_path, name):
    path = shutil.which(name)
    if not path:
        pytest.skip(f"{name} is missing")
    facts = Driver(path).facts(Identity(tmp_path / "x"))
    assert facts["interpreter"].startswith("/lib") and (facts["refusal"], facts["static"]) == ("", "")


def test_facts_are_kept_for_each_root_and_sysroot(tmp_path):
    cross, identity = Cross(tmp_path / "cross"), Identity(tmp_path / "x")
    for root, sysroot, told in ((cross.folder, "", "@/mips-linux-gnu/include"), ("", "", f"{cross.folder}/mips-linux-gnu/include"),
                                ("", tmp_path / "none", None)):
        facts = Driver(str(cross.driver), root=str(root), sysroot=str(sysroot)).facts(identity)
        assert facts["include"] == ([told] if told else [])
    with pytest.raises(AssertionError):
        compiler.absolute("@/include", "")


def test_a_sysroot_goes_to_the_compiler_and_must_hold_what_it_links(tmp_path, mips):
    cross = Cross(tmp_path / "cross", sysroot="/")
    root = tmp_path / "root of the device"
    root.mkdir()
    with pytest.raises(UserError, match="crt1.o, which is not in"):
        resolve(mips, tmp_path, toolchain=f"gcc:{cross.prefix}", sysroot=str(root))
    found = resolve(mips, tmp_path, toolchain=f"gcc:{cross.prefix}", sysroot=str(cross.folder))
    assert found.cc[1] == f"--sysroot={cross.folder}" and found.sysroot == "cross"
    with pytest.raises(UserError, match="there is no such folder"):
        resolve(mips, tmp_path, toolchain=f"gcc:{cross.prefix}", sysroot=str(root / "none"))
    with pytest.raises(UserError, match="zig brings the headers"):
        resolve(mips, tmp_path, sysroot=str(root))


@pytest.mark.parametrize("floor, told", [("2.17", "cannot lower that"), ("2.30", "cannot lower that"), ("2.31", ""), ("2.36", "")])
def test_only_zig_lowers_the_glibc_floor(tmp_path, mips, floor, told):
    words = {"toolchain": f"gcc:{Cross(tmp_path / 'cross').prefix}", "glibc": floor}
    if told:
        with pytest.raises(UserError, match=told):
            resolve(mips, tmp_path, **words)
    else:
        assert resolve(mips, tmp_path, **words).floor == "2.31"


@pytest.mark.parametrize("floor, told", [("2.16", "zig can lower it to 2.17, not below"), ("2.28", ""), ("2.999", "knows glibc up to 2.")])
def test_zig_takes_a_floor_between_the_variant_s_and_the_newest_that_it_knows(tmp_path, floor, told):
    arm = KNOWN["arm-linux-gnueabihf"]
    if told:
        with pytest.raises(UserError, match=told):
            resolve(arm, tmp_path, glibc=floor)
    else:
        found = resolve(arm, tmp_path, glibc=floor)
        assert found.target.endswith(".2.28") and found.floor == "2.28" and found.libc == "glibc 2.28"


def test_a_floor_for_musl_is_a_contradiction(tmp_path):
    with pytest.raises(UserError, match="this target has musl"):
        resolve(static(tmp_path), tmp_path, glibc="2.28")


def test_clang_is_given_the_target_and_the_linker_that_can_link_for_it(tmp_path):
    mips = load_variant(tmp_path / "v", ('gcc = "mips', 'clang = "mips-linux-gnu"\ngcc = "mips'))
    words = {"macros": CLANG, "tuple_": "llvm"}
    cross = Cross(tmp_path / "cross", **words)
    (cross.folder / "bin/llvm-ar").chmod(0o755)
    found = resolve(mips, tmp_path, toolchain=f"clang:{cross.driver}")
    assert found.kind == "clang" and found.cc[:3] == (str(cross.driver), "--target=mips-linux-gnu", "-fuse-ld=lld")
    assert found.ar == (str(cross.folder / "bin/llvm-ar"),)
    Cross(tmp_path / "cross", refused="-fuse-ld=lld", **words)
    assert "-fuse-ld=lld" not in resolve(mips, tmp_path, toolchain=f"clang:{cross.driver}").cc
    Cross(tmp_path / "cross", refused="-o", **words)
    with pytest.raises(UserError, match="cannot link for its target: no emulation"):
        resolve(mips, tmp_path, toolchain=f"clang:{cross.driver}")


def test_an_old_clang_and_a_missing_one_are_refused(tmp_path, monkeypatch):
    mips = load_variant(tmp_path / "v", ('gcc = "mips', 'clang = "mips-linux-gnu"\ngcc = "mips'))
    cross = Cross(tmp_path / "cross", macros={**CLANG, "__clang_major__": "13"})
    with pytest.raises(UserError, match="this is clang 13"):
        resolve(mips, tmp_path, toolchain=f"clang:{cross.driver}")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UserError, match="apt-get install clang lld llvm"):
        resolve(mips, tmp_path, toolchain="clang")
    with pytest.raises(UserError, match="no name for clang"):
        resolve(load_variant(tmp_path / "w"), tmp_path, toolchain="clang")


def test_the_version_of_musl_is_read_from_its_library(tmp_path):
    path = tmp_path / "libc.a"
    head = b"version.lo/     0           0     0     644     1104      `\n"
    path.write_bytes(b"!<arch>\n" + head + b"\x7fELF\0\0" + b"\x001.2.3\0\0GCC: 12\0")
    assert compiler._musl(str(path)) == "1.2.3"
    path.write_bytes(b"!<arch>\n" + b"other.o/" + b"\x001.2.3\0")
    assert compiler._musl(str(path)) == "" == compiler._musl(str(tmp_path / "none"))


def test_the_build_machine_s_headers_are_left_out_only_where_the_target_has_its_own(tmp_path):
    (tmp_path / "target").mkdir()
    found = [str(tmp_path / "gcc"), str(tmp_path / "target"), "/usr/local/include", "/usr/include"]
    assert compiler.include(Driver("gcc"), found) == found
    (tmp_path / "target/stdio.h").touch()
    assert compiler.include(Driver("gcc"), found) == found[:2]


def test_of_an_sdk_only_its_own_headers_and_the_compiler_s_count(tmp_path):
    for name in ("sdk/include", "gcc/include", "other"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "gcc/include/stddef.h").touch()
    for name in ("stddef.h", "stdio.h"):
        (tmp_path / "other" / name).touch()
    found = [str(tmp_path / name) for name in ("sdk/include", "gcc/include", "other")]
    assert compiler.include(Driver("gcc", root=str(tmp_path / "sdk")), found) == found[:2]


def test_of_two_compilers_headers_the_first_one_s_count(tmp_path):
    """clang 14's stdatomic.h goes on to the next folder's, which is gcc's where Debian's clang for MIPS looks."""
    for name in ("clang/include", "libc", "gcc/include"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / ("stdio.h" if name == "libc" else "stddef.h")).touch()
    found = [str(tmp_path / name) for name in ("clang/include", "libc", "gcc/include")]
    assert compiler.include(Driver("clang"), found) == found[:2]


def test_every_pair_of_a_toolchain_and_its_argument_is_checked_at_once():
    for good in ("zig", "gcc", "gcc:/opt/x-", "clang", "clang:/opt/bin/clang-17", "sdk:/opt/a b"):
        toolchain.parse(good)
    for bad in ("zig:", "zig:x", "sdk", "sdk:", "gcc:", "clang:", "tcc", "", "GCC"):
        assert refused(toolchain.parse, bad).where == f"toolchain={bad}"
    assert os.path.isabs(resolve(KNOWN["arm-linux-gnueabihf"], PROJECT / "nowhere").cc[0])

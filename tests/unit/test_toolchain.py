"""Toolchains: what a (fake) gcc tells about itself, what is said when there is none, and what zig's digest covers."""
import dataclasses
import os
import shutil

import pytest
import tiny_elf
from fakecross import Cross
from samples import load_variant, static

from crosspy.errors import UserError
from crosspy.toolchains import compiler, crtfiles, toolchain
from crosspy.toolchains.identity import Identity
from crosspy.variants import variant

@pytest.fixture
def cross(tmp_path):
    return Cross(tmp_path / "cross")


@pytest.fixture
def mips(tmp_path):
    return load_variant(tmp_path / "variants")


@pytest.fixture
def get(tmp_path, mips):
    """Return a function: the toolchain of a prefix, with a cache that lasts."""
    def get(prefix, sysroot="", cache="toolchains.json"):
        identity = Identity(tmp_path / cache)
        found = toolchain.gcc(mips, prefix, sysroot, identity, [mips])
        identity.save()
        return found
    return get


def refused(call, *arguments):
    with pytest.raises(UserError) as caught:
        call(*arguments)
    return caught.value


def test_a_gcc_is_known_by_absolute_paths_and_by_what_it_says(cross, get):
    found = get(cross.prefix)
    include = f"{cross.folder}/mips-linux-gnu/include"
    assert found.cc == (str(cross.driver), "-nostdinc", "-isystem", include)
    assert (found.kind, found.target, found.version, found.floor) == ("gcc", "mips-linux-gnu", "14.2.0", "2.31")
    assert found.ar == (f"{cross.prefix}ar",)
    assert found.line == f"made-up gcc 14.2.0, target mips-linux-gnu, glibc 2.31, digest {found.digest[:12]}"


def test_its_processes_get_nothing_of_the_user_s_environment(cross, get, monkeypatch):
    monkeypatch.setenv("C_INCLUDE_PATH", "/evil")
    assert get(cross.prefix).env == (("LC_ALL", "C"), ("PATH", f"{cross.folder}/bin:/usr/bin:/bin"))


def test_a_warm_run_starts_no_process(cross, get):
    first = get(cross.prefix)
    (cross.folder / "asked").unlink()
    assert get(cross.prefix) == first and cross.asked() == []


def test_another_part_is_another_digest(cross, get):
    found = {get(cross.prefix).digest}
    for name in ("libexec/cc1", "libexec/ld", "lib/crt1.o", "lib/libc.so", "mips-linux-gnu/include/stdio.h"):
        (cross.folder / name).write_text("swapped")
        found.add(get(cross.prefix).digest)
    assert len(found) == 6


def test_an_assembler_swapped_in_place_changes_the_digest_even_with_its_old_time(cross, get):
    path = cross.folder / "libexec/as"
    first, facts = get(cross.prefix).digest, path.stat()
    (cross.folder / "other").write_text("LIBEXEC/AS")
    os.utime(cross.folder / "other", ns=(facts.st_atime_ns, facts.st_mtime_ns))
    os.replace(cross.folder / "other", path)
    assert get(cross.prefix).digest != first


def test_the_compiler_is_found_on_path_by_the_variant_s_name(cross, get, monkeypatch):
    monkeypatch.setenv("PATH", f"{cross.folder}/bin")
    assert get("").cc[0] == str(cross.driver)


def test_a_missing_compiler_names_the_package_to_install(get, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    error = refused(get, "")
    assert error.where == "toolchain=gcc target=mips-linux-gnu" and error.what == "mips-linux-gnu-gcc is not on PATH"
    assert "apt-get install gcc-mips-linux-gnu" in error.fix and "toolchain=zig" in error.fix


def test_a_wrong_prefix_is_named(get):
    error = refused(get, "/nowhere/mips-")
    assert error.what == "/nowhere/mips-gcc does not exist" and error.fix == "correct the prefix, which ends in -"


def test_a_whole_program_in_the_place_of_a_prefix_is_told_as_that(get, cross):
    assert refused(get, str(cross.driver)).fix == f"leave its gcc out: toolchain=gcc:{cross.prefix}"


def test_a_prefix_below_the_home_folder(get, cross, monkeypatch):
    monkeypatch.setenv("HOME", str(cross.folder))
    assert get("~/bin/mips-linux-gnu-").cc[0] == str(cross.driver)


def test_a_variant_without_a_gcc_needs_a_prefix(mips, tmp_path):
    bare = dataclasses.replace(mips, toolchain=variant.Names())
    assert "no gcc is known" in refused(toolchain.gcc, bare, "", "", Identity(tmp_path / "cache"), []).what


def test_a_compiler_that_hangs_is_given_up(tmp_path, get, monkeypatch):
    monkeypatch.setattr(compiler, "ASK_SECONDS", 0.05)
    cross = Cross(tmp_path / "hangs", "#!/bin/sh\nexec sleep 20\n")
    error = refused(get, cross.prefix)
    assert error.where == str(cross.driver) and "timed out" in error.what


@pytest.mark.parametrize("script, told", [("#!/bin/sh\necho no license >&2\nexit 3\n", "no license"),
                                          ("#!/bin/sh\nprintf 'a\\nb\\nc\\ngcc: error: --target?\\n' >&2\nexit 1\n", "status 1: gcc: error: --target?"),
                                          ("#!/nowhere/sh -e\n", "its loader /nowhere/sh does not exist"), ("\x7fELF junk", "cannot be run")])
def test_a_compiler_that_does_not_work_is_one_user_error(tmp_path, get, script, told):
    cross = Cross(tmp_path / "broken", script)
    error = refused(get, cross.prefix)
    assert error.where == str(cross.driver) and told in error.what


def test_a_refused_compiler_leaves_no_trace(tmp_path, get):
    cross = Cross(tmp_path / "broken", "#!/bin/sh\nexit 1\n")
    refused(get, cross.prefix)
    assert not (tmp_path / "toolchains.json").exists()


@pytest.fixture
def wheel(tmp_path, monkeypatch):
    """Return a function that makes an installed ziglang package with a RECORD."""
    def wheel(name, record):
        folder = tmp_path / name
        (folder / "ziglang-1.0.dist-info").mkdir(parents=True)
        (folder / "ziglang-1.0.dist-info/RECORD").write_text(record)
        monkeypatch.setattr(toolchain, "zig_package", lambda: (folder / "ziglang/zig", "1.0"))
        return folder
    return wheel


RECORD = "ziglang/zig,sha256=a,1\nziglang/lib/std.zig,sha256=b,2\n"


def zig_of(mips, tmp_path, **changes):
    names = variant.Names(zig="mips-linux-gnueabi")
    return toolchain.zig(dataclasses.replace(mips, toolchain=names, **changes), tmp_path / "zig-cache")


def test_zig_targets_the_variant_s_glibc_floor_and_keeps_its_caches_below_the_build(wheel, mips, tmp_path):
    folder = wheel("one", RECORD)
    found = zig_of(mips, tmp_path)
    assert found.cc == (f"{folder}/ziglang/zig", "cc", "-target", "mips-linux-gnueabi.2.17", "-fno-sanitize=undefined")
    assert dict(found.env)["ZIG_GLOBAL_CACHE_DIR"] == f"{tmp_path}/zig-cache" and found.floor == "2.17"


def test_zig_s_digest_is_of_the_wheel_and_the_target_not_of_where_it_lies(wheel, mips, tmp_path):
    wheel("one", RECORD + "ziglang/__pycache__/x.pyc,,\n../../../bin/python-zig,sha256=c,3\n")
    first = zig_of(mips, tmp_path).digest
    wheel("two", RECORD)
    assert zig_of(mips, tmp_path).digest == first
    assert zig_of(mips, tmp_path, libc=static(tmp_path).libc).digest != first
    wheel("three", RECORD.replace("=b", "=x"))
    assert zig_of(mips, tmp_path).digest != first


def test_a_wheel_without_its_record_is_to_be_installed_again(wheel, mips, tmp_path):
    shutil.rmtree(wheel("one", RECORD) / "ziglang-1.0.dist-info")
    assert "pip install" in refused(zig_of, mips, tmp_path).fix


def test_a_variant_that_zig_does_not_serve_is_pointed_to_gcc(mips, tmp_path):
    error = refused(toolchain.zig, mips, tmp_path)
    assert error.where == "toolchain=zig target=mips-linux-gnu" and "gcc-mips-linux-gnu" in error.fix


def test_parse_splits_kind_and_argument():
    assert toolchain.parse("zig") == ("zig", "") and toolchain.parse("gcc") == ("gcc", "")
    assert toolchain.parse("gcc:/opt/bin/arm-") == ("gcc", "/opt/bin/arm-")


def test_a_gcc_without_its_archiver_is_refused_before_anything_is_compiled(cross, get):
    (cross.folder / "bin/mips-linux-gnu-ar").unlink()
    assert "mips-linux-gnu-ar does not exist" in str(refused(get, cross.prefix))


def test_only_the_properties_that_every_crt_file_has_can_be_asked_for(tmp_path):
    def write(name, bits):
        (tmp_path / name).write_bytes(tiny_elf.make(machine=tiny_elf.EM_X86_64, properties=(0xC0000002, bits)))
        return str(tmp_path / name)
    both, one = write("crtbeginS.o", 3), write("Scrt1.o", 1)
    assert crtfiles.properties([both]) == ["IBT", "SHSTK"]
    assert crtfiles.properties([both, one, write("libc.a", 0), str(tmp_path / "crtn.o")]) == ["IBT"]
    assert crtfiles.properties([]) == []

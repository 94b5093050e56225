"""SDKs by their layout: what is found in a folder, which compiler is chosen, and what is said when none or several fit."""
import os

import pytest
import tiny_elf
from fakecross import Cross, foreign
from samples import load_variant, static
from sdkfolders import KNOWN, SETUP, crosstool, poky, refused, resolve

from crosspy.errors import UserError
from crosspy.toolchains import fit, sdk, toolchain
from crosspy.toolchains.identity import Identity

LITTLE = {"__BYTE_ORDER__": "__ORDER_LITTLE_ENDIAN__"}


def test_crosstool_ng_is_known_by_its_layout_whatever_its_tuple_says(tmp_path, mips, folder):
    cross = crosstool(folder)
    found = resolve(mips, tmp_path, folder)
    assert (found.origin, found.kind, found.sysroot) == ("crosstool-ng", "gcc", "@/mips-foo-linux-gnu/sysroot")
    assert found.cc == (str(cross.driver), "-nostdinc", "-isystem", f"{folder}/mips-linux-gnu/include")
    assert "crosstool-ng SDK" in found.line and str(tmp_path) not in found.line


def test_a_compiler_that_was_built_for_slash_gets_the_sysroot_of_its_layout(tmp_path, mips, folder):
    crosstool(folder, sysroot="/")
    assert resolve(mips, tmp_path, folder).cc[1] == f"--sysroot={folder}/mips-foo-linux-gnu/sysroot"


def test_a_moved_sdk_has_the_same_digest(tmp_path, mips, folder):
    crosstool(folder)
    first = resolve(mips, tmp_path, folder)
    crosstool(tmp_path / "moved")
    again = resolve(mips, tmp_path, tmp_path / "moved")
    assert again.digest == first.digest and again.line == first.line and again.cc != first.cc


def test_a_warm_run_asks_an_sdk_nothing(tmp_path, mips, folder):
    cross = crosstool(folder, asked=tmp_path / "asked")
    first = resolve(mips, tmp_path, folder)
    (tmp_path / "asked").unlink()
    assert resolve(mips, tmp_path, folder) == first and not (tmp_path / "asked").exists()
    assert cross.driver.exists()


def test_buildroot_s_second_name_for_a_compiler_is_no_second_compiler(tmp_path, mips, folder):
    cross = crosstool(folder)
    (folder / "share/buildroot").mkdir(parents=True)
    wrapper = folder / "bin/toolchain-wrapper"
    cross.driver.rename(wrapper)
    for name in ("mips-foo-linux-gnu", "mips-linux"):
        (folder / f"bin/{name}-gcc").symlink_to("toolchain-wrapper")
        (folder / f"bin/{name}-ar").touch(0o755)
    (folder / "bin/mips-foo-linux-gnu-gcc.br_real").write_text("the compiler")
    (folder / "bin/mips-linux-gcc.br_real").symlink_to("mips-foo-linux-gnu-gcc.br_real")
    found = resolve(mips, tmp_path, folder)
    assert found.origin == "Buildroot" and os.path.basename(found.cc[0]) == "mips-foo-linux-gnu-gcc"


def test_the_one_that_fits_is_chosen_by_what_it_predefines(tmp_path, mips, folder):
    crosstool(folder)
    Cross(folder, tuple_="mips-other-linux-gnu", macros=LITTLE)
    assert os.path.basename(resolve(mips, tmp_path, folder).cc[0]) == "mips-foo-linux-gnu-gcc"


def test_several_that_fit_are_listed_and_one_can_be_named(tmp_path, mips, folder):
    crosstool(folder)
    Cross(folder, tuple_="mips-other-linux-gnu")
    error = refused(mips, tmp_path, folder)
    assert "2 compilers in it fit" in error.what and "mips-foo-linux-gnu-gcc (32 bits, big-endian, glibc)" in error.what
    assert "mips-other-linux-gnu-gcc" in error.what
    one = folder / "bin/mips-other-linux-gnu-gcc"
    assert resolve(mips, tmp_path, one).cc[0] == str(one)


def test_one_that_fits_no_variant_names_the_nearest_and_how_to_add_one(tmp_path, mips, folder):
    crosstool(folder, macros={"__BYTE_ORDER__": "__ORDER_PDP_ENDIAN__"})
    error = refused(mips, tmp_path, folder)
    assert "endian unknown where the variant says big" in error.what
    assert "'mips-linux-gnu'" in error.fix and "variants/README.md" in error.fix


def test_several_of_which_none_fits_are_listed(tmp_path, mips, folder):
    crosstool(folder, macros=LITTLE)
    Cross(folder, tuple_="arm-linux-gnueabi", macros={**LITTLE, "__arm__": "1", "__ARM_EABI__": "1"})
    error = refused(mips, tmp_path, folder)
    assert "none of the compilers in it fits" in error.what and "arm-linux-gnueabi-gcc: it fits target=arm-linux-gnueabi" in error.fix


def test_a_folder_that_is_missing_or_holds_no_compiler(tmp_path, mips, folder):
    assert "there is no such folder" in refused(mips, tmp_path, folder).what
    folder.mkdir()
    assert "nothing in it looks like a cross compiler" in refused(mips, tmp_path, folder).what


def test_an_sdk_for_another_host(tmp_path, mips, folder):
    foreign(crosstool(folder).driver)
    assert "a program for another machine" in refused(mips, tmp_path, folder).what


def test_a_wrapper_that_fails_tells_its_own_words(tmp_path, mips, folder):
    crosstool(folder, text="#!/bin/sh\necho the licence server sleeps >&2\nexit 3\n")
    assert "status 3: the licence server sleeps" in refused(mips, tmp_path, folder).what


def test_one_broken_compiler_hides_no_good_one(tmp_path, mips, folder):
    crosstool(folder)
    Cross(folder, tuple_="mips-old-linux-gnu", text="#!/bin/sh\necho too old >&2\nexit 3\n")
    Cross(folder, tuple_="mips-bare-linux-gnu").driver.with_name("mips-bare-linux-gnu-ar").unlink()
    assert os.path.basename(resolve(mips, tmp_path, folder).cc[0]) == "mips-foo-linux-gnu-gcc"
    crosstool(folder, macros=LITTLE)
    error = refused(mips, tmp_path, folder)
    assert "bin/mips-foo-linux-gnu-gcc (32 bits, little-endian, glibc)" in error.what and "too old" in error.what
    assert "mips-bare-linux-gnu-ar does not exist" in error.what and "install the SDK completely" in error.fix


def test_a_folder_of_several_toolchains_is_searched_as_a_whole(tmp_path, mips, folder):
    crosstool(folder / "arm", macros={**LITTLE, "__arm__": "1", "__ARM_EABI__": "1"})
    cross = crosstool(folder / "mips")
    assert resolve(mips, tmp_path, folder).cc[0] == str(cross.driver)
    poky(folder / "poky", SETUP)
    error = refused(mips, tmp_path, folder)
    assert "mips/bin/mips-foo-linux-gnu-gcc" in error.what and "poky/environment-setup-mips32-poky-linux" in error.what
    assert f"toolchain=sdk:{folder}/mips/bin/mips-foo-linux-gnu-gcc" in error.fix


def test_a_place_that_cannot_be_looked_at_is_one_message(tmp_path, mips, folder, monkeypatch):
    assert "File name too long" in refused(mips, tmp_path, tmp_path / ("x" * 300)).what
    def closed(self):
        raise PermissionError(13, "Permission denied")
    monkeypatch.setattr(sdk.Path, "stat", closed)
    assert "it cannot be read (Permission denied)" in refused(mips, tmp_path, folder).what


ARM = {**LITTLE, "__arm__": "1", "__ARM_EABI__": "1"}
MIPS32 = {"__mips__": "1", "_ABIO32": "1"}


@pytest.mark.parametrize("macros, target", [
    (ARM, "arm-linux-gnueabi"), ({**ARM, "__ARM_PCS_VFP": "1"}, "arm-linux-gnueabihf"),
    ({**ARM, "__GLIBC__": None, "__ARM_PCS_VFP": "1"}, "arm-linux-musleabihf"), ({**MIPS32, "__mips_hard_float": "1"}, "mips-linux-gnu"),
    ({**MIPS32, "__GLIBC__": None, "__mips_soft_float": "1"}, "mips-linux-musl"),
    ({**MIPS32, **LITTLE, "__GLIBC__": None, "__mips_soft_float": "1"}, "mipsel-linux-musl"),
    ({**MIPS32, "__mips_soft_float": "1"}, ""), ({**MIPS32, "__mips_hard_float": "1", "__mips_nan2008": "1"}, ""),
    ({**MIPS32, "__GLIBC__": None, "__mips_soft_float": "1", "__mips_nan2008": "1"}, ""),
    ({"__mips__": "1", "_ABIN32": "2", "__mips_hard_float": "1"}, ""), ({**ARM, "__linux__": None}, "")])
def test_the_float_abi_and_the_system_decide_which_target_an_sdk_fits(tmp_path, folder, macros, target):
    crosstool(folder, macros=macros)
    identity = Identity(tmp_path / "x")
    fitting = [one.name for one in KNOWN if not one.inherits and not fit.problems(one, sdk.find(str(folder), identity).compilers[0].driver.facts(identity)["macros"])]
    assert fitting == [target][:bool(target)]


def test_what_does_not_fit_is_told_with_machine_abi_and_floats(tmp_path, mips, folder):
    crosstool(folder, macros={**MIPS32, **LITTLE, "__mips_soft_float": "1"})
    Cross(folder, tuple_="mips-b-linux-gnu", macros={"__mips__": "1", "_ABIN32": "2", **LITTLE, "__mips_hard_float": "1"})
    told = refused(mips, tmp_path, folder).what
    assert "(MIPS, 32 bits, little-endian, soft float, glibc)" in told and "(MIPS, 32 bits, little-endian, n32, hard float, glibc)" in told


@pytest.mark.parametrize("changes", [{"__UCLIBC__": "1"}, {"__BIONIC__": "1"}, {"__linux__": None}])
def test_nobody_is_told_to_write_a_variant_that_cannot_be(tmp_path, mips, folder, changes):
    crosstool(folder, macros=changes)
    error = refused(mips, tmp_path, folder)
    assert "take the glibc or musl toolchain" in error.fix and "README" not in error.fix


def test_missing_headers_of_an_sdk_are_the_sdk_s(tmp_path, mips, folder):
    crosstool(folder, macros={"__GLIBC__": None, "_FEATURES_H": None})
    error = refused(mips, tmp_path, folder)
    assert "libc headers are missing" in error.what and str(folder) in error.fix and "apt-get" not in error.fix


def test_bootlin_s_layout_is_buildroot_s_moved_out(tmp_path, mips, folder):
    """bin/<tuple>-gcc.br_real behind toolchain-wrapper, <tuple>/sysroot, relocate-sdk.sh (toolchains.bootlin.com)."""
    cross = crosstool(folder)
    cross.driver.rename(folder / "bin/toolchain-wrapper")
    cross.driver.symlink_to("toolchain-wrapper")
    (folder / "bin/mips-foo-linux-gnu-gcc.br_real").write_text("the compiler")
    (folder / "relocate-sdk.sh").touch()
    assert resolve(mips, tmp_path, folder).origin == "Buildroot"


def test_musl_cross_make_s_layout_and_one_that_is_nobody_s(tmp_path, folder):
    """<tuple>/include and <tuple>/lib without a sysroot of its own; Arm's toolchain has <tuple>/libc."""
    musl = Cross(folder / "a", tuple_="mips-linux-musl", macros={"__GLIBC__": None})
    (musl.folder / "mips-linux-musl/include").mkdir(parents=True)
    (musl.folder / "mips-linux-musl/include/features.h").touch()
    arm = Cross(folder / "b", tuple_="arm-none-linux-gnueabihf")
    (arm.folder / "arm-none-linux-gnueabihf/libc").mkdir(parents=True)
    families = [sdk.find(str(one.folder), Identity(tmp_path / "x")).compilers[0].family for one in (musl, arm)]
    assert families == ["musl-cross-make", "gcc"]


def test_a_musl_sdk_without_a_static_libc_is_told_before_anything_is_compiled(tmp_path, folder):
    words = {"macros": {"__GLIBC__": None}, "refused": "-static", "said": "ld: cannot find -lc: No such file or directory"}
    crosstool(folder, **words)
    with pytest.raises(UserError, match="cannot link the static programs of this target: -lc") as caught:
        resolve(static(tmp_path), tmp_path, folder)
    assert "musl-staticdev" in caught.value.fix
    crosstool(folder, **{**words, "macros": {}})
    assert resolve(load_variant(tmp_path / "v"), tmp_path, folder).origin, "a dynamic program needs none"


def test_the_loader_is_the_sdk_s_own_when_it_has_the_variant_s_name(tmp_path, folder):
    one = load_variant(tmp_path / "v", ("[elf]", '[elf]\ninterpreter = "/lib64/ld.so.1"'))
    crosstool(folder)
    (folder / "linked").write_bytes(tiny_elf.make(interpreter="/lib/ld.so.1"))
    found = resolve(one, tmp_path, folder)
    assert found.interpreter == "/lib/ld.so.1"
    prefix = f"{folder}/bin/mips-foo-linux-gnu-"
    assert toolchain.gcc(one, prefix, "", Identity(tmp_path / "y"), [one]).interpreter == "", "only an SDK's own"
    crosstool(folder, macros={"__new__": "1"})
    (folder / "linked").write_bytes(tiny_elf.make(interpreter="/lib/ld-linux-mipsn8.so.1"))
    assert "its programs ask for the loader /lib/ld-linux-mipsn8.so.1" in refused(one, tmp_path, folder).what


def test_a_copy_that_still_uses_its_original_is_told_to_relocate(tmp_path, mips, folder):
    original = crosstool(folder)
    copy = tmp_path / "copy"
    crosstool(copy, text=original.driver.read_text().replace("$here/lib/", f"{folder}/lib/"))
    error = refused(mips, tmp_path, copy)
    assert f"it links with {folder}/lib/crt1.o, which is not in {copy}" in error.what and "relocation script" in error.fix


@pytest.mark.parametrize("order", [("sdk", "gcc"), ("gcc", "sdk")])
def test_one_compiler_as_an_sdk_s_and_by_its_prefix_in_the_same_build_folder(tmp_path, mips, folder, order):
    crosstool(folder)
    words = {"sdk": f"sdk:{folder}", "gcc": f"gcc:{folder}/bin/mips-foo-linux-gnu-"}
    identity = Identity(tmp_path / "shared.json")
    def found(kind, identity):
        return toolchain.resolve(mips, {"toolchain": words[kind], "sysroot": "", "glibc": ""}, tmp_path, identity, KNOWN)
    for kind in order:
        assert found(kind, identity) == found(kind, Identity(tmp_path / "fresh.json"))

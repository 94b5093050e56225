"""SDKs by their layout: what is found in a folder, which compiler is chosen, and what is said when none or several fit."""
import os

import pytest
from fakecross import Cross, foreign
from samples import PROJECT, load_variant

from crosspy import sdk, toolchain, variant, yocto
from crosspy.errors import UserError
from crosspy.identity import Identity

LITTLE = {"__BYTE_ORDER__": "__ORDER_LITTLE_ENDIAN__"}
KNOWN = list(variant.load_all(PROJECT / "variants").values())


@pytest.fixture
def mips(tmp_path):
    return load_variant(tmp_path / "variants")


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "an SDK"


def resolve(mips, tmp_path, given):
    words = {"toolchain": f"sdk:{given}", "sysroot": "", "glibc": ""}
    identity = Identity(tmp_path / "toolchains.json")
    found = toolchain.resolve(mips, words, tmp_path / "zig-cache", identity, KNOWN)
    identity.save()
    return found


def refused(*arguments):
    with pytest.raises(UserError) as caught:
        resolve(*arguments)
    return caught.value


def crosstool(folder, **words):
    """Lay out a compiler as crosstool-ng does; its sysroot is the SDK's own."""
    (folder / "mips-foo-linux-gnu/sysroot/usr").mkdir(parents=True, exist_ok=True)
    return Cross(folder, tuple_="mips-foo-linux-gnu", **{"sysroot": "$here/mips-foo-linux-gnu/sysroot", "asked": "/dev/null", **words})


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


SETUP = """\
# Check for LD_LIBRARY_PATH being set
if [ ! -z "${LD_LIBRARY_PATH:-}" ]; then
    echo "Your environment is misconfigured"
    return 1
fi
export SDKTARGETSYSROOT="@/sysroots/mips32-poky-linux"
export PATH="@/sysroots/x86_64-pokysdk-linux/usr/bin:@/bin:$PATH"
export PKG_CONFIG_PATH=$SDKTARGETSYSROOT/usr/lib/pkgconfig
unset command_not_found_handle
export CC="mips-poky-linux-gcc  -mips32r2 -mtune=24kc --sysroot=$SDKTARGETSYSROOT"
export CFLAGS=" -O2 ${DEBUG:-}"
export CONFIGURE_FLAGS="--host=mips-poky-linux CC=none"
"""


def poky(folder, text=SETUP, **words):
    (folder / "sysroots/mips32-poky-linux").mkdir(parents=True, exist_ok=True)
    cross = Cross(folder, tuple_="mips-poky-linux", **words)
    (folder / "environment-setup-mips32-poky-linux").write_text(text.replace("@", str(folder)))
    return cross


def test_yocto_s_compiler_keeps_its_flags_and_a_path_with_a_space_stays_one_word(tmp_path, mips, folder):
    cross = poky(folder)
    found = resolve(mips, tmp_path, folder)
    assert found.cc[:4] == (str(cross.driver), "-mips32r2", "-mtune=24kc", f"--sysroot={folder}/sysroots/mips32-poky-linux")
    assert found.origin == "Yocto" and dict(found.env)["PATH"].startswith(f"{folder}/sysroots/x86_64-pokysdk-linux/usr/bin:{folder}/bin:")
    assert set(dict(found.env)) == {"LC_ALL", "PATH"}


def test_yocto_s_paths_follow_an_sdk_that_was_moved_as_a_whole(tmp_path, mips, folder):
    poky(folder)
    setup = folder / "environment-setup-mips32-poky-linux"
    setup.write_text(SETUP.replace("@/bin", str(folder / "bin")).replace("@", "/opt/poky"))
    assert resolve(mips, tmp_path, setup).cc[3] == f"--sysroot={folder}/sysroots/mips32-poky-linux"


@pytest.mark.parametrize("old, new, told", [
    ('CC="mips-poky-linux-gcc', 'CC="$(which gcc)', "CC: line 10 runs a command"),
    ('CC="mips-poky-linux-gcc', 'CC="`which gcc`', "CC: line 10 runs"),
    ('CC="mips-poky-linux-gcc', 'CC="${TOOL:-gcc}', "CC: line 10 has an expansion"),
    ("unset command_not_found_handle", 'eval "CC=gcc"', "line 9: it runs code"),
    ("unset command_not_found_handle", "gcc() { rm -rf /; }", "line 9: it defines a shell function"),
    ('SDKTARGETSYSROOT="@/sysroots/mips32-poky-linux"', "SDKTARGETSYSROOT=`touch @/pwned`", "CC: line 6 is not quoted"),
    ('export CC="', 'if true; then export X=1; fi; export CC="', "CC: line 10 sets it other than by"), ("export CC", "export DD", "it sets no CC"),
    ('--sysroot=$SDKTARGETSYSROOT"', '" -DX; touch @/pwned', "CC: line 10 is more than one quoted text"),
    ('export CFLAGS', 'CC+=" -mabi=64"\nexport CFLAGS', "CC: line 11 sets it other than by a plain assignment"),
    ('export CFLAGS', '[ -x gcc ] && export CC="gcc"\nexport CFLAGS', "CC: line 11 sets it other than"),
    ('export CFLAGS', 'export A=1 PATH=/bin\nexport CFLAGS', "PATH: line 11 sets it other than"),
    ("mips-poky-linux-gcc", "mips-none-gcc", "mips-none-gcc is not in its PATH")])
def test_shell_trickery_is_refused_and_never_run(tmp_path, mips, folder, old, new, told):
    poky(folder, SETUP.replace(old, new))
    before = sorted(os.listdir(folder))
    error = refused(mips, tmp_path, folder)
    assert error.where.endswith("environment-setup-mips32-poky-linux") and told in error.what
    assert sorted(os.listdir(folder)) == before


def test_a_setup_file_that_is_no_text_or_huge_is_refused(tmp_path):
    path = tmp_path / "environment-setup-x"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(UserError, match="cannot be read"):
        yocto.read(path)
    path.write_bytes(b"#" * (yocto.MAX_BYTES + 1))
    with pytest.raises(UserError, match="larger than"):
        yocto.read(path)


def test_an_environment_of_the_user_reaches_no_compiler(tmp_path, mips, folder, monkeypatch):
    monkeypatch.setenv("SDKTARGETSYSROOT", "/evil")
    monkeypatch.setenv("CC", "/evil/gcc")
    poky(folder)
    assert not any("evil" in word for word in resolve(mips, tmp_path, folder).cc)
    assert sdk.find(str(folder), Identity(tmp_path / "x"))[0].family == "Yocto"

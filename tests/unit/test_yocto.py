"""Yocto's environment-setup files: what a good one may hold, what only a shell could tell, and that no line is ever run."""
import os

import pytest
from sdkfolders import SETUP, poky, refused, resolve

from crosspy.errors import UserError
from crosspy.toolchains import sdk, yocto
from crosspy.toolchains.identity import Identity


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
    ('SDKTARGETSYSROOT="@/sysroots/mips32-poky-linux"', "SDKTARGETSYSROOT=`touch @/pwned`", "CC: line 6 runs a command"),
    ("export CC", "export DD", "it sets no CC"),
    ('--sysroot=$SDKTARGETSYSROOT"', '" -DX; touch @/pwned', "CC: line 10 sets it other than by a plain assignment"),
    ('export CFLAGS', 'CC+=" -mabi=64"\nexport CFLAGS', "CC: line 11 sets it other than by a plain assignment"),
    ('export CFLAGS', '[ -x gcc ] && export CC="gcc"\nexport CFLAGS', "CC: line 11 sets it other than"),
    ('export CFLAGS', 'export A=1 PATH=/bin\nexport CFLAGS', "PATH: line 11 sets it other than"),
    ('export CFLAGS', 'unset CC\nexport CFLAGS', "it sets no CC"), ('export CFLAGS', 'read CC\nexport CFLAGS', "CC: line 11 sets it with 'read'"),
    ('export CFLAGS', '. ./other.sh\nexport CFLAGS', "CC: line 11 runs another file"), ('unset command', 'source x\nA=', "CC: line 9 runs another file"),
    ('export CFLAGS', 'for CC in gcc clang; do true; done\nexport CFLAGS', "CC: line 11 sets it with 'for'"),
    ('export CFLAGS', 'if true; then unset CC; fi\nexport CFLAGS', "CC: line 11 unsets it under a condition"),
    ('export CFLAGS', 'CC=(gcc)\nexport CFLAGS', "CC: line 11 sets it other than"), ('export CFLAGS', 'export X="1', "a quote in it does not end"),
    ('"@/sysroots/mips32-poky-linux"', '"$HOME/sdk"', "CC: it takes HOME from the environment of a login"),
    ("mips-poky-linux-gcc", "mips-none-gcc", "mips-none-gcc is not in its PATH")])
def test_shell_trickery_is_refused_and_never_run(tmp_path, mips, folder, old, new, told):
    poky(folder, SETUP.replace(old, new))
    before = sorted(os.listdir(folder))
    error = refused(mips, tmp_path, folder)
    assert error.where.endswith("environment-setup-mips32-poky-linux") and told in error.what
    assert sorted(os.listdir(folder)) == before


@pytest.mark.parametrize("old, new", [
    ("unset command", '# export CC="clang"\nexport X=1 # CC=gcc\nunset command'),
    ("export CFLAGS", '# export CC="clang"\nexport X=1 # CC=gcc\nexport CFLAGS'),
    ("unset command", "if true; then export X=1; fi\nfor x in a b; do echo $x; done\nunset command"),
    ("export CFLAGS", 'cat > /dev/null <<EOF\nCC=evil-gcc\nEOF\nexport CFLAGS'),
    (" -mips32r2 -mtune", " \\\n -mips32r2 -mtune"),
    ("-mips32r2 -mtune=24kc", '$TUNE ${UNSET}'), ("-mips32r2 -mtune", '"\'-mips32r2\'" -mtune'),
    ("export CFLAGS", 'if [ -d "$SDKTARGETSYSROOT/environment-setup.d" ]; then\n    for envfile in $SDKTARGETSYSROOT/environment-setup.d/*.sh; do\n'
                      "        . $envfile\n    done\nfi\nexport CFLAGS")])
def test_what_a_good_setup_file_may_hold_besides(tmp_path, mips, folder, old, new):
    assert old in SETUP
    cross = poky(folder, 'TUNE="-mips32r2 -mtune=24kc"\n' + SETUP.replace(old, new))
    found = resolve(mips, tmp_path, folder)
    assert found.cc[:4] == (str(cross.driver), "-mips32r2", "-mtune=24kc", f"--sysroot={folder}/sysroots/mips32-poky-linux")


def test_a_path_with_a_space_stays_one_word_through_all_references(tmp_path):
    path = tmp_path / "environment-setup-x"
    path.write_text('''A="/a b/sdk"\nB="--sysroot=$A/sys  -O2"\nexport CC="${A}/bin/gcc $B $A"\n''')
    assert yocto.read(path).cc == ("/a b/sdk/bin/gcc", "--sysroot=/a b/sdk/sys", "-O2", "/a b/sdk")


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
    assert sdk.find(str(folder), Identity(tmp_path / "x")).compilers[0].family == "Yocto"

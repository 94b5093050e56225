"""Every mistake that a user can make gets one message that says what to do, and build/ stays as it was."""
import os
import re
import shutil
import sys
import tarfile
import time

import pytest
from checkout import REPOSITORY, clone, missing, need, ordinary
from refusal import refused


@pytest.mark.parametrize("words, parts", [
    (["target=aarch65"], ["aarch65", "did you mean", "'aarch64'"]),
    (["target=x86_64-linux-mussel"], ["did you mean", "'x86_64-linux-musl'"]),
    (["target=,"], ["names no variant", "aarch64-linux-gnu"]),
    (["target=sparc*"], ["no variant has this name", "aarch64-linux-gnu"]),
    (["tagret=aarch64"], ["there is no such argument", "'target'"]),
    (["target=aarch64", "optimise=size"], ["there is no such argument", "'optimize'"]),
    (["target=aarch64", "optimize=fast"], ["speed, size, debug"]),
    (["target=aarch64", "toolchain=msvc"], ["zig", "gcc"]),
    (["target=aarch64", "toolchain=zig:foo"], ["no such toolchain"]),
    (["target=aarch64", "python=3.12"], ["3.12", "3.13"]),
    (["target=aarch64", "python=latest"], ["it is no version"]),
    (["target=aarch64", "prefix=usr"], ["absolute path"]),
    (["target=aarch64", "prefix="], ["empty"]),
    (["target=aarch64", "disable=_desimal"], ["_desimal", "_decimal"]),
    (["target=aarch64", "enable=_ssl"], ["_ssl", "openssl", "deps=source"]),
    (["target=aarch64", "bytecode=some"], ["unchecked, checked, none, only"]),
    (["target=aarch64", "verbose=2"], ["0, 1"]),
    (["target=aarch64", "variants=nowhere"], ["nowhere"]),
    (["target=aarch64", "source=nowhere"], ["nowhere"]),
    (["target=aarch64", "bootstrap=nowhere"], ["bootstrap=nowhere", "name a Python interpreter"]),
    (["target=aarch64", f"bootstrap={sys.executable}"], ["byte-code is made for 3.13", "exactly 3.13"]),
    (["target=aarch64", "inspekt"], ["inspekt", "'inspect'"]),
    (["target=aarch64", "x86_64-linux-gnu"], ["x86_64-linux-gnu"]),
    (["target=aarch64", "toolchain=gcc:/nowhere/bin/x-"], ["/nowhere/bin/x-gcc"]),
    (["target=x86_64-linux-musl", "toolchain=gcc"], ["gcc", "zig"]),
    (["target=aarch64", "toolchain=sdk:/nowhere/at all"], ["/nowhere/at all", "there is no such folder"]),
    (["target=aarch64", "toolchain=sdk:/usr/share"], ["nothing in it looks like a cross compiler"]),
    (["target=aarch64", "toolchain=clang:/nowhere/clang"], ["/nowhere/clang is no program"]),
    (["target=aarch64", "sysroot=/usr"], ["zig brings", "toolchain=clang"]),
    (["target=aarch64", "glibc=2.10"], ["zig can lower it to 2.17"]),
    (["target=aarch64-*", "glibc=2.28"], ["aarch64-linux-musl", "this target has musl"]),
    (["target=aarch64", "glibc=new"], ["no version of glibc"]),
    (["-c", "target=aarch64"], ["rm -r"]),
], ids=lambda value: " ".join(value).replace(sys.executable, "OTHER") if value and "=" in " ".join(value) else "")
def test_a_word_that_is_wrong(bare, words, parts):
    message = refused(bare, *words, probed="able=" in words[-1])
    assert [part for part in parts if part not in message] == [], message


GOOD = (REPOSITORY / "variants/aarch64-linux-gnu/variant.toml").read_text("utf-8").replace('short = ["aarch64", "arm64"]\n', "")


@pytest.mark.parametrize("text, parts", [
    (GOOD.replace("[machine]", "[machine]\nendianness = 'big'"), ["machine.endianness", "unknown key", "'endian'"]),
    (GOOD.replace("bits = 64", "bits = '64'"), ["machine.bits", "'64' is not an integer"]),
    (GOOD.replace('"little"', '"medium"'), ["machine.endian: 'medium' is not one of little, big"]),
    (GOOD.replace("[python]", "[python]\nsoabi = 1\nfoo = 2"), ["python.soabi", "python.foo"]),
    (GOOD.replace('multiarch = "aarch64-linux-gnu"\n', ""), ["python.multiarch", "missing"]),
    ("summary = [", ["not TOML"]),
], ids=["unknown", "type", "value", "two", "missing", "syntax"])
def test_a_variant_that_is_wrong(bare, room, text, parts):
    folder = room / "variants" / "board-linux-gnu"
    folder.mkdir(parents=True)
    (folder / "variant.toml").write_text(text, "utf-8")
    message = refused(bare, "target=board-linux-gnu", f"variants={room / 'variants'}")
    assert [part for part in [*parts, "board-linux-gnu/variant.toml"] if part not in message] == [], message


def test_a_missing_compiler_names_its_package(bare, room):
    message = refused(bare, "target=aarch64", "toolchain=gcc", env={"PATH": str(room)})
    assert "apt-get install gcc-aarch64-linux-gnu" in message
    assert "toolchain=zig" in message


def test_a_compiler_for_another_machine_is_found_before_anything_is_compiled(bare):
    need("x86_64-linux-gnu-gcc", "gcc")
    message = refused(bare, "target=aarch64", "toolchain=gcc:x86_64-linux-gnu-", probed=True)
    assert "x86_64" in message and "aarch64" in message.lower()


def test_a_compiler_of_the_other_arm_abi(bare, room):
    """The same machine and the same sizes, but another calling convention: the wrong gcc for armhf."""
    real = need("arm-linux-gnueabihf-gcc", "gcc-arm-linux-gnueabihf")
    (room / "gnu").mkdir()
    (room / "gnu/stubs-soft.h").write_text("")
    for tool in ("gcc", "ar", "objcopy"):
        path = room / f"soft-{tool}"
        words = f"-mfloat-abi=softfp -isystem {room}" if tool == "gcc" else ""
        path.write_text(f'#!/bin/sh\nexec {real[:-3]}{tool} {words} "$@"\n')
        path.chmod(0o755)
    assert "__ARM_PCS_VFP" in refused(bare, "target=arm", f"toolchain=gcc:{room}/soft-", probed=True)


def test_no_network_and_no_archive(room):
    apt = room / "apt.conf"
    (room / "empty").mkdir()
    apt.write_text(f'Dir::Etc::sourcelist "/dev/null";\nDir::Etc::sourceparts "{room}/empty";\n')
    checkout = clone(room / "checkout", sources=False)
    dead = "http://127.0.0.1:9"
    start = time.monotonic()
    message = refused(checkout, "target=aarch64", f"downloads={room / 'downloads'}", also=[room / "downloads"], env={
        "APT_CONFIG": str(apt), "http_proxy": dead, "https_proxy": dead, "HTTP_PROXY": dead, "HTTPS_PROXY": dead,
        "no_proxy": None, "NO_PROXY": None})
    assert time.monotonic() - start < 60
    assert "cannot be fetched" in message and "python.org" in message and "Debian" in message
    assert re.search(r"put Python-3\.13\.\d+\.tar\.xz \(sha256 [0-9a-f]{64}\) into", message)


@pytest.fixture
def archive(bare, room):
    """A copy of the archive in a downloads/ folder of the test's own, and a checkout that has unpacked nothing yet."""
    found = max((REPOSITORY / "downloads").glob("Python-3.13.*.tar.xz"), default=None)
    if not found:
        missing("no archive is in downloads/: scons fetch")
    (room / "downloads").mkdir()
    shutil.copy(found, room / "downloads")
    return clone(room / "checkout", sources=False), room / "downloads" / found.name


def test_an_archive_with_a_wrong_sha256(archive):
    checkout, path = archive
    with path.open("r+b") as stream:
        stream.seek(1_000_000)
        stream.write(b"x")
    message = refused(checkout, "target=aarch64", f"downloads={path.parent}", also=[path.parent])
    assert path.name in message and "sha256" in message


def test_a_truncated_archive(archive):
    checkout, path = archive
    os.truncate(path, 10_000_000)
    message = refused(checkout, "target=aarch64", f"downloads={path.parent}", also=[path.parent])
    assert "has 10000000 bytes" in message
    message = refused(checkout, "target=aarch64", f"source={path}", also=[path.parent])
    assert path.name in message


def test_a_source_that_is_no_cpython(bare, room):
    (room / "empty").mkdir()
    assert "CPython" in refused(bare, "target=aarch64", f"source={room / 'empty'}")
    (room / "text.tar.xz").write_text("no archive")
    assert "text.tar.xz" in refused(bare, "target=aarch64", f"source={room / 'text.tar.xz'}")
    with tarfile.open(room / "other.tar.xz", "w:xz") as other:
        other.add(REPOSITORY / "cpython", "other-1.0")
    assert "other.tar.xz" in refused(bare, "target=aarch64", f"source={room / 'other.tar.xz'}")


def test_a_source_of_an_unsupported_series(bare, room):
    real = next((bare.build / "sources").glob("Python-*/configure.ac")).parent
    tree = room / "Python-3.12.9"
    for name in ("Include/patchlevel.h", "configure.ac", "Modules/Setup.stdlib.in"):
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(real / name, tree / name)
    (tree / "Lib").mkdir()
    path = tree / "Include/patchlevel.h"
    path.write_text(re.sub(r'(PY_MINOR_VERSION\s+)13', r"\g<1>12", re.sub(r'(PY_VERSION\s+)"3\.13\.\w+"', r'\1"3.12.9"', path.read_text())))
    message = refused(bare, "target=aarch64", f"source={tree}")
    assert "3.12" in message and "3.13" in message


def test_a_build_folder_that_cannot_be_written(bare, room):
    folder = room / "closed"
    folder.mkdir(mode=0o555)
    message = refused(bare, "target=aarch64", f"build_dir={folder}", before=ordinary(bare), also=[folder])
    assert "cannot be written" in message and "build_dir=" in message
    message = refused(bare, "target=aarch64", f"build_dir={folder}/inner", before=ordinary(bare), also=[folder])
    assert "cannot be written" in message
    (room / "file").write_text("")
    refused(bare, "target=aarch64", f"build_dir={room}/file")


def test_a_downloads_folder_that_cannot_be_written(archive, room):
    checkout, _ = archive
    closed = room / "closed"
    closed.mkdir(mode=0o555)
    checkout.folder.chmod(0o777)
    message = refused(checkout, "target=aarch64", f"downloads={closed}", before=ordinary(checkout), also=[closed])
    assert str(closed) in message


def program(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode("latin-1"))
    path.chmod(0o755)


@pytest.mark.parametrize("text, parts", [
    ("#!/bin/sh\necho the licence has expired >&2\nexit 7\n", ["aarch64-x-linux-gnu-gcc", "status 7: the licence has expired"]),
    ("\x7fELF\2\1\1" + "\0" * 9 + "\2\0\x16\0\1\0\0\0", ["aarch64-x-linux-gnu-gcc", "a program for another machine", "take the SDK whose host is"]),
    ('#!/bin/sh\nexec x86_64-linux-gnu-gcc -U__x86_64__ -U__amd64__ "$@"\n', ["no compiler for aarch64-linux-gnu", "did you mean", "variants/README.md"]),
], ids=["fails", "host", "fits-none"])
def test_an_sdk_that_cannot_be_used(bare, room, text, parts):
    need("x86_64-linux-gnu-gcc", "gcc")
    for tool in ("gcc", "ar"):
        program(room / f"an SDK/bin/aarch64-x-linux-gnu-{tool}", text)
    (room / "an SDK/aarch64-x-linux-gnu/sysroot").mkdir(parents=True)
    message = refused(bare, "target=aarch64", f"toolchain=sdk:{room}/an SDK", probed=True)
    assert [part for part in parts if part not in message] == [], message


def test_a_setup_file_with_shell_trickery_is_not_run(bare, room):
    (room / "environment-setup-x").write_text(f'export CC="$(touch {room}/pwned)gcc"\n')
    message = refused(bare, "target=aarch64", f"toolchain=sdk:{room}", probed=True)
    assert "environment-setup-x: CC: line 1 runs a command" in message and not (room / "pwned").exists()


@pytest.mark.parametrize("parents, told", [
    ({"a": "b", "b": "a"}, "a/variant.toml: inherits: a circle, a -> b -> a"),
    ({"a": "aarch64-linux-gnus"}, "a/variant.toml: inherits: no variant is called 'aarch64-linux-gnus'; did you mean 'aarch64-linux-gnu'"),
    ({"a": ""}, "a/variant.toml: inherits: no variant is called ''")], ids=["circle", "unknown", "nothing"])
def test_a_board_that_inherits_in_a_circle_or_from_nothing(bare, room, parents, told):
    for name, parent in parents.items():
        (room / "variants" / name).mkdir(parents=True)
        (room / "variants" / name / "variant.toml").write_text(f'inherits = "{parent}"\nsummary = "a board"\n')
    assert told in refused(bare, "target=a", f"variants={room}/variants")

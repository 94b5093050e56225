"""Third-party libraries as the build sees them: built once, left out whole, the same bytes everywhere; and what is wrong with deps=."""
import json
import os
import shutil

import pytest
from built import LIBRARY_FLAVOUR, LIBRARY_WORDS, QUICK, WITH_LIBRARIES, Build
from checkout import REPOSITORY, assert_up_to_date, clone, contents, differences, missing
from refusal import refused

HERE, DEVICE = WITH_LIBRARIES, "aarch64-linux-gnu"
LIBRARIES = f"deps/{HERE}+{QUICK.replace('=', '-')}"


def of_libraries(run) -> list[str]:
    """Return what a run shows of libraries: their compiles, archives, generated files and stamps."""
    names = {path.parent.name for path in REPOSITORY.glob("deps/*/dep.toml")}
    return [line for line in run.shown if line.split()[2:3] and line.split()[2] in names or line.startswith("AR ") and "libpython" not in line]


@pytest.fixture(scope="module")
def full(built):
    return built(HERE, *LIBRARY_WORDS, flavour=LIBRARY_FLAVOUR)


# built once

def test_a_second_run_has_nothing_to_do(full):
    stamps = list((full.checkout.build / LIBRARIES).glob("*/built.json"))
    assert {path.parent.name for path in stamps} >= {"bzip2", "libedit", "libffi", "ncurses", "openssl", "sqlite", "uuid", "xz", "zlib"}
    assert_up_to_date(full.checkout, f"target={HERE}", *LIBRARY_WORDS)


WITHOUT = (f"target={HERE}", "deps=source,zlib:none", "disable=ssl", QUICK)


def test_another_build_of_the_variant_plans_nothing_of_the_libraries_that_are_there(full):
    run = full.checkout.scons(*WITHOUT, "-n")
    assert f"{HERE} Objects/dictobject" in run.of("CC") and of_libraries(run) == []


@pytest.fixture(scope="module")
def without(full):
    """Another build of the same variant, without two modules; what it showed, too."""
    before = contents(full.checkout.build / LIBRARIES)
    run = full.checkout.scons(*WITHOUT)
    folder, = (path.parent for path in full.checkout.build.glob(f"{HERE}+deps-*+disable-ssl+optimize-debug/manifest.json"))
    return Build(full.checkout, HERE, folder.name.removeprefix(HERE)), run, differences(before, contents(full.checkout.build / LIBRARIES))


@pytest.mark.nightly
def test_another_build_of_the_variant_takes_the_libraries_that_are_there(without):
    _, run, changed = without
    assert of_libraries(run) == [] and changed == []


# left out

@pytest.mark.nightly
@pytest.mark.parametrize("module, package, text, option", [("zlib", "zlib", b"incorrect header check", "deps="),
                                                             ("_ssl", "ssl", b"TLS 1.3, server CertificateVerify", "disable=")])
def test_a_module_that_is_left_out_is_absent_as_a_whole_and_says_so(full, without, module, package, text, option):
    build = without[0]
    assert (full.modules[module]["kind"], build.modules[module]["kind"]) == ("builtin", "absent")
    told = build.run("-c", f"import {package}", check=False).stderr.splitlines()[-1]
    assert told.startswith(f"ModuleNotFoundError: No module named '{package}'") and option in told
    assert text in full.python.read_bytes(), "the text is of the library"
    assert [needle for needle in (f"PyInit_{module}".encode(), text) if needle in build.python.read_bytes()] == []
    assert [name for name in build.manifest["files"] if f"lib-dynload/{module}." in name] == []
    assert (build.library / f"{package}.py").stat().st_size < 300, "nothing but the message"
    assert build.run("-c", "import bz2, lzma, sqlite3, hashlib, _hashlib, uuid, readline, curses").stdout == ""


# the same bytes

SAMPLE = {"zlib": ["libz.a"], "xz": ["liblzma.a"], "openssl": [
    "generated/include/openssl/configuration.h", "generated/include/openssl/ssl.h", "generated/include/internal/param_names.h",
    "generated/crypto/buildinf.h", "generated/crypto/aes/aesni-x86_64.s", "generated/crypto/sha/sha512-x86_64.s"]}


def test_libraries_are_the_same_in_a_folder_of_another_length(full, room):
    build = full
    checkout = clone(room / "a-folder-with-a-much-longer-name-than-the-other" / "checkout", zig_cache=True)
    names = [f"build/{LIBRARIES}/{library}/{file}" for library, files in SAMPLE.items() for file in files]
    checkout.scons(f"target={HERE}", "deps=none,zlib:source,xz:source,openssl:source", QUICK, *names, umask=0o077)
    assert [name for name in names if (build.checkout.folder / name).read_bytes() != (checkout.folder / name).read_bytes()] == []


@pytest.mark.nightly
def test_all_of_root_is_the_same_in_a_folder_of_another_length(built, room):
    build = built(DEVICE, "deps=source", flavour="+deps-source")
    checkout = clone(room / "a-folder-with-a-much-longer-name-than-the-other" / "checkout", sources=False)
    checkout.scons(f"target={DEVICE}", "deps=source")
    assert differences(contents(build.root), contents(checkout.build / DEVICE / "root")) == []
    assert json.loads((checkout.build / DEVICE / "manifest.json").read_text("utf-8")) == build.manifest


# what is wrong

@pytest.mark.parametrize("deps, parts", [
    ("source,opensll:none", ["there is no library opensll", "openssl"]),
    ("sources", ["sources is no way to have a library", "source"]),
    ("source,zlib:maybe", ["'zlib:maybe' is no library with its mode"]),
    ("source,zlib:none,zlib:source", ["zlib is both none and source"]),
    ("none,libedit:source", ["libedit needs ncurses", "add ncurses:source"]),
    ("source,libedit:source,readline:source", ["readline and libedit serve the same module"]),
    ("", ["deps="]),
    ("sysroot", ["zig has headers and libraries of libc alone", "sysroot="])])
def test_a_wrong_word_in_deps(bare, deps, parts):
    message = refused(bare, f"target={DEVICE}", f"deps={deps}", probed=True)
    assert [part for part in parts if part not in message] == [], message


def ended(checkout, *words: str, env=None) -> str:
    """Run a command that ends with one message once the target is planned, before anything of it is written."""
    return refused(checkout, *words, env=env, probed=True, unpacked=True)


def test_a_build_without_perl_names_its_package_before_anything_is_compiled(bare):
    message = ended(bare, f"target={DEVICE}", "deps=none,openssl:source", env={"PATH": "/nonexistent"})
    assert "perl" in message and "apt-get install perl" in message


@pytest.mark.parametrize("deps", [pytest.param("source", marks=pytest.mark.nightly), "none,zlib:source"])
def test_a_wrong_archive_of_a_library(bare, room, deps):
    """A byte of zlib's archive is wrong; those of the other libraries are right, and CPython's."""
    found = next(iter((REPOSITORY / "downloads").glob("zlib-*.tar.gz")), None)
    if not found:
        missing("no archive of zlib is in downloads/: scons fetch")
    for path in (REPOSITORY / "downloads").glob("*.tar.*"):
        os.link(path, room / path.name) if path != found else shutil.copy(path, room)
    with (room / found.name).open("r+b") as stream:
        stream.seek(1000)
        stream.write(b"wrong")
    for path in (bare.build / "sources").glob("zlib-*"):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    before = contents(room)
    message = ended(bare, f"target={DEVICE}", f"deps={deps}", f"downloads={room}")
    assert found.name in message and "sha256" in message
    assert contents(room) == before

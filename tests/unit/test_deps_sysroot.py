"""Libraries of a sysroot: found beside the toolchain's own headers, held against the target, never taken from the build machine."""
import subprocess
from dataclasses import replace

import pytest
import tiny_elf
from samples import load_variant, static

from crosspy.deps import sysroot
from crosspy.deps.library import Library
from crosspy.errors import UserError
from crosspy.toolchain import Toolchain

LIBRARY = Library("acme", "a", "MIT", "https://example.org/", links={"-lacme": "libacme.a"},
                  sysroot={"pkgconfig": "acme", "header": "acme.h", "minimum": "1.2"})
MIPS = {"bits": 32, "data": "big", "machine": 8}


def toolchain(*include):
    words = [word for folder in include for word in ("-isystem", str(folder))]
    return Toolchain("gcc", "mips-linux-gnu", "14", ("/opt/gcc", "-nostdinc", *words), ("ar",), (), "e" * 64)


@pytest.fixture
def root(tmp_path):
    """A sysroot with one shared library, its header and its .pc file."""
    folder = tmp_path / "root"
    for name in ("usr/include", "usr/lib/mips-linux-gnu/pkgconfig"):
        (folder / name).mkdir(parents=True)
    (folder / "usr/include/acme.h").touch()
    (folder / "usr/lib/mips-linux-gnu/libacme.so").write_bytes(tiny_elf.make(**MIPS))
    (folder / "usr/lib/mips-linux-gnu/pkgconfig/acme.pc").write_text("Version: 1.10\nRequires.private: base\nLibs.private: -lpthread\nCflags: -I/usr/include/acme\n")
    (folder / "usr/lib/mips-linux-gnu/pkgconfig/base.pc").write_text("Libs: -lbase\n")
    return folder


def archive(path, **facts):
    path.with_suffix(".o").write_bytes(tiny_elf.make(**facts, type=tiny_elf.ET_REL))
    path.unlink(missing_ok=True)
    subprocess.run(["ar", "qcD", path, path.with_suffix(".o")], check=True)


def find(root, variant, library=LIBRARY, named=True):
    tool = toolchain(root / "usr/include")
    return sysroot.find(library, sysroot.places(tool, ""), tool, variant, named)


def test_a_library_is_linked_by_its_file_and_has_its_version(root, tmp_path):
    found = find(root, load_variant(tmp_path))
    assert (found.mode, found.version) == ("sysroot", "1.10")
    assert found.words == {"-lacme": (str(root / "usr/lib/mips-linux-gnu/libacme.so"),)}
    assert found.include == (f"-I{root}/usr/include/acme",)


def test_a_static_program_takes_the_archive_and_all_behind_it(root, tmp_path):
    archive(root / "usr/lib/libacme.a", **MIPS)
    found = find(root, static(tmp_path))
    assert found.words["-lacme"] == (str(root / "usr/lib/libacme.a"), "-lpthread", "-lbase")


def test_a_sysroot_of_its_own_comes_behind_the_toolchain_s_headers(root, tmp_path):
    where = sysroot.places(toolchain(), str(root))
    found = sysroot.find(LIBRARY, where, toolchain(), load_variant(tmp_path), True)
    assert found.include[-1] == f"-idirafter{root}/usr/include"


def test_what_is_not_there_at_all_is_none_unless_it_is_named(root, tmp_path):
    other = replace(LIBRARY, name="other", links={"-lother": "libother.a"}, sysroot={"header": "other.h"})
    assert find(root, load_variant(tmp_path), other, named=False) is None
    with pytest.raises(UserError, match=r"deps: other:sysroot: other.h is not in .*usr/include"):
        find(root, load_variant(tmp_path / "more"), other)


def break_header(root):
    (root / "usr/include/acme.h").unlink()


def break_file(root):
    (root / "usr/lib/mips-linux-gnu/libacme.so").unlink()


def break_machine(root):
    (root / "usr/lib/mips-linux-gnu/libacme.so").write_bytes(tiny_elf.make())


def break_version(root):
    (root / "usr/lib/mips-linux-gnu/pkgconfig/acme.pc").write_text("Version: 1.1.9\n")


def break_pc(root):
    (root / "usr/lib/mips-linux-gnu/pkgconfig/acme.pc").unlink()


@pytest.mark.parametrize("change, told", [
    (break_header, "acme.h is not in"), (break_file, "there is no library for -lacme"),
    (break_machine, "is for another machine: EM_AARCH64 with 64 bits, little-endian"), (break_version, "has acme 1.1.9; it must be 1.2 or newer"),
    (break_pc, "has acme of a version that no .pc file tells")])
@pytest.mark.parametrize("named", [True, False])
def test_a_library_that_is_there_in_part_is_refused(root, tmp_path, change, told, named):
    change(root)
    with pytest.raises(UserError) as caught:
        find(root, load_variant(tmp_path), named=named)
    assert told in caught.value.what and "or acme:none" in caught.value.fix or "acme:none" in caught.value.fix


def test_a_shared_library_alone_is_refused_for_a_static_program(root, tmp_path):
    with pytest.raises(UserError, match="one static program, and .*libacme.so is a shared library alone"):
        find(root, static(tmp_path))


def test_an_archive_for_another_machine_is_seen_by_its_first_object(root, tmp_path):
    archive(root / "usr/lib/libacme.a", bits=64, data="little", machine=tiny_elf.EM_X86_64)
    with pytest.raises(UserError, match="EM_X86_64 with 64 bits"):
        find(root, static(tmp_path))


def test_zig_has_no_sysroot_of_its_own():
    with pytest.raises(UserError, match="deps=sysroot: gcc has headers and libraries of libc alone"):
        sysroot.places(toolchain(), "")


def test_modes_say_what_was_found(root, tmp_path):
    other = replace(LIBRARY, name="other", links={"-lother": "libother.a"}, sysroot={"header": "other.h"})
    modes, found = sysroot.take({"acme": LIBRARY, "other": other}, "sysroot", {"acme": "sysroot", "other": "sysroot"},
                                toolchain(root / "usr/include"), "", load_variant(tmp_path))
    assert modes == {"acme": "sysroot", "other": "none"} and list(found) == ["acme"]

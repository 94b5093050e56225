"""Libraries of a sysroot: found beside the toolchain's own headers, held against the target, never taken from the build machine."""
from dataclasses import replace

import pytest
import tiny_elf
from acmeroot import LIBRARY, MIPS, archive, find, make, toolchain
from samples import load_variant, static

from crosspy.deps import sysroot
from crosspy.errors import UserError


@pytest.fixture
def root(tmp_path):
    return make(tmp_path / "root")


def unlike(path, target):
    """Put a link in the place of a file."""
    path.unlink(missing_ok=True)
    path.symlink_to(target)


def test_a_library_is_linked_by_its_file_and_has_its_version(root, tmp_path):
    found = find(root, load_variant(tmp_path))
    assert (found.mode, found.version) == ("sysroot", "1.10")
    assert found.words == {"-lacme": (str(root / "usr/lib/mips-linux-gnu/libacme.so"),)}
    assert found.include == (f"-I{root}/usr/include/acme",)


def test_folders_that_are_searched_anyway_do_not_come_before_the_toolchain_s_headers(root, tmp_path):
    (root / "usr/lib/mips-linux-gnu/pkgconfig/acme.pc").write_text("Version: 1.10\nCflags: -I/usr/include -I/usr/lib/../include/ -I/usr/include/acme -DA\n")
    found = sysroot.find(LIBRARY, sysroot.places(toolchain(), str(root)), load_variant(tmp_path), True, pytest.fail)
    assert found.include == (f"-I{root}/usr/include/acme", "-DA", f"-idirafter{root}/usr/include")


def test_a_sysroot_of_its_own_comes_behind_the_toolchain_s_headers(root, tmp_path):
    where = sysroot.places(toolchain(), str(root))
    found = sysroot.find(LIBRARY, where, load_variant(tmp_path), True, pytest.fail)
    assert found.include[-1] == f"-idirafter{root}/usr/include"
    assert found.places == ("/usr/lib/mips-linux-gnu/libacme.so",) and found.header == "acme.h"


def test_a_debian_s_own_headers_of_a_machine_count_too(root, tmp_path):
    (root / "usr/include/mips-linux-gnu").mkdir()
    (root / "usr/include/acme.h").rename(root / "usr/include/mips-linux-gnu/acme.h")
    where = sysroot.places(toolchain(), str(root), "mips-linux-gnu")
    found = sysroot.find(LIBRARY, where, load_variant(tmp_path), True, pytest.fail)
    assert found.include[-2:] == (f"-idirafter{root}/usr/include/mips-linux-gnu", f"-idirafter{root}/usr/include")


@pytest.mark.parametrize("folder, told", [("nowhere", "there is no such folder"), ("", "it has no usr/include")])
def test_a_mistyped_sysroot_is_refused(tmp_path, folder, told):
    with pytest.raises(UserError, match=rf"sysroot=.*: {told}. Fix: .*\(Buildroot: staging, not target\)"):
        sysroot.places(toolchain(), str(tmp_path / folder), "mips-linux-gnu")


def test_an_absolute_link_is_one_on_the_device(root, tmp_path):
    library = root / "usr/lib/mips-linux-gnu/libacme.so"
    (root / "lib").mkdir()
    library.rename(root / "lib/libacme.so.1")
    unlike(library, "/lib/libacme.so.1")
    assert find(root, load_variant(tmp_path)).words["-lacme"] == (f"{root}/lib/libacme.so.1",)


def test_a_file_of_the_build_machine_is_never_taken_for_one_of_the_sysroot(root, tmp_path):
    here = tmp_path / "libacme.so.1"
    here.write_bytes(tiny_elf.make(**MIPS))
    unlike(root / "usr/lib/mips-linux-gnu/libacme.so", here)
    with pytest.raises(UserError, match="there is no library for -lacme"):
        find(root, load_variant(tmp_path))
    unlike(root / "usr/lib/mips-linux-gnu/libacme.so", "../../../../libacme.so.1")
    with pytest.raises(UserError, match="leads out of the sysroot"):
        find(root, load_variant(tmp_path / "more"))


@pytest.mark.parametrize("script", ["INPUT(libacme.so.1 -lbase)", "/* GNU ld */\nGROUP ( /usr/lib/mips-linux-gnu/libacme.so.1 AS_NEEDED ( -lbase ) )",
                                    'INPUT("libacme.so.1", libbase.so)'])
def test_a_linker_script_stands_for_the_files_that_it_names(root, tmp_path, script):
    folder = root / "usr/lib/mips-linux-gnu"
    (folder / "libacme.so").rename(folder / "libacme.so.1")
    (folder / "libacme.so").write_text(script)
    (folder / "libbase.so").write_bytes(tiny_elf.make(**MIPS))
    assert find(root, load_variant(tmp_path)).words["-lacme"] == (f"{folder}/libacme.so.1", f"{folder}/libbase.so")


def test_what_is_in_another_folder_for_another_machine_is_passed_over(root, tmp_path):
    (root / "usr/lib64").mkdir()
    (root / "usr/lib").joinpath("libacme.so").write_bytes(tiny_elf.make(**MIPS))
    (root / "usr/lib/mips-linux-gnu/libacme.so").unlink()
    (root / "usr/lib64/libacme.so").write_bytes(tiny_elf.make())
    assert find(root, load_variant(tmp_path)).words["-lacme"] == (f"{root}/usr/lib/libacme.so",)


HARD = [('"big"', '"little"'), ("EM_MIPS", "EM_ARM"), ("[elf]", "[elf]\nflags = 0x05000400\nflags_mask = 0xFF000000\nlinked_mask = 0x400")]


@pytest.mark.parametrize("flags, fits", [(0x05000400, True), (0x05000000, True), (0x05000200, False), (0x04000000, False), (0, True)])
def test_the_abi_in_e_flags_is_looked_at(root, tmp_path, flags, fits):
    path = root / "usr/lib/mips-linux-gnu/libacme.so"
    path.write_bytes(tiny_elf.make(bits=32, machine=tiny_elf.EM_ARM, flags=flags))
    if fits:
        assert find(root, load_variant(tmp_path, *HARD))
        return
    with pytest.raises(UserError, match=rf"has another ABI: its e_flags are {flags:#x}, and must be 0x50"):
        find(root, load_variant(tmp_path, *HARD))


def test_a_static_library_alone_does_not_serve_extension_modules(root, tmp_path):
    (root / "usr/lib/mips-linux-gnu/libacme.so").unlink()
    archive(root / "usr/lib/libacme.a", **MIPS)
    with pytest.raises(UserError, match="libacme.a is a static library alone, and extension modules need a shared one"):
        find(root, load_variant(tmp_path))


def test_the_header_may_have_one_of_several_names(root, tmp_path):
    several = replace(LIBRARY, sysroot={**LIBRARY.sysroot, "header": ["acme-1.h", "acme.h"]})
    assert find(root, load_variant(tmp_path), several).header == "acme.h"
    (root / "usr/include/acme.h").unlink()
    with pytest.raises(UserError, match="acme-1.h or acme.h is not in"):
        find(root, load_variant(tmp_path / "more"), several)


def test_headers_alone_are_told_and_left_out_unless_the_library_is_named(root, tmp_path):
    break_file(root)
    told = []
    assert find(root, load_variant(tmp_path), named=False, say=told.append) is None
    assert told[0].startswith("mips-linux-gnu: acme is left out: the sysroot has acme.h, but there is no library for -lacme in ")


def test_what_is_not_there_at_all_is_none_unless_it_is_named(root, tmp_path):
    other = replace(LIBRARY, name="other", links={"-lother": "libother.a"}, sysroot={"header": "other.h"})
    assert find(root, load_variant(tmp_path), other, named=False) is None
    with pytest.raises(UserError, match=r"deps: other:sysroot: other.h is not in .*usr/include"):
        find(root, load_variant(tmp_path / "more"), other)


def break_header(root):
    (root / "usr/include/acme.h").unlink()


def break_file(root):
    (root / "usr/lib/mips-linux-gnu/libacme.so").unlink()


def break_content(root):
    (root / "usr/lib/mips-linux-gnu/libacme.so").write_bytes(b"")


def break_script(root):
    (root / "usr/lib/mips-linux-gnu/libacme.so").write_text("INPUT(libacme.so.1)")


def break_end(root):
    (root / "usr/lib/mips-linux-gnu/libacme.so").write_bytes(tiny_elf.make(**MIPS)[:19])


def break_machine(root):
    (root / "usr/lib/mips-linux-gnu/libacme.so").write_bytes(tiny_elf.make())


def break_version(root):
    (root / "usr/lib/mips-linux-gnu/pkgconfig/acme.pc").write_text("Version: 1.1.9\n")


def break_pc(root):
    (root / "usr/lib/mips-linux-gnu/pkgconfig/acme.pc").unlink()


@pytest.mark.parametrize("change, told", [
    (break_header, "acme.h is not in"), (break_content, "is neither a library nor a linker script"),
    (break_script, "is a linker script, and there is no libacme.so.1 in"), (break_end, "is damaged: its ELF header is cut off"),
    (break_machine, "is for another machine: EM_AARCH64 with 64 bits, little-endian"), (break_version, "has acme 1.1.9; it must be 1.2 or newer"),
    (break_pc, "has acme of a version that no .pc file tells")])
@pytest.mark.parametrize("named", [True, False])
def test_a_library_that_is_there_in_part_is_refused(root, tmp_path, change, told, named):
    change(root)
    with pytest.raises(UserError) as caught:
        find(root, load_variant(tmp_path), named=named)
    assert told in caught.value.what and "acme:none" in caught.value.fix


def test_a_named_library_without_its_file_is_refused(root, tmp_path):
    break_file(root)
    with pytest.raises(UserError, match="deps: acme:sysroot: there is no library for -lacme in .*acme:none"):
        find(root, load_variant(tmp_path))


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


def test_a_sysroot_with_nothing_in_it_is_refused_where_all_are_to_come_from_there(root, tmp_path):
    other = {"other": replace(LIBRARY, name="other", links={"-lother": "libother.a"}, sysroot={"header": "other.h"})}
    words = other, {"other": "sysroot"}, toolchain(root / "usr/include"), "", load_variant(tmp_path), pytest.fail
    with pytest.raises(UserError, match="deps=sysroot: none of other is in .*usr/include and .*usr/lib/mips-linux-gnu"):
        sysroot.take(words[0], "sysroot", *words[1:])


def test_modes_say_what_was_found(root, tmp_path):
    other = replace(LIBRARY, name="other", links={"-lother": "libother.a"}, sysroot={"header": "other.h"})
    modes, found = sysroot.take({"acme": LIBRARY, "other": other}, "sysroot", {"acme": "sysroot", "other": "sysroot"},
                                toolchain(root / "usr/include"), "", load_variant(tmp_path), pytest.fail)
    assert modes == {"acme": "sysroot", "other": "none"} and list(found) == ["acme"]

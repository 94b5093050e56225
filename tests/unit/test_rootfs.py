"""rootfs.py, loading.py: what the loader of a real root file system would not find."""
from __future__ import annotations

import os
import struct
import time
from pathlib import Path

import pytest
import tiny_elf
from goodroot import LIBPYTHON, LOADER, PROGRAM, SPAM, expected, extension, libpython, program, write, write_root
from rootdevice import LD, LIBC, MUSL, device  # noqa: F401  (a fixture)

from crosspy.elf import elf
from crosspy.errors import UserError
from crosspy.inspect import inspection, policy, rootfs


def test_libraries_symbols_and_versions_that_a_root_file_system_lacks_are_findings(tmp_path):
    root, device = write_root(tmp_path / "root"), tmp_path / "device"
    write(device, "lib/libc-2.31.so", LIBC)
    os.symlink("libc-2.31.so", device / "lib/libc.so.6")
    write(device, LOADER[1:], LD)
    write(device, "opt/lib/libspam.so.2", tiny_elf.make(soname="libspam.so.2"))
    write(device, "usr/lib/libspam.so.2", tiny_elf.make(soname="libspam.so.2", machine=tiny_elf.EM_X86_64))
    write(device, "etc/ld.so.conf", b"include ld.so.conf.d/*.conf  # and no more\n")
    write(device, "etc/ld.so.conf.d/opt.conf", b"/opt/lib\n")

    def found() -> list[tuple[str, str, str]]:
        entries = inspection.inspect(root, expected(), inspection.FactsCache(None))
        return [(one.rule, one.file, one.found) for one in policy.judge(rootfs.resolve(entries, rootfs.RootFs(device)), expected())]
    assert found() == []
    (device / "etc/ld.so.conf.d/opt.conf").unlink()
    assert found() == [("rootfs-needed", SPAM, "libspam.so.2 (in /usr/lib, for EM_X86_64, 64 bits, little endian)")]
    write(device, "etc/ld.so.conf.d/opt.conf", b"/opt/lib\n")
    write(root, SPAM, extension(versions={("libc.so.6", "GLIBC_2.17"): ["puts", "gets"], ("libc.so.6", "GLIBC_2.16"): ["abort"]}))
    assert found() == [("rootfs-symbol", SPAM, "GLIBC_2.16 in libc.so.6, gets@GLIBC_2.17")]
    write(root, SPAM, extension(versions={("libc.so.6", "GLIBC_2.17"): ["puts", "gets"]}, weak=("gets",)))
    (device / LOADER[1:]).unlink()
    assert found() == [("rootfs-needed", PROGRAM, LOADER)], "a weak symbol may be missing"
    write(device, "opt/lib/libspam.so.2", tiny_elf.make(soname="libspam.so.2", needed=("libmore.so",)))
    assert ("rootfs-needed", SPAM, "libmore.so (for libspam.so.2)") in found()


@pytest.mark.parametrize("path", [f"opt/py/lib/{LIBPYTHON}", "usr/lib/libpy-strange.so"])
def test_a_libpython_where_the_loader_does_not_look_is_missing_once(device, path):
    device.put("opt/py/bin/python3.13", program(), device.top)
    device.put(path, libpython(), device.top)
    device.own("opt/py/lib/python3.13/lib-dynload/x.so", undefined=("PyLong_FromLong",))
    assert device.lacks() == [LIBPYTHON]
    device.put("/etc/ld.so.conf", b"/opt/py/lib\n")
    assert device.lacks() == ([] if path.startswith("opt") else [LIBPYTHON])


def test_a_library_that_its_program_has_loaded_already_is_not_searched_for_again(device):
    device.own("usr/lib/app/spam.so", needed=("libham.so",), undefined=("ham",))
    device.own("usr/lib/app/libham.so", soname="libham.so", exports=("ham",))
    assert device.lacks() == ["libham.so"]
    device.own("usr/bin/app", interpreter=LOADER, needed=("spam.so", "libham.so"), runpath="$ORIGIN/../lib/app")
    assert device.lacks() == []


def test_symbols_that_may_be_in_a_library_that_python_misses_are_not_told_again(device):
    device.put("usr/bin/python3.13", tiny_elf.make(interpreter=LOADER, needed=("libgone.so",), exports=("Py_Initialize",)), device.top)
    device.own("usr/lib/python3.13/lib-dynload/x.so", undefined=("Py_Initialize", "gone"))
    assert device.lacks() == ["libgone.so"]


def test_libraries_of_root_lie_over_those_of_the_device_through_links_of_both(device):
    device.link("/usr/lib64", "lib")
    device.own("usr/bin/spam", interpreter=LOADER, needed=("liba.so.1", "libb.so"), undefined=("a",))
    device.put("/usr/lib/liba.so.1", tiny_elf.make(soname="liba.so.1"))
    device.own("usr/lib/liba.so.1.0", soname="liba.so.1", exports=("a",))
    device.link("usr/lib/liba.so.1", "liba.so.1.0", device.top)
    device.own("usr/lib64/libb.so")   # unpacked, it gets behind the device's link
    assert device.lacks() == []


def test_a_loader_may_come_with_root(device):
    (device.root / LOADER[1:]).unlink()
    device.own(LOADER[1:], soname=os.path.basename(LOADER), exports=("__tls_get_addr",))
    device.own("usr/bin/spam", interpreter=LOADER, needed=(os.path.basename(LOADER),), undefined=("__tls_get_addr",))
    assert device.lacks() == []


def test_a_runpath_is_for_its_own_file_and_an_rpath_for_all_behind_it(device):
    for tag in ("runpath", "rpath"):
        device.put(f"/opt/{tag}/liba.so", tiny_elf.make(needed=("libb.so",)))
        device.put(f"/opt/{tag}/libb.so", tiny_elf.make())
    device.own("opt/bin/spam", interpreter=LOADER, needed=("liba.so",), rpath="$ORIGIN/../rpath")
    assert device.lacks() == []
    device.own("opt/bin/spam", interpreter=LOADER, needed=("liba.so",), rpath="/opt/rpath", runpath="/opt/runpath")
    assert device.lacks() == ["libb.so (for liba.so)"]
    device.put("/opt/runpath/liba.so", tiny_elf.make(needed=("libb.so",), runpath="${ORIGIN}"))
    assert device.lacks() == []
    device.own("opt/bin/spam", interpreter=LOADER, needed=("liba.so",), runpath="relative:/opt/$PLATFORM:/opt/$LIB")
    assert device.lacks() == ["liba.so"]
    device.put("/opt/lib/liba.so", tiny_elf.make())
    assert device.lacks() == []


@pytest.mark.parametrize("first, last, missing", [("/opt/b", "/opt/a", []), ("/opt/a", "/opt/b", ["liba.so"])])
def test_of_several_runpaths_loaders_take_the_last(device, first, last, missing):
    device.put("/opt/a/liba.so", tiny_elf.make())
    data = tiny_elf.make(interpreter=LOADER, needed=("liba.so",), rpath=first, runpath=last)
    device.put("usr/bin/spam", data.replace(struct.pack("<Q", 15), struct.pack("<Q", 29)), device.top)   # DT_RPATH, DT_RUNPATH
    assert device.lacks() == missing


def test_a_search_takes_no_longer_for_folders_that_are_not_there_and_symbols_that_may_be_missing(device):
    device.put(LOADER, tiny_elf.make(exports=("x",)))
    names = [f"name{number}" for number in range(60_000)]
    device.own("usr/bin/spam", interpreter=LOADER, needed=tuple(f"l{number}" for number in range(300)),
               runpath=":".join(f"/{number}" for number in range(600)))
    device.own("usr/bin/ham", interpreter=LOADER, needed=("libc.so.6",), weak=tuple(names), versions={("libc.so.6", "GLIBC_2.17"): names})
    start = time.process_time()
    assert len(device.lacks()) == 300 and time.process_time() - start < 8


def test_musl_takes_both_tags_for_all_behind_and_is_the_libraries_of_libc_itself(device):
    device.put(MUSL, tiny_elf.make(exports=("puts", "sin")))
    device.put("/opt/lib/liba.so", tiny_elf.make(needed=("libb.so", "libc.musl-aarch64.so.1")))
    device.put("/opt/lib/libb.so", tiny_elf.make(needed=("libm.so", "libpthread.so.0")))
    device.own("usr/bin/spam", interpreter=MUSL, needed=("liba.so", "libc.so"), runpath="/opt/lib", undefined=("puts", "sin"))
    assert device.lacks() == []
    device.own("usr/bin/spam", interpreter=MUSL, needed=("liba.so", "libc.so"), runpath="/opt/lib", undefined=("puts", "qecvt"))
    assert device.lacks() == ["qecvt"]


def test_libraries_for_newer_processors_count_as_they_do_for_the_loader(device):
    device.own("usr/bin/spam", interpreter=LOADER, needed=("libz.so",))
    device.put("/usr/lib/glibc-hwcaps/power10/libz.so", tiny_elf.make())
    assert device.lacks() == []


def test_what_is_there_but_damaged_or_for_another_byte_order_is_told_so(device):
    device.own("usr/bin/spam", interpreter=LOADER, needed=("liba.so", "libb.so"))
    device.put("/lib/liba.so", b"INPUT(liba.so.1)")
    device.put("/usr/lib/libb.so", tiny_elf.make(data="big"))
    device.own("usr/bin/ham", interpreter=LOADER.replace("/lib/", "/lib/big/"), needed=("libb.so",), data="big")
    device.put(LOADER.replace("/lib/", "/lib/big/"), tiny_elf.make(data="big"))
    assert device.lacks() == ["liba.so (in /lib, which cannot be read: it does not begin with an ELF header)",
                              "libb.so (in /usr/lib, for EM_AARCH64, 64 bits, big endian)"]
    device.put("/usr/lib/liba.so", tiny_elf.make())
    assert device.lacks()[0].startswith("liba.so"), "the loader ends at a damaged file"


def test_only_the_head_of_a_file_for_another_machine_is_read(device):
    device.put("/lib/liba.so", tiny_elf.make(machine=tiny_elf.EM_386))
    device.own("usr/bin/spam", interpreter=LOADER, needed=("liba.so",))
    entries, read = inspection.inspect(device.top, expected(), inspection.FactsCache(None)), []
    rootfs.resolve(entries, rootfs.RootFs(device.root, lambda data: read.append(data) or elf.read(data)))
    assert read == [LD]


def test_a_version_may_be_missing_where_glibc_only_warns(device):
    device.own("usr/bin/spam", interpreter=LOADER, needed=("liba.so",), versions={("liba.so", "A_1"): ["a"]})
    device.put("/lib/liba.so", tiny_elf.make(exports=("a",), versions={("libc.so.6", "GLIBC_2.17"): ["puts"]}))
    assert device.lacks() == [], "no version information available"
    device.put("/lib/liba.so", tiny_elf.make(versions={("libc.so.6", "GLIBC_2.17"): ["puts"]}))
    assert device.lacks() == ["a@A_1"]
    device.put("/lib/liba.so", tiny_elf.make(exports=("a",)))
    assert device.lacks() == ["A_1 in liba.so"], "Inconsistency detected by ld.so: there is no DT_VERSYM"
    device.put("/lib/liba.so", tiny_elf.make(exports=("a",), defines={"A_0": []}))
    assert device.lacks() == ["A_1 in liba.so"]
    data = tiny_elf.make(interpreter=LOADER, needed=("liba.so",), versions={("liba.so", "A_1"): ["a"]})
    device.put("usr/bin/spam", data.replace(struct.pack("<IHH", 0, 0, 2), struct.pack("<IHH", 0, 2, 2)), device.top)
    assert device.lacks() == [], "VER_FLG_WEAK, and a symbol without a version does"


def test_a_hidden_version_does_not_answer_who_names_none(device):
    device.own("usr/bin/spam", interpreter=LOADER, needed=("liba.so",), undefined=("a",))
    data = tiny_elf.make(defines={"A_1": ["a"]})
    device.put("/lib/liba.so", data)
    assert device.lacks() == []
    device.put("/lib/liba.so", data.replace(struct.pack("<HH", 0, 100), struct.pack("<HH", 0, 0x8000 + 100)))
    assert device.lacks() == ["a"]
    device.own("usr/bin/spam", interpreter=LOADER, needed=("liba.so",), versions={("liba.so", "A_1"): ["a"]})
    assert device.lacks() == []


def test_a_library_without_section_headers_is_read(device):
    data = bytearray((Path(__file__).parent / "fixtures/spam-arm.elf").read_bytes())
    data[32:36], data[46:52] = bytes(4), bytes(6)   # e_shoff, e_shentsize, e_shnum, e_shstrndx
    device.own("usr/bin/spam", interpreter=LOADER, needed=("libspam.so",), undefined=("PyInit_spam",), bits=32, machine=tiny_elf.EM_ARM)
    device.put(LOADER, tiny_elf.make(bits=32, machine=tiny_elf.EM_ARM))
    device.put("/lib/libc.so.6", tiny_elf.make(bits=32, machine=tiny_elf.EM_ARM))
    device.put("/lib/libspam.so", bytes(data))
    assert device.lacks() == []


def test_a_library_alone_is_judged_by_the_loader_of_the_device_for_its_machine(device):
    device.put(MUSL, tiny_elf.make(exports=("puts",)))
    device.own("x.so", needed=("libc.so",), undefined=("puts",))
    assert device.lacks() == []
    device.own("x.so", needed=("libc.so.6",), undefined=("puts",))
    device.put("/lib/libc.so.6", tiny_elf.make(exports=("puts",)))
    device.put("/etc/ld-musl-aarch64.path", b"/nowhere")
    assert device.lacks() == []


def test_a_rootfs_that_is_none_is_a_mistake_of_the_user(tmp_path):
    with pytest.raises(UserError, match="no folder"):
        rootfs.RootFs(tmp_path / "nothing")
    with pytest.raises(UserError, match="no lib or usr/lib"):
        rootfs.RootFs(tmp_path)

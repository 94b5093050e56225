"""searchpath.py: where the loader of a device looks for libraries, by its settings, and what settings may cost."""
from __future__ import annotations

import pytest
import tiny_elf
from goodroot import LOADER
from rootdevice import LD, MUSL, Device, device  # noqa: F401  (a fixture)

from crosspy.errors import UserError
from crosspy.inspect import searchpath


def folders(device: Device, interpreter: str, wide: bool = True) -> list[str]:
    return list(searchpath.loader(searchpath.Files(device.root, {}), interpreter, wide).folders)


def test_a_path_of_musl_s_own_machine_replaces_its_default(device):
    assert folders(device, MUSL) == ["/lib", "/usr/local/lib", "/usr/lib"]
    device.put("/etc/ld-musl-arm.path", b"/other")
    device.put("/etc/ld.so.conf", b"/other")
    assert "/other" not in folders(device, MUSL)
    device.put("/etc/ld-musl-aarch64.path", b"/a:/b\n/c")
    assert folders(device, MUSL) == ["/a", "/b", "/c"]


def test_folders_of_glibc_are_those_built_into_the_loader_behind_those_of_ld_so_conf(device):
    device.put("/etc/ld.so.conf", b"/opt/a  # words\nhwcap 1 nosegneg\ninclude /etc/more/*.conf\n/opt/c=libc6\n")
    device.put("/etc/more/b.conf", b"/opt/b\n")
    device.put("/etc/more/.hidden.conf", b"/opt/hidden\n")
    device.put(LOADER, LD + b"\0/lib/aarch64-linux-gnu/\0/usr/lib/aarch64-linux-gnu/\0/lib/\0/usr/lib/\0")
    assert folders(device, LOADER) == ["/opt/a", "/opt/b", "/opt/c", "/lib/aarch64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/lib", "/usr/lib"]


def test_a_loader_that_does_not_tell_its_folders_looks_in_the_usual_ones(device):
    assert folders(device, "/lib/ld-linux.so.3", wide=False) == ["/lib", "/usr/lib"]
    device.put("/lib/aarch64-linux-gnu/x", b"")
    assert folders(device, LOADER) == ["/lib", "/usr/lib", "/lib64", "/usr/lib64", "/lib/aarch64-linux-gnu", "/usr/lib/aarch64-linux-gnu"]


def test_folders_and_settings_behind_absolute_links_are_the_device_s_not_this_machine_s(device, tmp_path):
    (tmp_path / "device/outside").mkdir()
    device.put("/x.conf", b"/from/host\n", tmp_path)
    device.put("/etc/ld.so.conf", b"include conf.d/*.conf\n")
    device.link("/etc/conf.d", str(tmp_path))
    assert "/from/host" not in folders(device, LOADER)
    device.put("/real/y.conf", b"/from/device\n")
    (device.root / "etc/conf.d").unlink()
    device.link("/etc/conf.d", "/real")
    assert "/from/device" in folders(device, LOADER)


@pytest.mark.parametrize("loader, settings", [(LOADER, "/etc/ld.so.conf"), (MUSL, "/etc/ld-musl-aarch64.path")])
def test_a_damaged_path_in_the_settings_of_a_loader_is_one_where_nothing_is(device, loader, settings):
    device.put(MUSL, LD)
    device.put(settings, b"/opt\0x\n\xff/\xed\xa0\x80\n/\xff\n/opt\n")
    device.put("/opt/liba.so", tiny_elf.make())
    device.own("usr/bin/spam", interpreter=loader, needed=("liba.so",))
    assert device.lacks() == []
    device.own("usr/bin/spam", interpreter=loader, needed=("libb.so",))
    assert device.lacks() == ["libb.so"]


def test_folders_that_links_make_one_are_looked_into_once(device):
    for number in range(12):
        device.link(f"/l{number}", ".")
    device.put("/etc/ld.so.conf", b"include /*/*/*/*/*/*/*/*.conf\ninclude /[e]tc/*/a.conf /*/more/a.conf\n")
    device.put("/etc/more/a.conf", b"/opt/a\ninclude b.conf /etc/ld.so.conf\n")
    device.put("/etc/more/b.conf", b"/opt/b\ninclude a.conf\n")
    assert folders(device, LOADER)[:2] == ["/opt/a", "/opt/b"]


def test_an_include_goes_by_the_folder_of_the_link_that_leads_to_its_file(device):
    device.put("/etc/ld.so.conf", b"include a/x.conf b/x.conf\n")
    device.put("/etc/a/x.conf", b"include more\n")
    device.link("/etc/b/x.conf", "../a/x.conf")
    device.put("/etc/b/more", b"/opt/b\n")
    assert folders(device, LOADER)[0] == "/opt/b"


@pytest.mark.parametrize("loader, settings, lines", [
    (LOADER, "/etc/ld.so.conf", [f"include /etc/x{number}*" for number in range(300)]), (LOADER, "/etc/ld.so.conf", ["include /var/*/*"]),
    (LOADER, "/etc/ld.so.conf", [f"/opt/{number}" for number in range(3000)]), (LOADER, "/etc/ld.so.conf", ["# much"] * 50_000),
    (MUSL, "/etc/ld-musl-aarch64.path", [f"/opt/{number}" for number in range(3000)])],
    ids=["patterns", "files", "folders", "words", "folders of musl"])
def test_settings_of_a_loader_that_are_too_much_are_a_mistake_of_the_user(device, loader, settings, lines):
    for number in range(250):
        device.put(f"/var/{number}/{number}.conf", b"")
    device.put(settings, "\n".join(lines).encode())
    with pytest.raises(UserError, match="rootfs=.*device: the settings of its loader are too much to be read"):
        folders(device, loader)

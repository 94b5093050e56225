"""deps=sysroot: libraries of a folder that is laid out as a device is, and nothing of this machine."""
import json
import os
import re
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest
from built import Build
from checkout import REPOSITORY, clone, missing, need
from refusal import refused

NAME = MULTIARCH = "x86_64-linux-gnu"
PACKAGES = ("libc6", "libc6-dev", "linux-libc-dev", "libgcc-s1")
CLOCK = "int uuid_clock(void) { return 7; }\n"
UUID = """#include <string.h>
int uuid_clock(void);
int uuid_generate_time_safe(unsigned char *out) { memset(out, 0x11 * uuid_clock(), 16); return 0; }
"""


def libc(root: Path) -> None:
    """Put Debian's own libc into a folder; linker scripts in it name places on the device."""
    need("dpkg", "dpkg")
    (root / "usr/lib").mkdir(parents=True)
    for name in ("lib", "lib64"):
        (root / name).symlink_to("usr/lib" if name == "lib" else "usr/lib64")
    for package in PACKAGES:
        told = subprocess.run(["dpkg", "-L", package], capture_output=True, text=True, check=False)
        if told.returncode:
            missing(f"{package} is not here: apt-get install {package}")
        for path in map(Path, told.stdout.split()):
            place = re.sub("^/(lib|lib64)/", r"/usr/\1/", str(path))
            if re.match(rf"/usr/(include|lib64|lib/{MULTIARCH})/", place) and not place.endswith("/gconv") and (path.is_symlink() or path.is_file()):
                (root / place[1:]).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(path, root / place[1:], follow_symlinks=False)


def prefixed(gcc: str, root: Path, folder: Path) -> str:
    """Return the prefix of a gcc whose start files are the sysroot's: Debian's own looks beside itself before it looks there."""
    folder.mkdir()
    (folder / "device-gcc").write_text(f'#!/bin/sh\nexec {gcc} -B {root}/usr/lib/{MULTIARCH}/ "$@"\n')
    (folder / "device-gcc").chmod(0o755)
    shutil.copy2(need(f"{NAME}-ar", "binutils"), folder / "device-ar")
    return f"{folder}/device-"


def compiled(gcc: str, output: Path, soname: str, *words: object) -> None:
    output.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run([gcc, "-O1", "-fPIC", "-shared", f"-Wl,-soname,{soname}", "-o", output, *map(str, words)], check=True)


def zlib(gcc: str, root: Path, room: Path) -> str:
    """Put zlib into a sysroot, as Debian has it but for a link with an absolute path, which exists here as well; return its version."""
    archive = next((REPOSITORY / "downloads").glob("zlib-*.tar.gz"), None)
    if archive is None:
        missing("no archive of zlib is in downloads/: scons fetch")
    with tarfile.open(archive) as packed:
        packed.extractall(room / "zlib")
    tree, = (room / "zlib").iterdir()
    version = re.search(r'ZLIB_VERSION "([\d.]+)', (tree / "zlib.h").read_text("utf-8"))[1]
    folder = root / "usr/lib" / MULTIARCH
    compiled(gcc, folder / "libz.so.1", "libz.so.1", "-DHAVE_UNISTD_H", "-D_LARGEFILE64_SOURCE=1", *sorted(tree.glob("*.c")))
    (folder / "libz.so").symlink_to(f"/lib/{MULTIARCH}/libz.so.1")
    for name in ("zlib.h", "zconf.h"):
        shutil.copy2(tree / name, root / "usr/include" / name)
    (folder / "pkgconfig").mkdir()
    (folder / "pkgconfig/zlib.pc").write_text(f"prefix=/usr\nName: zlib\nVersion: {version}\nLibs: -lz\nCflags: -I${{prefix}}/include\n")
    return version


def uuid(gcc: str, root: Path, room: Path) -> None:
    """Put a libuuid into a sysroot whose libuuid.so is a linker script for two libraries."""
    folder = root / "usr/lib" / MULTIARCH
    for name, text in (("clock", CLOCK), ("uuid", UUID)):
        (room / f"{name}.c").write_text(text)
    compiled(gcc, folder / "libuuidclock.so.0", "libuuidclock.so.0", room / "clock.c")
    (folder / "libuuidclock.so").symlink_to("libuuidclock.so.0")
    compiled(gcc, folder / "libuuid.so.1", "libuuid.so.1", room / "uuid.c")
    (folder / "libuuid.so").write_text("/* GNU ld script */\nINPUT(libuuid.so.1 AS_NEEDED(-luuidclock))\n")
    (root / "usr/include/uuid").mkdir()
    (root / "usr/include/uuid/uuid.h").write_text("typedef unsigned char uuid_t[16];\nint uuid_generate_time_safe(uuid_t);\n")


@pytest.mark.nightly
def test_a_build_takes_what_the_sysroot_has_and_nothing_of_this_machine(room):
    gcc = need(f"{NAME}-gcc", "gcc")
    root = room / "device"
    libc(root)
    version = zlib(gcc, root, room)
    uuid(gcc, root, room)
    checkout = clone(room / "checkout", sources=(REPOSITORY / "build/sources").is_dir(), zig_cache=True)
    words = (f"target={NAME}", f"toolchain=gcc:{prefixed(gcc, root, room / 'bin')}", "deps=sysroot", "optimize=debug")
    for place, told in ((f"{root}s", "there is no such folder"), (root / "usr/lib", "it has no usr/include")):
        message = refused(checkout, f"target={NAME}", "deps=sysroot", f"sysroot={place}", probed=True)
        assert f"sysroot={place}: {told}" in message
    assert "there is no such folder" in refused(checkout, *words, f"sysroot={root}s")

    checkout.scons(*words, f"sysroot={root}")
    folder, = (path.parent for path in checkout.build.glob(f"{NAME}+*/manifest.json"))
    build = Build(checkout, NAME, "")
    build.folder, build.root = folder, folder / "root"
    libraries = {row["name"]: row for row in build.manifest["libraries"]}
    lib = f"/usr/lib/{MULTIARCH}"
    assert libraries["zlib"].items() >= {"mode": "sysroot", "version": version, "found": [f"{lib}/libz.so.1"]}.items()
    assert libraries["uuid"]["found"] == [f"{lib}/libuuid.so.1", f"{lib}/libuuidclock.so.0"]
    assert libraries["openssl"] == {"name": "openssl", "version": "", "mode": "sysroot", "found": []}
    assert build.modules["_ssl"]["reason"] == "needs openssl, which the sysroot has not; openssl:source in deps= builds it"
    assert f"version {version}: {lib}/libz.so.1" in (folder / "probes.json").read_text("utf-8")
    assert json.loads((folder / "inspect.json").read_text("utf-8"))["findings"] == []
    code = ("import json, zlib, _uuid; data = bytes(range(256)) * 99; packed = zlib.compress(data)\n"
            "print(json.dumps([zlib.decompress(packed) == data, zlib.ZLIB_RUNTIME_VERSION, _uuid.generate_time_safe()[0].hex()]))")
    assert build.ask(code, env={"LD_LIBRARY_PATH": str(root / lib[1:])}) == [True, version, "77" * 16]
    assert [name for name in build.manifest["files"] if "libz" in name or "_ssl" in os.path.basename(name)] == []
    assert checkout.scons(*words, f"sysroot={root}").shown == []

"""Debian's cross gcc, moved into folders of its own that are laid out as crosstool-ng, Buildroot and Yocto lay out theirs."""
from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

from checkout import missing, need

TARGET, PACKAGE = "aarch64-linux-gnu", "gcc-aarch64-linux-gnu"
PARTS = ("cc1", "collect2", "crt*.o", "libgcc.a", "libgcc_eh.a", "libgcc_s.so*", "liblto_plugin.so", "include")


def _copy(source: Path, to: Path) -> None:
    to.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, to, symlinks=True)
    else:
        shutil.copy2(source, to)


def compiler(prefix: Path, name: str) -> Path:
    """Put the compiler below a prefix, under another tuple; returns the driver. It finds its parts relative to itself."""
    driver = Path(os.path.realpath(need(f"{TARGET}-gcc", PACKAGE)))
    parts = next(Path("/usr/lib/gcc-cross", TARGET).glob("*/cc1"), None)
    if parts is None:
        missing(f"the parts of {TARGET}-gcc are not where Debian has them: apt-get install {PACKAGE}")
    for pattern in PARTS:
        for path in parts.parent.glob(pattern):
            _copy(path, prefix / path.relative_to("/usr"))
    _copy(driver, prefix / f"bin/{name}-gcc")
    _copy(Path(os.path.realpath(need(f"{TARGET}-ar", "binutils-" + TARGET))), prefix / f"bin/{name}-ar")
    for tool in ("as", "ld"):
        _copy(Path(os.path.realpath(need(f"{TARGET}-{tool}", "binutils-" + TARGET))), prefix / TARGET / "bin" / tool)
    return prefix / f"bin/{name}-gcc"


def sysroot(folder: Path) -> Path:
    """Put the target's libc into a folder as a device has it: linker scripts name places on the device."""
    own = Path("/usr", TARGET)
    if not (own / "include/stdio.h").exists():
        missing(f"{own} has no libc: apt-get install libc6-dev-arm64-cross")
    _copy(own / "include", folder / "usr/include")
    for path in sorted((own / "lib").iterdir()):
        if re.match(r"(lib(c|m|dl|rt|util|pthread|gcc_s|mvec|atomic|c_nonshared)[-.]|lib(c_nonshared)|ld-|.*crt)", path.name):
            _copy(path, folder / "usr/lib" / path.name)
    (folder / "lib").symlink_to("usr/lib")
    for path in (folder / "usr/lib").glob("*.so"):
        if path.is_file() and path.stat().st_size < 2000:
            path.write_text(path.read_text("utf-8").replace(f"/usr/{TARGET}/lib/", "/lib/"))
    return folder


def crosstool_ng(root: Path) -> Path:
    compiler(root, "aarch64-foo-linux-gnu")
    sysroot(root / "aarch64-foo-linux-gnu/sysroot")
    return root


def buildroot(root: Path) -> Path:
    """A wrapper in front of each compiler, which is there under two names; what Buildroot's own is, a script is here."""
    name = "aarch64-buildroot-linux-gnu"
    driver = compiler(root, name)
    driver.rename(f"{driver}.br_real")
    sysroot(root / name / "sysroot")
    wrapper = root / "bin/toolchain-wrapper"
    wrapper.write_text(f'#!/bin/sh\nhere=$(dirname "$0")\n'
                       f'exec "$here/{name}-gcc.br_real" --sysroot="$here/../{name}/sysroot" -mcpu=cortex-a53 "$@"\n')
    wrapper.chmod(0o755)
    for each in (name, "aarch64-linux"):
        (root / f"bin/{each}-gcc").symlink_to("toolchain-wrapper")
    (root / "bin/aarch64-linux-gcc.br_real").symlink_to(f"{name}-gcc.br_real")
    (root / "bin/aarch64-linux-ar").symlink_to(f"{name}-ar")
    (root / "share/buildroot").mkdir(parents=True)
    (root / "share/buildroot/toolchainfile.cmake").write_text("set(CMAKE_SYSTEM_NAME Linux)\n")
    (root / "relocate-sdk.sh").write_text("#!/bin/sh\n")
    return root


def yocto(root: Path) -> Path:
    """The compiler in a folder of its tuple below usr/bin, its flags in the environment-setup file."""
    native, name = root / "sysroots/x86_64-pokysdk-linux/usr", "aarch64-poky-linux"
    compiler(native, name)
    (native / "bin" / name).mkdir()
    for tool in ("gcc", "ar"):
        (native / "bin" / name / f"{name}-{tool}").symlink_to(f"../{name}-{tool}")
    sysroot(root / "sysroots/cortexa57-poky-linux")
    (root / "environment-setup-cortexa57-poky-linux").write_text(f"""\
if [ ! -z "${{LD_LIBRARY_PATH:-}}" ]; then
    echo "Your environment is misconfigured, you probably need to 'unset LD_LIBRARY_PATH'"
    return 1
fi
export SDKTARGETSYSROOT="{root}/sysroots/cortexa57-poky-linux"
export PATH="{native}/bin:{native}/bin/{name}:$PATH"
export OECORE_TARGET_SYSROOT="$SDKTARGETSYSROOT"
unset command_not_found_handle
export CC="{name}-gcc  -mcpu=cortex-a57 -fstack-protector-strong  -O2 -D_FORTIFY_SOURCE=2 --sysroot=$SDKTARGETSYSROOT"
export AR={name}-ar
export CFLAGS=" -O2 -pipe -g -feliminate-unused-debug-types "
export LDFLAGS="-Wl,-O1 -Wl,--hash-style=gnu -Wl,--as-needed"
if [ -d "$OECORE_TARGET_SYSROOT/environment-setup.d" ]; then
    for envfile in $OECORE_TARGET_SYSROOT/environment-setup.d/*.sh; do
        . $envfile
    done
fi
""")
    return root


LAYOUTS = {"crosstool-ng": crosstool_ng, "Buildroot": buildroot, "Yocto": yocto}
FLAGS = {"crosstool-ng": "", "Buildroot": "", "Yocto": "-mcpu=cortex-a57"}


def close(folder: Path) -> None:
    """Take the right to write from everything in a folder."""
    for path in (*folder.rglob("*"), folder):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode & ~0o222 | 0o444 | (0o111 if path.is_dir() else 0))

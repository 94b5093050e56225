"""A sysroot with one library, acme, and how it is looked for there."""
import subprocess

import pytest
import tiny_elf

from crosspy.deps import sysroot
from crosspy.deps.library import Library
from crosspy.toolchains.toolchain import Toolchain

LIBRARY = Library("acme", "a", "MIT", "https://example.org/", links={"-lacme": "libacme.a"},
                  sysroot={"pkgconfig": "acme", "header": "acme.h", "minimum": "1.2"})
MIPS = {"bits": 32, "data": "big", "machine": 8}


def toolchain(*include):
    words = [word for folder in include for word in ("-isystem", str(folder))]
    return Toolchain("gcc", "mips-linux-gnu", "14", ("/opt/gcc", "-nostdinc", *words), ("ar",), (), "e" * 64)


def make(folder):
    """Make a sysroot with one shared library, its header and its .pc file."""
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


def find(root, variant, library=LIBRARY, named=True, say=pytest.fail):
    return sysroot.find(library, sysroot.places(toolchain(root / "usr/include"), ""), variant, named, say)

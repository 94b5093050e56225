"""A small root/ as it should be, its expectation, and files of which one thing each can be changed."""
from __future__ import annotations

import os
from pathlib import Path

import tiny_elf

from crosspy.inspect import inspection, policy
from crosspy.variants import variant

REPOSITORY = Path(__file__).resolve().parents[2]
LOADER, LIBPYTHON, SUFFIX = "/lib/ld-linux-aarch64.so.1", "libpython3.13.so.1.0", ".cpython-313-aarch64-linux-gnu.so"
BUILD = "/home/builder/work"
PROGRAM = "usr/bin/python3.13"
DYNLOAD = "usr/lib/python3.13/lib-dynload"
SPAM = f"{DYNLOAD}/spam{SUFFIX}"
OBJECT = "usr/lib/python3.13/config/python.o"
STUB, ARCHIVE = "usr/lib/libpython3.so", "usr/lib/python3.13/config/libpython3.13.a"
LINK = "usr/bin/python3"
GLIBC = {("libc.so.6", "GLIBC_2.17"): ["puts"]}
CORE, ABI = f"usr/lib/{LIBPYTHON}", ("Py_Initialize", "PyLong_FromLong")
BTI = (0xC0000000, 1)
COMMON = {"build_id": b"\1" * 20, "properties": BTI, "sections": ((".gnu_debuglink", 1, b"x.debug\0"),)}
GUARDED = b"\0__stack_chk_fail\0__memcpy_chk\0Aug 5 2026\00012:25:43\0"


def program(**changes) -> bytes:
    return tiny_elf.make(**COMMON | {"interpreter": LOADER, "pie": True, "needed": ("libc.so.6", LIBPYTHON), "versions": GLIBC, **changes})


def extension(**changes) -> bytes:
    return tiny_elf.make(**COMMON | {"needed": ("libc.so.6", "libspam.so.2"), "exports": ("PyInit_spam",), "versions": GLIBC,
                                     "undefined": ("PyLong_FromLong",), **changes})


def libpython(**changes) -> bytes:
    return tiny_elf.make(**COMMON | {"soname": LIBPYTHON, "needed": ("libc.so.6",), "exports": (*ABI, "_start"), "weak": ("__memcpy_chk",), **changes})


def stub(**changes) -> bytes:
    return tiny_elf.make(**COMMON | {"soname": "libpython3.so", "needed": (LIBPYTHON,), **changes})


def relocatable(**changes) -> bytes:
    return tiny_elf.make(type=tiny_elf.ET_REL, dynamic=False, **{"payload": GUARDED, **changes})


# What a plan adds to the variant.
ASKED = {"attributes": ["ARM.ABI_VFP_ARGS=1"], "properties": ["BTI"], "module_needed": {"spam": ["libspam.so*"]}, "stable_abi": list(ABI),
         "exports": ["Py*", "_start"], "dates": ["Aug 5 2026", "12:25:43"], "shebangs": ["/bin/sh", "/bin/env"], "size_limit": 1_000_000,
         "debug_link": True, "build_id": True, "stripped": True, "pie": True, "bound": True, "stack_protector": True, "fortify": True}
ATTRIBUTES = ".ARM.attributes", 0x70000003
HARD, SOFT = (tiny_elf.aeabi((28, value)) for value in (1, 0))


def expected(name: str = "aarch64-linux-gnu", **changes) -> policy.Expectation:
    known = variant.load(REPOSITORY / "variants" / name)
    made = policy.expectation(known, floor="2.17", needed_extra=(LIBPYTHON,), forbidden=(BUILD, "/"), extensions={"spam": SPAM},
                              ext_suffix=SUFFIX, **ASKED)
    return policy.parse({**made, **changes}, "expect.json")


def write_root(folder: Path) -> Path:
    """A root/ as it should be."""
    write(folder, PROGRAM, program())
    write(folder, SPAM, extension())
    write(folder, CORE, libpython())
    write(folder, STUB, stub())
    write(folder, OBJECT, relocatable(sections=((*ATTRIBUTES, HARD),)))
    write(folder, ARCHIVE, tiny_elf.ar({"dictobject.o": relocatable(), "an_object_with_a_long_name.o": relocatable()}))
    write(folder, "usr/lib/python3.13/os.py", b"# in /home/builder/workshop, which is another folder\n")
    write(folder, "usr/bin/pydoc3", b"#!/usr/bin/python3.13\n")
    for script in ("usr/bin/pydoc3", PROGRAM):
        os.chmod(folder / script, 0o755)
    os.symlink("python3.13", folder / LINK)
    return folder


def write(folder: Path, path: str, data: bytes) -> None:
    (folder / path).parent.mkdir(parents=True, exist_ok=True)
    (folder / path).write_bytes(data)


def findings(folder: Path, expect: policy.Expectation) -> list[policy.Finding]:
    return policy.judge(inspection.inspect(folder, expect, inspection.FactsCache(None)), expect)

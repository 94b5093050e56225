"""A finished build: its files, its records, and its interpreter, run here or under qemu-user."""
from __future__ import annotations

import json
import os
import platform
import struct
import subprocess
import sys
from functools import cached_property
from pathlib import Path

import pytest
from checkout import REPOSITORY, Checkout, flavoured, missing, need

sys.path.insert(0, str(REPOSITORY / "site_scons"))

from crosspy.ontarget import runner  # noqa: E402  (needs the path above)
from crosspy.variants import variant as variants

VARIANTS = variants.load_all(REPOSITORY / "variants")
# What every run of the tests builds; the others, and what else is large, are built by pytest -m nightly.
NAMES = ["aarch64-linux-gnu", "x86_64-linux-gnu", "x86_64-linux-musl"]
# Machines of another size and byte order, which every run looks at briefly, compiled in a third of the time.
BRIEFLY = ["arm-linux-gnueabihf", "mips-linux-musl"]
QUICK = "optimize=debug"
# Debian's cross gcc, too: words and flavour.
BY_GCC = ("toolchain=gcc", QUICK), "+optimize-debug+toolchain-gcc"
# Where third-party libraries are tested in every run.
WITH_LIBRARIES, LIBRARY_WORDS, LIBRARY_FLAVOUR = "x86_64-linux-musl", ("deps=source", QUICK), "+deps-source+optimize-debug"
EVERY = [pytest.param(name, marks=() if name in NAMES else pytest.mark.nightly) for name in sorted(VARIANTS)]


class Build:
    """One build folder. flavour: the part of its name behind the variant's, as ``+libpython-shared``."""

    def __init__(self, checkout: Checkout, name: str, flavour: str = "", prefix: str = "/usr"):
        self.checkout, self.name, self.prefix = checkout, name, prefix
        self.variant = VARIANTS[name]
        self.folder = checkout.build / f"{name}{flavoured(flavour)}"
        self.root = self.folder / "root"
        self.series = "3.13"

    @property
    def python(self) -> Path:
        return Path(f"{self.root}{self.prefix}/bin/python{self.series}")

    @property
    def library(self) -> Path:
        return Path(f"{self.root}{self.prefix}/lib/python{self.series}")

    @cached_property
    def manifest(self) -> dict:
        return json.loads((self.folder / "manifest.json").read_text("utf-8"))

    @cached_property
    def modules(self) -> dict[str, dict]:
        """The plan of extension modules by name."""
        return {row["name"]: row for row in json.loads((self.folder / "plan.json").read_text("utf-8"))["modules"]}

    @property
    def foreign(self) -> bool:
        """Whether its programs need qemu here."""
        return platform.machine() != self.variant.run.machine

    def environment(self) -> dict[str, str]:
        """The whole environment of its programs: a device's, and where qemu finds the libc."""
        found = {"PATH": "/usr/bin:/bin", "HOME": "/", "LC_ALL": "C.UTF-8"}
        if self.foreign:
            found |= dict(runner.processor(self.variant))
        if self.foreign and self.variant.run.sysroot:
            folder = os.environ.get("QEMU_LD_PREFIX") or self.variant.run.sysroot
            if not os.path.exists(folder + self.variant.elf.interpreter):
                missing(f"the libc of {self.name} is not in {folder}: apt-get install {self.variant.run.sysroot_package}, "
                        "or set QEMU_LD_PREFIX")
            found["QEMU_LD_PREFIX"] = folder
        return found

    def command(self, *arguments: str) -> list[str]:
        """The words that start its interpreter on this machine."""
        if not self.foreign:
            return [str(self.python), *arguments]
        if not self.variant.run.qemu:
            missing(f"{self.name} runs on a {self.variant.run.machine} only")
        qemu = need(self.variant.run.qemu, self.variant.run.qemu_package)
        if here := runner.too_old(self.variant, qemu):
            pytest.skip(f"{self.name} needs qemu {self.variant.run.qemu_version} or newer to run, this is {here}")  # no package of this Debian has it
        return [qemu, str(self.python), *arguments]

    def run(self, *arguments: str, env: dict[str, str] | None = None, check: bool = True, timeout: float = 300,
            cwd: Path | None = None) -> subprocess.CompletedProcess:
        """Run its interpreter with arguments."""
        done = subprocess.run(self.command(*arguments), env={**self.environment(), **(env or {})}, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, encoding="utf-8", errors="replace", timeout=timeout, cwd=cwd)
        if check and done.returncode:
            pytest.fail(f"{self.name}: python {' '.join(arguments)[:400]}\nstatus {done.returncode}\n{done.stdout[-2000:]}\n"
                        f"{done.stderr[-4000:]}", pytrace=False)
        return done

    def ask(self, code: str, **words):
        """Run a piece of code that prints JSON, and return that."""
        return json.loads(self.run("-c", code, **words).stdout)

    def smoke(self) -> None:
        """A proof of life in one start, for builds whose interpreter is not shown in full."""
        planned = [name for name, row in self.modules.items() if row["kind"] != "absent"]
        told = self.ask(f"planned, floats, number = {planned!r}, {FLOATS!r}, {NUMBER}\n{SMOKE}")
        machine, version = self.variant.machine, self.manifest["release"]["version"]
        assert told == [version, "0.3", NUMBER * NUMBER, [repr(x) for x in FLOATS], [n * n for n in range(8)],
                        machine.endian, machine.bits // 8,
                        [struct.pack(order + "hiqfd", -2, 70000, -2**40, 1.5, -0.1).hex() for order in "<>"], "2038-01-19 03:14:07", 0]


FLOATS = [0.1, 1 / 3, 5e-324, 1.7976931348623157e308, 1e22, 123456789.123456789, -0.0, 0.1 + 0.2]
NUMBER = 3**700 + 1
SMOKE = """
import decimal, importlib, json, os, struct, subprocess, sys, threading, time
for name in planned: importlib.import_module(name)
found = {}
threads = [threading.Thread(target=lambda n=n: found.update({n: n * n})) for n in range(8)]
[thread.start() for thread in threads]; [thread.join() for thread in threads]
assert [float(repr(x)) for x in floats] == floats and number * number // number == number and time.monotonic() <= time.monotonic()
assert time.time() > os.stat(sys.executable).st_mtime - 86400
child = subprocess.run(["/bin/sh", "-c", "read word; test $word = word"], input=b"word").returncode
print(json.dumps([sys.version.split()[0], str(decimal.Decimal('0.1') * 3), number * number, [repr(x) for x in floats],
    [found[n] for n in range(8)], sys.byteorder, struct.calcsize('P'),
    [struct.pack(order + 'hiqfd', -2, 70000, -2**40, 1.5, -0.1).hex() for order in '<>'],
    time.strftime('%F %T', time.gmtime(2**31 - 1)), child]))
"""

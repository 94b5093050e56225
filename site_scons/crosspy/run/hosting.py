"""What the machine that runs SCons brings: the variant that describes it, and the interpreter that a user names."""
from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Mapping

from ..errors import UserError
from ..toolchains.compiler import ASK_SECONDS
from ..toolchains.identity import Identity
from ..variants.variant import Variant


def interpreter(given: str, version: str, identity: Identity) -> str:
    """Return the absolute path of ``bootstrap=``. Raises UserError unless it is of exactly the release `version`."""
    path = os.path.abspath(given)
    where = f"bootstrap={given}"
    if not os.access(path, os.X_OK) or os.path.isdir(path):
        raise UserError(where, "it is no program", "name a Python interpreter, or leave bootstrap= out")

    def describe() -> tuple[dict, list[str]]:
        try:
            done = subprocess.run([path, "-I", "-c", "import platform; print(platform.python_version())"], text=True,
                                  capture_output=True, timeout=ASK_SECONDS, env={"LC_ALL": "C"})
        except (OSError, subprocess.TimeoutExpired) as error:
            raise UserError(where, f"it cannot be run ({error})", "name a Python interpreter of this machine") from None
        return {"version": done.stdout.strip()}, [os.path.realpath(path)]
    found = identity.of(path, describe)["version"]
    if found != version:
        raise UserError(where, f"it is Python {found or '?'}, but byte-code is made for {version}",
                        f"use an interpreter of exactly {version}, or leave bootstrap= out")
    return path


def host(variants: Mapping[str, Variant]) -> Variant:
    """Return the variant of the machine that runs SCons: its own libc, so that the bootstrap runs on it."""
    libc = "glibc" if platform.libc_ver()[0] == "glibc" else "musl"
    for candidate in variants.values():
        if candidate.run.machine == platform.machine() and candidate.libc.name == libc and candidate.toolchain.zig:
            return candidate
    raise UserError(f"host {platform.machine()} with {libc}", "no variant describes this machine, so no bootstrap can be "
                    "built for it", "add one to variants/, or name an interpreter of the same release with bootstrap=")

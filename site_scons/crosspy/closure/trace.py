"""``trace=yes``: what a run of the application under the full interpreter imports, beside what its source says."""
from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Collection
from pathlib import Path

from ..errors import UserError

VARIANT = "x86_64-linux-musl"  # static: it runs on any Linux of this machine


def interpreter(build: Path, series: str) -> Path:
    """Return the full interpreter of a build folder, made for this machine. Raises UserError when it is not there yet."""
    inner = f"root/usr/bin/python{series}"
    path = next(iter([one for one in (build / VARIANT / inner, *sorted(build.glob(f"{VARIANT}+*/{inner}"))) if one.exists()]), build / VARIANT / inner)
    if not path.exists():
        raise UserError("trace=yes", f"the application runs under the full {VARIANT}, and {path} is not there",
                        f"build it first: scons target={VARIANT}")
    return path


def modules(python: Path, app: str, paths: Collection[str], say: Callable[[str], None]) -> list[str]:
    """Run an application, without arguments and input, and return all modules that it had imported when it ended.

    Its output is shown; one that does not end by itself is ended with Ctrl-C.  Raises UserError when it could not be run
    or fails, since then what it imported is not all.
    """
    say(f"trace: {app} runs under {python}; if it does not end by itself, press Ctrl-C")
    with tempfile.TemporaryDirectory(prefix="crosspy-trace-") as scratch:
        output = Path(scratch) / "modules"
        words = [str(python), "-I", "-S", "-B", "-X", "utf8", str(Path(__file__).with_name("tracer.py")), str(output),
                 os.path.abspath(app), *map(os.path.abspath, paths)]
        sys.stdout.flush()
        process = subprocess.Popen(words, stdin=subprocess.DEVNULL)
        stopped = False
        while True:
            try:
                status = process.wait()
                break
            except KeyboardInterrupt:  # the application has it, too
                stopped = True
        if not output.exists() or status and not stopped:
            raise UserError("trace=yes", f"the application ended with status {status}",
                            "look at its output above; without trace=yes it is not run")
        return output.read_text("utf-8").split("\n")

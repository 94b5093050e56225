"""Trial links with a gcc or clang of this machine: can it link programs at all, static ones too, and which loader do they ask for?"""
from __future__ import annotations

import os
import re
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from .hostprogram import cannot_run

if TYPE_CHECKING:
    from .compiler import Driver

# A program that needs libgcc on 32-bit machines: lld refuses the relocations of Debian's for MIPS.
TRIAL = "int main(int count, char **words) { volatile unsigned long long n = count; return n / 3; }\n"
_MISSING = r"(?:cannot find|unable to find library) ([^\s:]+)"   # GNU ld's words, lld's


def trial(driver: Driver, clang: bool, seconds: float) -> dict:
    """Return what trial links tell. seconds: for each.

    linker: the word that chooses clang's: lld, or where that cannot link for the target, the target's own.  refusal: what was
    said when no program can be linked.  static: what a static one misses, empty when it can be linked.  interpreter: PT_INTERP.
    """
    with tempfile.TemporaryDirectory(prefix="crosspy-") as folder:
        output, refusal, linker, interpreter = f"{folder}/a", "", "", ""
        for word in ("-fuse-ld=lld", "") if clang else ("",):
            said = _link(driver, [word], output, seconds)
            if not said:
                refusal, linker, interpreter = "", word, _interpreter(output)
                break
            refusal = refusal or said
        said = _link(driver, [linker, "-static"], output, seconds)
        if said and not _link(driver, [linker, "-static-pie"], output, seconds):
            said = ""
    # The names alone: what is said besides has names of temporary files, and facts are part of a digest.
    missing = sorted({os.path.basename(name) for name in re.findall(_MISSING, said)})
    return {"linker": linker, "refusal": refusal[:600], "static": said and (", ".join(missing) or "the linker refuses"),
            "interpreter": interpreter}


def _link(driver: Driver, words: list[str], output: str, seconds: float) -> str:
    """Link the trial; returns what was said when that failed. Raises UserError when the driver cannot be run."""
    command = [driver.path, *driver.flags, *filter(None, words), "-x", "c", "-", "-o", output]
    try:
        done = subprocess.run(command, input=TRIAL, text=True, capture_output=True, env=driver.env, timeout=seconds, errors="replace")
    except (OSError, subprocess.TimeoutExpired) as error:
        raise cannot_run(driver.path, error) from None
    lines = done.stderr.strip().splitlines()
    # collect2's last line only counts
    return " | ".join([line for line in lines if re.search(_MISSING, line)] or lines[:2]) or "it said nothing" if done.returncode else ""


def _interpreter(path: str) -> str:
    from ..elf import elf   # only here: a warm run reads no ELF file
    try:
        return elf.read(Path(path).read_bytes()).interpreter
    except (OSError, elf.ElfError):
        return ""

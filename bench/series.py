"""Measures what one more target of a series costs against its own commands, in seconds of processor time.

usage: python bench/series.py [--targets A,B,...] [--ninth NAME] [--build-dir DIR] [NAME=VALUE...]

Eight targets and the bootstrap are built first, or are there already in a build folder that is named. Then one run over all nine
makes the ninth, which must never have been built there: zig keeps its objects. Processor time and not wall time, since a machine
has other work, too; NAME=VALUE are arguments for scons, such as optimize=debug.
"""
from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
EIGHT = "aarch64-linux-gnu,arm-linux-gnueabihf,i686-linux-musl,mips-linux-musl,riscv64-linux-gnu,s390x-linux-gnu,x86_64-linux-gnu," \
        "x86_64-linux-musl"
# SCons in a process that tells at its end: its own seconds, and those of all commands that it started.
SCONS = """
import atexit, os, runpy, sys
sys.argv[0] = "scons"
times = lambda: print("times", *os.times()[:4], file=sys.stderr)
atexit.register(times)
runpy.run_module("SCons", run_name="__main__", alter_sys=True)
"""


def spent(*words: str) -> tuple[float, float, str]:
    """Run scons; returns processor seconds of SCons itself and of its commands, and what it printed. Exits when it fails."""
    done = subprocess.run([sys.executable, "-c", SCONS, *words], cwd=PROJECT, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"scons {' '.join(words)}: failed\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}")
    own, system, commands, theirs = map(float, done.stderr.split()[-4:])
    return own + system, commands + theirs, done.stdout


def folders(place: Path, name: str) -> list[Path]:
    """Return a target's folders, of all flavours."""
    return [folder for folder in place.glob(f"{name}*") if folder.name.partition("+")[0] == name]


def main() -> None:
    """Measure, and print one line for each figure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--targets", default=EIGHT, help=f"the others (default {EIGHT})")
    parser.add_argument("--ninth", default="aarch64-linux-musl")
    parser.add_argument("--build-dir", help="a build folder to use; its builds of the other targets are kept (default: a new one)")
    parser.add_argument("words", nargs="*", metavar="NAME=VALUE")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="cpython-scons-bench-") as name:
        place = given.build_dir or f"{name}/build"
        words = [*given.words, f"build_dir={place}"]
        series = f"target={given.targets},{given.ninth}"
        if known := folders(Path(PROJECT, place), given.ninth):
            sys.exit(f"{known[0]} is there: name another --ninth, or another --build-dir")
        spent(*words, f"target={given.targets}")
        spent(*words, series, "-n")   # zig's libc of the ninth target is the compiler's: it is made here
        for folder in folders(Path(PROJECT, place), given.ninth):
            shutil.rmtree(folder)
        reading, probing, _ = spent(*words, series, "-n")   # makes the plan
        scons, commands, shown = spent(*words, series)
    ran = set(re.findall(r"^\[ *\d+\] CC +(\S+) ", shown, re.M))
    print(f"targets that were compiled for      {', '.join(sorted(ran))}")
    print(f"its own commands                    {commands:8.1f} s")
    print(f"SCons, with nothing to do for eight {scons:8.1f} s")
    print(f"probing, planning, a dry run        {reading + probing:8.1f} s")
    print(f"the ninth target in times of its own commands {(reading + probing + scons + commands) / commands:.3f}")


if __name__ == "__main__":
    main()

"""Measures what a firmware developer waits for, in examples/firmware: the first image, a second run, a changed line.

usage: python bench/firmware.py [--board NAME] [--repeat N] [NAME=VALUE...]

The example is built in place, in its own build/, which git ignores; NAME=VALUE are its arguments. Wall time, the
median of N runs: it is what somebody waits for, so the machine must have nothing else to do.
"""
from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
EXAMPLE = PROJECT / "examples/firmware"
LINE = "apps/status.py", "status: up", "status: it is up"


def timed(*words: str) -> float:
    """Run scons in the example; returns seconds. Exits when it fails."""
    start = time.monotonic()
    done = subprocess.run([sys.executable, "-m", "SCons", *words], cwd=EXAMPLE, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"scons {' '.join(words)}: failed\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}")
    return time.monotonic() - start


def changed(*words: str) -> float:
    """Change a line, measure until the image is there, and put it back."""
    name, old, new = LINE
    path = EXAMPLE / name
    text = path.read_text("utf-8")
    path.write_text(text.replace(old, new, 1), "utf-8")
    try:
        return timed(*words)
    finally:
        path.write_text(text, "utf-8")
        timed(*words)


def main() -> None:
    """Measure, and print one line for each figure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--board", default="gateway")
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("words", nargs="*", metavar="NAME=VALUE")
    given = parser.parse_args()
    words = [f"board={given.board}", f"downloads={PROJECT}/downloads", *given.words]
    print(f"build, as far as it was not there yet   {timed(*words):7.2f} s")
    print(f"a second run                            {statistics.median(timed(*words) for _ in range(given.repeat)):7.2f} s")
    print(f"a changed line of an application        {statistics.median(changed(*words) for _ in range(given.repeat)):7.2f} s")


if __name__ == "__main__":
    main()

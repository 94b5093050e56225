"""Times a build for aarch64 from nothing, nothing to do, and one edited file; with --configure, upstream's way beside it.

usage: python bench/compare.py [--configure] [--toolchain gcc|zig] [--downloads DIR]

Everything happens in a temporary folder. Upstream's way is all that CPython's documentation asks of who crosses: a full
Python of the same release for the host, then configure, make and make install with the cross compiler (toolchain gcc).
"""
from __future__ import annotations

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
TRIPLE = "aarch64-linux-gnu"


def timed(name: str, *command: str, cwd: Path, **environment: str) -> None:
    """Run a command and print its wall time in seconds and, so far, the largest memory of any child in MB (10^6 bytes)."""
    start = time.monotonic()
    done = subprocess.run(command, cwd=cwd, env={**os.environ, **environment}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    seconds = time.monotonic() - start
    if done.returncode:
        sys.exit(f"{name}: failed\n{done.stdout.decode(errors='replace')[-3000:]}")
    memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024 / 1e6
    print(f"{name:<44} {seconds:8.2f} s   (largest process so far {memory:.0f} MB)", flush=True)


def ours(folder: Path, toolchain: str, downloads: str) -> Path:
    """Time our own builds; return the unpacked release, for upstream's."""
    scons = [sys.executable, "-m", "SCons", "target=aarch64", f"toolchain={toolchain}", f"downloads={downloads}",
             f"build_dir={folder / 'build'}"]
    timed("scons: from nothing, release at hand", *scons, cwd=PROJECT)
    timed("scons: nothing to do", *scons, cwd=PROJECT)
    tree = next((folder / "build" / "sources").glob("Python-*/"))
    edited = folder / "edited"
    shutil.copytree(tree, edited)
    subprocess.run(["chmod", "-R", "u+w", str(edited)], check=True)
    scons.append(f"source={edited}")
    timed("scons source=: from nothing, libc cached", *scons, cwd=PROJECT)
    timed("scons source=: nothing to do", *scons, cwd=PROJECT)
    with open(edited / "Objects" / "boolobject.c", "a", encoding="utf-8") as stream:
        stream.write("\nint cpython_scons_bench;\n")
    timed("scons source=: one edited C file", *scons, cwd=PROJECT)
    return tree


def upstreams(folder: Path, tree: Path) -> None:
    """Time configure and make: the host's Python, then the target's."""
    jobs = f"-j{len(os.sched_getaffinity(0))}"
    host, target = folder / "host", folder / "target"
    host.mkdir()
    target.mkdir()
    quiet = {"PKG_CONFIG_LIBDIR": "/nonexistent", "ac_cv_buggy_getaddrinfo": "no", "ac_cv_file__dev_ptmx": "yes",
             "ac_cv_file__dev_ptc": "no"}
    timed("configure, host", str(tree / "configure"), f"--prefix={folder / 'installed'}", cwd=host)
    timed("make and make install, host", "make", jobs, "install", cwd=host)
    timed("configure, target", str(tree / "configure"), "--prefix=/usr", f"--host={TRIPLE}", "--build=x86_64-linux-gnu",
          f"--with-build-python={folder / 'installed' / 'bin' / 'python3'}", "--without-ensurepip", "--disable-test-modules",
          cwd=target, **quiet)
    timed("make, target", "make", jobs, cwd=target)
    timed("make: nothing to do", "make", jobs, cwd=target)
    timed("make install, target", "make", "install", f"DESTDIR={folder / 'root'}", cwd=target)


def main() -> None:
    """Run the measurements that the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--configure", action="store_true", help="time configure and make, too")
    parser.add_argument("--toolchain", choices=("zig", "gcc"), default="zig")
    parser.add_argument("--downloads", default="downloads", help="folder that holds the release's archive")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="cpython-scons-bench-") as name:
        folder = Path(name)
        tree = ours(folder, given.toolchain, os.path.abspath(given.downloads))
        if given.configure:
            upstreams(folder, tree)


if __name__ == "__main__":
    main()

"""Runs CPython's own tests on what configure and make build with the same compiler, and compares: which failures are ours?

usage: python bench/reference.py target=NAME [NAME=VALUE...] [--all] [--jobs N] [--folder DIR]

First `scons conformance target=NAME ...` has to be run. Of the files that did not pass there (with --all, of all) this asks the
same of upstream's way: configure as `scons parity` runs it, make, make install, in the build folder's oracle/. What works there
alone is a defect of ours; only with --all are files found that pass here with fewer tests. Exit status: 1 when there is one.
"""
from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
BOOTSTRAP = "build/x86_64-linux-gnu/root/usr/bin/python"


def run(*words: str | Path, env: dict[str, str] | None = None, check: bool = True, **more) -> int:
    """Run a command, shown. Exits when it fails, unless check is false."""
    print("$", *words, flush=True)
    code = subprocess.run([str(word) for word in words], env={**os.environ, **(env or {})}, cwd=PROJECT, **more).returncode
    if check and code:
        sys.exit(f"{words[0]}: status {code}")
    return code


def reference(folder: Path, series: str, jobs: int) -> Path:
    """Make and install what parity has configured; return the folder that is its root."""
    oracle, root = folder / "oracle", folder / "oracle" / "installed"
    # As oracle.py configured it: nothing of the user's environment, and zig's caches in the build folder.
    env = {**json.loads((folder / "graph.json").read_text("utf-8"))["env"], "PKG_CONFIG_LIBDIR": str(oracle / "pkgconfig")}
    if not (root / "usr/bin" / f"python{series}").exists():
        with open(oracle / "make.log", "wb") as log:
            for words in ((f"-j{jobs}",), ("install", f"DESTDIR={root.resolve()}")):
                # Modules/getbuildinfo.c has __DATE__, which is an error with zig unless it is told otherwise.
                done = subprocess.run(["make", "-C", str(oracle), "EXTRA_CFLAGS=-Wno-date-time", *words], env=env, stdout=log, stderr=subprocess.STDOUT)
                if done.returncode:
                    sys.exit(f"make {' '.join(words)}: status {done.returncode}, see {oracle}/make.log")
    return root


def read(folder: Path, name: str) -> dict:
    """Read one of the build folder's files. Exits, saying what to do, when it is not there."""
    try:
        return json.loads((PROJECT / folder / name).read_text("utf-8"))
    except OSError as error:
        sys.exit(f"{error}\nRun scons conformance with the same arguments first, or name its build folder with --folder")


def main() -> int:
    """Build the reference, run the tests, print what differs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("words", nargs="+", metavar="NAME=VALUE", help="arguments of scons, as for conformance")
    parser.add_argument("--all", action="store_true", help="all files, not only those that did not pass")
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--folder", type=Path, help="the build folder (default: build/NAME)")
    given = parser.parse_args()
    name = dict(word.partition("=")[::2] for word in given.words).get("target") or parser.error("target= is missing")
    folder = given.folder or Path("build", name)
    release = read(folder, "manifest.json")["release"]["version"]
    series = release.rpartition(".")[0]
    files = sorted(file for file, row in read(folder, "conformance.json")["files"].items() if given.all or row["status"] != "passed")
    if not files:
        print("all files pass")
        return 0
    bootstrap = [f"bootstrap={BOOTSTRAP}{series}"] if (PROJECT / f"{BOOTSTRAP}{series}").exists() else []
    run(sys.executable, "-m", "SCons", "parity", *given.words, *bootstrap, check=False)
    root = reference(PROJECT / folder, series, given.jobs)
    output = PROJECT / folder / "conformance-reference.json"
    library = root / f"usr/lib/python{series}"
    words = [] if (library / "test").exists() else ["--test-package", PROJECT / "build" / "sources" / f"Python-{release}" / "Lib" / "test"]
    env = {"PYTHONPATH": str(PROJECT / "site_scons")}
    run(sys.executable, "-m", "crosspy.ontarget.conformance", "run", "--root", root, "--python", f"usr/bin/python{series}", "--variant", name,
        "--variants", PROJECT / "variants", "--output", output, "--only", ",".join(files), "--jobs", str(given.jobs), *words,
        env=env, check=False)
    return run(sys.executable, "-m", "crosspy.ontarget.conformance", "compare", PROJECT / folder / "conformance.json", output, env=env, check=False)


if __name__ == "__main__":
    sys.exit(main())

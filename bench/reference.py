"""Runs CPython's own tests on what configure and make build with the same compiler, and compares: which failures are ours?

usage: python bench/reference.py target=NAME [NAME=VALUE...] [--all] [--jobs N]

First `scons conformance target=NAME ...` has to be run. Of the files that did not pass there (with --all, of all) this asks the
same of upstream's way: configure as `scons parity` runs it, make, make install, in the build folder's oracle/. A file that passes
there alone is a defect of ours. Exit status: how many there are.
"""
from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
HOST = "build/x86_64-linux-gnu/root/usr/bin/python3.13"


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
                done = subprocess.run(["make", "-C", str(oracle), *words], env=env, stdout=log, stderr=subprocess.STDOUT)
                if done.returncode:
                    sys.exit(f"make {' '.join(words)}: status {done.returncode}, see {oracle}/make.log")
    return root


def main() -> int:
    """Build the reference, run the tests, print what differs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("words", nargs="+", metavar="NAME=VALUE", help="arguments of scons, as for conformance")
    parser.add_argument("--all", action="store_true", help="all files, not only those that did not pass")
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--folder", type=Path, help="the build folder (default: build/NAME)")
    given = parser.parse_args()
    name = dict(word.partition("=")[::2] for word in given.words)["target"]
    folder = given.folder or Path("build", name)
    ours = json.loads((PROJECT / folder / "conformance.json").read_text("utf-8"))
    files = sorted(file for file, row in ours["files"].items() if given.all or row["status"] != "passed")
    bootstrap = [f"bootstrap={HOST}"] if (PROJECT / HOST).exists() else []
    run(sys.executable, "-m", "SCons", "parity", *given.words, *bootstrap, check=False)
    root = reference(PROJECT / folder, "3.13", given.jobs)
    output = PROJECT / folder / "conformance-reference.json"
    package = next((PROJECT / "build" / "sources").glob("Python-*/Lib/test"))
    library = root / "usr/lib/python3.13"
    words = [] if (library / "test").exists() else ["--test-package", package]
    env = {"PYTHONPATH": str(PROJECT / "site_scons")}
    run(sys.executable, "-m", "crosspy.conformance", "run", "--root", root, "--python", "usr/bin/python3.13", "--variant", name,
        "--variants", PROJECT / "variants", "--output", output, "--only", ",".join(files), "--jobs", str(given.jobs), *words,
        env=env, check=False)
    return run(sys.executable, "-m", "crosspy.conformance", "compare", PROJECT / folder / "conformance.json", output, env=env, check=False)


if __name__ == "__main__":
    sys.exit(main())

"""CPython's own test package on what was built, file by file: `scons conformance target=NAME tests=yes [only=test_a,test_b]`.

    python -m crosspy.conformance run --root ROOT --python usr/bin/python3.13 --variant NAME --variants DIR --output FILE [...]
    python -m crosspy.conformance compare OURS REFERENCE

Each file of ``test`` runs in a process of its own with a time limit, so that one that hangs or crashes tells about itself
alone. Exit status: 0 when all failed as expected, 1 otherwise, 2 for a mistake of the user.
"""
from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from . import expectations, inherit, runner, variant, verdict
from .errors import UserError, nearest

SECONDS, GRACE = 900, 30   # of one file, threefold under qemu; on top, for regrtest to tell where it hangs
_FAILED = re.compile(r"^(?:ERROR|FAIL): [^\n(]*\(([\w.]+)", re.M)
_COUNT = re.compile(r"^Total tests: run=([\d,]+)(?: \(filtered\))?(?: failures=[\d,]+)?(?: skipped=([\d,]+))?", re.M)
_SKIPPED = re.compile(r"^\S+ skipped(?: \(resource denied\))? -- (.*)|^(?:\S+ )?skipped", re.M)
_TIMEOUT = re.compile(r"^Timeout \(\d+:\d\d:\d\d\)!", re.M)   # faulthandler.dump_traceback_later
# regrtest: bad test, environment changed, no tests ran (Lib/test/libregrtest/utils.py and results.py).
_BAD, _CHANGED, _NONE_RAN = 2, 3, 4


@dataclass(frozen=True)
class Result:
    """One file. status: passed, failed, skipped, timeout, crashed. failed: ids of tests, or the file's own name.

    tests, skipped: how many. seconds: of wall time. expected: those of failed that may fail, with the reason.
    """

    file: str
    status: str
    tests: int = 0
    skipped: int = 0
    failed: tuple[str, ...] = ()
    seconds: float = 0.0
    expected: tuple[tuple[str, str], ...] = ()
    told: str = ""

    @property
    def unexpected(self) -> list[str]:
        return [test for test in self.failed if test not in dict(self.expected)]


def judged(file: str, code: int | None, output: str, seconds: float, expected: Mapping[str, str]) -> Result:
    """Return what one run of regrtest says. code: its exit status, None for one that was killed after its time."""
    count = _COUNT.search(output)
    numbers = [int((number or "0").replace(",", "")) for number in count.groups()] if count else [0, 0]
    failed = tuple(sorted(set(_FAILED.findall(output))))
    if code is None or code == 1 and _TIMEOUT.search(output):
        status = "timeout"
    elif code in (0, _CHANGED, _NONE_RAN):
        status = "skipped" if not numbers[0] and _SKIPPED.search(output) or code == _NONE_RAN else "passed"
    else:
        status = "failed" if code == _BAD and count else "crashed"
    if status in ("timeout", "crashed") or (status == "failed" and not failed):
        failed = (*failed, file)
    failed = failed if status not in ("passed", "skipped") else ()
    known = tuple((test, why) for test in failed if (why := expectations.reason(test, expected)))
    told = output[-3000:] if len(known) < len(failed) else ""
    return Result(file, status, numbers[0], numbers[1], failed, round(seconds, 1), known, told)


@dataclass(frozen=True)
class Device:
    """A copy of root/ to run tests in: they write beside the library. command: the interpreter's words. seconds: per file."""

    command: tuple[str, ...]
    env: Mapping[str, str]
    scratch: Path
    seconds: float = SECONDS

    def files(self) -> list[str]:
        """Return every test file that the interpreter's test package has. Raises UserError when it has none."""
        done = subprocess.run([*self.command, "-m", "test", "--list-tests"], env=self.env, cwd=self.scratch, capture_output=True,
                              text=True, stdin=subprocess.DEVNULL)
        if done.returncode or not done.stdout.split():
            raise UserError(self.command[-1], f"it has no working test package ({done.stderr.strip()[-300:]})", "build with tests=yes")
        return done.stdout.split()

    def run(self, file: str, expected: Mapping[str, str]) -> Result:
        """Run one test file."""
        start = time.monotonic()
        with tempfile.TemporaryDirectory(prefix=f"{file}-", dir=self.scratch, ignore_cleanup_errors=True) as folder:
            # curses: screens go into a file where there is no terminal
            words = [*self.command, "-m", "test", "-W", "-u", "curses", "--timeout", str(self.seconds), "--tempdir", folder, file]
            with open(Path(folder) / "output", "w+b") as stream:
                process = subprocess.Popen(words, env={**self.env, "HOME": folder, "TMPDIR": folder}, cwd=folder, stdout=stream,
                                           stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, start_new_session=True)
                code = _wait(process, self.seconds + GRACE)
                stream.seek(0)
                output = stream.read().decode("utf-8", "replace")
        return judged(file, code, output, time.monotonic() - start, expected)


def _wait(process: subprocess.Popen, seconds: float) -> int | None:
    try:
        code: int | None = process.wait(seconds)
    except subprocess.TimeoutExpired:
        code = None
    try:
        os.killpg(process.pid, signal.SIGKILL)   # what a test left running, too
    except ProcessLookupError:
        pass
    process.wait()
    return code


def run_all(files: Sequence[str], run: Callable[[str], Result], jobs: int, say: Callable[[str], None]) -> list[Result]:
    """Run files side by side; an unexpected failure gets one more try, alone."""
    def one(file: str) -> Result:
        result = run(file)
        say(f"{result.status:<8} {result.seconds:>7.1f} s  {file}" + (f"  unexpected: {len(result.unexpected)}" if result.unexpected else ""))
        return result
    with ThreadPoolExecutor(jobs) as pool:
        results = list(pool.map(one, files))
    # What depends on the load of the machine passes when it runs alone.
    return [result if not result.unexpected else replace(one(result.file), told=result.told) for result in results]


def summary(results: Sequence[Result]) -> str:
    """Return the table for people: what failed, worst first, and the sums."""
    lines = [f"{'UNEXPECTED':<11}{result.status:<9}{result.file}: {', '.join(result.unexpected[:10])}"
             for result in results if result.unexpected]
    lines += [f"{'expected':<11}{result.status:<9}{result.file}: {test}: {why}" for result in results for test, why in result.expected]
    counts = {status: sum(result.status == status for result in results) for status in ("passed", "failed", "skipped", "timeout", "crashed")}
    lines.append(f"conformance: {len(results)} files, {sum(result.tests for result in results)} tests, "
                 + ", ".join(f"{number} {status}" for status, number in counts.items())
                 + f", {sum(len(result.unexpected) for result in results)} unexpected")
    return "".join(f"{line}\n" for line in lines)


def report(name: str, results: Sequence[Result]) -> dict:
    """Return what conformance.json holds."""
    return {"variant": name, "files": {result.file: {**asdict(result), "expected": dict(result.expected), "unexpected": result.unexpected}
                                       for result in results}}


def defects(ours: Mapping, reference: Mapping) -> list[str]:
    """Return the files that pass with the reference and fail with ours, or ran there and were skipped here."""
    good = {file for file, row in reference["files"].items() if row["status"] == "passed"}
    return sorted(file for file, row in ours["files"].items() if file in good and row["status"] != "passed")


def chosen(only: str, there: Sequence[str]) -> list[str]:
    """Return the test files that ``only=`` names; all without it. Raises UserError for one that does not exist."""
    wanted = [name.strip() for name in only.split(",") if name.strip()]
    for name in wanted:
        if name not in there:
            hint = nearest(name, there)
            raise UserError(f"only={name}", "there is no such test file" + (f"; {hint}?" if hint else ""), "name files of the package test")
    return wanted or list(there)


def _run(args: argparse.Namespace) -> int:
    known: dict[str, variant.Variant] = {}
    for folder in args.variants:
        known |= variant.load_all(folder, inherit.places(args.variants[0]))
    chosen_one = known[args.variant]
    found = runner.runner(chosen_one)
    expected = expectations.load(args.variants, sorted({chosen_one.name, chosen_one.triple}), found.foreign)
    scratch = Path(tempfile.mkdtemp(prefix="conformance-", dir=args.output.parent))
    row = None
    try:
        shutil.copytree(args.root, scratch / "device", symlinks=True)
        python = scratch.absolute() / "device" / args.python
        if args.test_package:
            (python.parents[1] / "lib" / python.name / "test").symlink_to(args.test_package.absolute())
        if found.foreign and os.geteuid() == 0:
            try:
                row = runner.register(python, found.words[0])
            except OSError as error:
                print(f"note: the kernel takes no row for qemu ({error}): tests that start sys.executable fail", file=sys.stderr)
        env = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TERM": "xterm", **dict(found.env)}
        device = Device((*found.words, str(python)), env, scratch.absolute(), SECONDS * (3 if found.foreign else 1))
        files = chosen(args.only, device.files())
        results = run_all(files, lambda file: device.run(file, expected), args.jobs, lambda line: print(line, flush=True))
    finally:
        runner.unregister(row)
        shutil.rmtree(scratch, ignore_errors=True)
    verdict.write_json(args.output, report(args.variant, results))
    print(summary(results), end="")
    return 1 if any(result.unexpected for result in results) else 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run or compare; see the module's docstring."""
    parser = argparse.ArgumentParser(prog="crosspy.conformance", description="CPython's own tests on what was built.")
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="run the tests")
    for name, words in (("root", "the folder with the interpreter in it"), ("output", "conformance.json")):
        run.add_argument(f"--{name}", type=Path, required=True, help=words)
    run.add_argument("--python", required=True, help="the interpreter, relative to the root")
    run.add_argument("--variant", required=True)
    run.add_argument("--variants", type=Path, action="append", required=True, help="folders of variants")
    run.add_argument("--test-package", type=Path, help="a folder to use as the package test, where root has none")
    run.add_argument("--only", default="", help="comma list of test files")
    run.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)), help="files at once")
    compare = commands.add_parser("compare", help="name files that pass with the reference and not with ours")
    compare.add_argument("ours", type=Path)
    compare.add_argument("reference", type=Path)
    args = parser.parse_args(arguments)
    try:
        if args.command == "run":
            return _run(args)
        found = defects(*(json.loads(path.read_text("utf-8")) for path in (args.ours, args.reference)))
    except (UserError, OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 2
    print("".join(f"defect: {file}\n" for file in found) + f"conformance: {len(found)} files pass with the reference alone")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

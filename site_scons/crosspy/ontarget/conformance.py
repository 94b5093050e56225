"""CPython's own test package on what was built, file by file: `scons conformance target=NAME tests=yes [only=test_a,test_b]`.

    python -m crosspy.ontarget.conformance run --root ROOT --python usr/bin/python3.13 --variant NAME --variants DIR --output FILE [...]
    python -m crosspy.ontarget.conformance compare OURS REFERENCE

Each file of ``test`` runs in a process of its own with a time limit, so that one that hangs or crashes tells about itself
alone. Exit status: 0 when all failed as expected, 1 otherwise, 2 for a mistake of the user.
"""
from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from pathlib import Path

from ..errors import UserError, nearest
from ..inspect import verdict
from ..variants import inherit, variant
from . import device, expectations, runner
from .groups import Groups
from .regrtest import Result

STATUSES = ("passed", "failed", "skipped", "timeout", "crashed")
# A file that runs fewer tests than this part of the reference's has lost a module, not a test that depends on the hour.
FEWER = 0.9
_KINDS = (("tests", int), ("skipped", int), ("failed", list))


def run_all(files: Sequence[str], run: Callable[[str], Result], jobs: int, say: Callable[[str], None],
            stop: Callable[[], None] = lambda: None) -> list[Result]:
    """Run files side by side; an unexpected failure gets one more try, alone. stop: ends what runs, when a signal ends this."""
    def one(file: str) -> Result:
        result = run(file)
        say(f"{result.status:<8} {result.seconds:>7.1f} s  {file}" + (f"  unexpected: {len(result.unexpected)}" if result.unexpected else ""))
        return result

    def several(names: Sequence[str], at_once: int) -> list[Result]:
        nonlocal say
        with ThreadPoolExecutor(at_once) as pool:
            try:
                return list(pool.map(one, names))   # it takes back what has not begun
            except BaseException:
                say = str   # what is stopped has not crashed
                stop()
                raise
    results = {result.file: result for result in several(files, jobs)}
    # What depends on the load of the machine passes when it runs alone.
    for again in several([file for file, result in results.items() if result.unexpected], 1):
        first = results[again.file]
        results[again.file] = replace(again, told=again.told or first.told, retried=tuple(first.unexpected))
    return list(results.values())


def summary(results: Sequence[Result], idle: Sequence[str] = ()) -> str:
    """Return the table for people: what failed, worst first, and the sums. idle: patterns of expectations that no failure matched."""
    lines = [f"{'UNEXPECTED':<11}{result.status:<9}{result.file}: {', '.join(result.unexpected[:10])}"
             for result in results if result.unexpected]
    lines += [f"{'expected':<11}{result.status:<9}{result.file}: {test}: {why}" for result in results for test, why in result.expected]
    lines += [f"{'retried':<11}{result.status:<9}{result.file}: at first {', '.join(result.retried[:10])}"
              for result in results if result.retried and not result.unexpected]
    lines += [f"{'skipped':<20}{result.file}: {result.told}" for result in results if result.status == "skipped"]
    lines += [f"{'changed':<11}{result.status:<9}{result.file}: it leaves a changed environment behind" for result in results if result.changed]
    lines += [f"note: {pattern}: expected to fail, and it did not; is its row in expectations.toml still needed?" for pattern in idle]
    counts = Counter(result.status for result in results)
    lines.append(f"conformance: {len(results)} files, {sum(result.tests for result in results)} tests, "
                 + ", ".join(f"{counts[status]} {status}" for status in STATUSES)
                 + f", {sum(len(result.unexpected) for result in results)} unexpected")
    return "".join(f"{line}\n" for line in lines)


def report(name: str, only: str, results: Sequence[Result], idle: Sequence[str]) -> dict:
    """Return what conformance.json holds. only: the files that were asked for, empty for all."""
    return {"variant": name, "only": only, "idle": list(idle),
            "files": {result.file: {**asdict(result), "expected": dict(result.expected), "unexpected": result.unexpected} for result in results}}


def loaded(path: Path) -> dict:
    """Read a conformance.json. Raises UserError for anything else."""
    try:
        found = json.loads(path.read_text("utf-8"))
        for row in found["files"].values():
            if row["status"] not in STATUSES or not all(isinstance(row[key], kind) for key, kind in _KINDS):
                raise ValueError
    except (ValueError, TypeError, KeyError, AttributeError):   # no JSON, or of another form
        raise UserError(str(path), "it is no result of conformance", "name a conformance.json") from None
    return found


def defects(ours: Mapping, reference: Mapping) -> dict[str, str]:
    """Return the files with which something works in the reference and not in ours, each with what that is."""
    found = {file: _worse(ours["files"].get(file), row, bool(ours.get("only"))) for file, row in sorted(reference["files"].items())}
    return {file: why for file, why in found.items() if why}


def _worse(ours: Mapping | None, theirs: Mapping, partial: bool) -> str:
    if theirs["status"] not in ("passed", "failed"):
        return ""
    if ours is None:
        return "" if partial or theirs["status"] != "passed" else "it passes there, and did not run here"
    if ours["status"] != "passed" and theirs["status"] == "passed":
        return f"it passes there, and here: {ours['status']}: {', '.join(ours['failed'][:10]) or ours.get('told', '')}"
    if more := sorted({*ours["failed"]} - {*theirs["failed"]}):
        return f"fails here alone: {', '.join(more[:10])}"
    ran, wanted = (row["tests"] - row["skipped"] for row in (ours, theirs))
    return f"{ran} tests ran, {wanted} there" if ran < FEWER * wanted else ""


def chosen(only: str, there: Sequence[str]) -> list[str]:
    """Return the test files that ``only=`` names; all without it. Raises UserError for one that does not exist.

    A package whose files run one by one (libregrtest/findtests.py, SPLITTESTDIRS) stands for all of them.
    """
    found: list[str] = []
    for name in (name.strip() for name in only.split(",") if name.strip()):
        files = [file for file in there if file == name or file.startswith(f"test.{name}.")]
        if not files:
            hint = nearest(name, there)
            raise UserError(f"only={name}", "there is no such test file" + (f"; {hint}?" if hint else ""), "name files of the package test")
        found += files
    return list(dict.fromkeys(found)) or list(there)


def _run(args: argparse.Namespace) -> int:
    known: dict[str, variant.Variant] = {}
    for folder in args.variants:
        known |= variant.load_all(folder, inherit.places(args.variants[0]))
    if args.variant not in known:
        raise UserError(f"--variant {args.variant}", nearest(args.variant, known) or "there is no such variant", "name a folder of --variants")
    target = known[args.variant]
    found = runner.runner(target)
    row, groups = None, Groups()
    with device.ends_in_order(), device.scratch(args.output) as scratch:
        try:
            shutil.copytree(args.root, scratch / "device", symlinks=True)
            python = scratch / "device" / args.python
            if args.test_package:   # copied, too: it gets byte-code beside it
                shutil.copytree(args.test_package, python.parents[1] / "lib" / python.name / "test", ignore=shutil.ignore_patterns("__pycache__"))
            env = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TERM": "xterm", **dict(found.env)}
            if found.foreign:
                row = _row(python, found.words[0], env)
            tests = device.Device((*found.words, str(python)), env, scratch, args.timeout * (3 if found.foreign else 1), found.foreign, groups)
            files = chosen(args.only, tests.files())
            expected = expectations.load(args.variants, sorted({target.name, target.triple}), found.foreign, tests.lacks)
            results = run_all(files, lambda file: tests.run(file, expected), args.jobs, lambda line: print(line, flush=True), groups.stop)
        finally:
            groups.stop()
            runner.unregister(row)
    idle = expectations.idle(expected, [result.file for result in results if result.ran],
                             [test for result in results for test in (*result.failed, *result.retried)])
    verdict.write_json(args.output, report(args.variant, args.only, results, idle))
    print(summary(results, idle), end="")
    return 1 if any(result.unexpected for result in results) else 0


def _row(python: Path, qemu: str, env: Mapping[str, str]) -> runner.Row | None:
    """Let the kernel start the interpreter, or say what fails without."""
    try:
        return runner.register(python, qemu)
    except OSError as error:
        if not runner.starts(python, env):
            print(f"note: the kernel takes no row for qemu ({error}): tests that start sys.executable fail", file=sys.stderr)
    return None


def main(arguments: Sequence[str] | None = None) -> int:
    """Run or compare; see the module's docstring."""
    parser = argparse.ArgumentParser(prog="crosspy.ontarget.conformance", description="CPython's own tests on what was built.")
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
    run.add_argument("--timeout", type=int, default=device.SECONDS, help="seconds for one file, three times as many under qemu")
    compare = commands.add_parser("compare", help="name files that do better with the reference than with ours")
    compare.add_argument("ours", type=Path)
    compare.add_argument("reference", type=Path)
    args = parser.parse_args(arguments)
    try:
        if args.command == "run":
            return _run(args)
        found = defects(loaded(args.ours), loaded(args.reference))
    except (UserError, OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 2
    print("".join(f"defect: {file}: {why}\n" for file, why in found.items()) + f"conformance: {len(found)} files do better with the reference")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

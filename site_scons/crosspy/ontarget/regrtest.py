"""What CPython's own test runner (Lib/test/libregrtest) says about one file: exit status and output -> Result."""
from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from . import expectations

# One per failure (unittest.runner.TextTestResult.printErrors), several of one id for subtests.
_NAMED = re.compile(r"^(?:ERROR|FAIL|UNEXPECTED SUCCESS): [^\n(]*\(([\w.]+)", re.M)
# unittest's own sum. regrtest's counts failures alone, no errors (libregrtest/result.py, TestStats.from_unittest).
_SUM = re.compile(r"^FAILED \((.*)\)$", re.M)
_FAILURES = ("failures", "errors", "unexpected successes")
_COUNT = re.compile(r"^Total tests: run=([\d,]+)(?: \(filtered\))?(?: failures=([\d,]+))?(?: skipped=([\d,]+))?", re.M)
_CHANGED = re.compile(r"^Total test files:.* env_changed=", re.M)
_SKIPPED = re.compile(r"^\S+ skipped(?: \(resource denied\))? -- (.*)|^(?:\S+ )?skipped", re.M)
_TIMEOUT = re.compile(r"^Timeout \(\d+:\d\d:\d\d\)!", re.M)   # faulthandler.dump_traceback_later
# A module that is there and cannot be loaded: glibc's words, musl's, and import's own. Tests take any ImportError for a reason
# to skip (test.support.import_helper.import_module).
_BROKEN = re.compile(r"cannot open shared object|undefined symbol|symbol lookup|version `|wrong ELF class|invalid ELF|Error relocating"
                     r"|Error loading shared|does not define module export function", re.I)
# regrtest: bad test, environment changed, no tests ran (Lib/test/libregrtest/results.py).
_BAD, _ENVIRONMENT, _NONE_RAN = 2, 3, 4


@dataclass(frozen=True)
class Result:
    """One file. status: passed, failed, skipped, timeout, crashed. failed: ids of tests, or the file's own name.

    tests, skipped: how many. seconds: of wall time. expected: those of failed that may fail, with the reason. told: the end of what
    it printed when it failed unexpectedly, and why it was skipped. changed: it left the environment otherwise than it found it (a
    thread, a warning filter, an exception in a destructor). retried: what failed unexpectedly at the first try.
    """

    file: str
    status: str
    tests: int = 0
    skipped: int = 0
    failed: tuple[str, ...] = ()
    seconds: float = 0.0
    expected: tuple[tuple[str, str], ...] = ()
    told: str = ""
    changed: bool = False
    retried: tuple[str, ...] = ()

    @property
    def unexpected(self) -> list[str]:
        return [test for test in self.failed if test not in dict(self.expected)]

    @property
    def ran(self) -> bool:
        """Whether its tests ran to the end."""
        return self.status in ("passed", "failed")


def judged(file: str, code: int | None, output: str, seconds: float, expected: Mapping[str, expectations.Row]) -> Result:
    """Return what one run of regrtest says. code: its exit status, None for one that was killed after its time."""
    tests, failures, skipped = _counted(output)
    status, failed, told = _status(code, output, tests), (), ""
    if status == "skipped":
        told = next((found[1] or "" for found in _SKIPPED.finditer(output)), "")
        status = "failed" if _BROKEN.search(told) else status
    if status not in ("passed", "skipped"):
        named = _NAMED.findall(output)
        failed = tuple(sorted(set(named)))
        # The file itself stands for what has no name: it would hide behind failures that are expected.
        if status != "failed" or not named or len(named) < failures or f"\ntest {file} crashed -- " in f"\n{output}":
            failed = (*failed, file)
    known = tuple((test, why) for test in failed if (why := expectations.reason(test, expected)))
    if len(known) < len(failed):
        told = output[-3000:]
    return Result(file, status, tests, skipped, failed, round(seconds, 1), known, told, bool(_CHANGED.search(output)))


def _status(code: int | None, output: str, tests: int) -> str:
    if code is None or code == 1 and _TIMEOUT.search(output):
        return "timeout"
    if code in (0, _ENVIRONMENT, _NONE_RAN):
        return "skipped" if code == _NONE_RAN or not tests and _SKIPPED.search(output) else "passed"
    return "failed" if code == _BAD and _COUNT.search(output) else "crashed"


def _counted(output: str) -> tuple[int, int, int]:
    """Return how many tests ran, failed in any way and were skipped. The last sums are the file's: a test may print others."""
    counts = _COUNT.findall(output)
    tests, failures, skipped = (int((number or "0").replace(",", "")) for number in (counts[-1] if counts else ("", "", "")))
    sums = _SUM.findall(output)
    parts = dict(part.split("=") for part in sums[-1].split(", ") if part.count("=") == 1) if sums else {}
    return tests, max(failures, sum(int(parts[kind]) for kind in _FAILURES if parts.get(kind, "").isdigit())), skipped

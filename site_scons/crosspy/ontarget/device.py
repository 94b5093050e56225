"""Where CPython's own tests run: a copy of root/, folders of their own, and processes of which none outlives the run."""
from __future__ import annotations

import fcntl
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from ..errors import UserError
from . import expectations, regrtest
from .forks import Forks
from .groups import Groups

SECONDS, GRACE = 900, 30   # of one file, threefold under qemu; on top, for regrtest to tell where it hangs
_LACKS = "import sys; __import__(sys.argv[1])"  # a stand-in, whose import says why a module is absent, can be found


@dataclass(frozen=True)
class Device:
    """A copy of root/ to run tests in: they write beside the library.

    command: the interpreter's words; seconds: per file. slow: the interpreter takes long to start, so that processes which run a file
    each are forked from one that has loaded what all of them need.
    """

    command: tuple[str, ...]
    env: Mapping[str, str]
    scratch: Path
    seconds: float = SECONDS
    slow: bool = False
    groups: Groups = field(default_factory=Groups)   # whoever stops them may give them

    @cached_property
    def _forks(self) -> Forks:
        return Forks(self.command, self.env, self.scratch, self.groups, self.seconds)

    def files(self) -> list[str]:
        """Return every test file that the interpreter's test package has. Raises UserError when it has none."""
        done = self._ask("-m", "test", "--list-tests")
        if done.returncode or not done.stdout.split():
            raise UserError(self.command[-1], f"it has no working test package ({done.stderr.strip()[-300:]})", "build with tests=yes")
        return done.stdout.split()

    def lacks(self, module: str) -> bool:
        """Tell whether the interpreter has no such module."""
        return bool(self._ask("-c", _LACKS, module).returncode)

    def _ask(self, *words: str) -> subprocess.CompletedProcess:
        try:
            return subprocess.run([*self.command, *words], env=self.env, cwd=self.scratch, capture_output=True, text=True,
                                  stdin=subprocess.DEVNULL, timeout=self.seconds)
        except subprocess.TimeoutExpired:
            raise UserError(self.command[-1], f"it did not answer within {self.seconds} s", "run it by hand") from None

    def run(self, file: str, expected: Mapping[str, expectations.Row]) -> regrtest.Result:
        """Run one test file."""
        start = time.monotonic()
        # A short name: the path of a socket below it takes no more than 107 bytes (unix(7)).
        with tempfile.TemporaryDirectory(prefix="", dir=self.scratch, ignore_cleanup_errors=True) as folder:
            # curses: screens go into a file where there is no terminal
            words = ["-W", "-u", "curses", "--timeout", str(self.seconds), "--tempdir", folder, file]
            said = Path(folder, "output")
            with open(said, "wb") as stream:
                code = (self._forks.call(words, self.seconds + GRACE, folder) if self.slow
                        else self.groups.call([*self.command, "-m", "test", *words], self.seconds + GRACE, cwd=folder, stdout=stream,
                                              env={**self.env, "HOME": folder, "TMPDIR": folder}))
            output = said.read_text("utf-8", "replace")
        return regrtest.judged(file, code, output, time.monotonic() - start, expected)


@contextmanager
def scratch(output: Path) -> Iterator[Path]:
    """Make a folder beside a result, gone afterwards, with what a killed run left in it. Raises UserError while another run has it."""
    folder = output.absolute().with_name(f".crosspy-{output.stem}")
    folder.mkdir(exist_ok=True)
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)   # the kernel lets go of it when the process dies
        except OSError:
            raise UserError(str(output), "another run is at work on it", "wait until it has ended, or name another --output") from None
        for left in folder.iterdir():
            shutil.rmtree(left, ignore_errors=True)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    finally:
        os.close(handle)


@contextmanager
def ends_in_order() -> Iterator[None]:
    """Turn signals that end the process into SystemExit, so that it tidies up.

    Tests start with signals as a terminal gives them, also in the background of a script, where a shell has SIGINT ignored: what a
    process handles is reset when it starts another program, what it ignores is not (signal(7)).
    """
    def end(number: int, frame) -> None:
        for each in before:
            signal.signal(each, _nothing)   # a second one would disturb the tidying
        raise SystemExit(128 + number)
    before = {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    for each, handler in before.items():
        signal.signal(each, _nothing if handler is signal.SIG_IGN else end)
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def _nothing(number: int, frame) -> None:
    pass

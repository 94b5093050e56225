"""Interpreters that have loaded regrtest and fork for each test file: under qemu-user to start and to load it takes longer than most files."""
from __future__ import annotations

import json
import os
import select
import signal
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from ..errors import UserError
from .groups import Groups

SCRIPT = Path(__file__).with_name("forkserver.py")


class Forks:
    """As many interpreters as files run at once. command: the interpreter's words; folder: where each gets a home; seconds: to load.

    The home is that of its files, too: site looks at it when an interpreter starts. Raises UserError, from call(), when one does not start.
    """

    def __init__(self, command: Sequence[str], env: Mapping[str, str], folder: Path, groups: Groups, seconds: float):
        self._command, self._env, self._folder, self._groups, self._seconds = command, env, folder, groups, seconds
        self._free: list[_Server] = []

    def call(self, words: Sequence[str], seconds: float, folder: str) -> int | None:
        """Run ``python -m test WORDS`` in a folder, whose file ``output`` gets what it prints. Returns its status, None after its
        time or a stop()."""
        server = self._free.pop() if self._free else self._started()
        if not server:
            return None
        code, alive = server.run(self._groups, [folder, list(words)], seconds)
        if alive:
            self._free.append(server)
        else:
            server.close()
        return code

    def _started(self) -> _Server | None:
        theirs, commands = os.pipe()
        answers, told = os.pipe()
        try:
            home = tempfile.mkdtemp(prefix="home-", dir=self._folder)
            with open(f"{home}.output", "wb") as stream:
                process = self._groups.start([*self._command, str(SCRIPT), str(theirs), str(told)], env={**self._env, "HOME": home}, cwd=home,
                                             stdout=stream, pass_fds=(theirs, told))
        finally:
            os.close(theirs)
            os.close(told)
        server = _Server(commands, answers)
        if process and server.line(self._seconds) != "ready" and not self._groups.stopped:
            said = Path(stream.name).read_text("utf-8", "replace").strip()[-300:]
            raise UserError(self._command[-1], f"it does not load its test package ({said})", "build with tests=yes; run it by hand")
        return server if process else None


class _Server:
    """One of them. commands, answers: descriptors."""

    def __init__(self, commands: int, answers: int):
        self._commands, self._answers, self._read = commands, answers, b""

    def close(self) -> None:
        """Let it end, if it is alive."""
        os.close(self._commands)
        os.close(self._answers)

    def run(self, groups: Groups, asked: list, seconds: float) -> tuple[int | None, bool]:
        """Run one file. Returns its status, as Forks.call() does, and whether the server can take another."""
        leader = groups.adopt(lambda: self._begin(asked))
        told = self.line(seconds) if leader else None
        groups.end(leader)
        if told == "":
            return None, bool(self.line(seconds))
        if told is None:   # the server is gone
            return None if groups.stopped else -signal.SIGKILL, False
        return int(told), True

    def _begin(self, asked: list) -> int:
        try:
            os.write(self._commands, json.dumps(asked).encode() + b"\n")
        except BrokenPipeError:
            return 0
        return int(self.line(60) or 0)

    def line(self, seconds: float) -> str | None:
        """Return the next answer; an empty string after so many seconds, None when there is none any more."""
        end = time.monotonic() + seconds
        while b"\n" not in self._read:
            if not select.select([self._answers], [], [], max(0, end - time.monotonic()))[0]:
                return ""
            part = os.read(self._answers, 4096)
            if not part:
                return None
            self._read += part
        told, _, self._read = self._read.partition(b"\n")
        return told.decode()

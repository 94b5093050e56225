"""The processes of a run of tests: whatever ends it, none of them stays."""
from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Callable, Sequence


class Groups:
    """Process groups at work, by the process that leads each. After stop() there is none, and none begins."""

    def __init__(self) -> None:
        self._lock, self._leaders, self.stopped = threading.Lock(), set[int](), False

    def start(self, words: Sequence[str], **more) -> subprocess.Popen | None:
        """Start a command as a group of its own; None after a stop()."""
        process = None

        def begin() -> int:
            nonlocal process
            process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stderr=subprocess.STDOUT, start_new_session=True, **more)
            return process.pid
        self.adopt(begin)
        return process

    def adopt(self, begin: Callable[[], int]) -> int:
        """Let a function begin a group; it returns the leader, or 0. Returns the same, after a stop() 0 without asking it."""
        with self._lock:
            leader = 0 if self.stopped else begin()
            self._leaders |= {leader} - {0}
            return leader

    def call(self, words: Sequence[str], seconds: float, **more) -> int | None:
        """Run a command, then kill what it left running. Returns its status, None after its time or a stop()."""
        process = self.start(words, **more)
        if not process:
            return None
        try:
            code: int | None = process.wait(seconds)
        except subprocess.TimeoutExpired:
            code = None
        self.end(process.pid)
        process.wait()
        return code

    def end(self, leader: int) -> None:
        """Kill a group, and what its leader left running. leader: 0 for none."""
        with self._lock:
            self._leaders.discard(leader)
            if leader:
                kill(leader)

    def stop(self) -> None:
        """Kill all, also what they have started."""
        with self._lock:
            self.stopped = True
            for leader in self._leaders:
                kill(leader)


def kill(group: int) -> None:
    """Kill a process group, if there is one."""
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        pass

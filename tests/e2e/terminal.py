"""A pseudo-terminal with a program on it, and someone who types."""
from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import subprocess
import termios
from collections.abc import Sequence

import pytest
from checkout import LONGEST

ROWS, COLUMNS = 24, 80


class Terminal:
    """A program on a terminal of 24 rows of 80 columns; it ends with the block. root: a folder to start it in as ``/``."""

    def __init__(self, command: Sequence[str], env: dict[str, str], root: str = ""):
        self.own, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))

        def control() -> None:
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)
            if root:
                os.chroot(root)
                os.chdir("/")
        self.process = subprocess.Popen(command, env=env, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True, preexec_fn=control)
        os.close(theirs)
        self.shown = b""

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self.own)

    def until(self, text: str) -> str:
        """Wait until a text is shown; return all that was shown since the last call, up to its end."""
        wanted = text.encode()
        while wanted not in self.shown:
            more = b""
            if select.select([self.own], [], [], LONGEST)[0]:
                try:
                    more = os.read(self.own, 65536)
                except OSError:  # EIO: no program has it open any more
                    pass
            if not more:
                pytest.fail(f"{text!r} was not shown, but {self.shown.decode(errors='replace')!r}", pytrace=False)
            self.shown += more
        found, _, rest = self.shown.partition(wanted)
        self.shown = rest
        return (found + wanted).decode(errors="replace")

    def type(self, keys: str) -> None:
        os.write(self.own, keys.encode())

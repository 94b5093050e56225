"""One SCons at a time in a build folder, and no trust in what a killed one left behind.

SCons records what it built only when it ends. So an output that a killed run replaced can look up to date once its source
is put back. A run therefore leaves a marker while it works; the next one that finds it removes every output newer than
the marker, and an orderly end removes what was put in place without being recorded.
"""
from __future__ import annotations

import atexit
import fcntl
import os
from collections.abc import Callable
from pathlib import Path

from .errors import UserError

MARKER = ".started"
# Folders that hold no outputs of SCons: they guard themselves (release.py) or are another program's cache.
NOT_OURS = {"sources", "zig-cache"}


class RunLock:
    """The lock on a build folder, held until the process ends.

    folder: made when it does not exist.  Raises UserError when another SCons holds it, or it cannot be written.
    """

    def __init__(self, folder: Path):
        self.folder = folder
        self._made = [path for path in (folder, *folder.parents) if not path.exists()]
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if not os.access(folder, os.W_OK | os.X_OK):
                raise PermissionError(13, "Permission denied")
            self._handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        except OSError as error:
            raise UserError(f"build_dir={folder}", f"the folder cannot be written ({error.strerror})",
                            "name one that you own with build_dir=") from None
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise UserError(f"build_dir={folder}", "another SCons is at work in this folder",
                            "wait until it has ended, or name another folder with build_dir=") from None

    def abandon(self) -> None:
        """Undo the lock after a user's error: the folders that this run made go away again, if they are empty."""
        for path in self._made:
            try:
                path.rmdir()
            except OSError:
                return

    def release(self) -> None:
        """Let another SCons in: this run writes no output of a build any more."""
        os.close(self._handle)

    def distrust(self, say: Callable[[str], None]) -> None:
        """Remove what a killed run put in place. Must run before SCons looks at any output."""
        marker = self.folder / MARKER
        try:
            since = marker.stat().st_mtime_ns
        except OSError:
            return
        removed = 0
        for top, folders, names in os.walk(self.folder):
            if Path(top) == self.folder:
                folders[:] = [name for name in folders if name not in NOT_OURS]
            for name in names:
                path = os.path.join(top, name)
                # ctime, since copies keep the mtime of their source
                if os.lstat(path).st_ctime_ns >= since and path != str(marker) and not name.startswith(".sconsign"):
                    os.unlink(path)
                    removed += 1
        say(f"the last run was killed: {removed} of its outputs are made again")
        marker.unlink()

    def start(self, unrecorded: Callable[[], list[str]]) -> None:
        """Leave the marker. unrecorded: names, at exit, the outputs in place that SCons did not record."""
        marker = self.folder / MARKER
        marker.write_text(f"{os.getpid()}\n")

        def end() -> None:
            for path in unrecorded():
                try:
                    os.unlink(path)
                except OSError:
                    pass
            marker.unlink(missing_ok=True)
        atexit.register(end)

"""One SCons at a time in a build folder, and no trust in what a killed one left behind.

SCons records what it built only when it ends. So an output that a killed run replaced can look up to date once its source
is put back. A run therefore leaves a marker while it works; the next one that finds it removes every output newer than
the marker, and an orderly end removes what was put in place without being recorded.
"""
from __future__ import annotations

import atexit
import fcntl
import os
from collections.abc import Callable, Iterable
from pathlib import Path

from ..errors import UserError

MARKER = ".started"
LIBRARIES = "deps"  # of deps/shelf.py: folders of libraries, each with a plan of its own
PLAN = "graph.json"  # of stages.py: a folder with one holds outputs of SCons; others guard themselves, or are somebody else's


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
        say(f"the last run was killed: {distrusted(self.folder, since)} of its outputs are made again")
        marker.unlink()

    def start(self, unrecorded: Callable[[], list[str]]) -> None:
        """Leave the marker. unrecorded: names, at exit, the outputs in place that SCons did not record."""
        marker = self.folder / MARKER
        marker.write_text(f"{os.getpid()}\n")

        def end() -> None:
            remove(unrecorded())
            marker.unlink(missing_ok=True)
        atexit.register(end)


def distrusted(folder: Path, since: int) -> int:
    """Remove every output below a build folder's plans that is as new as a time (ns). Returns how many that were."""
    newer = []
    for build in [*folder.glob(f"*/{PLAN}"), *folder.glob(f"{LIBRARIES}/*/*/{PLAN}")]:
        for top, _, names in os.walk(build.parent):
            paths = (os.path.join(top, name) for name in names)
            newer += [path for path in paths if os.lstat(path).st_ctime_ns >= since]  # ctime, since copies keep the mtime of their source
    remove(newer)
    return len(newer)


def remove(paths: Iterable[str]) -> None:
    """Remove files as far as they are there."""
    for path in paths:
        try:
            os.unlink(path)
        except OSError:
            pass


class Mark:
    """The marker in a build folder of a parent's: nobody is refused, but what a killed run left is not trusted either.

    The parent's SCons is not ours to lock. So the marker itself is held: the next run that finds it and can hold it knows
    that its run has died; otherwise that is still at work, and nothing is touched.
    """

    def __init__(self, folder: Path):
        self.path, self.since = folder / f"{MARKER}-by-parent", 0
        self._handle = -1

    def distrust(self, say: Callable[[str], None]) -> None:
        """Remove what a killed run put in place. Afterwards `since` is its start in ns, 0 without one."""
        try:
            handle = os.open(self.path, os.O_RDONLY)
        except OSError:
            return
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self.since = os.stat(handle).st_mtime_ns
            say(f"the last run was killed: {distrusted(self.path.parent, self.since)} of its outputs are made again")
            self.path.unlink()
        except OSError:
            pass  # another SCons is at work
        finally:
            os.close(handle)

    def doubt(self, path: str) -> None:
        """Remove one output outside of the build folder that the killed run may have put in place."""
        if self.since and os.path.lexists(path) and os.lstat(path).st_ctime_ns >= self.since:
            remove([path])

    def start(self, unrecorded: Callable[[], list[str]]) -> None:
        """Leave the marker. unrecorded: names, at exit, the outputs in place that SCons did not record."""
        self._handle = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o644)
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return  # another SCons is at work: it is its marker

        def end() -> None:
            remove(unrecorded())
            self.path.unlink(missing_ok=True)
        atexit.register(end)

    def abandon(self) -> None:
        """Nothing was locked, so nothing is undone."""

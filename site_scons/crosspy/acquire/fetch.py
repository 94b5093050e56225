"""Pinned archives: into ``downloads/`` from where they can be had, complete and verified or not at all.

Nothing here knows CPython: any library's release is an Archive. Everything unfinished lives in a folder whose name
starts with ``.crosspy-``, inside the folder it is meant for, and is renamed out of it at the end. That folder is locked
meanwhile, so that what a killed run left behind can be told from what another run is working on.
"""
from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from ..errors import UserError

TEMPORARY = ".crosspy-"
OPEN_SECONDS = 5.0    # until the server's answer starts: name, connection, TLS and header together
STALL_SECONDS = 15.0  # without a byte in the middle of a download
LARGEST = 200_000_000  # bytes of an archive whose size is not known


@dataclass(frozen=True)
class Archive:
    """The pin of one released archive. size: bytes, 0 where only the digest has been published. urls: upstream's own, HTTPS; the first one names the file.

    debian: the Debian source package whose orig archive is the same file, or "".  suites: the Debian suites that
    carry it, in the order to try.  named: its name in ``downloads/`` where that is not the first URL's.
    """

    name: str
    version: str
    sha256: str
    size: int
    urls: tuple[str, ...]
    debian: str = ""
    suites: tuple[str, ...] = ()
    named: str = ""

    @property
    def file(self) -> str:
        """The archive's name in ``downloads/``."""
        return self.named or self.urls[0].rsplit("/", 1)[-1]

    @property
    def folder(self) -> str:
        """The name of its tree in ``build/sources/``."""
        return f"{self.name}-{self.version}"


class Unavailable(Exception):
    """An archive cannot be had from one place (or, from obtain(), from none); the text says where and why.

    A fetcher raises it without a text for an archive whose pin does not name its place."""


# Writes the archive's bytes to a path that does not exist yet, and returns where they came from ("python.org").
# Raises Unavailable. What it writes is verified by the caller; the path's folder is its own to work in.
Fetcher = Callable[[Archive, Path], str]


def sha256_of(path: Path) -> str:
    """Return the sha256 of a file's content, in hexadecimal. Raises UserError where it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise UserError(str(path), error.strerror or str(error), "make it readable") from None


def difference(path: Path, archive: Archive) -> str:
    """Return how a file differs from its pin, as a phrase without a subject, or "" where it is the pinned one."""
    size, found = path.stat().st_size, sha256_of(path)
    expected = archive.size or size
    if (size, found) == (expected, archive.sha256):
        return ""
    length = "" if size == expected else f"has {size} bytes, not {archive.size}, and "
    return f"{length}has sha256 {found}, not {archive.sha256}"


@contextmanager
def workspace(folder: Path, say: Callable[[str], None] = print) -> Iterator[Path]:
    """Lock a folder, made where missing, and lend a temporary folder inside it that is always removed.

    Folders that were made and stay empty are removed as well. Raises UserError for what the operating system
    refuses here: a full disk, a folder that cannot be written.
    """
    created = [path for path in (folder, *folder.parents) if not path.exists()]
    lock = -1
    try:
        lock = _lock(folder, say)
        _remove(_leftovers(folder))
        work = Path(tempfile.mkdtemp(prefix=TEMPORARY, dir=folder))
        try:
            yield work
        finally:
            _remove([work])
    except OSError as error:
        raise _refused(folder, error) from None
    finally:
        for path in created:
            with suppress(OSError):
                path.rmdir()
        if lock >= 0:
            os.close(lock)


def sweep(folder: Path) -> None:
    """Remove what a killed run left in a folder, unless another run is at work there; costs one listing."""
    leftovers = _leftovers(folder)
    if not leftovers:
        return
    with suppress(OSError):
        lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _remove(leftovers)
        finally:
            os.close(lock)


def _leftovers(folder: Path) -> list[Path]:
    try:
        return [folder / name for name in os.listdir(folder) if name.startswith(TEMPORARY)]
    except OSError:
        return []


def _remove(paths: list[Path]) -> None:
    for path in paths:
        shutil.rmtree(path, ignore_errors=True)


def _lock(folder: Path, say: Callable[[str], None]) -> int:
    while True:
        folder.mkdir(parents=True, exist_ok=True)
        lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"{folder}: waiting for another run that works there")
            fcntl.flock(lock, fcntl.LOCK_EX)
        except OSError:
            return lock  # a file system without locks (some NFS): two runs at once are the user's care
        # The run we waited for may have removed the folder, having failed: then this lock holds nothing.
        with suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(lock), os.stat(folder)):
                return lock
        os.close(lock)


def _refused(folder: Path, error: OSError) -> UserError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return UserError(str(folder), f"{os.strerror(error.errno)}; nothing was left behind",
                         "free some space and try again")
    what = f"{error.strerror or error}" + (f" ({error.filename})" if error.filename else "")
    return UserError(str(folder), what, "make this a folder that can be written, or name another one")


def obtain(archive: Archive, downloads: Path, fetchers: tuple[Fetcher, ...], say: Callable[[str], None] = print) -> str:
    """Put an archive into ``downloads/`` from the first fetcher that has it; return where it came from.

    Says one line per fetcher tried. Raises Unavailable with every reason, UserError where the disk refuses.
    """
    reasons = []
    target = downloads / archive.file
    with workspace(downloads, say) as work:
        if target.is_file():  # the run that we waited for has fetched it
            return f"{downloads.name}/{archive.file}"
        for number, fetcher in enumerate(fetchers):
            part = work / str(number) / archive.file
            part.parent.mkdir()
            start = time.monotonic()
            try:
                origin = fetcher(archive, part)
                if wrong := difference(part, archive):
                    raise Unavailable(f"{origin}: what it sent {wrong}")
            except Unavailable as error:
                if str(error):  # else the archive never comes from there
                    say(f"{archive.file}: {error}")
                    reasons.append(str(error))
                continue
            os.replace(part, target)
            seconds = time.monotonic() - start
            say(f"{archive.file}: fetched from {origin} ({target.stat().st_size / 1e6:.1f} MB, {seconds:.1f} s)")
            return origin
    raise Unavailable("; ".join(reasons))


def from_upstream(archive: Archive, part: Path) -> str:
    """The fetcher of upstream's own URLs (for CPython: python.org), over HTTPS unless a URL says otherwise."""
    reasons = []
    for url in archive.urls:
        host = url.split("/")[2].removeprefix("www.")
        try:
            _download(url, archive.size, part)
            return host
        except Unavailable as error:
            reasons.append(f"{host}: {error}")
    raise Unavailable("; ".join(reasons))


def _download(url: str, size: int, part: Path) -> None:
    response = _open(url)
    with response, part.open("wb") as file:
        while file.tell() <= (size or LARGEST):  # whatever is longer than the pin is wrong anyway
            try:
                block = response.read(1 << 18)
            except Exception as error:
                raise Unavailable(f"it stopped after {file.tell()} of {size or 'unknown'} bytes ({_reason(error)})") from None
            if not block:
                return
            file.write(block)


def _open(url: str):
    """Open a URL within OPEN_SECONDS. A thread, because neither looking up a name nor a host of many addresses, each
    with a time-out of its own, can be bounded otherwise; a thread that is too late is left to end by itself."""
    import queue
    import threading
    import urllib.request  # here, because importing it takes longer than a warm build's whole stage

    answer: queue.Queue = queue.Queue()

    def ask():
        try:
            request = urllib.request.Request(url, headers={"User-Agent": "cpython-scons"})
            answer.put((urllib.request.urlopen(request, timeout=STALL_SECONDS), None))
        except Exception as error:
            answer.put((None, error))

    threading.Thread(target=ask, daemon=True).start()
    try:
        response, error = answer.get(timeout=OPEN_SECONDS)
    except queue.Empty:
        raise Unavailable(f"no answer within {OPEN_SECONDS:.0f} s") from None
    if error:
        raise Unavailable(f"it cannot be reached ({_reason(error)})")
    return response


def _reason(error: Exception) -> str:
    inner = getattr(error, "reason", error)  # urllib wraps the operating system's error
    return " ".join((getattr(inner, "strerror", None) or str(inner) or type(inner).__name__).split())

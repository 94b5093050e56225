"""A checkout of cpython-scons under test: scons run in it, what it shows, and the state of its folders."""
from __future__ import annotations

import hashlib
import os
import re
import shutil
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
PARTS = ("SConstruct", "site_scons", "cpython", "variants", "deps")  # what a build needs of a checkout
SHOWN = re.compile(r"^\[ *\d+\] +(\S+) +(.*)$", re.MULTILINE)
LONGEST = 1800  # seconds: no single command of these tests takes longer


def missing(reason: str) -> None:
    """Skip the test, naming what to install; with CI=true, where everything must be there, fail it."""
    (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)


def need(program: str, package: str) -> str:
    """Return the path of a program, or end the test with the name of its Debian package."""
    found = shutil.which(program)
    if not found:
        missing(f"{program} is not here: apt-get install {package}")
    return found


def need_root(why: str) -> None:
    if os.geteuid() != 0:
        missing(f"only root can do this: {why}")


ORDINARY = ("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups")


def ordinary(checkout: Checkout) -> tuple[str, ...]:
    """Return the words that make a command an ordinary user's, where that user can read what it needs."""
    if os.geteuid() != 0:
        return ()
    need("setpriv", "util-linux")
    probe = subprocess.run([*ORDINARY, sys.executable, "-c", "import SCons, ziglang"], cwd=checkout.folder, capture_output=True)
    if probe.returncode:
        missing("an ordinary user cannot read the Python that runs these tests: install it somewhere that others can read")
    return ORDINARY


def give(folder: Path) -> None:
    """Make a checkout's folders an ordinary user's, who then can build in it; files that it shares stay as they are."""
    if os.geteuid() == 0:
        for where, _, names in os.walk(folder):
            os.chown(where, int(ORDINARY[2]), int(ORDINARY[4]))
            for name in names:
                path = os.path.join(where, name)
                if os.lstat(path).st_nlink == 1:
                    os.lchown(path, int(ORDINARY[2]), int(ORDINARY[4]))


def flavoured(flavour: str = "") -> str:
    """Return the flavour of a build folder that scons() makes: without third-party libraries, unless it says otherwise.

    ``+deps-source``, the default of the command line, is in no folder's name.
    """
    parts = [part for part in flavour.split("+") if part]
    if "deps-source" in parts:
        return "".join(f"+{part}" for part in sorted(parts) if part != "deps-source")
    return "".join(f"+{part}" for part in sorted([*parts, *([] if any(part.startswith("deps-") for part in parts) else ["deps-none"])]))


@dataclass(frozen=True)
class Run:
    """One finished run of scons. seconds: wall time."""

    code: int
    out: str
    err: str
    seconds: float

    @property
    def shown(self) -> list[str]:
        """The commands that ran, as they are shown: ``CC host Objects/dictobject``."""
        return [f"{word} {rest}" for word, rest in SHOWN.findall(self.out)]

    def of(self, word: str) -> list[str]:
        """What ran under one word: the rests of its lines, sorted."""
        return sorted(line.partition(" ")[2] for line in self.shown if line.startswith(word + " "))


class Checkout:
    """A folder with an SConstruct in it. downloads: where its archives are."""

    def __init__(self, folder: Path, downloads: Path | None = None):
        self.folder, self.downloads = folder, downloads or REPOSITORY / "downloads"

    @property
    def build(self) -> Path:
        return self.folder / "build"

    def command(self, *words: str) -> list[str]:
        places = [] if self.folder == REPOSITORY or any(word.startswith("downloads=") for word in words) \
            else [f"downloads={self.downloads}"]
        # Third-party libraries have tests of their own: to build them for all others would take minutes each.
        deps = ["deps=none"] if any(word.startswith("target=") for word in words) and not any(word.startswith("deps=") for word in words) else []
        end = words.index("--") if "--" in words else len(words)  # what is behind is the program's
        return [sys.executable, "-m", "SCons", *words[:end], *places, *deps, *words[end:]]

    def scons(self, *words: str, check: bool = True, env: Mapping[str, str | None] | None = None, before=(), umask: int = -1) -> Run:
        """Run scons to its end. env: on top of the environment, None removes. before: words in front, as setpriv's."""
        start = time.monotonic()
        done = subprocess.run([*before, *self.command(*words)], cwd=self.folder, env=_environment(env), stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, errors="replace", umask=umask, timeout=LONGEST)
        run = Run(done.returncode, done.stdout, done.stderr, time.monotonic() - start)
        print(f"scons {' '.join(words)}: {run.seconds:.1f} s, {len(run.shown)} commands, status {run.code}")
        if check and run.code:
            pytest.fail(f"scons {' '.join(words)} failed:\n{run.out[-4000:]}\n{run.err[-4000:]}", pytrace=False)
        return run

    def start(self, *words: str, env: Mapping[str, str | None] | None = None) -> "Started":
        return Started(subprocess.Popen(self.command(*words), cwd=self.folder, env=_environment(env), stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
                                        start_new_session=True))


class Started:
    """A scons at work, alone in its process group, so that all of it can be killed as a terminal or the kernel would."""

    def __init__(self, process: subprocess.Popen):
        self.process, self.lines = process, []
        self._grown = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        for line in self.process.stdout:
            with self._grown:
                self.lines.append(line)
                self._grown.notify_all()
        with self._grown:
            self.lines.append("")  # the end
            self._grown.notify_all()

    def until(self, pattern: str) -> str:
        """Wait for a line of output that matches; fail when scons ends without it."""
        with self._grown:
            self._grown.wait_for(lambda: any(re.search(pattern, line) or not line for line in self.lines), LONGEST)
            for line in self.lines:
                if re.search(pattern, line):
                    return line
        pytest.fail(f"scons ended before it showed {pattern!r}:\n{''.join(self.lines)[-3000:]}", pytrace=False)

    def kill(self, number: int) -> None:
        """Send a signal to the whole group and wait for the end of all of it."""
        try:
            os.killpg(self.process.pid, number)
        except ProcessLookupError:
            pass
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            pytest.fail(f"scons did not end within a minute of signal {number}")
        self._reader.join(60)

    def finish(self) -> Run:
        self.process.wait(LONGEST)
        self._reader.join(60)
        return Run(self.process.returncode, "".join(self.lines), "", 0)


def _environment(changes: Mapping[str, str | None] | None) -> dict[str, str]:
    merged = {**os.environ, **(changes or {})}
    return {name: value for name, value in merged.items() if value is not None and name != "SCONSFLAGS"}


def clone(to: Path, sources: bool = True, zig_cache: bool = False, builds: tuple[str, ...] = ()) -> Checkout:
    """Make a second checkout. sources, zig_cache: share the unpacked releases, and what zig has built of its libcs.

    builds: folders of the main build/ to copy, with SCons's own records, so that the copy starts as finished as they are.
    Our byte-code goes along, with the times of its sources: scons writes none, and would compile all of crosspy at every start.
    """
    to.mkdir(parents=True)
    for name in PARTS:
        if (REPOSITORY / name).is_dir():
            shutil.copytree(REPOSITORY / name, to / name)
        elif (REPOSITORY / name).exists():
            shutil.copy2(REPOSITORY / name, to / name)
    main, mine = REPOSITORY / "build", to / "build"
    if sources:
        copied(main / "sources", mine / "sources", linked=True)
    if zig_cache:
        zig_copied(main / "zig-cache", mine / "zig-cache")
    for name in builds:
        shutil.copytree(main / name, mine / name, symlinks=True)
    if builds:
        shutil.copy2(main / ".sconsign.dblite", mine / ".sconsign.dblite")
    return Checkout(to)


def newest(build: Path) -> Path:
    """Return the unpacked tree of the newest release in a build folder."""
    trees = [path.parent for path in (build / "sources").glob("Python-*/configure.ac")]
    return max(trees, key=lambda tree: [int(part) for part in re.findall(r"\d+", tree.name)])


def copied(folder: Path, to: Path, linked: bool = False) -> None:
    """Copy a folder as it is; linked: its files are shared, as far as that is possible. cp(1), since there are tens of thousands."""
    to.parent.mkdir(parents=True, exist_ok=True)
    for last in (False, False, True):  # the other process of the tests may be at work in the folder
        if linked and not subprocess.run(["cp", "-alT", folder.resolve(), to], capture_output=True).returncode:
            return
        shutil.rmtree(to, ignore_errors=True)
        if not subprocess.run(["cp", "-aT", folder.resolve(), to], check=last, capture_output=True).returncode:
            return
        shutil.rmtree(to, ignore_errors=True)


def zig_copied(cache: Path, to: Path) -> None:
    """Copy what zig has built. It rewrites the lists of a cache entry in place (h), what it built (o) it replaces."""
    for name in "ohzb":
        if (cache / name).exists():
            copied(cache / name, to / name, linked=name == "o")


def snapshot(folder: Path) -> dict[str, tuple]:
    """Return every file, link and folder below a folder: mode, and of a file all that a write would change."""
    found = {}
    for where, names, plain in os.walk(folder):
        for name in plain + names:
            path = os.path.join(where, name)
            facts = os.lstat(path)
            times = () if stat.S_ISDIR(facts.st_mode) else (facts.st_size, facts.st_mtime_ns, facts.st_ino)
            found[os.path.relpath(path, folder)] = (facts.st_mode, *times)
    return found


def contents(folder: Path) -> dict[str, tuple]:
    """Return every file, link and folder below a folder: mode and sha256, target, mode."""
    found = {}
    for where, names, plain in os.walk(folder):
        for name in plain + names:
            path = os.path.join(where, name)
            mode = os.lstat(path).st_mode
            if os.path.islink(path):
                value = ("link", os.readlink(path))
            elif os.path.isdir(path):
                value = ("folder", mode)
            else:
                with open(path, "rb") as stream:
                    value = (mode, hashlib.file_digest(stream, "sha256").hexdigest())
            found[os.path.relpath(path, folder)] = value
    return found


def differences(left: Mapping, right: Mapping) -> list[str]:
    """Return the names whose values differ, sorted; short lists make readable failures."""
    return sorted(name for name in left.keys() | right.keys() if left.get(name) != right.get(name))


def assert_up_to_date(checkout: Checkout, *words: str) -> None:
    """Run the same command again: it says that nothing is to do, and nothing below build/ changes."""
    before = snapshot(checkout.build)
    run = checkout.scons(*words)
    assert run.shown == []
    assert "is up to date" in run.out
    assert [name for name in differences(before, snapshot(checkout.build)) if not name.startswith(".sconsign")] == []

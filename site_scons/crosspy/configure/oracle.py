"""The oracle of `scons parity`: the release's own configure, run for the same target with the same compiler.

It runs in ``<build folder>/oracle/`` and is kept there under the digest of all that it rests on. Its `_sysconfigdata` is made
by upstream's own rule (``make pybuilddir.txt``), with the interpreter that a cross configure insists on.
"""
from __future__ import annotations

import fcntl
import hashlib
import json
import os
import platform
import re
import runpy
import shlex
import shutil
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ..errors import UserError

CONFIGURE_SECONDS = 3600  # with zig on a busy machine it takes minutes
_KEPT = ("pyconfig.h", "Makefile", "config.log", "configure.out")


@dataclass(frozen=True)
class Task:
    """What to configure. host, build: triples, as configure's options of these names say (host is the target).

    cc, cxx, ar: commands.  environment: on top of a bare one.  interpreter: a Python of the same series for this machine.
    arguments: configure's own besides.  settings: environment variables of configure's, cache variables among them.
    digests: what else the answer rests on, the release's and the toolchain's.
    """

    tree: Path
    folder: Path
    host: str
    cc: tuple[str, ...]
    cxx: tuple[str, ...]
    ar: tuple[str, ...]
    environment: Mapping[str, str]
    interpreter: Path
    arguments: tuple[str, ...]
    settings: Mapping[str, str]
    digests: tuple[str, ...]

    @property
    def build(self) -> str:
        """configure's name of this machine. Equal to host, it runs what it compiles; else it guesses."""
        return f"{platform.machine()}-linux-gnu"


@dataclass(frozen=True)
class Oracle:
    """What configure said. pyconfig: the header's text.  variables: `_sysconfigdata`.  seconds: its wall time."""

    pyconfig: str
    variables: Mapping[str, object]
    seconds: float


def driver_for_cxx(cc: tuple[str, ...]) -> tuple[str, ...]:
    """Return the C++ driver beside a C driver: ``g++`` beside ``gcc``, ``zig c++`` for ``zig cc``."""
    if cc[1:2] == ("cc",):
        return (cc[0], "c++", *cc[2:])
    return (re.sub(r"gcc(?=[^/]*$)", "g++", cc[0]), *cc[1:])


def ask(task: Task, say: Callable[[str], None]) -> Oracle:
    """Return what configure says, from the folder where it holds still. Raises UserError with its words when it fails."""
    task.folder.mkdir(parents=True, exist_ok=True)
    stamp, key = task.folder / "oracle.json", _key(task)
    with open(task.folder / ".lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        kept = _read(stamp)
        if kept.get("key") != key or not all((task.folder / name).is_file() for name in _KEPT):
            stamp.unlink(missing_ok=True)
            say(f"configure: {task.host} with {task.cc[0]}; this takes a while")
            kept = {"key": key, "seconds": _configure(task)}
            kept["sysconfigdata"] = _sysconfigdata(task)
            part = stamp.with_suffix(".part")
            part.write_text(json.dumps(kept), "utf-8")
            os.replace(part, stamp)
    variables = runpy.run_path(str(task.folder / kept["sysconfigdata"]))["build_time_vars"]
    return Oracle((task.folder / "pyconfig.h").read_text("utf-8"), variables, kept["seconds"])


def _read(stamp: Path) -> dict:
    try:
        found = json.loads(stamp.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _key(task: Task) -> str:
    rows = [task.digests, task.host, task.build, task.cc, task.cxx, task.ar, sorted(task.environment.items()), str(task.interpreter),
            task.arguments, sorted(task.settings.items()), str(task.tree), str(task.folder)]
    return hashlib.sha256(json.dumps(rows).encode()).hexdigest()


def _environment(task: Task) -> dict[str, str]:
    """The whole environment: nothing of the user's gets in, and pkg-config finds what lies in an empty folder."""
    empty = task.folder / "pkgconfig"
    empty.mkdir(exist_ok=True)
    found = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "CONFIG_SITE": "", "PKG_CONFIG_LIBDIR": str(empty), "PYTHONDONTWRITEBYTECODE": "1",
             "TMPDIR": str(task.folder), "CC": shlex.join(task.cc), "CXX": shlex.join(task.cxx), "AR": shlex.join(task.ar)}
    return {**found, **task.environment, **task.settings}


def _configure(task: Task) -> float:
    for path in task.folder.iterdir():
        if path.name != ".lock":
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    command = [str(task.tree / "configure"), f"--host={task.host}", f"--build={task.build}",
               f"--with-build-python={task.interpreter}", *task.arguments]
    start = time.monotonic()
    _run(task, command, "configure.out")
    return time.monotonic() - start


def _sysconfigdata(task: Task) -> str:
    """Make `_sysconfigdata` by upstream's rule; return its path below the folder."""
    make = shutil.which("make")
    if make is None:
        raise UserError("scons parity", "make is not on PATH, and upstream's rule for _sysconfigdata needs it", "install make")
    # Where configure can run what it compiles, it would first build the target's own interpreter for this.
    python = ("_PYTHON_PROJECT_BASE=$(abs_builddir) _PYTHON_HOST_PLATFORM=$(_PYTHON_HOST_PLATFORM) PYTHONPATH=$(srcdir)/Lib "
              "_PYTHON_SYSCONFIGDATA_NAME=_sysconfigdata_$(ABIFLAGS)_$(MACHDEP)_$(MULTIARCH) "
              f"_PYTHON_SYSCONFIGDATA_PATH=$(abs_builddir)/none {shlex.quote(str(task.interpreter))}")
    native = [f"PYTHON_FOR_BUILD={python}", "PYTHON_FOR_BUILD_DEPS="] if task.host == task.build else []
    _run(task, [make, "pybuilddir.txt", *native], "make.out")
    folder = (task.folder / "pybuilddir.txt").read_text("utf-8").strip()
    found = sorted((task.folder / folder).glob("_sysconfigdata_*.py"))
    if len(found) != 1:
        raise UserError(str(task.folder), f"make pybuilddir.txt left {len(found)} files of sysconfig's data", "look into make.out there")
    return os.path.relpath(found[0], task.folder)


def _run(task: Task, command: list[str], log: str) -> None:
    path = task.folder / log
    with open(path, "wb") as stream:
        try:
            done = subprocess.run(command, cwd=task.folder, env=_environment(task), stdin=subprocess.DEVNULL, stdout=stream,
                                  stderr=subprocess.STDOUT, timeout=CONFIGURE_SECONDS)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise UserError(command[0], f"it cannot be run ({error})", "see the folder's config.log") from None
    if done.returncode:
        lines = [line for line in path.read_text("utf-8", "replace").splitlines() if line.strip()]
        raise UserError(command[0], f"it failed: {' | '.join(lines[-3:])[:800]}", f"see {path} and config.log beside it")

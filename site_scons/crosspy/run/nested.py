"""Another run of SCons on this project, by a run that needs its result before its own graph can be made."""
from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping

# What such a run takes over from the command line: where everything is, and from which source it comes.
KEPT = ("source", "downloads", "build_dir", "variants", "verbose")

# The top folder is that of this run, wherever the project is: SCons takes the folder of a script named with -f for it.
_SCRIPT = "SConscript({!r}, exports={{'front_door': True}})\n"


def run(session, words: tuple[str, ...], arguments: Mapping[str, str], quiet: bool = False) -> subprocess.CompletedProcess:
    """Run SCons; the build folder's lock must be released. Returns the finished process.

    session: Session.  words: targets.  arguments: beside those of KEPT that this run was given.  quiet: its output is kept
    for the caller instead of shown.  SCONSFLAGS is the user's word to this run, not to that one.
    """
    given = {name: value for name, value in session.arguments.items() if name in KEPT} | dict(arguments)
    command = [sys.executable, "-m", "SCons", "-Q", "--no-site-dir", "-f", "-", *words,
               *(f"{name}={value}" for name, value in given.items())]
    return subprocess.run(command, env={name: value for name, value in os.environ.items() if name != "SCONSFLAGS"},
                          input=_SCRIPT.format(str(session.project / "SConstruct")), capture_output=quiet, text=True)

"""pydeps: generates sources of a third-party library by its own scripts, and notes that a library is whole.

The environment states SHELL_COMMAND (the whole command, which writes its first output under a temporary name) and, for the stamp, PYTHON and
WORDS (the library's folder).
"""
import os

import SCons.Action
import SCons.Builder

import crosscc


def _publish(target, source, env):
    """Give the first output its name, now that all of them are whole."""
    crosscc.published.extend(target)
    os.replace(target[0].abspath + ".part", target[0].abspath)


_generated = SCons.Builder.Builder(action=SCons.Action.ListAction(
    [SCons.Action.Action("$SHELL_COMMAND", cmdstr="$GENSTR"), SCons.Action.Action(_publish, cmdstr=None)]))
_stamp = SCons.Builder.Builder(action=SCons.Action.ListAction(
    [crosscc.note, SCons.Action.Action("$PYTHON -m crosspy.deps.building $WORDS", cmdstr="$GENSTR")]))


def generate(env):
    env["BUILDERS"].update(Generated=_generated, LibraryStamp=_stamp)


def exists(env):
    return True

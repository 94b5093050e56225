"""pyfreeze: runs the bootstrap interpreter, which freezes modules into C headers and compiles byte-code.

The environment states NAME (of an early module) or PAIRS (the words for freeze.py) besides what crosscc needs.
"""
import SCons.Action
import SCons.Builder

import crosscc


def _built(command, shown, **words):
    return SCons.Builder.Builder(action=SCons.Action.ListAction(
        [SCons.Action.Action(command, cmdstr=shown), crosscc.publish]), **words)


_freeze_early = _built("${SOURCES[1]} $NAME ${SOURCES[0]} ${TARGET}.part", "$FREEZESTR")
_freeze = _built("${SOURCES[0]} -B ${SOURCES[1]} $PAIRS", "$FREEZESTR")


def generate(env):
    env["BUILDERS"].update(FreezeEarly=_freeze_early, Freeze=_freeze)


def exists(env):
    return True

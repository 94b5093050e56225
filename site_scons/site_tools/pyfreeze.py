"""pyfreeze: runs the bootstrap interpreter, which freezes modules: into C headers, or into the blobs of one program (WORDS).

The environment states RUNS (the interpreter) and NAME (of an early module) or PAIRS (the words for freeze.py). What the
interpreter makes of a source is decided by its compiler alone, so it is required, but its content is no dependency:
the plan's ``shapers`` is.
"""
import SCons.Action
import SCons.Builder

import crosscc


def _built(command, shown, **words):
    return SCons.Builder.Builder(action=SCons.Action.ListAction(
        [SCons.Action.Action(command, cmdstr=shown), crosscc.publish]), **words)


_freeze_early = _built("$RUNS $NAME $SOURCE ${TARGET}.part", "$FREEZESTR")
_freeze = _built("$RUNS -B $SOURCE $PAIRS", "$FREEZESTR")
_program = SCons.Builder.Builder(action=SCons.Action.ListAction(
    [crosscc.note, SCons.Action.Action("$RUNS -I -S -B -X frozen_modules=off -X no_debug_ranges $SOURCE $WORDS --stamp $TARGET", cmdstr="$FREEZESTR")]))


def generate(env):
    env["BUILDERS"].update(FreezeEarly=_freeze_early, Freeze=_freeze, FreezeProgram=_program)


def exists(env):
    return True

"""pyroot: byte-compiles the library, splits off debug information, installs root/, inspects and measures it, writes the manifest; each is a
command of crosspy.

The environment states PYTHON (the host's own) or RUNS (the bootstrap), and per call WORDS. Every output of these commands is written whole by
the command itself.
"""
import SCons.Action
import SCons.Builder

import crosscc


def _command(text, shown):
    return SCons.Builder.Builder(action=SCons.Action.ListAction([crosscc.note, SCons.Action.Action(text, cmdstr=shown)]))


def generate(env):
    env["BUILDERS"].update(
        LibraryList=_command("$PYTHON -m crosspy.root.layout $WORDS --output $TARGET", "$PYCSTR"),
        Bytecode=_command("$RUNS -I -S -B -X frozen_modules=off $SOURCE $WORDS --stamp $TARGET", "$PYCSTR"),
        SplitDebug=_command("$PYTHON -m crosspy.root.strip $SOURCE --output $TARGET $WORDS", "$STRIPSTR"),
        ProgramPlan=_command("$PYTHON -m crosspy.closure.explain $SOURCES --output $TARGET", "$MANIFESTSTR"),
        InstallRoot=_command("$PYTHON -m crosspy.root.install $SOURCE $WORDS", "$INSTALLSTR"),
        Inspect=_command("$PYTHON -m crosspy.inspect.inspection --expect $SOURCE $WORDS --output $TARGET", "$INSPECTSTR"),
        Manifest=_command("$PYTHON -m crosspy.root.manifest $WORDS --output $TARGET", "$MANIFESTSTR"),
        Report=_command("$PYTHON -m crosspy.sizing.report $SOURCE $WORDS", "$REPORTSTR"),
        Flash=_command("$PYTHON -m crosspy.sizing.budget $SOURCE $WORDS --output $TARGET", "$FLASHSTR"))


def exists(env):
    return True

"""crosscc: compiles, archives and links for a target, each output under a temporary name until it is whole.

The environment states COMPILE and LINK (whole command prefixes, already expanded) and LIBS_AFTER. Extra words of
one object come as EXTRA.
"""
import os

import SCons.Action
import SCons.Builder
import SCons.Script

# Every output that was put in place in this run: what SCons did not record by the end of it cannot be trusted.
published = []


def _publish(target, source, env):
    """Give an output its name, now that it is whole, and a mode that does not depend on the umask."""
    mode = 0o755 if env.get("EXECUTABLE") else 0o644
    for node in target:
        part = node.abspath + ".part"
        os.chmod(part, mode)
        published.append(node)
        os.replace(part, node.abspath)


publish = SCons.Action.Action(_publish, cmdstr=None)


def _recorded(target, source, env):
    """Note an output that the command itself will put in place: also one that it puts there before it is interrupted."""
    published.extend(target)


note = SCons.Action.Action(_recorded, cmdstr=None)


def _action(command, shown):
    return SCons.Action.ListAction([SCons.Action.Action(command, cmdstr=shown), publish])


_compile = SCons.Builder.Builder(action=_action("$COMPILE $EXTRA -c -o ${TARGET}.part $SOURCE", "$CCSTR"))
# q, not r: two members may have one base name (Python/context.o, libmpdec/context.o), and r would drop the first.
_archive = SCons.Builder.Builder(action=_action("rm -f ${TARGET}.part && $LINK qcsD ${TARGET}.part $OBJECTS", "$ARSTR"))
_link = SCons.Builder.Builder(action=_action("$LINK $EXTRA -o ${TARGET}.part $OBJECTS $LIBS_AFTER", "$LINKSTR"))
# A link whose command prints a map: it is the second target.
_mapped = SCons.Builder.Builder(
    action=_action("$LINK $EXTRA -o ${TARGET}.part $OBJECTS $LIBS_AFTER > ${TARGETS[1]}.part", "$LINKSTR"))


def generate(env):
    env["BUILDERS"].update(CrossObject=_compile, CrossArchive=_archive, CrossLink=_link, CrossMapped=_mapped)
    # A function, since an environment copies every list that it is given.
    env.SetDefault(PUBLISHED=lambda: published, EXTRA="", LIBS_AFTER="", OBJECTS="$SOURCES")


def exists(env):
    return True

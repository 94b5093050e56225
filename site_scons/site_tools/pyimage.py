"""pyimage: puts files for the device into an image (crosspy/image.py), for a parent's build.

The builder reads the list that is written when the image is declared; a folder is made beside a record, which stands for it.
"""
import os
import shlex
import shutil
from pathlib import Path

import SCons.Action
import SCons.Builder
import SCons.Node.FS
import SCons.Util

import crosscc
from crosspy import budget, imageplan, stages
from crosspy.errors import UserError
from crosspy.paths import node

_image = SCons.Builder.Builder(action=SCons.Action.ListAction(
    [crosscc.note, SCons.Action.Action("$PYTHON -m crosspy.image $SOURCE $WORDS", cmdstr="$IMAGESTR")]))


def declare(graph, target, files, format, links, folders, devices, modes, flash):
    """Declare an image of a parent's. graph: pyparent.Graph; the others are as in crosspy/parent.py. Returns its node. Raises UserError."""
    out = target if isinstance(target, SCons.Node.Node) else graph.fs.Entry(str(target))
    path, sources, placed = graph.relative(out), [], {}
    for inner, one in files.items():
        found = one[0] if SCons.Util.is_Sequence(one) and len(one) == 1 else one
        found = found if isinstance(found, SCons.Node.Node) else graph.source(found, "it is in no folder of this tree, and nothing builds it")
        tree = isinstance(found, SCons.Node.FS.Dir) or (not found.has_explicit_builder() and os.path.isdir(found.srcnode().abspath))
        placed[inner] = graph.relative(found if found.has_explicit_builder() else found.srcnode()), tree
        sources += _below(found.srcnode()) if tree and not found.has_explicit_builder() else [found]
    plan = imageplan.plan(path, format, placed, links, folders, devices, modes)
    budgeted = budget.parse(flash) if flash else graph.cpython.flash
    record, program = "", ""
    if plan.format == "squashfs":
        program = shutil.which("mksquashfs")
        if not program:
            raise UserError(path, "there is no mksquashfs on PATH", "apt-get install squashfs-tools")
    listed = f"{graph.instance.session.options.build_dir}/images/{path.strip('/').replace('/', '-')}"
    stages.write(Path(f"{listed}.list"), imageplan.text(plan))
    graph.place.mark.doubt(path)
    words = ["--output", path, "--flash", str(budgeted), *(["--mksquashfs", program] if program else [])]
    tools = [graph.base.File(os.path.join(graph.project, "site_scons", "crosspy", f"{name}.py")) for name in ("image", "errors")]
    if plan.format == "folder":
        record = f"{listed}.record"
        words += ["--record", record]
        if not os.path.isdir(path) and os.path.exists(record):
            os.unlink(record)  # somebody removed the folder
    made = graph.base.Image(node(record or path), [node(f"{listed}.list"), sources, tools], WORDS=shlex.join(words).replace("$", "$$"), SHOWN=path)
    return (graph.base.ThereFolder(graph.base.Dir(node(path)), made) if record else made)[0]


def _below(folder):
    """Return the files of a folder that is the parent's own, so that a change of one makes the image again."""
    found = []
    for where, folders, names in os.walk(folder.abspath):
        folders.sort()
        found += [folder.fs.File(os.path.join(where, name)) for name in sorted(names) if os.path.isfile(os.path.join(where, name))]
    return found


def generate(env):
    env["BUILDERS"].update(Image=_image)


def exists(env):
    return True

"""pyimage: puts files for the device into an image (crosspy/firmware/image.py), for a parent's build.

The builder reads the list that is written when the image is declared; a folder is made beside a record, which stands for it.
"""
import hashlib
import os
import shlex
import shutil
from pathlib import Path

import SCons.Action
import SCons.Builder
import SCons.Node.FS
import SCons.Util

import crosscc
from crosspy.errors import UserError
from crosspy.firmware import image, imageplan
from crosspy.paths import node
from crosspy.run import stages
from crosspy.sizing import budget

_image = SCons.Builder.Builder(action=SCons.Action.ListAction(
    [crosscc.note, SCons.Action.Action("$PYTHON -m crosspy.firmware.image $SOURCE $WORDS", cmdstr="$IMAGESTR")]))


def declare(graph, target, files, format, links, folders, devices, modes, flash):
    """Declare an image of a parent's. graph: pyparent.Graph; the others are as in crosspy/firmware/parent.py. Returns its node. Raises UserError."""
    out = target if isinstance(target, SCons.Node.Node) else graph.fs.Entry(str(target))
    path, sources, placed = graph.relative(out), [], {}
    for inner, one in files.items():
        placed[inner], needed = _placed(graph, one)
        sources += needed
    plan = imageplan.plan(path, format, placed, links, folders, devices, modes)
    budgeted = budget.parse(flash) if flash else graph.cpython.flash
    program = ""
    if plan.format == "squashfs":
        program = shutil.which("mksquashfs")
        if not program:
            raise UserError(path, "there is no mksquashfs on PATH", "apt-get install squashfs-tools")
    tag = hashlib.sha256(path.encode()).hexdigest()[:8]  # two paths may have one name
    listed = f"{graph.instance.session.options.build_dir}/images/{os.path.basename(path)}-{tag}"
    record = f"{listed}.record" if plan.format == "folder" else ""
    _free(graph, out, path, record)
    stages.write(Path(f"{listed}.list"), imageplan.text(plan))
    graph.place.mark.doubt(record or path)
    words = ["--output", path, "--flash", str(budgeted), *(["--mksquashfs", program] if program else [])]
    tools = [graph.base.File(os.path.join(graph.project, "site_scons", "crosspy", f"{name}.py")) for name in ("firmware/image", "errors")]
    if record:
        words += ["--record", record]
        if not os.path.isdir(path) and os.path.exists(record):
            os.unlink(record)  # somebody removed the folder
    made = graph.base.Image(node(record or path), [node(f"{listed}.list"), sources, tools], WORDS=shlex.join(words).replace("$", "$$"), SHOWN=path)
    return (graph.base.ThereFolder(graph.base.Dir(node(path)), made) if record else made)[0]


def _placed(graph, one):
    """Return the path of a file or folder and whether it is one, and the nodes by which SCons sees it change."""
    found = one[0] if SCons.Util.is_Sequence(one) and len(one) == 1 else one
    found = found if isinstance(found, SCons.Node.Node) else graph.source(found, "it is in no folder of this tree, and nothing builds it")
    if found.has_explicit_builder():  # SCons sees no change of a folder of an earlier run: what it is made from tells
        tree = isinstance(found, SCons.Node.FS.Dir)
        return (graph.relative(found), tree), [found, *(found.sources if tree else ())]
    own = found.srcnode()
    tree = isinstance(found, SCons.Node.FS.Dir) or os.path.isdir(own.abspath)
    built = _built(found.disambiguate()) if tree else []
    if not built and not os.path.exists(own.abspath):
        raise UserError(str(one), "there is no such folder, and so far the build puts nothing into it", "correct the name, or name it behind what fills it")
    if built and own is not found and os.path.isdir(own.abspath) and os.listdir(own.abspath):
        raise UserError(str(one), "files of the parent's are in it, and others that the build puts there, in a variant folder", "let the build use another folder")
    if built:
        return (graph.relative(found), True), [*built, *(one for one in _files(graph, image.taken(found.abspath, True)) if one not in built)]
    entries = image.taken(own.abspath, tree)
    return (graph.relative(own), tree), [*_files(graph, entries), graph.base.Value(repr([(one.path, one.mode, one.to) for one in entries]))]


def _files(graph, entries):
    """Return the nodes of entries that are files, so that a change of one makes the image again."""
    return [graph.fs.File(one.source) for one in entries if one.source]


def _built(folder):
    """Return the nodes below a folder that the build makes, as far as SConscripts have said so."""
    found = []
    for name, one in sorted(folder.entries.items()):
        if name not in (".", "..") and one.has_explicit_builder():
            found.append(one)
        elif name not in (".", "..") and isinstance(one, SCons.Node.FS.Dir):
            found += _built(one)
    return found


def _free(graph, out, path, record):
    """Raise UserError when an image's place is taken: by the build, or by a folder that no image of ours is."""
    if out.has_explicit_builder():
        raise UserError(path, "the build makes it already", "name another place for one of the two")
    if record and os.path.isdir(path) and os.listdir(path) and not os.path.exists(record):
        raise UserError(path, "a folder is there, and it is no image of ours", "name another place, or remove it")


def generate(env):
    env["BUILDERS"].update(Image=_image)


def exists(env):
    return True

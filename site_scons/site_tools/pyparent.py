"""pyparent: a parent's build gets CPython: nodes and builders, declared when the parent asks for them.

The environment is our own; nothing of the parent's is in it, and the parent's is left alone. What is wrong ends the run with one
message that begins with the parent's file and line.
"""
import os
import shlex
import sys
import threading
from pathlib import Path

import SCons
import SCons.Action
import SCons.Builder
import SCons.Errors
import SCons.Node
import SCons.Util
from SCons.Scanner.C import CScanner

import crosscc
import pyimage
from crosspy.apps.application import foreign
from crosspy.apps.programs import Wanted
from crosspy.errors import UserError
from crosspy.firmware import parent, subproject
from crosspy.ontarget import runner
from crosspy.run.runlock import Mark
from crosspy.sizing import budget

EXECUTED = 4  # SCons.Node.executed
# What instances of this process share, by build_dir: SCons takes one builder for a file, not two.
places = {}

_nothing = SCons.Action.Action(lambda target, source, env: None, cmdstr=None)
_there = SCons.Builder.Builder(action=_nothing)
_folder = SCons.Builder.Builder(action=_nothing, target_factory=SCons.Node.FS.get_default_fs().Dir)
_checked = SCons.Builder.Builder(action=crosscc._action("cp -f $SOURCE ${TARGET}.part", "$READYSTR"))


def place_of_caller(project, top):
    """Return file and line of the parent that called us: the innermost frame that is neither ours nor of SCons."""
    ours = (os.path.join(project, "SConstruct"), os.path.join(project, "site_scons") + os.sep, os.path.join(project, "cpython") + os.sep,
            os.path.dirname(SCons.__file__) + os.sep)
    fs, frame = SCons.Node.FS.get_default_fs(), sys._getframe(1)

    def file(frame):  # SCons may read a copy in a variant folder
        return fs.File(frame.f_code.co_filename).srcnode().abspath if os.path.exists(frame.f_code.co_filename) else ours[0]
    while frame.f_back and file(frame).startswith(ours):
        frame = frame.f_back
    name = file(frame)
    return f"{os.path.relpath(name, top) if name.startswith(top + os.sep) else name}:{frame.f_lineno}"


class Graph:
    """One instance in SCons (crosspy/firmware/parent.py, Graph)."""

    def __init__(self, base, given, at):
        self.base, self.project = base, base["PROJECT"]
        self.fs = SCons.Node.FS.get_default_fs()
        self.top = self.fs.Top.abspath
        self.cpython = self._told(lambda where: self._made(given, at, where))

    def _told(self, call):
        """Call with file and line of the parent. A user's mistake ends the run with one message."""
        where = place_of_caller(self.project, self.top)
        try:
            with subproject.inside(self.top):
                return call(where)
        except UserError as error:
            sys.stderr.write(f"{where}: {error}\n")
            sys.exit(2)
        except SCons.Errors.UserError as error:  # of two builders for one file, and the like
            sys.stderr.write(f"{where}: {' '.join(str(error).split())}. Fix: name another place for one of the two\n")
            sys.exit(2)

    def _made(self, given, at, where):
        subproject.check_scons(SCons.__version__)

        def option(name, value):
            found = value if isinstance(value, SCons.Node.Node) else self.fs.Entry(str(value), at)
            return self.relative(found if name in subproject.OUTPUTS else found.srcnode())
        arguments = subproject.arguments(given, option)
        folder = os.path.abspath(arguments["build_dir"])
        self.place = places.setdefault(folder, subproject.Place(Mark(Path(arguments["build_dir"]))))
        instance = self.instance = subproject.Instance(arguments, Path(self.project), self.place, where)
        self._guard()
        options = instance.session.options
        try:
            run = runner.runner(instance.variant)
        except UserError:
            run = runner.Runner()
        return parent.CPython(instance.variant.name, instance.variant.triple, options.python,
                              budget.wanted(options.flash, instance.variant), run.words, self)

    def _guard(self):
        """Leave the mark right before the first command of ours."""
        instance, base = self.instance, self.base
        base["ENV"] = instance.session.environment()
        instance.session.show(base)
        if not instance.session.options.verbose:
            base.Replace(**{name: f"{word:<8} $SHOWN" for name, word in (("READYSTR", "READY"), ("IMAGESTR", "IMAGE"))})
        spawn, place, first = base["SPAWN"], self.place, threading.Lock()

        def marked(*words):
            with first:
                if not place.started:
                    place.started = True
                    place.mark.start(lambda: [one.abspath for one in crosscc.published if one.get_state() != EXECUTED])
            return spawn(*words)
        base["SPAWN"] = marked

    def relative(self, found):
        """Return the path of a node as plans have it."""
        path = os.path.relpath(found.abspath, self.top)
        return found.abspath if path.startswith(os.pardir + os.sep) or path == os.pardir else path

    def _script(self, name, **exports):
        made = self.base.SConscript(os.path.join(self.project, name), exports={"base": self.base, **exports})
        os.chdir(self.top)  # SCons went to the parent's SConscript
        return made

    def _libraries(self, plans):
        """Declare third-party libraries that are not built yet. Returns their stamps."""
        shared = self.place.nodes
        for plan in plans:
            if plan["at"] not in shared:
                shared[plan["at"]] = self._script("deps/SConscript", plan=plan)
        return [shared[plan["at"]] for plan in plans]

    def nodes(self):
        """Return the nodes of profile=full by name; the first call plans and declares them."""
        return self._told(lambda where: self._full())

    def _full(self):
        builds = self.instance.builds("full")
        plan, shared = builds.targets[0], self.instance.shared(builds.targets[0])
        if "nodes" not in shared:
            frozen, libraries = builds.bootstrap["folder"], self._libraries(builds.libraries)
            if frozen not in self.place.nodes:
                self.place.nodes[frozen] = self._script("cpython/SConscript.bootstrap", plan=builds.bootstrap)
            shared["nodes"] = self._named(plan, libraries, self._script("cpython/SConscript.target", plan={**plan, "sized": False}, bootstrap=self.place.nodes[frozen]))
        return shared["nodes"]

    def _named(self, plan, libraries, made):
        options, at = self.instance.session.options, f"{plan['at']}/root"
        series = self.instance.session.got.series
        prefix = f"{at}{options.prefix.rstrip('/')}"
        library = f"linked/libpython{series}{'.so.1.0' if options.libpython == 'shared' else '.a'}"
        python = self.base.There(f"{prefix}/bin/python{series}", [made["manifest"], libraries])
        self.base.Precious(python)
        include = f"{prefix}/include/python{series}"
        folders = {"headers": (include, self._headers(plan, include, [made["manifest"], libraries])),
                   "stdlib": (f"{prefix}/lib/python{series}", [made["manifest"], libraries]), "root": (at, [made["manifest"], libraries])}
        return {"python": python[0], "libpython": made["linked"][library][0], "manifest": made["manifest"][0],
                **{name: self.base.ThereFolder(self.base.Dir(folder), sources)[0] for name, (folder, sources) in folders.items()}}

    def _headers(self, plan, folder, behind):
        """Return the installed headers: SCons finds them before they are there, and they are not new with each manifest."""
        tree = self.instance.session.got.tree / "Include"
        own = {str(path.relative_to(tree)): path for path in sorted(tree.rglob("*.h"))}
        sources = [self.fs.File(str(path)) for path in own.values()] if plan["editable"] else []
        made = self.base.There([f"{folder}/{name}" for name in ("pyconfig.h", *own)],
                               [self.base.File(f"{plan['at']}/pyconfig.h"), self.base.Value(plan["release"]), *sources])
        self.base.Precious(made)
        self.base.NoClean(made)
        self.base.Requires(made, behind)
        return made

    def app(self, name, source, **words):
        """Declare an application's program. Returns its node."""
        return self._told(lambda where: self._program(where, name, source, (), words))

    def embed(self, name, sources, app, flags, cpppath, libs, **words):
        """Declare a C program with an interpreter in it. Returns its node."""
        own = {"flags": _flags(flags), "cpppath": self._folders("cpppath", cpppath), "libs": _flags(libs)}
        return self._told(lambda where: self._program(where, name, app, _listed(sources), words, own))

    def _program(self, where, name, source, sources, words, own=None):
        files = [self.source(one) for one in sources]
        if own is not None and not files:
            raise UserError(f"PythonEmbed({name!r})", "it has no sources", "name its C or C++ files")
        wanted = Wanted(self._application(source), tuple(self._folders("path", words["path"])), *(_words(words[key]) for key in ("include", "exclude")),
                        name=name, start="embed" if files else "", sources=tuple(self.relative(one) for one in files))
        plan = self.instance.program(wanted, words["flash"], where)
        bootstrap = self.instance.shared(plan).setdefault("bootstrap", {
            "python": [self.base.File(self.instance.builds("minimal").bootstrap["interpreter"])], "objects": {}})
        libraries = self._libraries(plan["building"])
        more = self._objects(plan, wanted, files, own) if files else []
        if files and own["libs"]:
            libs = [self.relative(one) if isinstance(one, SCons.Node.Node) else one for one in own["libs"]]
            plan["links"][0]["libs"] += " " + shlex.join(libs).replace("$", "$$")
            plan["links"][0]["needs"] = [one for one in own["libs"] if isinstance(one, SCons.Node.Node)]
        made = self._script("cpython/SConscript.minimal", plan=plan, bootstrap={**bootstrap, "more": more})
        ready = self.base.Checked(f"{plan['at']}/programs/{name}", [made["program"], made["all"], libraries], EXECUTABLE=True, SHOWN=f"{plan['name']} {name}")
        return ready[0]

    def _objects(self, plan, wanted, files, own):
        """Declare the compiles of the parent's own sources: their headers are looked for, CPython's cannot change."""
        beside = dict.fromkeys(folder for one in files for folder in (one.dir, one.srcnode().dir))
        env = self.base.Clone(CPPPATH=[*own["cpppath"], *beside], SCANNERS=[CScanner()])
        env["ENV"].update(plan["env"])
        places = foreign(f"apps/{wanted.name}", wanted.sources)
        folders = [f"-I{folder.path}" for folder in env["CPPPATH"]]
        always = [env.File(f"{plan['at']}/pyconfig.h"), env.Value(plan["toolchain"]), env.Value(plan["release"]),
                  env.File(os.path.join(self.project, "cpython", "app", "cpython_embed.h"))]
        return [env.CrossObject(f"{plan['at']}/obj/{places[path]}", [one, *always], COMPILE=plan["own"][subproject.embedding.language(path)],
                                EXTRA=shlex.join([*own["flags"], *folders]).replace("$", "$$"), SHOWN=f"{plan['name']} {path}")
                for path, one in zip(wanted.sources, files, strict=True)]

    def image(self, target, files, **words):
        """Declare an image. Returns its node."""
        return self._told(lambda where: pyimage.declare(self, target, files, **words))

    def source(self, value, missing="there is no such file"):
        """Return the node of a parent's file, as the SConscript that is being read names it."""
        found = value if isinstance(value, SCons.Node.Node) else self.fs.Entry(str(value))
        if not found.has_explicit_builder() and not found.srcnode().exists():
            raise UserError(str(value), missing, "correct the name; it is relative to the SConscript that names it")
        return (found if found.has_explicit_builder() else found.srcnode()).disambiguate()

    def _application(self, value):
        found = (value[0] if SCons.Util.is_Sequence(value) and len(value) == 1 else value)
        found = found if isinstance(found, SCons.Node.Node) else self.fs.Entry(str(found))
        if found.has_explicit_builder():
            raise UserError(str(found), "the build makes it, but what it imports decides what is built", "name a file that is there already")
        path = self.relative(found.srcnode())
        if os.path.isabs(path):
            raise UserError(f"app={value}", f"it lies outside of this tree, {self.top}", "take it in, or give it to path=")
        return path

    def _folders(self, name, value):
        found = [one if isinstance(one, SCons.Node.Node) else self.fs.Dir(str(one)) for one in _listed(value)]
        if name == "cpppath":  # in a variant folder there may be headers that the build makes
            return list(dict.fromkeys(folder for one in found for folder in (one, one.srcnode())))
        return [self.relative(one.srcnode()) for one in found]


def _listed(value):
    return list(value) if SCons.Util.is_Sequence(value) else [value] if value else []


def _flags(value):
    """Return words for a command, and nodes, from a text, one of them, or a list of both."""
    listed = SCons.Util.flatten([value]) if value else []
    return [word for one in listed for word in ([one] if isinstance(one, SCons.Node.Node) else shlex.split(one) if one is value else [str(one)])]


def _words(value):
    return tuple(word for part in _listed(value) for word in str(part).replace(",", " ").split())


def _cpython(env, given, at):
    return Graph(env, given, at).cpython


def generate(env):
    env["BUILDERS"].update(There=_there, ThereFolder=_folder, Checked=_checked)
    env.AddMethod(_cpython, "CPython")


def exists(env):
    return True

"""As part of somebody else's build: a parent's options -> checked sessions -> plans, with what several instances share.

The parent's SCons records signatures and runs commands; here is what is decided before. Two sessions serve one instance: one of
profile=full for root/ and what lies in it, one of profile=minimal for programs. Each is planned when something of it is asked for.
"""
from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from ..acquire import release
from ..apps import programs
from ..cli.options import ARGUMENTS, MINIMAL
from ..closure import appfiles
from ..errors import UserError, nearest
from ..run import stages, treestate
from ..run.runlock import Mark
from ..run.session import Builds, Session
from ..sizing import budget
from . import embedding

OLDEST = (4, 7)  # SCons; as in SConstruct
# What says something about one program, and so belongs to its builder.
OF_A_PROGRAM = ("app", "path", "include", "exclude", "trace")
# What is about a command line, or about one of its aliases.
ELSEWHERE = {"profile": "root/ is of profile=full, PythonApp and PythonEmbed are of profile=minimal",
             **{name: f"only the command line's {argument.command.split()[0]} reads it" for name, argument in ARGUMENTS.items() if argument.command}}
INPUTS, OUTPUTS = ("source", "bootstrap", "variants", "sysroot", "downloads"), ("build_dir",)


def allowed() -> list[str]:
    """Return the options that a parent may give."""
    return sorted(ARGUMENTS.keys() - set(OF_A_PROGRAM) - ELSEWHERE.keys())


def arguments(given: object, place: Callable[[str, object], str]) -> dict[str, str]:
    """Return a parent's options as the arguments of a command line.

    given: option -> text, number, yes or no as a bool, list of names; folders and files as text or as nodes of SCons.  place: returns
    the path, relative to the top folder where it lies below it, for an option and its value.  Raises UserError.
    """
    if given is None:
        raise UserError("cpython_scons", "SConscript gives no options", "use exports={'cpython_scons': {'target': 'aarch64-linux-musl', "
                        "'build_dir': 'build/python'}}")
    if not isinstance(given, Mapping):
        raise UserError("cpython_scons", f"it is to be a dict of options, and is {type(given).__name__}",
                        "use exports={'cpython_scons': {'target': 'aarch64-linux-musl', 'build_dir': 'build/python'}}")
    found = {}
    for name, value in given.items():
        if name in OF_A_PROGRAM:
            raise UserError(f"{name}={value}", "it is about one program", f"give it to PythonApp: PythonApp(name, source, {name}=...)")
        if name in ELSEWHERE:
            raise UserError(f"{name}={value}", ELSEWHERE[name], f"leave {name} out")
        if name not in ARGUMENTS:
            hint = nearest(str(name), allowed())
            raise UserError(f"{name}={value}", "there is no such option" + (f"; {hint}?" if hint else ""), f"use one of {', '.join(allowed())}")
        if value == "":
            raise UserError(f"{name}=", "the value is empty", f"give one, or leave {name} out")
        found[name] = place(name, value) if name in (*INPUTS, *OUTPUTS) else _text(name, value)
    for name, example in (("target", "aarch64-linux-musl"), ("build_dir", "build/python")):
        if name not in found:
            raise UserError("cpython_scons", f"the option {name} is missing", f"add '{name}': '{example}' to the dict")
    found.setdefault("downloads", f"{found['build_dir']}/downloads")
    return {name: _absolute_tool(value, place) if name == "toolchain" else value for name, value in found.items()}


def _text(name: str, value: object) -> str:
    if isinstance(value, bool):
        return ("0", "1")[value] if name == "verbose" else ("no", "yes")[value]
    if isinstance(value, (list, tuple, set, frozenset)):
        return ",".join(sorted(map(str, value)) if isinstance(value, (set, frozenset)) else map(str, value))
    if not isinstance(value, (str, int)):
        raise UserError(f"{name}={value!r}", f"a {type(value).__name__} says nothing here", "give a text")
    return str(value)


def _absolute_tool(value: str, place: Callable[[str, object], str]) -> str:
    kind, _, path = value.partition(":")
    return f"{kind}:{os.path.abspath(place('toolchain', path))}" if "/" in path and not path.startswith("/") else value


def check_scons(version: str) -> None:
    """Raise UserError for a version of SCons that is older than this project needs."""
    if tuple(int(word) for word in re.findall(r"\d+", version)[:2]) < OLDEST:
        raise UserError("cpython_scons", f"this is SCons {version}, and {'.'.join(map(str, OLDEST))} is the oldest that it works with",
                        "pip install -r requirements.txt of cpython-scons")


@contextmanager
def inside(top: str) -> Iterator[None]:
    """Work in the top folder, where paths of a plan begin, and leave no byte-code beside our own files; then all is as it was."""
    where, writes = os.getcwd(), sys.dont_write_bytecode
    os.chdir(top)
    sys.dont_write_bytecode = True
    try:
        yield
    finally:
        os.chdir(where)
        sys.dont_write_bytecode = writes


class Inner(Session):
    """A session whose graph is a part of another one. The bootstrap is built by a run of its own, and is a given one here.

    So all instances of one build_dir share it, whatever their options are, and the parent's graph and records stay small.
    """

    def __init__(self, given: Mapping[str, str], project: Path, mark: Mark, quiet: bool):
        self.mark, self.quiet = mark, quiet
        self.got: release.Release | None = None
        super().__init__(given, project)
        if len(self.chosen) != 1:
            raise UserError(f"target={self.options.target}", f"it names {len(self.chosen)} targets: {', '.join(one.name for one in self.chosen)}",
                            "name one, and call SConscript once for each")

    def _hold(self, folder: Path) -> Mark:
        return self.mark

    def _tell(self, line: str) -> None:
        if not self.quiet:
            super()._tell(line)

    def _bootstrap(self, job: stages.Job, got: release.Release) -> tuple[dict, stages.Job]:
        made, job = super()._bootstrap(job, got)
        self.got = got
        if job.interpreter:
            return made, job
        stages.commit(made)
        interpreter = programs.built(self, job.frozen, treestate.shapers(got, self.project))
        return super()._bootstrap(replace(job, folder=f"{job.folder}-given", frozen=f"{job.folder}-given", interpreter=interpreter), got)

    def _programs(self, got: release.Release, job: stages.Job) -> Callable[[dict], dict]:
        return lambda target: target


@dataclass
class Place:
    """What all instances of one build_dir share.

    targets: build folder -> key of its plan, and nodes of SCons.  names: build folder and program -> where it was asked for.
    nodes: of SCons, which are nobody's alone: the bootstraps' by folder.
    """

    mark: Mark
    targets: dict[str, tuple[str, dict]] = field(default_factory=dict)
    names: dict[tuple[str, str], str] = field(default_factory=dict)
    nodes: dict[str, dict] = field(default_factory=dict)
    started: bool = False


class Instance:
    """One read of SConstruct by a parent: all options checked, nothing planned. Raises UserError.

    place: what is shared with other instances.  where: file and line of the parent.
    """

    def __init__(self, given: Mapping[str, str], project: Path, place: Place, where: str):
        self.project, self.place, self.where = project, place, where
        self.session = Inner(given, project, place.mark, False)
        # Of what one small program has no use for, root/ alone is told.
        self.small = Inner({**{name: value for name, value in given.items() if name not in MINIMAL}, "profile": "minimal"}, project, place.mark, True)
        self.variant = self.session.chosen[0]
        self._builds: dict[str, Builds] = {}

    def builds(self, profile: str) -> Builds:
        """Return the plans of one profile: the bootstrap's and the target's."""
        if profile not in self._builds:
            session = self.small if profile == "minimal" else self.session
            made = session.prepare()
            target = made.targets[0]
            first = self.place.targets.setdefault(target["folder"], (target["key"], {"where": self.where}))
            if first[0] != target["key"]:
                raise UserError(f"target={self.variant.name}", f"{first[1]['where']} builds it in the same folder, {target['folder']}, with other options",
                                "give one of the two another build_dir")
            self._builds[profile] = made
        return self._builds[profile]

    def shared(self, plan: dict) -> dict:
        """Return what instances with equal plans share: nodes of SCons by name."""
        return self.place.targets[plan["folder"]][1]

    def program(self, wanted: programs.Wanted, flash: str, where: str) -> dict:
        """Return the plan of a program. flash: its own budget, else the variant's.  Raises UserError."""
        if not re.fullmatch(r"[\w.+-]+", wanted.name, re.ASCII) or not wanted.name.strip("."):
            raise UserError(f"{wanted.name!r}", "it is no name of a program", "use letters, digits and . _ + -")
        appfiles.check(wanted.app, wanted.path)
        languages = {embedding.language(source) for source in wanted.sources}
        size = budget.wanted(flash or self.session.options.flash, self.variant)
        builds = self.builds("minimal")
        made, job = dict(builds.targets[0]), builds.jobs[0]
        self._take(made, wanted, where)
        made |= {"flash": size, "sized": bool(size), "report": f"apps/{wanted.name}/report"}
        if "c++" in languages:
            made["link"] = embedding.linking(job, made["link"])
        got = self.small.got
        assert got is not None

        def known(target: dict):
            return programs.ready(self.small, got, job.interpreter, job.frozen, target)
        plan = self.small.allowed(programs.plan(self.small, known, made, wanted), job)
        building = self.small.shelf.supply(plan, job)
        return {**plan, "building": building, "own": {language: embedding.compiling(job, self.project, language) for language in languages}}

    def _take(self, made: dict, wanted: programs.Wanted, where: str) -> None:
        """Take a name, which is nobody's yet."""
        key = made["folder"], wanted.name
        if key in self.place.names:
            raise UserError(f"'{wanted.name}'", f"a program of this name is built by {self.place.names[key]} already", "give it another name")
        self.place.names[key] = where

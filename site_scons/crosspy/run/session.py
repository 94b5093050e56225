"""One run of scons, before the graph: arguments -> variants, release, toolchains -> the plan of each build.

The order is: first everything that can be wrong is looked at, then the build folder is locked, then it is written.
"""
from __future__ import annotations

import itertools
import os
import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from .. import atonce
from ..acquire import release
from ..cli import afterwards, commands, launch, options as command_line, summary
from ..cli.options import Options
from ..deps import choice, library, sysroot
from ..deps.shelf import Shelf
from ..errors import UserError, nearest
from ..root import install
from ..sizing import budget
from ..toolchains import toolchain
from ..toolchains.identity import Identity
from ..variants import inherit, variant, variantlines
from ..variants.variant import Variant
from . import hosting, stages, treestate
from .runlock import Mark, RunLock

EXECUTED = 4  # SCons.Node.executed: built, and recorded as such


def say(line: str) -> None:
    """Print one line at once: what follows may take a while."""
    print(f"{line}\n", end="", flush=True)  # one write, so that lines of two jobs do not mix


@dataclass(frozen=True)
class Builds:
    """The plans of a run: the bootstrap's (empty when ``bootstrap=`` names an interpreter), one per target, with its job, and those of
    third-party libraries that are not built yet."""

    bootstrap: dict
    targets: list[dict]
    libraries: list[dict]
    jobs: list[stages.Job]


class Session:
    """A checked command line. Raises UserError wherever something does not fit."""

    def __init__(self, arguments: Mapping[str, str], project: Path):
        self.project, self.arguments = project, dict(arguments)
        self.options: Options = command_line.parse(arguments)
        self.variants = variant.load_all(project / "variants")
        if self.options.variants:
            self.variants |= variant.load_all(Path(self.options.variants), inherit.places(project / "variants"))
            variant.check_short(self.variants)
        self.chosen = variant.select(self.options.target, self.variants) if self.options.target else []
        self.libraries = library.load_all(project / "deps")
        self.modes = choice.modes(self.options.deps, self.libraries)
        if "ssl_certs" in arguments:
            choice.certificates(self.options.ssl_certs, self.modes, self.options.disable)
        self.releases = release.load_pins(project / "cpython" / "releases.toml")
        if self.options.app:
            from ..closure import appfiles  # only here: other builds need none of it
            appfiles.check(self.options.app, self.options.path)
        self.lock: RunLock | Mark | None = None
        self.words, self.behind = tuple[str, ...](), tuple[str, ...]()
        self.clock, self.refused = summary.Clock(), dict[str, UserError]()

    say = staticmethod(say)

    def command(self, names: Collection[str], behind: Collection[str] = ()) -> str:
        """Return the alias that runs instead of a build, if any. Refuses a word that is neither an alias nor an output.

        behind: the words behind ``--``, which belong to the program that ``run`` starts.
        """
        self.words, self.behind = tuple(names), tuple(behind)
        known = {*commands.COMMANDS, *(chosen.name for chosen in self.chosen)}
        for name in names:
            if name not in known and not commands.belongs(name, names) and not Path(name).is_relative_to(self.options.build_dir):
                hint = nearest(name, known)
                raise UserError(name, "there is no such alias or target" + (f"; {hint}?" if hint else ""),
                                f"use one of {', '.join(sorted(known))}, or no word at all")
        if not self.chosen and commands.wants_target(names):
            raise UserError(f"scons {' '.join(names)}", "it is not said for which target", "add target=NAME")
        launch.check(self.words, self.behind, self.chosen)
        readers = {name: argument.command for name, argument in command_line.ARGUMENTS.items()}
        return commands.asked(names, self.arguments, readers)

    def prepare(self, keep_going: bool = False, parallel: int = 1) -> Builds:
        """Lock the build folder and return all plans. Raises UserError; then nothing of a build has been touched.

        keep_going: a target that is refused does not stop the others (``-k``), as long as one is left; it is in `refused`.
        parallel: how many targets' compilers are asked at once.
        """
        folder = Path(self.options.build_dir)
        identity = Identity(folder / "toolchains.json")
        caches = (folder / "zig-cache").absolute()
        given = {name: getattr(self.options, name) for name in ("toolchain", "sysroot", "glibc")}
        if given["toolchain"] == "zig" and "sysroot" in self.modes.values():
            given["sysroot"] = ""  # it is for third-party libraries then: zig brings its own libc
        tools = self._each(keep_going, lambda chosen: toolchain.resolve(chosen, given, caches, identity, self.variants.values()))
        host = self.chosen[0] if self.options.bootstrap and self.chosen else replace(hosting.host(self.variants), flags=variant.Flags())
        compiler = tools[host.name] if self.options.bootstrap else toolchain.zig(host, caches)
        self.lock = self._hold(folder)
        try:
            self.lock.distrust(say)
            for chosen in self.chosen:
                tool = tools[chosen.name]
                self._tell("\n".join(f"{chosen.name}: {line}" for line in (tool.line, variantlines.left_out(chosen, tool)) if line))
            got = release.acquire(self.arguments.get("python", ""), self.releases, Path(self.options.downloads),
                                  folder / "sources", self.options.source, say)
            builds = self._plans(got, host, compiler, tools, identity, keep_going, parallel)
            identity.save()
        except UserError:
            self.lock.abandon()
            raise
        return builds

    def _hold(self, folder: Path) -> RunLock | Mark:
        return RunLock(folder)

    def _tell(self, line: str) -> None:
        say(line)

    def _each(self, keep_going: bool, make: Callable, parallel: int = 1) -> dict:
        """Return what `make` makes of each chosen variant, by name. With keep_going, those that it refuses are left out."""
        made = {}
        for chosen, result in atonce.results(make, self.chosen, parallel):
            try:
                made[chosen.name] = result()
            except UserError as error:
                self.refused[chosen.name] = error
                if not keep_going:
                    raise
        self.chosen = [chosen for chosen in self.chosen if chosen.name in made]
        if self.refused and not made:
            raise next(iter(self.refused.values()))
        return made

    def _plans(self, got: release.Release, host: Variant, compiler: toolchain.Toolchain, tools, identity: Identity,
               keep_going: bool, parallel: int) -> Builds:
        newest = release.candidates(got.series, self.releases)[0].version
        tree = os.path.relpath(got.tree) if not got.editable else str(got.tree)
        name = got.version if not self.options.source else f"{got.version}-{tag(self.options.source)}"
        given = hosting.interpreter(self.options.bootstrap, got.version, identity) if self.options.bootstrap else ""
        frozen = f"{self.options.build_dir}/bootstrap-{name}{'-given' if given else ''}"
        plain = command_line.parse({"optimize": "debug", "hardening": "no"})
        job = stages.Job(host, plain, got, compiler, frozen, frozen, tree, self.project / "cpython",
                         bootstrap=True, interpreter=given)
        bootstrap, job = self._bootstrap(job, got)
        self.shelf = Shelf(self.libraries, self.arguments, self.options, self._host_compiler, self.say)

        def described(chosen: Variant) -> stages.Job:
            modes, found = sysroot.take(self.libraries, self.options.deps, self.modes, tools[chosen.name], self.options.sysroot, chosen, self._tell)
            return replace(job, variant=chosen, options=self.options, toolchain=tools[chosen.name], bootstrap=False,
                           libraries=self.libraries, deps=modes, found=found,
                           folder=f"{self.options.build_dir}/{self.folder_name(chosen, got.version, newest)}")
        jobs = self._each(keep_going, described)
        plans = self._each(keep_going, lambda chosen: stages.plan(jobs[chosen.name], self.project, say), parallel)
        targets = [*self._each(keep_going, lambda chosen: self._looked_at(plans[chosen.name], jobs[chosen.name])).values()]
        flashes = {chosen.name: budget.wanted(self.options.flash, chosen) for chosen in self.chosen}
        for made in (bootstrap, *targets):
            stages.commit(made)
        states = {"library": treestate.library(got), "shapers": treestate.shapers(got, self.project)}
        bootstrap.update(states)
        for target in targets:
            target.update(states, flash=flashes[target["name"]])
            # Not a part of every graph: the links with symbols are nobody's business but a report's.
            target["report"], target["sized"] = "report", bool(target["flash"] or {"report", "unstripped"} & {part for word in self.words for part in word.split("/")})
        if self.options.profile == "minimal":
            program, plans = self._programs(got, job), {target["name"]: target for target in targets}
            targets = [*self._each(keep_going, lambda chosen: self._looked_at(program(plans[chosen.name]), jobs[chosen.name])).values()]
        libraries = [plan for target in targets for plan in self.shelf.supply(target, jobs[target["name"]])]
        for target in targets:
            damage(target)
            target.update(states, **afterwards.words(self, target, got.series))
        return Builds(bootstrap, targets, libraries, [jobs[target["name"]] for target in targets])

    def _looked_at(self, target: dict, job: stages.Job) -> dict:
        """Return the plan of a target or of a program, whose licences and libraries are as they must be. Raises UserError."""
        self.allowed(target, job)
        self.shelf.look(target, job)
        return target

    def allowed(self, target: dict, job: stages.Job) -> dict:
        """Return the plan of a target or of a program. Raises UserError when it links what ``license_deny=`` denies."""
        if self.options.license_deny and (not job.small or "app" in target):   # of profile=minimal, only programs are linked
            from ..licensing import licenses  # only here: other builds need none of it
            licenses.allowed(target, job, self.releases)
        return target

    def _host_compiler(self) -> toolchain.Toolchain:
        """Return what compiles programs for this machine: the pinned zig."""
        host = replace(hosting.host(self.variants), flags=variant.Flags())
        return toolchain.zig(host, (Path(self.options.build_dir) / "zig-cache").absolute())

    def _bootstrap(self, job: stages.Job, got: release.Release) -> tuple[dict, stages.Job]:
        """Return the bootstrap's plan, and its job, from which those of all targets are made."""
        return stages.plan(job, self.project, say), job

    def _programs(self, got: release.Release, job: stages.Job) -> Callable[[dict], dict]:
        from ..apps import programs  # only here: other builds need none of it
        return programs.planner(self, got, job.frozen, job.interpreter)

    def folder_name(self, chosen: Variant, release: str = "", newest: str = "") -> str:
        """Return the name of a target's build folder."""
        return chosen.name + command_line.flavour(self.arguments, release, newest)

    def environment(self) -> dict[str, str]:
        """Return the whole environment of every command; a toolchain adds what it needs. Nothing of the user's gets in."""
        return {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "PYTHONPATH": str(self.project / "site_scons"),
                "PYTHONDONTWRITEBYTECODE": "1", "PYTHONHASHSEED": "0"}

    def show(self, base) -> None:
        """Tell SCons how a command is shown: in a word and a counter, or whole with verbose=1."""
        words = {"CCSTR": "CC", "ARSTR": "AR", "LINKSTR": "LINK", "FREEZESTR": "FREEZE", "PYCSTR": "PYC", "STRIPSTR": "STRIP", "INSTALLSTR": "INSTALL",
                 "INSPECTSTR": "INSPECT", "MANIFESTSTR": "MANIFEST",
                 "REPORTSTR": "REPORT", "FLASHSTR": "FLASH", "GENSTR": "GEN"}
        if not self.options.verbose:
            base.Replace(**{name: f"{word:<8} $SHOWN" for name, word in words.items()})
        count = itertools.count(1)

        def line(text: str, target, source, env) -> None:
            self.clock.enter(env.get("VARIANT", ""))
            say(f"[{next(count):>3}] {text}")
        base["PRINT_CMD_LINE_FUNC"] = line

    def guard(self, base) -> None:
        """Leave the marker right before the first command: a run that has nothing to do writes nothing."""
        spawn, first = base["SPAWN"], threading.Lock()
        started: list[bool] = []

        def marked(*words) -> int:
            with first:
                if not started:
                    self.start(base["PUBLISHED"])
                    started.append(True)
            return self.clock.measure(spawn, *words)
        base["SPAWN"] = marked

    def start(self, published: Callable[[], list]) -> None:
        """Leave the marker of a run at work; published: returns the nodes put in place, which crosscc lists."""
        assert self.lock is not None
        self.lock.start(lambda: [node.abspath for node in published() if node.get_state() != EXECUTED])


def damage(plan: dict) -> None:
    """Forget the record of a root/ that somebody changed by hand, so that it is installed again."""
    folder = Path(plan["folder"])
    record = folder / "installed.json"
    if record.exists() and install.damaged(folder / "root", folder / ".installed-state.json"):
        record.unlink()


def tag(source: str) -> str:
    """Return a short name for a ``source=`` path, for folders: the digest that its flavour has, too."""
    return command_line.flavour({"source": os.path.abspath(source)}, "", "").rpartition("-")[2]

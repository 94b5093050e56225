"""One run of scons, before the graph: arguments -> variants, release, toolchains -> the plan of each build.

The order is: first everything that can be wrong is looked at, then the build folder is locked, then it is written.
"""
from __future__ import annotations

import os
import platform
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from . import options as command_line
from . import release, stages, toolchain, variant
from .errors import UserError, nearest
from .identity import Identity
from .options import Options
from .runlock import RunLock
from .variant import Variant


def say(line: str) -> None:
    """Print one line at once: what follows may take a while."""
    print(line, flush=True)


@dataclass(frozen=True)
class Builds:
    """The plans of a run: the bootstrap's (empty when ``bootstrap=`` names an interpreter) and one per target."""

    bootstrap: dict
    targets: list[dict]


class Session:
    """A checked command line. Raises UserError wherever something does not fit."""

    def __init__(self, arguments: Mapping[str, str], project: Path):
        self.project, self.arguments = project, dict(arguments)
        self.options: Options = command_line.parse(arguments)
        self.variants = variant.load_all(project / "variants")
        if self.options.variants:
            self.variants |= variant.load_all(Path(self.options.variants))
        self.chosen = variant.select(self.options.target, self.variants) if self.options.target else []
        self.releases = release.load_pins(project / "cpython" / "releases.toml")
        self.lock: RunLock | None = None

    def check_targets(self, names: Collection[str]) -> None:
        """Refuse a word on the command line that is neither an alias nor an output of the build."""
        known = {*command_line.ALIASES, *(chosen.name for chosen in self.chosen)}
        for name in names:
            if name not in known and not name.startswith(self.options.build_dir):
                hint = nearest(name, known)
                raise UserError(name, "there is no such alias or target" + (f"; {hint}?" if hint else ""),
                                f"use one of {', '.join(sorted(known))}, or no word at all")

    def fetch(self) -> None:
        """Make sure that the release's archive is in downloads/ (the alias ``fetch``)."""
        path = release.fetch(self.arguments.get("python", ""), self.releases, Path(self.options.downloads), say)
        say(f"fetch: {path}")

    def prepare(self) -> Builds:
        """Lock the build folder and return all plans. Raises UserError; then nothing of a build has been touched."""
        folder = Path(self.options.build_dir)
        kind, prefix = toolchain.parse(self.options.toolchain)
        identity = Identity(folder / "toolchains.json")
        caches = (folder / "zig-cache").absolute()
        host = replace(_host(self.variants), flags=variant.Flags())
        tools = {chosen.name: toolchain.zig(chosen, caches) if kind == "zig" else toolchain.gcc(chosen, prefix, identity)
                 for chosen in self.chosen}
        zig = toolchain.zig(host, caches)
        self.lock = RunLock(folder)
        try:
            self.lock.distrust(say)
            got = release.acquire(self.arguments.get("python", ""), self.releases, Path(self.options.downloads),
                                  folder / "sources", self.options.source, say)
            builds = self._plans(got, host, zig, tools)
            identity.save()
        except UserError:
            self.lock.abandon()
            raise
        return builds

    def _plans(self, got: release.Release, host: Variant, zig: toolchain.Toolchain, tools) -> Builds:
        newest = release.candidates(got.series, self.releases)[0].version
        tree = os.path.relpath(got.tree) if not got.editable else str(got.tree)
        name = got.version if not self.options.source else f"{got.version}-{tag(self.options.source)}"
        frozen = f"{self.options.build_dir}/bootstrap-{name}"
        plain = command_line.parse({"optimize": "debug"})
        job = stages.Job(host, plain, got, zig, frozen, frozen, tree, bootstrap=True)
        bootstrap = stages.plan(job, self.project, say)
        flavour = command_line.flavour(self.arguments, got.version, newest)
        targets = [stages.plan(replace(job, variant=chosen, options=self.options, toolchain=tools[chosen.name], bootstrap=False,
                                       folder=f"{self.options.build_dir}/{chosen.name}{flavour}"), self.project, say)
                   for chosen in self.chosen]
        return Builds(bootstrap, targets)


def tag(source: str) -> str:
    """Return a short name for a ``source=`` path, for folders: its last part and a digest of the whole."""
    return command_line.flavour({"source": os.path.abspath(source)}, "", "").rpartition("-")[2]


def _host(variants: Mapping[str, Variant]) -> Variant:
    """Return the variant of the machine that runs SCons: its own libc, so that the bootstrap runs on it."""
    libc = "glibc" if platform.libc_ver()[0] == "glibc" else "musl"
    for candidate in variants.values():
        if candidate.run.machine == platform.machine() and candidate.libc.name == libc and candidate.toolchain.zig:
            return candidate
    raise UserError(f"host {platform.machine()} with {libc}", "no variant describes this machine, so no bootstrap can be "
                    "built for it", "add one to variants/, or name an interpreter of the same release with bootstrap=")

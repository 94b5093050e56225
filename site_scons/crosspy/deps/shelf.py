"""What one run has of third-party libraries: sources fetched and unpacked, one plan per library and target."""
from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from pathlib import Path

from ..acquire import pinned
from ..acquire.fetch import Archive
from ..acquire.release import FETCHERS
from ..acquire.unpack import trusted
from ..cli import options as command_line
from ..errors import UserError
from ..run import stages
from ..toolchains import toolchain
from . import building, linkage, record
from .library import Library
from .linkage import Linked


class Shelf:
    """The libraries of one run.

    libraries: all that are known.  arguments: of the command line.  options: the same, checked.  host: returns the toolchain for programs
    of this machine.
    """

    def __init__(self, libraries: Mapping[str, Library], arguments: Mapping[str, str], options: command_line.Options,
                 host: Callable[[], toolchain.Toolchain], say: Callable[[str], None]):
        self.libraries, self.arguments, self.options, self.host, self.say = libraries, arguments, options, host, say
        self._sources: dict[str, tuple[Archive, Path]] = {}
        self._host: toolchain.Toolchain | None = None
        self._rules = ""
        self._plans: dict[tuple[str, str], dict] = {}

    def look(self, target: Mapping, job: stages.Job) -> dict[str, dict]:
        """Return the plans of the libraries that a target links, by name, each behind what it needs. Writes none of them.

        Raises UserError for an archive that cannot be had, and for what a library's own rules refuse.
        """
        plans: dict[str, dict] = {}
        for name in linkage.needed(target, job.links, self.libraries):
            if name in job.found:
                plans[name] = _above(job.found[name])
            elif job.deps[name] == "source":
                key = (job.variant.name, name)
                if key not in self._plans:
                    self._plans[key] = self._plan(self.libraries[name], job, plans)
                plans[name] = self._plans[key]
        return plans

    def supply(self, target: dict, job: stages.Job) -> list[dict]:
        """Give a target's plan its libraries; return the plans of those that this run builds. Raises UserError as `look`."""
        plans = self.look(target, job)
        linked = {name: job.found.get(name) or self._linked(self.libraries[name], plan) for name, plan in plans.items()}
        for plan in plans.values():
            stages.commit(plan)
        linkage.attach(target, linked, job.links)
        target["deps"] = sorted(linked)
        target["embedded_words"] = shlex.join(["--archives", *(path.removeprefix("#") for path in target["embedded"])]).replace("$", "$$")
        target["libraries"] = [record.row(self.libraries[name], one, self._pin(one)) for name, one in sorted(linked.items())]
        record.write(target, self.libraries, job.lacking)
        return [plan for plan in plans.values() if not plan["whole"]]

    def _plan(self, library: Library, job: stages.Job, plans: Mapping[str, dict]) -> dict:
        pin, tree = self._source(library)
        self._host, self._rules = self._host or self.host(), self._rules or building.rules()  # once for all libraries
        folder = f"{self.options.build_dir}/deps/{job.variant.name}{self._flavour()}/{library.name}"
        above = tuple(plans[name] for name in library.needs if name in plans)
        return building.plan(building.Job(library, pin, tree, folder, job.variant, self.options, job.toolchain, self._host, self._rules, above), self.say)

    def _pin(self, linked: Linked) -> Archive | None:
        return self._sources[linked.name][0] if linked.mode == "source" else None

    def _flavour(self) -> str:
        given = command_line.implied(self.arguments)
        kept = {name: value for name, value in given.items() if name in building.DECIDING or name == "app"}
        return command_line.flavour(kept, "", "")

    def _source(self, library: Library) -> tuple[Archive, Path]:
        """Return the pin of a library that this run takes, and its unpacked tree; fetched once for all targets."""
        if library.name not in self._sources:
            sources = Path(self.options.build_dir, "sources").absolute()
            if not any(trusted(sources, pin.folder, pin.sha256) for pin in library.pins):
                building.check(library)  # before it takes a while to fetch and unpack it
            pin, _ = pinned.tree(f"deps: {library.name}", library.pins, Path(self.options.downloads).absolute(), sources,
                                 lambda top, pin: _check(library, top, pin), self.say, FETCHERS, f", or leave it out: deps=source,{library.name}:none")
            self._sources[library.name] = pin, sources / pin.folder
        return self._sources[library.name]

    @staticmethod
    def _linked(library: Library, plan: dict) -> Linked:
        return Linked(library.name, "source", plan["version"], plan["state"], tuple(f"-I{path}" for path in plan["include"]),
                      files={word: f"{plan['folder']}/{file}" for word, file in library.links.items()}, needs=library.needs,
                      system=library.system, headers=tuple(plan["headers"]))


def _above(found: Linked) -> dict:
    """Return what a library that is built from source must know of one in the sysroot: the words by which its headers are found."""
    return {"name": found.name, "key": found.key, "state": found.key, "include": [], "words": list(found.include), "headers": [], "header_nodes": [], "whole": True}


def _check(library: Library, top: Path, pin: Archive) -> None:
    missing = [name for name in (*library.license_files, *library.license_comments) if not (top / name).is_file()]
    if missing:
        raise UserError(pin.file, f"it is no source tree of {library.name}: {' and '.join(missing)} is missing", f"see {library.where}")

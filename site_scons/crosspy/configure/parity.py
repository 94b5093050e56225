"""`scons parity`: this build's answers beside those of the release's own configure, difference by difference."""
from __future__ import annotations

import json
import os
import shlex
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from ..cli import options as command_line
from ..errors import UserError
from ..run import hosting, nested, session as front, stages
from ..upstream.sysconfigdata import build_time_vars
from . import differences, oracle, probing
from .differences import Difference

TABLE = "parity.toml"
SHOWN = {"pyconfig": "pyconfig.h", "module": "modules", "flag": "compile flags of the core", "sysconfigdata": "_sysconfigdata"}


@dataclass(frozen=True)
class Report:
    """One target's comparison. probing, configure: seconds.  classes: keys of `_sysconfigdata` by class."""

    name: str
    found: list[Difference]
    probing: float
    configure: float
    classes: dict[str, int]


def run(session: front.Session) -> int:
    """The alias: compare every chosen target. Returns 1 when something is not explained. Raises UserError."""
    table = differences.load(session.project / "cpython" / TABLE)
    builds = session.prepare()
    session.lock.release()
    reports = []
    interpreter = build_python(session, builds.jobs[0])
    for job, plan in zip(builds.jobs, builds.targets):
        reports.append(compare(job, plan, table, interpreter))
        stages.write(Path(job.folder) / "parity.json", json.dumps(asdict(reports[-1]), indent=1, sort_keys=True) + "\n")
        front.say(shown(reports[-1]))
    return 1 if any(not one.why for report in reports for one in report.found) else 0


def build_python(session: front.Session, job: stages.Job) -> Path:
    """Return the Python of the same release, for this machine, that a cross configure insists on.

    It is ``bootstrap=``'s, or this project's own build for the host, made and kept in the build folder as any other.
    """
    given = session.options
    if given.bootstrap:
        return Path(os.path.abspath(given.bootstrap))
    host = hosting.host(session.variants)
    wanted = {"target": host.name, "optimize": "debug", "deps": "none", **({} if given.source else {"python": job.release.version})}
    front.say(f"build: a Python {job.release.version} for this machine")
    done = nested.run(session, (), wanted, quiet=True)
    newest = front.release.candidates(job.release.series, session.releases)[0].version
    named = {**({"source": given.source} if given.source else {}), **wanted}
    folder = f"{given.build_dir}/{host.name}{command_line.flavour(named, job.release.version, newest)}"
    python = Path(os.path.abspath(f"{folder}/root{command_line.ARGUMENTS['prefix'].values[0]}/bin/python{job.release.series}"))
    if done.returncode or not python.exists():
        raise UserError(f"scons target={host.name}", f"it failed: {' | '.join((done.stdout + done.stderr).strip().splitlines()[-3:])}",
                        "run it by itself, or name an interpreter of the same release with bootstrap=")
    return python


def task(job: stages.Job, table: differences.Table, interpreter: Path) -> oracle.Task:
    """Return what configure is asked for a job: the same compiler, the options' equivalents, and no library that we do not use."""
    chosen, cc = job.options, (*job.toolchain.cc, *job.variant.flags.compile)
    arguments = [f"--prefix={chosen.prefix}", "--without-ensurepip"]
    arguments += ["--enable-shared"] if chosen.libpython == "shared" else []
    arguments += [] if chosen.tests else ["--disable-test-modules"]
    settings = dict(table.settings)
    for names in table.without.values():
        settings |= dict.fromkeys(names, "no")
    kind = job.variant.python.modules if chosen.modules == "auto" else chosen.modules
    settings["MODULE_BUILDTYPE"] = "static" if kind == "builtin" else "shared"
    environment = {name: value for name, value in job.toolchain.env if name not in ("PATH", "LC_ALL")}
    return oracle.Task(Path(os.path.abspath(job.release.tree)), Path(os.path.abspath(job.folder)) / "oracle", job.variant.name, cc,
                       oracle.driver_for_cxx(cc), job.toolchain.ar, environment, interpreter, tuple(arguments), settings,
                       (job.release.digest, job.toolchain.digest))


def places(asked: oracle.Task, job: stages.Job, ours: dict) -> list[tuple[str, str]]:
    """Return what stands for this machine in either text, in the order of replacement, and what stands for both in its place.

    configure's build folder and the source tree are one folder, ``.``, as in a build inside of the tree.
    """
    source = f"/usr/src/Python-{job.release.version}"
    pairs = {shlex.join(asked.cc): str(ours["CC"]), shlex.join(asked.cxx): str(ours["CXX"]), shlex.join(asked.ar): str(ours["AR"]),
             str(asked.folder): ".", str(asked.tree): ".", source: ".", job.frozen: ".", job.folder: ".", job.tree: "."}
    return sorted(pairs.items(), key=lambda pair: -len(pair[0]))


def compare(job: stages.Job, plan: dict, table: differences.Table, interpreter: Path) -> Report:
    """Compare one target. Raises UserError when configure fails."""
    start = time.monotonic()
    probing.asked(job, front.say)
    seconds = time.monotonic() - start
    folder = Path(job.folder)
    asked = task(job, table, interpreter)
    said = oracle.ask(asked, front.say)
    header = (folder / "pyconfig.h").read_text("utf-8")
    ours = build_time_vars((folder / "generated" / "Makefile").read_text("utf-8"), header)
    facts = {"cross": "yes" if asked.host != asked.build else "no", "libc": job.variant.libc.name, "linkage": job.variant.libc.linkage,
             "toolchain": job.toolchain.kind, "target": job.variant.name, "modules": job.variant.python.modules}
    where = [*places(asked, job, ours), *differences.left_out(table, facts)]
    core, told = (shlex.split(str(differences.mapped(text, where))) for text in (
        shlex.join(shlex.split(plan["compile"]["core"].replace("$$", "$"))[len(job.toolchain.cc):]), said.variables["PY_CORE_CFLAGS"]))
    found = differences.pyconfig(header, said.pyconfig) + differences.modules(ours, said.variables) + differences.flags(core, told)
    keys, classes = differences.data(ours, said.variables, where, table, header)
    return Report(job.variant.name, differences.explain(found + keys, table, facts), seconds, said.seconds, classes)


def shown(report: Report) -> str:
    """Return the text of a report: what is not explained first, then every reason, then the figures."""
    lines = [f"{report.name}: probing {report.probing:.1f} s, configure {report.configure:.1f} s"]
    for one in sorted(report.found, key=lambda one: bool(one.why)):
        title, reason = ("explained", f" - {one.why}") if one.why else ("NOT EXPLAINED", "")
        lines.append(f"  {title:<13} {one.kind:<13} {one.name}: ours {one.ours}, configure's {one.configure}{reason}")
    for kind, title in SHOWN.items():
        rows = [one for one in report.found if one.kind == kind]
        lines.append(f"  {title:<26} {sum(not one.why for one in rows)} not explained, {sum(bool(one.why) for one in rows)} explained")
    lines.append("  keys of _sysconfigdata     " + ", ".join(f"{name} {count}" for name, count in sorted(report.classes.items())))
    return "\n".join(lines)

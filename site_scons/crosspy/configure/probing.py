"""The ledger of one build, kept in its folder: asked again when what it rests on changed, and only then."""
from __future__ import annotations

import contextlib
import hashlib
import json
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from ..apps import minimal
from ..errors import UserError
from ..toolchains import flags, hardening
from ..upstream import upstream
from . import ledger, probe

# What decides about questions and answers, of crosspy's own files.
RULES = ("autoconf", "batch", "derive", "ledger", "linking", "probe", "probing", "questions", "readback", "tables")
READ_FROM_TREE = ("configure.ac", "pyconfig.h.in")
LEDGER, KEY = "probes.json", "probes.key"


def words(job) -> tuple[tuple[str, ...], tuple[str, ...], dict]:
    """Return the flags of compiles and links, and the options that some answers follow. job: stages.Job."""
    options = {"libpython": job.options.libpython, "tests": job.options.tests,
               "deps": sorted(name for name, mode in job.deps.items() if mode != "none"),
               "sysroot": {name: {"header": one.header, "how": one.told} for name, one in job.found.items()}, **(minimal.WITHOUT if job.small else {})}
    return flags.probing(job.variant, job.options), hardening.program(job.variant, job.options, job.toolchain), options


def key(job) -> str:
    """Return the digest of all that the ledger rests on: compiler, flags, facts, options, upstream's questions, our tables and rules."""
    digest = hashlib.sha256()
    compiler = (job.toolchain.digest, job.toolchain.cc)
    digest.update(json.dumps([words(job), probe.facts_of(job.variant), compiler, job.release.digest], sort_keys=True).encode())
    for name in RULES:
        digest.update((Path(__file__).parent / f"{name}.py").read_bytes())
    digest.update((job.tables / "probes.toml").read_bytes())
    for name in READ_FROM_TREE if job.release.editable else ():
        digest.update(upstream.read(job.release.tree, name).encode())
    return digest.hexdigest()


def known(job, say: Callable[[str], None]) -> ledger.Ledger:
    """Return the ledger of a build: the one in its folder, or else the compiler's answers of now. Raises UserError."""
    folder = Path(job.folder)
    try:
        text = (folder / LEDGER).read_text("utf-8")
        if (folder / KEY).read_text("utf-8") == _seal(job, text):
            return ledger.from_json(text)
    except (OSError, UnicodeDecodeError, UserError):
        pass
    return asked(job, say)


def texts(job, answers: ledger.Ledger) -> dict[str, str]:
    """Return the ledger's two files: the answers, and what they rest on."""
    text = answers.to_json()
    return {LEDGER: text, KEY: _seal(job, text)}


def _seal(job, text: str) -> str:
    return f"{key(job)} {hashlib.sha256(text.encode()).hexdigest()}\n"


def asked(job, say: Callable[[str], None]) -> ledger.Ledger:
    """Ask the compiler everything, now. Raises UserError, as `probe.probe`."""
    say(f"probe: {job.toolchain.kind} {job.toolchain.version} for {job.toolchain.target}")
    with exam(job) as prepared:
        return probe.answer(prepared)


@contextlib.contextmanager
def exam(job) -> Iterator[probe.Exam]:
    """Prepare the questions of a job, with a folder for the compiler's files that is gone afterwards. Raises UserError."""
    compiling, linking, options = words(job)
    with tempfile.TemporaryDirectory(prefix=".probe-", dir=Path(job.folder).parent) as scratch:
        yield probe.examine(job.release.tree, job.tables / "probes.toml", job.toolchain, compiling, linking, options,
                            probe.facts_of(job.variant), Path(scratch))

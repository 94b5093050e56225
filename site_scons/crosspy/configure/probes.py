"""`scons probes`: the ledger as a table, one macro with its question and the compiler's words, or every question asked alone."""
from __future__ import annotations

import time
from pathlib import Path

from ..errors import UserError, nearest
from ..run import session as front, stages
from . import ledger, probing, witness
from .ledger import Answer, Ledger
from .probe import answer


def run(session: front.Session) -> int:
    """The alias. Returns 1 when questions asked alone are answered differently. Raises UserError."""
    builds = session.prepare()
    different = 0
    for job in builds.jobs:
        path = Path(job.folder) / "probes.json"
        known = ledger.from_json(path.read_text("utf-8"), str(path))
        if session.options.macro:
            front.say(one(job, known, session.options.macro))
        elif session.options.probe == "single":
            different += len(alone(job, known))
        else:
            front.say(table(job.variant.name, known))
    return 1 if different else 0


def shown(value: str | None) -> str:
    """Return a value as the table has it: ``-`` for a macro that stays undefined."""
    return "-" if value is None else value or "(empty)"


def table(name: str, known: Ledger) -> str:
    """Return all answers, one line each, and how many came from where."""
    width = max(len(macro) for macro in known.answers)
    lines = [f"{macro:<{width}}  {shown(one.value):<24}  {one.source:<7}  {' '.join(one.how.split())}"
             for macro, one in sorted(known.answers.items())]
    counts = [f"{source} {sum(one.source == source for one in known.answers.values())}" for source in ledger.SOURCES]
    return "\n".join([*lines, f"{name}: {len(lines)} macros: {', '.join(counts)}"])


def one(job: stages.Job, known: Ledger, macro: str) -> str:
    """Return one macro's answer, its source, its question and the compiler's words; asks the compiler. Raises UserError."""
    if macro not in known.answers:
        hint = nearest(macro, known.answers)
        raise UserError(f"macro={macro}", f"pyconfig.h.in of {job.release.version} has no such macro" + (f"; {hint}?" if hint else ""),
                        "scons probes without macro= lists all of them")
    found: Answer = known.answers[macro]
    lines = [f"{job.variant.name}: {macro}", f"value     {shown(found.value)}", f"source    {found.source}", f"how       {found.how}"]
    if found.source in ("fact", "option"):
        return "\n".join([*lines, f"stated in {found.where}"])
    with probing.exam(job) as exam:
        told = witness.state(exam, macro)
    if told is None:
        return "\n".join([*lines, "question  none of its own: it follows from others (crosspy/configure/derive.py)"])
    verdict = f"compiler  {'accepts it' if told.accepted else 'refuses it'}"
    return "\n".join([*lines, "question", *_indented(told.text), f"command   {told.command}", verdict, *_indented(told.said)])


def _indented(text: str) -> list[str]:
    return [f"    {line}" for line in text.strip().splitlines()]


def alone(job: stages.Job, known: Ledger) -> list[str]:
    """Ask every question in a compiler run of its own and compare with the ledger. Returns what differs, after telling it."""
    start = time.monotonic()
    front.say(f"{job.variant.name}: every question alone; this takes a while")
    with probing.exam(job) as exam:
        different = witness.unequal(known, answer(exam, single=True))
        for name in different:
            cause = witness.culprit(exam, name)
            front.say(f"  {name}: answered differently in company" + (f"; {cause} breaks it" if cause else ""))
    front.say(f"{job.variant.name}: {len(known.answers)} macros, {len(different)} differ, {time.monotonic() - start:.1f} s")
    return different

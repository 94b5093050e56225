"""Ledger: every answer about a target's compiler and libc, each with where it came from (probes.json)."""
from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from ..errors import UserError

SOURCES = ("header", "link", "compile", "elf", "fact", "option")


@dataclass(frozen=True)
class Answer:
    """The value of one macro of pyconfig.h: None leaves it undefined, "" defines it as nothing.

    source: one of SOURCES.  how: the question asked, or the reason for a fact.  where: the place that states a fact or
    follows an option.
    """

    value: str | None
    source: str
    how: str
    where: str = ""


@dataclass(frozen=True)
class Ledger:
    """answers: by macro of pyconfig.h.in.  variables: by the name of configure's shell variable.

    The variables are those that the conditions and flags of ``PY_STDLIB_MOD`` in configure.ac may mention.
    """

    answers: Mapping[str, Answer]
    variables: Mapping[str, str]

    def to_json(self) -> str:
        """Write it down: sorted, so that equal ledgers are equal files."""
        answers = {name: {"value": a.value, "source": a.source, "how": a.how, **({"where": a.where} if a.where else {})} for name, a in self.answers.items()}
        return json.dumps({"answers": answers, "variables": dict(self.variables)}, indent=1, sort_keys=True) + "\n"


def from_json(text: str, where: str = "probes.json") -> Ledger:
    """Read what `to_json` wrote. Raises UserError when the file is damaged."""
    try:
        data = json.loads(text)
        answers = {name: Answer(**row) for name, row in data["answers"].items()}
        variables = dict(data["variables"])
        wrong = [name for name, a in answers.items() if a.source not in SOURCES or not isinstance(a.how + a.where, str)
                 or not isinstance(a.value, str | None)]
        wrong += [name for name, value in variables.items() if not isinstance(value, str)]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise UserError(where, f"the file is damaged ({type(error).__name__}: {error})", "delete it; it is made again") from None
    if wrong:
        raise UserError(where, f"the file is damaged at {', '.join(sorted(wrong)[:3])}", "delete it; it is made again")
    return Ledger(answers, variables)

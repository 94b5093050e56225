"""What is wrong with a finished root/: the facts of its files against the expectation of the variant.

Each rule is one small pure function and one row of a table: which kinds of entry it looks at, why it is there, and what to
do. The tables are in rulesmachine.py, ruleslinking.py, ruleshardening.py and rulescontent.py.
"""
from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase

from . import rulescontent, ruleshardening, ruleslinking, rulesmachine
from .errors import UserError, nearest
from .expectation import Expectation, expectation, parse
from .findings import SEVERITIES, Entry, Finding, Rule

__all__ = ["RULES", "Entry", "Expectation", "Finding", "Rule", "expectation", "judge", "judge_entry", "parse"]

RULES: tuple[Rule, ...] = (*rulesmachine.RULES, *ruleslinking.RULES, *ruleshardening.RULES, *rulescontent.RULES)
_ORDER = {severity: number for number, severity in enumerate(SEVERITIES)}


def judge_entry(entry: Entry, expect: Expectation, rules: Sequence[Rule] = RULES) -> Iterator[Finding]:
    """Yield the findings of one entry, waived ones too."""
    for rule in rules:
        if rule.applies(entry):
            for found, expected in rule.check(entry, expect):
                yield _waived(rule.finding(entry.path, found, expected), expect)


def judge_whole(entries: Sequence[Entry], expect: Expectation, rules: Sequence[Rule] = RULES) -> Iterator[Finding]:
    """Yield the findings of the rules about all entries together, waived ones too."""
    for rule in rules:
        if rule.whole:
            for path, found, expected in rule.whole(entries, expect):
                yield _waived(rule.finding(path, found, expected), expect)


def judge(entries: Sequence[Entry], expect: Expectation) -> list[Finding]:
    """Return all findings of a root/, worst first: by severity, rule and file; those with a waiver last.

    Raises UserError for a waiver of a rule that does not exist.
    """
    for waiver in expect.waivers:
        if waiver["rule"] not in {rule.id for rule in RULES}:
            hint = nearest(waiver["rule"], {rule.id for rule in RULES})
            raise UserError(f"{expect.variant}/variant.toml", f"waivers: no rule is called {waiver['rule']!r}" + (f"; {hint}?" if hint else ""),
                            "scons inspect rules lists them")
    findings = [finding for entry in entries for finding in judge_entry(entry, expect)]
    findings += judge_whole(entries, expect)
    return sorted(findings, key=lambda one: (bool(one.waiver), _ORDER[one.severity], one.rule, one.file, one.found))


def _waived(finding: Finding, expect: Expectation) -> Finding:
    for waiver in expect.waivers:
        if waiver["rule"] == finding.rule and fnmatchcase(finding.file, waiver["file"]):
            return replace(finding, waiver=waiver["reason"])
    return finding

"""What is wrong with a finished root/: the facts of its files against the expectation of the variant.

Each rule is one small pure function and one row of a table: which kinds of entry it looks at, why it is there, and what to
do. The tables are in rulesmachine.py, ruleslinking.py, ruleshardening.py and rulescontent.py.
"""
from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase

from ..errors import UserError, nearest
from . import rulescontent, ruleshardening, ruleslinking, rulesmachine
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


# Rules that are asked only where the expectation says something: id -> the key of it. Where it is empty they have nothing to compare with.
_BY = {"attributes": "attributes", "build-date": "dates", "build-id": "build_id", "bind-now": "bound", "core-exports": "exports",
       "debug-link": "debug_link", "ext-suffix": "ext_suffix", "extension-set": "ext_suffix", "fortify": "fortify", "host-path": "forbidden",
       "page-size": "page", "pie": "pie", "properties": "properties", "relro": "bound", "rootfs-needed": "rootfs", "rootfs-symbol": "rootfs",
       "shebang": "shebangs", "size": "size_limit", "stable-abi": "stable_abi", "stack-protector": "stack_protector", "symbol-table": "stripped"}


def asked(rule: str, expect: Expectation) -> bool:
    """Tell whether a rule can have a finding at all with such an expectation."""
    if rule == "symlink" or (rule in ("needed", "undefined") and expect.rootfs):
        return not expect.foreign
    return bool(getattr(expect, _BY[rule])) if rule in _BY else True


def waiver_of(finding: Finding, expect: Expectation) -> int | None:
    """Return the place of the waiver that a finding has, the first that fits it."""
    return next((number for number, row in enumerate(expect.waivers)
                 if row["rule"] == finding.rule and fnmatchcase(finding.file, row["file"])), None)


def _waived(finding: Finding, expect: Expectation) -> Finding:
    number = waiver_of(finding, expect)
    return finding if number is None else replace(finding, waiver=expect.waivers[number]["reason"])

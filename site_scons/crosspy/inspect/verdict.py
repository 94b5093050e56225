"""What an inspection found, for people and machines: a table worst first, inspect.json, JUnit XML."""
from __future__ import annotations

import dataclasses
import json
import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TextIO
from xml.etree import ElementTree

from .expectation import Expectation
from .findings import FATAL, WEAK, Entry, Finding
from .policy import RULES, asked, waiver_of

SHOWN, NAMED = 20, 10   # findings of one rule that are printed, names in one; inspect.json has all
_COLOURS = {FATAL: "31;1", WEAK: "33;1"}   # ECMA-48 SGR: red, yellow
_COUNTED = ("exports", "hidden", "undefined", "weak")   # facts that are long lists: inspect.json has their number


def report(entries: Sequence[Entry], findings: Sequence[Finding], expect: Expectation) -> dict:
    """Return what inspect.json holds; the same for the same root/, wherever and whenever it is inspected."""
    files = {}
    for entry in entries:
        row = {"kind": entry.kind, "sha256": entry.sha256, "size": entry.size}
        if entry.facts:
            plain = dataclasses.asdict(entry.facts)
            for name in ("versions", "defines"):
                plain[name] = {f"{one.name} {one.library}".strip(): len(one.symbols) for one in getattr(entry.facts, name)}
            row["facts"] = {**plain, "inits": list(entry.facts.inits), **{name: len(plain[name]) for name in _COUNTED}}
        row |= {name: list(names) for name in ("missing", "unresolved") if (names := getattr(entry, name))}
        if entry.members:
            row["members"] = [dataclasses.asdict(group) for group in entry.members]
        files[entry.path] = row
    return {"variant": expect.variant, "files": files, "rules": sorted(rule.id for rule in RULES), "hardening": expect.hardening,
            "findings": [dataclasses.asdict(finding) for finding in findings if not finding.waiver],
            "waived": [dataclasses.asdict(finding) for finding in findings if finding.waiver]}


def junit(findings: Sequence[Finding], entries: Sequence[Entry], expect: Expectation) -> str:
    """Return JUnit XML: one test case for each rule; its failure lists the findings, one that is waived or was not asked is a skip.

    A rule is not asked where the expectation says nothing about it, nor one that archives answer where there is none.
    """
    failed = {finding.rule for finding in findings if not finding.waiver}
    waived = {finding.rule for finding in findings if finding.waiver} - failed
    kinds = {entry.kind for entry in entries}
    unasked = {rule.id for rule in RULES if not asked(rule.id, expect) or (rule.kinds == {"archive"} and not rule.kinds & kinds)} - failed - waived
    suite = ElementTree.Element("testsuite", name=f"inspect {expect.variant}", tests=str(len(RULES)), failures=str(len(failed)),
                                errors="0", skipped=str(len(waived | unasked)))
    for rule in RULES:
        case = ElementTree.SubElement(suite, "testcase", classname=f"inspect.{expect.variant}", name=rule.id)
        if rule.id in unasked:
            ElementTree.SubElement(case, "skipped", message="not asked")
        own = [finding for finding in findings if finding.rule == rule.id and bool(finding.waiver) == (rule.id in waived)]
        if own:
            word = "skipped" if rule.id in waived else "failure"
            text = "\n".join(f"{one}{f' Waived: {one.waiver}' if one.waiver else ''}" for one in own)
            ElementTree.SubElement(case, word, message=_xml(f"{rule.title}: {len(own)} findings")).text = _xml(text)
    ElementTree.indent(suite)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(suite, encoding="unicode") + "\n"


def _xml(text: str) -> str:
    """Replace what XML 1.0 (2.2, Characters) does not allow: file names may hold any byte."""
    return re.sub("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "\ufffd", text)


def table(findings: Sequence[Finding], colour: bool = False) -> str:
    """Return the findings by rule, worst first; what is waived comes last, with its reason."""
    lines: list[str] = []
    for rule in dict.fromkeys(finding.rule for finding in findings if not finding.waiver):
        own = [finding for finding in findings if finding.rule == rule and not finding.waiver]
        first = own[0]
        paint = _COLOURS.get(first.severity, "") if colour else ""
        word = f"\x1b[{paint}m{first.severity:<6}\x1b[0m" if paint else f"{first.severity:<6}"
        lines.append(f"{word} {rule}")
        lines += [f"       {_line(one.file)}: found {_line(_first(one.found))}, expected {_line(_first(one.expected))}" for one in own[:SHOWN]]
        if len(own) > SHOWN:
            lines.append(f"       {len(own) - SHOWN} more findings of this rule are in inspect.json")
        lines += [f"       why: {first.why}", f"       fix: {first.fix}"]
    lines += [f"waived {finding.rule} {_line(finding.file)}: {finding.waiver}" for finding in findings if finding.waiver]
    return "".join(f"{line}\n" for line in lines)


def _first(text: str) -> str:
    """Cut a long list of names for people."""
    names = text.split(", ")
    return ", ".join(names[:NAMED]) + (f" and {len(names) - NAMED} more" if len(names) > NAMED else "")


def _line(text: str) -> str:
    """Make a name of a file safe for a terminal."""
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in text)


def files(entries: Iterable[Entry]) -> str:
    """Return one line for each ELF file: kind, machine, size in bytes, libraries."""
    return "".join(f"{_line(entry.path):64} {entry.kind:14} {entry.facts.machine:12} {entry.size:>9} {' '.join(entry.facts.needed)}\n"
                   for entry in entries if entry.facts)


def rules() -> str:
    """Return every rule with its reason and what to do (``scons inspect rules``)."""
    return "".join(f"{rule.id:<18}{rule.severity:<7} {rule.title}\n{'':18}why: {rule.why}\n{'':18}fix: {rule.fix}\n" for rule in RULES)


def unused(findings: Sequence[Finding], expect: Expectation) -> list[str]:
    """Return a line for each waiver that waives nothing: it may be time to take it out."""
    used = {waiver_of(finding, expect) for finding in findings if finding.waiver}
    return [f"waiver of {row['rule']} for {row['file']} waives nothing" for number, row in enumerate(expect.waivers) if number not in used]


def coloured(stream: TextIO) -> bool:
    """Tell whether a stream is a terminal that may get colours (no-color.org)."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def write(path: Path, text: str) -> None:
    """Write a text under a temporary name and rename it, so that a killed run leaves no half file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(text, "utf-8", errors="backslashreplace")
    os.replace(temporary, path)


def write_json(path: Path, data: dict, indent: int | None = 1) -> None:
    """Write JSON with sorted keys, whole or not at all."""
    write(path, json.dumps(data, sort_keys=True, indent=indent) + "\n")

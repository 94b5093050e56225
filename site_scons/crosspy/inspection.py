"""The gate behind the link: inspect every file of a root/, write inspect.json, fail when an expectation is violated.

    python -m crosspy.inspection --expect expect.json --root ROOT --output inspect.json [--cache FILE] [--table]

Exit status: 0 without findings, 1 with findings (each on stderr, all in inspect.json), 2 for a mistake of the user.
"""
from __future__ import annotations

import argparse
import dataclasses
import hashlib
import json
import os
import re
import stat
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import elftools

from . import archive, elf, expectation
from .errors import UserError
from .expectation import Expectation
from .findings import Entry, Finding
from .policy import RULES, judge

SHOWN = 20   # findings of one rule that are printed; inspect.json has all
_NAMED_ELF = re.compile(r"\.(so(\.[\d.]+)?|o|a)$")
_MAX_LINKS = 40   # as the kernel's MAXSYMLINKS (path_resolution(7))


class FactsCache:
    """Facts by the sha256 of a file, in a JSON file; one that is missing, foreign or damaged counts as empty."""

    def __init__(self, path: Path | None):
        sources = [Path(module.__file__).read_bytes() for module in (elf, archive)]
        self.path, self.used = path, {}
        self.reader = hashlib.sha256(b"\0".join([*sources, elftools.__version__.encode()])).hexdigest()
        try:
            data = json.loads(path.read_text("utf-8")) if path else {}
            self.known = data["facts"] if data["reader"] == self.reader else {}
        except (OSError, ValueError, KeyError, TypeError):
            self.known = {}

    def facts(self, digest: str, data: bytes) -> dict:
        """Return the fields kind, facts, members and problem of an Entry for an ELF file or an archive."""
        try:
            known = self.known[digest]
            facts = elf.ElfFacts.from_json(known["facts"]) if known["facts"] else None
            found = {"kind": known["kind"], "facts": facts, "problem": known["problem"],
                     "members": tuple(archive.Group(**group) for group in known["members"])}
        except (KeyError, TypeError, AttributeError):
            found = _read(data)
        self.used[digest] = found
        return found

    def save(self) -> None:
        """Write the facts that were used, and only those; does nothing without a path."""
        if self.path:
            facts = {digest: {**found, "facts": found["facts"] and dataclasses.asdict(found["facts"]),
                              "members": [dataclasses.asdict(group) for group in found["members"]]}
                     for digest, found in self.used.items()}
            _write(self.path, {"reader": self.reader, "facts": facts}, indent=None)


def _read(data: bytes) -> dict:
    nothing = {"facts": None, "members": (), "problem": ""}
    try:
        if data.startswith(elf.MAGIC):
            facts = elf.read(data)
            return {**nothing, "kind": facts.kind, "facts": facts}
        return {**nothing, "kind": "archive", "members": archive.read(data)}
    except elf.ElfError as error:
        return {**nothing, "kind": "damaged", "problem": str(error)}


def walk(root: Path) -> Iterator[tuple[str, os.stat_result | OSError]]:
    """Yield (relative path, lstat) of all but folders, sorted; an OSError instead where a folder cannot be read."""
    def below(folder: str, prefix: str) -> Iterator[tuple[str, os.stat_result | OSError]]:
        try:
            with os.scandir(folder) as found:
                children = sorted(found, key=lambda child: child.name)
        except OSError as error:
            yield prefix or ".", error
            return
        for child in children:
            if child.is_dir(follow_symlinks=False):
                yield from below(child.path, f"{prefix}{child.name}/")
            else:
                yield prefix + child.name, child.stat(follow_symlinks=False)
    yield from below(os.fspath(root), "")


def inspect(root: Path, expect: Expectation, cache: FactsCache, only: str = "") -> list[Entry]:
    """Return the entries of root/, sorted by path; only: of that one file. Raises UserError when root/ is no folder."""
    if not root.is_dir():
        raise UserError(str(root), "the folder does not exist", "build it first (scons target=NAME)")
    patterns = [(path, re.compile(re.escape(path.encode()) + rb"(?![\w-])")) for path in expect.forbidden]
    entries = []
    for path, found in [(only, os.lstat(root / only))] if only else walk(root):
        try:
            if isinstance(found, OSError):
                raise found
            entries.append(_entry(root, path, found, patterns, cache))
        except OSError as error:
            entries.append(Entry(path, "special", problem=f"it cannot be read ({error.strerror})"))
    return sorted(entries, key=lambda entry: entry.path)


def _entry(root: Path, path: str, found: os.stat_result, patterns: list, cache: FactsCache) -> Entry:
    full = os.path.join(root, path)
    if stat.S_ISLNK(found.st_mode):
        target = os.fsencode(os.readlink(full))
        return Entry(path, "link", problem=_link_problem(root, path), leaks=_leaks(target, patterns), size=len(target),
                     sha256=hashlib.sha256(target).hexdigest())
    if not stat.S_ISREG(found.st_mode):
        return Entry(path, "special", problem="a device, pipe or socket")
    with open(full, "rb") as stream:
        data = stream.read()
    digest = hashlib.sha256(data).hexdigest()
    fields = {"kind": "file"}
    if data.startswith((elf.MAGIC, archive.MAGIC, archive.THIN)):
        fields = cache.facts(digest, data)
    elif _NAMED_ELF.search(path):
        fields = {"kind": "damaged", "problem": f"content that is neither ELF nor ar ({data[:8]!r})"}
    # execve(2): what is executable begins with an ELF header or with "#!". Upstream's test modules have the bit by mistake.
    elif found.st_mode & 0o111 and not data.startswith(b"#!") and not path.endswith(".py"):
        fields = {"kind": "damaged", "problem": f"an executable that is neither ELF nor a script ({data[:8]!r})"}
    return Entry(path, leaks=_leaks(data, patterns), sha256=digest, size=len(data), **fields)


def _leaks(data: bytes, patterns: list) -> tuple[str, ...]:
    """Name the first place of each forbidden path; as a path: ``/work`` is not found in ``/workshop``."""
    leaks = []
    for path, pattern in patterns:
        if path.encode() in data and (place := pattern.search(data)):   # find is ten times as fast as a pattern
            shown = re.compile(rb"[\x21-\x7e]*").match(data, place.start(), place.start() + 120)[0].decode()
            leaks.append(f"{shown!r} at byte {place.start()}")
    return tuple(leaks)


def _link_problem(root: Path, path: str) -> str:
    """Follow a link as the device does, where root/ is ``/``; say where that goes wrong, or return an empty string."""
    parts, here, links = path.split("/")[::-1], [], 0
    while parts:
        part = parts.pop()
        if part in ("", "."):
            continue
        if part == "..":
            if not here:
                return f"-> {os.readlink(root / path)}, which leads out of root/"
            here.pop()
            continue
        full = os.path.join(root, *here, part)
        if os.path.islink(full):
            target, links = os.readlink(full), links + 1
            if links > _MAX_LINKS:
                return f"-> {os.readlink(root / path)}, a loop of links"
            here = [] if target.startswith("/") else here
            parts += target.split("/")[::-1]
        elif os.path.lexists(full):
            here.append(part)
        else:
            return f"-> {os.readlink(root / path)}, which does not exist in root/"
    return ""


def report(entries: Sequence[Entry], findings: Sequence[Finding], expect: Expectation) -> dict:
    """Return what inspect.json holds; the same for the same root/, wherever and whenever it is inspected."""
    files = {}
    for entry in entries:
        row = {"kind": entry.kind, "sha256": entry.sha256, "size": entry.size}
        if entry.facts:
            plain = dataclasses.asdict(entry.facts)
            plain["versions"] = {f"{one.name} {one.library}": len(one.symbols) for one in entry.facts.versions}
            row["facts"] = plain
        if entry.members:
            row["members"] = [dataclasses.asdict(group) for group in entry.members]
        files[entry.path] = row
    return {"variant": expect.variant, "files": files, "rules": sorted(rule.id for rule in RULES),
            "findings": [dataclasses.asdict(finding) for finding in findings]}


def _write(path: Path, data: dict, indent: int | None) -> None:
    """Write JSON under a temporary name and rename it, so that a killed run leaves no half file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(json.dumps(data, sort_keys=True, indent=indent) + "\n", "utf-8")
    os.replace(temporary, path)


def _print(entries: Sequence[Entry], findings: Sequence[Finding], table: bool) -> None:
    shown = dict.fromkeys((finding.rule for finding in findings), 0)
    for finding in findings:
        shown[finding.rule] += 1
        if shown[finding.rule] <= SHOWN:
            print(finding, file=sys.stderr)
    for rule, count in shown.items():
        if count > SHOWN:
            print(f"{rule}: {count - SHOWN} more findings of this rule are in inspect.json", file=sys.stderr)
    if table:
        for entry in entries:
            if facts := entry.facts:
                print(f"{entry.path:64} {entry.kind:14} {facts.machine:12} {entry.size:>9} {' '.join(facts.needed)}")
    binary = sum(entry.facts is not None for entry in entries)
    print(f"inspect: {binary} ELF files, {len(entries)} files, {len(findings)} findings")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one inspection; see the module's docstring."""
    parser = argparse.ArgumentParser(prog="crosspy.inspection", description="Inspect a finished root/.")
    for name, words in (("expect", "the expectation"), ("root", "the folder to inspect"), ("output", "inspect.json")):
        parser.add_argument(f"--{name}", type=Path, required=True, help=words)
    parser.add_argument("--cache", type=Path, help="facts of files that were inspected before")
    parser.add_argument("--only", default="", help="the one file below the folder that is inspected")
    parser.add_argument("--table", action="store_true", help="print one line for each ELF file")
    options = parser.parse_args(arguments)
    try:
        expect = expectation.load(options.expect)
        cache = FactsCache(options.cache)
        entries = inspect(options.root, expect, cache, options.only)
    except UserError as error:
        print(error, file=sys.stderr)
        return 2
    findings = judge(entries, expect)
    _write(options.output, report(entries, findings, expect), indent=1)
    cache.save()
    _print(entries, findings, options.table)
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())

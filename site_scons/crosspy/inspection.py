"""The gate behind the link: inspect every file of a root/, write inspect.json, fail when an expectation is violated.

    python -m crosspy.inspection --expect expect.json --root ROOT --output inspect.json [--junit FILE] [--cache FILE]
        [--rootfs DIR] [--table]

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
from itertools import islice
from pathlib import Path

import elftools

from . import archive, elf, elffacts, elfnotes, elfsymbols, expectation, links, rootfs, verdict
from .errors import UserError
from .expectation import Expectation
from .findings import Entry, Finding
from .policy import judge

_NAMED_ELF = re.compile(r"\.(so(\.[\d.]+)?|o|a)$")
# What the preprocessor makes of __DATE__ and __TIME__ (C11 6.10.8.1). With one space: what a shell made of a -D. Their ends are
# searched for, which begin with one certain byte: forty times as fast as an alternative of months at every place.
_ENDS = re.compile(rb" (?:19|20)\d\d(?=\0)"), re.compile(rb":[0-5]\d:[0-5]\d(?=\0)")
_STARTS = (re.compile(rb"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) {1,2}\d{1,2}\Z"), re.compile(rb"(?<=\0)[012]\d\Z"))
_MAX_DATES = 100   # kept of one file


class FactsCache:
    """Facts by the sha256 of a file, in a JSON file; one that is missing, foreign or damaged counts as empty."""

    def __init__(self, path: Path | None):
        sources = [Path(module.__file__).read_bytes() for module in (elf, elffacts, elfnotes, elfsymbols, archive)]
        sources.append(Path(__file__).read_bytes())
        self.path, self.used = path, {}
        self.reader = hashlib.sha256(b"\0".join([*sources, elftools.__version__.encode()])).hexdigest()
        try:
            data = json.loads(path.read_text("utf-8")) if path else {}
            self.known = data["facts"] if data["reader"] == self.reader else {}
        except (OSError, ValueError, KeyError, TypeError):
            self.known = {}

    def facts(self, digest: str, data: bytes) -> dict:
        """Return the fields kind, facts, members, dates and problem of an Entry for an ELF file or an archive."""
        try:
            known = self.known[digest]
            facts = elf.ElfFacts.from_json(known["facts"]) if known["facts"] else None
            found = {"kind": known["kind"], "facts": facts, "problem": known["problem"], "dates": tuple(known["dates"]),
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
            verdict.write_json(self.path, {"reader": self.reader, "facts": facts}, indent=None)


def _read(data: bytes) -> dict:
    nothing = {"facts": None, "members": (), "problem": "", "dates": tuple(sorted(set(islice(_dates(data), _MAX_DATES))))}
    try:
        if data.startswith(elf.MAGIC):
            facts = elf.read(data)
            return {**nothing, "kind": facts.kind, "facts": facts}
        return {**nothing, "kind": "archive", "members": archive.read(data)}
    except elf.ElfError as error:
        return {**nothing, "kind": "damaged", "problem": str(error)}


def _dates(data: bytes) -> Iterator[str]:
    """Yield each __DATE__ and __TIME__ in a file, with single spaces."""
    for end, start in zip(_ENDS, _STARTS, strict=True):
        for found in end.finditer(data):
            if head := start.search(data, max(0, found.start() - 7), found.start()):
                yield " ".join((head[0] + found[0]).decode().split())


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
        return Entry(path, "link", problem=links.problem(root, path), leaks=_leaks(target, patterns), size=len(target),
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
    script = found.st_mode & 0o111 and data.startswith(b"#!")
    return Entry(path, leaks=_leaks(data, patterns), sha256=digest, size=len(data), shebang=_shebang(data) if script else "", **fields)


def _shebang(data: bytes) -> str:
    """Return the interpreter of a script; the kernel reads 256 bytes (execve(2))."""
    words = data[2:256].partition(b"\n")[0].split()
    return words[0].decode("utf-8", "backslashreplace") if words else "nothing"


def _leaks(data: bytes, patterns: list) -> tuple[str, ...]:
    """Name the first place of each forbidden path; as a path: ``/work`` is not found in ``/workshop``."""
    leaks = []
    for path, pattern in patterns:
        if path.encode() in data and (place := pattern.search(data)):   # find is ten times as fast as a pattern
            shown = re.compile(rb"[\x21-\x7e]*").match(data, place.start(), place.start() + 120)[0].decode()
            leaks.append(f"{shown!r} at byte {place.start()}")
    return tuple(leaks)


def finish(expect: Expectation, entries: list[Entry], args: argparse.Namespace) -> int:
    """Judge the entries, write inspect.json and JUnit XML, print the table; return 1 when something is wrong, else 0.

    args: output, junit, rootfs (paths or None) and table.
    """
    if args.rootfs:
        entries = rootfs.resolve(entries, rootfs.RootFs(args.rootfs))
    findings = judge(entries, expect)
    if args.junit:
        verdict.write(args.junit, verdict.junit(findings, expect))
    verdict.write_json(args.output, verdict.report(entries, findings, expect))
    _print(entries, findings, expect, args.table)
    return 1 if any(not finding.waiver for finding in findings) else 0


def _print(entries: Sequence[Entry], findings: Sequence[Finding], expect: Expectation, table: bool) -> None:
    if table:
        sys.stdout.write(verdict.files(entries))
    # One write, as lines of two targets would mix.
    sys.stderr.write(verdict.table(findings, verdict.coloured(sys.stderr)))
    for line in verdict.unused(findings, expect):
        print(f"note: {line}", file=sys.stderr)
    binary, waived = sum(entry.facts is not None for entry in entries), sum(bool(finding.waiver) for finding in findings)
    print(f"inspect: {binary} ELF files, {len(entries)} files, {len(findings) - waived} findings" + (f", {waived} waived" if waived else ""))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one inspection; see the module's docstring."""
    parser = argparse.ArgumentParser(prog="crosspy.inspection", description="Inspect a finished root/.")
    for name, words in (("expect", "the expectation"), ("root", "the folder to inspect"), ("output", "inspect.json")):
        parser.add_argument(f"--{name}", type=Path, required=True, help=words)
    parser.add_argument("--junit", type=Path, help="JUnit XML, one test case for each rule")
    parser.add_argument("--rootfs", type=Path, help="the device's root file system, to resolve libraries and symbols in")
    parser.add_argument("--cache", type=Path, help="facts of files that were inspected before")
    parser.add_argument("--only", default="", help="the one file below the folder that is inspected")
    parser.add_argument("--table", action="store_true", help="print one line for each ELF file")
    options = parser.parse_args(arguments)
    try:
        expect = expectation.load(options.expect)
        cache = FactsCache(options.cache)
        status = finish(expect, inspect(options.root, expect, cache, options.only), options)
    except UserError as error:
        print(error, file=sys.stderr)
        return 2
    cache.save()
    return status


if __name__ == "__main__":
    sys.exit(main())

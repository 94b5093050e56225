"""The gate behind the link: inspect every file of a root/, write inspect.json, fail when an expectation is violated.

    python -m crosspy.inspect.inspection --expect expect.json --root ROOT --output inspect.json [--junit FILE] [--cache FILE]
        [--rootfs DIR] [--table]

Exit status: 0 without findings, 1 with findings (each on stderr, all in inspect.json), 2 for a mistake of the user.
"""
from __future__ import annotations

import argparse
import dataclasses
import hashlib
import io
import json
import os
import stat
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

import elftools

from ..elf import archive, elf, elffacts, elfnotes, elfsymbols
from ..errors import UserError
from . import debugfiles, expectation, leaks, links, oddfiles, rootfs, scripts, verdict
from .expectation import Expectation
from .findings import LINKED, Entry, Finding
from .policy import judge


class FactsCache:
    """Facts by the sha256 of a file, in a JSON file; one that is missing, foreign or damaged counts as empty."""

    def __init__(self, path: Path | None):
        sources = [Path(module.__file__).read_bytes() for module in (elf, elffacts, elfnotes, elfsymbols, archive, leaks, oddfiles)]
        sources.append(Path(__file__).read_bytes())
        self.path, self.used = path, {}
        self.reader = hashlib.sha256(b"\0".join([*sources, elftools.__version__.encode()])).hexdigest()
        try:
            data = json.loads(path.read_text("utf-8")) if path else {}
            self.known = data["facts"] if data["reader"] == self.reader else {}
        except (OSError, ValueError, KeyError, TypeError):
            self.known = {}

    def facts(self, digest: str, stream: BinaryIO) -> dict:
        """Return the fields kind, facts, members, dates and problem of an Entry for an ELF file or an archive, which is read if it is new."""
        if digest in self.used:
            return self.used[digest]   # the same file under another name
        try:
            known = self.known[digest]
            facts = elf.ElfFacts.from_json(known["facts"]) if known["facts"] else None
            found = {"kind": known["kind"], "facts": facts, "problem": known["problem"], "dates": tuple(known["dates"]),
                     "members": tuple(archive.Group(**group) for group in known["members"])}
        except (KeyError, TypeError, AttributeError):
            stream.seek(0)
            found = _read(stream.read())
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
    nothing = {"facts": None, "members": (), "problem": "", "dates": leaks.dates(data)}
    try:
        if data.startswith(elf.MAGIC):
            facts = elf.read(data)
            return {**nothing, "kind": facts.kind, "facts": facts}
        return {**nothing, "kind": "archive", "members": archive.read(data)}
    except elf.ElfError as error:
        return {**nothing, "kind": "damaged", "problem": str(error)}


def walk(root: Path) -> Iterator[tuple[str, os.stat_result | OSError]]:
    """Yield (relative path, lstat) of all but folders; an OSError instead where something cannot be read."""
    folders = [""]
    while folders:
        prefix = folders.pop()
        try:
            with os.scandir(os.path.join(root, prefix)) as found:
                children = list(found)
        except OSError as error:
            yield prefix.rstrip("/") or ".", error
            continue
        for child in children:
            path = prefix + child.name
            try:
                found = child.stat(follow_symlinks=False)
            except OSError as error:
                yield path, error
                continue
            if stat.S_ISDIR(found.st_mode):
                folders.append(f"{path}/")
            else:
                yield path, found


def inspect(root: Path, expect: Expectation, cache: FactsCache, only: str = "") -> list[Entry]:
    """Return the entries of root/, sorted by path; only: of that one file. Raises UserError when root/ is no folder."""
    if not os.path.isdir(root):
        raise UserError(str(root), "the folder does not exist", "build it first (scons target=NAME)")
    patterns, entries = leaks.patterns(expect.forbidden), []
    for path, found in [(only, None)] if only else walk(root):
        try:
            if isinstance(found, OSError):
                raise found
            found = found or os.lstat(root / path)
            entry = _entry(root, path, found, patterns, cache)
            if expect.debug_folder and entry.kind in LINKED and entry.facts.debug_link:
                entry = dataclasses.replace(entry, undebugged=debugfiles.problem(root / expect.debug_folder, entry.facts))
            entries.append(entry)
        except OSError as error:
            entries.append(Entry(path, "unread", problem=f"it cannot be read ({error.strerror})"))
    return sorted(entries, key=lambda entry: entry.path)


def _entry(root: Path, path: str, found: os.stat_result, patterns: leaks.Patterns, cache: FactsCache) -> Entry:
    full = os.path.join(root, path)
    if stat.S_ISLNK(found.st_mode):
        digest, size, leaking = leaks.look(io.BytesIO(os.fsencode(os.readlink(full))), patterns)
        return Entry(path, "link", problem=links.problem(root, path), leaks=leaking, size=size, sha256=digest)
    if not stat.S_ISREG(found.st_mode):
        return Entry(path, "special", problem="a device, pipe or socket")
    executable = bool(found.st_mode & 0o111)
    with open(full, "rb") as stream:
        head = stream.read(oddfiles.HEAD)
        stream.seek(0)
        digest, size, leaking = leaks.look(stream, patterns, wide=head.startswith((elf.MAGIC, archive.MAGIC)))
        fields = cache.facts(digest, stream) if oddfiles.binary(head) else dict(zip(("kind", "problem"), oddfiles.kind(path, executable, head), strict=True))
    shebang, unfit = scripts.shebang(root, head) if executable and head.startswith(b"#!") else ("", "")
    return Entry(path, leaks=leaking, sha256=digest, size=size, shebang=shebang, unfit=unfit, **fields)


def finish(expect: Expectation, entries: list[Entry], args: argparse.Namespace) -> int:
    """Judge the entries, write inspect.json and JUnit XML, print the table; return 1 when something is wrong, else 0.

    args: root, output, junit, rootfs (paths or None) and table.
    """
    if args.rootfs:
        expect, entries = dataclasses.replace(expect, rootfs=True), rootfs.resolve(entries, rootfs.RootFs(args.rootfs), args.root)
    findings = judge(entries, expect)
    if args.junit:
        verdict.write(args.junit, verdict.junit(findings, entries, expect))
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
    parser = argparse.ArgumentParser(prog="crosspy.inspect.inspection", description="Inspect a finished root/.")
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

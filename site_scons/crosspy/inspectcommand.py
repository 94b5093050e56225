"""`scons inspect rules`, and `scons inspect target=NAME file=FILE|DIR`: inspection without a build."""
from __future__ import annotations

import sys
from argparse import Namespace
from dataclasses import replace
from pathlib import Path

from . import expectation, inspection, verdict
from .errors import UserError
from .findings import LINKED
from .variant import Variant


def main(session) -> int:
    """Do what `scons inspect` does without a graph. Returns the exit status: 1 with findings.

    session: session.Session. Raises UserError when it is not said what to inspect, or there is no such file.
    """
    if "rules" in session.words:
        sys.stdout.write(verdict.rules())
        return 0
    if not session.chosen:
        raise UserError(f"scons inspect file={session.options.file}", "it is not said for which target", "add target=NAME")
    status = 0
    for variant in session.chosen:
        status |= _inspect(variant, Path(session.options.file), Path(session.options.build_dir) / session.folder_name(variant),
                           Path(session.options.rootfs) if session.options.rootfs else None)
    return status


def _inspect(variant: Variant, path: Path, folder: Path, rootfs: Path | None) -> int:
    if not path.exists():
        raise UserError(f"file={path}", "it does not exist", "name a file or a folder")
    root, only = (path, "") if path.is_dir() else (path.parent, path.name)
    expect = foreign(variant)
    cache = inspection.FactsCache(folder / ".inspect-file-cache.json")
    entries = inspection.inspect(root, expect, cache, only)
    # A tree may bring libraries of its own, which a build of ours would have in its plan.
    brought = {name for entry in entries if entry.kind in LINKED for name in (entry.facts.soname, Path(entry.path).name) if name}
    places = Namespace(output=folder / "inspect-file.json", junit=folder / "inspect-file.xml", rootfs=rootfs, table=True)
    status = inspection.finish(replace(expect, needed=(*expect.needed, *sorted(brought))), entries, places)
    cache.save()
    print(f"inspect: {path} against {variant.name}: {places.output}, {places.junit}")
    return status


def foreign(variant: Variant) -> expectation.Expectation:
    """Return what a variant expects of files that this project did not build: no plan, no compiler is known."""
    made = expectation.expectation(variant, floor=variant.libc.floor, pie=True, bound=True, build_id=True)
    return expectation.parse(made, f"{variant.name}/variant.toml")

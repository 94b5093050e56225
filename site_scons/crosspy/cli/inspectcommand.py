"""`scons inspect rules`, and `scons inspect target=NAME file=FILE|DIR`: inspection without a build."""
from __future__ import annotations

import os
import posixpath
import re
import sys
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ..errors import UserError
from ..inspect import expectation, inspection, verdict
from ..inspect.expectation import Expectation
from ..inspect.findings import LINKED, Entry
from ..variants.variant import Variant
from ..variants.variantlines import FEATURES
from .options import Options


def main(session) -> int:
    """Do what `scons inspect` does without a graph. Returns the exit status: 1 with findings.

    session: session.Session. Raises UserError when it is not said what to inspect, or there is no such file.
    """
    if "rules" in session.words:
        sys.stdout.write(verdict.rules())
        return 0
    if not session.chosen:
        raise UserError(f"scons inspect file={session.options.file}", "it is not said for which target", "add target=NAME")
    path, status = _named(session.options.file), 0
    for variant in session.chosen:
        folder = Path(session.options.build_dir) / session.folder_name(variant)
        status |= _inspect(variant, session.options, path, folder)
    return status


def _named(file: str) -> Path:
    """Return the file or folder that is inspected: of a link, what it leads to. Raises UserError when it cannot be reached."""
    try:
        os.stat(file)
    except FileNotFoundError:
        raise UserError(f"file={file}", "it does not exist", "name a file or a folder") from None
    except (OSError, ValueError) as error:
        shown = file if len(file) < 200 else f"{file[:200]}…"
        raise UserError(f"file={shown}", f"it cannot be read ({getattr(error, 'strerror', error)})", "name a file or a folder that you may read") from None
    return Path(file) if os.path.isdir(file) else Path(os.path.realpath(file))


def _inspect(variant: Variant, options: Options, path: Path, folder: Path) -> int:
    root, only = (path, "") if path.is_dir() else (path.parent, path.name)
    expect = foreign(variant, options)
    cache = inspection.FactsCache(folder / ".inspect-file-cache.json")
    entries = inspection.inspect(root, expect, cache, only)
    places = Namespace(root=root, output=folder / "inspect-file.json", junit=folder / "inspect-file.xml",
                       rootfs=Path(options.rootfs) if options.rootfs else None, table=True)
    status = inspection.finish(brought(entries, expect, options), entries, places)
    cache.save()
    print(f"inspect: {path} against {variant.name}: {places.output}, {places.junit}")
    return status


def brought(entries: Sequence[Entry], expect: Expectation, options: Options) -> Expectation:
    """Return the expectation with what a tree itself brings, which a build of ours would have in its plan: libraries, and a glibc."""
    linked = [entry for entry in entries if entry.kind in LINKED]
    names = {name for entry in linked for name in (entry.facts.soname, posixpath.basename(entry.path)) if name}
    own = [version.name.removeprefix("GLIBC_") for entry in linked if entry.facts.soname.startswith("libc.so.") for version in entry.facts.defines]
    floors = [floor for floor in own if re.fullmatch(r"2(\.\d{1,4}){1,2}", floor)]
    if expect.glibc_floor and floors and not options.glibc:
        expect = replace(expect, glibc_floor=max([*floors, expect.glibc_floor], key=lambda floor: tuple(map(int, floor.split(".")))))
    return replace(expect, needed=(*expect.needed, *sorted(names)))


def foreign(variant: Variant, options: Options) -> Expectation:
    """Return what a variant expects of files that this project did not build: no plan, no compiler is known.

    options: glibc= is the floor, hardening= says whether programs are to be protected. Raises UserError for glibc= and a libc that is another one.
    """
    if options.glibc and variant.libc.name != "glibc":
        raise UserError(f"glibc={options.glibc} target={variant.name}", f"this target has {variant.libc.name}", "leave glibc= out for it")
    absent = {row.partition(":")[0] for row in variant.flags.unhardened} if options.hardening else set(FEATURES)
    made = expectation.expectation(variant, floor=options.glibc or variant.libc.floor, pie="pie" not in absent,
                                   bound=not {"relro", "bind-now"} & absent, build_id=True, foreign=True)
    return expectation.parse(made, f"{variant.name}/variant.toml")

"""Populate root/ as CPython's ``make install`` would: a command that the host's Python runs, ``-m crosspy.root.install PLAN``.

root/ holds exactly what the plan says: changed files are written under a temporary name and renamed, others are left
alone, everything else is removed. Modes are 0644 or 0755, folders 0755, whatever the umask.

Two files tell about it. The record (destination -> mode, sha256, size) depends on contents only. The state holds what
differs from run to run (sizes, times), for ``damaged`` and for a quick second run; it belongs in no manifest.
"""
from __future__ import annotations

import argparse
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from ..errors import UserError
from .layout import Folder, Item, Link, Options, is_compiled, layout

BYTECODE = ("unchecked", "checked", "none", "only")


@dataclass(frozen=True)
class Plan:
    """What to install. tree: the release.  generated, built: the names in crosspy.root.layout -> files.

    extensions: shared modules, for lib-dynload.  extra: (file, destination, mode).  bytecode: one of BYTECODE.
    bytecode_folders: outputs of crosspy/bootstrap/bytecode.py.  record, state: files beside root/ that this command writes.
    """

    tree: Path
    root: Path
    record: Path
    state: Path
    options: Options
    generated: Mapping[str, str]
    built: Mapping[str, str]
    extensions: tuple[str, ...] = ()
    extra: tuple[tuple[str, str, int], ...] = ()
    bytecode: str = "unchecked"
    bytecode_folders: tuple[str, ...] = ()


def read_plan(path: Path) -> Plan:
    """Read PLAN.json: the fields of Plan; options as an object with the fields of crosspy.root.layout.Options."""
    data = json.loads(path.read_text("utf-8"))
    options = data.pop("options")
    options["without"], options["stand_ins"] = frozenset(options.get("without", ())), tuple(options.get("stand_ins", ()))
    for name in ("tree", "root", "record", "state"):
        data[name] = Path(data[name])
    for name in ("extensions", "bytecode_folders"):
        data[name] = tuple(data.get(name, ()))
    data["extra"] = tuple((source, destination, mode) for source, destination, mode in data.get("extra", ()))
    if data.get("bytecode", "unchecked") not in BYTECODE:
        raise UserError(f"bytecode={data['bytecode']}", "no such kind", f"use one of {', '.join(BYTECODE)}")
    return Plan(options=Options(**options), **data)


def entries(plan: Plan) -> Iterator[tuple[str, str | None, int]]:
    """Yield (destination, file to copy, mode); for a link (destination, its target, 0); a folder has neither."""
    origins = {"generated": plan.generated, "built": plan.built}
    for entry in layout(plan.tree, plan.options):
        if isinstance(entry, Link):
            yield entry.destination, entry.target, 0
        elif isinstance(entry, Folder):
            yield entry.destination, None, 0o755
        elif isinstance(entry, Item):
            known = origins.get(entry.origin)
            if known is not None and entry.source not in known:
                raise UserError(entry.destination, f"the plan names no {entry.origin} file {entry.source!r}",
                                "add it to PLAN.json")
            source = str(known[entry.source] if known is not None else plan.tree / entry.source)
            yield from _with_bytecode(plan, entry, source)
    for source in plan.extensions:
        yield f"{plan.options.stdlib}/lib-dynload/{os.path.basename(source)}", source, 0o755
    yield from ((destination, source, mode) for source, destination, mode in plan.extra)


def _with_bytecode(plan: Plan, item: Item, source: str) -> Iterator[tuple[str, str, int]]:
    library = f"{plan.options.stdlib}/"
    inner = item.destination.removeprefix(library)
    compiled = plan.bytecode != "none" and item.destination.startswith(library) and is_compiled(inner) \
        and not item.destination.startswith(f"{plan.options.config}/")
    if not compiled or plan.bytecode != "only":
        yield item.destination, source, item.mode
    if compiled:
        path = PurePosixPath(inner)
        name = f"__pycache__/{path.stem}.cpython-{plan.options.series.replace('.', '')}.pyc"
        found = next((file for folder in plan.bytecode_folders
                      if os.path.exists(file := os.path.join(folder, path.parent, name))), None)
        if found is None:
            raise UserError(item.destination, "it has no byte-code", "run crosspy/bootstrap/bytecode.py for it first")
        # bytecode=only is the layout of sourceless imports: NAME.pyc in NAME.py's place (importlib, SourcelessFileLoader)
        yield library + str(path.parent / name if plan.bytecode != "only" else path.with_suffix(".pyc")), found, 0o644


def install(plan: Plan) -> int:
    """Bring root/ to what the plan says and write record and state. Returns how many entries were changed.

    Raises UserError for a missing file and for two entries of one destination.
    """
    before = _json(plan.state)
    wanted: dict[str, tuple[str | None, int]] = {}
    for destination, source, mode in entries(plan):
        if destination in wanted:
            raise UserError(destination, "two files would be installed under this name", "leave one out of the plan")
        wanted[destination] = source, mode
    os.makedirs(plan.root, exist_ok=True)
    changed = _remove_others(plan.root, wanted)
    record, state = {}, {}
    for destination, (source, mode) in sorted(wanted.items()):
        path = plan.root / destination
        if source is None:
            _folders(plan.root, path)
        elif mode == 0:
            changed += _link(plan.root, path, source)
            record[destination] = {"link": source}
            state[destination] = _stat(path)
        else:
            known = before.get(destination, [])
            digest, size, written = _copy(plan.root, path, source, mode, known)
            changed += written
            record[destination] = {"mode": f"{mode:04o}", "sha256": digest, "size": size}
            stat = os.stat(source)
            state[destination] = [*_stat(path), source, stat.st_size, stat.st_mtime_ns, digest]
    _write_json(plan.state, state)
    _write_json(plan.record, record)
    return changed


def damaged(root: Path, state: Path) -> list[str]:
    """Return the destinations that are gone from root/ or were edited there since they were installed.

    Size, time and mode are compared, no content is read. Without a state file, nothing is known: ``[""]``.
    """
    if not state.exists():
        return [""]
    found, prefix = [], f"{root}{os.sep}"
    for destination, known in _json(state).items():
        try:
            stat = os.lstat(prefix + destination)
        except OSError:
            found.append(destination)
            continue
        if [stat.st_size, stat.st_mtime_ns, stat.st_mode] != known[:3]:
            found.append(destination)
    return found


def _stat(path: Path) -> list[int]:
    stat = os.lstat(path)
    return [stat.st_size, stat.st_mtime_ns, stat.st_mode]


def _copy(root: Path, path: Path, source: str, mode: int, known: list) -> tuple[str, int, int]:
    """Install one file; return its sha256, its size and whether it was written (0 or 1).

    known: size, time and mode of the installed file, then source, its size and time, and the digest, or nothing.
    """
    try:
        stat = os.stat(source)
    except FileNotFoundError:
        raise UserError(source, "it should be installed, but does not exist", "build it first") from None
    present = os.path.lexists(path)
    if present and known[:3] == _stat(path) and known[2] & 0o7777 == mode \
            and known[3:6] == [source, stat.st_size, stat.st_mtime_ns]:
        return known[6], stat.st_size, 0
    data = Path(source).read_bytes()
    digest = hashlib.sha256(data).hexdigest()
    if present and path.is_file() and not path.is_symlink() and os.stat(path).st_mode & 0o7777 == mode \
            and path.read_bytes() == data:
        return digest, len(data), 0
    _folders(root, path.parent)
    temporary = path.with_name(f".{path.name}.new")
    temporary.write_bytes(data)
    os.chmod(temporary, mode)
    os.replace(temporary, path)
    return digest, len(data), 1


def _link(root: Path, path: Path, target: str) -> int:
    if path.is_symlink() and os.readlink(path) == target:
        return 0
    _folders(root, path.parent)
    temporary = path.with_name(f".{path.name}.new")
    temporary.unlink(missing_ok=True)
    os.symlink(target, temporary)
    os.replace(temporary, path)
    return 1


def _folders(root: Path, folder: Path) -> None:
    """Make a folder and those above it up to root, each 0755 whatever the umask."""
    if folder != root and not folder.is_dir():
        _folders(root, folder.parent)
        folder.mkdir()
        os.chmod(folder, 0o755)


def _remove_others(root: Path, wanted: Mapping[str, object]) -> int:
    """Remove what the plan does not name; return how many files. Folders that hold nothing wanted go, too."""
    kept = {str(parent) for name in wanted for parent in PurePosixPath(name).parents}
    kept |= {name for name, (source, _) in wanted.items() if source is None}
    removed = 0
    for folder, names, files in os.walk(root, topdown=False):
        inner = os.path.relpath(folder, root)
        links = [name for name in names if os.path.islink(os.path.join(folder, name))]
        for name in files + links:
            destination = name if inner == "." else f"{inner}/{name}"
            if destination not in wanted or destination in kept:
                os.unlink(os.path.join(folder, name))
                removed += 1
        if inner not in kept and inner != ".":
            os.rmdir(folder)
        elif os.stat(folder).st_mode & 0o7777 != 0o755:
            os.chmod(folder, 0o755)
    return removed


def _json(path: Path) -> dict:
    try:
        return json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):  # missing or cut off: nothing is known
        return {}


def _write_json(path: Path, data: Mapping) -> None:
    temporary = path.with_name(f".{path.name}.new")
    temporary.write_text(json.dumps(data, indent=0, sort_keys=True) + "\n", "utf-8")
    os.replace(temporary, path)


def main(arguments: list[str] | None = None) -> None:
    """Install what PLAN.json says, and beside libpython.a the static libraries that it needs."""
    parser = argparse.ArgumentParser(prog="crosspy.root.install", description=main.__doc__)
    parser.add_argument("plan", type=Path)
    parser.add_argument("--archives", nargs="*", default=[])
    given = parser.parse_args(arguments)
    plan = read_plan(given.plan)
    beside = tuple((path, f"{plan.options.config}/{os.path.basename(path)}", 0o644) for path in given.archives)
    install(replace(plan, extra=(*plan.extra, *beside)))


if __name__ == "__main__":
    try:
        main()
    except UserError as error:
        raise SystemExit(str(error)) from None

"""What changed in size: ``scons size-diff file=OLD,NEW`` compares two manifest.json or two sizes.json."""
from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from ..errors import UserError
from ..root import manifest
from . import report

SHOWN = 40   # rows: what is smaller than the last one of them is told in one line
FIX = "name two of them: size-diff file=OLD/manifest.json,NEW/manifest.json"


def command(session) -> None:
    """Print what changed from OLD to NEW (the alias ``size-diff``). Raises UserError for files that cannot be compared."""
    paths = [Path(word.strip()) for word in session.options.file.split(",") if word.strip()]
    if len(paths) != 2:
        raise UserError(f"file={session.options.file}" if session.options.file else "scons size-diff", "two files are compared", FIX)
    (kind, old), (other, new) = (_read(path) for path in paths)
    if kind != other:
        raise UserError(f"file={session.options.file}", f"one is a {kind}, the other a {other}", "compare two of one kind")
    print(table(difference(old, new), sum(old.values()), sum(new.values())), end="")


def _read(path: Path) -> tuple[str, Counter[tuple[str, ...]]]:
    """Return which kind of file it is, and bytes by path (manifest.json) or by kind, module, section and symbol (sizes.json)."""
    try:
        data = json.loads(path.read_text("utf-8"))
        if "tree" in data:
            return "sizes.json", Counter(report.flat(data["tree"]))
        sizes = {(manifest.kind(name), name): int(row["size"]) for name, row in data["files"].items() if "size" in row}
        return "manifest.json", Counter(sizes)
    except OSError as error:
        raise UserError(str(path), f"it cannot be read ({error.strerror})", FIX) from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise UserError(str(path), "it is neither a manifest.json nor a sizes.json", FIX) from None


def difference(old: Mapping[tuple[str, ...], int], new: Mapping[tuple[str, ...], int]) -> list[tuple[tuple[str, ...], int, int]]:
    """Return (name, bytes before, bytes after) of all that changed, by kind and module at most, the largest change first."""
    before, after = (_modules(each) for each in (old, new))
    rows = [(name, before[name], after[name]) for name in {*before, *after} if before[name] != after[name]]
    return sorted(rows, key=lambda row: (-abs(row[2] - row[1]), row[0]))


def _modules(leaves: Mapping[tuple[str, ...], int]) -> Counter[tuple[str, ...]]:
    found: Counter[tuple[str, ...]] = Counter()
    for name, size in leaves.items():
        found[name[:2]] += size
    return found


def table(rows: list[tuple[tuple[str, ...], int, int]], before: int, after: int) -> str:
    """Return the changes as a table in bytes; what does not fit is one line, so that the changes add up to the whole."""
    lines = [f"{'before':>12}{'after':>12}{'change':>12}"]
    rest = rows[SHOWN:]
    for name, old, new in rows[:SHOWN]:
        lines.append(f"{old:>12}{new:>12}{new - old:>+12}  {name[1]} ({name[0]})")
    if rest:
        old, new = sum(row[1] for row in rest), sum(row[2] for row in rest)
        lines.append(f"{old:>12}{new:>12}{new - old:>+12}  {len(rest)} smaller changes")
    share = f" ({100 * (after - before) / before:+.2f} %)" if before else ""
    lines.append(f"{before:>12}{after:>12}{after - before:>+12}  together{share}")
    return "\n".join(lines) + "\n"

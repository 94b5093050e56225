"""What a run over several targets came to: one row for each, printed when SCons has ended."""
from __future__ import annotations

import atexit
import json
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

HEAD = ("target", "toolchain", "root/", "modules", "findings", "time")
DONE = (3, 4)  # SCons.Node.up_to_date, executed


class Clock:
    """The seconds that commands of each target ran, added up over all jobs. Commands of two targets may run at once."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._running = threading.local()
        self._lock = threading.Lock()

    def enter(self, name: str) -> None:
        """Note whose command this thread is going to run; an empty name is nobody's."""
        self._running.name = name

    def measure(self, run: Callable[..., int], *words) -> int:
        """Run a command and add its time to the target that `enter` named in this thread."""
        start = time.monotonic()
        try:
            return run(*words)
        finally:
            name = getattr(self._running, "name", "")
            with self._lock:
                self.seconds[name] = self.seconds.get(name, 0.0) + time.monotonic() - start


def _json(path: Path) -> dict:
    try:
        return json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}


def row(name: str, folder: str, done: bool, seconds: float) -> tuple[str, ...]:
    """Return the cells of one target. done: whether its last file was made, or was there already and is up to date."""
    report = _json(Path(folder) / "inspect.json")
    findings = str(len(report["findings"])) if "findings" in report else "-"
    taken = f"{seconds:.1f} s"
    if not done:
        return name, "failed", "-", "-", findings if findings != "0" else "-", taken
    manifest = _json(Path(folder) / "manifest.json")
    size = sum(kind["bytes"] for kind in manifest.get("sizes", {}).values())
    modules = sum(module["kind"] != "absent" for module in manifest.get("modules", ()))
    tool = manifest.get("toolchain", {})
    return name, f"{tool.get('kind')} {tool.get('version')}", f"{size / 1e6:.2f} MB", str(modules), findings, taken


def table(rows: list[tuple[str, ...]]) -> str:
    """Return rows below their head, the first two columns to the left, numbers to the right."""
    lines = [HEAD, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEAD))]
    return "".join("  ".join(cell.ljust(width) if column < 2 else cell.rjust(width)
                             for column, (cell, width) in enumerate(zip(line, widths, strict=True))).rstrip() + "\n" for line in lines)


def of(folders: Mapping[str, str], states: Mapping[str, list[int]], refused: Mapping[str, object], clock: Clock) -> str:
    """Return the table of a run.

    folders: build folder of each planned target.  states: of SCons, of the last files of each.  refused: targets that
    could not be planned.
    """
    rows = [row(name, folder, set(states[name]) <= set(DONE), clock.seconds.get(name, 0.0)) for name, folder in folders.items()]
    return table(rows + [(name, "refused", "-", "-", "-", "-") for name in refused])


def at_exit(session, plans: Sequence[Mapping], last: Mapping[str, list]) -> None:
    """Have the table of a run over several targets printed when SCons has ended, if anything ran. last: the last nodes of each."""
    def show() -> None:
        if session.clock.seconds or session.refused:
            states = {name: [node.get_state() for node in nodes] for name, nodes in last.items()}
            sys.stderr.write("".join(f"{name}: {error}\n" for name, error in session.refused.items()))
            sys.stdout.write(of({plan["name"]: plan["folder"] for plan in plans}, states, session.refused, session.clock))
    if len(plans) + len(session.refused) > 1:
        atexit.register(show)

"""What a run over several targets came to: one row for each, printed when SCons has ended."""
from __future__ import annotations

import atexit
import json
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

HEAD = ("target", "toolchain", "status", "size", "modules", "findings", "time")
DONE, FAILED = (3, 4), 5  # SCons.Node.up_to_date, executed; failed


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


def status(states: Iterable[int]) -> str:
    """Say what became of a target, from SCons's states of its last files; a failed command is handed on to all that waits for it.

    Without ``-k`` the targets that come behind a failure are not even begun.
    """
    found = set(states)
    return "built" if found <= set(DONE) else "failed" if FAILED in found else "not built"


def row(plan: Mapping, states: Iterable[int], seconds: float) -> tuple[str, ...]:
    """Return the cells of one target, or of its program.  states: of SCons, of its last files."""
    app = plan.get("app")
    place, state = Path(app["folder"] if app else plan["folder"]), status(states)
    report, facts = _json(place / "inspect.json"), _json(place / "facts.json")
    findings = str(len(report["findings"])) if "findings" in report and state != "not built" else "-"
    tool, taken = facts.get("toolchain"), f"{seconds:.1f} s"
    words = plan["name"], f"{tool['kind']} {tool['version']}" if tool else "-", state
    if state != "built":
        return *words, "-", "-", findings if findings != "0" else "-", taken
    manifest = _json(place / "manifest.json")
    size = manifest.get("files", {}).get(app["name"], {}).get("size", 0) if app else sum(kind["bytes"] for kind in manifest.get("sizes", {}).values())
    modules = len(plan["modules"]) if app else sum(module["kind"] != "absent" for module in manifest.get("modules", ()))
    return *words, f"{size / 1e6:.2f} MB", str(modules), findings, taken


def table(rows: list[tuple[str, ...]]) -> str:
    """Return rows below their head, the first three columns to the left, numbers to the right."""
    lines = [HEAD, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEAD))]
    return "".join("  ".join(cell.ljust(width) if column < 3 else cell.rjust(width)
                             for column, (cell, width) in enumerate(zip(line, widths, strict=True))).rstrip() + "\n" for line in lines)


def of(plans: Sequence[Mapping], states: Mapping[str, list[int]], refused: Iterable[str], clock: Clock) -> str:
    """Return the table of a run.

    plans: of the targets, or of their programs.  states: of SCons, of the last files of each.  refused: targets that could not
    be planned.
    """
    rows = [row(plan, states[plan["name"]], clock.seconds.get(plan["name"], 0.0)) for plan in plans]
    return table(rows + [(name, "-", "refused", "-", "-", "-", "-") for name in refused])


def at_exit(session, plans: Sequence[Mapping], last: Mapping[str, list]) -> None:
    """Have the table of a run over several targets printed when SCons has ended, if anything ran. last: the last nodes of each."""
    def show() -> None:
        if session.clock.seconds or session.refused:
            states = {name: [node.get_state() for node in nodes] for name, nodes in last.items()}
            sys.stderr.write("".join(f"{name}: {error}\n" for name, error in session.refused.items()))
            sys.stdout.write(of(plans, states, session.refused, session.clock))
    if len(plans) + len(session.refused) > 1:
        atexit.register(show)

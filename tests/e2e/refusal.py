"""A user's mistake: one message, nothing half-written."""
from __future__ import annotations

from checkout import Checkout, Run, differences, snapshot


def refused(checkout: Checkout, *words: str, env=None, before=(), also=(), probed: bool = False, unpacked: bool = False) -> str:
    """Run a command that must be refused; return its message. also: further folders that must stay as they are.

    probed: the mistake shows only once a compiler has been asked, so that zig's own cache may have grown.  unpacked: and once sources
    are there.
    """
    folders = [checkout.build, *also]
    grown = ("zig-cache",) * probed + ("sources",) * unpacked
    state = [snapshot(folder) if folder.exists() else None for folder in folders]
    run = checkout.scons(*words, check=False, env=env, before=before)
    message = one_message(run)
    assert run.shown == [], "something was built before the mistake was found"
    for folder, was in zip(folders, state):
        now = snapshot(folder) if folder.exists() else None
        assert (was is None) == (now is None), f"{folder} came or went"
        if was is not None:
            changed = [name for name in differences(was, now) if not name.startswith(grown)]
            assert {name.split("/")[0]: name for name in changed} == {}, f"{len(changed)} files of {folder} changed"
    return message


def one_message(run: Run) -> str:
    """Return the one message of a refused run: what is wrong and how to mend it, and nothing of our own insides."""
    assert run.code != 0, run.out[-2000:]
    message = run.err.strip()
    assert message.count("Fix: ") == 1, message
    assert "\n" not in message
    for word in ("Traceback", 'File "', "SConstruct\"", "scons: ***"):
        assert word not in run.out + run.err, run.out + run.err
    return message

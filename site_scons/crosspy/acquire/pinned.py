"""From pins to a verified, unpacked tree: the newest one at hand, or else the newest that can be fetched.

CPython's releases and third-party libraries come this way. What has been unpacked once is trusted by its stamp: a warm call costs a
few stats, starts no process and prints nothing.
"""
from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from ..errors import UserError
from .fetch import Archive, Fetcher, Unavailable, obtain, sweep
from .unpack import trusted, unpack, verify


def tree(where: str, pins: Sequence[Archive], downloads: Path, sources: Path, check: Callable[[Path, Archive], None],
         say: Callable[[str], None], fetchers: tuple[Fetcher, ...], way_out: str = "") -> tuple[Archive, str]:
    """Return the pin that is taken, newest first, and where its archive came from; its tree is then ``sources/<pin.folder>``.

    where: who asks, for messages.  check: raises UserError when an unpacked folder is not what the pin says.  way_out: what a user can do
    besides putting the archive into ``downloads``.  Raises UserError; the disk is then as it was.
    """
    sweep(downloads)
    sweep(sources)
    pin, origin = at_hand(pins, downloads, sources), ""
    if not pin:
        pin, origin = get(where, pins, downloads, say, fetchers, way_out)
    stamp = trusted(sources, pin.folder, pin.sha256)
    if not stamp:
        path = downloads / pin.file
        verify(path, pin)
        stamp = {"sha256": pin.sha256, "origin": origin or f"{downloads.name}/{pin.file}"}

        def name(top: Path) -> str:
            check(top, pin)
            return pin.folder
        unpack(path, sources, stamp, name, say)
    return pin, stamp.get("origin", "")


def at_hand(pins: Sequence[Archive], downloads: Path, sources: Path | None) -> Archive | None:
    """Return the newest pin whose archive is in ``downloads/``, else the newest that is unpacked already."""
    for pin in pins:
        if (downloads / pin.file).is_file():
            return pin
    return next((pin for pin in pins if sources and trusted(sources, pin.folder, pin.sha256)), None)


def get(where: str, pins: Sequence[Archive], downloads: Path, say: Callable[[str], None], fetchers: tuple[Fetcher, ...],
        way_out: str = "") -> tuple[Archive, str]:
    """Fetch the newest pin that can be had. Returns it and its origin. Raises UserError with every reason."""
    reasons: dict[str, list[str]] = {}
    for pin in pins:
        try:
            origin = obtain(pin, downloads, fetchers, say)
        except Unavailable as error:
            reasons.setdefault(pin.version, []).append(str(error))
            continue
        if missed := [version for version in reasons if version != pin.version]:
            say(f"{where}: {', '.join(missed)} is newer but could not be fetched; taking {pin.version}")
        return pin, origin
    told = "; ".join(f"{version}: {'; '.join(why)}" for version, why in reasons.items())
    raise UserError(where, f"its archive is not in {downloads} and cannot be fetched ({told})",
                    f"put {pins[0].file} (sha256 {pins[0].sha256}) into {downloads}{way_out}")

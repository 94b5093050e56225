"""``scons fetch``: everything that a build without a network needs in ``downloads/``."""
from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from ..acquire import pinned, release
from ..acquire.fetch import Fetcher
from ..acquire.unpack import verify
from ..deps.library import Library


def main(session) -> None:
    """Make sure that the archives of the release and of each library that ``deps=`` builds from source are in downloads/; unpack nothing.

    session: crosspy.run.session.Session.  Raises UserError for the first that cannot be had.
    """
    downloads = Path(session.options.downloads)
    session.say(f"fetch: {release.fetch(session.arguments.get('python', ''), session.releases, downloads, session.say)}")
    for path in libraries(session.libraries, session.modes, downloads.absolute(), session.say, release.FETCHERS):
        session.say(f"fetch: {path}")


def libraries(known: Mapping[str, Library], modes: Mapping[str, str], downloads: Path, say: Callable[[str], None],
              fetchers: tuple[Fetcher, ...]) -> list[Path]:
    """Return the verified archives of the libraries whose mode is ``source``, fetched where ``downloads/`` lacks them."""
    found = []
    for name, library in known.items():
        if modes[name] == "source":
            way_out = f", or leave it out: deps=source,{name}:none"
            pin = pinned.at_hand(library.pins, downloads, None) or pinned.get(f"deps: {name}", library.pins, downloads, say, fetchers, way_out)[0]
            verify(downloads / pin.file, pin)
            found.append(downloads / pin.file)
    return found

"""The one way to tell a user about a mistake that the user can mend."""
from __future__ import annotations

import difflib
from collections.abc import Iterable


class UserError(Exception):
    """A mistake of the user, not of the program: printed as one message, without a traceback.

    where: the file, argument or tool in question.  what: what is wrong, without a full stop.
    fix: what to do about it, as an order.
    """

    def __init__(self, where: str, what: str, fix: str):
        self.where, self.what, self.fix = where, what, fix
        super().__init__(f"{where}: {what}. Fix: {fix}")


def nearest(name: str, known: Iterable[str], count: int = 3) -> str:
    """Return a phrase like ``did you mean 'a' or 'b'`` for a name that is not known, or an empty string."""
    close = difflib.get_close_matches(name, sorted(known), n=count, cutoff=0.5)
    return f"did you mean {' or '.join(repr(match) for match in close)}" if close else ""

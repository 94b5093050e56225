"""Ledger -> pyconfig.h, by the rules of Autoconf's config.status (``AC_CONFIG_HEADERS``)."""
from __future__ import annotations

import re

from ..errors import UserError
from .ledger import Ledger

_UNDEF = re.compile(r"^(?P<indent>[ \t]*#[ \t]*)undef(?P<gap>[ \t]+)(?P<name>\w+)[ \t]*$", re.M)
_FIRST = "/* pyconfig.h.  Generated from pyconfig.h.in by configure.  */\n"  # as config.status begins it


def render(template: str, ledger: Ledger) -> str:
    """Return pyconfig.h: each ``#undef X`` of pyconfig.h.in becomes ``#define X value`` or ``/* #undef X */``.

    Everything else is kept: comments, conditions, ``#define`` of AH_VERBATIM, and the indentation of ``#  undef``
    (WORDS_BIGENDIAN within AC_APPLE_UNIVERSAL_BUILD). Raises UserError for macros that the ledger does not answer.
    """
    missing = {match["name"] for match in _UNDEF.finditer(template)} - ledger.answers.keys()
    if missing:
        raise UserError("pyconfig.h", f"no answer for {', '.join(sorted(missing))}", "classify it in cpython/probes.toml")

    def answer(match: re.Match) -> str:
        value = ledger.answers[match["name"]].value
        if value is None:
            return f"/* {match['indent']}undef{match['gap']}{match['name']} */"
        return f"{match['indent']}define{match['gap']}{match['name']} {value}"

    return _FIRST + _UNDEF.sub(answer, template)

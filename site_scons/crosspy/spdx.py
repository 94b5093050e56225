"""SPDX expressions (SPDX specification, annex "SPDX license expressions"): checked, and held against licences that are denied."""
from __future__ import annotations

from collections.abc import Collection
from functools import lru_cache

from .errors import UserError, nearest

FIX = "use identifiers of https://spdx.org/licenses/, as in license_deny=GPL-3.0-or-later,AGPL-3.0-only"


@lru_cache(maxsize=1)
def _licensing():
    from license_expression import get_spdx_licensing   # only here: a build without license_deny= needs none of it
    return get_spdx_licensing()


def deny(value: str) -> frozenset[str]:
    """Return the licences of a ``license_deny=`` value under their present names.

    One with an exception (``GPL-2.0-only WITH Classpath-exception-2.0``) is another licence than the one without. Raises
    UserError for what is no licence.
    """
    return frozenset(_single(word.strip(), value) for word in value.split(",") if word.strip())


def _single(word: str, value: str) -> str:
    from license_expression import ExpressionError, LicenseSymbol, LicenseWithExceptionSymbol
    try:
        found = _licensing().parse(word, validate=True, strict=True)
    except ExpressionError:
        hint = nearest(word, [key for key, one in _licensing().known_symbols.items() if not one.is_exception])
        raise UserError(f"license_deny={value}", f"{word!r} is no SPDX licence" + (f"; {hint}?" if hint else ""), FIX) from None
    if not isinstance(found, (LicenseSymbol, LicenseWithExceptionSymbol)):
        raise UserError(f"license_deny={value}", f"{word!r} is more than one licence", FIX)
    return found.render()


def known(expression: str) -> bool:
    """Tell whether every licence of an expression is in SPDX's list, or is written as a LicenseRef."""
    from license_expression import ExpressionError
    try:
        found = _licensing().parse(expression)
        return found is not None and all(str(key).startswith("LicenseRef-") for key in _licensing().unknown_license_keys(found))
    except ExpressionError:
        return False


def denied(expression: str, against: Collection[str]) -> list[str]:
    """Return the denied licences that an expression cannot do without; none where an OR leaves another way.

    against: as `deny` returns them.
    """
    found = _licensing().parse(expression)
    return sorted(set(_unavoidable(found, against)))


def _unavoidable(node, against: Collection[str]) -> list[str]:
    name = type(node).__name__
    if name == "OR":
        ways = [_unavoidable(one, against) for one in node.args]
        return [] if not all(ways) else [word for way in ways for word in way]
    if name == "AND":
        return [word for one in node.args for word in _unavoidable(one, against)]
    return [node.render()] if node.render() in against else []

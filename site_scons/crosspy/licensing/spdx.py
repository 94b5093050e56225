"""SPDX expressions (SPDX specification, annex "SPDX license expressions"): checked, and held against licences that are denied."""
from __future__ import annotations

from collections.abc import Collection
from functools import lru_cache

from ..errors import UserError, nearest

FIX = "use identifiers of https://spdx.org/licenses/, as in license_deny=GPL-3.0-or-later,AGPL-3.0-only"
UNKNOWN = "LicenseRef-unknown"   # of a component that does not say its licence: every license_deny= refuses it


@lru_cache(maxsize=1)
def _licensing():
    from license_expression import get_spdx_licensing   # only here: a build without license_deny= needs none of it
    return get_spdx_licensing()


def deny(value: str) -> frozenset[str]:
    """Return the licences of a ``license_deny=`` value.

    One with an exception (``GPL-2.0-only WITH Classpath-exception-2.0``) is another licence than the one without. Raises
    UserError for what is no licence, and for an identifier that SPDX has given up: ``GPL-3.0`` does not say which of two it means.
    """
    words = [word.strip() for word in value.split(",") if word.strip()]
    if not words:
        raise UserError(f"license_deny={value}", "it names no licence", FIX)
    return frozenset(_single(word, value) for word in words)


def _single(word: str, value: str) -> str:
    from cyclonedx.spdx import fixup_id
    from license_expression import ExpressionError, LicenseSymbol, LicenseWithExceptionSymbol
    try:
        found = _licensing().parse(word, validate=True, strict=True)
    except ExpressionError:
        hint = nearest(word, [key for key, one in _licensing().known_symbols.items() if not one.is_exception])
        raise UserError(f"license_deny={value}", f"{word!r} is no SPDX licence" + (f"; {hint}?" if hint else ""), FIX) from None
    if not isinstance(found, (LicenseSymbol, LicenseWithExceptionSymbol)):
        raise UserError(f"license_deny={value}", f"{word!r} is more than one licence", FIX)
    if found.render().lower() != " ".join(word.split()).lower():
        if not fixup_id(word.split()[0]):   # "GPL", which only tools know
            raise UserError(f"license_deny={value}", f"{word!r} is no SPDX licence", FIX)
        names = _present(word, found.render())
        raise UserError(f"license_deny={value}", f"{word!r} is not how SPDX calls it any more", f"write {','.join(names)}" if names else FIX)
    return found.render()


def _present(word: str, name: str) -> list[str]:
    """Return what an identifier that SPDX has given up may mean. name: what it stands for in SPDX's list."""
    if "LicenseRef-" in name:
        return []
    later = name.removesuffix("-only") + "-or-later"
    return [name, later] if name.endswith("-only") and later in _licensing().known_symbols and not word.endswith("+") else [name]


def known(expression: str) -> bool:
    """Tell whether every licence of an expression is in SPDX's list, or is written as a LicenseRef."""
    from license_expression import ExpressionError
    try:
        found = _licensing().parse(expression)
        return found is not None and all(str(key).startswith("LicenseRef-") for key in _licensing().unknown_license_keys(found))
    except ExpressionError:
        return False


def stated(expression: str) -> str:
    """Return what somebody else wrote as a licence in SPDX's present names; empty where it is none, or does not say which: of names
    that SPDX has given up (``GPL-3.0``) or never had (``GPL``), only those with a plus are clear.

    Identifiers of its own (``LicenseRef-x``) are left as they are.
    """
    from license_expression import ExpressionError
    if not known(expression):
        return ""
    try:
        found = _licensing().parse(expression, strict=True)
    except ExpressionError:   # an exception where a licence belongs: GPL-2.0-with-classpath-exception
        return ""
    words = {word.lower() for word in found.render().replace("(", " ").replace(")", " ").split()}
    old = [word for word in expression.replace("(", " ").replace(")", " ").split() if word.lower() not in words]
    return found.render() if all(word.endswith("+") for word in old) else ""


def denied(expression: str, against: Collection[str]) -> list[str]:
    """Return the denied licences that an expression cannot do without; none where an OR leaves another way.

    against: as `deny` returns them. Raises UserError for what is no expression.
    """
    from license_expression import ExpressionError
    try:
        found = _licensing().parse(expression)
    except ExpressionError:
        found = None
    if found is None:
        raise UserError(f"license = {expression!r}", "it is no SPDX expression",
                        "correct it where it is stated: in cpython/components.toml, or in the library's deps/*/dep.toml")
    return sorted(set(_unavoidable(found, against)))


def _unavoidable(node, against: Collection[str]) -> list[str]:
    name = type(node).__name__
    if name == "OR":
        ways = [_unavoidable(one, against) for one in node.args]
        return [] if not all(ways) else [word for way in ways for word in way]
    if name == "AND":
        return [word for one in node.args for word in _unavoidable(one, against)]
    return [node.render()] if node.render() in against else []

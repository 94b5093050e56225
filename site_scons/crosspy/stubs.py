"""The source of what stands in for a module that a program does not carry."""
from __future__ import annotations

from .closure import Stub

_REFUSED = """\
raise ModuleNotFoundError({message!r}, name={name!r})
"""
_LAZY = """\
def __getattr__(attribute):
    if attribute.startswith("__"):
        raise AttributeError(attribute)
    return _Absent()
class _Absent:
    def __getattr__(self, attribute):
        raise ModuleNotFoundError({message!r}, name={name!r})
    def __call__(self, *arguments, **named):
        raise ModuleNotFoundError({message!r}, name={name!r})
"""


def source(name: str, stub: Stub) -> str:
    """Return Python source for the stand-in of a module.

    It raises ModuleNotFoundError, which ``except ImportError`` catches: when it is imported, or, of a lazy one, when
    something of it is used. Constants that others look at when they are imported are there.
    """
    if not stub.lazy:
        return _REFUSED.format(message=stub.message, name=name)
    constants = "".join(f"    {constant} = {value!r}\n" for constant, value in stub.has)
    text = _LAZY.format(message=stub.message, name=name)
    return text.replace("class _Absent:\n", f"class _Absent:\n{constants}")

"""The source of a lazy stand-in: a module that can be imported although the program does not carry it."""
from __future__ import annotations

from .closure import Stub

_SOURCE = """\
class _Absent:
{constants}\
    def __getattr__(self, attribute):
        raise ModuleNotFoundError({message!r}, name={name!r})
    def __call__(self, *arguments, **named):
        raise ModuleNotFoundError({message!r}, name={name!r})
def __getattr__(attribute):
    if attribute[:2] == "__":
        raise AttributeError(attribute)
    return _Absent()
"""


def source(name: str, stub: Stub) -> str:
    """Return Python source for the stand-in of a module.

    Whatever is imported from it is there, with the constants that others look at when they are imported; its use raises
    ModuleNotFoundError, which ``except ImportError`` catches.
    """
    constants = "".join(f"    {constant} = {value!r}\n" for constant, value in stub.has)
    return _SOURCE.format(constants=constants, message=stub.message, name=name)

"""How paths are written for SCons."""
from __future__ import annotations


def node(path: str) -> str:
    """Return a path as SCons looks it up from any SConscript: ``#`` is the top folder, where commands run."""
    return path if path.startswith("/") else f"#{path}"

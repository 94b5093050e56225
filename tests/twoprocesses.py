"""Which tests stay in one process where all of them run in two: those that use the repository's own build/, one after the other.

The other process begins with the tests that edit and kill a checkout of their own, and goes on with those that build nothing.
"""
from pathlib import PurePath

BUILDS, WORKSHOP = "builds", "workshop"
_OF_BUILDS, _OF_WORKSHOP = ("e2e", "conformance", "elf"), ("test_incremental.py", "test_killed.py")
_BEHIND_BUILDS = ("test_components.py",)   # it reads what builds unpack


def group(path: str) -> str:
    """Return the name of the group that the tests of a file belong to. path: of the file, with or without what is above tests/."""
    parts = PurePath(path).parts
    if parts[-1] in _BEHIND_BUILDS:
        return BUILDS
    if parts[-2] not in _OF_BUILDS:
        return parts[-1]
    return WORKSHOP if parts[-1] in _OF_WORKSHOP else BUILDS

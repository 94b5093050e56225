"""The whole of the tests runs in two processes, since most of them use one processor; what is named runs in one, where it can be watched.

One process has all that uses the repository's own build/, one after the other. The other one begins with the tests that edit and kill a
checkout of their own, and goes on with those that build nothing.
"""
import os
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
OF_BUILDS, OF_WORKSHOP = ("e2e", "conformance", "elf"), ("test_incremental.py", "test_killed.py")


def pytest_xdist_auto_num_workers(config):
    """Say how many processes -n auto means: two for all tests, where there are two processors."""
    if config.args_source is not config.ArgsSource.TESTPATHS or len(os.sched_getaffinity(0)) < 2:
        return 0
    config.option.dist = "loadgroup"
    return 2


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Say which tests stay in one process, before xdist makes that a part of their names."""
    for item in items:
        item.add_marker(pytest.mark.xdist_group(_group(item.path)))


def _group(path: Path) -> str:
    room = path.relative_to(HERE).parts[0]
    return path.stem if room not in OF_BUILDS else "workshop" if path.name in OF_WORKSHOP else "builds"

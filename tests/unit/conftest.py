"""Unit tests import crosspy from the checkout. Some hold our tables against a release that a build has unpacked."""
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
SITE_SCONS = str(PROJECT / "site_scons")
if SITE_SCONS not in sys.path:
    sys.path.insert(0, SITE_SCONS)


@pytest.fixture(scope="session")
def release_trees():
    """Return every unpacked release of this checkout, oldest first, to read and never to write."""
    trees = [path.parent for path in PROJECT.glob("build/sources/Python-*/configure.ac")]
    if not trees:
        pytest.skip("no release is unpacked in build/sources: scons target=... makes it (the e2e tests do)")
    return sorted(trees, key=lambda tree: [int(part) for part in tree.name.partition("-")[2].split(".") if part.isdigit()])


@pytest.fixture(scope="session")
def release_tree(release_trees):
    """Return the newest unpacked release of this checkout."""
    return release_trees[-1]


@pytest.fixture
def mips(tmp_path):
    """Return a made-up variant, for a big-endian MIPS."""
    from samples import load_variant   # which needs the path above
    return load_variant(tmp_path / "variants")


@pytest.fixture
def folder(tmp_path):
    """Return the place of an SDK, with a space in it."""
    return tmp_path / "an SDK"

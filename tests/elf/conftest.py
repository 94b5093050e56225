"""Options of the tests over a finished build: pytest tests/elf --build build/aarch64-linux-gnu"""
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
SITE_SCONS = str(REPOSITORY / "site_scons")
if SITE_SCONS not in sys.path:
    sys.path.insert(0, SITE_SCONS)

from crosspy.errors import UserError  # noqa: E402  (needs the path above)
from crosspy.inspect import expectation, inspection, policy  # noqa: E402
from crosspy.inspect.findings import Entry  # noqa: E402

NO_BUILD = "no finished build is named: pytest tests/elf --build build/<variant>"


def pytest_addoption(parser):
    parser.addoption("--build", type=Path, metavar="DIR", help="folder of a finished build, with root/ and expect.json in it; or that of a program, apps/NAME")
    parser.addoption("--expect", type=Path, metavar="FILE", help="its expectation (default: DIR/expect.json)")


def pytest_generate_tests(metafunc):
    """Make one test item of each file and rule that applies to it, and one of each rule about all files together."""
    build = metafunc.config.getoption("build", default=None)
    names = [name for name in ("entry", "rule", "whole_rule") if name in metafunc.fixturenames]
    if not names:
        return
    if not build:
        missing = pytest.param(*[None] * len(names), marks=pytest.mark.skip(reason=NO_BUILD), id="no-build")
        metafunc.parametrize(names, [missing])
        return
    entries, _ = _inspected(metafunc.config)
    if "whole_rule" in names:
        rows = [pytest.param(rule, id=f"root-{rule.id}") for rule in policy.RULES if rule.whole]
    else:
        rows = [pytest.param(entry, rule, id=f"{entry.path}-{rule.id}")
                for entry in entries for rule in policy.RULES if rule.applies(entry)]
    metafunc.parametrize(names, rows)


_INSPECTED = pytest.StashKey[tuple[list[Entry], policy.Expectation]]()


def _inspected(config):
    if _INSPECTED not in config.stash:
        build = config.getoption("build")
        if not build:
            pytest.skip(NO_BUILD)
        try:
            expect = expectation.load(config.getoption("expect") or build / "expect.json")
            root = build / "root"
            program = build.name if (build / build.name).is_file() and not root.exists() else ""   # of profile=minimal
            entries = inspection.inspect(build if program else root, expect, inspection.FactsCache(None), program)
        except UserError as error:
            raise pytest.UsageError(str(error)) from None
        config.stash[_INSPECTED] = entries, expect
    return config.stash[_INSPECTED]


@pytest.fixture
def entries(request):
    """All entries of the build's root/."""
    return _inspected(request.config)[0]


@pytest.fixture
def expect(request):
    """What the build says that root/ must be."""
    return _inspected(request.config)[1]

"""README's first command is all the set-up there is: an ordinary user of a minimal Debian proves it."""
import os
import subprocess
import sys

import pytest
from checkout import REPOSITORY, need, need_root

ONLY = pytest.mark.skipif(not os.environ.get("CI"), reason="it downloads a Debian and builds for minutes: CI=true pytest runs it, "
                          "and so does, as root, python3 tests/bare_debian.py")


@ONLY
def test_the_first_command_of_the_readme_works_on_a_bare_debian_at_its_quickest(bare_debian):
    passes(*bare_debian())


@ONLY
@pytest.mark.nightly
def test_the_first_command_of_the_readme_works_literally_on_a_bare_debian():
    done = subprocess.run([sys.executable, str(REPOSITORY / "tests/bare_debian.py")], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, errors="replace")
    passes(done.returncode, done.stdout)


@pytest.fixture(autouse=True)
def tools():
    need_root("making a Debian root")
    need("mmdebstrap", "mmdebstrap")


def passes(status: int, output: str) -> None:
    told = [line for line in output.splitlines() if not line.startswith("  | [")]  # without each compile
    print("\n".join(told))
    assert status == 0, "\n".join(told[-80:])
    assert "bare Debian: passed" in told[-1]

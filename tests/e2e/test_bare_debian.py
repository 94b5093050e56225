"""README's first command is all the set-up there is: an ordinary user of a minimal Debian proves it."""
import os
import subprocess
import sys
from pathlib import Path

import pytest
from checkout import need, need_root

SCRIPT = Path(__file__).resolve().parents[1] / "bare_debian.py"
SECONDS = 2700  # for a Debian, the wheels, the archive and a build; two minutes on an idle machine with 2 cores


@pytest.mark.skipif(not os.environ.get("CI"), reason="it downloads a Debian and builds for minutes: CI=true pytest runs it, "
                    "and so does, as root, python3 tests/bare_debian.py")
def test_the_first_command_of_the_readme_works_on_a_bare_debian():
    need_root("making a Debian root")
    need("mmdebstrap", "mmdebstrap")
    done = subprocess.run([sys.executable, str(SCRIPT)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, errors="replace", timeout=SECONDS)
    told = [line for line in done.stdout.splitlines() if not line.startswith("  | [")]  # without each compile
    print("\n".join(told))
    assert done.returncode == 0, "\n".join(told[-80:])
    assert "bare Debian: passed" in told[-1]

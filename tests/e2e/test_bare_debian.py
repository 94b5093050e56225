"""README's first command is all the set-up there is: an ordinary user of a minimal Debian proves it."""
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[1] / "bare_debian.py"


@pytest.mark.skipif(not os.environ.get("CI"), reason="it downloads a Debian and builds for minutes; CI=true pytest runs it, "
                    "or python3 tests/bare_debian.py as root")
@pytest.mark.skipif(os.geteuid() != 0, reason="making a Debian root needs root")
@pytest.mark.skipif(not shutil.which("mmdebstrap"), reason="apt-get install mmdebstrap")
def test_the_first_command_of_the_readme_works_on_a_bare_debian():
    done = subprocess.run([sys.executable, str(SCRIPT)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, errors="replace", timeout=3000)
    told = [line for line in done.stdout.splitlines() if not line.startswith("  | [")]  # without each compile
    print("\n".join(told[-80:]))
    assert done.returncode == 0, "\n".join(told[-80:])
    assert "bare Debian: passed" in told[-1]

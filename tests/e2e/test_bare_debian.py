"""README's first command is all the set-up there is: an ordinary user of a minimal Debian proves it."""
import os

import pytest
from checkout import need, need_root


@pytest.mark.skipif(not os.environ.get("CI"), reason="it downloads a Debian and builds for minutes: CI=true pytest runs it, "
                    "and so does, as root, python3 tests/bare_debian.py")
def test_the_first_command_of_the_readme_works_on_a_bare_debian(bare_debian):
    need_root("making a Debian root")
    need("mmdebstrap", "mmdebstrap")
    status, output = bare_debian()
    told = [line for line in output.splitlines() if not line.startswith("  | [")]  # without each compile
    print("\n".join(told))
    assert status == 0, "\n".join(told[-80:])
    assert "bare Debian: passed" in told[-1]

"""forks.py: test files in processes that are forked from one which has loaded the test package."""
import signal
import sys
import time

import pytest

from crosspy.errors import UserError
from crosspy.ontarget import groups
from crosspy.ontarget.forks import Forks

# A test package like that of an interpreter: what it does stands in the environment.
PACKAGE = {"__init__.py": "", "libregrtest/__init__.py": "", "libregrtest/main.py": "import os; os.write(1, b'loaded')", "__main__.py": """
import os, sys, time
from test.libregrtest import main
print(sys.argv[2:], os.getcwd() == os.environ["TMPDIR"] == sys.path[0], os.getpgid(0) == os.getsid(0) == os.getpid(), flush=True)
exec(sys.argv[1])
"""}


@pytest.fixture
def forks(tmp_path):
    """A function that runs what it is given as a test file; two such files run in folders one and two."""
    for name, text in PACKAGE.items():
        (tmp_path / "lib/test" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "lib/test" / name).write_text(text)
    at_work = groups.Groups()
    made = Forks([sys.executable], {"PYTHONPATH": str(tmp_path / "lib")}, tmp_path, at_work, 30)

    def run(does, seconds=30, name="one"):
        (tmp_path / name).mkdir(exist_ok=True)
        return made.call([does, name], seconds, str(tmp_path / name))
    run.groups = at_work
    yield run
    at_work.stop()


def test_each_file_has_a_process_of_its_own_and_the_package_is_loaded_once(forks, tmp_path):
    assert forks("sys.exit(3)") == 3 and forks("print('x')", name="two") == 0
    assert (tmp_path / "one/output").read_text() == "['one'] True True\n"
    assert (tmp_path / "two/output").read_text() == "['two'] True True\nx\n"
    server, = tmp_path.glob("home-*.output")
    assert server.read_text() == "loaded", "one server has run both"


def alive(number):
    try:
        with open(f"/proc/{number}/stat") as stream:
            return stream.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_a_file_that_hangs_or_crashes_ends_alone(forks, tmp_path):
    child = "import subprocess; print(subprocess.Popen(['/bin/sleep', '97']).pid, flush=True); "
    assert forks(child + "time.sleep(99)", 1.5) is None
    child = int((tmp_path / "one/output").read_text().split()[-1])
    end = time.monotonic() + 30
    while alive(child) and time.monotonic() < end:
        time.sleep(0.05)
    assert not alive(child), "it goes with what started it"
    assert forks("os.abort()") == -signal.SIGABRT and forks("pass") == 0
    assert len(list(tmp_path.glob("home-*.output"))) == 1


def test_a_server_that_is_gone_is_told_and_the_next_file_gets_another(forks):
    assert forks("os.kill(os.getppid(), 9); time.sleep(99)") == -signal.SIGKILL, "and not as one that took too long"
    assert forks("pass") == 0


def test_after_a_stop_no_file_begins(forks):
    assert forks("pass") == 0
    forks.groups.stop()
    assert forks("pass") is None


def test_an_interpreter_without_a_test_package_is_told(tmp_path):
    (tmp_path / "test").mkdir()
    (tmp_path / "test/__init__.py").write_text("")
    with pytest.raises(UserError, match="(?s)it does not load its test package .*No module named 'test.libregrtest'"):
        Forks([sys.executable], {"PYTHONPATH": str(tmp_path)}, tmp_path, groups.Groups(), 30).call([], 30, str(tmp_path))

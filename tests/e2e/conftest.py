"""Real builds, run and checked. The repository's own build/ and downloads/ hold the builds that the tests share."""
import compileall
import fcntl
import json
import os
import platform
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

pytest.register_assert_rewrite("checkout", "built", "firmware", "refusal", "workshop")

from built import VARIANTS, Build  # noqa: E402  (their assertions are to be told in full)
from checkout import REPOSITORY, Checkout, clone, missing  # noqa: E402
from twoprocesses import BUILDS, group  # noqa: E402
from workshop import Workshop  # noqa: E402

from crosspy.ontarget import runner  # noqa: E402

_WANTED = pytest.StashKey[list[str]]()
BARE_DEBIAN = REPOSITORY / "tests/bare_debian.py"
SECONDS = 4000  # for a Debian, the wheels, the archives and a build beside other tests; minutes on an idle machine


@pytest.hookimpl(trylast=True)  # behind -m, which takes tests out
def pytest_collection_modifyitems(config, items):
    """Note which variants the chosen tests need: one graph builds them all, faster than one after the other.

    The bare Debian's test comes last: its build begins with the first test, in the background, since most tests use one processor.
    """
    items.sort(key=_bare)
    named = {item.callspec.params["name"] for item in items
             if "built" in getattr(item, "fixturenames", ()) and "name" in getattr(getattr(item, "callspec", None), "params", {})}
    config.stash[_WANTED] = sorted(named & VARIANTS.keys())


def _bare(item) -> bool:
    return item.path.name == "test_bare_debian.py"


@pytest.fixture(scope="session")
def main() -> Checkout:
    """The repository itself, its byte-code made: scons writes none."""
    compileall.compile_dir(REPOSITORY / "site_scons", quiet=2)
    return Checkout(REPOSITORY)


@pytest.fixture(scope="session")
def built(main, request, tmp_path_factory):
    """Build a variant in the main checkout, once per session, also where that has two processes; returns its Build."""
    done: dict[tuple, Build] = {}
    # With pytest-xdist, the folder above is that of the whole run.
    shared = tmp_path_factory.getbasetemp().parent if os.environ.get("PYTEST_XDIST_WORKER") else tmp_path_factory.mktemp("built")

    def build(name: str, *words: str, flavour: str = "", prefix: str = "/usr") -> Build:
        if (name, words) not in done:
            wanted = request.config.stash[_WANTED] if not words else []
            names = sorted({name, *wanted})
            told = [f"target={','.join(names)}", *words]
            with open(shared / "builds", "a+") as record:
                fcntl.flock(record, fcntl.LOCK_EX)  # the other process may be about it
                record.seek(0)
                if f"{json.dumps(told)}\n" not in record.readlines():
                    main.scons(*told)
                    print(json.dumps(told), file=record, flush=True)
            done.update(((each, words), Build(main, each, flavour, prefix)) for each in names)
        return done[name, words]
    return build


@pytest.fixture(autouse=True)
def begin_bare_debian(request):
    """Begin it with the first test that runs in the process of its own test."""
    if group(str(request.path)) == BUILDS:
        request.getfixturevalue("bare_debian")


@pytest.fixture(scope="session")
def bare_debian(request):
    """Start tests/bare_debian.py where its test is chosen; returns a function that waits for its status and output."""
    if not os.environ.get("CI") or os.geteuid() or not any(map(_bare, request.session.items)):
        yield None
        return
    with tempfile.TemporaryFile("w+", errors="replace") as output:
        process = subprocess.Popen(["nice", "-n", "10", sys.executable, str(BARE_DEBIAN), "--quick"], stdin=subprocess.DEVNULL, stdout=output,
                                   stderr=subprocess.STDOUT)

        def finished() -> tuple[int, str]:
            status = process.wait(SECONDS)
            output.seek(0)
            return status, output.read()
        try:
            yield finished
        finally:
            process.send_signal(signal.SIGINT)  # it takes its root folder away
            process.wait(60)


@pytest.fixture(scope="session")
def place():
    """A folder for checkouts and builds of the session's own, open to every user, gone soon after its end."""
    folder = Path(tempfile.mkdtemp(prefix="cpython-scons-e2e-"))
    folder.chmod(0o755)
    yield folder
    _remove(folder, "&")  # nobody has to wait for that


@pytest.fixture
def room(place, request):
    """A folder of one test's own below `place`, gone at its end: builds are large."""
    folder = Path(tempfile.mkdtemp(prefix="test-", dir=place))
    folder.chmod(0o755)
    yield folder
    _remove(folder)


def _remove(folder: Path, end: str = "") -> None:
    """Remove a folder by rm(1): it is ten times as fast as Python for hundreds of thousands of files. end: "&" does not wait for it."""
    script = 'rm -rf "$1" || { chmod -R u+rwX "$1"; rm -rf "$1"; }'  # a folder without write permission
    subprocess.run(["sh", "-c", f"{{ {script}; }} {end}", "sh", folder], check=False, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL, start_new_session=True)


@pytest.fixture(scope="session")
def bare(built, place):
    """A checkout with unpacked sources and nothing built, for commands that must not get as far as building."""
    built("aarch64-linux-gnu")  # so that a release is unpacked, and zig has the libc that most of them probe
    return clone(place / "bare" / "checkout", zig_cache=True)


@pytest.fixture(scope="session")
def binfmt():
    """Make the kernel start programs of a foreign machine, or end the test with the reason why it cannot."""
    registered: dict[str, Path | None] = {}

    def register(build: Build) -> None:
        if not build.foreign or build.variant.run.qemu in registered:
            return
        environment = build.environment()
        try:
            subprocess.run([str(build.python), "-S", "-c", "0"], env=environment, check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError):
            if os.geteuid() != 0:
                missing("programs of a foreign machine cannot start each other: as root, apt-get install qemu-user-static "
                        "binfmt-support, and mount binfmt_misc")
            if not (runner.TABLE / "register").exists():
                subprocess.run(["mount", "-t", "binfmt_misc", "binfmt_misc", str(runner.TABLE)], capture_output=True, check=False)
            try:
                registered[build.variant.run.qemu] = runner.register(build.python, build.command()[0])
            except OSError as error:
                missing(f"the kernel takes no row for qemu ({error}): programs of the target cannot start each other here")
    yield register
    for row in registered.values():
        runner.unregister(row)


@pytest.fixture(scope="session")
def opened_workshop(built, place):
    built(f"{platform.machine()}-linux-gnu")
    return Workshop(place)


@pytest.fixture
def workshop(opened_workshop):
    """A checkout with a source= tree, built once; after each test it must come back to what the first build made."""
    opened_workshop.settled = False
    yield opened_workshop
    if not opened_workshop.settled:  # the test has not ended by showing just that
        opened_workshop.scons()
        opened_workshop.same_as_first()

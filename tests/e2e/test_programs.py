"""Applications as one program each: they run, know their arguments, and carry what they reach and nothing else."""
import json
import os
import re
import signal
import socket
import struct
import subprocess
import time
import urllib.request
from contextlib import contextmanager

import pytest
from checkout import REPOSITORY, missing
from refusal import refused

from crosspy.errors import UserError
from crosspy.ontarget import runner
from crosspy.variants import variant

NATIVE, DEVICE = "x86_64-linux-musl", "aarch64-linux-musl"
BOTH = [NATIVE, pytest.param(DEVICE, marks=pytest.mark.nightly)]
SMALL = {NATIVE: {"hello": 3_200_000, "sensor": 4_450_000, "httpd": 5_400_000, "asyncio_hub": 5_550_000},
         DEVICE: {"hello": 3_400_000, "sensor": 4_200_000, "httpd": 5_000_000, "asyncio_hub": 5_200_000}}  # bytes


def interruptible() -> None:
    """Undo what a shell does to programs that it starts in the background: they ignore Ctrl-C, and so do their children."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Program:
    """One built program. folder: apps/<name> of its build."""

    def __init__(self, main, target: str, app, *words: str):
        main.scons(f"target={target}", f"app={app}", *words)
        name = os.path.basename(str(app)).removesuffix(".py")
        self.folder = main.build / f"{target}+deps-none+profile-minimal" / "apps" / name
        self.path = self.folder / name
        try:
            started = runner.runner(variant.load(REPOSITORY / "variants" / target))
        except UserError as error:
            missing(str(error))
        self.words, self.env = [*started.words, str(self.path)], {**os.environ, **dict(started.env)}

    @property
    def plan(self) -> dict:
        return json.loads((self.folder / "plan.json").read_text("utf-8"))

    def run(self, *arguments: str, check: bool = True, **more) -> subprocess.CompletedProcess:
        done = subprocess.run([*self.words, *arguments], capture_output=True, text=True, env=self.env, preexec_fn=interruptible, **more)
        assert not check or done.returncode == 0, done.stderr
        return done

    @contextmanager
    def running(self, *arguments: str):
        """Run it as a server; gives its port and what it prints from then on. It is to end by Ctrl-C."""
        with subprocess.Popen([*self.words, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=self.env,
                              preexec_fn=interruptible) as process:
            try:
                first = process.stdout.readline()
                assert first.startswith("listening on "), first + process.stderr.read()
                yield int(first.split()[-1]), process.stdout
                process.send_signal(signal.SIGINT)
                assert process.wait() == 0
            finally:
                process.kill()


@pytest.fixture(scope="module")
def program(main):
    made = {}

    def build(target: str, app, *words: str) -> Program:
        key = (target, str(app), words)
        if key not in made:
            made[key] = Program(main, target, app, *words)
        return made[key]
    return build


def example(name: str) -> str:
    return f"examples/{name}.py"


@pytest.mark.parametrize("target", BOTH)
def test_hello_says_hello_and_carries_little(program, target):
    hello = program(target, example("hello"))
    assert hello.run("a", "b c").stdout == "hello a b c\n"
    assert not {"re", "json", "email", "socket", "traceback", "_socket", "_json", "_sre"} & set(hello.plan["modules"])


@pytest.mark.parametrize("target", BOTH)
@pytest.mark.parametrize("name", SMALL[NATIVE])
def test_the_examples_are_small(program, target, name):
    assert program(target, example(name)).path.stat().st_size <= SMALL[target][name]


@pytest.mark.parametrize("target", BOTH)
def test_a_web_server(program, target):
    with program(target, example("httpd")).running("0") as (port, _):
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/") as answer:
            assert set(json.load(answer)) == {"node", "machine", "python"}
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/echo", data=b'{"a": [1, 2.5, "\\u00e4"]}') as answer:
            assert json.load(answer) == {"a": [1, 2.5, "ä"]}


@pytest.mark.parametrize("target", BOTH)
def test_a_hub_of_asyncio(program, target):
    with program(target, example("asyncio_hub")).running("0") as (port, told):
        with socket.create_connection(("127.0.0.1", port)) as one, socket.create_connection(("127.0.0.1", port)) as two:
            assert [told.readline() for _ in range(2)] == ["client 1 came, 1 here\n", "client 2 came, 2 here\n"]
            one.sendall(b"hi\n")
            assert re.fullmatch(rb"\d: hi\n", two.makefile("rb").readline())


@pytest.mark.parametrize("target", BOTH)
def test_a_sensor_sends_samples(program, target):
    with socket.create_server(("127.0.0.1", 0)) as server:
        sensor = program(target, example("sensor"))
        with subprocess.Popen([*sensor.words, "127.0.0.1", str(server.getsockname()[1]), "2", "0"], env=sensor.env) as process:
            stream = server.accept()[0].makefile("rb")
            header = json.loads(stream.readline())
            samples = list(struct.iter_unpack(header["format"], stream.read()))
            assert process.wait() == 0
    assert len(samples) == header["count"] == 2 and abs(samples[0][0] - time.time()) < 3600


def test_it_is_isolated_and_ends_as_python_does(program, room):
    app = room / "ends.py"
    app.write_text("""import sys, os
print(sys.flags.isolated, sys.path, os.path.basename(sys.executable))
what = sys.argv[1]
if what == "exit": sys.exit(int(sys.argv[2]))
if what == "raise": raise ValueError("told")
if what == "absent": import tkinter
if what == "signal": os.kill(os.getpid(), 2)
""")
    ends = program(NATIVE, app, "exclude=tkinter")
    ends.env |= {"PYTHONPATH": "/nowhere", "PYTHONHOME": "/nowhere", "PYTHONVERBOSE": "1"}
    assert ends.run("none").stdout == "1 [] ends\n" and ends.run("none").stderr == ""
    assert ends.run("exit", "7", check=False).returncode == 7
    done = ends.run("raise", check=False)
    assert done.returncode == 1 and 'File "ends.py", line 5, in <module>' in done.stderr and "ValueError: told" in done.stderr
    assert "exclude=tkinter" in ends.run("absent", check=False).stderr
    assert ends.run("signal", check=False).returncode == -signal.SIGINT
    done = ends.run("-c", "print('no')", check=False)
    assert done.stdout == "1 [] ends\n"


def test_multiprocessing_in_all_its_ways(program, room):
    app = room / "many.py"
    app.write_text("""import multiprocessing, sys
from multiprocessing import shared_memory

def square(x):
    return x * x

def fill(name):
    memory = shared_memory.SharedMemory(name)
    memory.buf[0] = 42
    memory.close()

if __name__ == "__main__":
    for way in ("fork", "spawn", "forkserver"):
        context = multiprocessing.get_context(way)
        with context.Pool(2) as pool:
            numbers = pool.map(square, [1, 2, 3])
        memory = shared_memory.SharedMemory(create=True, size=16)
        process = context.Process(target=fill, args=(memory.name,))
        process.start()
        process.join()
        print(way, numbers, memory.buf[0])
        memory.close()
        memory.unlink()
    print(sys.argv[1:])
""")
    many = program(NATIVE, app)
    done = many.run("x", check=False, start_new_session=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "fork [1, 4, 9] 42\nspawn [1, 4, 9] 42\nforkserver [1, 4, 9] 42\n['x']\n"


def test_a_package_with_data_and_a_dependency_with_metadata(program, room):
    package, deps = room / "station", room / "deps"
    for folder in (package / "texts", deps / "greet", deps / "greet-1.5.dist-info"):
        folder.mkdir(parents=True)
    (package / "__init__.py").write_text("NAME = 'station'\n")
    (package / "texts" / "first.txt").write_text("eins\n")
    (package / "__main__.py").write_text("""import importlib.metadata, importlib.resources, runpy
from . import NAME
import greet
texts = importlib.resources.files("station") / "texts"
print(NAME, __package__, greet.hello(), [item.name for item in texts.iterdir()], (texts / "first.txt").read_text().strip())
print(importlib.metadata.version("greet"), runpy.run_module("greet.more")["VALUE"])
""")
    (deps / "greet" / "__init__.py").write_text("def hello():\n    'Says it.'\n    return hello.__doc__\n")
    (deps / "greet" / "more.py").write_text("VALUE = 3\n")
    (deps / "greet-1.5.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: greet\nVersion: 1.5\n")
    (deps / "greet-1.5.dist-info" / "RECORD").write_text("greet/__init__.py,,\ngreet/more.py,,\n")
    station = program(NATIVE, package, f"path={deps}", "include=greet.more")
    assert station.run().stdout == "station station Says it. ['first.txt'] eins\n1.5 3\n"


def test_a_second_run_has_nothing_to_do_and_a_changed_line_freezes_one_module(program, main, room):
    app = room / "line.py"
    app.write_text("import json\nprint(json.dumps(1))\n")
    words = (f"target={NATIVE}", f"app={app}")
    line = program(NATIVE, app)
    assert main.scons(*words).shown == []
    before = {path.name: path.stat().st_mtime_ns for path in (line.folder / "generated").glob("*.bin")}
    app.write_text("import json\nprint(json.dumps(2))\n")
    main.scons(*words)
    after = {path.name: path.stat().st_mtime_ns for path in (line.folder / "generated").glob("*.bin")}
    assert {name for name in before if before[name] != after[name]} == {"line.bin"}
    assert line.run().stdout == "2\n"


def test_the_interpreter_alone(main):
    main.scons(f"target={NATIVE}", "profile=minimal")
    path = main.build / f"{NATIVE}+deps-none+profile-minimal/apps/python3.13/python3.13"

    def told(*words, text=None):
        return subprocess.run([str(path), *words], capture_output=True, text=True, input=text, check=True, env={}).stdout
    assert told("-c", "import json, asyncio, sys; print(json.dumps(sys.prefix))") == '"/usr"\n'
    assert told("-m", "json.tool", text='{"a":1}') == '{\n    "a": 1\n}\n'
    assert told("-", text="print(1 + 1)\n") == "2\n" and told("--version").startswith("Python 3.13.")


@pytest.mark.nightly
@pytest.mark.parametrize("module", ["argparse", "asyncio", "csv", "datetime", "decimal", "email.message", "hashlib", "logging.config", "multiprocessing",
                                    "pathlib", "unittest", "xml.etree.ElementTree", "zoneinfo"])
def test_a_module_alone_makes_a_program_that_can_import_it(program, room, module):
    app = room / f"with_{module.replace('.', '_')}.py"
    app.write_text(f"import {module}\nprint({module}.__name__)\n")
    assert program(DEVICE, app).run().stdout == f"{module}\n"


@pytest.mark.parametrize("target", BOTH)
def test_run_starts_the_program_with_the_words_behind(program, main, target):
    program(target, example("hello"))
    words = ("run", f"target={target}", f"app={example('hello')}", "--")
    assert "\nhello a b=c -d x y\n" in main.scons(*words, "a", "b=c", "-d", "x y").out
    assert main.scons(*words).shown == []


def test_run_starts_the_interpreter_and_fails_as_it_does(main, built):
    built(NATIVE)
    run = main.scons("run", f"target={NATIVE}", "--", "-c", "import sys; print(sys.argv); sys.exit(3)", "-x", check=False)
    assert "\n['-c', '-x']\n" in run.out and run.code == 2 and "Error 3" in run.err
    assert main.scons("run", f"target={NATIVE}", "--", "-c", "print(6 * 7)").out.count("\n42\n") == 1


def test_words_behind_without_run_are_refused(bare):
    assert "only run takes words behind --" in refused(bare, f"target={NATIVE}", "--", "a")
    assert "name one with target=" in refused(bare, "run", f"target={NATIVE},{DEVICE}")

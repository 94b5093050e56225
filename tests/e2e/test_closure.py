"""The closure of each module of the library is enough to import it, and not more than it must be.

Each module is imported in a process of its own by the full interpreter, which is allowed its closure and nothing else; so all
of them together take seconds, and a module that the closure forgot has a name.
"""
import ast
from pathlib import Path

import pytest

from crosspy.closure import carried, closuretable, stubs
from crosspy.closure.availability import Availability
from crosspy.closure.closure import Program
from crosspy.closure.importgraph import Facts, Import
from crosspy.closure.stdlib import closure_of

APPLICATIONS = Path(__file__).with_name("applications")
GUARD = r'''
import posix, sys

class Guard:
    """Refuses what is not allowed; stands in for what is lazily absent."""

    def __init__(self, allowed, standins):
        self.allowed, self.standins = allowed, standins

    def find_spec(self, name, path=None, target=None):
        if name in self.standins:
            return type(sys.__spec__)(name, self)
        if name not in self.allowed:
            raise ModuleNotFoundError(f"{name} is not in the closure", name=name)

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        exec(self.standins[module.__name__], module.__dict__)

def attempt(module, allowed, standins, guarded):
    for name in set(sys.modules) - set(allowed) - {"__main__", "_frozen_importlib", "_frozen_importlib_external"}:
        del sys.modules[name]
    if guarded:
        sys.meta_path.insert(0, Guard(set(allowed), standins))
    try:
        __import__(module)
    except BaseException as error:
        return f"{type(error).__name__}: {error}"
    return ""

for line in open(sys.argv[1]):
    module, allowed, standins, guarded = eval(line)
    inner, outer = posix.pipe()
    child = posix.fork()
    if not child:
        posix.dup2(2, 1)
        posix.write(outer, attempt(module, allowed, standins, guarded).encode()[:4000])
        posix._exit(0)
    posix.close(outer)
    said = b""
    while part := posix.read(inner, 4096):
        said += part
    posix.close(inner)
    posix.waitpid(child, 0)
    print((module, said.decode()), flush=True)
'''


RUN = GUARD.partition("def attempt")[0] + r'''
allowed, standins, application = eval(open(sys.argv[1]).read())
for name in set(sys.modules) - set(allowed) - {"__main__", "_frozen_importlib", "_frozen_importlib_external"}:
    del sys.modules[name]
sys.meta_path.insert(0, Guard(set(allowed), standins))
sys.argv[:] = [application]
exec(compile(open(application).read(), application, "exec"))
'''


class Library:
    """The library of the release in the checkout, asked for the closure of one module at a time."""

    def __init__(self, build, folder):
        self.build = build
        version, folders = build.manifest["release"]["version"], build.checkout.build
        tree = folders / "sources" / f"Python-{version}"
        release = carried.Release(tree, str(folders / f"bootstrap-{version}" / "linked" / "_bootstrap_python"), folder, "tests")
        tables = build.checkout.folder / "cpython"
        rows = list(build.modules.values())
        self.folder, self.modules = folder, rows
        self.ready = ready = carried.ready(release, tables)
        self.rules: closuretable.Rules = ready.rules
        data = next(build.library.glob("_sysconfigdata_*.py"))
        self.facts = {**ready.library, data.stem: Facts(data.stem, str(data))}
        self.extensions = carried.reasons(tree, tables, rows)
        self.c_code = carried.cimports.read(tree, folder, "tests", self.rules, {row["name"]: row.get("sources", ()) for row in rows})
        self.available = Availability(self.facts, self.extensions, self.rules.present, ())

    def closure(self, *modules, **options):
        own = {"__main__": Facts("__main__", "main.py", imports=tuple(Import(1, name) for name in modules))}
        return closure_of(Program(own, {"__main__": "app"}, ("__main__",)), self.facts, self.c_code, self.extensions, self.rules, **options)

    def application(self, path):
        """Return the closure of an application of the tests."""
        data = {name: facts.path for name, facts in self.facts.items() if name.startswith("_sysconfigdata_")}
        return carried.plan(self.ready, self.modules, str(path), generated=data, cache=self.folder / "applications.json").closure

    def allowed(self, found):
        """Return the names that the guard lets through for a closure, and what stands in for others."""
        names = [*found.modules, *(alias for alias, behind in self.available.provided.items() if behind in found.modules)]
        return names, {stub: stubs.source(stub, row) for stub, row in found.stubs.items() if row.lazy}

    def attempt(self, name, guarded=True):
        """Return one line for the guard: what to import, what is allowed, what stands in for what."""
        return repr((name, *self.allowed(self.closure(name)), guarded)) + "\n"

    def failures(self, lines, folder):
        """Return module -> what its import said, of those that failed."""
        (folder / "guard.py").write_text(GUARD)
        (folder / "lines").write_text("".join(lines))
        out = self.build.run("-I", "-S", "-W", "ignore", str(folder / "guard.py"), str(folder / "lines")).stdout
        found = dict(ast.literal_eval(line) for line in out.splitlines() if line.startswith("('"))
        assert len(found) == len(lines)
        return {name: said for name, said in found.items() if said}


@pytest.fixture(scope="module")
def library(built, tmp_path_factory):
    return Library(built("x86_64-linux-musl"), tmp_path_factory.mktemp("facts"))


def public(library):
    names = {name for name in (*library.facts, *library.extensions) if "." not in name and not name.startswith("_")}
    return sorted(name for name in names if not library.available.why_not(name))


def test_the_closure_of_each_public_module_is_enough_to_import_it(library, tmp_path):
    names = public(library)
    assert len(names) > 160
    failed = library.failures([library.attempt(name) for name in names], tmp_path)
    # genericpath imports os, which imports it: nobody imports it first, and that fails without a guard, too
    assert library.failures([library.attempt(name, guarded=False) for name in failed], tmp_path) == failed
    assert set(failed) <= {"genericpath"}


@pytest.mark.nightly
def test_the_closure_of_each_submodule_is_enough_to_import_it(library, tmp_path):
    names = sorted(name for name in library.facts if not library.available.why_not(name) and not name.endswith("__main__"))
    failed = library.failures([library.attempt(name) for name in names], tmp_path)
    plain = library.failures([library.attempt(name, guarded=False) for name in failed], tmp_path)
    assert set(failed) == set(plain), {name: failed[name] for name in set(failed) - set(plain)}


def test_a_guard_without_one_module_of_a_closure_fails(library, tmp_path):
    name, allowed, standins, guarded = ast.literal_eval(library.attempt("json"))
    allowed.remove("json.decoder")
    failed = library.failures([repr((name, allowed, standins, guarded)) + "\n"], tmp_path)
    assert failed == {"json": "ModuleNotFoundError: json.decoder is not in the closure"}


def test_what_cannot_be_built_is_what_the_plan_says(library):
    tops = {name for name in library.facts if "." not in name}
    missing = {name for name in tops if library.available.why_not(name)}
    absent = {row["name"] for row in library.build.modules.values() if row["kind"] == "absent"}
    for name in missing:
        reason = library.available.why_not(name)
        assert any(module in reason for module in absent) or "there is no such module" in reason, (name, reason)


@pytest.mark.parametrize("name", ["sensor", "httpd", "hub", "tools", "web"])
def test_an_application_runs_with_its_closure_alone(library, tmp_path, name):
    path = APPLICATIONS / f"{name}.py"
    found = library.application(path)
    (tmp_path / "run.py").write_text(RUN)
    (tmp_path / "allowed").write_text(repr((*library.allowed(found), str(path))))
    done = library.build.run("-I", "-S", "-X", "utf8", str(tmp_path / "run.py"), str(tmp_path / "allowed"), check=False)
    assert done.returncode == 0 and done.stdout.splitlines()[-1].endswith("the end"), done.stdout + done.stderr


@pytest.mark.parametrize("modules, forbidden", [
    (["sys"], "re json email socket traceback os collections functools enum warnings site _socket _sre unicodedata time"),
    (["json", "struct", "time", "socket", "logging"], "email inspect ast dis typing pickle unicodedata argparse subprocess datetime tokenize"),
    (["http.server", "json"], "unicodedata argparse inspect ast typing tarfile zipfile subprocess unittest logging hashlib decimal statistics"),
    (["asyncio", "dataclasses"], "unicodedata multiprocessing email argparse json ssl pickle datetime"),
])
def test_a_program_carries_nothing_of_what_it_does_not_use(library, modules, forbidden):
    found = library.closure(*modules)
    for name in forbidden.split():
        chain = [(entry.name, entry.line, entry.how) for entry in found.chain(name)] if name in found.modules else []
        assert not chain, chain


def test_hello_is_the_start_up_set(library):
    found = library.closure("sys")
    assert {name for name, entry in found.modules.items() if entry.kind == "library"} == {
        "abc", "codecs", "encodings", "encodings.aliases", "encodings.utf_8", "io"}


def test_the_start_up_set_is_what_the_interpreter_imports_by_itself(library):
    out = library.build.run("-I", "-S", "-X", "utf8", "-c", "import sys; print(sorted(sys.modules))").stdout
    # -c keeps its lines in linecache, and zipimport is tried; both are features (cpython/closure.toml). time comes with zipimport.
    started = set(ast.literal_eval(out)) - {"linecache", "zipimport", "time"}
    assert started == set(library.closure("sys").modules) | library.rules.present


def test_every_file_of_the_library_can_be_read(library):
    assert len(library.facts) > 550 and not [name for name, facts in library.facts.items() if facts.error]

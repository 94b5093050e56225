"""The plan of a library that is built from source, as deps/SConscript takes it: what rests on what."""
import json
import os
import subprocess
import sys
from dataclasses import replace

import pytest
from samples import PROJECT, job

from crosspy.acquire.fetch import Archive
from crosspy.deps import building, library
from crosspy.deps.library import Library
from crosspy.deps.recipe import Recipe, Unit
from crosspy.errors import UserError
from crosspy.run import stages

# A compiler and an archiver that copy a source, and write a name.
SCRIPT = """\
case "$*" in *" -c "*) while [ "$1" != -o ]; do shift; done; cat "$3" > "$2" ;; *) echo "$2" > "$2" ;; esac
"""
SCONSTRUCT = """\
import json, sys
DefaultEnvironment(tools=[])
Decider("content-timestamp")
base = Environment(tools=["crosscc", "pydeps"], toolpath=["{project}/site_scons/site_tools"], IMPLICIT_COMMAND_DEPENDENCIES=0, SCANNERS=[],
                   ENV={{"PATH": "/usr/bin:/bin", "PYTHONPATH": "{project}/site_scons"}}, PYTHON=sys.executable, CCSTR="CC $SHOWN",
                   ARSTR="AR $SHOWN", GENSTR="GEN $SHOWN")
with open("build/acme/graph.json") as stream:
    plan = json.load(stream)
SConscript("{project}/deps/SConscript", exports={{"base": base, "plan": plan}})
"""


@pytest.fixture
def row(tmp_path, monkeypatch):
    """The job of a library in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree/a.c").write_text("int a;\n")
    (tmp_path / "script").write_text(SCRIPT)
    (tmp_path / "SConstruct").write_text(SCONSTRUCT.format(project=PROJECT))
    own = job(tmp_path / "job")
    tool = replace(own.toolchain, cc=("/bin/sh", str(tmp_path / "script")), ar=("/bin/sh", str(tmp_path / "script")))
    pin = Archive("acme", "1.0", "0" * 64, 1, ())
    return building.Job(Library("acme", "a", "MIT", ""), pin, tmp_path / "tree", "build/acme", own.variant, own.options, tool, tool, "")


def built(row, text, key):
    """Build the library whose config.h has a text; return what was shown, in a word and a name each."""
    recipe = Recipe((Unit("a.o", "a.c"),), {"libacme.a": ("a.o",)}, {"generated/config.h": text})
    stages.commit({**building._rows(row, recipe), "key": key})
    done = subprocess.run([sys.executable, "-m", "SCons", "-Q"], capture_output=True, text=True, check=True,
                          env={"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"})
    assert json.loads((row.tree.parent / "build/acme/built.json").read_text())["key"] == key
    return [line.split()[0] for line in done.stdout.splitlines()]


def test_an_object_rests_on_a_header_that_no_command_makes(row):
    assert built(row, '#define RUN "/run"\n', "1") == ["CC", "AR", "GEN"]
    assert built(row, '#define RUN "/run"\n', "2") == ["GEN"], "a new plan that says the same compiles nothing"
    assert built(row, '#define RUN "/var/run"\n', "3")[0] == "CC"


def state(row, text="", **above):
    return building._rows(replace(row, above=({"name": "b", "key": "k", "state": "s", "include": [], "headers": [], "header_nodes": [], **above},)),
                          Recipe((), {}, {"generated/config.h": text}))["state"]


def test_what_a_library_above_rests_on_counts_and_so_does_the_compiler_of_the_host(row):
    first = state(row)
    assert state(row, key="a new plan of the same files") == first
    assert len({first, state(row, state="t"), state(row, text="#define A\n"), state(replace(row, pin=replace(row.pin, sha256="1" * 64))),
                state(replace(row, host=replace(row.host, digest="f" * 64))), state(replace(row, toolchain=replace(row.toolchain, digest="f" * 64)))}) == 6


def test_every_file_beside_dep_toml_makes_a_new_plan(row, tmp_path):
    own = tmp_path / "deps/acme"
    own.mkdir(parents=True)
    (own / "dep.toml").write_text("")
    (own / "within.tcl").write_text("cd x\n")
    row = replace(row, library=replace(row.library, where=str(own / "dep.toml")))
    before = building._key(row)
    (own / "within.tcl").write_text("cd y\n")
    assert building._key(row) != before


BUILT = [one for one in library.load_all(PROJECT / "deps").values() if one.pins]


@pytest.mark.parametrize("known", BUILT, ids=lambda one: one.name)
def test_tables_that_a_library_s_rules_read_are_held_against_their_form(known):
    building.facts(known)
    for name in known.facts:
        for wrong, told in (({key: one for key, one in known.facts.items() if key != name}, f"{name} is missing"),
                            ({**known.facts, name: {"x": 1}}, f"{name}."), ({**known.facts, f"{name}2": {}}, f"{name}2 is an unknown key")):
            with pytest.raises(UserError) as caught:
                building.facts(replace(known, facts=wrong))
            assert caught.value.where == known.where and told in caught.value.what

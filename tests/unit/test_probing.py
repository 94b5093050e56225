"""The ledger of a build folder: asked for again when what it rests on changed, and at nothing else."""
import ast
import importlib.util
import dataclasses
import shutil

import pytest
from samples import PROJECT, given, job

from crosspy.configure import probing
from crosspy.configure.ledger import Answer, Ledger
from crosspy.errors import UserError
from crosspy.run import stages
from crosspy.variants.variant import Elf, Flags, Python

KNOWN = Ledger({"HAVE_X": Answer("1", "link", "x")}, {"LIBS": "-ldl"})


@pytest.fixture
def plain(tmp_path, monkeypatch):
    """A job whose ledger is in its folder, and whose compiler must not be asked."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(PROJECT / "cpython", tmp_path / "cpython")
    made = dataclasses.replace(job(tmp_path), tables=tmp_path / "cpython")
    for name, text in probing.texts(made, KNOWN).items():
        stages.write(tmp_path / made.folder / name, text)
    monkeypatch.setattr(probing, "asked", lambda job, say: "asked")
    return made


def test_a_ledger_that_still_holds_is_read_and_no_process_starts(plain, monkeypatch):
    monkeypatch.setattr(probing.probe, "examine", lambda *arguments: pytest.fail("it asked"))
    assert probing.known(plain, print) == KNOWN


@pytest.mark.parametrize("change", [
    lambda job: {"toolchain": dataclasses.replace(job.toolchain, digest="f" * 64)},
    lambda job: {"toolchain": dataclasses.replace(job.toolchain, cc=(*job.toolchain.cc, "-m32"))},
    lambda job: {"variant": dataclasses.replace(job.variant, flags=Flags(compile=("-mabi=32",)))},
    lambda job: {"variant": dataclasses.replace(job.variant, machine=dataclasses.replace(job.variant.machine, endian="little"))},
    lambda job: {"variant": dataclasses.replace(job.variant, python=Python("other", "shared"))},
    lambda job: {"options": given(target="mips", optimize="size")}, lambda job: {"options": given(target="mips", libpython="shared")},
    lambda job: {"release": dataclasses.replace(job.release, digest="f" * 64)}],
    ids=["compiler or sysroot", "command", "flags", "machine", "multiarch", "optimize", "libpython", "release"])
def test_another_compiler_flag_or_fact_asks_again(plain, change):
    assert probing.known(dataclasses.replace(plain, **change(plain)), print) == "asked"


def test_an_edited_probe_table_asks_again_and_one_put_back_does_not(plain, tmp_path):
    path = tmp_path / "cpython/probes.toml"
    text = path.read_text("utf-8")
    path.write_text(text + "# news\n")
    assert probing.known(plain, print) == "asked"
    path.write_text(text)
    assert probing.known(plain, print) == KNOWN


@pytest.mark.parametrize("change", [
    lambda job: {"options": given(target="mips", bytecode="none", prefix="/opt", tests="no", modules="builtin", disable="json")},
    lambda job: {"variant": dataclasses.replace(job.variant, summary="other", short=("m",), elf=Elf(needed=("libc.so.6",)))},
    lambda job: {"variant": dataclasses.replace(job.variant, python=Python(job.variant.python.multiarch, "builtin"))},
    lambda job: {"frozen": "build/other", "interpreter": "/opt/python3.13"}, lambda job: {"bootstrap": True}],
    ids=["options that no answer follows", "words of the variant", "modules", "bootstrap", "role"])
def test_nothing_else_does(plain, change):
    assert probing.known(dataclasses.replace(plain, **change(plain)), print) == KNOWN


@pytest.mark.parametrize("name", ["modules.toml", "releases.toml", "parity.toml"])
def test_another_table_does_not(plain, tmp_path, name):
    (tmp_path / "cpython" / name).write_text("# news\n")
    assert probing.known(plain, print) == KNOWN


def test_an_edited_tree_asks_again_for_its_own_questions(plain):
    tree = plain.release.tree
    tree.mkdir(parents=True)
    for name in (*probing.READ_FROM_TREE, "Makefile.pre.in"):
        (tree / name).write_text("1")
    edited = dataclasses.replace(plain, release=dataclasses.replace(plain.release, editable=True))
    first = probing.key(edited)
    (tree / "Makefile.pre.in").write_text("2")
    assert probing.key(edited) == first
    (tree / "configure.ac").write_text("2")
    assert probing.key(edited) != first


@pytest.mark.parametrize("name, text", [("probes.json", "{}"), ("probes.json", ""), ("probes.key", "0 0\n"),
                                        ("probes.json", KNOWN.to_json().replace('"1"', '"0"'))])
def test_a_ledger_that_somebody_changed_is_not_believed(plain, tmp_path, name, text):
    (tmp_path / plain.folder / name).write_text(text)
    assert probing.known(plain, print) == "asked"


def test_every_rule_that_decides_an_answer_is_part_of_the_key():
    crosspy = PROJECT / "site_scons/crosspy"
    assert [name for name in probing.RULES if not (crosspy / f"configure/{name}.py").exists()] == []
    pending, reached = ["configure.probe"], set()
    while pending:  # what probe.py imports of our own, with what that imports
        name = pending.pop()
        reached.add(name)
        package = f"crosspy.{name}".rpartition(".")[0]
        for node in ast.parse((crosspy / f"{name.replace('.', '/')}.py").read_text("utf-8")).body:
            if isinstance(node, ast.ImportFrom) and node.level:
                module = importlib.util.resolve_name("." * node.level + (node.module or ""), package).rstrip(".").removeprefix("crosspy").lstrip(".")
                is_package = (crosspy / module.replace(".", "/")).is_dir()
                pending += {f"{module}.{alias.name}".lstrip(".") if is_package else module for alias in node.names} - reached
    # what those two say is a part of the key itself
    known = {"errors", "tomlfile", "configure.tableform", "sizing.budget",
             *(f"toolchains.{name}" for name in ("toolchain", "identity", "compiler", "fit", "sdk", "yocto", "crtfiles", "hostprogram", "shelllines",
                                                 "triallink")),
             *(f"variants.{name}" for name in ("variant", "inherit", "variantlines"))}
    assert reached - {f"configure.{name}" for name in probing.RULES} == known


def test_a_failed_question_leaves_no_folder(tmp_path, plain, monkeypatch):
    def fail(*arguments):
        raise UserError("cc", "it crashed", "repair it")
    monkeypatch.setattr(probing.probe, "examine", fail)
    with pytest.raises(UserError):
        with probing.exam(plain):
            pytest.fail("it went on")
    assert list((tmp_path / "build").glob(".probe-*")) == []

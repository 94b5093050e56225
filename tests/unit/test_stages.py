"""Cached stages: texts are written whole and only when they change, a plan is made again when anything it rests on changed."""
import dataclasses
import json
import os
import shutil

import pytest
from samples import PROJECT, job, load_variant

from crosspy import paths
from crosspy.cli import options
from crosspy.errors import UserError
from crosspy.run import plankey, stages
from crosspy.variants.variant import Python


def test_a_text_is_written_whole_with_a_mode_that_depends_on_no_umask(tmp_path):
    old = os.umask(0o077)
    try:
        stages.write(tmp_path / "a/b.json", "text\n")
    finally:
        os.umask(old)
    assert (tmp_path / "a/b.json").read_text() == "text\n" and (tmp_path / "a/b.json").stat().st_mode & 0o777 == 0o644
    assert os.listdir(tmp_path / "a") == ["b.json"]


def test_an_unchanged_text_is_not_written(tmp_path):
    stages.write(tmp_path / "a", "text")
    before = (tmp_path / "a").stat()
    stages.write(tmp_path / "a", "text")
    after = (tmp_path / "a").stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    stages.write(tmp_path / "a", "other")
    assert (tmp_path / "a").stat().st_ino != before.st_ino


def test_a_text_that_cannot_be_finished_leaves_the_old_one(tmp_path, monkeypatch):
    stages.write(tmp_path / "a", "old")

    def full(*arguments):
        raise OSError(28, "No space left on device")
    monkeypatch.setattr(stages.os, "replace", full)
    with pytest.raises(OSError):
        stages.write(tmp_path / "a", "new")
    assert (tmp_path / "a").read_text() == "old"


@pytest.mark.parametrize("data", [b"\xff\xfe", b""])
def test_a_damaged_text_is_replaced(tmp_path, data):
    (tmp_path / "a").write_bytes(data)
    stages.write(tmp_path / "a", "text")
    assert (tmp_path / "a").read_text() == "text"


def test_scons_sees_a_path_from_the_top():
    assert paths.node("build/x") == "#build/x" and paths.node("/opt/x") == "/opt/x"


def key(job, project):
    plankey.rules.cache_clear()   # a run reads them once, and here they change
    return plankey.of(job, project)


@pytest.fixture
def project(tmp_path):
    """Return a checkout with one rule and one table."""
    for name in ("site_scons/crosspy/inspect/rules.py", "cpython/probes.toml", "cpython/SConscript", "cpython/device/ours.py"):
        (tmp_path / "project" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "project" / name).write_text("x = 1\n")
    return tmp_path / "project"


@pytest.fixture
def plain(tmp_path):
    return job(tmp_path)


def test_equal_inputs_have_one_key(project, plain, tmp_path):
    again = dataclasses.replace(plain, variant=load_variant(tmp_path / "again"))
    assert key(plain, project) == key(again, project)


VARIANT_FACTS = [("summary", "another"), ("short", ("m",)), ("python", Python("other", "shared")),
                 ("python", Python("mips-linux-gnu", "builtin"))]


@pytest.mark.parametrize("field, value", VARIANT_FACTS)
def test_another_fact_of_the_variant_is_another_key(project, plain, field, value):
    changed = dataclasses.replace(plain, variant=dataclasses.replace(plain.variant, **{field: value}))
    assert key(changed, project) != key(plain, project)


@pytest.mark.parametrize("table, field, value", [("machine", "bits", 64), ("libc", "floor", "2.28"), ("toolchain", "gcc", "mips-x"),
                                                 ("elf", "needed", ("libc.so.6",)), ("flags", "compile", ("-mabi=32",))])
def test_another_fact_in_a_table_of_the_variant_is_another_key(project, plain, table, field, value):
    inner = dataclasses.replace(getattr(plain.variant, table), **{field: value})
    changed = dataclasses.replace(plain, variant=dataclasses.replace(plain.variant, **{table: inner}))
    assert key(changed, project) != key(plain, project)


# bootstrap= decides by whether it is given; sysroot= through the digest and the command of the toolchain that is made with it
SHOWN_ONLY = set(options.PLACES) - {"bootstrap"}


@pytest.mark.parametrize("name", sorted(options.ARGUMENTS))
def test_another_option_is_another_key_unless_it_decides_nothing(project, plain, name):
    argument = options.ARGUMENTS[name]
    free = {"python": "3.13.15", "toolchain": "gcc", "prefix": "/opt", "glibc": "2.28", "flash": "4M"}.get(name, "x")
    value = argument.convert(free if argument.free else argument.values[1])
    changed = dataclasses.replace(plain, options=dataclasses.replace(plain.options, **{name: value}))
    assert (key(changed, project) == key(plain, project)) == (name in SHOWN_ONLY)


@pytest.mark.parametrize("part, field, value", [("toolchain", "digest", "f" * 64), ("toolchain", "cc", ("/opt/cross/bin/gcc", "-m32")),
                                                ("release", "digest", "f" * 64), ("release", "version", "3.13.16")])
def test_another_toolchain_or_release_is_another_key(project, plain, part, field, value):
    changed = dataclasses.replace(plain, **{part: dataclasses.replace(getattr(plain, part), **{field: value})})
    assert key(changed, project) != key(plain, project)


@pytest.mark.parametrize("field, value", [("folder", "build/other"), ("frozen", "build/other"), ("tree", "other"),
                                          ("bootstrap", True), ("interpreter", "/opt/python3.13")])
def test_another_place_is_another_key(project, plain, field, value):
    assert key(dataclasses.replace(plain, **{field: value}), project) != key(plain, project)


def test_a_moved_checkout_is_another_key(project, plain, monkeypatch):
    before = key(plain, project)
    monkeypatch.chdir(project)
    assert key(plain, project) != before


@pytest.mark.parametrize("name", ["site_scons/crosspy/inspect/rules.py", "cpython/probes.toml"])
def test_an_edited_rule_or_table_is_another_key_and_one_put_back_is_the_old(project, plain, name):
    before = key(plain, project)
    (project / name).write_text("x = 2\n")
    assert key(plain, project) != before
    (project / name).write_text("x = 1\n")
    assert key(plain, project) == before


def test_what_scons_reads_itself_is_not_part_of_a_key(project, plain):
    before = key(plain, project)
    (project / "cpython/SConscript").write_text("x = 2\n")
    assert key(plain, project) == before


@pytest.fixture
def edited(plain):
    """Return a job on a tree that people edit."""
    tree = plain.release.tree
    for name in plankey.READ_FROM_TREE:
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_text("1")
    return dataclasses.replace(plain, release=dataclasses.replace(plain.release, editable=True, digest=""))


def test_each_file_that_a_plan_is_read_from_counts_in_an_edited_tree(project, edited):
    keys = {key(edited, project)}
    for name in plankey.READ_FROM_TREE:
        (edited.release.tree / name).write_text("2")
        keys.add(key(edited, project))
    assert len(keys) == len(plankey.READ_FROM_TREE) + 1


@pytest.mark.parametrize(("linkage", "keys"), [("dynamic", 1), ("static", 2)])
def test_what_headers_declare_counts_where_a_program_has_a_table_of_it(project, edited, linkage, keys):
    of_libc = dataclasses.replace(edited.variant.libc, linkage=linkage)
    job = dataclasses.replace(edited, variant=dataclasses.replace(edited.variant, libc=of_libc))
    found = set()
    for text in ("PyAPI_FUNC(int) Py_New(void);", "PyAPI_FUNC(int) Py_Newer(void);", "PyAPI_FUNC(int)  Py_Newer( void );"):
        (job.release.tree / "Include/new.h").write_text(text)
        found.add(key(job, project))
    assert len(found) == keys


def test_an_edited_tree_without_such_a_file_is_one_user_error(project, edited):
    shutil.rmtree(edited.release.tree / "Misc")
    with pytest.raises(UserError, match="use a complete CPython source tree"):
        key(edited, project)


def test_a_cached_plan_is_read_without_probing(plain, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    cached = {"key": key(plain, PROJECT), "files": [], "units": ["u"]}
    stages.write(tmp_path / plain.folder / "graph.json", json.dumps(cached))
    monkeypatch.setattr(stages.probing, "known", lambda *arguments: pytest.fail("it probed"))
    assert stages.plan(plain, PROJECT, print)["units"] == ["u"]


@pytest.mark.parametrize("damage", [lambda text: "", lambda text: text[:9], lambda text: "[]", lambda text: "5", lambda text: "{}",
                                    lambda text: text.replace('"files": []', '"files": ["build/gone"]')])
def test_a_damaged_or_incomplete_plan_is_made_again(plain, tmp_path, monkeypatch, damage):
    monkeypatch.chdir(tmp_path)
    text = json.dumps({"key": key(plain, PROJECT), "files": []})
    stages.write(tmp_path / plain.folder / "graph.json", damage(text))
    asked = []
    monkeypatch.setattr(stages.probing, "known", lambda *arguments: asked.append("probe"))
    monkeypatch.setattr(stages, "_make", lambda job, answers: {"folder": job.folder, "texts": {"pyconfig.h": "/* made */\n"}})
    made = stages.plan(plain, PROJECT, print)
    assert not (tmp_path / "build/mips/pyconfig.h").exists()
    stages.commit(made)
    assert asked == ["probe"] and made["installs"] == ["#build/mips/pyconfig.h"]
    assert (tmp_path / "build/mips/pyconfig.h").read_text() == "/* made */\n"

"""The libraries of one run: looked at before anything is written, planned once for all programs of a target."""
import json
from dataclasses import replace
from pathlib import Path

import pytest
from samples import PROJECT, given, job

from crosspy.acquire import debian, pinned
from crosspy.acquire.fetch import Archive
from crosspy.deps import building, choice, library, shelf
from crosspy.deps.linkage import Linked
from crosspy.deps.recipe import Recipe
from crosspy.errors import UserError

KNOWN = library.load_all(PROJECT / "deps")


def target(folder, libs):
    (folder / "build/mips").mkdir(parents=True)
    for name, text in (("facts.json", "{}"), ("plan.json", "{}"), ("sizing.json", '{"removable": {}, "links": [{}]}')):
        (folder / "build/mips" / name).write_text(text)
    return {"units": [], "links": [{"libs": libs, "kind": "program", "output": "python"}], "modules": {}, "folder": "build/mips"}


@pytest.fixture
def scene(tmp_path, monkeypatch):
    """A shelf whose libraries need no compiler; (shelf, job, rows of plans that were made)."""
    monkeypatch.chdir(tmp_path)
    made, kept = [], shelf.Shelf(KNOWN, {"target": "mips"}, given(target="mips"), lambda: None, print)
    pin = Archive("any", "1.0", "0" * 64, 1, ("https://example.org/any-1.0.tar.gz",))
    monkeypatch.setattr(kept, "_source", lambda one: kept._sources.setdefault(one.name, (pin, tmp_path)))

    def plan(row, say):
        made.append((row.library.name, [above["name"] for above in row.above]))
        return {"name": row.library.name, "folder": row.folder, "version": "1.0", "state": "s", "include": [], "headers": [], "header_nodes": [],
                "key": "k", "whole": False, "texts": {"generated/config.h": "#define A 1\n"}}
    monkeypatch.setattr(building, "plan", plan)
    return kept, replace(job(tmp_path), libraries=KNOWN, deps={**dict.fromkeys(KNOWN, "source"), "dbm": "none", "gdbm": "none", "readline": "none"}), made


def test_a_look_at_libraries_writes_nothing_and_plans_each_once(scene, tmp_path):
    kept, own, made = scene
    one = target(tmp_path, "-ledit -lz")
    before = sorted(tmp_path.rglob("*"))
    assert list(kept.look(one, own)) == ["ncurses", "libedit", "zlib"] and kept.look(one, own).keys() == {"ncurses", "libedit", "zlib"}
    assert made == [("ncurses", []), ("libedit", ["ncurses"]), ("zlib", [])] and sorted(tmp_path.rglob("*")) == before
    assert [plan["name"] for plan in kept.supply(one, own)] == ["ncurses", "libedit", "zlib"] and len(made) == 3
    assert Path("build/deps/mips-linux-gnu/zlib/generated/config.h").read_text("utf-8") == "#define A 1\n"
    assert [row["name"] for row in json.loads(Path("build/mips/plan.json").read_text("utf-8"))["libraries"]] == ["libedit", "ncurses", "zlib"]


def test_what_a_look_refuses_leaves_no_plan_of_the_libraries_before_it(scene, tmp_path, monkeypatch):
    kept, own, _ = scene
    good = kept._source

    def refuse(one):
        if one.name == "zlib":
            raise UserError("zlib", "it is damaged", "fetch it again")
        return good(one)
    monkeypatch.setattr(kept, "_source", refuse)
    one = target(tmp_path, "-ledit -lz")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(UserError, match="zlib: it is damaged"):
        kept.supply(one, own)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_source_library_gets_the_words_by_which_one_of_the_sysroot_is_found(scene, tmp_path):
    kept, own, _ = scene
    found = Linked("ncurses", "sysroot", "6", "k", ("-DA", "-idirafter/s/usr/include"), words={"-lncursesw": ("/s/usr/lib/libncursesw.so",)})
    own = replace(own, deps={**own.deps, "ncurses": "sysroot"}, found={"ncurses": found})
    above = kept.look(target(tmp_path, "-ledit"), own)["ncurses"]
    pin = Archive("libedit", "1.0", "0" * 64, 1, ())
    row = building.Job(KNOWN["libedit"], pin, tmp_path, "build/deps/libedit", own.variant, own.options, own.toolchain, own.toolchain, "", (above,))
    assert building._rows(row, Recipe((), {}))["compile"].split()[-4:-2] == ["-DA", "-idirafter/s/usr/include"]


def test_a_missing_perl_is_told_before_the_archive_is_fetched(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "/nonexistent")
    monkeypatch.setattr(pinned, "tree", lambda *_: pytest.fail("it was fetched"))
    kept = shelf.Shelf(KNOWN, {}, given(target="mips", build_dir=str(tmp_path)), lambda: None, print)
    with pytest.raises(UserError, match="perl is not on PATH"):
        kept._source(KNOWN["openssl"])


def test_a_machine_without_apt_get_is_told_what_it_can_leave_out(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(building, "check", lambda one: None)
    monkeypatch.setattr(debian.shutil, "which", lambda *words, **more: None)
    kept = shelf.Shelf(KNOWN, {}, given(target="mips", downloads="downloads"), lambda: None, print)
    with pytest.raises(UserError, match="there is no apt-get here") as caught:
        kept._source(KNOWN["ncurses"])
    way = "deps=source,ncurses:none"
    assert caught.value.fix.endswith(f"or leave it out: {way}") and choice.modes(way.partition("=")[2], KNOWN)["libedit"] == "none"

"""One run before the graph: words on the command line, damage to root/."""
import hashlib
import json
import os
from types import SimpleNamespace

import pytest
from samples import PROJECT, write_variant

from crosspy.acquire.fetch import Archive
from crosspy.cli import fetchcommand
from crosspy.deps.library import Library
from crosspy.errors import UserError
from crosspy.run import hosting, session
from crosspy.run.session import Session
from crosspy.variants import variantlines


def refused(call, *arguments):
    with pytest.raises(UserError) as caught:
        call(*arguments)
    return caught.value


def test_a_command_line_is_checked_without_writing_anything(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    chosen = Session({"target": "aarch64,arm"}, PROJECT).chosen
    assert [one.name for one in chosen] == ["aarch64-linux-gnu", "arm-linux-gnueabihf"]
    assert refused(Session, {"target": "aarch46"}, PROJECT).where == "target=aarch46"
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("word", ["inspect", "fetch", "aarch64-linux-gnu", "build/aarch64-linux-gnu/root", "./build/x.o", "build"])
def test_aliases_chosen_targets_and_outputs_are_words_of_the_command_line(word):
    Session({"target": "aarch64"}, PROJECT).command([word])


@pytest.mark.parametrize("word, hint", [("inspct", "did you mean 'inspect'"), ("aarch64-linux-gn", "did you mean 'aarch64-linux-gnu'"),
                                        ("building", ""), ("arm-linux-gnueabihf", ""), ("SConstruct", "")])
def test_another_word_is_refused_with_the_nearest(word, hint):
    error = refused(Session({"target": "aarch64"}, PROJECT).command, [word])
    assert error.where == word and hint in error.what and "aarch64-linux-gnu, bootstrap, " in error.fix


def test_a_folder_of_one_s_own_variants_stands_beside_the_project_s(tmp_path):
    write_variant(tmp_path, "mips64-linux-gnu", ('["mips"]', '["mine"]'))
    both = Session({"target": "mine,arm", "variants": str(tmp_path)}, PROJECT)
    assert [one.name for one in both.chosen] == ["mips64-linux-gnu", "arm-linux-gnueabihf"]


def test_one_s_own_variant_may_not_take_a_short_name_of_the_project_s(tmp_path):
    write_variant(tmp_path, "mips64-linux-gnu", ('["mips"]', '["arm"]'))
    error = refused(Session, {"target": "arm", "variants": str(tmp_path)}, PROJECT)
    assert "'arm' belongs to arm-linux-gnueabihf already" in error.what


def test_one_s_own_variant_may_not_have_the_name_of_one_of_the_project_s(tmp_path):
    write_variant(tmp_path, "x86_64-linux-gnu", ('["mips"]', '["mine"]'))   # of the host, for which the bootstrap is built, too
    error = refused(Session, {"target": "mine", "variants": str(tmp_path)}, PROJECT)
    assert error.where == f"{tmp_path}/x86_64-linux-gnu/variant.toml" and f"{PROJECT}/variants/x86_64-linux-gnu/variant.toml" in error.what
    Session({"target": "arm", "variants": str(PROJECT / "variants")}, PROJECT)


def test_an_sdk_for_a_board_is_told_which_words_it_does_not_get():
    board, = Session({"target": "rpi-zero"}, PROJECT).chosen

    def tool(origin):
        return SimpleNamespace(kind="gcc", origin=origin)
    assert variantlines.left_out(board, tool("Buildroot")) == "the SDK's own flags name the CPU; left out: -mcpu=arm1176jzf-s -mfpu=vfp -mfloat-abi=hard"
    assert variantlines.left_out(board, tool("")) == variantlines.left_out(Session({"target": "arm"}, PROJECT).chosen[0], tool("Yocto")) == ""


def test_every_command_has_an_allow_list_for_an_environment(monkeypatch):
    monkeypatch.setenv("CFLAGS", "-evil")
    environment = Session({}, PROJECT).environment()
    assert environment["PATH"] == "/usr/bin:/bin" and "CFLAGS" not in environment and "HOME" not in environment


def test_a_source_has_a_short_tag_that_depends_on_its_place_only(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert session.tag("tree") == session.tag(str(tmp_path / "tree")) != session.tag("other")
    assert session.tag("tree").isalnum()


@pytest.mark.parametrize("damaged", [True, False])
def test_the_record_of_a_root_changed_by_hand_is_forgotten(tmp_path, monkeypatch, damaged):
    (tmp_path / "installed.json").write_text(json.dumps({}))
    monkeypatch.setattr(session.install, "damaged", lambda root, state: damaged)
    session.damage({"folder": str(tmp_path)})
    assert (tmp_path / "installed.json").exists() != damaged


def test_a_build_that_installed_nothing_yet_is_not_damaged(tmp_path):
    session.damage({"folder": str(tmp_path)})


def test_only_outputs_that_scons_did_not_record_are_named_at_exit():
    import SCons.Node
    assert session.EXECUTED == SCons.Node.executed
    nodes = [SimpleNamespace(abspath=name, get_state=lambda state=state: state)
             for name, state in (("whole", SCons.Node.executed), ("cut", SCons.Node.executing), ("bad", SCons.Node.failed))]
    named = []
    run = Session({}, PROJECT)
    run.lock = SimpleNamespace(start=lambda unrecorded: named.extend(unrecorded()))
    run.start(lambda: nodes)
    assert named == ["cut", "bad"]


def test_the_environment_of_scons_hands_over_the_list_itself_not_a_copy():
    import sys
    sys.path.insert(0, str(PROJECT / "site_scons/site_tools"))
    try:
        import crosscc
    finally:
        sys.path.pop(0)
    import SCons.Environment
    base = SCons.Environment.Base(tools=[])
    crosscc.generate(base)
    assert base["PUBLISHED"]() is crosscc.published and base.Clone(tools=[])["PUBLISHED"]() is crosscc.published


def test_a_machine_that_no_variant_describes_is_told_so(monkeypatch):
    monkeypatch.setattr(hosting.platform, "machine", lambda: "riscv128")
    error = refused(hosting.host, Session({}, PROJECT).variants)
    assert error.where.startswith("host riscv128") and "bootstrap=" in error.fix


@pytest.mark.parametrize("words, what", [
    ({"deps": "source,openssl:sysroot"}, "OpenSSL is the sysroot's"), ({"deps": "none"}, "this build has no OpenSSL"),
    ({"deps": "source,openssl:none"}, "this build has no OpenSSL"), ({"disable": "curses,ssl"}, "disable=ssl leaves out"),
    ({"disable": "_ssl"}, "disable=_ssl leaves out"), ({"deps": "none", "disable": "ssl"}, "disable=ssl leaves out")])
def test_a_folder_of_certificates_is_refused_where_nothing_looks_there(words, what):
    error = refused(Session, {"target": "aarch64", "ssl_certs": "/etc/certs", **words}, PROJECT)
    assert error.where == "ssl_certs=/etc/certs" and what in error.what and error.fix.startswith("leave ")


def test_a_folder_of_certificates_is_taken_where_openssl_is_built():
    assert Session({"target": "aarch64", "ssl_certs": "/etc/certs", "deps": "none,openssl:source"}, PROJECT).options.ssl_certs == "/etc/certs"


def test_fetch_has_the_libraries_that_are_built_from_source(tmp_path):
    data, told = b"an archive", []
    pins = {name: Archive(name, "1.0", hashlib.sha256(data).hexdigest(), len(data), (f"https://example.org/{name}-1.0.tar.gz",)) for name in ("a", "b")}
    known = {name: Library(name, "", "MIT", "", pins=(pin,)) for name, pin in pins.items()}
    (tmp_path / "a-1.0.tar.gz").write_bytes(data)

    def fetcher(pin, part):
        part.write_bytes(data)
        return "example.org"
    found = fetchcommand.libraries({**known, "c": known["a"]}, {"a": "source", "b": "source", "c": "none"}, tmp_path, told.append, (fetcher,))
    assert [path.name for path in found] == ["a-1.0.tar.gz", "b-1.0.tar.gz"] and (tmp_path / "b-1.0.tar.gz").read_bytes() == data

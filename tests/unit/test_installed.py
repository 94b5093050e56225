"""The texts beside a target's objects: whose folders must not show, what is left out, where byte-code lies."""
import dataclasses
import os
import subprocess
import sys
import tomllib
import types

import pytest
import tiny_elf
from samples import PROJECT, given, job

from crosspy.deps import library
from crosspy.deps.linkage import Linked
from crosspy.errors import UserError
from crosspy.root import installed
from crosspy.toolchains import flags
from crosspy.upstream.coreplan import Extension
from crosspy.upstream.modules import Module


@pytest.fixture
def plain(tmp_path):
    return job(tmp_path)


def test_folders_of_this_machine_are_private_and_system_ones_are_not(plain, tmp_path, monkeypatch):
    monkeypatch.setattr(installed, "_home", lambda: "/home/somebody")
    monkeypatch.chdir(tmp_path)
    folders = installed.private_folders(plain)
    assert folders == tuple(sorted({"/home/somebody", str(tmp_path), str(PROJECT), "/opt/cross/bin"}))


def test_of_a_folder_with_a_common_name_it_is_what_lies_in_it(plain, monkeypatch):
    monkeypatch.setattr(installed, "_home", lambda: "/data")
    for top, mine in (("/src", "/src/build"), ("/usr/src", "/usr/src/build"), ("/usr/src/app", "/usr/src/app"), ("/", "/build/deps")):
        monkeypatch.setattr(os, "getcwd", lambda top=top: top)
        folders = installed.private_folders(plain)
        assert mine in folders and "/data/.cache" in folders
        assert not {"/", "/src", "/data", "/usr/src", "/build"} & set(folders)


def test_folders_that_the_command_line_names_are_private(plain, monkeypatch):
    options = given(target="mips", build_dir="/big/disk/out", sysroot="/opt/board/sysroot", toolchain="sdk:/opt/sdk/4.0")
    folders = installed.private_folders(dataclasses.replace(plain, options=options, folder="/big/disk/out/mips", frozen="/big/disk/out/bootstrap"))
    assert {"/big/disk/out", "/opt/board/sysroot", "/opt/sdk/4.0", str(PROJECT)} <= set(folders)
    assert not [one for one in folders if one.startswith(("/big/disk/out/", f"{PROJECT}/"))], "the upper one finds both"
    monkeypatch.setenv("HOME", "/opt/home/me")
    assert "/opt/home/me/sdk" in installed.private_folders(dataclasses.replace(plain, options=given(target="mips", toolchain="sdk:~/sdk")))


@pytest.mark.parametrize("home", ["/", "/root", "/usr/share/nobody"])
def test_folders_too_short_or_common_to_name_a_machine_are_not_private(plain, monkeypatch, home):
    monkeypatch.setattr(installed, "_home", lambda: home)
    assert home not in installed.private_folders(plain)


def test_a_package_is_left_out_when_its_own_module_is_absent():
    plan = [Module("_ssl", "absent", "x"), Module("_tkinter", "absent", "x"), Module("_curses", "shared"),
            Module("_curses_panel", "absent", "x"), Module("_json", "absent", "x")]
    assert installed.left_out(plan, PROJECT / "cpython") == [
        "idlelib", "ssl", "tkinter", "turtle", "turtledemo"]


def test_every_file_that_goes_with_a_module_is_there(release_trees):
    packages = tomllib.loads((PROJECT / "cpython/modules.toml").read_text("utf-8"))["packages"].values()
    assert [name for tree in release_trees for row in packages for name in row["files"] if not (tree / "Lib" / name).exists()] == []


def test_nothing_is_left_out_when_all_is_there():
    assert installed.left_out([Module("_ssl", "builtin")], PROJECT / "cpython") == []


def absent(*names, why="needs x, which is not part of this build; deps=source builds it"):
    return [Module(name, "absent", why, state="missing") for name in names]


def test_what_is_absent_says_which_option_builds_it():
    made = installed.stand_ins(absent("_sqlite3", "_curses", "_curses_panel", "zlib", "_gdbm", "_dbm", "_uuid", "_hashlib", "_ctypes", "nis", "_json"), PROJECT / "cpython")
    assert set(made) == {"sqlite3.py", "curses.py", "zlib.py", "_gdbm.py", "_dbm.py", "_uuid.py", "_hashlib.py", "ctypes.py"}
    with pytest.raises(ModuleNotFoundError) as caught:
        exec(made["_gdbm.py"], {})
    assert (str(caught.value), caught.value.name) == ("No module named '_gdbm': needs x, which is not part of this build; deps=source builds it", "_gdbm")


def test_an_extension_that_was_disabled_leaves_no_file_and_one_of_the_tests_is_missed_by_nobody():
    plan = [*absent("_uuid", why="disabled by disable=_uuid"), *absent("_ctypes_test", why="a test module; tests=yes builds it")]
    assert set(installed.stand_ins(plan, PROJECT / "cpython")) == {"ctypes/util.py"}


def test_upstream_s_modules_do_without_what_a_stand_in_refuses(tmp_path):
    for name, text in installed.stand_ins(absent("_uuid", "_hashlib", "_gdbm", "_dbm", "_sqlite3"), PROJECT / "cpython").items():
        if "/" not in name:
            (tmp_path / name).write_text(text)
    program = """if True:
        import sys
        sys.path.insert(0, sys.argv[1])
        import dbm, hashlib, hmac, uuid
        print(hashlib.sha256(b"a").hexdigest() == hashlib.new("sha256", b"a").hexdigest(), hmac.new(b"a", b"b", "md5").digest_size, uuid.uuid4().version)
        print(dbm.open(sys.argv[1] + "/x", "n").__class__.__module__, uuid.uuid1().version)
        import dbm.gnu
    """
    done = subprocess.run([sys.executable, "-I", "-S", "-B", "-c", program, str(tmp_path)], capture_output=True, text=True)
    assert done.stdout == "True 16 4\ndbm.dumb 1\n", done.stderr
    assert "Error: No module named '_gdbm': needs x" in done.stderr.splitlines()[-1]   # a distribution's dbm.gnu has words of its own, too


def bytecode(job, **arguments):
    return installed.bytecode(dataclasses.replace(job, options=given(**arguments)))


def test_byte_code_is_shared_by_all_targets_of_a_release(plain):
    made = bytecode(plain)
    assert made["folder"].startswith("build/bootstrap-3.13.15/bytecode-") and made["at"] == f"#{made['folder']}"
    assert (made["library"], made["mode"], made["tests"], made["series"]) == ("/usr/lib/python3.13", "unchecked", "no", "3.13")
    assert bytecode(plain, libpython="shared", optimize="size", target="arm") == made


@pytest.mark.parametrize("argument, value", [("prefix", "/opt/python"), ("tests", "yes"), ("bytecode", "checked")])
def test_what_changes_byte_code_has_a_folder_of_its_own(plain, argument, value):
    assert bytecode(plain, **{argument: value})["folder"] != bytecode(plain)["folder"]


def test_the_kinds_of_byte_code(plain):
    kinds = {kind: (made["wanted"], made["mode"]) for kind in ("unchecked", "checked", "none", "only")
             for made in [bytecode(plain, bytecode=kind)]}
    assert kinds == {"unchecked": (True, "unchecked"), "checked": (True, "checked"), "none": (False, "unchecked"),
                     "only": (True, "unchecked")}
    assert os.path.isabs(bytecode(plain)["library"])


@pytest.fixture
def with_sysroot(plain, tmp_path):
    """A job with libedit and ncurses of a sysroot, the latter in three files, and zlib from source."""
    files = {name: tmp_path / f"lib{name}.so" for name in ("edit", "ncursesw", "panelw", "tinfo")}
    for name, path in files.items():
        path.write_bytes(tiny_elf.make(soname=f"lib{name}.so.6" if name != "panelw" else "", exports=[f"{name}_start"]))
    (tmp_path / "libncursesw.a").write_bytes(tiny_elf.ar({}))
    paths = {name: str(path) for name, path in files.items()}
    found = {"ncurses": Linked("ncurses", "sysroot", "6", "k", words={"-lncursesw": (paths["ncursesw"], paths["tinfo"]), "-lpanelw": (paths["panelw"],)}),
             "libedit": Linked("libedit", "sysroot", "3", "k", needs=("ncurses",), words={"-ledit": (paths["edit"], str(tmp_path / "libncursesw.a"), "-lm")})}
    known = library.load_all(PROJECT / "deps")
    modes = {**dict.fromkeys(known, "none"), "zlib": "source", **dict.fromkeys(found, "sysroot")}
    return dataclasses.replace(plain, libraries=known, deps=modes, found=found)


def test_a_module_may_need_what_is_behind_its_own_library(with_sysroot):
    made = installed.module_needed(with_sysroot, [Extension("readline", (), ("-ledit",)), Extension("zlib", (), ("-lz",)), Extension("math", (), ("-lm",))])
    assert made == {"readline": ["libedit.so.6", "libncursesw.so.6", "libpanelw.so", "libtinfo.so.6"], "math": ["libm.so*"]}


def test_a_source_library_may_stand_on_one_of_the_sysroot(with_sysroot):
    job = dataclasses.replace(with_sysroot, deps={**with_sysroot.deps, "libedit": "source"}, found={"ncurses": with_sysroot.found["ncurses"]})
    assert installed.module_needed(job, [Extension("readline", (), ("-ledit",))]) == {"readline": ["libncursesw.so.6", "libpanelw.so", "libtinfo.so.6"]}


def test_a_small_program_may_need_what_the_sysroot_has(with_sysroot, monkeypatch):
    monkeypatch.setattr(installed, "_generated", lambda job, plan, answers, header: {installed.sysconfigdata(job): ""})
    made = {}
    core = types.SimpleNamespace(date=flags.build_date(1785932743))
    installed.minimal(with_sysroot, [], None, "", core, made)
    assert set(made["generated"]) == {"_sysconfigdata__linux_mips-linux-gnu", "ctypes.util"}
    assert set(made["expect"]["needed"]) >= {"libedit.so.6", "libncursesw.so.6", "libpanelw.so", "libtinfo.so.6"}
    assert made["expect"]["provided"] == {"libedit.so.6": ["edit_start"], "libncursesw.so.6": ["ncursesw_start"],
                                          "libpanelw.so": ["panelw_start"], "libtinfo.so.6": ["tinfo_start"]}
    assert made["expect"]["dates"] == ["Aug 5 2026", "12:25:43"] and made["expect"]["build_id"]


def test_a_damaged_library_of_the_sysroot_is_one_message(with_sysroot, tmp_path):
    path = tmp_path / "libedit.so"
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(UserError, match="deps: libedit:sysroot: .*libedit.so is damaged"):
        installed.provided(with_sysroot.found)

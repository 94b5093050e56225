"""deps=: how each library is had, what dep.toml says, and how a target's rows meet its libraries."""
import json
from pathlib import Path

import pytest

from crosspy.deps import choice, library, linkage, pkgconfig, record
from crosspy.deps.linkage import Linked
from crosspy.errors import UserError

PROJECT = Path(__file__).resolve().parents[2]
LIBRARIES = library.load_all(PROJECT / "deps")
PIN = f'[[release]]\nversion = "1.0"\n[[release.origin]]\nurl = "https://example.org/a-1.0.tar.gz"\nsha256 = "{"0" * 64}"\nsize = 10\n'
GOOD = 'summary = "a"\nlicense = "MIT"\nhomepage = "https://example.org/"\n' + PIN + '[links]\n"-la" = "liba.a"\n'


def written(tmp_path, **texts):
    for name, text in texts.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "dep.toml").write_text(text)
    return tmp_path


@pytest.mark.parametrize("value, named", [
    ("source", {}), ("none", {"openssl": "none"}), ("none,openssl:source", {"openssl": "source", "zlib": "none"}),
    ("source,zlib:none", {"zlib": "none", "openssl": "source"}), ("openssl:none", {"openssl": "none", "zlib": "source"}),
    ("sysroot,xz:source", {"xz": "source", "gdbm": "sysroot"})])
def test_each_library_has_the_mode_that_is_said(value, named):
    modes = choice.modes(value, LIBRARIES)
    assert modes.keys() == LIBRARIES.keys() and {name: modes[name] for name in named} == named


def test_what_only_a_sysroot_can_have_is_not_there_unless_it_is_named():
    assert choice.modes("source", LIBRARIES)["gdbm"] == "none"
    assert choice.modes("source,gdbm:sysroot", LIBRARIES)["gdbm"] == "sysroot"


@pytest.mark.parametrize("value, told", [
    ("source,dbm:sysroot", {"dbm": "sysroot", "gdbm": "sysroot"}), ("none,readline:sysroot", {"readline": "sysroot", "ncurses": "none"}),
    ("source,ncurses:none,libedit:sysroot", {"libedit": "sysroot", "ncurses": "none"}), ("none,dbm:sysroot,gdbm:none", {"gdbm": "none"})])
def test_a_named_library_of_the_sysroot_brings_what_only_a_sysroot_can_have(value, told):
    modes = choice.modes(value, LIBRARIES)
    assert {name: modes[name] for name in told} == told


def test_a_library_is_not_built_without_what_the_sysroot_turned_out_to_lack():
    lacking = {**choice.modes("sysroot", LIBRARIES), "ncurses": "none", "libedit": "source"}
    assert choice.complete("source,ncurses:sysroot", lacking, LIBRARIES)["libedit"] == "none"
    with pytest.raises(UserError, match="libedit needs ncurses"):
        choice.complete("sysroot,libedit:source", lacking, LIBRARIES)


def test_what_the_sysroot_was_to_have_and_has_not_is_known():
    left = {**choice.modes("sysroot", LIBRARIES), "xz": "none", "gdbm": "none"}
    assert choice.lacking("sysroot", left, LIBRARIES) == ["gdbm", "xz"] and choice.lacking("sysroot,xz:none", left, LIBRARIES) == ["gdbm"]


def test_records_say_where_in_the_sysroot_a_library_was_found(tmp_path):
    one = Linked("zlib", "sysroot", "1.3", "k", places=("/usr/lib/libz.so.1",))
    for name in ("facts.json", "plan.json"):
        (tmp_path / name).write_text("{}")
    (tmp_path / "sizing.json").write_text('{"removable": {}, "links": []}')
    made = {"folder": str(tmp_path), "links": [{"kind": "archive"}], "modules": {}, "libraries": [record.row(LIBRARIES["zlib"], one, None)]}
    record.write(made, LIBRARIES, ["xz"])
    assert json.loads((tmp_path / "facts.json").read_text("utf-8")) == json.loads((tmp_path / "plan.json").read_text("utf-8")) == {"libraries": [
        {"name": "zlib", "version": "1.3", "mode": "sysroot", "license": "Zlib", "sha256": "", "found": ["/usr/lib/libz.so.1"]},
        {"name": "xz", "version": "", "mode": "sysroot", "found": []}]}


def test_gnu_readline_takes_the_part_of_libedit_when_it_is_named():
    assert [choice.modes("source", LIBRARIES)[name] for name in ("libedit", "readline")] == ["source", "none"]
    assert [choice.modes("source,readline:source", LIBRARIES)[name] for name in ("libedit", "readline")] == ["none", "source"]


def test_a_library_without_what_it_needs_is_not_built():
    assert choice.modes("source,ncurses:none", LIBRARIES)["libedit"] == "none"


@pytest.mark.parametrize("value, parts", [
    ("src", ["src", "did you mean 'source'"]), ("source,opensl:none", ["there is no library opensl", "did you mean 'openssl'"]),
    ("source,zlib", ["'zlib' is no library with its mode"]), ("source,zlib:none,zlib:source", ["zlib is both none and source"]),
    ("source,gdbm:source", ["gdbm is not built from source"]), ("none,libedit:source", ["libedit needs ncurses"]),
    ("source,readline:source,libedit:source", ["readline and libedit serve the same module"])])
def test_a_wrong_word_is_told(value, parts):
    with pytest.raises(UserError) as caught:
        choice.modes(value, LIBRARIES)
    assert caught.value.where == f"deps={value}" and [part for part in parts if part not in str(caught.value)] == []


def test_every_library_of_the_project_comes_behind_what_it_needs():
    order = list(LIBRARIES)
    assert [name for name, one in LIBRARIES.items() for other in one.needs if order.index(other) > order.index(name)] == []
    assert order.index("ncurses") < order.index("libedit") and LIBRARIES["zlib"].pins[0].version == "1.3.2"


@pytest.mark.parametrize("change, problem", [
    (("license", "licence"), "license: it is missing"), (('license = "MIT"', 'license = 1'), "license: 1 is not a string"),
    (("sha256 = \"0", "sha256 = \"x"), "sha256 is not 64 hexadecimal digits"), (("size = 10", "size = 0"), "size is no number of bytes"),
    (('"-la" = "liba.a"', '"a" = "liba.a"'), "links.a: it is no -l word"), (("url", "uri"), "uri: unknown key"),
    (('version = "1.0"', 'version = 1'), "version (a string)"), (("summary", "needs = 1\nsummary"), "needs: 1 is no list of strings")])
def test_a_mistake_in_dep_toml_is_named_with_its_file(tmp_path, change, problem):
    folder = written(tmp_path, a=GOOD.replace(*change))
    with pytest.raises(UserError) as caught:
        library.load_all(folder)
    assert caught.value.where == str(folder / "a" / "dep.toml") and problem in caught.value.what


def test_needs_may_not_go_in_a_circle_nor_name_what_is_not_there(tmp_path):
    folder = written(tmp_path, a=f'needs = ["b"]\n{GOOD}', b=f'needs = ["a"]\n{GOOD}')
    with pytest.raises(UserError, match="circle: a -> b -> a"):
        library.load_all(folder)
    (folder / "b" / "dep.toml").write_text(f'needs = ["c"]\n{GOOD}')
    with pytest.raises(UserError, match="there is no library c"):
        library.load_all(folder)


def test_the_archive_of_debian_s_alone_has_its_own_name(tmp_path):
    text = GOOD.replace('url = "https://example.org/a-1.0.tar.gz"', 'debian = "a"\nsuites = ["sid"]\nfile = "a-1.0.debian.tar.gz"')
    pin, = library.load_all(written(tmp_path, a=text))["a"].pins
    assert pin.file == "a-1.0.debian.tar.gz" and pin.urls == () and pin.folder == "a-1.0"


OWNERS = {"-lssl": "openssl", "-lcrypto": "openssl", "-ledit": "libedit", "-lncursesw": "ncurses"}
LINKED = {
    "openssl": Linked("openssl", "source", "3", "k1", ("-Iopenssl/include",), {"-lssl": "d/libssl.a", "-lcrypto": "d/libcrypto.a"}, system=("-lpthread",)),
    "ncurses": Linked("ncurses", "source", "6", "k2", (), {"-lncursesw": "d/libncursesw.a"}, headers=("d/curses.h",)),
    "libedit": Linked("libedit", "source", "1", "k3", ("-Iedit",), {"-ledit": "d/libedit.a"}, needs=("ncurses",))}


def target(libs, libraries):
    return {"units": [{"object": "a.o", "extra": "-DA", "libraries": libraries}],
            "links": [{"libs": libs, "kind": "shared", "output": "a.so"}]}


def test_archives_take_the_place_of_words_in_the_order_of_the_linker():
    made = target("-ledit -lssl -lcrypto -lm", ["libedit"])
    assert linkage.needed(made, OWNERS, LIBRARIES) == ["ncurses", "libedit", "openssl"]
    linkage.attach(made, LINKED, OWNERS)
    link, unit = made["links"][0], made["units"][0]
    assert link["archives"] == ["#d/libedit.a", "#d/libssl.a", "#d/libcrypto.a", "#d/libncursesw.a"]
    assert link["libs"] == "-lm -lpthread" and link["states"] == ["k3", "k1", "k2"]
    assert unit["extra"] == "-DA -Iedit" and unit["needs"] == ["#d/curses.h"] and unit["states"] == ["k3", "k2"]


def test_a_library_that_needs_one_which_is_not_there_is_linked_alone():
    made = target("-ledit -lm", ["libedit"])
    linkage.attach(made, {"libedit": LINKED["libedit"]}, OWNERS)
    assert made["links"][0]["archives"] == ["#d/libedit.a"] and made["units"][0]["states"] == ["k3"]


def test_only_the_words_that_a_link_has_are_linked():
    made = target("-lcrypto", ["openssl"])
    linkage.attach(made, LINKED, OWNERS)
    assert made["links"][0]["archives"] == ["#d/libcrypto.a"]


def test_a_static_library_of_a_sysroot_goes_behind_all_that_need_it():
    made = target("-lz -lssl -lcrypto -lm", [])
    found = {"zlib": Linked("zlib", "sysroot", "1", "k1", words={"-lz": ("/s/libz.a",)}),
             "openssl": Linked("openssl", "sysroot", "3", "k2", words={"-lssl": ("/s/libssl.a", "/s/libz.a"), "-lcrypto": ("/s/libcrypto.a", "/s/libz.a")})}
    linkage.attach(made, found, {**OWNERS, "-lz": "zlib"})
    assert made["links"][0]["libs"] == "-lm /s/libssl.a /s/libcrypto.a /s/libz.a"


def test_a_target_without_libraries_stays_as_it_is():
    made = target("-lm", [])
    linkage.attach(made, {}, OWNERS)
    assert made["links"][0]["libs"] == "-lm" and made["links"][0]["archives"] == [] and made["units"][0]["extra"] == "-DA"


PC = """prefix=/usr
libdir=${prefix}/lib/aarch64-linux-gnu   # where
Name: a
Version: 3.0.2
Requires: b >= 1.2, c
Requires.private: d
Libs: -L${libdir} -la
Libs.private: -lpthread \\
 -ldl
Cflags: -I${prefix}/include/a -DA=1
"""


def test_a_pc_file_is_read_below_the_sysroot(tmp_path):
    path = tmp_path / "a.pc"
    path.write_text(PC)
    found = pkgconfig.read(path, Path("/sysroot"))
    assert found.version == "3.0.2" and found.cflags == ("-I/sysroot/usr/include/a", "-DA=1")
    assert found.libs == ("-L/sysroot/usr/lib/aarch64-linux-gnu", "-la") and found.private == ("-lpthread", "-ldl")
    assert found.requires == ("b", "c", "d")


@pytest.mark.parametrize("text", ["Libs: -L'x\n", "a=${a}${a}${a}${a}\nLibs: ${a}\n", "\0\xff:=", ""])
def test_a_damaged_pc_file_is_a_user_error_or_says_nothing(tmp_path, text):
    path = tmp_path / "a.pc"
    path.write_text(text, "latin-1")
    try:
        pkgconfig.read(path, Path("/"))
    except UserError as error:
        assert str(path) in error.where

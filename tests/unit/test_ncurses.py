"""ncurses' recipe from upstream's lists and dep.toml; no compiler, no generated source."""
import re
import subprocess
from dataclasses import replace

import pytest
from samples import PROJECT, given, job, load_variant

from crosspy.deps import library, ncurses, ncursesconfig, ncursestic
from crosspy.deps.recipe import Site, Unit
from crosspy.errors import UserError

LIBRARY = library.load(PROJECT / "deps" / "ncurses" / "dep.toml")
MODULES = """\
# a comment
@ base
lib_addch\tlib\t\t$(base)\t\t$(HEADER_DEPS)
lib_gen\t\tlib\t\t.\t\t$(HEADER_DEPS)
lib_tracedmp\tlib\t\t$(trace)\t$(HEADER_DEPS)
link_test\tlib\t\t.\t\t$(HEADER_DEPS)
@ termlib
lib_trace\tlib\t\t$(trace)\t$(HEADER_DEPS)
@ ticlib
comp_scan\tlib\t\t$(tinfo)\t$(HEADER_DEPS)
tic\t\tprogs\t\t$(tinfo)\t$(HEADER_DEPS)
"""
MAKEFILE = "base\t = $(srcdir)/base\ntinfo\t = $(srcdir)/tinfo\ntrace\t = $(srcdir)/trace\nLINK\t= $(LIBTOOL)\n"
CONFIGURE = """\
AC_CHECK_HEADERS( \\
fcntl.h \\
poll.h \\
)
AC_CHECK_FUNCS(getauxval sigvec)
AC_CHECK_HEADERS(new typeinfo)
"""
STATED = {"ask": {"headers": ["termios.h"], "functions": ["nanosleep"]}, "facts": {"USE_SIGWINCH": "1", "GCC_LIKE(f,v)": "like(f,v)"},
          "absent": {"parts": ["HAVE_TYPEINFO"]}}
KNOWN = {"HAVE_FCNTL_H": "0", "HAVE_POLL_H": "0", "HAVE_GETAUXVAL": "0", "HAVE_SIGVEC": "0", "HAVE_TYPEINFO": "0", "USE_SIGWINCH": "0",
         "HAVE_CHGAT": "1"}


def site(folder):
    (folder / "scratch").mkdir()
    return Site("ncurses", folder / "tree", folder / "folder", folder / "scratch", load_variant(folder / "variants"), given(target="mips"),
                replace(job(folder / "job").toolchain, cc=("/opt/cc", "--target=mips")), ("-O2",), (), library=LIBRARY)


def test_modules_are_those_of_the_subsets_without_tracing():
    found = ncurses.chosen(ncurses.modules(MODULES), ["base", "termlib"], ["link_test"])
    assert [module.name for module in found] == ["lib_addch", "lib_gen", "lib_trace"]


def test_a_subset_that_is_gone_is_named():
    with pytest.raises(UserError, match="ncurses/modules has no widechar any more"):
        ncurses.chosen(ncurses.modules(MODULES), ["base", "widechar"], ["link_test"])


def test_sources_lie_where_the_makefile_says():
    units = ncurses.units(ncurses.chosen(ncurses.modules(MODULES), ["base", "termlib"], ["link_test"]), MAKEFILE)
    assert {unit.object: unit.source for unit in units} == {
        "lib_addch.o": "ncurses/base/lib_addch.c", "lib_gen.o": "generated/ncurses/lib_gen.c", "lib_trace.o": "ncurses/trace/lib_trace.c"}
    with pytest.raises(UserError, match=re.escape("does not say where $(trace) is")):
        ncurses.units(ncurses.modules(MODULES), "base = $(srcdir)/base\ntinfo = $(srcdir)/tinfo\n")


def test_the_version_is_upstreams_own():
    assert ncursesconfig.version("5:0:10\t6.6\t20260608\n") == {"NCURSES_MAJOR": "6", "NCURSES_MINOR": "6", "NCURSES_PATCH": "20260608"}
    with pytest.raises(UserError, match="its VERSION is '6.6'"):
        ncursesconfig.version("6.6\n")


def test_defaults_are_zero_unless_the_file_says_otherwise():
    assert ncursesconfig.defaults("# x\n@ y\nUSE_A\nHAVE_CHGAT\t1\nCURSES_ACS_ARRAY\tacs_map\n") == {
        "USE_A": "0", "HAVE_CHGAT": "1", "CURSES_ACS_ARRAY": "acs_map"}


def test_the_template_has_upstreams_lists_and_the_facts():
    text = ncursesconfig.template(CONFIGURE, STATED, KNOWN)
    assert "/* Define to 1 if you have the <fcntl.h> header file. */\n#undef HAVE_FCNTL_H\n" in text
    assert "/* Define to 1 if you have the 'nanosleep' function. */\n#undef HAVE_NANOSLEEP\n" in text
    assert "#undef USE_SIGWINCH\n" in text
    assert "TYPEINFO" not in text and "HAVE_NEW" not in text and "GCC_LIKE" not in text


def test_each_macro_that_the_sources_know_is_classified():
    ncursesconfig.check(STATED, KNOWN, KNOWN.keys() - {"HAVE_TYPEINFO", "HAVE_CHGAT"})
    with pytest.raises(UserError, match="nothing answers HAVE_NEWER, USE_NEWER"):
        ncursesconfig.check(STATED, {**KNOWN, "USE_NEWER": "0", "HAVE_NEWER": "0"}, KNOWN.keys() - {"HAVE_TYPEINFO"})
    with pytest.raises(UserError, match="HAVE_TYPEINFO is asked and absent"):
        ncursesconfig.check(STATED, KNOWN, set(KNOWN))


def test_a_substitution_without_a_value_is_named():
    assert ncursesconfig.substitute("#if @A@ && b@x\n", {"A": "1"}, "f") == "#if 1 && b@x\n"
    with pytest.raises(UserError, match=r"include/curses.h.in: nothing says what B, C stands for"):
        ncursesconfig.substitute("@C@ @A@ @B@", {"A": "1"}, "curses.h.in")


def test_a_missing_program_is_named_with_its_package(monkeypatch):
    monkeypatch.setattr(ncurses.shutil, "which", lambda name, path: None if name in ("awk", "sort") else f"/usr/bin/{name}")
    with pytest.raises(UserError, match="this machine has no awk, sort.*apt-get install coreutils mawk"):
        ncurses.programs()


def commands(folder):
    listed = ncurses.units(ncurses.chosen(ncurses.modules(MODULES), ["termlib", "ticlib"], []), MAKEFILE)
    return [*ncurses.header_commands(), *ncurses.source_commands(["xterm"]), *ncurses.host_commands(listed), ncurses.function_command(site(folder))]


def test_each_file_that_a_command_reads_is_made_by_another_one_or_known_before(tmp_path):
    found = commands(tmp_path)
    made = {name for command in found for name in command.outputs}
    texts = {f"generated/{name}" for name in ("ncurses/ncurses_cfg.h", "ncurses/curses.head", "ncurses/MKterm.h.awk", "include/ncurses_dll.h",
                                              "include/unctrl.h", "include/termcap.h")}
    assert {name for command in found for name in command.inputs if name.startswith("generated/")} <= made | texts
    assert len(made) == sum(len(command.outputs) for command in found)


def test_only_the_command_that_preprocesses_has_the_targets_compiler(tmp_path):
    *others, function = commands(tmp_path)
    assert function.compiler and any("{ /opt/cc --target=mips -E " in word for word in function.words)
    assert not any(command.compiler for command in others)


def test_terminals_are_told_by_programs_of_the_tree_and_not_by_this_machine_s(tmp_path):
    listed = [Unit("lib_ti.o", "ncurses/tinfo/lib_ti.c"), Unit("names.o", "generated/ncurses/names.c"), Unit("fallback.o", "generated/ncurses/fallback.c")]
    made = {command.outputs[0]: command for command in (*ncurses.source_commands(["xterm"]), *ncurses.host_commands(listed))}
    fallback, tic = made["generated/ncurses/fallback.c"], made["generated/host/tic"]
    assert fallback.words[-3:] == ("./generated/host/tic", "./generated/host/infocmp", "xterm")
    assert {"generated/host/tic", "generated/host/infocmp"} <= set(fallback.inputs)
    assert tic.host[0] == "progs/tic.c" and tic.host[-3:] == ("{tree}/ncurses/tinfo/lib_ti.c", "{folder}/generated/ncurses/names.c",
                                                              "{folder}/generated/host/fallback.c")
    assert tic.host[1] == "-I{folder}/generated/host", "the answers of this machine's compiler come first"
    assert {"generated/ncurses/names.c", "generated/host/fallback.c", "generated/host/termsort.h"} <= set(tic.inputs)


def test_programs_of_this_machine_are_configured_by_its_own_compiler(tmp_path, monkeypatch):
    monkeypatch.setattr(ncursesconfig, "configuration", lambda site, stated: " ".join([*site.toolchain.cc, *site.cflags, *site.ldflags]))
    own = site(tmp_path)
    made = ncursestic.texts(replace(own, host=replace(own.toolchain, cc=("/opt/zig", "cc"))), {})
    assert made["generated/host/ncurses_cfg.h"] == "/opt/zig cc -O1" and '#define PROG_INFOTOCAP "infotocap"\n' in made["generated/host/transform.h"]


# Upstream's scripts do what these do with the paths that they are given.
FALLBACK = 'tmp_info=`pwd`/tmp_info\nmkdir -p "$tmp_info"\nshift 2\n"$1" -o $tmp_info\n"$2" -A $tmp_info\n'
LIB_GEN = 'preprocessor="$1 -DMORE"\nPRG=`echo "$1" | "$2" \'{ print $1 }\'`\n"$PRG" --version\ncat >in.c\n$preprocessor in.c\n'


def run(folder, command):
    """Run a command of the recipe as building.py writes it, in a folder with a space in its path."""
    tree = folder / "a tree"
    words = [word.replace("{tree}", str(tree)).replace("{folder}", ".").replace("{output}", "out") for word in command.words]
    return subprocess.run(words, cwd=folder, capture_output=True, text=True, check=True, env={"PATH": ncurses.PATH}).stdout


def script(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)


def test_terminals_are_made_in_a_folder_with_a_space(tmp_path):
    folder = tmp_path / "a b"
    script(folder / "a tree/ncurses/tinfo/MKfallback.sh", FALLBACK)
    for name in ("tic", "infocmp"):
        script(folder / f"generated/host/{name}", f'#!/bin/sh\nprintf "{name} %s %s %d\\n" "$1" "$2" $#\n')
    fallback, = (command for command in ncurses.source_commands(["xterm"]) if command.outputs == ("generated/ncurses/fallback.c",))
    assert run(folder, fallback) == "tic -o ./tmp_info 2\ninfocmp -A ./tmp_info 2\n"


def test_functions_are_made_by_a_compiler_whose_path_has_a_space(tmp_path):
    folder = tmp_path / "a b"
    script(folder / "a tree/ncurses/base/MKlib_gen.sh", LIB_GEN)
    script(folder / "my cc", '#!/bin/sh\necho "NCURSES_EXPORT(int) addch $*"\n')
    (folder / "generated/include").mkdir(parents=True)
    (folder / "generated/include/curses.h").write_text("extern\n")
    own = site(folder)
    run(folder, ncurses.function_command(replace(own, toolchain=replace(own.toolchain, cc=(str(folder / "my cc"), "--target=mips")))))
    asked, made = (folder / "out").read_text().splitlines()
    assert asked.endswith(" --version") and made.startswith("NCURSES_EXPORT(int) addch --target=mips -E -std=c11 ")
    assert made.endswith(" -I{}/include -DMORE in.c".format(folder / "a tree"))


def test_no_symbol_is_made_visible():
    assert not any("BUILDING_NCURSES" in word for word in (*ncurses.DEFINES, *ncurses.INCLUDES))
    assert "-DNCURSES_STATIC" in ncurses.DEFINES


def test_paths_are_the_devices():
    stated = LIBRARY.facts["facts"]
    assert stated["TERMINFO_DIRS"] == '"/etc/terminfo:/lib/terminfo:/usr/share/terminfo"'
    assert {"linux", "xterm", "xterm-256color", "vt100", "vt220", "screen-256color", "tmux-256color", "dumb"} <= set(
        LIBRARY.facts["fallbacks"]["terminals"])

"""ncurses' recipe from upstream's lists and dep.toml; no compiler, no generated source."""
import re
from dataclasses import replace

import pytest
from samples import PROJECT, given, job, load_variant

from crosspy.deps import library, ncurses, ncursesconfig
from crosspy.deps.recipe import Site
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
    monkeypatch.setattr(ncurses.shutil, "which", lambda name, path: None if name in ("tic", "infocmp") else f"/usr/bin/{name}")
    with pytest.raises(UserError, match="this machine has no tic, infocmp.*apt-get install ncurses-bin"):
        ncurses.programs()


def test_each_file_that_a_command_reads_is_made_by_another_one_or_known_before(tmp_path):
    commands = [*ncurses.header_commands(), *ncurses.source_commands(["xterm"]), ncurses.function_command(site(tmp_path))]
    made = {name for command in commands for name in command.outputs}
    texts = {f"generated/{name}" for name in ("ncurses/ncurses_cfg.h", "ncurses/curses.head", "ncurses/MKterm.h.awk", "include/ncurses_dll.h",
                                              "include/unctrl.h")}
    assert {name for command in commands for name in command.inputs if name.startswith("generated/")} <= made | texts
    assert len(made) == sum(len(command.outputs) for command in commands)


def test_only_the_command_that_preprocesses_has_the_targets_compiler(tmp_path):
    function = ncurses.function_command(site(tmp_path))
    assert function.compiler and any(word.startswith("/opt/cc --target=mips -E ") for word in function.words)
    assert not any(command.compiler for command in (*ncurses.header_commands(), *ncurses.source_commands(["xterm"])))


def test_no_symbol_is_made_visible():
    assert not any("BUILDING_NCURSES" in word for word in (*ncurses.DEFINES, *ncurses.INCLUDES))
    assert "-DNCURSES_STATIC" in ncurses.DEFINES


def test_paths_are_the_devices():
    stated = LIBRARY.facts["facts"]
    assert stated["TERMINFO_DIRS"] == '"/etc/terminfo:/lib/terminfo:/usr/share/terminfo"'
    assert {"linux", "xterm", "xterm-256color", "vt100", "vt220", "screen-256color", "tmux-256color", "dumb"} <= set(
        LIBRARY.facts["fallbacks"]["terminals"])

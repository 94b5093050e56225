"""libedit's and GNU readline's recipes; the compiler is left out: its answers are made up."""
import fnmatch

import pytest
from samples import PROJECT, given, job, load_variant

from crosspy.configure import tables
from crosspy.deps import libedit, library, readline
from crosspy.deps.recipe import Site
from crosspy.errors import UserError

AUTOMAKE = """\
libedit_la_SOURCES = chared.c el.c chared.h \\
\teditline/readline.h
if !HAVE_STRLCPY
libedit_la_SOURCES += strlcpy.c
endif
if !HAVE_STRLCAT
libedit_la_SOURCES += strlcat.c
endif
if !HAVE_GETLINE
libedit_la_SOURCES += getline.c
endif
if !HAVE_VIS
libedit_la_SOURCES += vis.c
endif
if !HAVE_UNVIS
libedit_la_SOURCES += unvis.c
endif
"""
MAKEFILE = """\
HISTOBJ = history.o shell.o
OBJECTS = readline.o \\
\t  tilde.o $(HISTOBJ)
INSTALLED_HEADERS = readline.h history.h
"""


def tree(folder, files):
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def site(folder, name, files, *changes):
    return Site(name, tree(folder / "tree", files), folder / "folder", folder, load_variant(folder / "variants", *changes),
                given(target="mips"), job(folder / "job").toolchain, (), (), library=library.load(PROJECT / "deps" / name / "dep.toml"))


@pytest.fixture
def answers(monkeypatch):
    """What the compiler would answer: the text of config.h; and the facts that it was asked with."""
    asked = {}

    def header(site, template, facts, **_):
        asked.update(facts)
        return "#define HAVE_STRLCPY 1\n/* #undef HAVE_STRLCAT */\n"
    monkeypatch.setattr("crosspy.deps.configheader.header", header)
    return asked


EDIT = {"src/Makefile.am": AUTOMAKE, "config.h.in": "", "src/el.c": "", "src/histedit.h": "hist\n", "src/editline/readline.h": "rl\n"}


def test_libedit_has_the_functions_that_the_libc_lacks(tmp_path, answers):
    recipe = libedit.plan(site(tmp_path, "libedit", EDIT))
    assert recipe.archives == {"libedit.a": ("chared.o", "el.o", "strlcat.o", "vis.o", "unvis.o")}
    assert all(unit.generated for unit in recipe.units)


def test_libedit_shows_its_users_nothing_but_its_headers(tmp_path, answers):
    recipe = libedit.plan(site(tmp_path, "libedit", EDIT))
    assert recipe.include == ("{folder}/generated/include",)
    assert {name: text for name, text in recipe.texts.items() if "/include/" in name} == {
        "generated/include/histedit.h": "hist\n", "generated/include/editline/readline.h": "rl\n"}


def test_libedit_knows_ncurses_before_that_is_built(tmp_path, answers):
    libedit.plan(site(tmp_path, "libedit", EDIT))
    assert {name for name, value in answers.items() if value == "1"} >= {"HAVE_CURSES_H", "HAVE_TERM_H"}


def test_libedit_is_told_of_musls_wide_characters(tmp_path, answers):
    word = "-D__STDC_ISO_10646__=201206L"
    assert word not in libedit.plan(site(tmp_path / "g", "libedit", EDIT)).flags
    musl = (('"glibc"', '"musl"'), ('floor = "2.17"\n', ""))
    assert word in libedit.plan(site(tmp_path / "m", "libedit", EDIT, *musl)).flags


def test_libedits_lists_are_made_of_lists():
    made = {command.outputs[0]: command for command in libedit.commands()}
    assert made["generated/src/vi.h"].words == ("sh", "{tree}/src/makelist", "-h", "{tree}/src/vi.c")
    assert made["generated/src/fcns.h"].inputs == (
        "src/makelist", "generated/src/vi.h", "generated/src/emacs.h", "generated/src/common.h")
    assert made["generated/src/help.h"].words[2:4] == ("-bh", "{tree}/src/vi.c")


READLINE = {"Makefile.in": MAKEFILE, "configure.ac": "LIBVERSION=8.3\n", "config.h.in": "", "readline.h": "rl\n", "history.h": "hist\n"}


def test_readlines_objects_are_its_makefiles(tmp_path, answers):
    recipe = readline.plan(site(tmp_path, "readline", READLINE))
    assert recipe.archives == {"libreadline.a": ("readline.o", "tilde.o", "history.o", "shell.o")}
    assert {unit.object: unit.flags for unit in recipe.units if unit.flags} == {"tilde.o": ("-DREADLINE_LIBRARY",)}
    assert '-DRL_LIBRARY_VERSION="8.3"' in recipe.flags and "-fsigned-char" not in recipe.flags
    assert recipe.texts["generated/include/readline/history.h"] == "hist\n"


def test_readline_gets_what_its_configure_has_for_a_machine(tmp_path, answers):
    assert "-fsigned-char" in readline.plan(site(tmp_path, "readline", READLINE, ('"EM_MIPS"', '"EM_S390"'))).flags


@pytest.mark.parametrize("name, text, said", [
    ("Makefile.in", "OBJECTS = a.o\n", "it has no INSTALLED_HEADERS"), ("configure.ac", "", "does not say its version")])
def test_a_readline_of_another_form_is_refused(tmp_path, answers, name, text, said):
    with pytest.raises(UserError, match=said):
        readline.plan(site(tmp_path, "readline", {**READLINE, name: text}))


@pytest.mark.parametrize("used, editline, word", [
    ({"libedit"}, "1", "-ledit"), ({"readline"}, None, "-lreadline"), (set(), None, "")])
def test_of_two_libraries_for_one_module_the_one_in_use_answers(used, editline, word):
    rows = tables.load(PROJECT / "cpython" / "probes.toml").dependencies(used)
    macros, variables = {}, {}
    for row, on in rows:
        macros |= {name: row.get("enabled", {}).get(name) if on else None for name in ("WITH_EDITLINE", "HAVE_RL_APPEND_HISTORY")
                   if any(fnmatch.fnmatch(name, pattern) for pattern in row["macros"])}
        variables |= row.get("enabled_variables" if on else "variables", {})
    assert macros == {"WITH_EDITLINE": editline, "HAVE_RL_APPEND_HISTORY": "1" if used else None}
    assert variables["READLINE_LIBS"] == word

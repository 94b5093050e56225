"""A library's config.h: its template is understood, nothing in it stays unanswered, and it is written as config.status does."""
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from crosspy.cli import options
from crosspy.configure.questions import Question
from crosspy.deps import configheader
from crosspy.deps.recipe import Site
from crosspy.errors import UserError
from crosspy.toolchains import toolchain
from crosspy.variants import variant

VARIANTS = variant.load_all(Path(__file__).resolve().parents[2] / "variants")
TEMPLATE = """\
/* config.h.in.  Generated from configure.ac by autoheader.  */

/* Define to 1 if you have the declaration of 'strsignal', and to 0 if you
   don't. */
#undef HAVE_DECL_STRSIGNAL

/* How many MiB of RAM to assume. */
#undef ASSUME_RAM

#undef HAND_MADE

/* Enable GNU extensions on systems that have them.  */
#ifndef _GNU_SOURCE
# undef _GNU_SOURCE
#endif
#if defined AC_APPLE_UNIVERSAL_BUILD
# define WORDS_BIGENDIAN 1
#else
# ifndef WORDS_BIGENDIAN
#  undef WORDS_BIGENDIAN
# endif
#endif
"""


def site(name="x86_64-linux-gnu", folder=Path("/nowhere")):
    nothing = toolchain.Toolchain("zig", "", "", ("/nothing",), (), (), "")
    return Site("xz", folder, folder, folder, VARIANTS[name], options.parse({"target": name}), nothing, (), ())


def test_each_macro_has_the_sentence_above_it_in_one_line():
    assert configheader.macros(TEMPLATE) == {
        "HAVE_DECL_STRSIGNAL": "Define to 1 if you have the declaration of 'strsignal', and to 0 if you don't.",
        "ASSUME_RAM": "How many MiB of RAM to assume.", "HAND_MADE": "",
        "_GNU_SOURCE": "Enable GNU extensions on systems that have them.", "WORDS_BIGENDIAN": ""}


@pytest.mark.parametrize("sentence, kind, name", [
    ("Define to 1 if you have the <sys/x.h> header file.", "header", "sys/x.h"),
    ("Define if you have the <termio.h> header file.", "header", "termio.h"),
    ("Define to 1 if you have the `foo' function.", "function", "foo"),
    ("Define to 1 if you have the 'foo' function.", "function", "foo"),
    ("Define if you have the foo function.", "function", "foo"),
    ("Define to 1 if you have the <dirent.h> header file, and it defines 'DIR'.", "compile", "dirent.h"),
    ("Define to 1 if the system has the type `struct x'.", "compile", "struct x"),
    ("Define to 1 if 'st_atim.tv_nsec' is a member of 'struct stat'.", "compile", "struct stat.st_atim.tv_nsec"),
    ("Define to 1 if 'CLOCK_MONOTONIC' is declared in <time.h>.", "compile", "CLOCK_MONOTONIC"),
    ("The size of 'size_t', as computed by sizeof.", "size", "sizeof(size_t)"),
])
def test_a_sentence_of_autoheader_is_a_question(sentence, kind, name):
    asked = configheader.question("MACRO", sentence, "#include <stdio.h>\n")
    assert (asked.kind, asked.name, asked.macro, asked.key) == (kind, name, "MACRO", "MACRO")


def test_a_declaration_that_is_not_there_is_zero_and_its_header_is_included():
    asked = configheader.question("HAVE_DECL_X", "Define to 1 if you have the declaration of `x', and to 0 if you don't.", "")
    assert (asked.defined, asked.undefined) == ("1", "0")
    assert "<time.h>" in configheader.question("HAVE_X", "Define to 1 if 'X' is declared in <time.h>.", "").prologue


@pytest.mark.parametrize("sentence", ["", "Define to 1 if you have the 'curses' library (-lcurses).", "Define to 1 if 'fork' works."])
def test_any_other_sentence_is_none(sentence):
    assert configheader.question("MACRO", sentence, "") is None


def test_all_macros_without_an_answer_and_all_facts_without_a_macro_are_told_at_once():
    with pytest.raises(UserError) as error:
        configheader.header(site(), TEMPLATE, {"GONE": "1", "ALSO": ""})
    assert error.value.what == "nothing answers ASSUME_RAM, HAND_MADE; its config.h.in has no ALSO, GONE any more"


def test_a_template_is_written_as_config_status_does():
    text = configheader.write(TEMPLATE, {"HAVE_DECL_STRSIGNAL": "0", "ASSUME_RAM": "128", "HAND_MADE": "", "_GNU_SOURCE": "1"})
    assert "#define HAVE_DECL_STRSIGNAL 0\n" in text and "#define ASSUME_RAM 128\n" in text and "# define _GNU_SOURCE 1\n" in text
    assert "/* #undef HAND_MADE */\n" in text and "/* #undef WORDS_BIGENDIAN */\n" in text and "# define WORDS_BIGENDIAN 1\n" in text


def test_facts_of_the_variant_are_common_to_all_libraries():
    assert configheader.common(VARIANTS["s390x-linux-gnu"])["WORDS_BIGENDIAN"] == "1"
    assert configheader.common(VARIANTS["arm-linux-gnueabihf"])["_FILE_OFFSET_BITS"] == "64"
    assert configheader.common(VARIANTS["arm-linux-musleabihf"])["_FILE_OFFSET_BITS"] == ""


def test_a_cut_template_asks_only_what_the_files_mention_and_what_headers_may():
    assert list(configheader.macros(configheader.cut(TEMPLATE, {"ASSUME_RAM"}))) == ["ASSUME_RAM", "_GNU_SOURCE"]


def test_a_cut_takes_a_macro_with_its_sentence_so_that_no_other_macro_inherits_it():
    left = configheader.cut("/* Define to 1 if you have the 'a' function. */\n#undef HAVE_A\n\n#undef HAND_MADE\n", {"HAND_MADE"})
    assert configheader.macros(left) == {"HAND_MADE": ""}


ASKED = {
    "HAVE_STDINT_H": ("Define to 1 if you have the <stdint.h> header file.", "1"),
    "HAVE_NO_SUCH_H": ("Define to 1 if you have the <no/such.h> header file.", None),
    "HAVE_GETPID": ("Define to 1 if you have the 'getpid' function.", "1"),
    "HAVE_NO_SUCH": ("Define to 1 if you have the `no_such' function.", None),
    "HAVE_DECL_STRSIGNAL": ("Define to 1 if you have the declaration of 'strsignal', and to 0 if you don't.", "1"),
    "HAVE_DECL_NO_SUCH": ("Define to 1 if you have the declaration of 'no_such', and to 0 if you don't.", "0"),
    "HAVE_DIRENT_H": ("Define to 1 if you have the <dirent.h> header file, and it defines 'DIR'.", "1"),
    "HAVE_NDIR_H": ("Define to 1 if you have the <ndir.h> header file, and it defines 'DIR'.", None),
    "HAVE_CLOCK_MONOTONIC": ("Define to 1 if 'CLOCK_MONOTONIC' is declared in <time.h>.", "1"),
    "HAVE_LOFF_T": ("Define to 1 if the system has the type 'loff_t'.", "1"),
    "HAVE_STRUCT_STAT_ST_ATIM_TV_NSEC": ("Define to 1 if 'st_atim.tv_nsec' is a member of 'struct stat'.", "1"),
    "HAVE_STRUCT_STAT_NO_SUCH": ("Define to 1 if 'no_such' is a member of 'struct stat'.", None),
    "SIZEOF_SIZE_T": ("The size of 'size_t', as computed by sizeof.", "8"),
    "OWN_YES": ("Define to 1 in a good mood.", "1"),
    "OWN_NO": ("Define to 1 in a bad mood.", None),
    "OWN_PROGRAM": ("Define to 1 if it links.", None),
    "_GNU_SOURCE": ("Enable GNU extensions on systems that have them.", "1"),
}


def test_a_compiler_answers_what_configure_would(tmp_path):
    gcc = shutil.which("x86_64-linux-gnu-gcc")
    if not gcc:
        pytest.skip("x86_64-linux-gnu-gcc is missing: apt-get install gcc-x86-64-linux-gnu")
    compiler = toolchain.Toolchain("gcc", "x86_64-linux-gnu", "0", (gcc,), (), (("PATH", "/usr/bin:/bin"),), "digest")
    here = replace(site(folder=tmp_path), toolchain=compiler, cflags=("-O2", "-fPIC"))
    own = [Question("compile", name, name, "", 0, code, whole=True) for name, code in {"OWN_YES": "int x;", "OWN_NO": "int x"}.items()]
    own.append(Question("link", "OWN_PROGRAM", "OWN_PROGRAM", "", 0, "extern int no_such(void);\nint main(void) { return no_such(); }", whole=True))
    template = "".join(f"/* {sentence} */\n#undef {name}\n" for name, (sentence, _) in ASKED.items())
    lines = configheader.header(here, template, {}, own=own).splitlines()
    for name, (_, value) in ASKED.items():
        assert (f"/* #undef {name} */" if value is None else f"#define {name} {value}") in lines

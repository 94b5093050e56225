"""What libraries state themselves is read: Makefile.am, configure.host, configure.ac, words of C files."""
from pathlib import Path
from types import SimpleNamespace

import pytest

from crosspy.deps import autoheader, automake, configheader, facts, libffi, shellcase, sqlite, xz
from crosspy.errors import UserError
from crosspy.variants import variant

ROOT = Path(__file__).resolve().parents[2]
VARIANTS = variant.load_all(ROOT / "variants")
LIBRARIES = ("libffi", "sqlite", "uuid", "xz")
MAKEFILE = """\
## a comment
SOURCES =
SOURCES += \\
\ta.c \\
\ta.h
if THREADS
SOURCES += threads.c # the reason
if !SMALL
SOURCES += table.c
else
SOURCES += small.c
endif
endif
if OFF
include $(srcdir)/missing.inc
SOURCES += off.c
endif
include $(srcdir)/sub/Makefile.inc
rule: $(SOURCES)
\tSOURCES = none
"""
HOST = """\
# a table
case "${host}" in
  i?86-*-openbsd*)
\tTARGET=X86_OPENBSD; TARGETDIR=x86
\t;;

  i?86-*-* | x86_64-*-* \\
  | amd64-*)
\tTARGETDIR=x86
\tif test $ac_cv_sizeof_size_t = 4; then
\t  echo 'int foo (void) { return __x86_64__; }' > conftest.c
\t  if $CC $CFLAGS -S conftest.c > /dev/null 2>&1; then
\t    TARGET_X32=yes
\t  else
\t    TARGET=X86;
\t  fi
\telse
\t  TARGET=X86_64;
\tfi
\t;;
  *)
\tTARGET=OTHER
\t;;
esac
case "${TARGET}" in
  X86 | X86_64)
\tif test "$MSVC" = 1; then
\t  SOURCES="intel.S"
\telse
\t  SOURCES="ffi.c sysv.S"
\t  SOURCES="${SOURCES} more.S"
\tfi
\t;;
esac
if test -z "${SOURCES}"; then
  UNSUPPORTED=1
fi
"""


def test_variables_of_automake_follow_conditions_and_includes(tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "Makefile.am").write_text(MAKEFILE)
    (tmp_path / "sub" / "Makefile.inc").write_text("SOURCES += sub/b.c\n")
    read = automake.variables(tmp_path / "Makefile.am", {"THREADS": True, "SMALL": False, "OFF": False})
    assert read["SOURCES"] == ["a.c", "a.h", "threads.c", "table.c", "sub/b.c"]


def test_a_condition_that_nobody_stated_is_an_error(tmp_path):
    (tmp_path / "Makefile.am").write_text("if NEW\nA = b\nendif\n")
    with pytest.raises(UserError, match="the condition NEW is not known"):
        automake.variables(tmp_path / "Makefile.am", {})


@pytest.mark.parametrize("host, bits, target", [("i686-unknown-linux-gnu", 32, "X86"), ("x86_64-unknown-linux-musl", 64, "X86_64"),
                                                ("i686-unknown-openbsd7", 32, "X86_OPENBSD"), ("vax-dec-ultrix", 32, "OTHER")])
def test_a_script_of_cases_gives_the_variables_of_one_host(host, bits, target):
    read = shellcase.variables(HOST, {"host": host, "ac_cv_sizeof_size_t": str(bits // 8)})
    assert read["TARGET"] == target and "UNSUPPORTED" not in read
    assert read.get("SOURCES", "") == ("ffi.c sysv.S more.S" if target in ("X86", "X86_64") else "")


def test_a_configure_ac_without_its_template_gives_one():
    text = """
AC_CHECK_SIZEOF(long double)
AC_CHECK_HEADERS([sys/memfd.h alloca.h])
AC_CHECK_FUNCS([memfd_create])
AC_C_BIGENDIAN
if x; then AC_DEFINE(EH_FLAGS, "a", [Define to the flags.]); else AC_DEFINE(EH_FLAGS, "aw", [Define to the flags.]); fi
AH_BOTTOM([
#ifdef EH_FLAGS
#endif
])
"""
    read = configheader.macros(autoheader.template(text))
    assert read["EH_FLAGS"] == "Define to the flags." and read["SIZEOF_LONG_DOUBLE"] == "The size of 'long double', as computed by sizeof."
    assert {"HAVE_SYS_MEMFD_H", "HAVE_ALLOCA_H", "HAVE_MEMFD_CREATE", "WORDS_BIGENDIAN", "STDC_HEADERS", "HAVE_STRING_H"} <= read.keys()
    assert autoheader.template(text).rstrip().endswith("#ifdef EH_FLAGS\n#endif")


def test_identifiers_are_those_of_the_sources_and_of_what_they_include(tmp_path):
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "a.c").write_text('#include "own.h"\n#include "shared.h"\n#include <stdio.h>\nint a = HAVE_A;\n')
    (tmp_path / "lib" / "own.h").write_text("#if HAVE_OWN\n#endif\n")
    (tmp_path / "shared.h").write_text('# include "own.h"\n#ifdef HAVE_SHARED\n#endif\n')
    words = facts.mentioned(tmp_path, ["lib/a.c"], ["."])
    assert {"HAVE_A", "HAVE_SHARED"} <= words and "HAVE_OWN" in words and "printf" not in words


@pytest.mark.parametrize("name, host", [("mipsel-linux-gnu", "mips-unknown-linux-gnu"), ("powerpc64le-linux-musl", "powerpc64le-unknown-linux-musl"),
                                        ("cortex-a7", "arm-unknown-linux-musleabihf")])
def test_libffi_names_a_variant_as_its_scripts_do(name, host):
    assert libffi.triple(VARIANTS[name], facts.table("libffi")["hosts"]) == host


def test_every_variant_is_a_host_of_libffi():
    for one in VARIANTS.values():
        assert libffi.triple(one, facts.table("libffi")["hosts"])


def test_static_trampolines_are_where_configure_ac_says():
    text = """case "$target" in
     *-cygwin*)
       AC_DEFINE(OTHER, 1, [x])
     ;;
     *arm*-*-linux-* | aarch64*-*-linux-* \\
     | riscv*-linux-*)
       AC_DEFINE(FFI_EXEC_STATIC_TRAMP, 1,
                 [Define this if you want statically defined trampolines])
     ;;
esac"""
    assert libffi.trampolines(text, "riscv64-unknown-linux-gnu") and libffi.trampolines(text, "arm-unknown-linux-gnueabihf")
    assert not libffi.trampolines(text, "mips-unknown-linux-gnu")
    with pytest.raises(UserError, match="no case for FFI_EXEC_STATIC_TRAMP"):
        libffi.trampolines("esac", "arm-unknown-linux-gnueabihf")


def test_sqlite_asks_what_its_configure_asks():
    text = """
proc sqlite-check-common-system-deps {} {
  cc-with {-includes stdint.h} \\
    {cc-check-types int8_t \\
       uint8_t}
  cc-check-functions gmtime_r \\
    usleep
    foreach func {fdatasync nanosleep} {
    }
  cc-check-includes \\
    sys/types.h \\
    inttypes.h

  if {[cc-check-includes zlib.h] && 1} {
  }
}
"""
    read = configheader.macros(sqlite.template(text))
    assert list(read) == ["HAVE_GMTIME_R", "HAVE_USLEEP", "HAVE_FDATASYNC", "HAVE_NANOSLEEP", "HAVE_SYS_TYPES_H", "HAVE_INTTYPES_H",
                          "HAVE_INT8_T", "HAVE_UINT8_T"]
    with pytest.raises(UserError, match="does not ask"):
        sqlite.template(text.replace("cc-check-functions", "check"))


def test_each_filter_is_an_encoder_and_a_decoder():
    assert xz.filters(["X86"]) == {"HAVE_ENCODER_X86": "1", "HAVE_DECODER_X86": "1"}


@pytest.mark.parametrize("name", LIBRARIES)
def test_a_library_states_who_it_is_and_where_its_archives_come_from(name):
    table = facts.table(name)
    assert table["license"] and (table["license_files"] or table["license_text"]) and table["summary"] and table["links"]
    for release in table["release"]:
        for origin in release["origin"]:
            assert len(origin["sha256"]) == 64 and ("url" in origin or {"debian", "suites"} <= origin.keys())


def test_each_command_of_sqlite_reads_what_is_there_or_was_made_before(tmp_path):
    (tmp_path / "main.mk").write_text("SRC = \\\n  $(TOP)/src/a.c \\\n  ctime.c pragma.h \\\n  $(TOP)/src/parse.y\n"
                                      "SRC += parse.c parse.h opcodes.c opcodes.h keywordhash.h sqlite_cfg.h shell.c sqlite3.h\n")
    commands = sqlite.amalgamation(SimpleNamespace(tree=tmp_path), {"jimsh": ["-O2"], "other": []})
    made = {"generated/parse.y", "generated/fts5parse.y", "generated/within.tcl", "generated/amalgamate.tcl"}
    for command in commands:
        assert {name for name in command.inputs if name.startswith("generated/")} <= made
        assert command.stdout or "{output}" in command.words
        made |= set(command.outputs)
    assert {"generated/sqlite3.c", "generated/include/sqlite3.h"} <= made
    assert commands[-1].words[4:] == ("{output}", "{tree}/src/a.c", *(f"{{folder}}/generated/{name}" for name in (
        "ctime.c", "pragma.h", "parse.c", "parse.h", "opcodes.c", "opcodes.h", "keywordhash.h", "include/sqlite3.h", "fts5.c")),
        "{tree}/ext/fts5/fts5.h")


def test_an_amalgamation_is_compiled_as_it_is(tmp_path, monkeypatch):
    (tmp_path / "autosetup").mkdir()
    (tmp_path / "autosetup" / "sqlite-config.tcl").write_text("")
    (tmp_path / "sqlite3.c").write_text("")
    monkeypatch.setattr(sqlite, "template", lambda text: "")
    monkeypatch.setattr(configheader, "header", lambda site, template, facts: "")
    for name, static in (("x86_64-linux-gnu", False), ("x86_64-linux-musl", True)):
        recipe = sqlite.plan(SimpleNamespace(tree=tmp_path, variant=VARIANTS[name]))
        assert [unit.source for unit in recipe.units] == ["sqlite3.c"] and not recipe.commands
        assert ("-DSQLITE_OMIT_LOAD_EXTENSION" in recipe.flags) == static and "-DSQLITE_ENABLE_FTS5" in recipe.flags

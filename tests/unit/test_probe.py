"""Probing: what upstream asks is read, each question gets its answer, and no failed run is taken for one.

Tests with a real compiler and a release skip where these are missing.
"""
import re
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from crosspy.configure import batch, probe, questions, tables
from crosspy.configure.autoconf import calls, strip_comments
from crosspy.errors import UserError
from crosspy.toolchains.toolchain import Toolchain

ROOT = Path(__file__).resolve().parents[2]
TABLES = ROOT / "cpython" / "probes.toml"
FACTS = {"libc": "glibc", "static": False, "bits": 64, "endian": "little", "elf": "EM_X86_64", "float": "hard", "predefined": (), "undefined": (), "triple": "x86_64-linux-gnu",
         "multiarch": "x86_64-linux-gnu", "libc_package": ""}

CONFIGURE = """
AC_CHECK_HEADERS([ \\
  stdio.h no/such.h \\
])
dnl AC_CHECK_HEADERS([commented.h])
AC_CHECK_FUNCS([ \\
  getpid no_such_function])
AC_DEFUN([PY_CHECK_NETDB_FUNC], [PY_CHECK_FUNC([$1], [@%:@include <netdb.h>])])
PY_CHECK_NETDB_FUNC([hstrerror])
PY_CHECK_FUNC([epoll_create], [@%:@include <sys/epoll.h>], [HAVE_EPOLL])
AC_CHECK_DECLS([RTLD_LAZY, RTLD_MEMBER], [], [], [[@%:@include <dlfcn.h>]])
AC_CHECK_MEMBERS([struct stat.st_rdev])
AC_CHECK_SIZEOF([void *], [4])
AC_CHECK_SIZEOF([no_such_t])
AC_CHECK_ALIGNOF([long])

AC_CACHE_CHECK([for broken unsetenv], [ac_cv_broken_unsetenv],
  [AC_COMPILE_IFELSE([AC_LANG_PROGRAM([@%:@include <stdlib.h>], [int res = unsetenv("DUMMY")])],
    [ac_cv_broken_unsetenv=no], [ac_cv_broken_unsetenv=yes])])
AC_CACHE_CHECK([for d_type], [ac_cv_d_type], [
AC_LINK_IFELSE([AC_LANG_SOURCE([[
    int main(void) { int a@<:@2@:>@ = {0}; return a@<:@0@:>@; }
  ]])],[ac_cv_d_type=yes],[ac_cv_d_type=no])
])
AC_CACHE_CHECK([a run], [ac_cv_run], [AC_RUN_IFELSE([AC_LANG_SOURCE([[int main(void) { return 0; }]])])])
AS_CASE([$host/$cc], [x86_64-*/gcc], [TIER=1], [arm*|*/clang], [TIER=2], [TIER=0])
"""
TEMPLATE = "".join(f"#undef {name}\n" for name in (
    "HAVE_STDIO_H HAVE_NO_SUCH_H HAVE_GETPID HAVE_NO_SUCH_FUNCTION HAVE_HSTRERROR HAVE_EPOLL HAVE_DECL_RTLD_LAZY HAVE_DECL_RTLD_MEMBER "
    "HAVE_STRUCT_STAT_ST_RDEV SIZEOF_VOID_P SIZEOF_NO_SUCH_T ALIGNOF_LONG HAVE_BROKEN_UNSETENV HAVE_D_TYPE HAVE_RUN TIER").split())
SMALL = """
[program]
HAVE_BROKEN_UNSETENV = "ac_cv_broken_unsetenv"
HAVE_D_TYPE = "ac_cv_d_type"
[case]
TIER = { assigns = "TIER", subject = "{host}/{cc}" }
[[fact]]
macro = "HAVE_RUN"
value = "1"
why = "a reason"
block = "ac_cv_run"
sha256 = "%s"
"""


def blocks(text=CONFIGURE):
    return questions.Blocks(strip_comments(text))


@pytest.fixture
def release(tmp_path):
    """A tiny configure.ac, its template, and their probes.toml."""
    (tmp_path / "configure.ac").write_text(CONFIGURE)
    (tmp_path / "pyconfig.h.in").write_text(TEMPLATE)
    (tmp_path / "probes.toml").write_text(SMALL % blocks().digest("ac_cv_run"))
    (tmp_path / "scratch dir").mkdir()
    return tmp_path


def compiler(*words):
    return Toolchain("gcc", "x86_64-linux-gnu", "0", words, (), (("PATH", "/usr/bin:/bin"),), "digest")


def script(path, text):
    path.write_text("#!/bin/sh\n" + text)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return compiler(str(path))


def ask(release, toolchain, **more):
    return probe.probe(release, release / "probes.toml", toolchain, ("-O2",), (), {}, {**FACTS, **more}, release / "scratch dir")


@pytest.fixture
def gcc():
    path = shutil.which("x86_64-linux-gnu-gcc")
    if not path:
        pytest.skip("x86_64-linux-gnu-gcc is missing: apt-get install gcc-x86-64-linux-gnu")
    return compiler(path)


def test_questions_are_read_with_their_prerequisites_and_names():
    read = {q.macro: q for q in questions.read(strip_comments(CONFIGURE))}
    assert "HAVE_COMMENTED_H" not in read
    assert (read["HAVE_NO_SUCH_H"].kind, read["HAVE_NO_SUCH_H"].variable) == ("header", "ac_cv_header_no_such_h")
    assert read["HAVE_HSTRERROR"].prologue == "#include <netdb.h>" and read["HAVE_EPOLL"].name == "epoll_create"
    assert read["SIZEOF_VOID_P"].variable == "ac_cv_sizeof_void_p" and read["HAVE_STRUCT_STAT_ST_RDEV"].variable == "ac_cv_member_struct_stat_st_rdev"


def test_a_program_of_upstreams_is_read_with_the_meaning_of_its_success():
    broken, whole = blocks().program("ac_cv_broken_unsetenv", "X"), blocks().program("ac_cv_d_type", "Y")
    assert (broken.kind, broken.yes, broken.no, broken.body) == ("compile", "no", "yes", 'int res = unsetenv("DUMMY");')
    assert (whole.kind, whole.whole) == ("link", True) and "int a[2] = {0};" in whole.prologue


def test_a_case_is_read_with_alternatives_and_default():
    assert blocks().case("TIER") == [("x86_64-*/gcc", "1"), ("arm*", "2"), ("*/clang", "2"), ("*", "0")]


def test_a_changed_block_is_named_and_white_space_does_not_count(release):
    table = tables.load(release / "probes.toml")
    tables.drift(table, blocks(CONFIGURE.replace("return 0; }]])])])", "return  0;\n }]])])])")), ["HAVE_RUN"])
    with pytest.raises(UserError, match=r"HAVE_RUN \(block 'ac_cv_run' has now sha256"):
        tables.drift(table, blocks(CONFIGURE.replace("{ return 0; }]])])])", "{ return 1; }]])])])")), ["HAVE_RUN"])
    gone = CONFIGURE.replace("ac_cv_run", "ac_cv_gone")
    tables.drift(table, blocks(gone), [])  # a release without the macro has no such block either
    with pytest.raises(UserError, match="HAVE_RUN .*no block 'ac_cv_run'"):
        tables.drift(table, blocks(CONFIGURE.replace("ac_cv_run", "ac_cv_gone")), ["HAVE_RUN"])


def test_every_question_gets_its_answer(release, gcc):
    ledger = ask(release, gcc)
    values = {name: answer.value for name, answer in ledger.answers.items()}
    assert values == {
        "HAVE_STDIO_H": "1", "HAVE_NO_SUCH_H": None, "HAVE_GETPID": "1", "HAVE_NO_SUCH_FUNCTION": None, "HAVE_HSTRERROR": "1",
        "HAVE_EPOLL": "1", "HAVE_DECL_RTLD_LAZY": "1", "HAVE_DECL_RTLD_MEMBER": "0", "HAVE_STRUCT_STAT_ST_RDEV": "1", "SIZEOF_VOID_P": "8",
        "SIZEOF_NO_SUCH_T": "0", "ALIGNOF_LONG": "8", "HAVE_BROKEN_UNSETENV": None, "HAVE_D_TYPE": "1", "HAVE_RUN": "1", "TIER": "1"}
    assert ledger.variables["ac_cv_func_no_such_function"] == "no" and ledger.variables["ac_cv_sizeof_void_p"] == "8"
    assert {ledger.answers[name].source for name in ("HAVE_STDIO_H", "HAVE_GETPID", "HAVE_EPOLL", "SIZEOF_VOID_P", "HAVE_RUN")} == {
        "header", "link", "compile", "elf", "fact"}


def test_an_unclassified_macro_is_named(release, gcc):
    (release / "pyconfig.h.in").write_text(TEMPLATE + "#undef HAVE_NEWS\n")
    with pytest.raises(UserError, match="nothing answers HAVE_NEWS. Fix: classify it in .*probes.toml"):
        ask(release, gcc)


def test_a_compiler_for_another_machine_is_refused(release, gcc):
    with pytest.raises(UserError, match="elf EM_X86_64 where the variant says EM_AARCH64"):
        ask(release, gcc, elf="EM_AARCH64")
    with pytest.raises(UserError, match="bits 64 where the variant says 32; libc glibc where the variant says musl; no __ARM_PCS_VFP"):
        ask(release, gcc, bits=32, libc="musl", predefined=("__ARM_PCS_VFP",))


@pytest.mark.parametrize("changes, told", [({"__UCLIBC__": "1"}, "libc uClibc where the variant says glibc"), ({"__linux__": None}, "system none")])
def test_the_probe_and_the_choice_of_a_toolchain_have_the_same_rules(changes, told):
    macros = {"__linux__": "1", "__SIZEOF_POINTER__": "8", "__BYTE_ORDER__": "1234", "__GLIBC__": "2", "_FEATURES_H": "1"}
    seen = {f"macro:{name}": value for name, value in {**macros, **changes}.items() if value is not None}
    with pytest.raises(UserError, match=told):
        probe.check_compiler(compiler("gcc"), FACTS, seen)


def test_errors_are_laid_to_the_question_whose_include_met_them():
    said = ("In file included from /usr/include/a.h:1,\n                 from probe:HAVE_A:3:\n/usr/include/b.h:9:1: error: redefinition\n"
            "probe:HAVE_B: In function 'probe_HAVE_B':\nprobe:HAVE_B:2:1: error: 'x' undeclared\n"
            "/usr/include/c.h: In function 'probe_HAVE_C':\n/usr/include/c.h:7:2: error: no member\nprobe:HAVE_D:1:1: warning: odd\n")
    assert batch.blame(said) == ({"HAVE_B", "HAVE_C"}, {"HAVE_A"})


def test_the_real_tables_fit_the_release_and_hold_nothing_stale(release_tree):
    up, table = probe.upstream(release_tree), tables.load(TABLES)
    tables.drift(table, up.blocks, tables.macros_of(up.template))
    assert tables.stale(table, [up.template]) == []
    given = tables.stated(table, up.blocks, tables.macros_of(up.template), {"multiarch": "aarch64-linux-gnu", "libc": "glibc", "cc": "clang",
                                                                         "host": "aarch64-unknown-linux-gnu"}, {"libpython": "shared"})
    asked = {q.macro for q in [*questions.read(up.text), *tables.asked(table, up.blocks, tables.macros_of(up.template))]}
    assert set(tables.macros_of(up.template)) <= asked | given.keys() | probe.derive.MACROS
    assert given["PY_SUPPORT_TIER"].value == "2" and given["PY_HAVE_PERF_TRAMPOLINE"].value == "1" and given["Py_ENABLE_SHARED"].value == "1"


def test_every_variable_that_a_module_of_upstreams_mentions_has_a_value(release_tree, gcc, tmp_path):
    ledger = probe.probe(release_tree, TABLES, gcc, ("-O2",), (), {"tests": "yes"}, FACTS, tmp_path)
    mentioned = {name for call in calls(probe.upstream(release_tree).text, "PY_STDLIB_MOD", "PY_STDLIB_MOD_SIMPLE") for argument in call.args
                 for name in re.findall(r"(?<!\\)\$([A-Za-z_]\w*)", argument)}
    assert len(mentioned) > 60 and mentioned <= ledger.variables.keys()
    assert ledger.variables["LIBS"] == "-ldl" and ledger.variables["TEST_MODULES"] == "yes" and ledger.variables["have_posix_shmem"] == "yes"


def test_facts_hold_where_the_programs_can_run(release_tree, gcc, tmp_path):
    """Upstream's own run tests, run here: each fact must say what the program says."""
    up, table = probe.upstream(release_tree), tables.load(TABLES)
    ran = 0
    for row in table.rows("fact"):
        if not row.get("block", "").startswith("ac_cv_") or "pthread_is_default" in row["block"]:
            continue
        question = up.blocks.program(row["block"], row["macro"])
        (tmp_path / "run.c").write_text("#define HAVE_STRUCT_TM_TM_ZONE 1\n#define _GNU_SOURCE 1\n" + question.prologue)
        subprocess.run([gcc.cc[0], "-w", "run.c", "-o", "run"], cwd=tmp_path, check=True)
        good = subprocess.run([tmp_path / "run"], cwd=tmp_path, capture_output=True).returncode == 0
        defined_when = "no" if row["macro"] == "POSIX_SEMAPHORES_NOT_ENABLED" else "yes"
        assert ((question.yes if good else question.no) == defined_when) == ("value" in row), row["macro"]
        ran += 1
    assert ran >= 8


@pytest.mark.parametrize("header, macro", [("gdbm-ndbm.h", "HAVE_GDBM_DASH_NDBM_H"), ("gdbm/ndbm.h", "HAVE_GDBM_NDBM_H")])
def test_the_name_of_a_library_s_header_decides_which_macro_is_there(header, macro):
    table = tables.load(TABLES)
    only = tables.Tables(table.where, {"dependency": [row for row in table.rows("dependency") if row["name"] == "dbm"]})
    macros = ["HAVE_GDBM_DASH_NDBM_H", "HAVE_GDBM_NDBM_H", "HAVE_NDBM_H"]
    found = tables.stated(only, None, macros, {}, {"deps": ["dbm"], "sysroot": {"dbm": {"header": header, "how": "in the sysroot, version 1"}}})
    assert {one.how for one in found.values()} == {"deps: dbm is in the sysroot, version 1"}
    assert {name: one.value for name, one in found.items()} == {name: "1" if name == macro else None for name in macros}


def test_a_library_from_source_has_the_first_of_its_headers():
    table = tables.load(TABLES)
    only = tables.Tables(table.where, {"dependency": [row for row in table.rows("dependency") if row["name"] == "uuid"]})
    macros = ["HAVE_UUID_H", "HAVE_UUID_UUID_H"]
    assert [tables.stated(only, None, macros, {}, {"deps": ["uuid"]})[name].value for name in macros] == ["1", None]
    in_sysroot = {"deps": ["uuid"], "sysroot": {"uuid": {"header": "uuid/uuid.h", "how": "there"}}}
    assert [tables.stated(only, None, macros, {}, in_sysroot)[name].value for name in macros] == [None, "1"]

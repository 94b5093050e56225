"""A question asked alone shows its words; one that spoils its neighbours is named."""
import shutil

import pytest
from test_probe import CONFIGURE, FACTS, SMALL, TEMPLATE, blocks, compiler

from crosspy.configure import probe, witness
from crosspy.configure.ledger import Answer, Ledger


@pytest.fixture
def exam(tmp_path):
    """Return a function that prepares the questions of a tiny configure.ac with something on top."""
    path = shutil.which("x86_64-linux-gnu-gcc")
    if not path:
        pytest.skip("x86_64-linux-gnu-gcc is missing: apt-get install gcc-x86-64-linux-gnu")

    def prepare(more="", macros=""):
        (tmp_path / "configure.ac").write_text(CONFIGURE + more)
        (tmp_path / "pyconfig.h.in").write_text(TEMPLATE + "".join(f"#undef {name}\n" for name in macros.split()))
        (tmp_path / "probes.toml").write_text(SMALL % blocks().digest("ac_cv_run"))
        (tmp_path / "scratch").mkdir(exist_ok=True)
        return probe.examine(tmp_path, tmp_path / "probes.toml", compiler(path), ("-O2",), (), {}, FACTS, tmp_path / "scratch")
    return prepare


@pytest.mark.parametrize("macro, accepted, text, said", [
    ("HAVE_EPOLL", True, "void *x=epoll_create;", ""), ("HAVE_STDIO_H", True, "#include <stdio.h>", ""),
    ("HAVE_NO_SUCH_H", False, "#include <no/such.h>", "no/such.h: No such file"), ("HAVE_GETPID", True, "char getpid();", ""),
    ("HAVE_NO_SUCH_FUNCTION", False, "char no_such_function();", "undefined reference to `no_such_function'"),
    ("SIZEOF_VOID_P", True, "sizeof(void *)", ""), ("SIZEOF_NO_SUCH_T", False, "sizeof(no_such_t)", "undeclared"),
    ("HAVE_D_TYPE", True, "int a[2] = {0};", ""), ("HAVE_DECL_RTLD_MEMBER", False, "RTLD_MEMBER", "undeclared")])
def test_a_question_shows_its_code_and_the_compilers_words(exam, macro, accepted, text, said):
    told = witness.state(exam(), macro)
    assert told.accepted == accepted and text in told.text and said in told.said
    assert bool(told.said.strip()) != accepted and "gcc" in told.command


def test_a_fact_has_no_question_for_the_compiler(exam):
    assert witness.state(exam(), "HAVE_RUN") is None


SPOILER = """
PY_CHECK_FUNC([eventfd], [
@%:@include <sys/eventfd.h>
@%:@define eventfd_t 5
])
PY_CHECK_FUNC([abort], [@%:@include <stdlib.h>])
AC_CHECK_TYPES([eventfd_t], [], [], [[@%:@include <sys/eventfd.h>]])
"""


def test_a_question_that_breaks_its_neighbour_is_named(exam):
    prepared = exam(SPOILER, "HAVE_EVENTFD HAVE_ABORT HAVE_EVENTFD_T")
    company, alone = probe.answer(prepared), probe.answer(prepared, single=True)
    assert (company.answers["HAVE_EVENTFD_T"].value, alone.answers["HAVE_EVENTFD_T"].value) == (None, "1")
    assert witness.unequal(company, alone) == ["HAVE_EVENTFD_T", "ac_cv_type_eventfd_t"]
    assert witness.culprit(prepared, "HAVE_EVENTFD_T") == "HAVE_EVENTFD"
    assert witness.culprit(prepared, "HAVE_ABORT") == ""


def test_all_at_once_and_one_by_one_agree_where_nothing_spoils(exam):
    prepared = exam()
    assert witness.unequal(probe.answer(prepared), probe.answer(prepared, single=True)) == []


def test_ledgers_differ_by_answers_and_by_variables():
    one = Ledger({"A": Answer("1", "link", "x"), "B": Answer(None, "link", "x")}, {"V": "1", "W": "1"})
    two = Ledger({"A": Answer("1", "link", "x"), "B": Answer("1", "link", "x")}, {"V": "2", "W": "1", "X": "1"})
    assert witness.unequal(one, two) == ["B", "V", "X"] and witness.unequal(one, one) == []

"""The drift gate: whatever upstream adds is named with the place where to classify it; what nobody needs is named, too."""
import shutil

import pytest
from samples import PROJECT

from crosspy.errors import UserError
from crosspy.upstream import drift

TABLES = PROJECT / "cpython"
READ = ("configure.ac", "pyconfig.h.in", "Makefile.pre.in", "Modules/Setup.stdlib.in", "Modules/Setup.bootstrap.in")


@pytest.fixture
def tree(release_tree, tmp_path):
    """A copy of the files of a release that the gate reads, to change."""
    for name in READ:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copyfile(release_tree / name, tmp_path / name)
    return tmp_path


def append(tree, name, text):
    with open(tree / name, "a", encoding="utf-8") as stream:
        stream.write(f"\n{text}\n")


def test_every_pinned_release_is_read_or_classified_whole(release_trees):
    for tree in release_trees:
        assert [(kind, names) for kind, names in drift.report(tree, TABLES).items() if names] == [], tree.name
        drift.gate(tree, TABLES)


def test_no_entry_of_our_table_is_without_a_release_that_needs_it(release_trees):
    assert drift.stale(release_trees, TABLES) == [], "delete these from cpython/upstream.toml"


@pytest.mark.parametrize("file, text, named", [
    ("configure.ac", "AC_CACHE_CHECK([for news], [ac_cv_news], [AC_RUN_IFELSE([AC_LANG_SOURCE([[int main(){}]])])])", "check: ac_cv_news"),
    ("configure.ac", "AC_MSG_CHECKING([for more news])\nAC_LINK_IFELSE([AC_LANG_PROGRAM([], [])])", "check: checking for more news"),
    ("configure.ac", "PKG_CHECK_MODULES([NEWS], [libnews])", r"check: PKG_CHECK_MODULES\(NEWS\)"),
    ("configure.ac", "AC_CHECK_LIB([news], [news_open])", r"check: AC_CHECK_LIB\(news, news_open\)"),
    ("configure.ac", "AC_DEFUN([PY_CHECK_NEWS], [AC_CHECK_LIB([$1])])\nPY_CHECK_NEWS([x])", r"check: PY_CHECK_NEWS\(x\)"),
    ("configure.ac", "AC_TYPE_UINT128_T", "check: AC_TYPE_UINT128_T"),
    ("configure.ac", "PY_STDLIB_MOD([_news], [], [])", "module: _news"),
    ("configure.ac", "PY_STDLIB_MOD_SIMPLE([_news])", "module: _news"),
    ("Modules/Setup.stdlib.in", "@MODULE__NEWS_TRUE@_news _news.c", "module: _news"),
    ("Modules/Setup.stdlib.in", "_news", "module: Modules/Setup.stdlib.in: _news"),
    ("Makefile.pre.in", "NEWS_OBJS= Objects/news.o", "objects: NEWS_OBJS"),
    ("Makefile.pre.in", "Objects/news.o: Objects/news.c\n\t$(NEWSCC) -o $@ Objects/news.c", "rule: Objects/news.o"),
    ("Makefile.pre.in", "Objects/n.o Objects/ews.o: x.c\n\tcp x.o $@", "rule: Objects/n.o, Objects/ews.o"),
])
def test_what_upstream_adds_is_named_with_the_place_to_classify_it(tree, file, text, named):
    append(tree, file, text)
    with pytest.raises(UserError, match=rf"nothing here reads or classifies: {named}\. Fix: .*cpython/upstream.toml"):
        drift.gate(tree, TABLES)


def test_what_is_new_and_read_needs_no_word(tree):
    append(tree, "configure.ac", "AC_CHECK_HEADERS([news.h])\nAC_CHECK_FUNCS([news])\nPY_CHECK_FUNC([news], [])")
    append(tree, "configure.ac", "PY_STDLIB_MOD_SIMPLE([_news])")
    append(tree, "Modules/Setup.stdlib.in", "@MODULE__NEWS_TRUE@_news _news.c")
    append(tree, "Makefile.pre.in", "Objects/news.o: Objects/news.c\n\t$(CC) -c $(PY_CORE_CFLAGS) -DNEWS -o $@ Objects/news.c")
    drift.gate(tree, TABLES)


def test_what_another_series_has_is_told_by_kind_and_nothing_breaks(tree):
    text = (tree / "configure.ac").read_text("utf-8")
    text = text.replace("perf_trampoline=", "other_variable=").replace("ac_cv_broken_poll", "ac_cv_poll_is_broken")
    (tree / "configure.ac").write_text(text)
    append(tree, "pyconfig.h.in", "#undef HAVE_NEWS")
    found = drift.report(tree, TABLES)
    assert found["program"] == ["PY_HAVE_PERF_TRAMPOLINE"] and found["macro"] == ["HAVE_NEWS"]
    assert found["block"] == ["HAVE_BROKEN_POLL"] and found["check"] == ["ac_cv_poll_is_broken"]


def test_an_entry_that_upstream_lost_is_stale(release_trees, tmp_path):
    (tmp_path / "probes.toml").write_bytes((TABLES / "probes.toml").read_bytes())
    own = '\n[[check]]\nwhy = "gone"\nnames = ["ac_cv_gone"]\n[[rule]]\nwhy = "gone"\nnames = ["Objects/gone.o"]\n'
    (tmp_path / "upstream.toml").write_text((TABLES / "upstream.toml").read_text("utf-8") + own)
    assert drift.stale(release_trees, tmp_path) == ["check: ac_cv_gone", "rule: Objects/gone.o"]


@pytest.mark.parametrize("text", ["[[check]]\nnames = ['x']", "[[check]]\nwhy = ''\nnames = ['x']", "[[check]]\nwhy = 'x'\nnames = 'x'",
                                  "[[check]]\nwhy = 'x'\nnames = [1]", "[[chekc]]\nwhy = 'x'\nnames = ['x']", "check = 1", "= ["])
def test_a_malformed_table_is_one_user_error(tmp_path, text):
    (tmp_path / "upstream.toml").write_text(text)
    with pytest.raises(UserError, match="upstream.toml"):
        drift.load(tmp_path / "upstream.toml")

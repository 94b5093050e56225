"""The macro calls of a configure.ac: arguments, quotes, places."""
import pytest

from crosspy.configure import autoconf
from crosspy.errors import UserError


def call(text, name="PY_STDLIB_MOD"):
    found, = autoconf.calls(text, name)
    return found


def test_a_call_has_its_arguments_with_one_level_of_quotes_removed():
    found = call('first\nPY_STDLIB_MOD([_json], [], [test "$a" = yes],\n  [-I[x]], -lm)\nrest')
    assert found.args == ("_json", "", 'test "$a" = yes', "-I[x]", "-lm")
    assert (found.line, found.arg(4), found.arg(9)) == (2, "-lm", "")


def test_offsets_enclose_the_call():
    text = "a PY_STDLIB_MOD([x]) b"
    found = call(text)
    assert text[found.start:found.end] == "PY_STDLIB_MOD([x])"


def test_commas_and_brackets_inside_of_parentheses_do_not_separate():
    assert call("PY_STDLIB_MOD(f(a, [b]), c)").args == ("f(a, [b])", "c")
    assert call("PY_STDLIB_MOD([f(a, b)], [[c, d]])").args == ("f(a, b)", "[c, d]")


def test_calls_are_found_at_any_depth_in_the_order_of_the_file():
    text = "AS_IF([x], [AC_CHECK_FUNC([b])], [AC_CHECK_FUNC([c])])\nAC_CHECK_FUNC([a])"
    assert [found.arg(0) for found in autoconf.calls(text, "AC_CHECK_FUNC")] == ["b", "c", "a"]


def test_a_longer_name_is_another_macro():
    text = "AC_CHECK_FUNCS([a])MY_AC_CHECK_FUNC([b])AC_CHECK_FUNC([c])"
    assert [found.arg(0) for found in autoconf.calls(text, "AC_CHECK_FUNC")] == ["c"]


@pytest.mark.parametrize("text", ["\nX([a], b", "\nX([a", "\nX("])
def test_a_call_that_is_not_closed_is_refused_with_its_line(text):
    with pytest.raises(UserError) as caught:
        autoconf.calls(text, "X", where="my.ac")
    assert caught.value.where == "my.ac:2" and "not closed" in caught.value.what


def test_comments_are_blanked_out_and_offsets_kept():
    text = "a dnl X([b])\nX([c]) # dnly\nendnl"
    bare = autoconf.strip_comments(text)
    assert len(bare) == len(text) and bare.count("\n") == 2
    assert bare.splitlines()[1:] == ["X([c]) # dnly", "endnl"] and "b" not in bare


def test_code_resolves_quadrigraphs_and_drops_quotes_around_the_whole():
    assert autoconf.code(" [[int a@<:@2@:>@;]] ") == "int a[2];"
    assert autoconf.code("[a] + [b]") == "[a] + [b]"
    assert autoconf.code("@%:@if @S|@x@&t@y") == "#if $xy"


def test_words_are_split_at_white_space_and_line_continuations():
    assert autoconf.words("[a b \\\n c]\n[d]") == ["a", "b", "c", "d"]

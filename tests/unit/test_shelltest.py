"""Conditions of configure.ac: evaluated as a shell would, or refused; never guessed."""
import subprocess

import pytest

from crosspy.errors import UserError
from crosspy.upstream import shelltest

VARIABLES = {"yes": "yes", "no": "no", "empty": "", "two": "a b"}


def holds(condition):
    return shelltest.evaluate(condition, VARIABLES, "configure.ac:1")


CONDITIONS = [
    'test "$yes" = yes', 'test "$no" = "yes"', 'test "$yes" != no', 'test -n "$empty"', 'test -z "${empty}"',
    'test "$two" = "a b"', 'test "$yes" = yes -a "$no" = yes', 'test "$no" = yes -o "$yes" = yes',
    'test "$yes" = yes -o "$no" = yes -a "$no" = yes', 'test "$no" = yes && test "$yes" = yes', 'test -n "$yes" || test -n "$no"',
    'test "$yes" = yes || test "$yes" = yes && test "$no" = yes',  # equal precedence: (a || b) && c
    'test "$no" = yes && test "$no" = yes || test "$yes" = yes',
    'test "$yes" = yes && { test "$no" = yes || test "$yes" = yes; }', '{ test "$no" = yes; } || { test "$no" = yes; }']


@pytest.mark.parametrize("condition", CONDITIONS)
def test_a_condition_is_what_a_posix_shell_says(condition):
    assert holds(condition) == (subprocess.run(["/bin/sh", "-c", condition], env=VARIABLES).returncode == 0)


def test_an_empty_condition_is_true():
    assert holds("") and holds(" [] ")


def test_quotes_of_m4_and_m4_flatten_are_taken_off():
    assert holds('[test "$yes" = "yes"]')
    assert holds('m4_flatten([test "$yes" = "yes"\n  -a "$no" = "no"])')


@pytest.mark.parametrize("condition, told", [
    ('test "$nobody" = yes', "the shell variable $nobody is not known"), ("{ " * 3000, "too long or too deep"),
    ("test -n a && " * 3000, "too long or too deep"),
    ("grep -q yes", "the command 'grep' is not understood"),
    ('test "$yes" -eq 1', "-eq 1' is not understood"),
    ('test "$yes"', "'test yes' is not understood"),
    ('{ test "$yes" = yes', "a { is not closed"),
    ('test "$yes" = yes }', "cannot read the condition"),
    ('test "${yes:-no}" = no', "${yes:-no}"),
    ('test "$(uname)" = Linux', "$(uname)"),
    ("test `uname` = Linux", "` is not understood"),
    ('test "$yes = yes', "No closing quotation"),
    ('test "$yes" = yes &&', "the command '' is not understood"),
])
def test_what_is_not_understood_is_refused_with_its_place(condition, told):
    with pytest.raises(UserError) as caught:
        holds(condition)
    assert caught.value.where == "configure.ac:1" and told in caught.value.what


def test_substitution_keeps_escaped_dollars_for_make():
    assert shelltest.substitute(r"-I\$(srcdir)/Modules $yes ${no}x", VARIABLES, "here") == "-I$(srcdir)/Modules yes nox"

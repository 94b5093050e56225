"""Shell scripts are split into their commands without running any: what surely runs, what only may, and what is no command at all."""
import subprocess

import pytest

from crosspy.toolchains.shelllines import CONDITION, OTHER, Broken, commands


def split(text):
    return [(" ".join(one.words), one.unsure) for one in commands(text)]


@pytest.mark.parametrize("text, told", [
    ("export A=1 # CC=gcc\n# CC=clang\n", [("export A=1", "")]),
    ("if [ -d x ]; then A=1; fi; B=2", [("[ -d x ]", CONDITION), ("A=1", CONDITION), ("B=2", "")]),
    ("for x in a b; do . $x; done\nB=2", [("for x", CONDITION), (". $x", CONDITION), ("B=2", "")]),
    ("case $1 in\n  a|b) A=1 ;;\n  (c) A=2;;\n  *) A=3\nesac\nB=2", [("a", CONDITION), ("b", CONDITION), ("A=1", CONDITION), ("c", CONDITION),
                                                                   ("A=2", CONDITION), ("*", CONDITION), ("A=3", CONDITION), ("B=2", "")]),
    ("if a; then\n if b; then A=1; elif c; then A=2; else A=3; fi\nfi\nB=2",
     [("a", CONDITION), ("b", CONDITION), ("A=1", CONDITION), ("c", CONDITION), ("A=2", CONDITION), ("A=3", CONDITION), ("B=2", "")]),
    ("a && A=1 ||\nA=2; B=3 | cat", [("a", ""), ("A=1", OTHER), ("A=2", OTHER), ("B=3", OTHER), ("cat", OTHER)]),
    ("(A=1); { A=2; }\nB=3", [("A=1", CONDITION), ("A=2", CONDITION), ("B=3", "")]),
    ("cat <<-'X' > file; A=1\nCC=evil\n\tX\nB=2", [("cat", ""), ("A=1", ""), ("B=2", "")]),
    ('A="one \\\n  two" B=\\\n3\n', [('A="one   two" B=3', "")]),
    ('A="$(echo "a b")"#c d\n', [('A="$(echo "a b")"#c d', "")]),
    ("gcc () { :; }", [("gcc ( ) { :", ""), ]), ("A=(1 2)\nB=3", [("A= ( 1 2 )", ""), ("B=3", "")]),
    ("while read CC; do :; done < x\nB=1", [("read CC", CONDITION), (":", CONDITION), ("B=1", "")])])
def test_commands_and_whether_they_surely_run(text, told):
    assert split(text) == told
    # A script that a shell refuses would prove nothing.
    assert subprocess.run(["bash", "-n"], input=text, text=True, capture_output=True).stderr == ""


def test_each_command_has_its_line():
    text = "A=1\n\nB='x\ny'\ncat <<E\none\nE\nC=3 \\\n  D\n"
    assert [(one.number, one.words[0][0]) for one in commands(text)] == [(1, "A"), (3, "B"), (5, "c"), (8, "C")]


def test_a_quote_that_does_not_end_is_told_with_its_line():
    with pytest.raises(Broken) as caught:
        split("A=1\nB='x\n")
    assert caught.value.args == (2,)


@pytest.mark.parametrize("text", ["${" * 300_000, "$(" * 300_000, "(" * 300_000, "if " * 100_000, "<<E\n" * 3000])
def test_a_hostile_file_takes_no_long_time(text):
    assert len(split(text)) < 10_000

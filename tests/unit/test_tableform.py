"""A malformed probes.toml is one message that names every mistake with its entry."""
import tomllib

import pytest
from samples import PROJECT

from crosspy.configure import tableform, tables
from crosspy.errors import UserError

PROBES = PROJECT / "cpython" / "probes.toml"


def test_the_projects_own_file_has_the_form():
    assert tableform.mistakes(tomllib.loads(PROBES.read_text("utf-8"))) == []


@pytest.mark.parametrize("text, message", [
    ("[fcat]\nx = 1", "unknown table fcat"), ("[fact]\nmacro = 'X'", r"fact is not written as \[\[fact\]\]"),
    ("[[fact]]\nmacro = 'X'", r"fact 1 \(X\) has no why"), ("[[fact]]\nmacro = 'X'\nwhy = ''", r"fact 1 \(X\) has no why"),
    ("[[fact]]\nmacro = 'X'\nwhy = 'y'\nvalue = 1", r"fact 1 \(X\): value is not a string"),
    ("[[fact]]\nmacro = 'X'\nwhy = 'y'\nvaleu = '1'", r"fact 1 \(X\) has the unknown key valeu"),
    ("[[fact]]\nmacro = 'X'\nwhy = 'y'\nblock = 'z'", r"fact 1 \(X\) has block without sha256"),
    ("[[fact]]\nmacro = ['X']\nwhy = 'y'", "fact 1: macro is not a string"),
    ("[program]\nX = 1", "program X is not a table"), ("[program]\nX = { missing = '' }", "program X has no block"),
    ("[function]\nX = ['a']", "function X is not a string"), ("[member]\nX = 'a'", "member X is not a table"),
    ("[case]\nX = { assigns = 'a' }", "case X has no subject"),
    ("[[never]]\nwhy = 'x'\nmacros = [1]", "never 1: macros is not a list of strings"),
    ("[[always]]\nwhy = 'x'\nmacros = { A = 1 }", "always 1: macros is not a table"), ("[variables]\nX = 1", "variables X is not a string"),
    ("[[program]]\nX = 'a'", r"program is not written as \[program\]"), ("always = ['x']", "always 1 is not a table"),
    ("[[fact]]\nmacro = 'X'\n[variables]\nY = 1", r"fact 1 \(X\) has no why; variables Y is not a string"), ("x = [", "it is not TOML")])
def test_each_mistake_is_named_with_its_entry(tmp_path, text, message):
    (tmp_path / "probes.toml").write_text(text)
    with pytest.raises(UserError, match=message):
        tables.load(tmp_path / "probes.toml")


@pytest.mark.parametrize("data", [b"\xff", None])
def test_a_file_that_cannot_be_read_is_one_message(tmp_path, data):
    if data:
        (tmp_path / "probes.toml").write_bytes(data)
    with pytest.raises(UserError, match="it is not TOML|the file does not exist"):
        tables.load(tmp_path / "probes.toml")

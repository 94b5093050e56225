"""Aliases: which run instead of a build, what may stand beside them, and whose an argument is."""
import pytest
from crosspy.cli import commands
from crosspy.errors import UserError

READERS = {"macro": "probes", "target": ""}


@pytest.fixture
def table(monkeypatch):
    rows = {"probes": commands.Command("print", run="errors:nearest"), "inspect": commands.Command("look")}
    monkeypatch.setattr(commands, "COMMANDS", rows)


def test_an_alias_of_the_graph_runs_nothing_of_its_own(table):
    assert commands.asked(["inspect"], {"target": "arm"}, READERS) == ""
    assert commands.asked(["probes"], {"target": "arm", "macro": "X"}, READERS) == "probes"


def test_an_alias_that_runs_alone_stands_alone(table):
    with pytest.raises(UserError, match="probes runs alone"):
        commands.asked(["probes", "inspect"], {}, READERS)


def test_an_argument_of_one_alias_is_refused_without_it(table):
    with pytest.raises(UserError, match="only probes reads it. Fix: use scons probes macro=X"):
        commands.asked(["inspect"], {"macro": "X"}, READERS)


def test_every_alias_names_a_function_that_is_there():
    from importlib import import_module
    for command in commands.COMMANDS.values():
        if command.run:
            module, _, function = command.run.partition(":")
            assert callable(getattr(import_module(f"crosspy.{module}"), function))


def test_the_function_gets_the_session_and_gives_the_exit_status(monkeypatch):
    monkeypatch.setitem(commands.COMMANDS, "show", commands.Command("", run="errors:shown"))
    from crosspy import errors
    monkeypatch.setattr(errors, "shown", lambda session: session or None, raising=False)
    assert commands.run("show", 3) == 3 and commands.run("show", None) == 0


@pytest.fixture
def both(monkeypatch):
    rows = {"inspect": commands.Command("look", run="errors:nearest", instead=("file",), words=("rules",)),
            "conformance": commands.Command("test", needs=(("tests", "yes"),))}
    monkeypatch.setattr(commands, "COMMANDS", rows)


def test_an_alias_of_the_graph_runs_without_one_for_an_argument_or_a_word_of_its_own(both):
    assert commands.asked(["inspect"], {"target": "arm"}, READERS) == ""
    assert commands.asked(["inspect"], {"file": "x"}, {"file": "inspect"}) == "inspect"
    assert commands.asked(["inspect", "rules"], {}, READERS) == "inspect"
    assert commands.belongs("rules", ["inspect", "rules"]) and not commands.belongs("rules", ["rules"])
    assert not commands.wants_target(["inspect", "rules"]) and commands.wants_target(["inspect"]) and not commands.wants_target([])
    with pytest.raises(UserError, match="inspect runs alone"):
        commands.asked(["inspect", "rules", "conformance"], {"tests": "yes"}, READERS)


def test_an_alias_that_needs_an_argument_says_so(both):
    with pytest.raises(UserError, match="scons conformance: it needs tests=yes. Fix: use scons conformance tests=yes"):
        commands.asked(["conformance"], {"target": "arm"}, READERS)
    assert commands.asked(["conformance"], {"tests": "yes"}, READERS) == ""

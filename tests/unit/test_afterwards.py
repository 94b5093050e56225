"""The words of what follows a build: the shell and SCons leave them as they are."""
import shlex
from types import SimpleNamespace

from samples import PROJECT, given

from crosspy import afterwards

TARGET = {"folder": "build/arm", "name": "arm"}


def words(**arguments):
    session = SimpleNamespace(options=given(**arguments), project=PROJECT)
    return afterwards.words(session, TARGET, "3.13")


def test_what_rootfs_finds_stands_beside_what_the_build_found():
    assert shlex.split(words()["table_words"]) == ["--output", "build/arm/inspect.json", "--junit", "build/arm/inspect.xml"]
    told = shlex.split(words(rootfs="/a b$c")["table_words"].replace("$$", "$"))
    assert told == ["--output", "build/arm/inspect-rootfs.json", "--junit", "build/arm/inspect-rootfs.xml", "--rootfs", "/a b$c"]


def test_conformance_gets_the_interpreter_below_the_prefix_and_every_folder_of_variants():
    told = shlex.split(words(prefix="/opt/python", only="test_os", variants="mine")["conformance_words"])
    assert told[told.index("--python") + 1] == "opt/python/bin/python3.13" and told[told.index("--only") + 1] == "test_os"
    assert [told[place + 1] for place, word in enumerate(told) if word == "--variants"] == [str(PROJECT / "variants"), "mine"]


def test_every_room_of_inspection_is_a_source_of_it():
    rooms = {path.stem for path in (PROJECT / "site_scons/crosspy").glob("*.py")}
    assert set(afterwards.INSPECTORS) <= rooms
    assert {path.stem for path in (PROJECT / "site_scons/crosspy").glob("rules*.py")} <= set(afterwards.INSPECTORS)

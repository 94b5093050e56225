"""Touching X rebuilds exactly Y, in a source= tree that people edit."""
import os
import shutil

import pytest
from checkout import assert_up_to_date, contents, differences, snapshot
from workshop import TAIL, pause


def words(run) -> list[str]:
    """The kinds of commands that ran, each once, in the order of their first line."""
    return list(dict.fromkeys(line.partition(" ")[0] for line in run.shown))


def test_a_fresh_build_of_a_tree_runs_and_is_up_to_date(workshop):
    assert workshop.build.run("-c", "print(6 * 7)").stdout == "42\n"
    assert_up_to_date(workshop.checkout, *workshop.words)


def test_a_comment_in_a_c_file_rebuilds_its_objects_alone(workshop):
    """The objects come out the same, so nothing that links them is made again."""
    with workshop.edited("Objects/boolobject.c", "/* Boolean type", "/* The boolean type"):
        run = workshop.scons()
        assert run.of("CC") == ["host Objects/boolobject", f"{workshop.name} Objects/boolobject"]
        assert words(run) == ["CC"]


def test_a_c_file_of_the_core_rebuilds_its_objects_and_what_links_them(workshop):
    name = workshop.name
    with workshop.edited("Objects/object.c", 'PyUnicode_FromString("None")', 'PyUnicode_FromString("Nono")'):
        run = workshop.scons()
        assert run.of("CC") == ["host Objects/object", f"{name} Objects/object"]
        assert run.of("AR") == [f"{name} linked/libpython3.13.a"]
        assert run.of("LINK") == ["host linked/_bootstrap_python", "host linked/_freeze_module", f"{name} linked/python"]
        assert run.shown[-3:] == [f"INSTALL build/{workshop.build.folder.name}/root", f"INSPECT build/{workshop.build.folder.name}/root",
                                  f"MANIFEST build/{workshop.build.folder.name}/manifest.json"]
        assert set(words(run)) == {"CC", "AR", "LINK", *TAIL}
        assert workshop.build.run("-c", "print(None)").stdout == "Nono\n"
    assert set(words(workshop.scons())) == {"CC", "AR", "LINK", *TAIL}


def test_a_c_file_of_an_extension_rebuilds_that_extension_alone(workshop):
    before = contents(workshop.build.root)
    with workshop.edited("Modules/_bisectmodule.c", '"Bisection algorithms.', '"Bisection algorithm.'):
        run = workshop.scons()
        assert run.of("CC") == [f"{workshop.name} Modules/_bisectmodule"]
        assert [line.rpartition("/")[2].partition(".")[0] for line in run.of("LINK")] == ["_bisect"]
        assert words(run) == ["CC", "LINK", *TAIL]
        changed = differences(before, contents(workshop.build.root))
        assert [os.path.basename(name).partition(".")[0] for name in changed] == ["_bisect"]


@pytest.mark.parametrize("header, text", [
    ("Parser/lexer/state.h", "#ifndef"), pytest.param("Modules/_blake2/impl/blake2-config.h", "#ifndef", marks=pytest.mark.nightly),
    pytest.param("Modules/_sre/sre_lib.h", "LOCAL(", marks=pytest.mark.nightly)])
def test_a_header_rebuilds_what_includes_it(workshop, header, text):
    expected = {f"{workshop.name} {name[:-2]}" for name in workshop.objects_that_include(header)}
    assert 1 <= len(expected) < 60
    with workshop.edited(header, text, f"/* edited */ {text}"):
        run = workshop.scons()
    compiled = set(run.of("CC"))
    assert {line for line in compiled if not line.startswith("host ")} == expected
    assert {line for line in compiled if line.startswith("host ")} <= {f"host {line.partition(' ')[2]}" for line in expected}
    assert words(run) == ["CC"], "a comment changes no object, so that nothing is linked"


def test_a_new_header_is_followed(workshop):
    """What a file includes is found out again whenever the file changes."""
    header = workshop.tree / "Modules" / "fresh.h"
    header.write_text('#define FRESH "one"\n', "utf-8")
    try:
        with workshop.edited("Modules/_bisectmodule.c", '#include "Python.h"', '#include "Python.h"\n#include "fresh.h"'):
            assert workshop.scons().of("CC") == [f"{workshop.name} Modules/_bisectmodule"]
            pause()
            header.write_text('#define FRESH "three"\n', "utf-8")
            assert workshop.scons().of("CC") == [f"{workshop.name} Modules/_bisectmodule"]
    finally:
        header.unlink()


def test_a_library_file_rebuilds_its_bytecode_alone(workshop):
    before, pyc = contents(workshop.build.root), snapshot(workshop.bootstrap)
    with workshop.edited("Lib/textwrap.py", "class TextWrapper:", "class TextWrapper(object):"):
        run = workshop.scons()
        assert set(words(run)) == {"PYC", *TAIL}
        changed = differences(before, contents(workshop.build.root))
        assert [name.removeprefix("usr/lib/python3.13/") for name in changed] == ["__pycache__/textwrap.cpython-313.pyc", "textwrap.py"]
        remade = [name for name in differences(pyc, snapshot(workshop.bootstrap)) if name.endswith(".pyc")]
        assert [os.path.basename(name) for name in remade] == ["textwrap.cpython-313.pyc"]
        assert workshop.build.run("-c", "import textwrap; print(textwrap.dedent(' a'))").stdout == "a\n"


def test_a_frozen_library_file_is_frozen_again(workshop):
    with workshop.edited("Lib/abc.py", "Abstract Base Classes (ABCs) according to PEP 3119", "Abstract Base Classes"):
        run = workshop.scons()
        assert run.of("FREEZE") != []
        assert f"{workshop.name} Python/frozen" in run.of("CC")
        assert set(run.of("CC")) <= {f"{owner} {name}" for owner in (workshop.name, "host")
                                     for name in ("Python/frozen", "Modules/getpath")}
        assert workshop.build.run("-c", "import abc; print(abc.__spec__.origin, abc.__doc__)").stdout == "frozen Abstract Base Classes.\n"


def test_a_library_file_that_comes_and_goes(workshop):
    path = workshop.tree / "Lib" / "brand_new.py"
    path.write_text("value = 5\n", "utf-8")
    workshop.scons()
    assert workshop.build.run("-c", "import brand_new; print(brand_new.value)").stdout == "5\n"
    path.unlink()
    workshop.scons()
    assert workshop.build.run("-c", "import brand_new", check=False).returncode == 1
    workshop.same_as_first()


def test_a_damaged_root_is_mended(workshop):
    text = workshop.build.library / "textwrap.py"
    text.write_text("broken")
    (workshop.build.library / "json/decoder.py").unlink()
    (workshop.build.root / "usr/stray").write_text("mine")
    assert words(workshop.scons()) == ["INSTALL"], "what was inspected is there again, so that nothing more is to do"
    workshop.same_as_first()


def test_a_deleted_build_folder_is_made_again(workshop):
    shutil.rmtree(workshop.build.folder)
    run = workshop.scons()
    assert not [line for line in run.of("CC") if line.startswith("host ")]
    workshop.same_as_first()

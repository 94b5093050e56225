"""Flags of each role, and the values of make's variables."""
import dataclasses

import pytest
from samples import given, job, load_variant, static

from crosspy import flags, variant


@pytest.fixture
def gnu(tmp_path):
    return load_variant(tmp_path)


@pytest.fixture
def gcc(tmp_path):
    return job(tmp_path / "job").toolchain


def compiling(one, role="core", editable=False, debug=False, **arguments):
    return flags.compiling(one, given(**arguments), role, editable, debug)


@pytest.mark.parametrize("optimize, word, asserts", [("speed", "-O3", False), ("size", "-Os", False), ("debug", "-O0", True)])
def test_the_optimisation_is_the_options_and_debug_keeps_assertions(gnu, optimize, word, asserts):
    words = compiling(gnu, optimize=optimize)
    assert words[0] == word and ("-DNDEBUG" not in words) == asserts
    assert flags.probing(gnu, given(optimize=optimize))[0] == word


def test_each_role_has_upstream_s_macro(gnu):
    made = {role: compiling(gnu, role) for role in flags.ROLES}
    assert "-DPy_BUILD_CORE" in made["core"] and "-DPy_BUILD_CORE_BUILTIN" in made["builtin"]
    assert not [word for word in made["module"] if word.startswith("-DPy_BUILD")]


def test_extension_modules_are_position_independent_code_and_the_program_an_executable(gnu, tmp_path):
    assert "-fPIC" in compiling(gnu, "module")
    assert "-fPIE" in compiling(gnu)
    assert "-fPIC" in compiling(gnu, libpython="shared")
    assert "-fPIE" in compiling(static(tmp_path), "module")


def test_a_release_is_compiled_quietly_and_an_edited_tree_with_upstream_s_warnings(gnu):
    assert "-w" in compiling(gnu)
    assert {"-Wall", "-Wextra"} < set(compiling(gnu, editable=True))


def test_the_variant_s_own_flags_come_last(gnu):
    own = dataclasses.replace(gnu, flags=variant.Flags(("-mabi=32",), ("-Wl,-z,x",)))
    assert compiling(own)[-1] == "-mabi=32"
    assert "-mabi=32" in flags.probing(own, given())


def test_links_are_hardened_and_stripped_unless_debug_files_are_split_off(gnu, gcc):
    for kind in ("program", "shared"):
        words = flags.linking(gnu, given(), gcc, kind)
        assert {"-Wl,-z,relro", "-Wl,-z,now", "-Wl,-z,noexecstack"} <= set(words) and "-s" in words
        assert "-s" not in flags.linking(gnu, given(debuginfo="split"), gcc, kind)
    assert "-g" in compiling(gnu, debug=True) and "-g0" in compiling(gnu)


def test_a_static_program_exports_nothing_and_a_dynamic_one_all(gnu, gcc, tmp_path):
    assert flags.linking(gnu, given(), gcc, "program")[:2] == ("-pie", "-Wl,--export-dynamic")
    words = flags.linking(static(tmp_path), given(), gcc, "program")
    assert "-static-pie" in words and "-Wl,--export-dynamic" not in words
    assert flags.linking(gnu, given(), gcc, "shared")[0] == "-shared"


def test_make_s_values_carry_soabi_and_suffix_and_the_ledger_overrides_constants():
    values = flags.make_values({"DYNLOADFILE": "dynload_stub.o", "VERSION": "9"}, prefix="/opt", series="3.13",
                               multiarch="arm-linux-gnueabihf")
    assert values["EXT_SUFFIX"] == ".cpython-313-arm-linux-gnueabihf.so"
    assert (values["DYNLOADFILE"], values["VERSION"], values["exec_prefix"]) == ("dynload_stub.o", "3.13", "/opt")
    assert flags.make_values({}, prefix="/", series="3.13", multiarch="m")["DYNLOADFILE"] == "dynload_shlib.o"


def test_the_build_date_looks_as_the_preprocessor_writes_it():
    assert flags.build_date(0) == "-DDATE='\"Jan  1 1970\"' -DTIME='\"00:00:00\"'"

"""Flags of each role, and the values of make's variables."""
import dataclasses

import pytest
from samples import given, job, load_variant, static

from crosspy.toolchains import flags, hardening
from crosspy.toolchains.toolchain import Toolchain
from crosspy.variants import variant, variantlines


@pytest.fixture
def gnu(tmp_path):
    return load_variant(tmp_path)


@pytest.fixture
def gcc(tmp_path):
    return job(tmp_path / "job").toolchain


TOOLCHAIN = Toolchain("gcc", "mips-linux-gnu", "14.2.0", ("/opt/gcc",), ("ar",), (), "e" * 64, properties=("IBT",))


def compiling(one, role="core", editable=False, debug=False, **arguments):
    return flags.compiling(one, given(**arguments), TOOLCHAIN, role, editable, debug)


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


def test_without_hardening_a_build_has_none_of_its_flags(gnu, tmp_path):
    every = {*compiling(gnu), *flags.linking(gnu, given(), TOOLCHAIN, "program")}
    assert {"-fstack-protector-strong", "-D_FORTIFY_SOURCE=3", "-fPIE", "-Wl,-z,relro", "-Wl,-z,now", "-Wl,-z,separate-code"} < every
    none = {*compiling(gnu, hardening="no"), *flags.linking(gnu, given(hardening="no"), TOOLCHAIN, "program")}
    assert none & every == {word for word in every if "fstack" not in word and "FORTIFY" not in word and "-z,relro" not in word
                            and "-z,now" not in word and "separate-code" not in word and "pie" not in word.lower()}
    assert {"-fno-PIE", "-no-pie", "-Wl,-z,noexecstack"} <= none
    assert "-static" in flags.linking(static(tmp_path), given(hardening="no"), TOOLCHAIN, "program")


def test_what_a_target_cannot_have_is_absent_with_its_reason(gnu, tmp_path):
    own = dataclasses.replace(gnu, flags=variant.Flags(hardening=("-mbranch",), unhardened=("stack-protector: no TLS",)),
                              elf=dataclasses.replace(gnu.elf, properties=("IBT", "SHSTK")))
    stated = hardening.stated(own, given(), TOOLCHAIN)
    assert tuple(stated) == variantlines.FEATURES == tuple(hardening.stated(own, given(hardening="no"), TOOLCHAIN))
    assert stated["stack-protector"] == "absent: no TLS" and stated["machine"] == "-mbranch" and stated["pie"] == "yes"
    assert stated["fortify"].endswith("-D_FORTIFY_SOURCE=3") and stated["properties"] == "yes"
    assert hardening.stated(own, given(optimize="debug"), TOOLCHAIN)["fortify"].startswith("absent: it needs an optimising compiler")
    assert hardening.stated(static(tmp_path), given(), TOOLCHAIN)["fortify"] == "absent: musl has no checked functions"
    zig = dataclasses.replace(TOOLCHAIN, kind="zig", properties=())
    assert hardening.stated(own, given(), zig)["separate-code"] == "absent: zig always does so"
    assert "crt files of zig" in hardening.stated(own, given(), zig)["properties"]
    assert set(hardening.stated(gnu, given(hardening="no"), zig).values()) == {"absent: hardening=no"}


ASKED = "pie", "bound", "stack_protector", "fortify", "separate_code"


def test_inspection_expects_what_the_flags_give(gnu):
    own = dataclasses.replace(gnu, elf=dataclasses.replace(gnu.elf, properties=("IBT", "SHSTK")))
    found = hardening.expected(own, given(), TOOLCHAIN)
    assert {name: found[name] for name in ASKED} == dict.fromkeys(ASKED, True)
    assert found["properties"] == ["IBT"], "only what the crt files of the toolchain carry"
    none = hardening.expected(own, given(hardening="no"), TOOLCHAIN)
    assert not any(none[name] for name in (*ASKED, "properties"))


@pytest.mark.parametrize(("kind", "words", "separate"), [
    ("zig", (), True), ("gcc", (), True), ("clang", ("-fuse-ld=lld",), True), ("clang", (), False)])
def test_code_is_expected_apart_where_the_linker_is_told_so_or_does_so_by_itself(gnu, kind, words, separate):
    toolchain = dataclasses.replace(TOOLCHAIN, kind=kind, cc=(*TOOLCHAIN.cc, *words))
    assert hardening.expected(gnu, given(), toolchain)["separate_code"] == separate
    assert not hardening.expected(gnu, given(hardening="no"), toolchain)["separate_code"]

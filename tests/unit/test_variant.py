"""variant.toml -> Variant: what is read, and that every mistake names the file, the key and what is allowed."""
from dataclasses import replace

import pytest
from samples import PROJECT, load_variant, static, write_variant

from crosspy.errors import UserError
from crosspy.toolchains import fit
from crosspy.variants import inherit, variant, variantlines


def refused(call, *arguments):
    with pytest.raises(UserError) as caught:
        call(*arguments)
    return caught.value


def test_a_variant_has_the_name_of_its_folder_and_the_facts_of_its_file(tmp_path):
    read = load_variant(tmp_path)
    assert (read.name, read.short, read.machine.bits, read.machine.endian) == ("mips-linux-gnu", ("mips",), 32, "big")
    assert read.elf.flags_mask == 0xFFFFFFFF and read.flags.compile == () and not read.static
    assert static(tmp_path).static


def test_every_variant_of_the_project_can_be_read_and_has_the_name_of_a_triple():
    read = variant.load_all(PROJECT / "variants")
    assert {"aarch64-linux-gnu", "aarch64-linux-musl", "arm-linux-gnueabihf", "x86_64-linux-gnu", "x86_64-linux-musl"} <= set(read)
    for name, one in read.items():
        assert one.toolchain.zig and (one.inherits in read if one.inherits else name.split("-")[1] == "linux"), name
        assert one.static == (one.elf.interpreter == ""), name


@pytest.mark.parametrize("old, new, told", [
    ('elf = "EM_MIPS"', 'elf = "EM_MIPS"\nendain = "big"', "machine.endain: unknown key (did you mean 'endian'"),
    ('summary = "a made-up machine"', "summary = 5", "summary: 5 is not a string"),
    ("bits = 32", 'bits = "32"', "machine.bits: '32' is not an integer"),
    ("bits = 32", "bits = true", "machine.bits: True is not an integer"),
    ("bits = 32", "bits = 31", "machine.bits: 31 is not one of 32, 64"),
    ('endian = "big"', 'endian = "medium"', "machine.endian: 'medium' is not one of little, big"),
    ('short = ["mips"]', 'short = "mips"', "short: 'mips' is not a list of strings"),
    ('short = ["mips"]', "short = [1]", "short: [1] is not a list of strings"),
    ('[run]\nmachine = "mips"\n', "", "run: it is missing"),
    ('[run]\nmachine = "mips"\n', "[run]\n", "run.machine: it is missing"),
    ("[elf]\n", "[[elf]]\n", "elf: a table is expected, not [{}]"),
    ('summary = "a', 'name = "mips"\nsummary = "a', "name: it is the folder's name, or that"),
    ('elf = "EM_MIPS"', 'elf = "EM_AARCH46"', "machine.elf: 'EM_AARCH46' is no e_machine of elf.h (did you mean 'EM_AARCH64'"),
    ('elf = "EM_MIPS"', 'elf = "mips"', "machine.elf: 'mips' is no e_machine of elf.h"),
    ('floor = "2.17"', 'floor = "new"', "libc.floor: 'new' is not a glibc version such as '2.17'"),
    ('floor = "2.17"\n', "", "libc.floor: '' is not a glibc version such as '2.17'"),
    ('"glibc"', '"musl"', "libc.floor: only glibc has one; leave it out"),
])
def test_a_mistake_names_the_file_the_key_and_what_is_allowed(tmp_path, old, new, told):
    error = refused(load_variant, tmp_path, (old, new))
    assert error.where == str(tmp_path / "mips-linux-gnu/variant.toml")
    assert told in error.what
    assert error.fix == "see variants/README.md for every key"


def test_all_that_is_wrong_is_told_at_once_in_a_steady_order(tmp_path):
    error = refused(load_variant, tmp_path, ("bits = 32", "bits = 1"), ("[elf]", '[elf]\nneeds = ["libc.so.6"]\nalso = 1'),
                    ('modules = "shared"', 'modules = "both"'))
    assert [problem.split(":")[0] for problem in error.what.split("; ")] == [
        "machine.bits", "python.modules", "elf.also", "elf.needs"]


def test_a_file_that_is_absent_unreadable_or_no_toml_is_one_user_error(tmp_path):
    assert "does not exist" in refused(variant.load, tmp_path / "none").what
    (tmp_path / "folder/variant.toml").mkdir(parents=True)
    assert "cannot be read" in refused(variant.load, tmp_path / "folder").what
    for number, data in enumerate((b"bits = ", b"summary = \"\xff\"\n", b"a = 1\na = 2\n")):
        (tmp_path / str(number)).mkdir()
        (tmp_path / str(number) / "variant.toml").write_bytes(data)
        assert "it is not TOML" in refused(variant.load, tmp_path / str(number)).what


def test_two_variants_that_claim_one_short_name_are_refused(tmp_path):
    write_variant(tmp_path, "mips-linux-gnu")
    write_variant(tmp_path, "mips-linux-musl")
    error = refused(variant.load_all, tmp_path)
    assert error.where == "mips-linux-musl/variant.toml" and error.what == "short: 'mips' belongs to mips-linux-gnu already"


def test_a_short_name_that_is_the_name_of_a_variant_is_refused(tmp_path):
    write_variant(tmp_path, "mips-linux-gnu", ('["mips"]', '["mips-linux-musl"]'))
    write_variant(tmp_path, "mips-linux-musl", ('["mips"]', "[]"))
    assert "'mips-linux-musl' belongs to mips-linux-musl" in refused(variant.load_all, tmp_path).what


def test_a_folder_without_variants_is_refused(tmp_path):
    error = refused(variant.load_all, tmp_path)
    assert error.where == f"variants={tmp_path}" and "variants/<name>/variant.toml" in error.what


@pytest.fixture(scope="module")
def known():
    return variant.load_all(PROJECT / "variants")


@pytest.mark.parametrize("wanted, names", [
    ("aarch64-linux-musl", ["aarch64-linux-musl"]),
    ("aarch64", ["aarch64-linux-gnu"]),
    ("arm, x86_64-linux-musl", ["arm-linux-gnueabihf", "x86_64-linux-musl"]),
    ("aarch64-*", ["aarch64-linux-gnu", "aarch64-linux-musl"]),
    ("aarch64,aarch64-linux-gnu,arm64", ["aarch64-linux-gnu"]),
])
def test_target_takes_names_short_names_lists_and_patterns(known, wanted, names):
    assert [one.name for one in variant.select(wanted, known)] == names


def test_all_are_all(known):
    assert [one.name for one in variant.select("all", known)] == sorted(name for name in known if not known[name].inherits)


def test_an_unknown_target_is_told_the_nearest_names_and_all_of_them(known):
    error = refused(variant.select, "x86_64,aarch46", known)
    assert error.where == "target=aarch46" and "did you mean 'aarch64'" in error.what
    assert "arm-linux-gnueabihf" in error.fix and "'all'" in error.fix and "how to add one" in error.fix
    assert "did you mean" not in refused(variant.select, "zzz", known).what


@pytest.mark.parametrize("wanted", [",", " , "])
def test_a_list_of_nothing_names_no_variant(known, wanted):
    assert refused(variant.select, wanted, known).what == "it names no variant"


BOARD = 'inherits = "mips-linux-gnu"\nsummary = "a board"\n[machine]\npredefined = ["__mips_dsp"]\n[flags]\ngcc = ["-march=24kc"]\n'


def board(folder, name, text=BOARD):
    (folder / name).mkdir(parents=True)
    (folder / name / "variant.toml").write_text(text)
    return folder / name


def test_a_board_states_only_what_differs(tmp_path):
    base = write_variant(tmp_path / "all")
    board(tmp_path / "all/boards", "router")
    read = variant.load_all(tmp_path / "all")
    found, parent = read["router"], variant.load(base)
    assert (found.summary, found.short, found.inherits, found.flags.gcc) == ("a board", (), "mips-linux-gnu", ("-march=24kc",))
    assert found.triple == parent.triple == "mips-linux-gnu"
    assert found.machine.predefined == ("__mips_dsp",) and found.machine.bits == parent.machine.bits
    assert (found.libc, found.elf, found.run, found.python, found.toolchain) == (
        parent.libc, parent.elf, parent.run, parent.python, parent.toolchain)


def test_a_board_of_a_board_inherits_from_both(tmp_path):
    write_variant(tmp_path)
    board(tmp_path, "router")
    board(tmp_path, "indoor", 'inherits = "router"\nsummary = "x"\nflash = "16M"\n[libc]\nfloor = "2.28"\n')
    read = variant.load_all(tmp_path)
    found = read["indoor"]
    assert (found.flash, read["router"].flash) == ("16M", "")
    assert found.flags.gcc == ("-march=24kc",) and found.libc.floor == "2.28" and found.libc.name == "glibc"


def test_a_board_and_a_variant_of_one_name_are_refused(tmp_path):
    write_variant(tmp_path)
    board(tmp_path / "boards", "mips-linux-gnu")
    error = refused(variant.load_all, tmp_path)
    assert error.where == f"{tmp_path}/boards/mips-linux-gnu/variant.toml" and f"{tmp_path}/mips-linux-gnu/variant.toml" in error.what


def test_one_s_own_board_inherits_from_the_project_s_variants(tmp_path):
    board(tmp_path, "router", BOARD.replace("mips-linux-gnu", "rpi-zero"))
    read = variant.load_all(tmp_path, inherit.places(PROJECT / "variants"))
    assert list(read) == ["router"] and "-mcpu=arm1176jzf_s" in read["router"].flags.zig


def test_boards_are_chosen_by_name_or_pattern_and_are_no_part_of_all(known):
    assert [one.name for one in variant.select("cortex-*", known)] == ["cortex-a53", "cortex-a7"]
    assert not [one.name for one in variant.select("all", known) if one.inherits] and len(variant.select("all", known)) >= 22


@pytest.mark.parametrize("name, more", [
    ("rpi-zero", ["__ARM_ARCH_7A__", "__ARM_ARCH_PROFILE"]), ("cortex-a7", ["__ARM_ARCH_8A__"]), ("cortex-a53", ["__ARM_FEATURE_ATOMICS"]),
    ("mips24kc", ["__mips_dsp"]), ("rv64gc", ["__riscv_zba"])])
def test_a_compiler_whose_cpu_has_more_than_a_board_s_fits_its_triple_only(known, name, more):
    """Otherwise an SDK is taken, or offered by fit.advice, whose programs end in SIGILL."""
    board = known[name]
    machine, triple = board.machine, known[board.inherits]
    macros = {**dict.fromkeys(machine.predefined, "1"), "__SIZEOF_POINTER__": str(machine.bits // 8), "__BYTE_ORDER__": "__ORDER_LITTLE_ENDIAN__", "_FEATURES_H": "", "__linux__": "1"}
    assert fit.problems(board, macros) == []
    macros |= dict.fromkeys(more, "1")
    assert fit.problems(board, macros) and not fit.problems(triple, macros)


@pytest.mark.parametrize("parents, told", [
    ({"a": "a"}, "inherits: a circle, a -> a"), ({"a": "b", "b": "c", "c": "b"}, "inherits: a circle, a -> b -> c -> b"),
    ({"a": "mips-linux-gmu"}, "no variant is called 'mips-linux-gmu'; did you mean 'mips-linux-gnu'"),
    ({"a": ""}, "no variant is called ''")])
def test_a_board_that_inherits_in_a_circle_or_from_nothing_is_refused(tmp_path, parents, told):
    write_variant(tmp_path)
    for name, parent in parents.items():
        board(tmp_path, name, BOARD.replace("mips-linux-gnu", parent))
    error = refused(variant.load_all, tmp_path)
    assert error.where == str(tmp_path / "a/variant.toml") and told in error.what


def test_a_variant_that_inherits_from_none_has_the_name_of_a_triple(tmp_path):
    error = refused(variant.load, write_variant(tmp_path, "router"))
    assert "the folder's name 'router' is no triple such as 'arm-linux-gnueabihf'" in error.what


def test_what_a_board_gets_wrong_is_told_like_a_variant_s(tmp_path):
    write_variant(tmp_path)
    board(tmp_path, "router", BOARD.replace("summary", "sumary") + "[elf]\nflags = 'x'\n")
    error = refused(variant.load_all, tmp_path)
    assert "sumary: unknown key" in error.what and "elf.flags: 'x' is not an integer" in error.what
    assert "summary: it is missing" in error.what


def test_a_feature_that_is_unhardened_is_one_that_there_is():
    known = variant.load(PROJECT / "variants/aarch64-linux-gnu")
    wrong = replace(known, flags=replace(known.flags, unhardened=("stack-protecter: no TLS", "pie: no MMU", "pie")))
    assert variantlines.unfit(wrong) == [
        "flags.unhardened: 'pie' is not 'FEATURE: REASON'",
        f"flags.unhardened: 'stack-protecter' is not one of {', '.join(variantlines.FEATURES)}; did you mean 'stack-protector' or 'separate-code'?"]

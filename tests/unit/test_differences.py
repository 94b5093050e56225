"""What differs between two answers is found, and only a reason for that very difference explains it."""
import pytest
from samples import PROJECT

from crosspy.configure import differences
from crosspy.configure.differences import Difference
from crosspy.errors import UserError

REASON = {"kind": "pyconfig", "name": "HAVE_X", "ours": "1", "configure": "undefined", "why": "a reason"}
TEXT = """
[configure.always]
ac_cv_x = "no"
[configure.without]
zlib = ["ac_cv_header_zlib_h"]
[[difference]]
kind = "pyconfig"
name = "HAVE_X"
ours = "1"
configure = "undefined"
only = { libc = "musl" }
why = "a reason"
[read]
keys = ["CC", "SOABI"]
[[class]]
name = "way"
why = "how it was made"
keys = ["CONFIG_ARGS"]
"""


def written(folder, text=TEXT):
    (folder / "parity.toml").write_text(text)
    return folder / "parity.toml"


def test_macros_are_told_apart_defined_empty_and_undefined():
    ours = "#define HAVE_X 1\n/* #undef HAVE_Y */\n#define HAVE_Z\n#define NAME \"a b\"\n# define INDENTED 1\n#ifdef HAVE_X\n#endif\n"
    configure = "/* #undef HAVE_X */\n#define HAVE_Y 1\n/* #undef HAVE_Z */\n#define NAME \"a b\"\n# define INDENTED 2\n#define MORE 1\n"
    assert differences.pyconfig(ours, configure) == [
        Difference("pyconfig", "HAVE_X", "1", "undefined"), Difference("pyconfig", "HAVE_Y", "undefined", "1"),
        Difference("pyconfig", "HAVE_Z", "(empty)", "undefined"), Difference("pyconfig", "INDENTED", "1", "2"),
        Difference("pyconfig", "MORE", "undefined", "1")]
    assert differences.pyconfig(ours, ours) == []


def test_modules_differ_by_kind_and_by_the_state_of_absent_ones():
    ours = {"MODBUILT_NAMES": "math array", "MODSHARED_NAMES": "array", "MODULE_MATH_STATE": "yes", "MODULE_ARRAY_STATE": "yes",
            "MODULE_ZLIB_STATE": "missing"}
    configure = {"MODBUILT_NAMES": "math array", "MODSHARED_NAMES": "array math", "MODULE_MATH_STATE": "yes", "MODULE_ARRAY_STATE": "yes",
                 "MODULE_ZLIB_STATE": "disabled"}
    assert differences.modules(ours, configure) == [Difference("module", "ZLIB", "missing", "disabled"),
                                                    Difference("module", "math", "builtin", "shared")]


def test_flags_are_compared_as_sets_with_their_values():
    assert differences.flags(["-I", "./a", "-DX", "-O3"], ["-O3", "-Ia", "-D", "X"]) == []
    assert differences.flags(["-O2", "-g"], ["-O3", "-g"]) == [Difference("flag", "-O2", "yes", "no"),
                                                               Difference("flag", "-O3", "no", "yes")]


def test_a_key_that_programs_read_is_equal_after_mapping_or_a_difference(tmp_path):
    table = differences.load(written(tmp_path))
    ours = {"CC": "arm-gcc", "SOABI": "a", "CONFIG_ARGS": "x", "OTHER": "/src", "HAVE_X": 1, "LATER": "1"}
    configure = {"CC": "/opt/bin/arm-gcc -isystem  /x", "SOABI": "b", "CONFIG_ARGS": "y", "OTHER": "/tmp/b", "HAVE_X": 0, "LATER": "2"}
    places = [("/opt/bin/arm-gcc -isystem /x", "arm-gcc"), ("/opt/bin/arm-gcc -isystem  /x", "arm-gcc"), ("/tmp/b", "/src")]
    found, counts = differences.data(ours, configure, places, table, "#define HAVE_X 1\n")
    assert found == [Difference("sysconfigdata", "LATER", "1", "2"), Difference("sysconfigdata", "SOABI", "a", "b")]
    assert counts == {"read": 2, "way": 1, "equal": 2, "macro": 1}


def test_a_reason_stands_for_one_name_both_values_and_its_targets_only(tmp_path):
    table = differences.load(written(tmp_path))
    this, that = Difference("pyconfig", "HAVE_X", "1", "undefined"), Difference("pyconfig", "HAVE_X", "undefined", "1")
    other, kind = Difference("pyconfig", "HAVE_XY", "1", "undefined"), Difference("flag", "HAVE_X", "1", "undefined")
    told = differences.explain([this, that, other, kind], table, {"libc": "musl"})
    assert [one.why for one in told] == ["a reason", "", "", ""]
    assert differences.explain([this], table, {"libc": "glibc"})[0].why == ""


@pytest.mark.parametrize("old, new, message", [
    ('why = "a reason"', 'why = ""', r"difference 1 \(HAVE_X\): no why"), ('name = "HAVE_X"', 'name = "HAVE_*"', "its name is a pattern"),
    ('kind = "pyconfig"', 'kind = "macro"', "kind is none of pyconfig, module, flag, sysconfigdata"),
    ('ours = "1"', "ours = 1", "ours is no str"), ('ours = "1"', 'our = "1"', "unknown key our"),
    ('ours = "1"\n', "", "no ours"), ('configure = "undefined"\n', "", "no configure"),
    ('why = "how it was made"', 'why = ""', "class way: no reason"),
    ('["CONFIG_ARGS"]', '["CONFIG_*"]', r"class way: CONFIG_\* is a pattern"),
    ('["CONFIG_ARGS"]', '["CC"]', "class way: CC has two classes"),
    ("[read]", "[raed]", "its form is wrong"), ("[read]", "[read", "it is not TOML"),
    ("[configure.always]", "[[new]]\n[configure.always]", "unknown table new")])
def test_a_reason_without_one_name_or_words_is_refused(tmp_path, old, new, message):
    assert old in TEXT
    with pytest.raises(UserError, match=message):
        differences.load(written(tmp_path, TEXT.replace(old, new, 1)))


def test_the_projects_own_table_is_well_formed_and_says_no_more_than_fifteen_things_about_pyconfig_and_modules():
    table = differences.load(PROJECT / "cpython" / "parity.toml")
    assert len([row for row in table.rows if row["kind"] in ("pyconfig", "module")]) <= 15
    assert all(len(row["why"]) > 10 for row in table.rows)


def test_a_word_of_one_compiler_is_left_out_for_its_toolchain_alone(tmp_path):
    table = differences.load(written(tmp_path, TEXT + '[[word]]\nname = "-Wx"\nonly = { toolchain = "zig" }\nwhy = "a reason"\n'))
    assert differences.mapped("-a -Wx -b", differences.left_out(table, {"toolchain": "zig"})) == "-a -b"
    assert differences.left_out(table, {"toolchain": "gcc"}) == []
    with pytest.raises(UserError, match="word -Wx: it has name, only and why"):
        differences.load(written(tmp_path, TEXT + '[[word]]\nname = "-Wx"\nonly = {}\nwhy = "a reason"\n'))

"""The command line: defaults, checks, and the part of a build folder's name that it decides."""
import re

import pytest
from samples import PROJECT, given

from crosspy.cli import commands, options
from crosspy.errors import UserError
from crosspy.variants import variant


def refused(**arguments):
    with pytest.raises(UserError) as caught:
        options.parse(arguments)
    return caught.value


def test_defaults_are_those_of_the_register():
    plain = given()
    assert (plain.python, plain.toolchain, plain.prefix, plain.libpython) == ("3.13", "zig", "/usr", "static")
    assert (plain.optimize, plain.debuginfo, plain.modules, plain.bytecode) == ("speed", "no", "auto", "unchecked")
    assert (plain.tests, plain.verbose, plain.enable, plain.disable) == (False, 0, frozenset(), frozenset())
    assert (plain.build_dir, plain.downloads, plain.target) == ("build", "downloads", "")


def test_values_get_their_types():
    assert given(tests="yes").tests is True
    assert given(verbose="1").verbose == 1
    assert given(disable="ssl, _decimal,,ssl").disable == {"ssl", "_decimal"}


def test_an_unknown_argument_is_told_the_nearest_and_all_of_them():
    error = refused(targt="aarch64")
    assert error.where == "targt=aarch64" and "did you mean 'target'" in error.what
    assert "libpython" in error.fix and "verbose" in error.fix


def test_an_unknown_value_is_told_the_nearest_and_all_of_them():
    error = refused(optimize="sze")
    assert error.where == "optimize=sze" and error.what.startswith("no such value; did you mean 'size'")
    assert error.fix == "use one of speed, size, debug"


@pytest.mark.parametrize("name", sorted(set(options.ARGUMENTS) - {"target"}))
def test_an_empty_value_is_refused(name):
    error = refused(**{name: ""})
    assert error.where == f"{name}="


@pytest.mark.parametrize("value", ["usr", "./usr", "/usr/../etc", "/usr/.", "/", "/usr/local dir", "/$HOME", "/a//b", "/a\n"])
def test_a_prefix_must_be_a_plain_absolute_path(value):
    error = refused(prefix=value)
    assert error.where == f"prefix={value}" and "absolute path" in error.what


def test_plain_prefixes_are_taken():
    assert [given(prefix=path).prefix for path in ("/usr", "/opt/python3.13", "/a/b-c+d")] == ["/usr", "/opt/python3.13", "/a/b-c+d"]


@pytest.mark.parametrize("value", ["foo", "zig:1", "gccc", "GCC", ":gcc"])
def test_an_unknown_toolchain_is_refused(value):
    error = refused(toolchain=value)
    assert error.where == f"toolchain={value}" and "zig, gcc" in error.fix


@pytest.mark.parametrize("value", ["3", "three", "3.13.x", "3.13-rc1"])
def test_a_python_that_is_no_version_is_refused(value):
    assert refused(python=value).where == f"python={value}"


def test_python_takes_series_and_releases():
    assert [given(python=value).python for value in ("3.13", "3.13.15", "3.13.0rc1")] == ["3.13", "3.13.15", "3.13.0rc1"]


def flavour(**arguments):
    return options.flavour(arguments, "3.13.15", "3.13.15")


def test_the_flavour_lists_sorted_what_changes_objects():
    assert flavour(target="arm", verbose="1", build_dir="out", bytecode="none", enable="_json") == ""
    assert flavour(toolchain="gcc", libpython="shared", optimize="speed") == "+libpython-shared+toolchain-gcc"


def test_equal_options_have_one_flavour_and_unequal_ones_have_two():
    assert flavour(disable="_json,_decimal") == flavour(disable=" _decimal , _json ")
    assert flavour(disable="_json,_decimal") != flavour(disable="_json,_lzma")
    assert flavour(prefix="/opt/a") != flavour(prefix="/opt/b")


def test_a_flavour_is_the_name_of_one_folder():
    text = flavour(toolchain="gcc:/opt/x y/bin/arm-", prefix="/opt/py", source="../cpython")
    assert re.fullmatch(r"(\+\w+-\w+)+", text)


def test_a_release_that_is_not_the_newest_names_the_folder_too():
    assert options.flavour({}, "3.13.5", "3.13.15") == "+python-3.13.5"
    assert options.flavour({"source": "tree"}, "3.13.5", "3.13.15").count("python-") == 0


def test_what_decides_a_build_leaves_out_where_it_goes_and_what_is_shown():
    assert options.deciding(given(target="arm", verbose="1", build_dir="out")) == options.deciding(given())
    assert options.deciding(given(disable="b,a"))["disable"] == ["a", "b"]
    for name, value in {"tests": "yes", "bytecode": "none", "enable": "_json", "optimize": "size", "prefix": "/opt"}.items():
        assert options.deciding(given(**{name: value})) != options.deciding(given()), name


def test_help_lists_every_argument_alias_and_variant():
    variants = variant.load_all(PROJECT / "variants")
    text = options.help_text(variants)
    lines = [line.split()[0] for line in text.splitlines() if line.startswith("  ")]
    assert set(options.ARGUMENTS) | set(commands.COMMANDS) | set(variants) <= set(lines)
    assert "(aarch64, arm64)" in text and "speed|size|debug" in text


def test_a_rootfs_that_is_none_is_refused_before_a_build(tmp_path):
    assert refused(rootfs=str(tmp_path / "nothing")).what == "it is no folder"
    assert refused(rootfs=str(tmp_path)).what.startswith("it has no lib")
    (tmp_path / "usr/lib").mkdir(parents=True)
    assert given(rootfs=str(tmp_path)).rootfs == str(tmp_path)

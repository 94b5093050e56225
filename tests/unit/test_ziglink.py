"""The linker's words out of what zig's driver tells."""
import pytest

from crosspy.errors import UserError
from crosspy.toolchains import ziglink

TOLD = """ar rcs /a b/cache/o/1/libc.a /a b/cache/o/2/x.o
ld.lld -r -o /a b/cache/o/3/crt1.o /a b/cache/o/4/crt1.o
ld.lld --entry _start -s -pie -o stub /a b/cache/o/3/rcrt1.o stub.o --as-needed /a b/cache/o/1/libc.a
"""


def test_a_command_is_parted_into_words_output_and_objects():
    command = ["--pack", "zig", "cc", "-target", "x", "-o", "out", "a.o", "lib/b.a", "-lm"]
    assert ziglink.parted(command) == (["--pack", "zig", "cc", "-target", "x", "-lm"], "out", ["a.o", "lib/b.a"])


@pytest.mark.parametrize("command", [["zig", "cc", "a.o"], ["zig", "cc", "-o", "out"], ["zig", "cc", "a.o", "-o"]])
def test_a_command_without_output_or_objects_is_refused(command):
    with pytest.raises(UserError, match="names no output or no object"):
        ziglink.parted(command)


def test_the_words_of_the_last_call_are_taken_also_with_a_space_in_the_cache_s_path():
    assert ziglink.linker_words(TOLD, "/a b/cache") == [
        "--entry", "_start", "-s", "-pie", "-o", "stub", "/a b/cache/o/3/rcrt1.o", "stub.o", "--as-needed", "/a b/cache/o/1/libc.a"]


def test_the_scratch_folder_may_have_a_space_too():
    told = TOLD.replace(" stub ", " /my tmp/z/stub ").replace(" stub.o ", " /my tmp/z/stub.o ")
    assert ziglink.linker_words(told, "/a b/cache", "/my tmp/z")[4:8] == ["-o", "/my tmp/z/stub", "/a b/cache/o/3/rcrt1.o", "/my tmp/z/stub.o"]


def test_a_driver_that_tells_nothing_is_named():
    with pytest.raises(UserError, match="shows no call of its linker"):
        ziglink.linker_words("nothing", "/cache")

"""Which members of static libraries a link takes."""
import pytest

from crosspy.elf.elf import ElfError
from crosspy.elf.symbols import Image
from crosspy.sizing import members
from crosspy.sizing.placing import Object
from crosspy.sizing.sizes import CORE, LIBRARY
from tiny_elf import ar
from tiny_link import AX, GLOBAL, NOTYPE, WEAK, Name, Part, make

LIBZ = (LIBRARY, "zlib")


def one(*defines, needs=(), weakly=()):
    """An object that defines functions and needs others."""
    names = [Name(name, 8 * number, 8, bind=GLOBAL) for number, name in enumerate(defines)]
    names += [Name(name, part="", kind=NOTYPE, bind=bind) for bind, group in ((GLOBAL, needs), (WEAK, weakly)) for name in group]
    return make([Part(".text", bytes(64), AX)], names)


def taken(tmp_path, content, *objects):
    (tmp_path / "libz.a").write_bytes(ar(content))
    path = str(tmp_path / "libz.a")
    found = members.taken([Object((CORE, "a"), Image(data)) for data in objects], [path], {path: LIBZ})
    assert all(one.owner == LIBZ for one in found.values())
    return [name.removeprefix(path) for name in found]


def test_what_is_missing_is_taken_and_what_that_misses_in_turn(tmp_path):
    content = {"crc.o": one("crc"), "deflate.o": one("deflate", needs=["trees"]), "trees.o": one("trees"), "gz.o": one("gzopen", needs=["crc"])}
    assert taken(tmp_path, content, one("main", needs=["deflate", "malloc"])) == ["(deflate.o)", "(trees.o)"]


def test_what_an_object_of_ours_defines_or_only_a_weak_reference_names_is_not_taken(tmp_path):
    content = {"crc.o": one("crc"), "weak.o": one("maybe")}
    assert taken(tmp_path, content, one("main", needs=["crc"], weakly=["maybe"]), one("crc")) == []


def test_the_first_member_that_defines_a_symbol_is_the_one(tmp_path):
    assert taken(tmp_path, {"a.o": one("f"), "b.o": one("f")}, one("main", needs=["f"])) == ["(a.o)"]


def test_a_damaged_archive_is_told(tmp_path):
    (tmp_path / "libz.a").write_bytes(b"!<arch>\nnonsense")
    with pytest.raises(ElfError):
        members.taken([], [str(tmp_path / "libz.a")], {str(tmp_path / "libz.a"): LIBZ})

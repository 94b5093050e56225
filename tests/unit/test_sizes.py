"""Every byte of a file has an owner, and their sum is the file's size: also where tables overlap, lie or are damaged."""
import random
import struct

import pytest
from crosspy.elf.elf import ElfError
from crosspy.elf.symbols import Image
from crosspy.sizing import annexes, placing, sizes
from crosspy.sizing.placing import Object
from tiny_link import A, AMS, AX, EM_ARM, FILE, FUNC, GLOBAL, NOBITS, OBJECT, RELA, WA, Name, Part, make

CORE, EXTENSION, LIBC = sizes.CORE, sizes.EXTENSION, sizes.LIBC
TEXT, RODATA, DATA = 0x1000, 0x2000, 0x3000
STRINGS = b"alpha\0beta\0printf\0"
RELOCATED = (DATA, DATA + 8, TEXT)
# A linked file: two objects that are both called a.c, and something of libc behind them.
PARTS = [Part(".text", b"\xc3" * 40 + b"\x90" * 8 + b"\xcc" * 16, AX, TEXT), Part(".rodata", STRINGS + b"t" * 14, AMS, RODATA),
         Part(".data", b"d" * 16, WA, DATA),
         Part(".rela.dyn", b"".join(struct.pack("<QQq", where, 8, 0) for where in RELOCATED), A, 0x4000, RELA),
         Part(".bss", flags=WA, addr=0x5000, kind=NOBITS, size=4096), Part(".comment", b"zig", 0)]
NAMES = [Name("a.c", kind=FILE), Name("same", TEXT, 16), Name("a.c", kind=FILE), Name("same", TEXT + 24, 8),
         Name("table", RODATA + len(STRINGS), 10, ".rodata", OBJECT), Name("libc.c", kind=FILE), Name("hidden", TEXT + 48, 8),
         Name("run", TEXT + 32, 8, bind=GLOBAL), Name("here", DATA, 8, ".data", OBJECT, GLOBAL),
         Name("there", DATA + 8, 8, ".data", OBJECT, GLOBAL), Name("write", TEXT + 56, 8, bind=GLOBAL)]


def objects(**words):
    first = make([Part(".text", bytes(24), AX), Part(".rodata.str1.1", b"alpha\0", AMS, entsize=1), Part(".data", bytes(8), WA)],
                 [Name("a.c", kind=FILE), Name("same", 0, 16), Name("here", 0, 8, ".data", OBJECT, GLOBAL)], **words)
    second = make([Part(".text", bytes(16), AX), Part(".rodata", bytes(14)), Part(".rodata.str1.1", b"beta\0alpha\0", AMS, entsize=1),
                   Part(".data", bytes(8), WA)],
                  [Name("a.c", kind=FILE), Name("same", 0, 8), Name("table", 0, 10, ".rodata", OBJECT), Name("run", 8, 8, bind=GLOBAL),
                   Name("there", 0, 8, ".data", OBJECT, GLOBAL)], **words)
    return [Object((CORE, "Objects/a"), Image(first)), Object((EXTENSION, "_a"), Image(second))]


def linked(symbols, **words):
    return make(PARTS, NAMES, type=3, symbols=symbols, **words)


def measure(frozen=None, rest=None, **words):
    data = linked(False, **words)
    found = sizes.measure(data, placing.by_symbols(Image(linked(True, **words)), objects(**words)), sizes.Names(frozen or {}, rest))
    assert sum(found.values()) == len(data)
    return found


def test_symbols_of_one_name_go_to_their_own_objects():
    found = measure()
    assert found[CORE, "Objects/a", ".text", "same"] == 16
    assert found[EXTENSION, "_a", ".text", "same"] == 8
    assert found[EXTENSION, "_a", ".text", "run"] == 8


def test_bytes_without_a_name_belong_to_the_object_in_whose_section_they_lie():
    found = measure()
    assert found[CORE, "Objects/a", ".text", ""] == 8
    assert found[EXTENSION, "_a", ".rodata", ""] == 4


def test_literals_go_to_the_first_object_that_has_them_and_unknown_ones_to_libc():
    found = measure()
    assert found[CORE, "Objects/a", ".rodata", "literals"] == len("alpha\0")
    assert found[EXTENSION, "_a", ".rodata", "literals"] == len("beta\0")
    assert found[LIBC, "libc", ".rodata", "literals"] == len("printf\0")


def test_what_no_object_of_ours_defines_is_libc():
    found = measure()
    assert found[LIBC, "libc", ".text", "hidden"] == found[LIBC, "libc", ".text", "write"] == 8
    assert found[*sizes.PADDING, ".text", ""] == 8


def test_a_relocation_belongs_to_what_it_relocates():
    found = measure()
    assert found[CORE, "Objects/a", ".rela.dyn", "relocations"] == 2 * 24
    assert found[EXTENSION, "_a", ".rela.dyn", "relocations"] == 24


def test_frozen_code_is_a_python_module():
    found = measure(frozen={"table": "json.decoder"})
    assert found[sizes.PYTHON, "json", "json.decoder", "frozen code"] == 10


def test_a_shared_module_owns_what_is_nobodys():
    found = measure(rest=(EXTENSION, "_a"))
    assert {kind for kind, *_ in found} == {CORE, EXTENSION}


def test_a_file_that_nothing_is_known_of_is_told_by_sections():
    data = linked(False)
    found = sizes.measure(data, None, sizes.Names({}))
    assert sum(found.values()) == len(data)
    assert found[*sizes.LINKER, ".text", ""] == 64


@pytest.mark.parametrize("words", [{"bits": 64, "data": "big"}, {"bits": 32, "data": "little"}, {"bits": 32, "data": "big"}],
                         ids=lambda words: f"{words['bits']}-{words['data']}")
def test_each_class_and_byte_order(words):
    found = measure(**words)
    assert found[EXTENSION, "_a", ".text", "same"] == 8


def test_thumb_functions_lie_at_even_addresses():
    names = [one._replace(value=one.value | 1) if one.kind == FUNC else one for one in NAMES]
    image = Image(make(PARTS, [*names, Name("$t", TEXT, kind=0)], bits=32, machine=EM_ARM, type=3))
    assert {one.value for one in image.symbols if one.name == "run"} == {TEXT + 32}
    assert "$t" not in {one.name for one in image.symbols}


def test_a_symbol_without_a_size_reaches_to_the_next_one():
    names = [one._replace(size=0) if one.name == "hidden" else one for one in NAMES]
    layout = placing.by_symbols(Image(make(PARTS, names, type=3)), objects())
    assert sizes.measure(linked(False), layout, sizes.Names({}))[LIBC, "libc", ".text", "hidden"] == 8


def test_another_link_is_refused():
    other = [part._replace(addr=0x2008) if part.name == ".rodata" else part for part in PARTS]
    with pytest.raises(ElfError, match="section .rodata at 0x2000 is not that of the unstripped link"):
        placing.check_same(Image(linked(False)), Image(make(other, NAMES, type=3)))
    with pytest.raises(ElfError, match="has 5 sections in memory, the unstripped link has 4"):
        placing.check_same(Image(linked(False)), Image(make(PARTS[:4] + PARTS[5:], NAMES, type=3)))


def test_tiles_cover_a_range_without_gap_and_overlap():
    dice = random.Random(5)
    for _ in range(500):
        pieces = sorted((at, at + dice.randrange(-3, 30), at) for at in (dice.randrange(-20, 130) for _ in range(dice.randrange(12))))
        tiles = list(sizes.tile(0, 100, pieces))
        assert [first for first, *_ in tiles] + [100] == [0] + [last for _, last, _ in tiles]
        assert all(first < last for first, last, _ in tiles)
        for first, last, label in tiles:
            assert label is None or any(start <= first and last <= end for start, end, name in pieces if name == label)


def test_the_sum_holds_for_damaged_files_or_they_are_refused():
    """Each byte that is changed may move a section, a symbol or a table: none may be counted twice or lost."""
    stripped, unstripped, dice = linked(False), linked(True), random.Random(7)
    kept = refused = 0
    for number in range(1500):
        data, link = bytearray(stripped), bytearray(unstripped)
        for victim in (data, link) if number % 3 == 0 else (link,) if number % 3 == 1 else (data,):
            for _ in range(dice.randrange(1, 4)):
                # The last bytes are the section headers: most changes go there.
                at = dice.randrange(len(victim) - 640, len(victim)) if dice.random() < 0.7 else dice.randrange(len(victim))
                victim[at] = dice.choice((0, 1, 8, 0x7F, 0xFF, dice.randrange(256)))
        try:
            layout = placing.by_symbols(Image(bytes(link)), objects())
            found = sizes.measure(bytes(data), layout, sizes.Names({}))
        except ElfError:
            refused += 1
            continue
        kept += 1
        assert sum(found.values()) == len(data)
        assert min(found.values()) > 0
    assert kept > 200 and refused > 200


@pytest.mark.parametrize("words, first, second, nobody", [((DATA, 0b11, 0b1), 8, 8, 8), ((DATA + 8, 0b101), 0, 8, 8)])
def test_packed_relocations_belong_to_what_they_relocate(words, first, second, nobody):
    """An address, then bitmaps of the words behind it; one that is empty, or about what is not there, is nobody's."""
    content = struct.pack(f"<{len(words)}Q", *words)
    parts = [Part(".relr.dyn", content, A, 0x4000, 19) if part.name == ".rela.dyn" else part for part in PARTS]
    layout = placing.by_symbols(Image(make(parts, NAMES, type=3)), objects())
    found = sizes.measure(make(parts, type=3, symbols=False), layout, sizes.Names({}))
    told = [found[CORE, "Objects/a", ".relr.dyn", "relocations"], found[EXTENSION, "_a", ".relr.dyn", "relocations"],
            found[*annexes.TABLES, ".relr.dyn", "relocations"]]
    assert told == [first, second, nobody]

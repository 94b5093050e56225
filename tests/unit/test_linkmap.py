"""The map that LLD prints, as zig's linker gives it."""
import pytest
from crosspy.elf.elf import ElfError
from crosspy.sizing import linkmap, sizes
from test_sizes import CORE, DATA, EXTENSION, LIBC, PARTS, RODATA, TEXT, linked, objects
from tiny_link import make

NAMES = ["Objects/a.o", "Modules/a.o"]
ROWS = [(TEXT, 64, 0, ".text"), (TEXT, 24, 8, "/w/build/x/obj/Objects/a.o:(.text)"), (TEXT, 16, 16, "same"), (TEXT, 0, 16, "$x"),
        (TEXT + 24, 16, 8, "/w/build/x/obj/Modules/a.o:(.text)"), (TEXT + 24, 8, 16, "same"), (TEXT + 32, 8, 16, "run"),
        (TEXT + 48, 16, 8, "/cache/o/1/libc.a(cache/o/2/write.o):(.text)"), (TEXT + 48, 16, 16, "write"),
        (RODATA, 32, 0, ".rodata"), (RODATA, 18, 8, "<internal>:(.rodata.str1.1)"),
        (RODATA + 18, 14, 8, "/w/build/x/obj/Modules/a.o:(.rodata)"), (RODATA + 18, 10, 16, "table"),
        (DATA, 16, 0, ".data"), (DATA, 8, 8, "/w/build/x/obj/Objects/a.o:(.data)"), (DATA + 8, 8, 8, "/cache/crt1.o:(.data)")]


def text(rows=tuple(ROWS)):
    head = "             VMA              LMA     Size Align Out     In      Symbol\n"
    return head + "".join(f"{at:16x} {at:16x} {size:8x}     1 {' ' * depth}{name}\n" for at, size, depth, name in rows)


def measure(rows=tuple(ROWS), folder="/w/build/x/obj"):
    layout = linkmap.read(text(rows), folder, NAMES, objects(), LIBC)
    return sizes.measure(linked(False), layout, sizes.Names({}))


def test_sections_and_symbols_go_to_their_objects():
    found = measure()
    assert found[CORE, "Objects/a", ".text", "same"] == 16 and found[CORE, "Objects/a", ".text", ""] == 8
    assert found[EXTENSION, "_a", ".text", "same"] == 8 and found[EXTENSION, "_a", ".rodata", "table"] == 10
    assert sum(found.values()) == len(linked(False))


def test_what_comes_from_elsewhere_is_named_by_its_archive_or_object():
    found = measure()
    assert found[LIBC, "libc.a", ".text", "write"] == 16
    assert found[LIBC, "crt1.o", ".data", ""] == 8
    assert found[LIBC, "crt1.o", ".rela.dyn", "relocations"] == 24


def test_members_of_known_archives_are_objects_and_those_of_others_are_not():
    layout = linkmap.read(text(), "/w/build/x/obj", [*NAMES, "/cache/o/1/libc.a(cache/o/2/write.o)"], [*objects(), objects()[0]], LIBC)
    assert sizes.measure(linked(False), layout, sizes.Names({}))[CORE, "Objects/a", ".text", "write"] == 16


def test_merged_literals_are_looked_up():
    found = measure()
    assert found[CORE, "Objects/a", ".rodata", "literals"] == len("alpha\0")
    assert found[LIBC, "libc", ".rodata", "literals"] == len("printf\0")


def test_the_folder_of_another_build_is_not_ours():
    assert measure(folder="/w/build/y/obj")[LIBC, "a.o", ".text", "same"] == 24


def test_a_text_that_is_no_map_is_refused():
    with pytest.raises(ElfError, match="no map of LLD"):
        linkmap.read("Archive member included to satisfy reference by file (symbol)", "", [], [], LIBC)
    with pytest.raises(ElfError, match="another form"):
        linkmap.read(text() + "warning: something\n", "", [], [], LIBC)


def test_symbols_and_map_agree():
    """Two ways that know nothing of each other: the map of a link, and its symbols held against those of its objects."""
    from crosspy.elf.symbols import Image
    from crosspy.sizing import placing
    from test_sizes import NAMES as SYMBOLS
    told = sizes.measure(linked(False), placing.by_symbols(Image(make(PARTS, SYMBOLS, type=3)), objects()), sizes.Names({}))
    for leaf in [(CORE, "Objects/a", ".text", "same"), (EXTENSION, "_a", ".text", "run"), (EXTENSION, "_a", ".rodata", "table")]:
        assert told[leaf] == measure()[leaf] > 0

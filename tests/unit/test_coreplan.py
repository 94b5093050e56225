"""What the core consists of: units with their flags, built-in modules, shared ones with their bundled libraries."""
import os

from crosspy.upstream import coreplan, upstream
from crosspy.upstream.modules import Module

MAKEFILE = """\
LIBRARY_OBJS= Modules/getbuildinfo.o Modules/config.o Python/frozen.o Python/asm_trampoline.o Objects/abstract.o
LIBEXPAT_A= Modules/expat/libexpat.a
LIBEXPAT_OBJS= Modules/expat/xmlparse.o
FROZEN_FILES_OUT= Python/frozen_modules/abc.h
Modules/getbuildinfo.o: $(srcdir)/Modules/getbuildinfo.c
	$(CC) -c $(PY_CORE_CFLAGS) -DV=$(VERSION) -o $@ $(srcdir)/Modules/getbuildinfo.c
Python/frozen.o: $(FROZEN_FILES_OUT)
Modules/expat/xmlparse.o: $(srcdir)/Modules/expat/xmlparse.c
	$(CC) -c $(LIBEXPAT_CFLAGS) -o $@ $(srcdir)/Modules/expat/xmlparse.c
$(LIBEXPAT_A): $(LIBEXPAT_OBJS)
	-rm -f $@
"""
VALUES = {"VERSION": "3.13", "PERF_TRAMPOLINE_OBJ": "Python/asm_trampoline.o", "LIBEXPAT_CFLAGS": "-DXML"}
EXPAT = ("Modules/expat/libexpat.a",)
MODULES = [Module("atexit", "builtin", sources=("Modules/atexitmodule.c",), libs=("-lm",)),
           Module("pyexpat", "shared", sources=("Modules/pyexpat.c",), cflags=("-DA", "-DB"), archives=EXPAT),
           Module("_elementtree", "shared", sources=("Modules/_elementtree.c",), libs=("-lm",), archives=EXPAT),
           Module("_ssl", "absent", "needs OpenSSL")]


def plan(modules=MODULES):
    return coreplan.CorePlan(upstream.Makefile(MAKEFILE, VALUES), modules, "-DDATE=x")


def test_each_unit_of_the_core_has_its_source_and_what_its_rule_adds():
    units = {unit.object: unit for unit in plan().core("LIBRARY_OBJS")}
    assert units["Modules/getbuildinfo.o"].extra == "-DV=3.13 -DDATE=x"
    assert units["Modules/config.o"].source == "generated/config.c"
    assert units["Python/asm_trampoline.o"].source == "Python/asm_trampoline.S"
    assert units["Objects/abstract.o"] == coreplan.Unit("Objects/abstract.o", "Objects/abstract.c", "core")


def test_who_includes_frozen_headers_is_read_from_the_rules():
    assert [unit.object for unit in plan().core("LIBRARY_OBJS") if unit.frozen] == ["Python/frozen.o"]


def test_built_in_modules_bring_their_libraries_into_the_core():
    assert [(unit.object, unit.role) for unit in plan().builtin()] == [("Modules/atexitmodule.o", "builtin")]
    assert plan().libs() == ("-lm",)


def test_shared_modules_share_the_objects_of_a_bundled_library():
    units, extensions = plan().shared()
    assert [unit.object for unit in units] == ["Modules/pyexpat.o", "Modules/expat/xmlparse.o", "Modules/_elementtree.o"]
    assert units[0].extra == "-DA -DB" and units[1].extra == "-DXML"
    assert [(one.name, one.objects[-1], one.libs) for one in extensions] == [
        ("pyexpat", "Modules/expat/xmlparse.o", ()), ("_elementtree", "Modules/expat/xmlparse.o", ("-lm",))]


def test_no_object_is_listed_twice_when_two_built_in_modules_share_a_library():
    built_in = [Module(one.name, "builtin", sources=one.sources, archives=one.archives) for one in MODULES[:3]]
    objects = [unit.object for unit in plan(built_in).builtin()]
    assert len(objects) == len(set(objects)) == 4


def test_rows_are_plain_dictionaries():
    assert coreplan.rows(plan().builtin()) == [{"object": "Modules/atexitmodule.o", "source": "Modules/atexitmodule.c",
                                               "role": "builtin", "extra": "", "frozen": False, "libraries": ()}]


def test_the_date_of_a_release_is_that_of_its_patchlevel(tmp_path):
    (tmp_path / "Include").mkdir()
    (tmp_path / "Include/patchlevel.h").touch()
    os.utime(tmp_path / "Include/patchlevel.h", (5, 1700000000))
    assert coreplan.release_epoch(tmp_path) == 1700000000

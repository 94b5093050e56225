"""What a Makefile.pre.in and Setup files say about their own build."""
import pytest

from crosspy.errors import UserError
from crosspy.upstream import upstream

MAKEFILE = """\
PYTHON_OBJS=\\
		Python/_warnings.o \\
		$(PLATFORM_OBJS) Python/@DYNLOADFILE@
LIBRARY_OBJS= $(PYTHON_OBJS) Modules/main.o Python/_warnings.o # comment
LIBEXPAT_A= Modules/expat/libexpat.a
LIBEXPAT_OBJS= Modules/expat/xmlparse.o Modules/expat/xmlrole.o
Modules/getbuildinfo.o: $(PARSER_OBJS) \\
		$(srcdir)/Modules/getbuildinfo.c
	$(CC) -c $(PY_CORE_CFLAGS) \\
	      -DGITVERSION="\\"`LC_ALL=C $(GITVERSION)`\\"" \\
	      -DX=$(VERSION) -o $@ $(srcdir)/Modules/getbuildinfo.c
Programs/python.o: $(srcdir)/Programs/python.c
	$(CC) -c $(PY_CORE_CFLAGS) -o $@ $(srcdir)/Programs/python.c
Other/thing.o: Other/thing.c
	@echo no compile
$(LIBEXPAT_A): $(LIBEXPAT_OBJS)
	-rm -f $@
Python/frozen_modules/zipimport.h: Lib/zipimport.py $(FREEZE_MODULE_BOOTSTRAP_DEPS)
	$(FREEZE_MODULE_BOOTSTRAP) zipimport $(srcdir)/Lib/zipimport.py Python/frozen_modules/zipimport.h
Python/frozen_modules/abc.h: Lib/abc.py $(FREEZE_MODULE_DEPS)
	$(FREEZE_MODULE) abc $(srcdir)/Lib/abc.py Python/frozen_modules/abc.h
"""
VALUES = {"PLATFORM_OBJS": "", "DYNLOADFILE": "dynload_shlib.o", "VERSION": "3.13"}


def makefile(text=MAKEFILE, **values):
    return upstream.Makefile(text, {**VALUES, **values})


def test_an_object_list_is_expanded_in_its_order_without_repetitions():
    assert makefile().objects("LIBRARY_OBJS") == ["Python/_warnings.o", "Python/dynload_shlib.o", "Modules/main.o"]
    assert "Python/asm.o" in makefile(PLATFORM_OBJS="Python/asm.o").objects("PYTHON_OBJS")


def test_a_value_given_wins_and_may_itself_refer_to_variables():
    assert makefile(LIBEXPAT_A="x.a").expand("$(LIBEXPAT_A) ${VERSION} $$HOME") == "x.a 3.13 $HOME"
    assert makefile(LIBS="$(VERSION).so").expand("@LIBS@") == "3.13.so"


@pytest.mark.parametrize("text", ["$(NOBODY)", "@NOBODY@", "${NOBODY}"])
def test_a_reference_that_nothing_knows_is_refused_never_empty(text):
    with pytest.raises(UserError) as caught:
        makefile().expand(f"a {text}")
    assert caught.value.what == f"{text} has no known value" and "flags.py" in caught.value.fix


def test_a_configure_substitution_is_not_answered_by_a_make_variable_of_that_name():
    with pytest.raises(UserError):
        makefile().expand("@LIBEXPAT_A@")


def test_objects_with_a_recipe_of_their_own_have_their_flags_and_git_words_are_empty():
    rules = makefile().rules()
    assert set(rules) == {"Modules/getbuildinfo.o", "Programs/python.o"}
    assert rules["Programs/python.o"] == upstream.Rule("PY_CORE_CFLAGS")
    assert rules["Modules/getbuildinfo.o"].extra == ('-DGITVERSION="\\"\\""', "-DX=$(VERSION)")


def test_bundled_libraries_are_listed_with_their_objects():
    assert makefile().archives() == {"Modules/expat/libexpat.a": ["Modules/expat/xmlparse.o", "Modules/expat/xmlrole.o"]}


def test_frozen_modules_are_early_where_the_bootstrap_freezer_makes_them():
    assert [(one.name, one.early) for one in makefile().frozen()] == [("zipimport", True), ("abc", False)]
    assert makefile().frozen()[1].header == "Python/frozen_modules/abc.h"


def test_a_makefile_without_freeze_rules_is_of_another_series():
    with pytest.raises(UserError, match="no FREEZE_MODULE rules"):
        makefile("A=1\n").frozen()


SETUP = """\
# a comment
*@MODULE_BUILDTYPE@*
@MODULE__JSON_TRUE@_json _json.c
@MODULE_PYEXPAT_TRUE@pyexpat pyexpat.c -I$(srcdir)/Modules/expat \\
    @LIBEXPAT_INTERNAL@ $(LIBEXPAT_A) # here too
NAME = value
*shared*
@MODULE_XXLIMITED_TRUE@xxlimited xxlimited.c
*static*
atexit atexitmodule.c
"""


def test_setup_lines_have_kind_sources_flags_and_condition():
    lines = {line.name: line for line in upstream.setup_lines(SETUP, "static")}
    assert list(lines) == ["_json", "pyexpat", "xxlimited", "atexit"]
    assert lines["_json"].condition == "MODULE__JSON" and lines["atexit"].condition == ""
    assert lines["pyexpat"].sources == ("pyexpat.c",)
    assert lines["pyexpat"].flags == ("-I$(srcdir)/Modules/expat", "$(LIBEXPAT_A)")
    assert [line.kind for line in lines.values()] == ["static", "static", "shared", "static"]


def test_the_build_type_decides_only_where_the_file_leaves_it_open():
    assert [line.kind for line in upstream.setup_lines(SETUP, "shared")] == ["shared", "shared", "shared", "static"]


def test_a_file_that_is_not_there_means_an_incomplete_tree(tmp_path):
    with pytest.raises(UserError) as caught:
        upstream.read(tmp_path, "configure.ac")
    assert caught.value.where == str(tmp_path / "configure.ac") and "complete CPython source tree" in caught.value.fix

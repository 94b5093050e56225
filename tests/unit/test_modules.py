"""The plan of extension modules, from a tiny tree with one module of each kind."""
import json

import pytest
from samples import PROJECT

from crosspy.deps import library
from crosspy.errors import UserError
from crosspy.upstream import modules

CONFIGURE = """\
PY_STDLIB_MOD_SIMPLE([_json])
PY_STDLIB_MOD([_decimal], [], [test "$have_mpdec" = "yes"], [$LIBMPDEC_CFLAGS], [-lm $LIBMPDEC_LIBS])
PY_STDLIB_MOD([_ssl], [], [test "$have_ssl" = yes])
PY_STDLIB_MOD([fcntl], [], [test "$have_fcntl" = yes])
PY_STDLIB_MOD([_testbuffer], [test "$TEST_MODULES" = yes])
PY_STDLIB_MOD([xxlimited], [test "$TEST_MODULES" = yes])
PY_STDLIB_MOD([_scproxy], [test "$system" = Darwin])
"""
SETUP = """\
*@MODULE_BUILDTYPE@*
@MODULE__JSON_TRUE@_json _json.c
@MODULE__DECIMAL_TRUE@_decimal _decimal/_decimal.c $(LIBMPDEC_A)
@MODULE__SSL_TRUE@_ssl _ssl.c
@MODULE_FCNTL_TRUE@fcntl fcntlmodule.c
@MODULE__TESTBUFFER_TRUE@_testbuffer _testbuffer.c
@MODULE__SCPROXY_TRUE@_scproxy _scproxy.c
*shared*
@MODULE_XXLIMITED_TRUE@xxlimited xxlimited.c
"""
VARIABLES = {"have_mpdec": "yes", "have_ssl": "no", "have_fcntl": "yes", "system": "Linux",
             "LIBMPDEC_CFLAGS": r"-I\$(srcdir)/Modules/_decimal/libmpdec -DANSI=1", "LIBMPDEC_LIBS": ""}


@pytest.fixture
def tree(tmp_path):
    (tmp_path / "Modules").mkdir()
    for name, text in {"configure.ac": CONFIGURE, "Modules/Setup.stdlib.in": SETUP,
                       "Modules/Setup.bootstrap.in": "*static*\natexit atexitmodule.c\n",
                       "Makefile.pre.in": "LIBMPDEC_A= Modules/_decimal/libmpdec/libmpdec.a\n"}.items():
        (tmp_path / name).write_text(text)
    return tmp_path


def plan(tree, default="shared", variables=VARIABLES, **request):
    request = {name: frozenset(value) if isinstance(value, set) else value for name, value in request.items()}
    return {module.name: module for module in modules.plan(tree, PROJECT / "cpython", variables, default,
                                                           modules.Request(**{"modules": "auto", **request}))}


def refused(*arguments, **request):
    with pytest.raises(UserError) as caught:
        plan(*arguments, **request)
    return caught.value


def kinds(found):
    return {name: module.kind for name, module in found.items() if module.kind != "absent"}


def test_what_needs_no_library_is_built_as_the_variant_says(tree):
    assert kinds(plan(tree)) == {"atexit": "builtin", "_json": "shared", "_decimal": "shared", "fcntl": "shared"}
    assert set(kinds(plan(tree, "builtin")).values()) == {"builtin"}


def test_modules_overrides_the_variant(tree):
    assert kinds(plan(tree, "builtin", modules="shared"))["_json"] == "shared"
    assert kinds(plan(tree, "shared", modules="builtin"))["_json"] == "builtin"


def test_each_absent_module_says_why(tree):
    reasons = {name: module.reason for name, module in plan(tree, variables={**VARIABLES, "have_fcntl": "no"}).items()
               if module.kind == "absent"}
    assert reasons == {
        "_ssl": "needs openssl, which is not part of this build", "fcntl": 'the target lacks it (test "$have_fcntl" = yes)',
        "_testbuffer": "a test module; tests=yes builds it", "xxlimited": "a test module; tests=yes builds it",
        "_scproxy": "not a module for Linux"}


def test_test_modules_come_with_tests_yes_but_a_static_build_has_no_shared_ones(tree):
    assert kinds(plan(tree, tests=True))["xxlimited"] == "shared"
    static = plan(tree, "builtin", tests=True)
    assert static["_testbuffer"].kind == "builtin" and "must be a shared library" in static["xxlimited"].reason


def test_a_module_has_its_sources_flags_and_bundled_library(tree):
    decimal = plan(tree)["_decimal"]
    assert decimal.sources == ("Modules/_decimal/_decimal.c",) and decimal.libs == ("-lm",)
    assert decimal.cflags == (f"-I{tree}/Modules/_decimal/libmpdec", "-DANSI=1")
    assert decimal.archives == ("Modules/_decimal/libmpdec/libmpdec.a",)


@pytest.mark.parametrize("name", ["_json", "json"])
def test_disable_takes_modules_and_packages(tree, name):
    json_ = plan(tree, disable={name})["_json"]
    assert (json_.kind, json_.reason) == ("absent", "disabled by disable=_json")


def test_a_module_that_the_interpreter_starts_with_cannot_be_disabled(tree):
    error = refused(tree, disable={"atexit"})
    assert error.where == "disable=atexit" and "does not start without" in error.what


@pytest.mark.parametrize("option", ["enable", "disable"])
def test_a_name_that_is_no_module_is_told_the_nearest(tree, option):
    error = refused(tree, **{option: {"_jsn"}})
    assert error.where == f"{option}=_jsn" and "did you mean '_json'" in error.what


@pytest.mark.parametrize("name", ["_ssl", "ssl"])
def test_what_is_asked_for_and_cannot_be_had_ends_the_build(tree, name):
    error = refused(tree, enable={name})
    assert error.where == "enable=_ssl" and "needs openssl" in error.what


def test_what_is_asked_for_and_there_changes_nothing(tree):
    assert plan(tree, enable={"json", "_decimal"}) == plan(tree)


@pytest.mark.parametrize("enable, disable", [("_json", "_json"), ("json", "json"), ("json", "_json"), ("_json", "json")])
def test_enable_and_disable_of_one_module_contradict(tree, enable, disable):
    error = refused(tree, enable={enable}, disable={disable})
    assert error.where == f"disable={disable}" and f"enable={enable} asks for _json" in error.what


def test_a_module_that_configure_does_not_classify_is_refused(tree):
    (tree / "Modules/Setup.stdlib.in").write_text(SETUP + "@MODULE_NEW_TRUE@new new.c\n")
    error = refused(tree)
    assert error.where == "Setup.stdlib.in: new" and "no PY_STDLIB_MOD call" in error.what


def test_a_variable_that_nothing_answers_is_refused_with_the_line(tree):
    error = refused(tree, variables={name: value for name, value in VARIABLES.items() if name != "have_ssl"})
    assert error.where == "configure.ac:3" and "$have_ssl" in error.what


def test_an_incomplete_tree_is_refused(tree):
    (tree / "configure.ac").unlink()
    assert "complete CPython source tree" in refused(tree).fix


def test_the_plan_in_json_has_no_empty_words(tree):
    rows = {row["name"]: row for row in json.loads(json.dumps(modules.to_json(list(plan(tree).values()))))}
    assert rows["atexit"] == {"name": "atexit", "kind": "builtin", "sources": ["Modules/atexitmodule.c"]}
    assert set(rows["_ssl"]) == {"name", "kind", "reason", "state"}


def test_modules_on_one_state_of_a_static_library_are_built_in():
    found = [modules.Module(name, "shared") for name in ("_curses", "_curses_panel", "readline")]

    def built_in(found, static):
        return [module.name for module in modules.with_one_copy(PROJECT / "cpython", found, static) if module.kind == "builtin"]
    assert built_in(found, {"ncurses", "libedit"}) == ["_curses", "_curses_panel"]
    assert built_in(found, {"libedit"}) == []
    assert built_in([found[0], modules.Module("_curses_panel", "absent"), found[2]], {"ncurses"}) == []


def test_a_tree_with_a_blank_in_its_path_is_one_word(tmp_path):
    from crosspy.upstream import upstream
    makefile = upstream.Makefile("", {"srcdir": f"{tmp_path}/a place".replace(" ", modules._BLANK), "PY_STDMODULE_CFLAGS": "", "CCSHARED": ""})
    line = upstream.setup_lines("_io _io/_iomodule.c -I$(srcdir)/Modules/_io -DA\n", "static")[0]
    assert modules._present(line, None, {}, makefile).cflags == (f"-I{tmp_path}/a place/Modules/_io", "-DA")


def test_a_module_whose_library_the_sysroot_lacks_says_so(tree):
    known = library.load_all(PROJECT / "deps")
    found = modules.plan(tree, PROJECT / "cpython", VARIABLES, "shared", modules.Request("auto"), known, ["openssl"])
    assert {one.name: one.reason for one in found}["_ssl"] == "needs openssl, which the sysroot has not; openssl:source in deps= builds it"

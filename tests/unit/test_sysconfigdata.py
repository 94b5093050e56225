import ast
import dataclasses
import json
import re

import pytest

from crosspy.errors import UserError
from crosspy.upstream import generated, makefile, sysconfigdata
from crosspy.upstream.modules import Module
from crosspy.upstream.substitutions import Build, neutral, substitutions, tool_names
from installtree import make_tree

BUILD = Build("3.13.7", "aarch64-linux-gnu", "aarch64-linux-gnu", **tool_names("aarch64-linux-gnu"),
              answers={"LIBS": "-ldl", "NOT_A_NAME": "x"})


def plan(tree, array="shared"):
    return [Module("time", "builtin"), Module("array", array, "", ("Modules/arraymodule.c",), (f"-I{tree}/Modules", "-I/opt/x"),
                                              ("-lm",)),
            Module("zlib", "absent", "needs zlib, which is not part of this build", state="missing"),
            Module("_testcapi", "absent", "a test module; tests=yes builds it", state="disabled")]


def variables(texts):
    return ast.literal_eval(texts["_sysconfigdata__linux_aarch64-linux-gnu.py"].split("build_time_vars = ")[1])


def test_a_makefile_is_expanded_as_sysconfig_does():
    found = sysconfigdata.parse_makefile(
        "A_NUM= 3\nCOST=$$5\nB_VAR= ${A_NUM}x $(UNSET_VAR)y\nCC= cc  \nPY_CFLAGS= -g $(CFLAGS) $(CC)\n# NO=1\n"
        "USES= $(CFLAGS)!\nSHELLED= $(shell pwd)\nMACOSX_DEPLOYMENT_TARGET= 11\nrule: x\n\tY_TAB=1\n")
    assert found == {"A_NUM": 3, "COST": "$5", "B_VAR": "3x y", "UNSET_VAR": "", "CC": "cc", "PY_CFLAGS": "-g  cc",
                     "CFLAGS": "-g  cc", "USES": "-g  cc!", "SHELLED": "$(shell pwd)", "MACOSX_DEPLOYMENT_TARGET": "11"}


def test_a_circle_of_variables_is_told_and_not_followed_forever():
    with pytest.raises(UserError, match="AA, BB refer to each other in a circle"):
        sysconfigdata.parse_makefile("AA=$(BB)\nBB=$(AA)\n")


def test_macros_of_pyconfig_are_numbers_texts_or_zero():
    assert sysconfigdata.parse_config_h('#define SIZE_X 8\n/* #undef HAVE_Y */\n#define NAME_Z "z"\n#define EMPTY\n') == {
        "SIZE_X": 8, "HAVE_Y": 0, "NAME_Z": '"z"'}


def test_sysconfig_of_a_build_says_what_a_device_needs(tmp_path):
    texts = generated.generate(make_tree(tmp_path), BUILD, plan(tmp_path), "#define HAVE_X 1\n", [str(tmp_path)])
    found = variables(texts)
    expected = {
        "CC": "aarch64-linux-gnu-gcc", "CFLAGS": "-DNDEBUG -g -O3 -Wall", "LDSHARED": "aarch64-linux-gnu-gcc -shared",
        "BLDSHARED": "aarch64-linux-gnu-gcc -shared", "SOABI": "cpython-313-aarch64-linux-gnu", "VERSION": "3.13",
        "EXT_SUFFIX": ".cpython-313-aarch64-linux-gnu.so", "LIBDIR": "/usr/lib", "LDLIBRARY": "libpython3.13.a",
        "LIBPL": "/usr/lib/python3.13/config-3.13-aarch64-linux-gnu", "HAVE_X": 1, "MODSHARED_NAMES": "array",
        "MODBUILT_NAMES": "array  time", "MODULE_ZLIB_STATE": "missing", "MODULE__TESTCAPI_STATE": "disabled",
        "MODULE_ARRAY_STATE": "yes", "MODULE_ARRAY_CFLAGS": "-I./Modules", "MODULE_ARRAY_LDFLAGS": "-lm", "LIBS": "-ldl",
        "abs_builddir": "/usr/src/Python-3.13.7", "SRCDIRS": "Modules   Python"}
    assert {name: found.get(name) for name in expected} == expected
    assert "VPATH" not in found and "NOT_A_NAME" not in found


def test_generated_scripts_and_setup_files(tmp_path):
    texts = generated.generate(make_tree(tmp_path), BUILD, plan(tmp_path), "", [str(tmp_path)])
    assert texts["idle"] == "#!/usr/bin/python3.13\nidle\n" and texts["python-config.py"] == "#!/usr/bin/python3.13\n"
    assert texts["python-config"] == 'L="${VERSION} -ldl"\n' and texts["python.pc"] == "prefix=/usr\nLibs: -ldl\n"
    assert texts["Setup.stdlib"] == ("*shared*\narray arraymodule.c\n#zlib zlibmodule.c\n*shared*\n#_testcapi _t.c\n")
    assert texts["Setup.local"] == makefile.SETUP_LOCAL
    assert '{"time", PyInit_time},' in texts["config.c"] and "array" not in texts["config.c"]
    assert "Modules/arraymodule.o: $(srcdir)/Modules/arraymodule.c $(MODULE_ARRAY_DEPS)" in texts["Makefile"]
    assert "@spam@" in texts["Makefile"] and "DESTLIB=$(LIBDEST)\n" in texts["Makefile"]


def test_a_single_built_in_module_is_moved_by_setup_local(tmp_path):
    make_tree(tmp_path)
    modules = plan(tmp_path, "builtin")
    modules[2] = Module("zlib", "shared")
    texts = generated.setup_files(tmp_path, BUILD, modules)
    assert texts["Setup.local"].endswith("*static*\narray arraymodule.c\n")
    assert re.findall(r"PyInit_(\w+)}", texts["config.c"]) == ["array", "time"]


def test_a_shared_libpython_and_a_static_only_build(tmp_path):
    make_tree(tmp_path)
    shared = variables(generated.generate(tmp_path, dataclasses.replace(BUILD, libpython="shared"), plan(tmp_path), ""))
    assert (shared["LDLIBRARY"], shared["INSTSONAME"]) == ("libpython3.13.so", "libpython3.13.so.1.0")
    assert "'--enable-shared'" in shared["CONFIG_ARGS"]
    static = variables(generated.generate(tmp_path, BUILD, plan(tmp_path, "builtin"), ""))
    assert static["MODSHARED_NAMES"] == "" and static["MODBUILT_NAMES"] == "array  time"


def test_an_unknown_name_an_unknown_module_and_a_private_path_are_told(tmp_path):
    make_tree(tmp_path)
    with pytest.raises(UserError, match="Misc/x.in: nothing says what @ODD@, @WEIRD@ stands for"):
        makefile.substitute("@WEIRD@ @ODD@ @CC@", {"CC": "cc"}, "Misc/x.in")
    with pytest.raises(UserError, match="configure.ac:7: the plan of modules says nothing about array"):
        substitutions(tmp_path, BUILD, [module for module in plan(tmp_path) if module.name != "array"])
    with pytest.raises(UserError, match="Makefile: it would tell the device a folder of this machine: .*-L/secret"):
        generated.generate(tmp_path, dataclasses.replace(BUILD, answers={"LIBS": "-L/secret"}), plan(tmp_path), "", ["/secret"])


def test_flags_of_this_machine_do_not_reach_the_device(tmp_path):
    assert neutral([f"-I{tmp_path}/Modules", "-I/home/me/include", "-L/home", "/home/libx.a", "-lx", "-DA=1"], tmp_path) == [
        "-I$(srcdir)/Modules", "-lx", "-DA=1"]


def test_the_command_writes_only_what_changed(tmp_path):
    tree = make_tree(tmp_path / "tree")
    (tmp_path / "pyconfig.h").write_text("#define A_B 1\n")
    given = {"tree": str(tree), "pyconfig": str(tmp_path / "pyconfig.h"), "output": str(tmp_path / "out"),
             "build": dataclasses.asdict(BUILD), "modules": [dataclasses.asdict(module) for module in plan(tree)]}
    (tmp_path / "in.json").write_text(json.dumps(given))
    generated.main([str(tmp_path / "in.json")])
    times = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "out").iterdir()}
    assert len(times) == 12
    generated.main([str(tmp_path / "in.json")])
    assert {path.name: path.stat().st_mtime_ns for path in (tmp_path / "out").iterdir()} == times


def test_makesetup_refuses_a_word_that_upstream_refuses():
    with pytest.raises(UserError, match="bad word '%odd'"):
        makefile.makesetup("m m.c %odd\n")


@pytest.mark.parametrize("triple, told", [
    ("i686-linux-musl", "i686-pc-linux-musl"), ("x86_64-linux-gnu", "x86_64-pc-linux-gnu"), ("s390x-linux-gnu", "s390x-ibm-linux-gnu"),
    ("mips-linux-musl", "mips-unknown-linux-musl"), ("powerpc64le-linux-gnu", "powerpc64le-unknown-linux-gnu")])
def test_a_triple_gets_the_vendor_that_config_sub_gives_it(triple, told):
    assert Build("3.13.15", triple, triple, **tool_names(triple)).gnu_type == told

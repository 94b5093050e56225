"""Our tables and rules, held against the release that a build has unpacked."""
import re
import tomllib

import pytest
from samples import PROJECT

from crosspy.configure import autoconf, tables
from crosspy.run import plankey
from crosspy.toolchains import flags
from crosspy.upstream import coreplan, modules, upstream

TABLE = tomllib.loads((PROJECT / "cpython/modules.toml").read_text("utf-8"))
# What the ledger answers for a Linux target, as far as object lists and rules use it.
LEDGER = {"LIBMPDEC_CFLAGS": "-DCONFIG_64=1", "LIBEXPAT_CFLAGS": "-I$(srcdir)/Modules/expat"}


@pytest.fixture(scope="module")
def stdlib(release_tree):
    return {line.name: line for line in upstream.setup_lines(upstream.read(release_tree, "Modules/Setup.stdlib.in"), "shared")}


@pytest.fixture(scope="module")
def calls(release_tree):
    text = autoconf.strip_comments(upstream.read(release_tree, "configure.ac"))
    found = autoconf.calls(text, "PY_STDLIB_MOD", "PY_STDLIB_MOD_SIMPLE")
    return {call.arg(0): call for call in found if not call.arg(0).startswith("$")}


@pytest.fixture(scope="module")
def makefile(release_tree):
    values = flags.make_values(LEDGER, prefix="/usr", series="3.13", multiarch="x")
    return upstream.Makefile(upstream.read(release_tree, "Makefile.pre.in"), {**values, "srcdir": str(release_tree)})


@pytest.fixture(scope="module")
def plan(release_tree, calls):
    text = " ".join(" ".join(call.args) for call in calls.values())
    answers = dict.fromkeys(re.findall(r"(?<!\\)\$\{?(\w+)", text), "yes")
    answers |= {name: "" for name in answers if re.search(r"_(CFLAGS|LIBS)$|^LIB", name)}
    request = modules.Request("auto", tests=True)
    return {kind: modules.plan(release_tree, PROJECT / "cpython", answers, kind, request) for kind in ("builtin", "shared")}


def test_every_module_of_our_table_is_one_of_the_release(stdlib):
    named = set(TABLE["libraries"]) | {name for package in TABLE["packages"].values() for name in package["modules"]}
    assert sorted(named - set(stdlib)) == [], "delete these from cpython/modules.toml"


def test_every_module_that_is_not_for_linux_is_one_that_configure_knows(stdlib, calls):
    assert sorted(set(TABLE["not_on_linux"]) - set(calls)) == []


def test_every_file_of_a_package_is_in_the_library(release_tree):
    files = {name for package in TABLE["packages"].values() for name in package["files"]}
    assert sorted(name for name in files if not (release_tree / "Lib" / name).exists()) == []


def test_every_pattern_of_files_that_shape_byte_code_finds_one(release_tree):
    assert [pattern for pattern in TABLE["bytecode"]["shaped_by"] if not list(release_tree.glob(pattern))] == []


def test_every_module_of_setup_stdlib_has_a_call_in_configure(stdlib, calls):
    assert sorted(set(stdlib) - set(calls)) == []


def test_every_source_of_every_module_is_in_the_tree(release_tree, stdlib):
    missing = [f"{line.name}: {source}" for line in stdlib.values() for source in line.sources
               if not (release_tree / "Modules" / source).exists()]
    assert missing == []


def test_with_every_answer_yes_every_module_is_built_but_what_a_static_program_cannot_load(plan, stdlib):
    assert set(stdlib) <= {module.name for module in plan["shared"]}
    absent = {kind: {module.name for module in found if module.kind == "absent"} for kind, found in plan.items()}
    assert absent["shared"] == set(TABLE["not_on_linux"])
    assert {"xxlimited", "_testmultiphase"} < absent["builtin"] - absent["shared"]
    assert not [name for name in absent["builtin"] - absent["shared"] if not re.search("test|^xxlimited", name)]


def test_every_object_rule_expands(makefile):
    rules = makefile.rules()
    assert len(rules) > 25
    left = {name: words for name, rule in rules.items() if re.search(r"[@$`]", words := makefile.expand(" ".join(rule.extra)))}
    assert left == {}


def test_the_flags_of_every_bundled_library_expand(makefile):
    objects = [name for names in makefile.archives().values() for name in names]
    variables = {makefile.rules()[name].flags for name in objects}
    assert not [name for name in variables if re.search(r"[@$`]", makefile.expand(f"$({name})"))]


@pytest.mark.parametrize("variable", ["LIBRARY_OBJS", "LIBRARY_OBJS_OMIT_FROZEN"])
def test_every_object_of_the_core_has_its_source_in_the_tree(release_tree, makefile, variable):
    core = coreplan.CorePlan(makefile, [], "").core(variable)
    assert len(core) > 130
    missing = [unit.source for unit in core if not (release_tree / unit.source).exists()]
    assert missing == ["generated/config.c"]


def test_every_bundled_library_has_its_sources(release_tree, makefile):
    archives = makefile.archives()
    assert {"Modules/expat/libexpat.a", "Modules/_decimal/libmpdec/libmpdec.a"} <= set(archives)
    assert [name for objects in archives.values() for name in objects if not (release_tree / f"{name[:-2]}.c").exists()] == []


@pytest.mark.parametrize("kind", ["builtin", "shared"])
def test_no_object_is_compiled_in_two_ways(makefile, plan, kind):
    core = coreplan.CorePlan(makefile, plan[kind], "")
    units, _ = core.shared()
    ways = {}
    for unit in {*core.core("LIBRARY_OBJS"), *core.builtin(), *units}:
        ways.setdefault(unit.object, []).append(unit)
    assert {name: found for name, found in ways.items() if len(found) > 1} == {}


def test_four_modules_are_frozen_early_and_every_source_is_there(release_tree, makefile):
    frozen = makefile.frozen()
    assert {one.name for one in frozen if one.early} == {"importlib._bootstrap", "importlib._bootstrap_external", "zipimport",
                                                         "getpath"}
    assert [one.source for one in frozen if not (release_tree / one.source).exists()] == []


def test_every_file_that_a_plan_rests_on_is_in_the_tree(release_tree):
    assert [name for name in plankey.READ_FROM_TREE if not (release_tree / name).exists()] == []


def test_no_macro_of_our_table_is_gone_from_the_release(release_tree):
    loaded = tables.load(PROJECT / "cpython/probes.toml")
    assert tables.stale(loaded, [upstream.read(release_tree, "pyconfig.h.in")]) == []

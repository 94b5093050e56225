"""OpenSSL's recipe from what Configure found out; perl and the compiler are made-up programs here."""
import json
import os
import shutil
import subprocess
from dataclasses import replace
from types import SimpleNamespace

import pytest
from samples import PROJECT, given, job, load_variant

from crosspy.deps import library, openssl, opensslconf
from crosspy.deps.recipe import Site
from crosspy.errors import UserError
from crosspy.variants import variant

LIBRARY = library.load(PROJECT / "deps" / "openssl" / "dep.toml")
FACTS = {
    "module": "package configdata;\n", "sourcedir": "../source",
    "config": {"shlib_version": "3", "release_date": "9 Jun 2026", "target": "linux-mips32", "defines": ["NDEBUG"], "lib_defines": ["OPENSSL_PIC"]},
    "target": {"lib_cppflags": "-DB_ENDIAN", "cppflags": "", "defines": ["OPENSSL_BUILDING_OPENSSL"], "cflags": "-mabi=32", "perlasm_scheme": "o32"},
    "sources": {
        "libcrypto": ["crypto/a.o", "crypto/aes.o", "crypto/bn.o", "crypto/info.o", "providers/libdefault.a"], "libssl": ["ssl/s.o"], "providers/libdefault.a": ["providers/d.o"],
        "providers/libcommon.a": ["providers/p.o"], "providers/d.o": ["../source/providers/d.c"],
        "crypto/a.o": ["../source/crypto/a.c"], "crypto/aes.o": ["crypto/aes.S"], "crypto/bn.o": ["../source/crypto/bn/asm/m.S"], "crypto/info.o": ["../source/crypto/info.c"],
        "providers/p.o": ["../source/providers/p.c"], "ssl/s.o": ["../source/ssl/s.c"]},
    "includes": {"libcrypto": [".", "include", "../source", "../source/include"], "crypto/aes.o": ["crypto"], "providers/libcommon.a": ["include"]},
    "defines": {"libcrypto": ["AES_ASM"], "providers/libcommon.a": ["COMMON"]},
    "depends": {
        "providers/libdefault.a": ["providers/libcommon.a"], "providers/libcommon.a": ["libcrypto"],
        "": ["include/openssl/ssl.h", "exporters/openssl.pc"], "crypto/info.o": ["crypto/buildinf.h"], "providers/p.o": ["include/der.h"],
        "include/der.h": ["../source/der/oids_to_c.pm", "../source/util/perl|OpenSSL/paramnames.pm"]},
    "generate": {
        "include/openssl/ssl.h": ["../source/include/openssl/ssl.h.in"], "include/openssl/configuration.h": ["../source/include/openssl/configuration.h.in"],
        "include/der.h": ["../source/include/der.h.in"], "crypto/aes.S": ["../source/crypto/asm/aes.pl"],
        "crypto/buildinf.h": ["../source/util/mkbuildinf.pl", '"$(CC)', '$(CFLAGS)"'], "exporters/openssl.pc": ["../source/exporters/openssl.pc.in"]}}


@pytest.fixture
def site(tmp_path):
    """A site for a made-up big-endian MIPS."""
    (tmp_path / "scratch").mkdir()
    (tmp_path / "tree").mkdir()
    options = SimpleNamespace(**{**vars(given(target="mips")), "ssl_certs": "/etc/ssl"})
    return Site("openssl", tmp_path / "tree", tmp_path / "folder", tmp_path / "scratch", load_variant(tmp_path / "variants"), options,
                replace(job(tmp_path / "job").toolchain, env=(("PATH", "/usr/bin:/bin"),)), ("-O2",), (), library=LIBRARY)


@pytest.fixture
def recipe(site):
    made = opensslconf.Configured(**FACTS)
    return openssl.recipe(site, made, openssl.Generators(made, "/usr/bin/perl", "echo clang version 22.1 #", "zig 0.17.1"))


def program(path, text):
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


def needs_perl():
    if not shutil.which("perl") or subprocess.run(["perl", "-MJSON::PP", "-e", "1"], capture_output=True).returncode:
        pytest.skip("perl with JSON::PP is missing: apt-get install perl")


def command(recipe, output):
    return next(one for one in recipe.commands if one.outputs == (f"generated/{output}",))


def test_each_feature_that_is_left_out_has_a_reason():
    for table in ("with", "without", "minimal"):
        assert all(reason.strip() for reason in LIBRARY.facts[table].values())
    assert "deprecated" not in LIBRARY.facts["without"]


@pytest.mark.parametrize("chosen", variant.load_all(PROJECT / "variants").values(), ids=lambda chosen: chosen.name)
def test_configure_has_a_name_for_each_variant(site, chosen):
    words = openssl.options(replace(site, variant=chosen))
    assert words[0].startswith("linux") and "no-shared" in words and "enable-ktls" in words and "no-legacy" not in words


def test_the_minimal_profile_leaves_out_more(site):
    site.options.profile = "minimal"
    assert "no-legacy" in openssl.options(site)


def test_a_machine_that_openssl_has_no_name_for_is_refused(site):
    with pytest.raises(UserError, match=r"\[targets\].*openssl:none"):
        openssl.options(replace(site, variant=replace(site.variant, triple="vax-linux-gnu")))


def test_a_library_has_the_objects_of_those_that_it_is_made_of_and_that_these_need(recipe):
    assert recipe.archives == {"libcrypto.a": ("crypto/a.o", "crypto/aes.o", "crypto/bn.o", "crypto/info.o", "providers/d.o", "providers/p.o"), "libssl.a": ("ssl/s.o",)}
    assert {name for names in recipe.archives.values() for name in names} == {unit.object for unit in recipe.units}


def test_a_unit_has_includes_and_defines_of_its_own_and_of_its_library(recipe):
    units = {unit.object: unit for unit in recipe.units}
    assert units["crypto/aes.o"].source == "generated/crypto/aes.S" and units["crypto/a.o"].source == "crypto/a.c"
    assert units["crypto/aes.o"].flags == ("-I{folder}/generated/crypto", "-I{folder}/generated", "-I{folder}/generated/include", "-I{tree}",
                                           "-I{tree}/include", "-DAES_ASM")
    assert units["providers/p.o"].flags == ("-I{folder}/generated/include", "-DCOMMON")


def test_flags_name_paths_of_the_device_and_no_abi(recipe):
    assert '-DOPENSSLDIR="/etc/ssl"' in recipe.flags and '-DMODULESDIR="/usr/lib/ossl-modules"' in recipe.flags
    assert {"-DB_ENDIAN", "-DNDEBUG", "-DOPENSSL_PIC", "-DOPENSSL_BUILDING_OPENSSL"} <= set(recipe.flags) and "-mabi=32" not in recipe.flags


def test_a_machine_of_32_bits_needs_no_libatomic(site, recipe):
    made = opensslconf.Configured(**FACTS)
    wide = replace(site, variant=replace(site.variant, machine=replace(site.variant.machine, bits=64)))
    assert set(recipe.flags) - set(openssl.recipe(wide, made, openssl.Generators(made, "perl", "cc", "zig")).flags) == {"-DBROKEN_CLANG_ATOMICS"}


def test_every_generated_input_has_a_command_and_exporters_have_none(recipe):
    outputs = {name for one in recipe.commands for name in one.outputs} | set(recipe.texts)
    inputs = {name for one in recipe.commands for name in one.inputs} | {unit.source for unit in recipe.units}
    assert {name for name in inputs if name.startswith("generated/")} <= outputs
    assert not any("exporters" in name for name in outputs) and "generated/include/openssl/configuration.h" in outputs


def test_a_template_is_filled_with_the_modules_that_it_depends_on(recipe):
    words = command(recipe, "include/der.h").words
    assert words[:3] == ("env", "OPENSSL_TREE={tree}", "PERL_HASH_SEED=0") and words[-1] == "{tree}/include/der.h.in"
    assert [word for word in words if word[:2] in ("-I", "-M")] == [
        "-I{folder}/generated", "-I{tree}/der", "-I{tree}/util/perl", "-Mconfigdata", "-Moids_to_c", "-MOpenSSL::paramnames"]
    assert "util/perl/OpenSSL/paramnames.pm" in command(recipe, "include/der.h").inputs


def test_assembler_is_written_for_the_flavour_and_for_what_the_compiler_can(recipe):
    made = command(recipe, "crypto/aes.S")
    assert made.words[:6] == ("env", "CC=echo clang version 22.1 #", "/usr/bin/perl", "{folder}/generated/openssl_hidden.pl",
                              "{tree}/crypto/asm/aes.pl", "o32")
    assert "-DAES_ASM" in made.words and "-fPIC" in made.words and made.words[-1] == "{output}" and not made.stdout


def test_the_build_is_dated_by_the_release_and_names_no_path(recipe):
    assert command(recipe, "crypto/buildinf.h").words == (
        "env", "SOURCE_DATE_EPOCH=1780963200", "/usr/bin/perl", "{tree}/util/mkbuildinf.pl", "zig 0.17.1", "linux-mips32")


def test_an_unknown_kind_of_generator_is_named(site):
    made = opensslconf.Configured(**{**FACTS, "generate": {**FACTS["generate"], "crypto/aes.S": ["../source/crypto/aes.m4"]}})
    with pytest.raises(UserError, match=r"crypto/aes\.S.*aes\.m4"):
        openssl.recipe(site, made, openssl.Generators(made, "perl", "cc", "zig"))


def test_a_host_without_perl_is_told_its_package(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UserError, match="apt-get install perl"):
        opensslconf.find_perl()


@pytest.mark.parametrize(("text", "message"), [
    ("echo \"Can't locate IPC/Cmd.pm in @INC (you may need\" >&2; exit 2", "module IPC::Cmd.*apt-get install perl"),
    ("echo '***** Unsupported options: no-x' >&2; exit 255", "Configure linux-x.*Unsupported options: no-x"),
    ("exit 3", "said nothing")])
def test_what_configure_says_becomes_one_error(site, tmp_path, text, message):
    with pytest.raises(UserError, match=message):
        opensslconf.configure(site, program(tmp_path / "perl", text), ["linux-x", "no-x"])


def test_configure_sees_the_folders_that_count_and_other_ones_empty(site, tmp_path):
    for name in ("crypto", "doc"):
        (site.tree / name).mkdir()
        (site.tree / name / "build.info").write_text("SUBDIRS=everything\n")
    (site.tree / "Configure").touch()
    text = f'test -s "$1" || test "$1" != ../source/Configure || cp ../source/*/build.info {tmp_path}/seen 2>/dev/null; cat {tmp_path}/facts'
    (tmp_path / "facts").write_text(json.dumps(FACTS).replace("../source/crypto/a.c", "../../tree/crypto/a.c"))
    assert opensslconf.configure(site, program(tmp_path / "perl", text), ["linux-x"]) == opensslconf.Configured(**FACTS)
    source = site.scratch / "source"
    assert (source / "crypto" / "build.info").stat().st_size and not (source / "doc" / "build.info").stat().st_size


@pytest.mark.parametrize(("text", "endian", "answer"), [
    ("echo 'clang version 22.1.8 (https://host/path)' >&2", "little", "echo clang version 22.1.8 MIPSEB #"),
    ("echo 'clang version 22.1.8'", "big", "echo clang version 22.1.8 #"),
    ('case "$*" in *-Wa,-v*) echo "GNU assembler version 2.40 (mips-linux-gnu)";; *) echo gcc version 12.2.0;; esac', "big",
     "echo GNU assembler version 2.40 #")])
def test_perlasm_is_told_what_the_compiler_said_once(site, tmp_path, text, endian, answer):
    made = replace(site, toolchain=replace(site.toolchain, cc=(program(tmp_path / "cc", text),)),
                   variant=replace(site.variant, machine=replace(site.variant.machine, endian=endian)))
    assert opensslconf.assembler(made) == answer
    said = subprocess.run(f"{answer} -Wa,-v -c -o /dev/null -x assembler /dev/null 2>&1", shell=True, capture_output=True, text=True).stdout
    assert said.startswith(answer[5:-2])


def test_a_compiler_without_a_version_is_refused(site, tmp_path):
    with pytest.raises(UserError, match="version of its assembler"):
        opensslconf.assembler(replace(site, toolchain=replace(site.toolchain, cc=(program(tmp_path / "cc", "echo tcc"),))))


def test_assembler_by_hand_is_compiled_from_a_copy_whose_symbols_are_hidden(recipe):
    made = command(recipe, "crypto/bn/asm/m.S")
    assert made.words == ("/usr/bin/perl", "{folder}/generated/openssl_hidden.pl", "{tree}/crypto/bn/asm/m.S", "{output}")
    assert made.inputs == ("generated/openssl_hidden.pl", "crypto/bn/asm/m.S")
    assert [unit.source for unit in recipe.units if unit.object == "crypto/bn.o"] == ["generated/crypto/bn/asm/m.S"]


def test_what_assembler_defines_is_hidden(tmp_path):
    needs_perl()
    (tmp_path / "a.pl").write_text('open STDOUT, ">$ARGV[1]"; print ".text\\n.globl\\taes, \\@function\\n .global b.c";\n')
    subprocess.run(["perl", str(openssl.HIDDEN), "a.pl", "elf", "a.s"], cwd=tmp_path, check=True)
    assert (tmp_path / "a.s").read_text() == ".text\n.globl\taes, @function\n.hidden\taes\n .global b.c\n.hidden\tb.c\n"
    (tmp_path / "a.pl").write_text('open STDOUT, ">$ARGV[1]"; print "\tla\t\\$7,T4\t# load\n\tla \\$7,T\n la \\$6,far\nT4:\n.globl T\nT:\n";\n')
    subprocess.run(["perl", str(openssl.HIDDEN), "a.pl", "o32", "a.s"], cwd=tmp_path, check=True)
    assert (tmp_path / "a.s").read_text().startswith(".local\tT4\n\tla\t$7,T4") and ".local" not in (tmp_path / "a.s").read_text()[10:]
    (tmp_path / "b.S").write_text(".globl\tbn\n")
    subprocess.run(["perl", str(openssl.HIDDEN), "b.S", "out.S"], cwd=tmp_path, check=True)
    assert (tmp_path / "out.S").read_text() == ".globl\tbn\n.hidden\tbn\n"
    (tmp_path / "a.pl").write_text("die;")
    assert subprocess.run(["perl", str(openssl.HIDDEN), "a.pl", "elf", "a.s"], cwd=tmp_path, capture_output=True).returncode


def test_the_module_for_templates_names_nothing_of_this_machine(tmp_path):
    needs_perl()
    (tmp_path / "configdata.pm").write_text(
        "package configdata;\nour %config = (CC => '/opt/cc', sourcedir => '../source', target => 'linux-x', perlargv => ['CC=/opt/cc']);\n"
        "our %target = (_conf_fname_int => ['/opt/x'], perl_platform => 'Unix');\nour %disabled = (dso => 'option');\nour %withargs = ();\n"
        "our %unified_info = (sources => {'a.o' => ['../source/a.c']}, includes => {}, defines => {}, depends => {}, generate => {});\n1;\n")
    said = subprocess.run(["perl", str(opensslconf.FACTS), "./configdata.pm"], cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    made = opensslconf.Configured(**json.loads(said))
    assert made.sources == {"a.o": ["../source/a.c"]} and made.sourcedir == "../source" and "/opt" not in made.module
    (tmp_path / "configdata.pm").write_text(made.module)
    shown = subprocess.run(["perl", "-I.", "-Mconfigdata", "-e", "print join ' ', $config{target}, $config{sourcedir}, $target{perl_platform}, $disabled{dso}"],
                           cwd=tmp_path, env={**os.environ, "OPENSSL_TREE": "/there"}, capture_output=True, text=True, check=True).stdout
    assert shown == "linux-x /there Unix option"

"""`scons probes`: every answer has a source and a reason, and is the same whether its question was asked in company or alone."""
import json
import re

import pytest
from built import EVERY, VARIANTS
from checkout import flavoured, need
from refusal import one_message

SOURCES = {"header", "link", "compile", "elf", "fact", "option"}
# Every question alone takes half a minute and more: each run of the tests shows one target, the nightly ones all.
SAMPLE = ("aarch64-linux-gnu", "gcc")


def asked(main, target, *words):
    return main.scons("probes", f"target={target}", *words)


@pytest.mark.parametrize("target", EVERY)
def test_no_answer_is_without_a_source_or_a_reason(main, target):
    if not VARIANTS[target].toolchain.zig:
        pytest.skip(f"zig does not serve {target}")
    shown = asked(main, target).out
    answers = json.loads((main.build / f"{target}{flavoured()}" / "probes.json").read_text("utf-8"))["answers"]
    template = max((main.build / "sources").glob("Python-3.13.??/pyconfig.h.in")).read_text("utf-8")
    assert answers.keys() == set(re.findall(r"^[ \t]*#[ \t]*undef[ \t]+(\w+)", template, re.M)) and len(answers) > 600
    assert [name for name, one in answers.items() if one["source"] not in SOURCES or not one["how"].strip()] == []
    assert [name for name, one in answers.items() if re.search("guess(ed)?$", one["how"])] == []
    rows = {line.split()[0]: line for line in shown.splitlines() if re.match(r"\w+ +\S", line)}
    assert [name for name, one in answers.items() if one["source"] not in rows.get(name, "")] == []
    counts = dict(re.findall(r"(\w+) (\d+)", shown.splitlines()[-1].partition("macros: ")[2]))
    assert counts.keys() == SOURCES and sum(map(int, counts.values())) == len(answers)


@pytest.mark.parametrize("macro, parts", [
    ("HAVE_GETRANDOM_SYSCALL", ["value     1", "source    link", "syscall(SYS_getrandom", "accepts it"]),
    # glibc has it since 2.25, and zig builds for 2.17
    ("HAVE_GETRANDOM", ["value     -", "source    link", "getrandom(buffer, buflen, flags)", "refuses it",
                         "call to undeclared function 'getrandom'"]),
    ("HAVE_SYS_KERN_CONTROL_H", ["value     -", "source    header", "refuses it", "'sys/kern_control.h' file not found"]),
    ("HAVE_ALIGNED_REQUIRED", ["value     -", "source    fact", "every Linux target here loads unaligned words",
                               "stated in cpython/probes.toml: fact; configure.ac: ac_cv_aligned_required"]),
    ("HAVE_FDWALK", ["value     -", "source    link", "char fdwalk();", "undefined symbol: fdwalk"]),
    ("SIZEOF_LONG", ["value     8", "source    elf", "sizeof(long)"]),
    ("Py_ENABLE_SHARED", ["source    option", "libpython=static"])])
def test_one_macro_shows_its_question_and_the_compilers_own_words(main, macro, parts):
    shown = asked(main, "aarch64-linux-gnu", f"macro={macro}").out
    assert [part for part in parts if part not in shown] == [], shown


def test_a_macro_that_is_not_there_is_one_message_with_the_nearest_name(main):
    message = one_message(main.scons("probes", "target=aarch64", "macro=HAVE_GETRANDON", check=False))
    assert "macro=HAVE_GETRANDON" in message and "'HAVE_GETRANDOM'" in message


@pytest.mark.parametrize("words", [["macro=HAVE_X"], ["probe=single"], ["probes", "probe=twice"]])
def test_an_argument_that_only_probes_reads_is_refused_elsewhere(main, words):
    assert "probe" in one_message(main.scons("target=aarch64", *words, check=False))


def test_the_second_time_no_compiler_is_asked(main):
    asked(main, "aarch64-linux-gnu")
    assert "probe: " not in asked(main, "aarch64-linux-gnu").out


@pytest.mark.parametrize("target, kind", [
    pytest.param(target, kind, marks=() if (target, kind) == SAMPLE else pytest.mark.nightly)
    for target in sorted(VARIANTS) for kind in ("gcc", "zig") if getattr(VARIANTS[target].toolchain, kind)])
def test_asked_alone_every_question_gets_the_same_answer(main, target, kind):
    if kind == "gcc":
        need(f"{VARIANTS[target].toolchain.gcc}-gcc", VARIANTS[target].toolchain.gcc_package)
    shown = asked(main, target, f"toolchain={kind}", "probe=single").out
    assert re.search(rf"^{target}: \d{{3}} macros, 0 differ, ", shown, re.M), shown

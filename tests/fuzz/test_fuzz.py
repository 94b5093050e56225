"""Whatever the bytes of a file are: facts, findings or one UserError, never another exception, in bounded time and memory.

Each run tries the same small number of mutations; `pytest -m nightly tests/fuzz` tries many, new ones each time.
"""
from __future__ import annotations

import dataclasses
import json
import resource
import struct
import subprocess
import sys
from pathlib import Path

import pytest
import tiny_elf
from goodroot import ASKED, DYNLOAD, OBJECT, SUFFIX, expected, program
from hypothesis import strategies as st
from mutations import ARCHIVES, ARM, ELVES, LENGTHS, PROJECT, UNIT, damaged, fuzz, garbled, read_all

from crosspy.acquire import release
from crosspy.configure import tables
from crosspy.elf import archive, elf
from crosspy.errors import UserError
from crosspy.inspect import expectation, inspection, policy, verdict
from crosspy.upstream import upstream
from crosspy.variants import variant

@pytest.mark.parametrize("examples", LENGTHS)
def test_a_damaged_elf_file_has_facts_or_is_damaged(examples):
    def check(data: bytes) -> None:
        try:
            facts = elf.read(data)
            assert elf.ElfFacts.from_json(json.loads(json.dumps(dataclasses.asdict(facts)))) == facts
        except elf.ElfError as error:
            assert str(error)
    fuzz(examples * 3, damaged(ELVES), check)


@pytest.mark.parametrize("examples", LENGTHS)
def test_a_damaged_archive_has_members_or_is_damaged(examples):
    def check(data: bytes) -> None:
        try:
            assert sum(group.count for group in archive.read(data)) >= 0
        except elf.ElfError as error:
            assert str(error)
    fuzz(examples, damaged(ARCHIVES), check)


def judged(root: Path) -> None:
    """Judge all files of a root/ by every rule, and show the findings in each form."""
    entries = inspection.inspect(root, expected(), inspection.FactsCache(None))
    found = policy.judge(entries, expected())
    assert {one.rule for one in found} <= {rule.id for rule in policy.RULES} and all(str(one) for one in found)
    assert verdict.table(found) and verdict.junit(found, entries, expected())


@pytest.mark.parametrize("examples", LENGTHS)
def test_every_rule_judges_every_damaged_file(examples, tmp_path):
    places = ["usr/bin/python3.13", f"{DYNLOAD}/spam{SUFFIX}", OBJECT, "usr/lib/libpython3.so", "usr/lib/libpython3.13.a", "usr/bin/x"]

    def check(row: tuple[str, bytes]) -> None:
        path = tmp_path / row[0]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(row[1])
        path.chmod(0o755)
        judged(tmp_path)
        path.unlink()
    fuzz(examples, st.tuples(st.sampled_from(places), damaged([*ELVES, *ARCHIVES])), check)


VALUES = st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
                      lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3), max_leaves=6)


@pytest.mark.parametrize("examples", LENGTHS)
def test_a_garbled_expectation_is_refused_or_can_be_judged_by(examples):
    good = expectation.expectation(variant.load(PROJECT / "variants/arm-linux-gnueabihf"), floor="2.17", **ASKED)
    entry = policy.Entry("usr/bin/x", "program", elf.read(program()))

    def check(changes: dict) -> None:
        try:
            asked = expectation.parse({**good, **changes}, "expect.json")
        except UserError:
            return
        try:
            policy.judge([entry], asked)
        except UserError as error:   # a waiver of a rule that does not exist
            assert "waivers" in error.what
    fuzz(examples * 2, st.dictionaries(st.sampled_from(sorted(good)), VALUES, min_size=1, max_size=3), check)


SETUP = """*@MODULE_BUILDTYPE@*
@MODULE__BISECT_TRUE@_bisect _bisectmodule.c
array arraymodule.c -lm # comment
*disabled*
_x a.c \\
  b.c -DX
"""
MAKEFILE = """CC=gcc
A=$(B) x.o
B=@LIBOBJS@ ${CC}
LIBRARY_OBJS= \\
\t\t$(A) Python/a.o
LIBMPDEC_A= Modules/_decimal/libmpdec.a
OBJS= m.o
$(LIBMPDEC_A): $(OBJS)
Python/a.o: $(srcdir)/Python/a.c
\t$(CC) -c $(PY_CORE_CFLAGS) -DX=1 -o $@ $(srcdir)/Python/a.c
Python/frozen_modules/a.h: $(FREEZE_MODULE_BOOTSTRAP)
\t$(FREEZE_MODULE_BOOTSTRAP) a $(srcdir)/Lib/a.py Python/frozen_modules/a.h
"""


def read_makefile(path: Path) -> None:
    makefile = upstream.Makefile(upstream.read(path.parent, path.name), {"LIBOBJS": "", "srcdir": "/tree"})
    for read in (lambda: makefile.objects("LIBRARY_OBJS"), makefile.rules, makefile.archives, makefile.frozen):
        try:
            read()
        except UserError as error:
            assert error.where


@pytest.mark.parametrize("examples", LENGTHS)
def test_garbled_setup_files_and_makefiles_are_read_or_refused(examples, tmp_path):
    fuzz(examples, garbled([MAKEFILE]), lambda text: read_all(tmp_path / "file", text, read_makefile))
    fuzz(examples, garbled([SETUP]), lambda text: read_all(
        tmp_path / "file", text, lambda path: upstream.setup_lines(upstream.read(path.parent, path.name), "shared")))


SIZE = 10_000_000   # bytes


def notes_everywhere() -> bytes:
    """An object of 19,000 sections of notes, each another part of one table."""
    whole = tiny_elf.make(type=tiny_elf.ET_REL, dynamic=False, sections=((".note", 7, struct.pack("<III", 0, 0, 1) * 5_000),))
    start, = struct.unpack_from("<Q", whole, 40)   # e_shoff
    row = whole[start + 64:start + 128]
    more = (row[:32] + struct.pack("<Q", 60_000 - 12 * (number % 4_000)) + row[40:] for number in range(18_997))
    return whole[:60] + struct.pack("<H", 19_000) + whole[62:] + b"".join(more)


LARGE = {
    "elf": lambda: tiny_elf.make(symbols=SIZE // 24, payload=bytes(SIZE)),
    "symbols": lambda: tiny_elf.make(exports=tuple(f"PyInit_{'x' * 30}{number}" for number in range(110_000))),
    "names": lambda: tiny_elf.make(needed=("x" * 4000,) * 2_400),
    "versions": lambda: tiny_elf.make(versions={("l", "V"): [f"f{number}" for number in range(150_000)]}),
    "attributes": lambda: tiny_elf.make(sections=((".ARM.attributes", 1, b"A" + bytes(SIZE)),)),
    "notes": lambda: tiny_elf.make(build_id=bytes(SIZE // 2)),
    "notes everywhere": notes_everywhere,
    "members": lambda: tiny_elf.ar({f"{number}.o": ARM for number in range(SIZE // (60 + len(ARM)))}),
    "dates": lambda: tiny_elf.make(payload=b"Jan 01 2020\0" * (SIZE // 12)),
    "archive": lambda: tiny_elf.ar({f"{number}.o": b"" for number in range(SIZE // 60)}),
    "makefile": lambda: b"A=$(B)$(B)\nB=$(C)$(C)\nC=" + b"x" * 1_000_000 + b"\nLIBRARY_OBJS=" + b"$(A)" * 200_000 + b"\n",
    "line": lambda: b"x" * SIZE,
    "toml": lambda: b"a" * 500_000 + b" = [" + b"[" * (SIZE - 500_004),
}
CODE = """
import resource, sys, time
sys.path[:0] = [{site!r}, *{tests!r}]
from pathlib import Path
import test_fuzz as fuzz
before, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
fuzz.look(Path({path!r}))
print(time.process_time() - start, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1000)
"""


def look(path: Path) -> None:
    """Read a file with every reader."""
    policy.judge(inspection.inspect(path.parent, expected(), inspection.FactsCache(None)), expected())
    for call in (read_makefile, lambda path: upstream.setup_lines(upstream.read(path.parent, path.name), "x"), release.load_pins,
                 tables.load, lambda path: variant.load(path.parent)):
        try:
            call(path)
        except UserError as error:
            assert error.where


@pytest.mark.parametrize("name", LARGE)
def test_a_large_file_takes_at_most_8_seconds_of_processor_time_and_200_megabytes(name, tmp_path):
    (tmp_path / "file").write_bytes(LARGE[name]())
    code = CODE.format(site=str(PROJECT / "site_scons"), tests=[str(Path(__file__).parent), str(UNIT)], path=str(tmp_path / "file"))
    done = subprocess.run([sys.executable, "-B", "-c", code], capture_output=True, text=True, check=False,
                          preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CPU, (60, 60)))
    assert done.returncode == 0, done.stderr[-2000:]
    seconds, megabytes = map(float, done.stdout.split())
    assert seconds < 8 and megabytes < 200

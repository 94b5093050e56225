"""What damages files for the fuzzing tests, and the files that it begins with."""
from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
import tiny_elf
from goodroot import extension, libpython, program, relocatable
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crosspy.errors import UserError

UNIT = Path(__file__).resolve().parents[1] / "unit"
PROJECT = Path(__file__).resolve().parents[2]
LENGTHS = [pytest.param(40, id="short"), pytest.param(20_000, id="long", marks=pytest.mark.nightly)]


def fuzz(examples: int, strategy, check) -> None:
    """Call `check` with values of a strategy; the short run is the same each time."""
    fixed = settings(max_examples=examples, derandomize=examples < 1000, deadline=None, database=None,
                     suppress_health_check=list(HealthCheck))
    fixed(given(strategy)(check))()


INTERESTING = st.sampled_from([b"\0", b"\xff", b"\0" * 8, b"\xff" * 8, b"\xff\xff\xff\x7f", b"\1\0\0\0", b"\x80" * 10, b"/", b"A"])


@st.composite
def damaged(draw, originals: list[bytes]) -> bytes:
    """One of the originals, cut, overwritten in a few places, with something put in."""
    data = bytearray(draw(st.sampled_from(originals)))
    for _ in range(draw(st.integers(0, 6))):
        at = draw(st.integers(0, max(len(data) - 1, 0)))
        piece = draw(st.one_of(INTERESTING, st.binary(min_size=1, max_size=8)))
        data[at:at + (0 if draw(st.integers(0, 9)) == 0 else len(piece))] = piece
    return bytes(data[:draw(st.one_of(st.just(len(data)), st.integers(0, len(data))))])


@st.composite
def garbled(draw, originals: list[str]) -> str:
    """A text whose lines were left out, doubled, moved, cut, had something put in, or give a name another value."""
    lines = draw(st.sampled_from(originals)).splitlines(keepends=True)
    for _ in range(draw(st.integers(1, 6))):
        at, kind = draw(st.integers(0, max(len(lines) - 1, 0))), draw(st.integers(0, 5))
        line = lines[at] if lines else ""
        cut = draw(st.integers(0, len(line)))
        new = {0: [], 1: [line, line], 2: [line[:cut]], 3: [line[:cut] + draw(PIECES) + line[cut:]], 4: [draw(PIECES), line],
               5: [f"{NAME.match(line)[0]} {draw(FORMS)}{',' * line.endswith(f',{NEWLINE}')}{NEWLINE}"]}[kind]
        lines[at:at + 1] = new
    return "".join(lines)


NAME, NEWLINE = re.compile(r"[^=:\n]*[=:]?"), "\n"
FORMS = st.sampled_from(["1", "-1", "true", "1.5", '""', '"x"', '"\\u0000"', '"²"', "[]", "[1]", '[""]', "[[]]", "{}", "{ a = 1 }", "[{}]", "null", '{"a": 1}', "1979-05-27"])
PIECES = st.one_of(st.text(max_size=12), st.sampled_from(
    ["[", "[[x]]\n", "{", "]" * 30, "$(", "$(A)", "A=$(A)\n", "@X@", "\\\n", "*shared*\n", "= 1\n", "\"", "'''", "[" * 3000, "9" * 5000,
     "nan", "1979-05-27\n", "\x00", "\ud7ff", "x.o: x.c\n\t$(CC) -c\n", "\t$(FREEZE_MODULE) a $(srcdir)/b c\n", "/" * 40]))

ELVES = [*(path.read_bytes() for path in sorted((UNIT / "fixtures").glob("*.elf"))), program(), extension(), libpython(),
         relocatable(sections=((".ARM.attributes", 0x70000003, tiny_elf.aeabi((6, 10), (28, 1))),)),
         tiny_elf.make(bits=32, data="big", versions={("a", "B"): ["c"]}, defines={"V": ["x"]}, properties=(0xC0000002, 3)),
         tiny_elf.make(sections=((".MIPS.abiflags", 1, bytes(24)), (".riscv.attributes", 1, tiny_elf.aeabi((4, 16), vendor="riscv"))))]
ARM = tiny_elf.make(type=tiny_elf.ET_REL, dynamic=False, bits=32, machine=tiny_elf.EM_ARM, sections=((".ARM.attributes", 0x70000003, tiny_elf.aeabi((6, 10), (28, 1))),))
ARCHIVES = [tiny_elf.ar({"a.o": relocatable(), "a_name_that_is_long.o": relocatable()}), tiny_elf.ar({"a.o": ARM, "b.o": ARM})]


def read_all(path: Path, text: str, call: Callable[[Path], object]) -> None:
    """Call a reader of a file that holds a text; a UserError is a good end."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8", errors="surrogatepass")
    refused(lambda: call(path))


def refused(call: Callable[[], object]) -> None:
    """Call a reader; a UserError is a good end."""
    try:
        call()
    except UserError as error:
        assert error.where and error.what and error.fix

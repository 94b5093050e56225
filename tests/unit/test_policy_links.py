"""The rules, asked about files that a real linker made badly: zig's, which is always there; what it refuses is edited into its file."""
from __future__ import annotations

import dataclasses
import os
import shutil
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from goodroot import REPOSITORY

from crosspy.elf import elf
from crosspy.inspect import inspection, policy
from crosspy.variants import variant

SOURCE = """
static const char text[] = "text";
const char *const names[] = {text, text};
int table[4];
__attribute__((visibility("default"))) int PyInit_spam(int a) { return table[a & 3] + names[a & 1][0]; }
"""
GOOD = ("-shared", "-fPIC", "-fvisibility=hidden", "-Wl,-z,relro", "-Wl,-z,now", "-Wl,--build-id=sha1", "-s")
FILE = "usr/lib/python3.13/lib-dynload/spam.so"


@pytest.fixture(scope="module")
def link(tmp_path_factory) -> Callable[..., bytes]:
    """Link SOURCE without a libc, once for each set of words."""
    folder, made = tmp_path_factory.mktemp("links"), {}
    (folder / "spam.c").write_text(SOURCE)

    def run(*words: str) -> bytes:
        if words not in made:
            command = [sys.executable, "-m", "ziglang", "cc", "-target", "aarch64-linux-musl", "-nostdlib", "-fno-sanitize=all", *words, "spam.c", "-o", "spam"]
            env = {**os.environ, "ZIG_LOCAL_CACHE_DIR": str(folder), "ZIG_GLOBAL_CACHE_DIR": str(folder)}
            subprocess.run(command, cwd=folder, env=env, check=True, capture_output=True, text=True)
            made[words] = (folder / "spam").read_bytes()
        return made[words]
    return run


def judged(folder: Path, data: bytes, path: str = FILE) -> list[tuple[str, str]]:
    """Return (rule, what was found) for one file, in a root/ for which the build asked for everything."""
    known = variant.load(REPOSITORY / "variants/aarch64-linux-gnu")
    asked = dict.fromkeys(("build_id", "stripped", "pie", "bound", "separate_code"), True)
    expect = policy.parse(policy.expectation(known, floor="2.17", **asked), "expect.json")
    (folder / path).parent.mkdir(parents=True, exist_ok=True)
    (folder / path).write_bytes(data)
    return [(one.rule, one.found) for one in policy.judge(inspection.inspect(folder, expect, inspection.FactsCache(None)), expect)]


def without(*words: str) -> tuple[str, ...]:
    return tuple(word for word in GOOD if word not in words)


LINKS = [   # words of the link, rule, what was found
    ((*GOOD, "-Wl,-rpath,/opt/lib"), "rpath", "RUNPATH /opt/lib"),
    ((*without("-Wl,-z,relro"), "-Wl,-z,norelro"), "relro", "no PT_GNU_RELRO around the dynamic section"),
    ((*without("-Wl,-z,now"), "-Wl,-z,lazy"), "bind-now", "neither DF_BIND_NOW nor DF_1_NOW"),
    (without("-Wl,--build-id=sha1"), "build-id", "no NT_GNU_BUILD_ID note"),
    ((*GOOD, "-Wl,-z,max-page-size=4096"), "page-size", "segments for pages of 4096 bytes"),
    (without("-fvisibility=hidden"), "extension-exports", "names, table"),
]


def test_a_good_link_has_no_findings(link, tmp_path):
    assert judged(tmp_path, link(*GOOD)) == []


@pytest.mark.parametrize(("words", "rule", "found"), LINKS, ids=[row[1] for row in LINKS])
def test_one_wrong_word_of_a_link_gives_its_finding_alone(link, tmp_path, words, rule, found):
    assert judged(tmp_path, link(*words)) == [(rule, found)]


def test_a_file_that_is_not_stripped_has_both_findings_about_that(link, tmp_path):
    assert {rule for rule, _ in judged(tmp_path, link(*without("-s"), "-g"))} == {"debug-sections", "symbol-table"}


def test_a_program_at_a_fixed_address_is_a_finding(link, tmp_path):
    words = ("-static", "-fno-pie", "-no-pie", "-Wl,-e,PyInit_spam", "-Wl,--build-id=sha1", "-s")
    # Nothing is relocated in it, and so the linker leaves PT_GNU_RELRO out.
    found = [("pie", "ET_EXEC"), ("relro", "no PT_GNU_RELRO")]
    assert [row for row in judged(tmp_path, link(*words), "usr/bin/spam") if row[0] != "interpreter"] == found


def edited(data: bytes, segment: int, change: Callable[[int], int]) -> bytes:
    """Return a file of 64 bits with the flags of its segments of one type changed."""
    start, = struct.unpack_from("<Q", data, 32)
    width, count = struct.unpack_from("<HH", data, 54)
    made = bytearray(data)
    for at in range(start, start + count * width, width):
        kind, flags = struct.unpack_from("<II", data, at)
        if kind == segment:
            struct.pack_into("<I", made, at + 4, change(flags))
    return bytes(made)


@pytest.mark.parametrize(("segment", "change", "rules"), [
    (0x6474E551, lambda flags: flags | 1, {"exec-stack"}),
    (1, lambda flags: flags | (2 if flags & 1 else 0), {"writable-code"}),
    (1, lambda flags: flags | (1 if flags == 4 else 0), {"separate-code"})], ids=["stack", "code", "data"])
def test_a_flag_of_a_segment_that_was_edited_is_seen(link, tmp_path, segment, change, rules):
    assert {rule for rule, _ in judged(tmp_path, edited(link(*GOOD), segment, change))} == rules


@pytest.mark.skipif(not shutil.which("patchelf"), reason="patchelf is missing: apt-get install patchelf")
@pytest.mark.parametrize(("words", "rule"), [(("--set-rpath", "/opt"), "rpath"), (("--add-needed", "libssl.so.3"), "needed")])
def test_what_patchelf_did_is_seen(link, tmp_path, words, rule):
    (tmp_path / "spam").write_bytes(link(*GOOD))
    subprocess.run(["patchelf", *words, tmp_path / "spam"], check=True)
    assert rule in {rule for rule, _ in judged(tmp_path / "root", (tmp_path / "spam").read_bytes())}


def test_what_objcopy_leaves_for_a_debugger_is_a_debug_file(link, tmp_path):
    objcopy = shutil.which("objcopy") or pytest.skip("objcopy is missing: apt-get install binutils")
    (tmp_path / "spam").write_bytes(link("-target", "x86_64-linux-musl", *without("-s"), "-g"))
    subprocess.run([objcopy, "--only-keep-debug", tmp_path / "spam", tmp_path / "spam.debug"], check=True)
    data = (tmp_path / "spam.debug").read_bytes()
    facts, whole = elf.read(data), elf.read((tmp_path / "spam").read_bytes())
    assert (facts.kind, facts.build_id) == ("debug-file", whole.build_id) and dataclasses.astuple(facts)[:3] == (64, "little", "EM_X86_64")
    assert [rule for rule, _ in judged(tmp_path / "root", data)] == ["debug-file", "readable"], "a root/ with nothing to run"

"""A compiler that crashes, hangs, babbles, says nothing or speaks another language answers nothing: it is named, with its words."""
import contextlib
import time
from dataclasses import replace
from pathlib import Path

import pytest
from test_probe import ask, compiler, gcc, release, script

from crosspy.configure import batch
from crosspy.errors import UserError

assert gcc and release  # fixtures


@pytest.mark.parametrize("text, message", [
    ("echo 'cc: error: -Q is not known'; exit 1", "failed in probe 'preprocessor': cc: error: -Q is not known"),
    ("kill -SEGV $$", "failed in probe 'preprocessor'"),
    ("while :; do echo babble babble babble babble babble babble babble; done", "more than 8 MB of messages"),
    ("sleep 60 & sleep 60", "no answer to probe 'preprocessor' after 0.5 s"),
])
def test_a_compiler_that_fails_by_itself_answers_nothing(release, monkeypatch, text, message):
    monkeypatch.setattr(batch, "COMPILE_SECONDS", 0.5 if "sleep" in text else 60)
    with pytest.raises(UserError, match=message):
        ask(release, script(release / "cc", text))


def test_a_compiler_that_says_nothing_and_writes_nothing_is_named(release):
    for status in (0, 1):
        with pytest.raises(UserError, match="failed in probe 'preprocessor': it wrote no headers.i"):
            ask(release, script(release / "cc", f"exit {status}"))


@pytest.mark.parametrize("step, what", [("-c layout.c", "layout"), ("-c header.c", "header"), ("-c compile.c", "compile"),
                                        ("-c size.c", "size"), ("functions.c", "functions")])
@pytest.mark.parametrize("deed, words", [
    ("exit 0", "it wrote no"), ("exit 1", "it said nothing"), ("kill -SEGV $$", "SIGSEGV"),
    ("echo 'cc: fatal error: No space left on device' >&2; exit 1", "No space left on device"),
    ("echo 'cc: Fehler: unbekannte Option' >&2; exit 1", "cc: Fehler: unbekannte Option")])
def test_whatever_step_fails_by_itself_it_is_named_with_the_compilers_words(release, gcc, step, what, deed, words):
    broken = script(release / "cc", f'case "$*" in *"{step}"*) {deed};; esac\nexec {gcc.cc[0]} "$@"\n')
    with pytest.raises(UserError) as caught:
        ask(release, broken)
    assert f"probe '{what}'" in caught.value.what and words in caught.value.what and caught.value.where == str(release / "cc")


def test_the_language_of_the_machine_does_not_reach_the_compiler(release, gcc, monkeypatch):
    for name in ("LC_ALL", "LANG", "LANGUAGE"):
        monkeypatch.setenv(name, "de_DE.UTF-8")
    spoken = release / "spoken"
    asking = script(release / "cc", f'echo "$LC_ALL $LANG $LANGUAGE" >> {spoken}\nexec {gcc.cc[0]} "$@"\n')
    assert ask(release, asking) == ask(release, gcc)
    assert {line.strip() for line in spoken.read_text().splitlines()} == {"C"}


def test_programs_are_linked_in_the_working_folder_as_those_of_the_build_are(release, gcc):
    # zig has one libc for each folder that it is called in, when it lies in that one itself
    seen = release / "seen"
    looking = script(release / "cc", f'case " $* " in *" -c "*) ;; *) echo "$PWD $*" >> {seen};; esac\nexec {gcc.cc[0]} "$@"\n')
    ask(release, looking)
    links = [line for line in seen.read_text().splitlines() if "functions" in line]
    assert links and all(line.startswith(f"{Path.cwd()} ") for line in links)


def test_a_compiler_that_answers_in_another_language_all_the_same_is_not_believed(release, gcc):
    german = script(release / "cc", f"""{gcc.cc[0]} "$@" 2> {release}/said.$$; status=$?
sed -e 's/error:/Fehler:/; s/undefined reference to/nicht definierter Verweis auf/' {release}/said.$$ >&2; exit $status
""")
    with pytest.raises(UserError, match="failed in probe '(compile|functions|size)': .*(Fehler|Verweis)"):
        ask(release, german)


def test_a_compiler_that_hangs_is_killed_with_all_its_children(release, gcc, monkeypatch):
    monkeypatch.setattr(batch, "COMPILE_SECONDS", 1)
    hang = f"sleep 77 & echo $! > {release}/child; wait"
    hanging = script(release / "cc", f'case "$*" in *compile.c*) {hang};; esac\nexec {gcc.cc[0]} "$@"\n')
    start = time.monotonic()
    with pytest.raises(UserError, match="no answer to probe 'compile' after 1 s"):
        ask(release, hanging)
    child = Path("/proc") / (release / "child").read_text().strip() / "stat"
    with contextlib.suppress(OSError):  # it is gone
        while child.read_text().rpartition(")")[2].split()[0] != "Z":  # a killed process takes a moment; this one wanted 77 s
            assert time.monotonic() < start + 60
            time.sleep(.01)


def test_a_crash_in_the_middle_is_no_answer(release, gcc):
    deed = 'echo "cc: internal compiler error: Killed"; exit 4'
    broken = script(release / "cc", f'case "$*" in *compile.c*) {deed};; esac\nexec {gcc.cc[0]} "$@"\n')
    with pytest.raises(UserError, match="failed in probe 'compile': cc: internal compiler error"):
        ask(release, broken)


def test_missing_libc_headers_name_the_package(release, gcc):
    bare = replace(gcc, cc=(*gcc.cc, "-nostdinc", "-isystem", str(release)))
    with pytest.raises(UserError, match="libc headers are missing.*apt-get install libc6-dev-arm64-cross"):
        ask(release, bare, libc_package="libc6-arm64-cross")


def test_a_missing_compiler_is_one_message(release):
    with pytest.raises(UserError, match="cannot be started"):
        ask(release, compiler("/no/such/cc"))

"""Puts many questions into one compiler run and tells, from the compiler's own words, which of them it refused.

Each question stands behind ``#line 1 "probe:KEY"``, so an error names it. A run that fails for another reason than a
named question is no answer but a UserError with the compiler's words; the set of accepted questions is always that of
a run that succeeded.
"""
from __future__ import annotations

import contextlib
import os
import re
import select
import signal
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import UserError
from ..toolchains.toolchain import Toolchain
from .questions import Question

COMPILE_SECONDS = 60
LINK_SECONDS = 300
LIBC_SECONDS = 1800  # zig's first link for a triple compiles its libc: a minute of an idle machine, ten of one that has other work
MAX_OUTPUT = 8_000_000  # bytes of messages; all questions refused make some 200 K
_LOCATION = re.compile(r"(?:probe:\w+|[^\s:][^:]*):\d+:(?:\d+:)? (?P<kind>fatal error|error|note|warning): ")
_FATAL = re.compile(r"internal compiler error|PLEASE submit a bug report|Killed signal|Segmentation fault|No space left")
_INCLUDE = re.compile(r"^\s*#\s*include\s*<([^>]+)>.*$", re.M)


def _listen(process: subprocess.Popen, seconds: float) -> bytes:
    """Return all that a process says. Raises TimeoutExpired, with the output so far, when it says too much or takes too long."""
    said, end = b"", time.monotonic() + seconds
    while True:
        if select.select([process.stdout], [], [], max(0.0, end - time.monotonic()))[0]:
            part = os.read(process.stdout.fileno(), 1 << 16)
            if not part:
                break
            said += part
        if len(said) > MAX_OUTPUT or time.monotonic() > end:
            raise subprocess.TimeoutExpired(process.args, seconds, said)
    process.stdout.close()
    process.wait(max(1.0, end - time.monotonic()))
    return said


@dataclass(frozen=True)
class Compiler:
    """A toolchain with the flags of the build, and the folder for its files.

    clang: the compiler is one (it names its flags differently).  missing: headers that do not exist.
    """

    toolchain: Toolchain
    cflags: tuple[str, ...]
    ldflags: tuple[str, ...]
    scratch: Path
    clang: bool = False
    confdefs: str = ""
    missing: frozenset[str] = field(default_factory=frozenset)

    def run(self, words: Sequence[str], what: str, seconds: float | None = None, where: str = "") -> tuple[int, str]:
        """Run the driver and return its exit status and messages. Raises UserError when it hangs, crashes or is missing.

        where: the folder to run it in, instead of the one for its files.
        """
        command, seconds = [*self.toolchain.cc, *words], seconds or COMPILE_SECONDS
        env = dict(self.toolchain.env) | {"LC_ALL": "C", "TMPDIR": str(self.scratch)}
        try:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                       cwd=where or self.scratch, env=env, start_new_session=True)
        except OSError as error:
            raise UserError(command[0], f"it cannot be started ({error.strerror})", "name a working compiler") from None
        try:
            said = _listen(process, seconds)
        except BaseException as error:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            process.stdout.close()
            if not isinstance(error, subprocess.TimeoutExpired):
                raise
            reason = f"no answer to probe '{what}' after {seconds:g} s" if len(error.output or b"") <= MAX_OUTPUT else (
                f"more than {MAX_OUTPUT // 10**6} MB of messages for probe '{what}'")
            raise UserError(command[0], reason, f"try the command yourself: {' '.join(command)}") from None
        text = said.decode("utf-8", "replace")
        (self.scratch / f"{what}.log").write_text(text, "utf-8")
        status = process.returncode
        if status < 0 or _FATAL.search(text):
            raise self.failure(what, text or f"ended by {signal.Signals(-status).name}")
        return status, text

    def failure(self, what: str, text: str) -> UserError:
        """The error for a run that answers nothing: the compiler's first words."""
        lines = [line.strip() for line in text.splitlines() if re.search(r"error|cannot|unable|fail", line, re.I)]
        words = " | ".join((lines or text.strip().splitlines() or ["it said nothing"])[:3])
        return UserError(self.toolchain.cc[0], f"the compiler failed in probe '{what}': {words[:800]}",
                         "repair the toolchain or its flags; a failed run is never taken for an answer")

    def flags(self) -> list[str]:
        """The flags of every compile: the build's, and what makes errors complete and objects readable."""
        limit = "-ferror-limit=0" if self.clang else "-fmax-errors=0"
        return [*self.cflags, limit, "-std=gnu11", "-fno-lto", "-ffunction-sections", "-fno-common", "-fno-builtin", "-Wno-error",
                "-Werror=implicit-function-declaration", "-fdiagnostics-color=never"]

    def compile(self, name: str, text: str, extra: Sequence[str] = ()) -> tuple[int, str, Path]:
        """Compile a text to ``<name>.o``."""
        path = self.scratch / f"{name}.o"
        path.unlink(missing_ok=True)  # no run lives on what another one wrote
        (self.scratch / f"{name}.c").write_text(text, "utf-8")
        status, said = self.run([*self.flags(), *extra, "-c", f"{name}.c", "-o", f"{name}.o"], name)
        if status == 0 and not path.is_file():
            raise self.failure(name, said or f"it wrote no {name}.o")
        return status, said, path

    def settle(self, name: str, asked: Sequence[Question], extra: Sequence[str] = ()) -> tuple[list[Question], Path | None]:
        """Compile questions together; drop those that are refused until the rest compiles.

        Returns the accepted questions and their object. A question whose error lies inside a header may suffer from a
        header that another question included: it is asked again alone, its object is then not part of the result.
        """
        accepted, alone = list(asked), []
        while accepted:
            status, said, path = self.compile(name, self.source(accepted), extra)
            if status == 0:
                break
            direct, inside = blame(said)
            named = [q for q in accepted if q.key in direct or q.key in inside]
            if len(accepted) == 1 and (named or "Assembler messages" in said):
                return [], None
            if not named:
                raise self.failure(name, said)
            alone += [q for q in named if q.key not in direct and len(accepted) > 1]
            accepted = [q for q in accepted if q not in named]
        kept = list(accepted)
        for question in alone:
            if question.kind != "link" and self.settle(f"{name}_{question.key}", [question], extra)[0]:
                kept.append(question)
        return kept, path if accepted else None

    def source(self, asked: Sequence[Question]) -> str:
        """The C text of questions."""
        return self.confdefs + "".join(self._one(question) for question in asked)

    def _one(self, q: Question) -> str:
        prologue = _INCLUDE.sub(lambda m: f"#error no {m.group(1)}" if m.group(1) in self.missing else m.group(), q.prologue)
        text = f'#line 1 "probe:{q.key}"\n'
        if q.whole:
            return f"{text}#define main probe_{q.key}\n{prologue}\n#undef main\n"
        if q.kind == "header":
            return f"{text}{prologue}\n#include <{q.name}>\n"
        if q.kind == "size":
            return f'{text}{prologue}\n#line 1 "probe:{q.key}"\nchar probe_{q.key}[{q.name}];\n'
        return f"{text}{prologue}\nint probe_{q.key}(void);\nint probe_{q.key}(void)\n{{\n{q.body}\nreturn 0;\n}}\n"

    @property
    def link_words(self) -> tuple[str, ...]:
        """The words of a link. zig compiles its libc once more for programs that keep their symbols, and those of a build keep none."""
        return (*self.ldflags, "-s") if self.toolchain.kind == "zig" else self.ldflags

    def link(self, functions: Sequence[str], objects: Sequence[Path], libraries: Sequence[str],
             name: str = "functions") -> tuple[int, str, Path]:
        """Link a program that refers to functions, declared as Autoconf does (AC_LANG_CALL), and to whole objects.

        It is linked in the working folder, as the build's programs are: zig tells its own folder relative to it where it can, and
        where it lies in the tree (``.venv``) it would compile its libc once for links here and once for those elsewhere.
        """
        lines = [f"char {name}();" for name in functions]
        table = "".join(f"(void *){name}, " for name in functions)
        lines.append(f"void *volatile probe_table[] = {{{table}(void *)0}};\nint main(void) {{ return probe_table[0] != 0; }}\n")
        program = self.scratch / name
        program.unlink(missing_ok=True)
        (self.scratch / f"{name}.c").write_text("\n".join(lines), "utf-8")
        status, said = self.run([*self.flags(), "-w", f"{program}.c", *map(str, objects), *self.link_words, *libraries, "-o", str(program)],
                                name, LIBC_SECONDS if self.toolchain.kind == "zig" else LINK_SECONDS, os.getcwd())
        if status == 0 and not program.is_file():
            raise self.failure(name, said or "it wrote no program")
        return status, said, program


def includes(prologue: str) -> list[str]:
    """Return the system headers that a piece of C includes."""
    return re.findall(r"^\s*#\s*include\s*<([^>]+)>", prologue, re.M)


def blame(said: str) -> tuple[set[str], set[str]]:
    """Return the keys that errors name: at their own line, and through a header that they include."""
    direct, inside, stack, within = set(), set(), set(), set()
    fresh = False
    for line in said.splitlines():
        if re.match(r"In file included from |\s+from ", line):
            stack, within = (stack if fresh else set()), set()
            fresh = True
            stack |= set(re.findall(r"probe:(\w+):", line))
            continue
        fresh = False
        if found := re.search(r"[Ii]n function '(?:probe_)?(\w+)'|[Ii]n function ‘(?:probe_)?(\w+)’", line):
            within = {found.group(1) or found.group(2)}
            continue
        if "At top level" in line:
            within = set()
            continue
        own = (re.match(r"probe:(\w+):\d+:", line) or [None, ""])[1]
        if match := _LOCATION.match(line):
            if match.group("kind") in ("error", "fatal error"):
                direct |= {own} if own else within
                inside |= set() if own or within else stack
            if own and "in expansion of macro" in line:
                direct.add(own)
    return direct, inside

"""Link a program as ``zig cc`` would, but with its symbols, and with words for the linker that the driver refuses.

    python -m crosspy.ziglink [--WORD...] zig cc WORDS... -o OUTPUT OBJECT... LIBRARY...

zig's driver knows the C library's objects and the words for its linker: it links one small object first and tells them (``-v``).
Then its linker is called with the same words but ``-s``, with the words before ``zig`` and the real objects. That takes 0.4 s.
With ``--pack-dyn-relocs=relr`` (DT_RELR, gABI) a static-pie interpreter is a tenth smaller. The driver's own way to keep symbols,
``-g``, would take another C library, compiled with debug information.
"""
from __future__ import annotations

import os
import subprocess
import sys
import tempfile

from .errors import UserError

_PLAIN = ("-fPIE", "-fno-asynchronous-unwind-tables")
_STUB, _OUT, _SPACE, _MAIN = "stub.o", "stub", "\0", "int main(void) { return 0; }\n"


def parted(arguments: list[str]) -> tuple[list[str], str, list[str]]:
    """Split a link command into its words without output and objects, the output, and the objects (whatever ends in .o or .a)."""
    words, objects, output = [], [], ""
    rest = iter(arguments)
    for word in rest:
        if word == "-o":
            output = next(rest, "")
        elif word.endswith((".o", ".a")) and not word.startswith("-"):
            objects.append(word)
        else:
            words.append(word)
    if not output or not objects:
        raise UserError("ziglink", "its command names no output or no object", "give COMMAND... -o OUTPUT OBJECT...")
    return words, output, objects


def linker_words(told: str, caches: str) -> list[str]:
    """Return the words of the last linker call in what ``zig cc -v`` printed. zig quotes nothing; caches, its folder, may have spaces."""
    lines = [line for line in told.splitlines() if line.startswith("ld.lld ") and f" -o {_OUT} " in line]
    if not lines:
        raise UserError("zig cc -v", f"it shows no call of its linker: {told[-300:]!r}", "use the pinned zig: pip install -r requirements.txt")
    return [word.replace(_SPACE, caches) for word in lines[-1].replace(caches, _SPACE).split()[1:]]


def link(command: list[str], output: str, objects: list[str]) -> int:
    """Link; returns the linker's exit status. Raises UserError when the driver cannot link even a small object."""
    start = next(number for number, word in enumerate(command) if not word.startswith("--"))
    more, command = command[:start], command[start:]
    with tempfile.TemporaryDirectory(prefix="ziglink-") as scratch:
        for words in ([command[0], "cc", *_target(command), *_PLAIN, "-c", "-x", "c", "-", "-o", _STUB], [*command, "-v", _STUB, "-o", _OUT]):
            done = subprocess.run(words, cwd=scratch, capture_output=True, text=True, input=_MAIN)
            if done.returncode:
                said = [line for line in done.stderr.splitlines() if not line.startswith(("ar ", "ld.lld -"))]
                raise UserError(" ".join(words), "\n".join(said)[-2000:] or "it failed", "look at the compiler's words")
        told = done.stderr + done.stdout
    words = linker_words(told, os.environ.get("ZIG_GLOBAL_CACHE_DIR", "\1"))
    place = words.index(_STUB)
    words[place:place + 1] = objects
    words[words.index("-o") + 1] = output
    return subprocess.run([command[0], "ld.lld", *(word for word in words if word != "-s"), *more]).returncode


def _target(command: list[str]) -> list[str]:
    at = command.index("-target")
    return command[at:at + 2]


def main(arguments: list[str]) -> int:
    """Link as the command says."""
    try:
        return link(*parted(arguments))
    except UserError as error:
        print(error, file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

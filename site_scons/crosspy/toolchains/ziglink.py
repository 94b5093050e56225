"""Link a program as ``zig cc`` would, but with its symbols, and with words for the linker that the driver refuses.

    python -m crosspy.toolchains.ziglink [--WORD...] zig cc WORDS... -o OUTPUT OBJECT... LIBRARY...

zig's driver knows the C library's objects and the words for its linker: it links one small object first and tells them (``-v``).
Then its linker is called with the same words but ``-s``, with the words before ``zig`` and the real objects. That takes 0.4 s.
With ``--pack-dyn-relocs=relr`` (DT_RELR, gABI) a static-pie interpreter is a tenth smaller. The driver's own way to keep symbols,
``-g``, would take another C library, compiled with debug information. Both run in the working folder, as every link of a build
does: zig tells its own folder relative to it where it can, and would compile a C library once more for another one.
"""
from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile

from ..errors import UserError

_PLAIN = ("-fPIE", "-fno-asynchronous-unwind-tables")
_STUB, _OUT, _MAIN = "stub.o", "stub", "int main(void) { return 0; }\n"


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


def linker_words(told: str, *places: str) -> list[str]:
    """Return the words of the linker call in what ``zig cc -v`` printed for ``-o .../stub``.

    places: folders that it names and that may have spaces in their names, since zig quotes nothing.
    """
    for number, place in enumerate(places):
        told = told.replace(place, chr(number))
    lines = [line for line in told.splitlines() if line.startswith("ld.lld ") and re.search(rf" -o \S*\b{_OUT} ", line)]
    if not lines:
        raise UserError("zig cc -v", f"it shows no call of its linker: {told[-300:]!r}", "use the pinned zig: pip install -r requirements.txt")
    return ["".join(places[ord(char)] if ord(char) < len(places) else char for char in word) for word in lines[-1].split(" ")[1:] if word]


def link(command: list[str], output: str, objects: list[str]) -> int:
    """Link; returns the linker's exit status. Raises UserError when the driver cannot link even a small object."""
    start = next(number for number, word in enumerate(command) if not word.startswith("--"))
    more, command = command[:start], command[start:]
    with tempfile.TemporaryDirectory(prefix="ziglink-") as scratch:
        stub, out = f"{scratch}/{_STUB}", f"{scratch}/{_OUT}"
        for words in ([command[0], "cc", *_target(command), *_PLAIN, "-c", "-x", "c", "-", "-o", stub], [*command, "-v", stub, "-o", out]):
            done = subprocess.run(words, capture_output=True, text=True, input=_MAIN)
            if done.returncode:
                said = [line for line in done.stderr.splitlines() if not line.startswith(("ar ", "ld.lld -"))]
                raise UserError(" ".join(words), "\n".join(said)[-2000:] or "it failed", "look at the compiler's words")
        told = done.stderr + done.stdout
    words = linker_words(told, *filter(None, (os.environ.get("ZIG_GLOBAL_CACHE_DIR"), scratch)))
    place = words.index(stub)
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

"""Which functions a target's libraries have: one link of all, where the linker names those that are missing, or one of each."""
from __future__ import annotations

import os
import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from . import readback
from .batch import Compiler

LIBRARIES = ("-lpthread", "-ldl", "-lutil", "-lrt", "-lm")  # where glibc before 2.34 keeps what upstream asks for
_UNDEFINED = re.compile(r"undefined (?:reference to|symbol:?)\s+[`'\"‘]?([\w$.]+)")
_NO_LIBRARY = re.compile(r"(?:cannot find|unable to find (?:dynamic system )?library) '?-l(\w+)")


def link_all(compiler: Compiler, functions: Sequence[str], objects: list, libraries: Sequence[str] = LIBRARIES,
             name: str = "functions") -> tuple[set[str], set[str], dict[str, str], list[str]]:
    """Link until nothing is undefined.

    Returns the functions found, the keys of link questions that were refused, the library of each symbol, and the
    libraries that the linker knows.  name: of the program.
    """
    found, refused, known = list(functions), set(), list(libraries)
    while True:
        status, said, program = compiler.link(found, [path for _, path in objects], known, name)
        if status == 0:
            return set(found), refused, readback.libraries(program), known
        undefined, absent = set(_UNDEFINED.findall(said)), {f"-l{name}" for name in _NO_LIBRARY.findall(said)}
        blamed = {path: readback.users(path, undefined) for _, path in objects}
        if not (undefined & set(found) or absent & set(known) or any(blamed.values())):
            raise compiler.failure(name, said)
        found = [name for name in found if name not in undefined]
        known = [name for name in known if name not in absent]
        remaining = []
        for kept, path in objects:
            refused |= blamed[path]
            left = [q for q in kept if q.key not in blamed[path]]
            if left and blamed[path]:
                path = compiler.settle(path.stem, left)[1]
            if left:
                remaining.append((left, path))
        objects = remaining


def link_each(compiler: Compiler, functions: Sequence[str], objects: list) -> tuple[set[str], set[str], dict[str, str], list[str]]:
    """As `link_all`, with a program for every single function and object."""
    found, refused, where, known = link_all(compiler, [], [])
    jobs = [([name], [], f"function_{name}") for name in functions] + [([], [one], f"object_{one[0][0].key}") for one in objects]
    with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
        for some, bad, served, _ in pool.map(lambda job: link_all(compiler, job[0], job[1], known, job[2]), jobs):
            found, refused, where = found | some, refused | bad, served | where
    return found, refused, where, known

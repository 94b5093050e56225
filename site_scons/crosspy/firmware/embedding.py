"""C and C++ sources of somebody else's that are linked with an interpreter: which language, which compiler, which flags."""
from __future__ import annotations

import os
import shlex
import shutil
from dataclasses import replace
from pathlib import Path

from ..errors import UserError
from ..run import stages
from ..toolchains import flags
from ..toolchains.toolchain import Toolchain

SUFFIXES = {".c": "c", ".cc": "c++", ".cpp": "c++", ".cxx": "c++"}


def language(source: str) -> str:
    """Return ``c`` or ``c++``. Raises UserError for another kind of file."""
    suffix = os.path.splitext(source)[1]
    if suffix not in SUFFIXES:
        raise UserError(source, "it is neither C nor C++", f"name files that end in one of {', '.join(SUFFIXES)}")
    return SUFFIXES[suffix]


def driver(tool: Toolchain) -> Toolchain:
    """Return the toolchain with its C++ compiler in the place of its C compiler. Raises UserError where there is none."""
    if tool.kind == "zig":
        return replace(tool, cc=(tool.cc[0], "c++", *tool.cc[2:]))
    folder, name = os.path.split(tool.cc[0])
    other = os.path.join(folder, name.replace("gcc", "g++") if tool.kind == "gcc" else name.replace("clang", "clang++"))
    if not shutil.which(other):
        raise UserError(f"toolchain={tool.kind}", f"it has no C++ compiler: {other} does not exist",
                        f"install it (Debian: apt-get install {name.replace('gcc', 'g++')})" if tool.kind == "gcc" else "install it")
    return replace(tool, cc=(other, *tool.cc[1:]))


def compiling(job: stages.Job, project: Path, language: str) -> str:
    """Return the command that compiles such a source, without its own flags: the target's flags, and our headers. job: of a target."""
    tool = driver(job.toolchain) if language == "c++" else job.toolchain
    folders = [job.folder, f"{job.tree}/Include", str(project / "cpython" / "app")]
    words = [*tool.cc, *flags.embedding(job.variant, job.options, job.toolchain), *(f"-I{folder}" for folder in folders)]
    return shlex.join(words).replace("$", "$$")


def linking(job: stages.Job, command: str) -> str:
    """Return the command of a program's link, for one with C++ in it. command: that of the others."""
    tool = driver(job.toolchain)
    static = " -static-libstdc++ -static-libgcc" if tool.kind == "gcc" else ""
    assert shlex.join(job.toolchain.cc) in command
    return command.replace(shlex.join(job.toolchain.cc), shlex.join(tool.cc), 1) + static

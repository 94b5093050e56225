"""What is known about building one library from source: the words between a library's own rules and SCons.

A library's rules are one module of this package with a function ``plan(site) -> Recipe``. It reads object lists and flags from
upstream's own files, asks the compiler what upstream's configure would, and starts no other process than the compiler (and, for
OpenSSL, its own Configure). What must be run to generate sources is a `Command`, an action of the graph.
"""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ..cli.options import Options
from ..toolchains.toolchain import Toolchain
from ..variants.variant import Variant
from .library import Library


@dataclass(frozen=True)
class Site:
    """For what and where one library is built.

    tree: its source, absolute.  folder: of everything that is made, absolute, not there yet when nothing has been built.
    scratch: an empty folder for files of probes.  cflags: of every compile (optimisation, -fPIC, hidden visibility, hardening), as
    probes must use them, too.  ldflags: of a program's link, for probes.  include: absolute -I folders of the libraries that this
    one needs, by their names.  host: what compiles programs for this machine.
    """

    name: str
    tree: Path
    folder: Path
    scratch: Path
    variant: Variant
    options: Options
    toolchain: Toolchain
    cflags: tuple[str, ...]
    ldflags: tuple[str, ...]
    include: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    library: Library | None = None
    host: Toolchain | None = None

    @property
    def facts(self) -> Mapping[str, object]:
        """The tables of dep.toml that are for the library's own rules."""
        return self.library.facts if self.library else {}


@dataclass(frozen=True)
class Unit:
    """One compile. object: below obj/.  source: below the tree; or ``generated/...``, below the library's folder.

    flags: words beside those of the site; ``{tree}`` and ``{folder}`` in them stand for the two folders.  generated: whether it
    includes a header that a command makes.
    """

    object: str
    source: str
    flags: tuple[str, ...] = ()
    generated: bool = False


@dataclass(frozen=True)
class Command:
    """One action that generates files, run in the library's folder with the toolchain-free environment of the host.

    outputs: files below the folder, as in ``generated/names.c``.  inputs: files that it reads, below the folder where they start
    with ``generated/``, else below the tree.  words: the command; ``{tree}``, ``{folder}`` and ``{output}`` (the first output's
    temporary name) stand for paths from the library's folder on.  stdout: the first output is what the command prints.  A command that writes its outputs
    itself writes ``{output}``; a command of several outputs writes the others under their own names.
    host: (source, flags) of a C program of the host, compiled before by the pinned zig; ``{program}`` stands for it in words. It
    may include what the command's inputs are.  compiler: it calls the target's compiler, so it runs with that one's environment and
    depends on its digest.
    """

    outputs: tuple[str, ...]
    words: tuple[str, ...]
    inputs: tuple[str, ...] = ()
    stdout: bool = False
    host: tuple[str, ...] = ()
    compiler: bool = False


@dataclass(frozen=True)
class Recipe:
    """How one library is built.

    archives: static library -> its objects, as in ``{"libz.a": ("adler32.o",)}``.  texts: files that are known before the graph,
    as in ``{"generated/config.h": "..."}``.  include: -I folders for those who use the library, with ``{tree}`` and ``{folder}``.
    flags: words of all units, beside the site's.
    """

    units: tuple[Unit, ...]
    archives: Mapping[str, tuple[str, ...]]
    texts: Mapping[str, str] = field(default_factory=dict)
    commands: tuple[Command, ...] = ()
    include: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()

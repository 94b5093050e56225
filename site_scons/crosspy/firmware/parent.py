"""What a parent's SConstruct gets from ``SConscript('.../cpython-scons/SConstruct', exports={'cpython_scons': {...}})``."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

Node = Any  # a node of SCons; this package does not import it
Source = Any  # a path, relative to the SConscript that names it, or such a node


class Graph(Protocol):
    """The side of SCons (site_tools/pyparent.py)."""

    def nodes(self) -> Mapping[str, Node]: ...
    def app(self, name: str, source: Source, **words: Any) -> Node: ...
    def embed(self, name: str, sources: Sequence[Source], **words: Any) -> Node: ...
    def image(self, target: Source, files: Mapping[str, Source], **words: Any) -> Node: ...


@dataclass(frozen=True)
class CPython:
    """CPython for one target, as a part of the parent's build. Nothing is planned or compiled but what is asked for.

    target: the variant's name.  triple: of the target.  release: the series or release that was asked for.  flash: the budget in bytes, of the
    options or of the board, 0 without one.  qemu: the words that run a program of the target here, as far as that is possible.
    """

    target: str
    triple: str
    release: str
    flash: int
    qemu: tuple[str, ...]
    _graph: Graph

    @property
    def python(self) -> Node:
        """The interpreter of profile=full, in its place below root/."""
        return self._graph.nodes()["python"]

    @property
    def libpython(self) -> Node:
        """libpython3.13.a, or with libpython=shared libpython3.13.so.1.0."""
        return self._graph.nodes()["libpython"]

    @property
    def headers(self) -> Node:
        """The folder of Python.h and pyconfig.h, for CPPPATH; a compile that uses it needs Depends(object, headers), too."""
        return self._graph.nodes()["headers"]

    @property
    def stdlib(self) -> Node:
        """The folder of the standard library."""
        return self._graph.nodes()["stdlib"]

    @property
    def root(self) -> Node:
        """The folder root/: all that `make install` would have installed, for PythonImage."""
        return self._graph.nodes()["root"]

    @property
    def manifest(self) -> Node:
        """manifest.json: what was built, from what, every file with size and sha256."""
        return self._graph.nodes()["manifest"]

    def PythonApp(self, name: str, source: Source, *, path: Source | Sequence[Source] = (), include: str | Sequence[str] = (),
                  exclude: str | Sequence[str] = (), flash: str = "") -> Node:
        """Build one program of a Python application: one ELF file, which is there once it is inspected and within its budget.

        name: of the program.  source: a .py file or a package.  path: folders of pure-Python dependencies.  include, exclude:
        corrections of what it carries.  flash: its budget (3500K, 4M), else the board's.
        """
        return self._graph.app(name, source, path=path, include=include, exclude=exclude, flash=flash)

    def PythonEmbed(self, name: str, sources: Source | Sequence[Source], *, app: Source, path: Source | Sequence[Source] = (),
                    include: str | Sequence[str] = (), exclude: str | Sequence[str] = (), flash: str = "", flags: str | Sequence[str] = (),
                    cpppath: Source | Sequence[Source] = (), libs: str | Sequence[str | Node] = ()) -> Node:
        """Build a C or C++ program of the parent's with an interpreter in it (cpython_embed.h); it can import what app reaches, and app.

        sources: C and C++ files.  app: a .py file or a package, which is not run.  flags: of every compile.  cpppath: folders of
        headers.  libs: words at the end of the link, or nodes of libraries that the parent builds for the target.  The others are as for PythonApp.
        """
        return self._graph.embed(name, sources, app=app, path=path, include=include, exclude=exclude, flash=flash, flags=flags,
                                 cpppath=cpppath, libs=libs)

    def PythonImage(self, target: Source, files: Mapping[str, Source], *, format: str = "", links: Mapping[str, str] | None = None,
                    folders: Sequence[str] = (), devices: Mapping[str, str] | None = None, modes: Mapping[str, str] | None = None,
                    flash: str = "") -> Node:
        """Put files for the device into a folder, a reproducible tar, a squashfs or a cpio, which a kernel takes as initramfs.

        target: its name, which ends in .tar, .squashfs, .cpio or .cpio.gz where `format` does not say more.  files: path on the device
        -> file, or folder with all that is in it; a node of this build or of the parent's.  links: path -> target.  folders: empty ones.
        devices: path -> ``c 5 1 0600``; a cpio has /dev/console without a word.  modes: path -> ``0600``.  flash: a budget, else the
        board's.
        """
        return self._graph.image(target, files, format=format, links=links or {}, folders=folders, devices=devices, modes=modes or {},
                                 flash=flash)

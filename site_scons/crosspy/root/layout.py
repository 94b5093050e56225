"""Which file goes where below root/, as CPython's ``make install`` lays it out; nothing is compiled or written here.

The package folders are read from the tree's own Makefile.pre.in (LIBSUBDIRS, TESTSUBDIRS); the other rules are those
of its targets altbininstall, bininstall, libinstall, inclinstall, libainstall, maninstall (3.13: lines 2151-2745).
"""
from __future__ import annotations

import argparse
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ..errors import UserError

# libinstall: 'case $i in *CVS) ;; *.py[co]) ;; *.orig) ;; *~) ;;' (Makefile.pre.in:2540-2544)
_LEFT_OUT = re.compile(r"(CVS|\.py[co]|\.orig|~)\Z")
# libinstall: compileall -x 'bad_coding|badsyntax|site-packages', then site-packages with -x badsyntax (2571-2579)
_NOT_COMPILED = re.compile(r"bad_coding|badsyntax")


@dataclass(frozen=True)
class Item:
    """One regular file. origin says what source is: ``tree``, a path in the release's tree; ``generated``, a name of
    crosspy.upstream.generated; ``built``, a name the caller compiles.  destination: relative to root/.  mode: 0o644 or 0o755.
    """

    source: str
    destination: str
    mode: int = 0o644
    origin: str = "tree"


@dataclass(frozen=True)
class Link:
    """One symbolic link. destination: relative to root/.  target: what the link says, relative to its folder."""

    destination: str
    target: str


@dataclass(frozen=True)
class Folder:
    """A folder that exists even when nothing is in it (lib-dynload is a landmark of Modules/getpath.py)."""

    destination: str


@dataclass(frozen=True)
class Options:
    """What the layout depends on. series: ``3.13``.  multiarch: may be empty.  tests: CPython's test package too.

    libpython: ``static`` or ``shared``.  static_library: libpython3.13.a and python.o.  without: modules and
    packages of the library that are left out (``ssl``).  stand_ins: modules in their place whose import says why.
    """

    series: str
    prefix: str = "/usr"
    multiarch: str = ""
    tests: bool = False
    libpython: str = "static"
    static_library: bool = True
    without: frozenset[str] = frozenset()
    stand_ins: tuple[str, ...] = ()

    @property
    def base(self) -> str:
        return self.prefix.strip("/")

    @property
    def stdlib(self) -> str:
        """LIBDEST below root/ (Makefile.pre.in:172)."""
        return f"{self.base}/lib/python{self.series}".lstrip("/")

    @property
    def config(self) -> str:
        """LIBPL below root/ (configure.ac:6400-6404)."""
        return f"{self.stdlib}/config-{self.series}" + (f"-{self.multiarch}" if self.multiarch else "")

    @property
    def sysconfigdata(self) -> str:
        """The file name of sysconfig's data (Lib/sysconfig/__init__.py, _get_sysconfigdata_name)."""
        return f"_sysconfigdata__linux_{self.multiarch}.py"


def make_words(text: str, name: str) -> list[str]:
    """Return the words of one make variable, with $(NAME) of others resolved.

    Raises UserError when the text defines no such variable.
    """
    match = re.search(rf"^{name}\s*=((?:[^\n]*\\\n)*[^\n]*)", text, re.M)
    if not match:
        raise UserError("Makefile.pre.in", f"it defines no {name}", "use the release's own file, unchanged")
    words: list[str] = []
    for word in match.group(1).replace("\\\n", " ").split():
        nested = re.fullmatch(r"\$\((\w+)\)", word)
        words += make_words(text, nested.group(1)) if nested else [word]
    return words


def layout(tree: Path, options: Options) -> list[Item | Link | Folder]:
    """Return everything that ``make install`` puts below root/ but the extension modules, sorted by destination.

    tree: the release's unpacked folder.  Two entries never share a destination.
    """
    found: list[Item | Link | Folder] = []
    for part in (_library, _headers, _development, _programs):
        found += part(tree, options)
    return sorted(found, key=lambda entry: entry.destination)


def _names(folder: Path, pattern: str = r"[^.].*") -> Iterator[tuple[str, int]]:
    """Yield name and install mode of the files that a shell's ``folder/*`` names: 0755 where ``test -x`` holds."""
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except FileNotFoundError:
        return
    for entry in entries:
        if re.fullmatch(pattern, entry.name) and entry.is_file():
            yield entry.name, 0o755 if entry.stat().st_mode & 0o100 else 0o644


# What stands in front of an upstream module, and where that then lies: cpython/device/ has ours.
WRAPPED = {"ctypes/util.py": "ctypes/_upstream_util.py"}


def library(tree: Path, options: Options) -> Iterator[Item]:
    """Yield the files of Lib/ that libinstall takes: top-level .py, and all files of the listed folders."""
    text = (tree / "Makefile.pre.in").read_text("utf-8")
    folders = make_words(text, "LIBSUBDIRS") + (make_words(text, "TESTSUBDIRS") if options.tests else [])
    for name, mode in _names(tree / "Lib", r"[^.].*\.py"):
        if name[:-3] not in options.without:
            yield Item(f"Lib/{name}", f"{options.stdlib}/{name}", mode)
    for folder in folders:
        if any(f"{folder}/".startswith(f"{gone}/") for gone in options.without):
            continue
        for name, mode in _names(tree / "Lib" / folder):
            inner = f"{folder}/{name}"
            if not _LEFT_OUT.search(name):
                yield Item(f"Lib/{inner}", f"{options.stdlib}/{WRAPPED.get(inner, inner)}", mode)


def _library(tree: Path, options: Options) -> Iterator[Item | Folder]:
    yield from library(tree, options)
    yield Item("LICENSE", f"{options.stdlib}/LICENSE.txt")
    yield Item(options.sysconfigdata, f"{options.stdlib}/{options.sysconfigdata}", origin="generated")
    yield from (Item(f"{name}.py", f"{options.stdlib}/{name}.py", origin="generated") for name in options.stand_ins)
    yield Folder(f"{options.stdlib}/lib-dynload")


def _headers(tree: Path, options: Options) -> Iterator[Item]:
    """inclinstall (Makefile.pre.in:2625-2684)."""
    include = f"{options.base}/include/python{options.series}".lstrip("/")
    # INSTALL_MIMALLOC is "yes" unless --without-mimalloc (configure.ac)
    for folder in ("", "cpython", "internal", "internal/mimalloc", "internal/mimalloc/mimalloc"):
        for name, _ in _names(tree / "Include" / folder, r"[^.].*\.h"):
            inner = f"{folder}/{name}".lstrip("/")
            yield Item(f"Include/{inner}", f"{include}/{inner}")
    yield Item("pyconfig.h", f"{include}/pyconfig.h", origin="generated")


def _development(tree: Path, options: Options) -> Iterator[Item | Link]:
    """libainstall (Makefile.pre.in:2695-2745) and the library files of altbininstall (2191-2206)."""
    series, lib = options.series, f"{options.base}/lib".lstrip("/")
    yield from (Item(f"Modules/{name}", f"{options.config}/{name}") for name in ("config.c.in", "Setup"))
    yield from (Item(name, f"{options.config}/{name}", origin="generated")
                for name in ("config.c", "Makefile", "Setup.bootstrap", "Setup.stdlib", "Setup.local"))
    yield Item("Modules/makesetup", f"{options.config}/makesetup", 0o755)
    yield Item("install-sh", f"{options.config}/install-sh", 0o755)
    yield Item("python-config.py", f"{options.config}/python-config.py", 0o755, "generated")
    for kind in ("", "-embed"):
        yield Item(f"python{kind}.pc", f"{lib}/pkgconfig/python-{series}{kind}.pc", origin="generated")
        yield Link(f"{lib}/pkgconfig/python3{kind}.pc", f"python-{series}{kind}.pc")
    archive = f"libpython{series}.a"
    if options.static_library:
        yield Item("python.o", f"{options.config}/python.o", origin="built")
        yield Item(archive, f"{options.config}/{archive}", origin="built")
    if options.libpython == "shared":
        yield Item(f"libpython{series}.so.1.0", f"{lib}/libpython{series}.so.1.0", 0o755, "built")
        yield Link(f"{lib}/libpython{series}.so", f"libpython{series}.so.1.0")
        yield Item("libpython3.so", f"{lib}/libpython3.so", 0o755, "built")
    elif options.static_library:
        yield Item(archive, f"{lib}/{archive}", 0o755, "built")


def _programs(tree: Path, options: Options) -> Iterator[Item | Link]:
    """altbininstall, bininstall and maninstall (Makefile.pre.in:2175-2329); there is no plain ``python``."""
    series, bin_folder = options.series, f"{options.base}/bin".lstrip("/")
    man = f"{options.base}/share/man/man1".lstrip("/")
    yield Item("python", f"{bin_folder}/python{series}", 0o755, "built")
    yield Link(f"{bin_folder}/python3", f"python{series}")
    yield Item("python-config", f"{bin_folder}/python{series}-config", 0o755, "generated")
    yield Link(f"{bin_folder}/python3-config", f"python{series}-config")
    for tool, package in (("idle", "idlelib"), ("pydoc", "pydoc")):
        if package not in options.without:
            yield Item(tool, f"{bin_folder}/{tool}{series}", 0o755, "generated")
            yield Link(f"{bin_folder}/{tool}3", f"{tool}{series}")
    yield Item("Misc/python.man", f"{man}/python{series}.1")
    yield Link(f"{man}/python3.1", f"python{series}.1")


def is_compiled(inner: str) -> bool:
    """Say whether ``make install`` byte-compiles a file. inner: its path below lib/python3.13."""
    return inner.endswith(".py") and not _NOT_COMPILED.search(inner)


def compile_list(tree: Path, options: Options) -> str:
    """Return what crosspy/bootstrap/bytecode.py reads: one line for each .py file to compile, ``source TAB path in the library``."""
    start = len(options.stdlib) + 1
    return "".join(f"{tree}/{item.source}\t{item.destination[start:]}\n" for item in library(tree, options)
                   if is_compiled(item.destination[start:]))


def main(arguments: list[str] | None = None) -> None:
    """Write the list of library files to compile; the tree's folders are listed here, not while SConscripts are read."""
    parser = argparse.ArgumentParser(prog="crosspy.root.layout", description=main.__doc__)
    parser.add_argument("--tree", type=Path, required=True)
    parser.add_argument("--series", required=True)
    parser.add_argument("--tests", choices=("no", "yes"), default="no")
    parser.add_argument("--output", type=Path, required=True)
    given = parser.parse_args(arguments)
    text = compile_list(given.tree, Options(given.series, tests=given.tests == "yes"))
    given.output.write_text(text, "utf-8")


if __name__ == "__main__":
    main()

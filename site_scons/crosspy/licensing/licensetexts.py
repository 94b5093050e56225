"""A component -> the text of its licence, from where components.toml or dep.toml says it is."""
from __future__ import annotations

import inspect
import re
import textwrap
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path

from ..deps.library import Library
from ..errors import UserError
from . import packages
from .components import Component

_HEADING = re.compile(r"^(?P<title>\S.*)\n(?P<line>[-=~^])(?P=line)+$", re.M)
_LICENCE = re.compile(r"dist-info/(licenses/|LICEN[CS]E|COPYING|NOTICE)", re.I)


def read(one: Component, job, rows: Sequence[Mapping], build: Path) -> str:
    """Return the text of a component's licence. job: stages.Job.  rows: of the libraries of its target.  build: ``build_dir=``.

    Raises UserError where a file is missing that a row names.
    """
    tree, toolchain = job.release.tree, Path(job.toolchain.cc[0]).resolve().parent
    own = next((build / "sources" / row["tree"] for row in rows if row["name"] == one.name and row["tree"]), None) if one.kind == "library" else None
    found = []
    for how, place in one.texts:
        if how == "text":
            found.append(place)
        elif how == "tree":
            found.append(_file(own / place) if own else f"{place} of {one.name}'s source has the licence: {one.homepage}")
        elif how == "section":
            found.append(section(_file(tree / "Doc" / "license.rst"), place))
        elif how == "comment":
            found.append(of_file(tree / place))
        elif how == "tree_comment":
            found.append(of_file(own / place) if own else "")
        elif how == "wheel":
            found += wheel(sorted(tree.glob(place)))
        elif how == "metadata":
            found += ["\n".join(packages.said(place)), *(f"==== {name}\n\n{text}" for name, text in packages.texts(place))]
        else:
            found.append(_file((toolchain if how == "toolchain_file" else tree) / place))
    if one.name in job.found:
        found += [_file(path) for path in of_sysroot(Path(job.found[one.name].root), job.libraries[one.name])]
    if one.kind == "package" and not found:
        return "No licence text comes with it."
    return "\n\n".join(dict.fromkeys(text.strip("\n") for text in found if text))


def of_sysroot(root: Path, library: Library) -> list[Path]:
    """Return the licence files that a sysroot has of a library: all of usr/share/licenses (Yocto, Arch), or one copyright file of Debian's."""
    names = dict.fromkeys([library.name, str(library.sysroot.get("pkgconfig", library.name)), *(word[2:] for word in library.links)])
    own = sorted(path for name in names for path in root.glob(f"usr/share/licenses/{name}/*") if path.is_file())
    debian = (path for name in names for pattern in (f"{name}*", f"lib{name}*") for path in sorted(root.glob(f"usr/share/doc/{pattern}/copyright"))
              if path.is_file())
    return own or [path for path in [next(debian, None)] if path]


def _file(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace")
    except (OSError, ValueError) as error:   # ValueError: a null byte in its name
        raise UserError(str(path), f"the licence text cannot be read ({getattr(error, 'strerror', '') or error})", "see cpython/components.toml and deps/*/dep.toml") from None


def sections(text: str) -> dict[str, str]:
    """Return the sections about incorporated software of upstream's Doc/license.rst, by title."""
    begin = text.find("Licenses and Acknowledgements for Incorporated Software")
    heads = list(_HEADING.finditer(text, begin)) if begin >= 0 else []
    ends = [one.start() for one in heads[1:]] + [len(text)]
    return {one["title"]: text[one.end():end] for one, end in zip(heads, ends) if one["line"] == "-"}


def section(text: str, title: str) -> str:
    """Return one section of Doc/license.rst as plain text, empty where a release has none of this title."""
    found = re.sub(r"^\.\. _.*\n", "", sections(text).get(title, ""), flags=re.M)
    found = re.sub(r":\w[\w:]*:`[~!]?([^`<]*?)(?: <[^`]*>)?`", r"\1", found).replace("::\n", ":\n")
    return textwrap.dedent(found).strip("\n")


def of_file(path: Path) -> str:
    """Return what a source file begins with: the comments of C, those of Python that speak of a licence. Raises UserError."""
    return (heading if path.suffix == ".py" else comment)(_file(path))


def comment(text: str) -> str:
    """Return the comments that a C file begins with, without those of a version control system alone ("$NetBSD: ...$")."""
    found = re.match(r"(?:\s*/\*.*?\*/)*", text, re.S)[0]
    told = [_plain(re.sub(r"^ ?\* ?", "", one, flags=re.M)) for one in re.findall(r"/\*(.*?)\*/", found, re.S)]
    return "\n\n".join(one for one in told if not re.fullmatch(r"\$.*\$", one))


def _plain(text: str) -> str:
    """Return a comment without its lines of dashes and stars."""
    return inspect.cleandoc(re.sub(r"^[-*# \t]+$", "", text, flags=re.M)).strip()


def heading(text: str) -> str:
    """Return the first lines of comment, or text in triple quotes, of a Python file that speak of a copyright or a licence."""
    for one in re.finditer(r'^(?:#[^\n]*\n)+|"""(.*?)"""', text, re.M | re.S):
        said = one[1] if one[0].startswith('"') else re.sub(r"^#(!.*| ?)", "", one[0], flags=re.M)
        if re.search(r"copyright|\(c\) \d{4}|licen[cs]e", said, re.I):
            return _plain(said)
    return ""


def wheel(paths: Sequence[Path]) -> list[str]:
    """Return every licence in wheels, each below its name there. Raises UserError for a damaged one."""
    found = []
    for path in paths:
        try:
            with zipfile.ZipFile(path) as archive:
                names = [name for name in sorted(archive.namelist()) if _LICENCE.search(name) and not name.endswith("/")]
                found += [f"==== {name}\n\n{archive.read(name).decode('utf-8', 'replace')}" for name in names]
        except (OSError, ValueError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error) as error:   # as zipfile has them for damaged files
            raise UserError(str(path), f"it is no wheel ({error})", "use the release's own archive, unchanged") from None
    return found

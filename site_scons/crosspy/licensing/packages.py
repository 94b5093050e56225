"""A program -> the Python packages of ``path=`` that it carries, as components: who they are and under which licence, from their metadata.

A licence is stated by License-Expression (PEP 639), by License where that is one of SPDX's expressions, or by one classifier that names
exactly one (components.toml, [classifiers]). What says none of these has the licence spdx.UNKNOWN, which every ``license_deny=`` refuses.
"""
from __future__ import annotations

import os
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from email.message import Message
from email.parser import HeaderParser
from pathlib import Path

from ..closure.carried import tops
from ..closure.reach import top
from . import spdx
from .components import Component

INFO = ".dist-info"
_TEXT = re.compile(r"(LICEN[CS]E|COPYING|NOTICE|AUTHORS)", re.I)   # those of wheels before Metadata 2.4
_LONGEST = 200   # characters of an expression; whole texts of licences stand in that field, too


def of(program: Mapping, modules: Mapping[str, Mapping], classifiers: Mapping[str, str]) -> list[Component]:
    """Return one component for each carried distribution, and one for each top-level module that belongs to none.

    program: ``app`` of its plan, whose inputs are nodes (paths.node).  modules: those of its plan.json.  classifiers: the last words of
    each that names one licence -> that.
    """
    carried = dict.fromkeys(top(name) for name, row in modules.items() if row["kind"] == "path")
    found: dict[str, Component] = {}
    belongs: set[str] = set()
    files = {name.removeprefix("#") for name in program["inputs"]}
    for folder in distributions(files):
        own = {name for name in tops(folder) if _lies_in(os.path.dirname(folder), name, files)}
        mine = tuple(name for name in carried if name in own)
        one = _distribution(folder, mine, program, classifiers)
        if mine and one.name not in found:
            found[one.name] = one
            belongs.update(mine)
    names = {_normal(one.name): one.name for one in found.values()}
    found = {name: _with_needs(one, names) for name, one in found.items()}
    alone = [Component(name, "", spdx.UNKNOWN, "package", python=(name,), files=_file(program)) for name in carried if name not in belongs]
    return [*found.values(), *alone]


def _lies_in(site: str, module: str, files: Collection[str]) -> bool:
    """Tell whether a top-level module was taken from a folder: packages may bring copies of others along, with their metadata."""
    return f"{site}/{module}.py" in files or any(name.startswith(f"{site}/{module}/") for name in files)


def distributions(files: Collection[str]) -> list[str]:
    """Return the .dist-info folders among a program's files, those first that lie highest."""
    folders = {os.path.dirname(name) for name in files}
    return sorted((name for name in folders if name.endswith(INFO)), key=lambda name: (name.count("/"), name))


def metadata(folder: str) -> Message:
    """Return the fields of a .dist-info folder, none where there is no METADATA to be read (PyPA: core metadata)."""
    try:
        text = Path(folder, "METADATA").read_text("utf-8", "replace")
    except OSError:
        text = ""
    return HeaderParser().parsestr(text)


def licence(fields: Message, classifiers: Mapping[str, str]) -> str:
    """Return what a distribution states as its licence, an SPDX expression; spdx.UNKNOWN where that is not clear."""
    for name in ("License-Expression", "License"):
        said = (fields.get(name) or "").strip()
        if len(said) <= _LONGEST and (clear := spdx.stated(said)):
            return clear
    told = {line.rpartition(" :: ")[2].strip() for line in fields.get_all("Classifier", ()) if line.startswith("License ::")} - {"OSI Approved"}
    return classifiers.get(next(iter(told)), spdx.UNKNOWN) if len(told) == 1 else spdx.UNKNOWN


def _distribution(folder: str, mine: tuple[str, ...], program: Mapping, classifiers: Mapping[str, str]) -> Component:
    fields = metadata(folder)
    called, _, number = os.path.basename(folder).removesuffix(INFO).rpartition("-")
    name, version = (fields.get("Name") or called).strip(), (fields.get("Version") or number).strip()
    return Component(name, version, licence(fields, classifiers), "package", python=mine, files=_file(program),
                     texts=(("metadata", folder),), homepage=_homepage(fields), purl=f"pkg:pypi/{_normal(name)}")


def _with_needs(one: Component, names: Mapping[str, str]) -> Component:
    """Return a component with the carried distributions that it asks for. names: normal name -> component's."""
    wanted = [re.match(r"[\w.-]+", line) for line in metadata(dict(one.texts)["metadata"]).get_all("Requires-Dist", ())]
    found = dict.fromkeys(names[_normal(match[0])] for match in wanted if match and _normal(match[0]) in names)
    return replace(one, needs=tuple(name for name in found if name != one.name))


def _file(program: Mapping) -> tuple[str, ...]:
    return (f"apps/{program['name']}/{program['name']}",)


def _normal(name: str) -> str:
    """Return a distribution's name as indexes have it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _homepage(fields: Message) -> str:
    told = dict(line.partition(",")[::2] for line in fields.get_all("Project-URL", ()))
    urls = [fields.get("Home-page"), *(url for label, url in told.items() if label.strip().lower() in ("homepage", "home"))]
    return next((url.strip() for url in urls if url and re.fullmatch(r"https?://\S+", url.strip())), "")


def texts(folder: str) -> list[tuple[str, str]]:
    """Return name and text of each licence file of a .dist-info folder: all of ``licenses/``, those of License-File, and usual names."""
    at = Path(folder)
    named = [name for name in metadata(folder).get_all("License-File", ())]
    paths = [*sorted(path for path in (at / "licenses").rglob("*")), *(at / name for name in named if ".." not in Path(name).parts),
             *sorted(path for path in at.glob("*") if _TEXT.match(path.name))]
    found = {path: _text(path) for path in paths if path.is_relative_to(at)}
    return [(path.relative_to(at).as_posix(), text) for path, text in found.items() if text is not None]


def _text(path: Path) -> str | None:
    """Return the text of a file that metadata names; None for what is none, as a folder or a name that no file can have."""
    try:
        return path.read_text("utf-8", "replace") if path.is_file() else None
    except (OSError, ValueError):
        return None


def said(folder: str) -> Sequence[str]:
    """Return what a distribution says of its licence, in its own words: the fields that `licence` looks at."""
    fields = metadata(folder)
    return [f"{name}: {line}" for name in ("License-Expression", "License", "Classifier") for line in fields.get_all(name, ())
            if name != "Classifier" or line.startswith("License ::")]

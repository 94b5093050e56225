"""``cpython/modules.toml``: what upstream does not say about extension modules and the packages that stand on them."""
from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from .. import tomlfile
from ..errors import UserError

FILE = "modules.toml"
FORM: tomlfile.Form = {
    "not_on_linux": list, "bootstrap_also": list, "libraries": {"*": str}, "one_copy": {"*": list},
    "packages": {"*": {"modules": list, "files": list}}, "bytecode": {"shaped_by": list}, "exports": {"core": list},
    "stable_abi": {"defined": list, "undefined": list}, "shebangs": {"device": list, "tests": list}, "static": {"data": list, "functions": list}}


@cache
def load(tables: Path) -> Mapping:
    """Return the table of a folder, read once in a run for all who ask, who leave it as it is. Raises UserError as `read` does."""
    return read(tables / FILE)


def read(path: Path) -> dict:
    """Return the table of a file. Raises UserError that lists all that is wrong with it."""
    table = tomlfile.read(path, form=FORM)
    if problems := list(_mistakes(table)):
        raise UserError(str(path), "; ".join(problems), "see its comments and other entries")
    return table


def _mistakes(table: Mapping) -> Iterator[str]:
    for name, package in table["packages"].items():
        if not all(part.isidentifier() for part in name.split(".")):
            yield f"packages.{name} is no name of a package"
        if not package["modules"]:
            yield f"packages.{name}.modules names none"
    yield from (f"bytecode.shaped_by: {pattern!r} is no pattern of files of the tree" for pattern in table["bytecode"]["shaped_by"]
                if not tomlfile.PATTERN.fullmatch(pattern))
    yield from (f"static.{key}: {name!r} is no name of C" for key, names in table["static"].items() for name in names
                if not re.fullmatch(r"[A-Za-z_]\w*", name, re.A))

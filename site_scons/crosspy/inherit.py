"""Where variants lie, and what a board takes over from the variant that it inherits from."""
from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from . import tomlfile
from .errors import UserError, nearest

WRITE = "write it; variants/README.md explains every key"
_OWN = ("inherits", "short", "summary")  # what a board does not take over


def places(folder: Path) -> dict[str, Path]:
    """Return the folder of every variant by name: ``<name>/variant.toml``, boards below ``boards/``."""
    found = [*folder.glob("*/variant.toml"), *folder.glob("boards/*/variant.toml")]
    return {path.parent.name: path.parent for path in sorted(found)}


def facts(folder: Path, known: Mapping[str, Path]) -> tuple[dict, str]:
    """Return a variant's keys with those that it inherits, and the name at the root; a table is taken over key by key, a list as a whole.

    known: the folder of each variant that may be inherited from, by name.  Raises UserError for a circle, and for a name
    that is none.
    """
    chain, data = [folder.name], tomlfile.read(folder / "variant.toml", WRITE)
    layers = [data]
    while "inherits" in layers[-1]:
        name, where = layers[-1]["inherits"], str(folder / "variant.toml")
        if name in chain:
            raise UserError(where, f"inherits: a circle, {' -> '.join([*chain, name])}", "let one of them inherit from a triple")
        if not isinstance(name, str) or name not in known:
            hint = nearest(str(name), known)
            raise UserError(where, f"inherits: no variant is called {name!r}" + (f"; {hint}?" if hint else ""),
                            f"use one of {', '.join(sorted(known.keys() - {folder.name}))}")
        chain.append(name)
        layers.append(tomlfile.read(known[name] / "variant.toml", WRITE))
    made: dict = {}
    for number, layer in reversed(list(enumerate(layers))):
        made = _merged(made, layer if number == 0 else {key: value for key, value in layer.items() if key not in _OWN})
    return made, chain[-1]


def _merged(under: Mapping, over: Mapping) -> dict:
    return {**under, **{key: _merged(under[key], value) if isinstance(value, dict) and isinstance(under.get(key), dict) else value
                        for key, value in over.items()}}

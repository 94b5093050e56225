"""Where variants lie, and what a board takes over from the variant that it inherits from."""
from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from .. import tomlfile
from ..errors import UserError, nearest

WRITE = "write it; variants/README.md explains every key"
_OWN = ("inherits", "short", "summary")  # what a board does not take over


def places(folder: Path) -> dict[str, Path]:
    """Return the folder of every variant by name: ``<name>/variant.toml``, boards below ``boards/``. Raises UserError for a name of two."""
    boards = {path.parent.name: path.parent for path in folder.glob("boards/*/variant.toml")}
    triples = {path.parent.name: path.parent for path in folder.glob("*/variant.toml")}
    apart(boards, triples)
    return dict(sorted({**triples, **boards}.items(), key=lambda row: row[1]))


def apart(mine: Mapping[str, Path], others: Mapping[str, Path]) -> None:
    """Raise UserError where two folders of variants have one name: which of them a command meant would be a guess."""
    for name in sorted(mine.keys() & others.keys()):
        if not mine[name].samefile(others[name]):
            raise UserError(str(mine[name] / "variant.toml"), f"a variant is called {name!r} already: {others[name]}/variant.toml",
                            "give it another name; it may inherit from that one")


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

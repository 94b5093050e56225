"""Where variants lie, and what a board takes over from the variant that it inherits from."""
from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path

from .errors import UserError, nearest

_OWN = ("inherits", "short", "summary")  # what a board does not take over


def places(folder: Path) -> dict[str, Path]:
    """Return the folder of every variant by name: ``<name>/variant.toml``, boards below ``boards/``."""
    found = [*folder.glob("*/variant.toml"), *folder.glob("boards/*/variant.toml")]
    return {path.parent.name: path.parent for path in sorted(found)}


def read(path: Path) -> dict:
    """Read one variant.toml. Raises UserError when it cannot be read or is not TOML."""
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise UserError(str(path), "the file does not exist", "write it; variants/README.md explains every key") from None
    except OSError as error:
        raise UserError(str(path), f"it cannot be read ({error.strerror})", "make it a readable file") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserError(str(path), f"it is not TOML ({error})", "correct that place") from None


def facts(folder: Path, known: Mapping[str, Path]) -> tuple[dict, str]:
    """Return a variant's keys with those that it inherits, and the name at the root; a table is taken over key by key, a list as a whole.

    known: the folder of each variant that may be inherited from, by name.  Raises UserError for a circle, and for a name
    that is none.
    """
    chain, data = [folder.name], read(folder / "variant.toml")
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
        layers.append(read(known[name] / "variant.toml"))
    made: dict = {}
    for number, layer in reversed(list(enumerate(layers))):
        made = _merged(made, layer if number == 0 else {key: value for key, value in layer.items() if key not in _OWN})
    return made, chain[-1]


def _merged(under: Mapping, over: Mapping) -> dict:
    return {**under, **{key: _merged(under[key], value) if isinstance(value, dict) and isinstance(under.get(key), dict) else value
                        for key, value in over.items()}}

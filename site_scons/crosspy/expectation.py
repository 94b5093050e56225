"""What a finished root/ must be: the JSON that the build writes for inspection, checked when it is read."""
from __future__ import annotations

import json
from dataclasses import dataclass, fields
from pathlib import Path

from .errors import UserError, nearest
from .variant import Variant

SHORTEST_PATH = 5   # bytes; what is shorter ("/", "/usr") names no build machine, "/root" does


@dataclass(frozen=True)
class Expectation:
    """The keys of expect.json ("class" is called bits here).

    page: bytes. interpreter: PT_INTERP of every program, empty when they are static. needed: all that DT_NEEDED may name.
    glibc_floor: the newest glibc version that may be needed ("2.17"), empty where no glibc is.
    forbidden: paths of the build machine. extensions: shared extension modules, name to path relative to root/.
    """

    variant: str
    bits: int
    data: str
    machine: str
    flags: int
    flags_mask: int
    page: int
    interpreter: str
    needed: tuple[str, ...]
    glibc_floor: str
    linkage: str
    forbidden: tuple[str, ...]
    extensions: dict[str, str]
    ext_suffix: str


def expectation(variant: Variant, *, floor: str, needed_extra: tuple[str, ...] = (), forbidden: tuple[str, ...] = (),
                extensions: dict[str, str] | None = None, ext_suffix: str = "") -> dict:
    """Return the expectation of one build as a dictionary for JSON, the same for the same build.

    floor: the glibc floor of the toolchain in use, "" for musl. needed_extra: names besides the variant's (libpython,
    libraries of the sysroot). forbidden: as of Expectation; strings that are too short to name a build machine, such as
    a HOME of "/", are left out.
    """
    return {
        "variant": variant.name, "class": variant.machine.bits, "data": variant.machine.endian,
        "machine": variant.machine.elf, "flags": variant.elf.flags, "flags_mask": variant.elf.flags_mask,
        "page": variant.elf.page, "interpreter": "" if variant.static else variant.elf.interpreter,
        "needed": sorted({*variant.elf.needed, *needed_extra}), "glibc_floor": floor, "linkage": variant.libc.linkage,
        "forbidden": sorted({path.rstrip("/") for path in forbidden if len(path.rstrip("/")) >= SHORTEST_PATH}),
        "extensions": dict(sorted((extensions or {}).items())), "ext_suffix": ext_suffix}


_KEYS = {"class" if item.name == "bits" else item.name: item for item in fields(Expectation)}
_ALLOWED = {"class": (32, 64), "data": ("little", "big"), "linkage": ("dynamic", "static")}
_SHAPES = {"str": str, "int": int, "tuple[str, ...]": list, "dict[str, str]": dict}


def parse(data: object, where: str) -> Expectation:
    """Check a dictionary from JSON. Raises UserError that names ``where`` and lists all that is wrong."""
    if not isinstance(data, dict):
        raise UserError(where, "it is not a JSON object", "write it with crosspy.policy.expectation")
    problems = [f"{key}: unknown key" + (f" ({hint})" if (hint := nearest(key, _KEYS)) else "")
                for key in sorted(data.keys() - _KEYS.keys())]
    problems += [f"{key}: it is missing" for key in sorted(_KEYS.keys() - data.keys())]
    for key in sorted(_KEYS.keys() & data.keys()):
        value, shape = data[key], _SHAPES[str(_KEYS[key].type)]
        inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        if not isinstance(value, shape) or isinstance(value, bool) or not all(isinstance(one, str) for one in inner):
            problems.append(f"{key}: {value!r} is not {_KEYS[key].type}")
    if not problems:
        problems += [f"forbidden: {path!r} is too short to name a place of the build machine"
                     for path in data["forbidden"] if len(path) < SHORTEST_PATH]
        problems += [f"{key}: {data[key]!r} is not one of {', '.join(map(str, allowed))}"
                     for key, allowed in _ALLOWED.items() if data[key] not in allowed]
        if data["glibc_floor"] and not all(part.isdigit() for part in data["glibc_floor"].split(".")):
            problems.append(f"glibc_floor: {data['glibc_floor']!r} is not a version like 2.17")
    if problems:
        raise UserError(where, "; ".join(problems), "write it with crosspy.policy.expectation")
    return Expectation(**{item.name: tuple(data[key]) if isinstance(data[key], list) else data[key]
                          for key, item in _KEYS.items()})


def load(path: Path) -> Expectation:
    """Read expect.json. Raises UserError when it is missing or wrong."""
    try:
        return parse(json.loads(path.read_text("utf-8")), str(path))
    except FileNotFoundError:
        raise UserError(str(path), "the file does not exist", "let the build write it (scons target=NAME)") from None
    except (OSError, ValueError) as error:
        raise UserError(str(path), f"it cannot be read as JSON ({error})", "let the build write it again") from None

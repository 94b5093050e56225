"""What a finished root/ must be: the JSON that the build writes for inspection, checked when it is read."""
from __future__ import annotations

import json
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path

from ..errors import UserError, nearest
from ..variants.variant import Variant

SHORTEST_PATH = 5   # bytes; what is shorter ("/", "/usr") names no build machine, "/root" does


@dataclass(frozen=True)
class Expectation:
    """The keys of expect.json ("class" is called bits here). What has a default is not asked for where it is left out.

    interpreter: PT_INTERP of every program, empty when they are static. needed: all that DT_NEEDED may name.
    glibc_floor: the newest glibc version that may be needed ("2.17"), empty where no glibc is.
    forbidden: paths of the build machine. extensions: shared extension modules, name to path relative to root/.
    linked_mask: bits of e_flags that are compared in programs and libraries besides flags_mask. attributes: patterns of
    build attributes. page: bytes, the pages with which every segment must be loadable. properties: of every linked file.
    module_needed: patterns that DT_NEEDED of one module may match besides. exports: patterns of what the interpreter may
    export. stable_abi: what it must. dates: the only dates and times that may stand in programs. shebangs: interpreters
    that the device has itself. size_limit: bytes of all files together, 0 for any. debug_link: debug files are split off.
    foreign: the files were built elsewhere, no plan is known. rootfs: the device's root file system was searched, too.
    waivers: (rule, pattern of files, reason). provided: DT_SONAME to symbols, of libraries that only the device has. debug_folder:
    where debug files are, as seen from root/; empty where they are not looked for. hardening: feature to ``yes`` or why it is absent.
    """

    variant: str
    bits: int
    data: str
    machine: str
    flags: int
    flags_mask: int
    interpreter: str
    needed: tuple[str, ...]
    glibc_floor: str
    linkage: str
    forbidden: tuple[str, ...]
    extensions: dict[str, str]
    ext_suffix: str
    linked_mask: int = 0
    attributes: tuple[str, ...] = ()
    page: int = 0
    properties: tuple[str, ...] = ()
    module_needed: dict[str, list[str]] = field(default_factory=dict)
    exports: tuple[str, ...] = ()
    stable_abi: tuple[str, ...] = ()
    dates: tuple[str, ...] = ()
    shebangs: tuple[str, ...] = ()
    size_limit: int = 0
    debug_link: bool = False
    build_id: bool = False
    stripped: bool = False
    pie: bool = False
    bound: bool = False
    stack_protector: bool = False
    fortify: bool = False
    separate_code: bool = False
    foreign: bool = False
    rootfs: bool = False
    waivers: tuple[dict[str, str], ...] = ()
    provided: dict[str, list[str]] = field(default_factory=dict)
    debug_folder: str = ""
    hardening: dict[str, str] = field(default_factory=dict)


def expectation(variant: Variant, *, floor: str, needed_extra: tuple[str, ...] = (), forbidden: tuple[str, ...] = (),
                extensions: dict[str, str] | None = None, ext_suffix: str = "", **more) -> dict:
    """Return the expectation of one build as a dictionary for JSON, the same for the same build.

    floor: the glibc floor of the toolchain in use, "" for musl. needed_extra: names besides the variant's (libpython,
    libraries of the sysroot). forbidden: as of Expectation; strings that are too short to name a build machine, such as
    a HOME of "/", are left out. more: further keys of Expectation, what the variant itself does not say.
    """
    return {
        "variant": variant.name, "class": variant.machine.bits, "data": variant.machine.endian,
        "machine": variant.machine.elf, "flags": variant.elf.flags, "flags_mask": variant.elf.flags_mask,
        "linked_mask": variant.elf.linked_mask, "attributes": sorted(variant.elf.attributes), "page": variant.elf.page,
        "interpreter": "" if variant.static else variant.elf.interpreter, "size_limit": variant.elf.size_limit,
        "needed": sorted({*variant.elf.needed, *needed_extra}), "glibc_floor": floor, "linkage": variant.libc.linkage,
        "forbidden": sorted({path.rstrip("/") for path in forbidden if len(path.rstrip("/")) >= SHORTEST_PATH}),
        "extensions": dict(sorted((extensions or {}).items())), "ext_suffix": ext_suffix,
        "waivers": [{"rule": one.rule, "file": one.file, "reason": one.reason} for one in variant.waivers], **more}


_KEYS = {"class" if item.name == "bits" else item.name: item for item in fields(Expectation)}
_ALLOWED = {"class": (32, 64), "data": ("little", "big"), "linkage": ("dynamic", "static")}
_SHAPES = {"str": (str, str), "int": (int, str), "bool": (bool, str), "tuple[str, ...]": (list, str), "dict[str, str]": (dict, str),
           "dict[str, list[str]]": (dict, list), "tuple[dict[str, str], ...]": (list, dict)}


def _fits(value: object, shape: type, inner: type) -> bool:
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    deeper = [one for part in parts if isinstance(part, dict | list) for one in (part.values() if isinstance(part, dict) else part)]
    return (isinstance(value, shape) and isinstance(value, bool) == (shape is bool)
            and all(isinstance(part, inner) for part in parts) and all(isinstance(one, str) for one in deeper))


def parse(data: object, where: str) -> Expectation:
    """Check a dictionary from JSON. Raises UserError that names ``where`` and lists all that is wrong."""
    if not isinstance(data, dict):
        raise UserError(where, "it is not a JSON object", "write it with crosspy.inspect.policy.expectation")
    problems = [f"{key}: unknown key" + (f" ({hint})" if (hint := nearest(key, _KEYS)) else "")
                for key in sorted(data.keys() - _KEYS.keys())]
    required = {key for key, item in _KEYS.items() if item.default is MISSING and item.default_factory is MISSING}
    problems += [f"{key}: it is missing" for key in sorted(required - data.keys())]
    given = sorted(_KEYS.keys() & data.keys())
    problems += [f"{key}: {data[key]!r} is not {_KEYS[key].type}" for key in given
                 if not _fits(data[key], *_SHAPES[str(_KEYS[key].type)])]
    if not problems:
        problems += [f"forbidden: {path!r} is too short to name a place of the build machine"
                     for path in data["forbidden"] if len(path) < SHORTEST_PATH]
        problems += [f"{key}: {data[key]!r} is not one of {', '.join(map(str, allowed))}"
                     for key, allowed in _ALLOWED.items() if data[key] not in allowed]
        problems += [f"waivers: {row} has not exactly rule, file and reason" for row in data.get("waivers", ())
                     if row.keys() != {"rule", "file", "reason"} or not row["reason"].strip()]
        if data["glibc_floor"] and not all(part.isdecimal() and part.isascii() and len(part) < 9
                                           for part in data["glibc_floor"].split(".")):
            problems.append(f"glibc_floor: {data['glibc_floor']!r} is not a version like 2.17")
    if problems:
        raise UserError(where, "; ".join(problems), "write it with crosspy.inspect.policy.expectation")
    return Expectation(**{_KEYS[key].name: tuple(data[key]) if isinstance(data[key], list) else data[key] for key in given})


def load(path: Path) -> Expectation:
    """Read expect.json. Raises UserError when it is missing or wrong."""
    try:
        return parse(json.loads(path.read_text("utf-8")), str(path))
    except FileNotFoundError:
        raise UserError(str(path), "the file does not exist", "let the build write it (scons target=NAME)") from None
    except (OSError, ValueError, RecursionError) as error:
        raise UserError(str(path), f"it cannot be read as JSON ({error})", "let the build write it again") from None

"""Files of a sysroot as a linker of its device would take them: links and linker scripts followed within it, machines told apart."""
from __future__ import annotations

import os
import re
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import UserError
from ..inspect import links
from ..variants.variant import Variant

SHARED, STATIC = ".so", ".a"
LARGEST = 100_000  # bytes of a linker script; real ones have 100
DEEPEST = 10       # scripts within scripts
_HEADER = 64       # bytes of an ELF header, those of 32 bits have 52
_LINKED = 3        # ET_DYN
_COMMAND = re.compile(r"\b(?:INPUT|GROUP)\s*\(((?:[^()]|\([^()]*\))*)\)")


@dataclass(frozen=True)
class Search:
    """Where libraries are looked for, and for what. root: the device's ``/``.  option, out: of messages, who asks and the way out."""

    root: Path
    folders: tuple[Path, ...]
    variant: Variant
    option: str
    out: str

    def refuse(self, what: str) -> UserError:
        return UserError(self.option, what, self.out)


def real(path: Path, root: Path) -> Path | None:
    """Return the file behind a path, with links as they are on the device: an absolute one begins at the root.

    None where there is no such file.  Raises UserError for a link that leads out of the root.
    """
    here = Path(os.path.realpath(path))
    if str(root) == "/" or not path.is_relative_to(root):
        return here if here.is_file() else None
    found, wrong = links.follow(root, str(path.relative_to(root)))
    if not wrong:
        return root / found if (root / found).is_file() else None
    if here.is_relative_to(os.path.realpath(root)) and here.is_file():
        return here  # a link with the sysroot's own folder on this machine
    if wrong.startswith("leads out"):
        raise UserError(str(path), f"this link leads out of the sysroot {root}", "correct the sysroot")
    return None


def library(search: Search, word: str, suffix: str) -> tuple[Path, ...]:
    """Return the files that a -l word stands for: a library, or those of a linker script; nothing where none is there.

    suffix: SHARED or STATIC.  As ld(1) does, it passes over what is for another machine.  Raises UserError where nothing else is there, and
    for a file that is no library.
    """
    foreign = ""
    for folder in search.folders:
        path = folder / f"lib{word[2:]}{suffix}"
        found = _members(search, path)
        wrong = next(filter(None, (unfit(file, search.variant) for file in found)), "")
        if found and not wrong:
            return found
        foreign = foreign or (wrong and f"{path} {wrong}")
    if foreign:
        raise search.refuse(foreign)
    return ()


def _members(search: Search, path: Path, depth: int = 0) -> tuple[Path, ...]:
    """Return a library's own file, or all that a linker script in its place names (ld manual, "File Commands": INPUT, GROUP, AS_NEEDED)."""
    file = real(path, search.root)
    if file is None:
        return ()
    with file.open("rb") as stream:
        start = stream.read(LARGEST)
    if start.startswith((b"\x7fELF", b"!<arch>\n", b"!<thin>\n")):
        return (file,)
    text = re.sub(r"/\*.*?\*/", " ", start.decode("utf-8", "replace"), flags=re.S)
    names = [name.strip('"') for match in _COMMAND.finditer(text) for name in re.split(r"[\s,()]+", match[1]) if name not in ("", "AS_NEEDED")]
    if not names or depth == DEEPEST:
        raise search.refuse(f"{path} is neither a library nor a linker script that names one")
    found: dict[Path, None] = {}
    for name in names:
        own = _named(search, name, path.parent, depth)
        if not own:
            raise search.refuse(f"{path} is a linker script, and there is no {name} in {path.parent} or another folder of libraries")
        found |= dict.fromkeys(own)
    return tuple(found)


def _named(search: Search, name: str, beside: Path, depth: int) -> tuple[Path, ...]:
    """Return the files that one word of a linker script stands for."""
    if name.startswith("/"):
        below = Path(name) if Path(name).is_relative_to(search.root) else search.root / name.lstrip("/")
        return _members(search, below, depth + 1)
    names = [f"lib{name[2:]}{suffix}" for suffix in (SHARED, STATIC)] if name.startswith("-l") else [name]
    places = (folder / one for folder in (beside, *search.folders) for one in names)
    return next(filter(None, (_members(search, place, depth + 1) for place in places)), ())


def unfit(path: Path, variant: Variant) -> str:
    """Return what keeps a library from a variant's programs, empty where nothing does: another machine or ABI, or damage.

    Sources: gABI 4, ELF Header; the machine's psABI for e_flags, whose bits stand in the variant.
    """
    from elftools.elf.enums import ENUM_E_MACHINE  # only here: other builds need none of it
    head = _head(path)
    if not head.startswith(b"\x7fELF"):
        return ""  # an archive without objects
    if len(head) < 52 or head[4] not in (1, 2) or head[5] not in (1, 2):
        return "is damaged: its ELF header is cut off or has no valid class"
    bits, mark, wanted = 32 * head[4], "<" if head[5] == 1 else ">", variant.machine
    machine = struct.unpack_from(f"{mark}H", head, 18)[0]
    if (machine, bits, mark) != (ENUM_E_MACHINE[wanted.elf], wanted.bits, "<" if wanted.endian == "little" else ">"):
        names = {value: name for name, value in ENUM_E_MACHINE.items() if isinstance(value, int)}
        return f"is for another machine: {names.get(machine, machine)} with {bits} bits, {'little' if mark == '<' else 'big'}-endian"
    kind = struct.unpack_from(f"{mark}H", head, 16)[0]
    flags, own = struct.unpack_from(f"{mark}I", head, 48 if bits == 64 else 36)[0], variant.elf
    # Bits that only linkers set count where a linker set any: that of old binutils set none for the float ABI.
    mask = own.flags_mask | (own.linked_mask if kind == _LINKED and flags & ~own.flags_mask else 0)
    if flags & own.flags_mask and (flags ^ own.flags) & mask:  # a file without such bits says nothing
        return f"has another ABI: its e_flags are {flags:#x}, and must be {own.flags & mask:#x} under the mask {mask:#x}"
    return ""


def _head(path: Path) -> bytes:
    """Return the ELF header of a library, or of the first object in an archive (ar(5): headers of 60 bytes); else what it begins with."""
    with path.open("rb") as stream:
        head, at = stream.read(_HEADER), 8
        if not head.startswith(b"!<arch>\n"):
            return head
        while True:
            stream.seek(at)
            header = stream.read(60)
            body = stream.read(_HEADER)
            if body.startswith(b"\x7fELF") or len(header) < 60 or not header[48:58].strip().isdigit():
                return body
            size = int(header[48:58])
            at += 60 + size + size % 2


def shared(paths: Sequence[str]) -> list[Path]:
    """Return those of some files that are shared libraries."""
    found = []
    for path in map(Path, paths):
        with path.open("rb") as stream:
            if stream.read(4) == b"\x7fELF":
                found.append(path)
    return found

"""Split the debug information off a linked ELF file: a stripped file for the device, a debug file for the debugger.

The stripped file holds the segments byte for byte at their old offsets (gABI chapter 5, "Program Header"), so that a loader
sees the same file; behind them come ``.gnu_debuglink``, names and a new section header table (gABI chapter 4, "Sections").
The debug file is the whole input, found by its build-id (GDB manual, "Debugging Information in Separate Files").
Needed because ``zig objcopy`` (0.17) does not strip and a host's ``strip`` does not know every machine.
"""
from __future__ import annotations

import argparse
import os
import struct
import zlib
from collections import namedtuple
from dataclasses import dataclass
from pathlib import Path

from ..elf.elf import MAX_NAME, MAX_SECTIONS, MAX_SEGMENTS, ElfError, head
from ..errors import UserError

MAX_FILE, MAX_NOTES = 1 << 31, 1 << 16   # bytes: of the input, so that new offsets have 32 bits; of one PT_NOTE segment
_PT_LOAD, _PT_NOTE, _NT_GNU_BUILD_ID = 1, 4, 3
_SHT_NULL, _SHT_PROGBITS, _SHT_STRTAB, _SHT_RELA, _SHT_NOBITS, _SHT_REL = 0, 1, 3, 4, 8, 9
_SHF_ALLOC, _SHF_INFO_LINK = 0x2, 0x40
_Section = namedtuple("_Section", "name type flags addr offset size link info align entsize", defaults=(0,) * 10)
_Segment32 = namedtuple("_Segment32", "type offset vaddr paddr filesz memsz flags align")
_Segment64 = namedtuple("_Segment64", "type flags offset vaddr paddr filesz memsz align")


@dataclass(frozen=True)
class _Image:
    """The tables of a linked file. shape: of a section header. kept: the sections with SHF_ALLOC. end: of the bytes kept."""

    wide: bool
    mark: str
    shape: struct.Struct
    segments: list
    sections: list[_Section]
    names: list[bytes]
    kept: frozenset[int]
    end: int


def build_id(data: bytes) -> str:
    """Return the build-id of a linked file in hexadecimal, empty without one. Raises ElfError for a damaged file.

    Notes: gABI chapter 5, "Note Section"; in a segment aligned to 8 bytes, descriptors and notes are so, too.
    """
    image = _parse(data)
    for segment in (one for one in image.segments if one.type == _PT_NOTE):
        if segment.filesz > MAX_NOTES:
            raise ElfError(f"a PT_NOTE segment has {segment.filesz} bytes, at most {MAX_NOTES} are read")
        align, at = 8 if segment.align == 8 else 4, 0
        notes = data[segment.offset:segment.offset + segment.filesz]
        while at + 12 <= len(notes):
            name_size, size, kind = struct.unpack_from(image.mark + "III", notes, at)
            start = (at + 12 + name_size + align - 1) // align * align
            if start + size > len(notes):
                raise ElfError(f"the note at byte {segment.offset + at} does not end in its segment")
            if kind == _NT_GNU_BUILD_ID and notes[at + 12:at + 12 + name_size] == b"GNU\0":
                if not 2 <= size <= 64:
                    raise ElfError(f"its build-id has {size} bytes, 2 to 64 are allowed")
                return notes[start:start + size].hex()
            at = (start + size + align - 1) // align * align
    return ""


def stripped(data: bytes, link: str) -> bytes:
    """Return a linked file without the sections that are not allocated, with a .gnu_debuglink to the file as it was.

    link: the base name of the debug file; without one there is no .gnu_debuglink. Raises ElfError for a file that is damaged or was stripped like this before.
    Sections keep their indices, since st_shndx in .dynsym is part of a segment; one removed from between others becomes
    inactive (SHT_NULL). A .gnu_debuglink is the name, zeros up to 4 bytes and the CRC in the byte order of the target.
    """
    image = _parse(data)
    if b".gnu_debuglink" in image.names:
        raise ElfError("it has a .gnu_debuglink: it was stripped before")
    rows, strings = [_Section()] * (max(image.kept, default=0) + 1), bytearray(1)
    for index in sorted(image.kept):
        rows[index] = _moved(image.sections[index], image.kept, _add(strings, image.names[index]))
    out = bytearray(data[:image.end]) + bytes(-image.end % 4)
    if link:
        raw = os.fsencode(link) + b"\0"
        raw += bytes(-len(raw) % 4) + struct.pack(image.mark + "I", zlib.crc32(data))
        rows.append(_Section(_add(strings, b".gnu_debuglink"), _SHT_PROGBITS, offset=len(out), size=len(raw), align=4))
        out.extend(raw)
    rows.append(_Section(_add(strings, b".shstrtab"), _SHT_STRTAB, offset=len(out), size=len(strings), align=1))
    out.extend(strings)   # with its own name: arguments are evaluated from left to right
    out.extend(bytes(-len(out) % 8))
    struct.pack_into(image.mark + ("Q" if image.wide else "I"), out, 40 if image.wide else 32, len(out))   # e_shoff
    struct.pack_into(image.mark + "HHH", out, 58 if image.wide else 46, image.shape.size, len(rows), len(rows) - 1)
    return bytes(out) + b"".join(image.shape.pack(*row) for row in rows)


def split(source: Path, output: Path, folder: Path | None, link: str = "") -> Path | None:
    """Write the stripped file and the debug file ``folder/.build-id/xx/yyyy.debug``; return the path of the latter.

    folder: None for a stripped file alone.
    link: the name in .gnu_debuglink, by default that of the debug file. The debug file is written first, so that there is
    never a stripped file without it. Raises UserError for an input that is damaged or has no build-id.
    """
    if "/" in link or "\0" in link or len(link) > 255:
        raise UserError(f"--link {link[:300]!r}", "it is not the name of a file", "give a base name like python3.debug")
    try:
        if source.stat().st_size > MAX_FILE:
            raise ElfError(f"it has more than {MAX_FILE} bytes")
        data = source.read_bytes()
        if folder is None:
            _write(output, output.with_name(output.name + ".part"), stripped(data, ""), 0o755)
            return None
        if not (number := build_id(data)):
            raise UserError(str(source), "it has no build-id, by which its debug file is found", "link with --build-id")
        debug = folder / ".build-id" / number[:2] / f"{number[2:]}.debug"
        small = stripped(data, link or debug.name)
        # Two jobs may write the debug file of equal libraries at once: each has a temporary file of its own.
        _write(debug, debug.with_name(f".{debug.name}.{os.getpid()}"), data, 0o644)
        _write(output, output.with_name(output.name + ".part"), small, 0o755)
    except ElfError as error:
        raise UserError(str(source), str(error), "give an undamaged, unstripped program or shared library") from None
    except OSError as error:
        where, what = str(error.filename or source), error.strerror or str(error)
        raise UserError(where, what, "give a file that can be read and folders that can be written") from None
    return debug


def _parse(data: bytes) -> _Image:
    bits, order, _ = head(data)
    wide, mark = bits == 64, "<" if order == "little" else ">"
    kind, _, _, _, phoff, shoff, _, _, phentsize, phnum, shentsize, shnum, shstrndx = struct.unpack_from(
        mark + "HHI" + ("QQQ" if wide else "III") + "I6H", data, 16)
    if kind not in (2, 3):
        raise ElfError(f"its type {kind} is neither ET_EXEC nor ET_DYN")
    if shoff and not shnum:   # gABI chapter 4, "ELF Header": then section 0 tells the number, which is at least 0xff00
        raise ElfError(f"it has more than {MAX_SECTIONS} sections")
    shape = struct.Struct(mark + ("IIQQQQQQ" if wide else "8I"))
    segments = [(_Segment64 if wide else _Segment32)(*row) for row in _table(data, shape, phoff, phentsize, phnum, MAX_SEGMENTS)]
    if not any(segment.type == _PT_LOAD for segment in segments):
        raise ElfError("it has no PT_LOAD segment")
    shape = struct.Struct(mark + ("IIQQQQIIQQ" if wide else "10I"))
    sections = [_Section(*row) for row in _table(data, shape, shoff, shentsize, shnum if shoff else 0, MAX_SECTIONS)]
    kept = frozenset(index for index, one in enumerate(sections) if one.type != _SHT_NULL and one.flags & _SHF_ALLOC)
    end = max([64 if wide else 52, phoff + phnum * phentsize]
              + [one.offset + one.filesz for one in segments if one.filesz]
              + [sections[at].offset + sections[at].size for at in kept if sections[at].type != _SHT_NOBITS])
    if end > len(data):
        raise ElfError(f"it is cut off: a segment or section ends at byte {end} of {len(data)}")
    return _Image(wide, mark, shape, segments, sections, _names(data, sections, shstrndx), kept, end)


def _table(data: bytes, shape: struct.Struct, start: int, width: int, count: int, most: int) -> list[tuple]:
    if count > most or count and (width != shape.size or start + count * width > len(data)):
        raise ElfError(f"its {count} headers at byte {start} have a wrong size, are cut off or are more than {most}")
    return list(shape.iter_unpack(data[start:start + count * width] if count else b""))


def _names(data: bytes, sections: list[_Section], shstrndx: int) -> list[bytes]:
    if sections and not 0 < shstrndx < len(sections):
        raise ElfError(f"e_shstrndx is {shstrndx}, but there are {len(sections)} sections")
    found = []
    for section in sections:
        at, limit = sections[shstrndx].offset + section.name, sections[shstrndx].offset + sections[shstrndx].size
        end = data.find(b"\0", at, min(limit, at + MAX_NAME))
        if end < 0:
            raise ElfError(f"the section name at byte {at} does not end in its table or is longer than {MAX_NAME} bytes")
        found.append(data[at:end])
    return found


def _moved(section: _Section, kept: frozenset[int], name: int) -> _Section:
    """Make sh_link, and sh_info where it is an index (gABI chapter 4, "Section Header"), 0 if that section is gone."""
    is_index = section.type in (_SHT_REL, _SHT_RELA) or section.flags & _SHF_INFO_LINK
    return section._replace(name=name, link=section.link if section.link in kept else 0,
                            info=section.info if section.info in kept or not is_index else 0)


def _add(strings: bytearray, name: bytes) -> int:
    strings += name + b"\0"
    return len(strings) - len(name) - 1


def _write(path: Path, part: Path, data: bytes, mode: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        part.write_bytes(data)
        part.chmod(mode)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def main(arguments: list[str] | None = None) -> None:
    """Write INPUT without debug information to STRIPPED, and all of it to DIR/.build-id/xx/yyyy.debug."""
    parser = argparse.ArgumentParser(prog="crosspy.root.strip", description=main.__doc__)
    parser.add_argument("input", type=Path)
    parser.add_argument("--output", type=Path, required=True, metavar="STRIPPED")
    parser.add_argument("--debug", type=Path, metavar="DIR", help="without it, no debug file is written")
    parser.add_argument("--link", default="", metavar="NAME", help="name in .gnu_debuglink, by default the debug file's")
    given = parser.parse_args(arguments)
    split(given.input, given.output, given.debug, given.link)


if __name__ == "__main__":
    try:
        main()
    except UserError as error:
        raise SystemExit(str(error)) from None

"""What compilers and linkers note about an ELF file: build-id, GNU properties, build attributes, MIPS ABI flags.

gABI chapter 5, "Note Section"; Linux Extensions to gABI, ".note.gnu.property", and the x86-64 psABI's values in it; Addenda to
the Arm ABI (IHI0045), "build attributes", whose format RISC-V (psABI, "Attributes") and GNU (``.gnu.attributes``) share; MIPS
ABI flags as binutils' ``include/elf/mips.h`` has them.
"""
from __future__ import annotations

import struct
from collections.abc import Iterator

from elftools.elf.enums import ENUM_ATTR_TAG_ARM, ENUM_ATTR_TAG_RISCV

from .elffacts import ElfError

MAX_NOTES, MAX_ATTRIBUTES = 1 << 18, 1 << 16   # bytes: of all notes together, of one section of attributes
_BUILD_ID, _PROPERTY = 3, 5   # NT_GNU_BUILD_ID, NT_GNU_PROPERTY_TYPE_0
# AARCH64_ and X86_FEATURE_1_AND: the same number may be another one's on another machine.
_FEATURES = {"EM_AARCH64": (0xC0000000, ("BTI", "PAC", "GCS")), **dict.fromkeys(("EM_X86_64", "EM_386"), (0xC0000002, ("IBT", "SHSTK")))}
_ISA_NEEDED = 0xC0008002   # GNU_PROPERTY_X86_ISA_1_NEEDED: 1 baseline, 2 x86-64-v2, 4 -v3, 8 -v4
_VENDORS = {"aeabi": ("ARM", ENUM_ATTR_TAG_ARM), "riscv": ("RISCV", ENUM_ATTR_TAG_RISCV), "gnu": ("GNU", {})}
_ARM_TEXT, _COMPATIBILITY = (4, 5), 32   # below 32 each ARM tag has its own type, from there odd ones are texts
_MIPS = struct.Struct("HBBBBBBIIII")
_MIPS_NAMES = ("version", "isa_level", "isa_rev", "gpr_size", "cpr1_size", "cpr2_size", "fp_abi", "isa_ext", "ases")


def notes(reader, machine: str) -> dict:
    """Return the facts build_id, properties and attributes. reader: gives data, mark, wide, segments and sections."""
    build_id, isa, properties = "", 0, set()
    for kind, content in _notes(reader):
        if kind == _BUILD_ID:
            build_id = content.hex()
        elif kind == _PROPERTY:
            for number, bits in _properties(reader, content):
                expected, names = _FEATURES.get(machine, (0, ()))
                properties |= {name for place, name in enumerate(names) if number == expected and bits >> place & 1}
                isa |= bits if number == _ISA_NEEDED and machine in ("EM_X86_64", "EM_386") else 0
    return {"build_id": build_id, "properties": tuple(sorted(properties)), "attributes": (f"X86.ISA_1_NEEDED={isa}",) if isa else ()}


def _notes(reader) -> Iterator[tuple[int, bytes]]:
    places = [(s["p_offset"], s["p_filesz"], s["p_align"]) for s in reader.segments if s["p_type"] == "PT_NOTE"]
    if not reader.segments:
        places = [(s["sh_offset"], s["sh_size"], s["sh_addralign"]) for s in reader.sections if s["sh_type"] == "SHT_NOTE"]
    # Each place once, and one limit for all: thousands of headers may name the same bytes.
    places = list(dict.fromkeys(places))
    if (size := sum(size for _, size, _ in places)) > MAX_NOTES:
        raise ElfError(f"its notes have {size} bytes, at most {MAX_NOTES} are read")
    for offset, size, alignment in places:
        align, at, content = 8 if alignment == 8 else 4, 0, reader.data[offset:offset + size]
        while at + 12 <= len(content):
            name_size, length, kind = struct.unpack_from(reader.mark + "III", content, at)
            start = (at + 12 + name_size + align - 1) // align * align
            if start + length > len(content):
                raise ElfError(f"the note at byte {offset + at} does not end in its segment")
            if content[at + 12:at + 12 + name_size] == b"GNU\0":
                yield kind, content[start:start + length]
            at = (start + length + align - 1) // align * align


def _properties(reader, content: bytes) -> Iterator[tuple[int, int]]:
    """Yield (type, value) of each property of 4 bytes; other ones are skipped."""
    at, align = 0, 8 if reader.wide else 4
    while at + 8 <= len(content):
        kind, size = struct.unpack_from(reader.mark + "II", content, at)
        if size == 4:
            yield kind, struct.unpack_from(reader.mark + "I", content, at + 8)[0]
        at += 8 + (size + align - 1) // align * align


def attributes(reader, section: str, content: bytes) -> tuple[str, ...]:
    """Return what one section of build attributes states, as ``VENDOR.TAG=value``, an empty tuple for another section."""
    if section == ".MIPS.abiflags":
        row = struct.Struct(reader.mark + _MIPS.format)
        if len(content) != row.size:
            raise ElfError(f"its .MIPS.abiflags have {len(content)} bytes instead of {row.size}")
        return tuple(f"MIPS.{name}={value}" for name, value in zip(_MIPS_NAMES, row.unpack(content), strict=False))
    if section not in (".ARM.attributes", ".riscv.attributes", ".gnu.attributes") or not content:
        return ()
    if len(content) > MAX_ATTRIBUTES or content[0] != ord("A"):
        raise ElfError(f"its {section} are longer than {MAX_ATTRIBUTES} bytes or not of format A")
    return tuple(dict.fromkeys(row for vendor, part in _subsections(reader, content) for row in _file_tags(reader, vendor, part)))


def _subsections(reader, content: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield vendor and content of each. LLD merges sections of Arm and RISC-V, and puts those of others behind each other, each with
    its own "A". Where that might begin a length as well, it is none: with it, a letter of the vendor's would be the length's highest byte."""
    at = 1
    while at < len(content):
        if content[at] == ord("A") and _fits(reader, content, at + 1):
            at += 1
        end = _fits(reader, content, at)
        if not end:
            raise ElfError("its build attributes are cut off")
        name = content.find(b"\0", at + 4, end)
        yield content[at + 4:name].decode("ascii", "replace"), content[name + 1:end]
        at = end


def _fits(reader, content: bytes, at: int) -> int:
    """Return where a subsection ends that begins here, or 0 if none does."""
    if at + 6 > len(content):
        return 0
    size, = struct.unpack_from(reader.mark + "I", content, at)
    return at + size if size >= 6 and at + size <= len(content) and content.find(b"\0", at + 4, at + size) >= 0 else 0


def _file_tags(reader, vendor: str, part: bytes) -> Iterator[str]:
    """Yield the attributes of the whole file (Tag_File, 1); those of single sections and symbols are obsolete."""
    if vendor not in _VENDORS:
        return
    label, tags = _VENDORS[vendor]
    names = {number: name.removeprefix("TAG_") for name, number in tags.items() if isinstance(number, int)}
    at = 0
    while at < len(part):
        scope, size = struct.unpack_from(reader.mark + "BI", part, at)
        if size < 5 or at + size > len(part):
            raise ElfError("its build attributes are cut off")
        place, end = at + 5, at + size
        while scope == 1 and place < end:
            tag, place = _number(part, place, end)
            value: int | str
            if tag in _ARM_TEXT if vendor == "aeabi" and tag <= _COMPATIBILITY else tag % 2:
                stop = part.find(b"\0", place, end)
                if stop < 0:
                    raise ElfError("a text in its build attributes does not end")
                value, place = part[place:stop].decode("ascii", "replace"), stop + 1
            else:
                value, place = _number(part, place, end)
                if tag == _COMPATIBILITY:
                    place = part.find(b"\0", place, end) + 1 or end
            yield f"{label}.{names.get(tag, tag)}={value}"
        at = end


def _number(part: bytes, at: int, end: int) -> tuple[int, int]:
    """Read one ULEB128 number (DWARF 5, 7.6) of at most 64 bits; return it and the place behind it."""
    value = shift = 0
    while at < end and shift < 64:
        value |= (part[at] & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if part[at - 1] < 0x80:
            return value, at
    raise ElfError("a number in its build attributes does not end")

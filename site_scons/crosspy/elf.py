"""The facts of one ELF file, read from its bytes; what is right or wrong is policy.py's business.

pyelftools decodes the headers. Tables that a damaged file can make huge are bounded here before they are read, each once
and by ``struct``; what the loader uses (program headers, PT_DYNAMIC) is read, not what section names claim. Sources: the ELF gABI
(https://refspecs.linuxfoundation.org/elf/gabi4+/contents.html), chapters 4 and 5; LSB core, chapter "Symbol Versioning".
"""
from __future__ import annotations

import io
import struct
from dataclasses import dataclass
from itertools import takewhile

from elftools.common.utils import struct_parse
from elftools.elf.elffile import ELFFile
from elftools.elf.enums import ENUM_D_TAG_COMMON, ENUM_E_MACHINE

MAGIC = b"\x7fELF"
MAX_SYMBOLS, MAX_SECTIONS, MAX_SEGMENTS, MAX_TAGS, MAX_VERSIONS = 200_000, 20_000, 1_000, 10_000, 10_000
MAX_NAME, MAX_NAMES = 4096, 16_000_000   # bytes: of one name, of all names taken from one file
_MACHINES = {number: name for name, number in ENUM_E_MACHINE.items() if isinstance(number, int)}
_DF_TEXTREL, _DF_BIND_NOW, _DF_1_NOW, _DF_1_PIE = 4, 8, 1, 0x08000000
_TAGS, _LETTERS = {number: name for name, number in ENUM_D_TAG_COMMON.items()}, (("R", 4), ("W", 2), ("X", 1))   # PF_R, PF_W, PF_X
_DEBUG = (".debug_", ".zdebug_", ".stab", ".gdb_index")


class ElfError(Exception):
    """The bytes are no well-formed ELF file; the message says what is damaged, without a full stop."""


@dataclass(frozen=True)
class Version:
    """One needed symbol version (``GLIBC_2.17``), the library asked for it and the symbols that are bound to it."""

    name: str
    library: str
    symbols: tuple[str, ...]


@dataclass(frozen=True)
class ElfFacts:
    """What one ELF file says about itself.

    bits: 32 or 64. data: ``little`` or ``big``. machine, type: ``EM_...``, ``ET_...``. flags: e_flags. page: bytes, the least
    alignment of a PT_LOAD. relro: PT_GNU_RELRO is there, or not needed, since PT_DYNAMIC is read-only (as of MIPS).
    stack: the flags of PT_GNU_STACK like ``RWE``, empty without one. writable_code: addresses of PT_LOADs with W and X.
    search_paths: ``RPATH ...`` and ``RUNPATH ...``. inits: exported functions named ``PyInit_...``. debug: names of sections
    with debug information. dynamic: it has a PT_DYNAMIC. relr: it has DT_RELR relocations.
    """

    bits: int
    data: str
    machine: str
    flags: int
    type: str
    page: int = 0
    interpreter: str = ""
    soname: str = ""
    needed: tuple[str, ...] = ()
    search_paths: tuple[str, ...] = ()
    stack: str = ""
    writable_code: tuple[str, ...] = ()
    relro: bool = False
    dynamic: bool = False
    bind_now: bool = False
    textrel: bool = False
    pie: bool = False
    relr: bool = False
    versions: tuple[Version, ...] = ()
    inits: tuple[str, ...] = ()
    debug: tuple[str, ...] = ()

    @property
    def kind(self) -> str:
        """``program``, ``static-program``, ``shared-object`` or ``object``.

        A PIE is an ET_DYN with DF_1_PIE; linkers before binutils 2.26 leave that out, but give it no DT_SONAME.
        """
        if self.type == "ET_REL":
            return "object"
        if self.type == "ET_DYN" and not self.pie and not (self.interpreter and not self.soname):
            return "shared-object"
        return "program" if self.interpreter else "static-program"

    @classmethod
    def from_json(cls, data: dict) -> ElfFacts:
        """Make the facts from what ``dataclasses.asdict`` and JSON made of them. Raises TypeError for another shape."""
        plain = {key: tuple(value) if isinstance(value, list) else value for key, value in data.items()}
        plain["versions"] = tuple(Version(one["name"], one["library"], tuple(one["symbols"])) for one in data["versions"])
        return cls(**plain)


def head(data: bytes, start: int = 0, size: int | None = None) -> tuple[int, str, str]:
    """Return class, data and machine (``64, 'little', 'EM_AARCH64'``) of the ELF file at a place, or raise ElfError."""
    size = len(data) - start if size is None else size
    if size < 52 or data[start:start + 4] != MAGIC:
        raise ElfError("it does not begin with an ELF header")
    bits, order = {1: 32, 2: 64}.get(data[start + 4]), {1: "little", 2: "big"}.get(data[start + 5])
    if not bits or not order or size < (64 if bits == 64 else 52):
        raise ElfError("its ELF header has no valid class and data encoding, or is cut off")
    mark = "<" if order == "little" else ">"
    number = struct.unpack_from(mark + "H", data, start + 18)[0]
    table = struct.unpack_from(mark + ("Q" if bits == 64 else "I"), data, start + (40 if bits == 64 else 32))[0]
    if table > size:
        raise ElfError(f"it is cut off: section headers at byte {table} of {size}")
    return bits, order, _MACHINES.get(number, str(number))


def read(data: bytes) -> ElfFacts:
    """Return the facts of an ELF file. Raises ElfError, and nothing else, for one that is damaged or out of bounds."""
    try:
        return _Reader(data).facts()
    except ElfError:
        raise
    except Exception as error:   # a damaged header can trip the parser anywhere: all of that is one fact about the file
        raise ElfError(f"it is damaged ({type(error).__name__}: {str(error)[:120]})") from error


class _Reader:
    def __init__(self, data: bytes):
        if struct.unpack_from("H", data, 56 if head(data)[0] == 64 else 44)[0] == 0xFFFF:   # PN_XNUM is so in any order
            raise ElfError(f"it has more than {MAX_SEGMENTS} segments")
        self.data, self.elf, self.left = data, ELFFile(io.BytesIO(data)), MAX_NAMES
        self.wide, self.mark = self.elf.elfclass == 64, "<" if self.elf.little_endian else ">"
        self.segments = self._table("ph", self.elf.num_segments(), self.elf.structs.Elf_Phdr, MAX_SEGMENTS)
        self.sections = self._table("sh", self.elf.num_sections(), self.elf.structs.Elf_Shdr, MAX_SECTIONS)
        places = [(s["p_type"], s["p_offset"] + s["p_filesz"]) for s in self.segments]
        for kind, end in places + [(s["sh_type"], s["sh_offset"] + s["sh_size"]) for s in self.sections]:
            if kind not in ("SHT_NULL", "SHT_NOBITS", "PT_GNU_STACK") and end > len(data):
                raise ElfError(f"it is cut off: a {kind} ends at byte {end} of {len(data)}")
        self.tags, self.strings, self.loads = [], (0, 0), [s for s in self.segments if s["p_type"] == "PT_LOAD"]

    def _table(self, name: str, count: int, shape, most: int) -> list:
        start, width = self.elf.header[f"e_{name}off"], self.elf.header[f"e_{name}entsize"]
        if count > most:
            raise ElfError(f"{count} entries at e_{name}off, at most {most} are read")
        if count and (width != shape.sizeof() or start + count * width > len(self.data)):
            raise ElfError(f"the table at e_{name}off has entries of a wrong size or is cut off")
        return [struct_parse(shape, self.elf.stream, start + number * width) for number in range(count)]

    def facts(self) -> ElfFacts:
        types, kind = {s["p_type"]: s for s in self.segments}, str(self.elf.header["e_type"])
        if kind not in ("ET_REL", "ET_EXEC", "ET_DYN"):
            raise ElfError(f"its type is {kind}, neither object, program nor library")
        if kind != "ET_REL" and not self.loads:
            raise ElfError("it has no PT_LOAD segment")
        stack, loader = types.get("PT_GNU_STACK"), types.get("PT_INTERP")
        return ElfFacts(
            *head(self.data), flags=self.elf.header["e_flags"], type=kind, page=min((s["p_align"] for s in self.loads), default=0),
            interpreter=self._cut(loader["p_offset"], loader["p_offset"] + loader["p_filesz"]) if loader else "",
            stack="".join(letter for letter, bit in _LETTERS if stack["p_flags"] & bit) or "none" if stack else "",
            writable_code=tuple(hex(s["p_vaddr"]) for s in self.loads if s["p_flags"] & 3 == 3),
            relro="PT_GNU_RELRO" in types or not types.get("PT_DYNAMIC", {"p_flags": 2})["p_flags"] & 2,
            dynamic="PT_DYNAMIC" in types, debug=self._debug_sections(),
            **(self._dynamic(types["PT_DYNAMIC"]) if "PT_DYNAMIC" in types else {}))

    def _dynamic(self, segment) -> dict:
        """Facts of the dynamic section (gABI chapter 5, "Dynamic Section"), as the loader finds it."""
        pair = struct.Struct(self.mark + ("QQ" if self.wide else "II"))
        if segment["p_filesz"] > MAX_TAGS * pair.size:
            raise ElfError(f"its dynamic section has more than {MAX_TAGS} entries")
        table = self.data[segment["p_offset"]:segment["p_offset"] + segment["p_filesz"] // pair.size * pair.size]
        tags = takewhile(lambda tag: tag[0], pair.iter_unpack(table))   # DT_NULL ends it
        self.tags = [(_TAGS.get(number, ""), value) for number, value in tags]
        last = dict(self.tags)   # glibc's loader keeps the last of each tag, too
        if "DT_STRTAB" in last:
            start = self._offset(last["DT_STRTAB"])
            self.strings = start, min(start + last.get("DT_STRSZ", 0), len(self.data))
        flags, flags_1 = last.get("DT_FLAGS", 0), last.get("DT_FLAGS_1", 0)
        versions, inits = self._symbols(last) if "DT_SYMTAB" in last else ((), ())
        return {
            "needed": self._named("DT_NEEDED"), "soname": "".join(self._named("DT_SONAME")[:1]),
            "search_paths": tuple(f"{tag[3:]} {path}" for tag in ("DT_RPATH", "DT_RUNPATH") for path in self._named(tag)),
            "textrel": "DT_TEXTREL" in last or bool(flags & _DF_TEXTREL),
            "bind_now": "DT_BIND_NOW" in last or bool(flags & _DF_BIND_NOW or flags_1 & _DF_1_NOW),
            "pie": bool(flags_1 & _DF_1_PIE), "relr": "DT_RELR" in last, "versions": versions, "inits": inits}

    def _symbols(self, last: dict[str, int]) -> tuple[tuple[Version, ...], tuple[str, ...]]:
        """One pass over the dynamic symbols: which need which version, and which are initialisers of modules."""
        row = struct.Struct(self.mark + ("IBBHQQ" if self.wide else "IIIBBH"))
        address = last["DT_SYMTAB"]
        sizes = [s["sh_size"] for s in self.sections if s["sh_type"] == "SHT_DYNSYM" and s["sh_addr"] == address]
        if not sizes:
            raise ElfError("no section header tells the size of the symbol table at DT_SYMTAB")
        if (count := sizes[0] // row.size) > MAX_SYMBOLS:
            raise ElfError(f"its dynamic symbol table has {count} entries, at most {MAX_SYMBOLS} are read")
        wanted: dict[int, tuple[str, str, list[str]]] = {}
        for number, version, library in self._needed_versions(last):
            if wanted.setdefault(number, (version, library, []))[0] != version:
                raise ElfError(f"two needed versions have the number {number}")
        index_of = (0,) * count
        if wanted and "DT_VERSYM" in last:
            index_of = struct.unpack_from(f"{self.mark}{count}H", self.data, self._offset(last["DT_VERSYM"]))
        inits, strings, start = [], self.strings[0], self._offset(address)
        table = self.data[start:start + count * row.size]
        for index, symbol in zip(index_of, row.iter_unpack(table), strict=True):
            name, (info, other, section) = symbol[0], symbol[1:4] if self.wide else symbol[3:6]
            if bound := wanted.get(index & 0x7FFF):   # the top bit says "hidden" (LSB)
                bound[2].append(self._string(name))
            # Exported: defined, GLOBAL or WEAK, visibility DEFAULT or PROTECTED (gABI chapter 4, "Symbol Table").
            elif (section and info >> 4 in (1, 2) and other & 3 in (0, 3)
                  and self.data.startswith(b"PyInit", strings + name)):
                inits.append(self._string(name))
        versions = (Version(name, library, tuple(sorted(symbols))) for name, library, symbols in sorted(wanted.values()))
        return tuple(versions), tuple(sorted(inits))

    def _needed_versions(self, last: dict[str, int]):
        """Yield (index, version, library) of Elf_Verneed and its Elf_Vernaux (LSB, same layout in both classes)."""
        if "DT_VERNEED" not in last:
            return
        at, seen = self._offset(last["DT_VERNEED"]), 0
        for _ in range(min(last.get("DT_VERNEEDNUM", 0), MAX_VERSIONS)):
            _, count, library, aux, following = struct.unpack_from(self.mark + "HHIII", self.data, at)
            place = at + aux
            for _ in range(count):
                if (seen := seen + 1) > MAX_VERSIONS:
                    raise ElfError(f"it needs more than {MAX_VERSIONS} symbol versions")
                _, _, index, name, step = struct.unpack_from(self.mark + "IHHII", self.data, place)
                yield index & 0x7FFF, self._string(name), self._string(library)
                place += step
            at += following

    def _debug_sections(self) -> tuple[str, ...]:
        index = self.elf.get_shstrndx() if self.sections else 0
        if not 0 < index < len(self.sections):
            return ()
        start, size = self.sections[index]["sh_offset"], self.sections[index]["sh_size"]
        names = (self._cut(start + s["sh_name"], start + size) for s in self.sections if s["sh_name"])
        return tuple(sorted({name for name in names if name.startswith(_DEBUG)}))

    def _named(self, tag: str) -> tuple[str, ...]:
        return tuple(self._string(value) for name, value in self.tags if name == tag)

    def _offset(self, address: int) -> int:
        for load in self.loads:
            if 0 <= address - load["p_vaddr"] < load["p_filesz"]:
                return load["p_offset"] + address - load["p_vaddr"]
        raise ElfError(f"address {address:#x} of its dynamic section is in no PT_LOAD segment")

    def _string(self, at: int) -> str:
        return self._cut(self.strings[0] + at, self.strings[1])

    def _cut(self, start: int, limit: int) -> str:
        end = self.data.find(b"\0", start, min(limit, start + MAX_NAME))
        if start > limit or end < 0:
            raise ElfError(f"the name at byte {start} does not end in its table or is longer than {MAX_NAME} bytes")
        self.left -= end - start
        if self.left < 0:
            raise ElfError(f"its names are longer than {MAX_NAMES} bytes together")
        return self.data[start:end].decode("utf-8", "backslashreplace")

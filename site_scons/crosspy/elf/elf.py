"""The facts of one ELF file, read from its bytes; what is right or wrong is policy.py's business.

pyelftools decodes the headers. Tables that a damaged file can make huge are bounded here before they are read, each once
and by ``struct``; what the loader uses (program headers, PT_DYNAMIC) is read, not what section names claim. Sources: the ELF gABI
(https://refspecs.linuxfoundation.org/elf/gabi4+/contents.html), chapters 4 and 5; LSB core, chapter "Symbol Versioning".
"""
from __future__ import annotations

import io
import struct
from collections.abc import Callable, Iterator, Mapping
from itertools import takewhile

from elftools.common.utils import struct_parse
from elftools.elf.elffile import ELFFile
from elftools.elf.enums import ENUM_D_TAG_COMMON, ENUM_E_MACHINE

from . import elfnotes, elfsymbols
from .elffacts import ElfError, ElfFacts, Version
from .elfsymbols import MAX_SYMBOLS

__all__ = ["MAX_SYMBOLS", "ElfError", "ElfFacts", "Version", "head", "read"]

MAGIC = b"\x7fELF"
MAX_SECTIONS, MAX_SEGMENTS, MAX_TAGS = 20_000, 1_000, 10_000
MAX_CODE = 16   # executable segments that sections are looked for in; linkers make one or two
MAX_NAME, MAX_NAMES = 4096, 16_000_000   # bytes: of one name, of all names taken from one file
_MACHINES = {number: name for name, number in ENUM_E_MACHINE.items() if isinstance(number, int)}
_DF_TEXTREL, _DF_BIND_NOW, _DF_1_NOW, _DF_1_PIE = 4, 8, 1, 0x08000000
_SHF_ALLOC, _SHF_EXECINSTR = 2, 4
_TAGS, _LETTERS = {number: name for name, number in ENUM_D_TAG_COMMON.items()}, (("R", 4), ("W", 2), ("X", 1))   # PF_R, PF_W, PF_X
_FILTERS = "DT_AUDIT", "DT_DEPAUDIT", "DT_AUXILIARY", "DT_FILTER"   # what a loader takes besides DT_NEEDED (ld.so(8), gABI 5)
_DEBUG = (".debug_", ".zdebug_", ".stab", ".gdb_index")
_ATTRIBUTES = (".ARM.attributes", ".riscv.attributes", ".gnu.attributes", ".MIPS.abiflags")


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


def _protected(relro: Mapping | None, dynamic: Mapping | None) -> bool:
    """Tell whether PT_GNU_RELRO has PT_DYNAMIC in it. MIPS has a read-only one and needs none where nothing is to be protected."""
    if dynamic and not dynamic["p_flags"] & 2:
        return True
    if not relro or not relro["p_memsz"]:
        return False
    return not dynamic or 0 <= dynamic["p_vaddr"] - relro["p_vaddr"] < relro["p_memsz"]


class _Reader:
    def __init__(self, data: bytes):
        if struct.unpack_from("H", data, 56 if head(data)[0] == 64 else 44)[0] == 0xFFFF:   # PN_XNUM is so in any order
            raise ElfError(f"it has more than {MAX_SEGMENTS} segments")
        self.data, self.elf, self.left = data, ELFFile(io.BytesIO(data)), MAX_NAMES
        self.wide, self.mark = self.elf.elfclass == 64, "<" if self.elf.little_endian else ">"
        self.segments = self._table("ph", self.elf.num_segments(), self.elf.structs.Elf_Phdr, MAX_SEGMENTS)
        self.sections = self._table("sh", self.elf.num_sections(), self.elf.structs.Elf_Shdr, MAX_SECTIONS)
        places = [(s["p_type"], s["p_offset"], s["p_filesz"]) for s in self.segments]
        for kind, start, size in places + [(s["sh_type"], s["sh_offset"], s["sh_size"]) for s in self.sections]:
            if kind not in ("SHT_NULL", "SHT_NOBITS", "PT_GNU_STACK") and size and start + size > len(data):
                raise ElfError(f"it is cut off: a {kind} ends at byte {start + size} of {len(data)}")
        self.tags, self.strings, self.loads = [], (0, 0), [s for s in self.segments if s["p_type"] == "PT_LOAD"]
        self.code = [s for s in self.loads if s["p_flags"] & 1]   # PF_X

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
        debug_only = self._debug_only()
        if kind != "ET_REL" and not self.loads and not debug_only:
            raise ElfError("it has no PT_LOAD segment")
        known = {"flags": self.elf.header["e_flags"], "type": kind, "osabi": self.data[7], "abiversion": self.data[8]}
        noted = elfnotes.notes(self, str(self.elf.header["e_machine"]))
        if debug_only:
            return ElfFacts(*head(self.data), **known, build_id=noted["build_id"], debug_only=True)
        stack, loader, named = types.get("PT_GNU_STACK"), types.get("PT_INTERP"), self._named_sections()
        named["attributes"] = named.get("attributes", ()) + noted.pop("attributes")
        return ElfFacts(
            *head(self.data), **known,
            interpreter=self._cut(loader["p_offset"], loader["p_offset"] + loader["p_filesz"]) if loader else "",
            stack="".join(letter for letter, bit in _LETTERS if stack["p_flags"] & bit) or "none" if stack else "",
            writable_code=tuple(hex(s["p_vaddr"]) for s in self.loads if s["p_flags"] & 3 == 3),
            relro=_protected(types.get("PT_GNU_RELRO"), types.get("PT_DYNAMIC")),
            dynamic="PT_DYNAMIC" in types, page=self._page(), **noted, **named,
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
            start = self.offset(last["DT_STRTAB"])
            self.strings = start, min(start + last.get("DT_STRSZ", 0), len(self.data))
        flags, flags_1 = last.get("DT_FLAGS", 0), last.get("DT_FLAGS_1", 0)
        return {
            "needed": self._named("DT_NEEDED"), "soname": "".join(self._named("DT_SONAME")[:1]),
            "search_paths": tuple(f"{tag[3:]} {path}" for tag in ("DT_RPATH", "DT_RUNPATH") for path in self._named(tag)),
            "filters": tuple(f"{tag[3:]} {name}" for tag in _FILTERS for name in self._named(tag)),
            "textrel": "DT_TEXTREL" in last or bool(flags & _DF_TEXTREL),
            "bind_now": "DT_BIND_NOW" in last or bool(flags & _DF_BIND_NOW or flags_1 & _DF_1_NOW),
            "pie": bool(flags_1 & _DF_1_PIE), "relr": "DT_RELR" in last,
            **(elfsymbols.read(self, last) if "DT_SYMTAB" in last else {})}

    def _named_sections(self) -> dict:
        """Facts that stand in sections only: debug information, the full symbol table, build attributes."""
        index = self.elf.get_shstrndx() if self.sections else 0
        if not 0 < index < len(self.sections):
            return {}
        start, size = self.sections[index]["sh_offset"], self.sections[index]["sh_size"]
        debug, link, crc, found = set(), "", 0, {}

        def named(section) -> str:
            return self._cut(start + section["sh_name"], start + size) if section["sh_name"] else ""
        for section in self.sections:
            name = named(section)
            if name.startswith(_DEBUG):
                debug.add(name)
            elif name == ".gnu_debuglink":
                end = section["sh_offset"] + section["sh_size"]
                link = self._cut(section["sh_offset"], end)
                crc, = struct.unpack_from(self.mark + "I", self.data, end - 4) if section["sh_size"] >= 4 else (0,)
            elif name in _ATTRIBUTES:
                found[name] = self.data[section["sh_offset"]:section["sh_offset"] + section["sh_size"]]
        return {"debug": tuple(sorted(debug)), "debug_link": link, "debug_crc": crc, "symtab": "SHT_SYMTAB" in {s["sh_type"] for s in self.sections},
                "mixed": tuple(self._mixed(named)),
                "attributes": tuple(row for name, content in found.items() for row in elfnotes.attributes(self, name, content))}

    def _debug_only(self) -> bool:
        """Tell whether there are sections for code and no code, neither in them nor in segments: a file of ``objcopy --only-keep-debug``.

        Headers and notes stay, which may lie in the segment of the code.
        """
        kinds = {s["sh_type"] for s in self.sections if s["sh_flags"] & _SHF_EXECINSTR and s["sh_size"]}
        return kinds == {"SHT_NOBITS"} and all(s["p_filesz"] < 4096 for s in self.code)

    def _mixed(self, name: Callable[[dict], str]) -> Iterator[str]:
        """Yield what is mapped executable though it is no code (gABI 4, SHF_EXECINSTR). name: gives that of a section."""
        if any(s["p_filesz"] and not s["p_offset"] for s in self.code):
            yield "ELF header"
        for section in self.sections:
            if (section["sh_flags"] & (_SHF_ALLOC | _SHF_EXECINSTR) == _SHF_ALLOC and section["sh_size"] and section["sh_type"] != "SHT_NOBITS"
                    and any(0 <= section["sh_addr"] - s["p_vaddr"] < s["p_memsz"] for s in self.code[:MAX_CODE])):
                yield name(section)

    def _page(self) -> int:
        """The largest page size with which the kernel can map every PT_LOAD (gABI 5, p_align)."""
        return min((s["p_align"] if s["p_align"] and not (s["p_vaddr"] - s["p_offset"]) % s["p_align"] else 1 for s in self.loads),
                   default=0)

    def _named(self, tag: str) -> tuple[str, ...]:
        return tuple(self.string(value) for name, value in self.tags if name == tag)

    def offset(self, address: int) -> int:
        """Return where in the file an address of the dynamic section is."""
        for load in self.loads:
            if 0 <= address - load["p_vaddr"] < load["p_filesz"]:
                return load["p_offset"] + address - load["p_vaddr"]
        raise ElfError(f"address {address:#x} of its dynamic section is in no PT_LOAD segment")

    def string(self, at: int) -> str:
        """Return a name of the dynamic string table."""
        return self._cut(self.strings[0] + at, self.strings[1])

    def _cut(self, start: int, limit: int) -> str:
        end = self.data.find(b"\0", start, min(limit, start + MAX_NAME))
        if start > limit or end < 0:
            raise ElfError(f"the name at byte {start} does not end in its table or is longer than {MAX_NAME} bytes")
        self.left -= end - start
        if self.left < 0:
            raise ElfError(f"its names are longer than {MAX_NAMES} bytes together")
        return self.data[start:end].decode("utf-8", "backslashreplace")

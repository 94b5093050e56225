"""Make small ELF files in which every fact can be chosen, so that a test breaks exactly one.

One PT_LOAD maps the whole file at address 0, so that an offset is an address.
"""
from __future__ import annotations

import struct

EM_386, EM_ARM, EM_X86_64, EM_AARCH64, EM_S390 = 3, 40, 62, 183, 22
ET_REL, ET_EXEC, ET_DYN, ET_CORE = 1, 2, 3, 4
_FLAGS = {"R": 4, "W": 2, "X": 1}


class _Strings:
    def __init__(self):
        self.data = bytearray(1)

    def add(self, text: str) -> int:
        self.data += text.encode() + b"\0"
        return len(self.data) - len(text.encode()) - 1


def make(*, bits=64, data="little", machine=EM_AARCH64, flags=0, type=ET_DYN, interpreter="", needed=(), soname="", rpath="",
         runpath="", versions=None, exports=(), hidden=(), stack="RW", load="RX", relro=True, now="DF_BIND_NOW", textrel="",
         pie=False, relr=False, dynamic=True, sections=(), payload=b"", symbols=None, undefined=(), weak=(), defines=None,
         align=0x10000, dynamic_flags="RW", build_id=b"", properties=None, osabi=0, filters=()) -> bytes:
    """Return an ELF file. versions: {(library, version): [symbols]}. defines: {version: [symbols]}.

    sections: names of further, empty sections, or rows (name, type, content). now, textrel: the tag or flag that says so.
    symbols: the number of symbols that the header of .dynsym claims. align: bytes, of the PT_LOAD. properties: (type, bits) of
    .note.gnu.property. osabi: EI_OSABI. relro: ``empty`` and ``beside`` for one that protects nothing, another place than PT_DYNAMIC.
    filters: (tag, library) of what is loaded besides.
    """
    wide, mark = bits == 64, "<" if data == "little" else ">"
    word = mark + ("Q" if wide else "I")
    head, ph, sh = (64, 56, 64) if wide else (52, 32, 40)
    strings = _Strings()
    rows, numbers, verneed, libraries = _symbols(mark, strings, versions or {}, exports, hidden)
    rows += [(strings.add(name), binding, 0, 0) for binding, names in ((0x12, undefined), (0x22, weak)) for name in names]
    numbers += [1] * (len(undefined) + len(weak))
    verdef = _definitions(mark, strings, defines or {}, rows, numbers)
    notes = _notes(mark, wide, build_id, properties)
    tags = [(1, strings.add(name)) for name in needed]
    tags += [(tag, strings.add(library)) for tag, library in filters]
    tags += [(tag, strings.add(text)) for tag, text in ((14, soname), (15, rpath), (29, runpath)) if text]
    tags += [(22, 0)] * (textrel == "DT_TEXTREL") + [(24, 0)] * (now == "DT_BIND_NOW") + [(36, 0)] * relr
    tags += [(30, 8 * (now == "DF_BIND_NOW") | 4 * (textrel == "DF_TEXTREL")),
             (0x6FFFFFFB, (now == "DF_1_NOW") | 0x08000000 * pie)]
    kinds = ["load"] + ["interp"] * bool(interpreter) + ["dynamic"] * dynamic + ["stack"] * (stack is not None) + ["relro"] * bool(relro)
    kinds += ["note"] * bool(notes)
    kinds = [] if type == ET_REL else kinds
    body = _Body(head + ph * len(kinds))
    body.put("interp", interpreter.encode() + b"\0")
    body.put("dynstr", bytes(strings.data))
    body.put("dynsym", b"".join(_symbol(mark, wide, *row) for row in rows))
    body.put("payload", payload)   # behind the symbols, so that ``symbols`` can claim it
    body.put("versym", struct.pack(f"{mark}{len(numbers)}H", *numbers))
    body.put("verneed", verneed)
    body.put("verdef", verdef)
    body.put("note", notes)
    place = {name: start for name, (start, _) in body.places.items()}
    tags += [(5, place["dynstr"]), (10, len(strings.data)), (6, place["dynsym"]), (0x6FFFFFF0, place["versym"])]
    tags += [(0x6FFFFFFE, place["verneed"]), (0x6FFFFFFF, libraries)] if verneed else []
    tags += [(0x6FFFFFFC, place["verdef"]), (0x6FFFFFFD, len(defines))] if verdef else []
    body.put("dynamic", b"".join(struct.pack(word + word[1], *tag) for tag in [*tags, (0, 0)]))
    count = _section_headers(body, mark, wide, sections, dynamic, symbols)
    body.places["load"] = 0, body.start + len(body.data)
    body.places["relro"] = {"empty": (body.places["dynamic"][0], 0), "beside": (0, 8)}.get(relro, body.places["dynamic"])
    letters = {"load": load, "dynamic": dynamic_flags, "stack": stack}
    segments = [_segment(mark, wide, kind, letters.get(kind, "R"), *body.places.get(kind, (0, 0)), align if kind == "load" else 8)
                for kind in kinds]
    ident = b"\x7fELF" + bytes([2 if wide else 1, 1 if data == "little" else 2, 1, osabi]) + bytes(8)
    header = struct.pack(mark + "HHI" + word[1] * 3 + "IHHHHHH", type, machine, 1, 0, head, body.places["sections"][0], flags,
                         head, ph, len(kinds), sh, count, count - 1)
    return ident + header + b"".join(segments) + bytes(body.data)


class _Body:
    """What follows the program headers. places: name to (offset, size)."""

    def __init__(self, start: int):
        self.start, self.data, self.places = start, bytearray(), {}

    def put(self, name: str, blob: bytes) -> None:
        self.data.extend(bytes(-(self.start + len(self.data)) % 8))
        self.places[name] = self.start + len(self.data), len(blob)
        self.data.extend(blob)


def _symbols(mark: str, strings: _Strings, versions: dict, exports, hidden) -> tuple[list, list[int], bytes, int]:
    """Return rows (name, info, other, section), their version numbers, Elf_Verneed and the number of libraries in it."""
    rows, numbers, verneed, number = [(0, 0, 0, 0)], [0], b"", 2
    libraries: dict[str, list] = {}
    for (library, version), names in versions.items():
        libraries.setdefault(library, []).append((version, names))
    for place, (library, wanted) in enumerate(libraries.items(), 1):
        following = 16 + 16 * len(wanted) if place < len(libraries) else 0
        verneed += struct.pack(mark + "HHIII", 1, len(wanted), strings.add(library), 16, following)
        for index, (version, names) in enumerate(wanted, 1):
            verneed += struct.pack(mark + "IHHII", 0, 0, number, strings.add(version), 16 * (index < len(wanted)))
            rows += [(strings.add(name), 0x12, 0, 0) for name in names]
            numbers += [number] * len(names)
            number += 1
    rows += [(strings.add(name), 0x12, 0, 1) for name in exports] + [(strings.add(name), 0x12, 2, 1) for name in hidden]
    return rows, numbers + [1] * (len(exports) + len(hidden)), verneed, len(libraries)


def _definitions(mark: str, strings: _Strings, defines: dict, rows: list, numbers: list[int]) -> bytes:
    """Append the rows of defined symbols with versions; return Elf_Verdef, one Elf_Verdaux each."""
    verdef = b""
    for number, (version, names) in enumerate(defines.items(), 100):
        last = number == 99 + len(defines)
        verdef += struct.pack(mark + "HHHHIII", 1, 0, number, 1, 0, 20, 0 if last else 28) + struct.pack(mark + "II", strings.add(version), 0)
        rows += [(strings.add(name), 0x12, 0, 1) for name in names]
        numbers += [number] * len(names)
    return verdef


def _notes(mark: str, wide: bool, build_id: bytes, properties) -> bytes:
    rows = [(3, build_id)] if build_id else []
    if properties:
        rows.append((5, struct.pack(mark + "III", properties[0], 4, properties[1]) + bytes(4 * wide)))
    return b"".join(struct.pack(mark + "III", 4, len(content), kind) + b"GNU\0" + content + bytes(-len(content) % 8)
                    for kind, content in rows)


def aeabi(*tags: tuple[int, int], vendor: str = "aeabi") -> bytes:
    """Return build attributes of the whole file: pairs of small numbers (IHI0045, little endian)."""
    inner = b"".join(bytes(pair) for pair in tags)
    inner = b"\1" + struct.pack("<I", 5 + len(inner)) + inner
    name = vendor.encode() + b"\0"
    return b"A" + struct.pack("<I", 4 + len(name) + len(inner)) + name + inner


def _symbol(mark: str, wide: bool, name: int, info: int, other: int, section: int) -> bytes:
    if wide:
        return struct.pack(mark + "IBBHQQ", name, info, other, section, 0, 0)
    return struct.pack(mark + "IIIBBH", name, 0, 0, info, other, section)


def _section_headers(body: _Body, mark: str, wide: bool, names, dynamic: bool, symbols: int | None) -> int:
    strings = _Strings()
    rows = [(0, 0, 0, 0)]
    for number, one in enumerate(names):
        name, kind, content = one if isinstance(one, tuple) else (one, 1, b"")
        body.put(f"section {number}", content)
        rows.append((strings.add(name), kind, *body.places[f"section {number}"]))
    if dynamic:
        start, size = body.places["dynsym"]
        rows.append((strings.add(".dynsym"), 11, start, symbols * (24 if wide else 16) if symbols else size))
    name = strings.add(".shstrtab")
    body.put("shstrtab", bytes(strings.data))
    rows.append((name, 3, *body.places["shstrtab"]))
    shape = mark + ("IIQQQQIIQQ" if wide else "10I")
    body.put("sections", b"".join(struct.pack(shape, name, kind, 0, start, start, size, 0, 0, 1, 0) for name, kind, start, size in rows))
    return len(rows)


def _segment(mark: str, wide: bool, kind: str, letters: str, start: int, size: int, align: int) -> bytes:
    number = {"load": 1, "dynamic": 2, "interp": 3, "note": 4, "stack": 0x6474E551, "relro": 0x6474E552}[kind]
    flags = sum(_FLAGS[letter] for letter in letters)
    if wide:
        return struct.pack(mark + "IIQQQQQQ", number, flags, start, start, start, size, size, align)
    return struct.pack(mark + "8I", number, start, start, start, size, size, flags, align)


def ar(members: dict[str, bytes], long_names: bool = True) -> bytes:
    """Return a GNU ar archive; names of more than 15 bytes go into its table of long names."""
    table, rows = b"", []
    for name, content in members.items():
        if len(name) > 15 and long_names:
            rows.append((f"/{len(table)}", content))
            table += name.encode() + b"/\n"
        else:
            rows.append((name if name.startswith("/") else name + "/", content))
    if table:
        rows.insert(0, ("//", table))
    return b"!<arch>\n" + b"".join(
        f"{name:16}{0:<12}{0:<6}{0:<6}{'644':8}{len(content):<10}`\n".encode() + content + b"\n" * (len(content) % 2)
        for name, content in rows)

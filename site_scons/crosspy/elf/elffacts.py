"""What is known about one ELF file: the words between the reader (elf.py) and the rules (policy.py)."""
from __future__ import annotations

from dataclasses import dataclass


class ElfError(Exception):
    """The bytes are no well-formed ELF file; the message says what is damaged, without a full stop."""


@dataclass(frozen=True)
class Version:
    """One symbol version (``GLIBC_2.17``), the library that is asked for it or defines it, and the symbols bound to it.

    weak: the library may lack it.
    """

    name: str
    library: str
    symbols: tuple[str, ...]
    weak: bool = False


@dataclass(frozen=True)
class ElfFacts:
    """What one ELF file says about itself.

    bits: 32 or 64. data: ``little`` or ``big``. machine, type: ``EM_...``, ``ET_...``. flags: e_flags.
    stack: the flags of PT_GNU_STACK like ``RWX``, empty without one. writable_code: addresses of PT_LOADs with W and X.
    search_paths: ``RPATH ...`` and ``RUNPATH ...``. filters: what a loader loads besides, as ``AUDIT liba.so``. debug: names of
    sections with debug information. debug_link: the file that .gnu_debuglink names, debug_crc: its CRC-32. symtab: it has a .symtab.
    relro: PT_GNU_RELRO is there and has PT_DYNAMIC in it, or is not needed, since that is read-only (as of MIPS).
    dynamic: it has a PT_DYNAMIC. relr: it has DT_RELR relocations. page: bytes, the least of all PT_LOADs, 1 where
    one does not keep to its own, 0 without one. build_id: in hexadecimal. properties: of .note.gnu.property, ``BTI`` or ``IBT``.
    attributes: build attributes like ``ARM.ABI_VFP_ARGS=1``. versions, defines: symbol versions that it needs and has.
    exports: global symbols that others see. hidden: those of them that only who names their version sees. undefined: those that it needs
    without a version, weak: those that it can do without. osabi, abiversion: of e_ident. mixed: what is mapped executable though it is
    no code, ``ELF header`` and names of sections. debug_only: its code is left out, as ``objcopy --only-keep-debug`` does.
    """

    bits: int
    data: str
    machine: str
    flags: int
    type: str
    interpreter: str = ""
    soname: str = ""
    needed: tuple[str, ...] = ()
    search_paths: tuple[str, ...] = ()
    filters: tuple[str, ...] = ()
    stack: str = ""
    writable_code: tuple[str, ...] = ()
    relro: bool = False
    dynamic: bool = False
    bind_now: bool = False
    textrel: bool = False
    pie: bool = False
    relr: bool = False
    page: int = 0
    build_id: str = ""
    properties: tuple[str, ...] = ()
    attributes: tuple[str, ...] = ()
    versions: tuple[Version, ...] = ()
    defines: tuple[Version, ...] = ()
    exports: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    undefined: tuple[str, ...] = ()
    weak: tuple[str, ...] = ()
    debug: tuple[str, ...] = ()
    debug_link: str = ""
    debug_crc: int = 0
    symtab: bool = False
    osabi: int = 0
    abiversion: int = 0
    mixed: tuple[str, ...] = ()
    debug_only: bool = False

    @property
    def kind(self) -> str:
        """``program``, ``static-program``, ``shared-object``, ``object`` or ``debug-file``.

        A PIE is an ET_DYN with DF_1_PIE; linkers before binutils 2.26 leave that out, but give it no DT_SONAME.
        """
        if self.debug_only:
            return "debug-file"
        if self.type == "ET_REL":
            return "object"
        if self.type == "ET_DYN" and not self.pie and not (self.interpreter and not self.soname):
            return "shared-object"
        return "program" if self.interpreter else "static-program"

    @property
    def inits(self) -> tuple[str, ...]:
        """The exported initialisers of extension modules (PEP 489)."""
        return tuple(name for name in self.exports if name.startswith("PyInit"))

    @property
    def imports(self) -> set[str]:
        """Every symbol that another file has to give it, weak ones too."""
        return {*self.undefined, *self.weak, *(symbol for version in self.versions for symbol in version.symbols)}

    @classmethod
    def from_json(cls, data: dict) -> ElfFacts:
        """Make the facts from what ``dataclasses.asdict`` and JSON made of them. Raises TypeError for another shape."""
        plain = {key: tuple(value) if isinstance(value, list) else value for key, value in data.items()}
        for key in ("versions", "defines"):
            plain[key] = tuple(Version(one["name"], one["library"], tuple(one["symbols"]), one["weak"]) for one in data[key])
        return cls(**plain)

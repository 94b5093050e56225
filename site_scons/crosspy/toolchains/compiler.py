"""What a gcc or clang on this machine tells about itself: asked once, kept with the stat data of all that it rests on.

A driver is a program with the words that its owner calls it with (an SDK's own flags, ``--target``, ``--sysroot``).
"""
from __future__ import annotations

import functools
import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import UserError
from . import crtfiles, triallink
from .hostprogram import cannot_run, check_host
from .identity import Identity

ASK_SECONDS = 60  # a driver that takes longer to describe itself hangs, however busy the machine is
OLDEST_CLANG = 14
_PARTS = ("crt1.o", "Scrt1.o", "rcrt1.o", "crti.o", "crtn.o", "crtbegin.o", "crtbeginS.o", "crtend.o", "crtendS.o", "libgcc.a",
          "libgcc_s.so", "libc.so", "libc.a", "libm.so", "libm.a", "libc.so.6", "libm.so.6")
# the build machine's own headers: /usr/include of a cross compiler is another machine's
_HOST_HEADERS = ("/usr/include", "/usr/local/include")


@dataclass(frozen=True)
class Driver:
    """One compiler. path: absolute.  flags: its owner's words, kept for every compile and link.

    root: the folder of the SDK that it belongs to, where all its headers and start files must be; empty for others.
    sysroot: of ``sysroot=``, with the same meaning.  folders: of its PATH besides its own and the system's.
    """

    path: str
    flags: tuple[str, ...] = ()
    root: str = ""
    sysroot: str = ""
    folders: tuple[str, ...] = ()

    @property
    def env(self) -> dict[str, str]:
        """The whole environment of its processes; nothing of the user's."""
        folders = [*self.folders, os.path.dirname(self.path), "/usr/bin", "/bin"]
        return {"LC_ALL": "C", "PATH": os.pathsep.join(dict.fromkeys(folders))}

    def ask(self, *words: str, text: str = "", fails: bool = False) -> str:
        """Return what it prints. fails: return an empty string when it ends with a status. Raises UserError otherwise."""
        try:
            done = subprocess.run([self.path, *self.flags, *words], input=text, text=True, capture_output=True, timeout=ASK_SECONDS,
                                  env=self.env)
        except (OSError, subprocess.TimeoutExpired, UnicodeDecodeError) as error:
            raise cannot_run(self.path, error) from None
        if done.returncode and fails:
            return ""
        if done.returncode:
            lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
            said = " | ".join([line for line in lines if "error:" in line][:3] or lines[:3])   # with -v an error stands among much else
            raise UserError(self.path, f"'{' '.join(words)}' failed with status {done.returncode}: {said or 'it said nothing'}",
                            "install the compiler and its libc headers completely")
        return done.stdout + (done.stderr if "-v" in words else "")

    def facts(self, identity: Identity) -> dict:
        """Return what it tells, with a ``digest`` of all its parts; see `_describe`."""
        key = [self.path, f"root={self.root}", f"sysroot={self.sysroot}", *self.flags, "PATH", *self.folders, _reader()]
        return identity.of("\n".join(key), lambda: _describe(self))


@functools.cache
def _reader() -> str:
    """Return what changes with the rules of reading: facts that older ones found are asked for again."""
    return hashlib.sha256(b"".join(Path(module).read_bytes() for module in (__file__, crtfiles.__file__, triallink.__file__))).hexdigest()[:12]


def _describe(driver: Driver) -> tuple[dict, list[str]]:
    """Ask a driver for its parts. Returns the facts, and the files and folders that they rest on.

    Paths below an SDK's root are written ``@/...``, so that an SDK that moved keeps its digest.
    """
    check_host(driver.path)
    source = "#if __has_include(<features.h>)\n#include <features.h>\n#endif\n"
    text = driver.ask("-E", "-v", "-dM", "-x", "c", "-", text=source)
    found = [os.path.realpath(line.strip()) for line in
             text.partition("search starts here:\n#include <...>")[2].partition("End of search")[0].splitlines()[1:]
             if line.strip()]
    folders = include(driver, found)
    if folders != found:  # what the build will see, not what the compiler sees when it is left alone
        text = driver.ask("-E", "-dM", "-nostdinc", *(f"-isystem{folder}" for folder in folders), "-x", "c", "-", text=source)
    macros = dict(re.findall(r"^#define (\w+) ?(.*)$", text, re.M))
    clang = "__clang__" in macros
    if clang and int(macros["__clang_major__"]) < OLDEST_CLANG:
        raise UserError(driver.path, f"this is clang {macros['__clang_major__']}", f"use clang {OLDEST_CLANG} or newer")
    names = ("ld.lld", "ld") if clang else ("cc1", "as", "ld", "ar", "collect2")
    programs = [driver.ask(f"-print-prog-name={name}").strip() for name in names]
    parts = [driver.ask(f"-print-file-name={name}").strip() for name in _PARTS]
    told = driver.ask("-print-search-dirs")
    search, libraries = (told.partition(f"{kind}: =")[2].partition("\n")[0].split(":") for kind in ("programs", "libraries"))
    linked = triallink.trial(driver, clang, ASK_SECONDS)
    start = next((os.path.realpath(path) for path in parts[:2] if os.path.isabs(path)), "")
    strange = [place for place in (driver.sysroot, driver.root) if place and start and not inside(start, place)]
    facts = {
        **linked, "kind": "clang" if clang else "gcc", "strange": start if strange else "", "include": folders, "macros": macros,
        "properties": crtfiles.properties(parts),
        "version": driver.ask("-dumpversion" if clang else "-dumpfullversion").strip(), "target": driver.ask("-dumpmachine").strip(),
        "banner": driver.ask("--version").partition("\n")[0].strip(),
        "sysroot": driver.sysroot or ("" if clang else driver.ask("-print-sysroot", fails=True).strip()),
        "glibc": f"{macros['__GLIBC__']}.{macros['__GLIBC_MINOR__']}" if "__GLIBC__" in macros else "",
        "musl": _musl(driver.ask("-print-file-name=libc.a").strip()) if "__GLIBC__" not in macros else ""}
    path = driver.env["PATH"]
    real = os.path.realpath(driver.path)
    files = [os.path.realpath(shutil.which(name, path=path) or name) for name in [driver.path, *programs, *parts]]
    files += [f"{driver.path}.br_real", *map(str, sorted(Path(real).parent.parent.glob("lib/lib*LLVM*.so*") if clang else ()))]
    if linked["refusal"] or linked["static"]:
        search += map(os.path.realpath, filter(None, libraries))   # where that which is missing will be when it is installed
    return _relative(facts, driver.root), [*files, *folders, *(folder for folder in search if folder)]


_COMPLETE = {
    "sdk": "install the SDK completely", "gcc": "install the target's libc and libgcc, or correct sysroot=",
    "clang": "install lld and the target's libc (Debian: libc6-dev-ARCH-cross and libgcc-12-dev-ARCH-cross), or correct sysroot="}


def check_link(driver: Driver, facts: Mapping, static: bool) -> None:
    """Raise UserError when a driver takes its start files from elsewhere than its sysroot or SDK, or cannot link programs.

    static: the variant's are.
    """
    if facts["strange"]:
        fix = "use a compiler that belongs to this libc, or toolchain=clang with its sysroot="
        if driver.root:   # a copy of one that is still in its old place
            fix = "run the SDK's own relocation script in this folder, or name the folder that it was installed in"
        raise UserError(driver.path, f"it links with {facts['strange']}, which is not in {driver.sysroot or driver.root}", fix)
    if facts["refusal"] and (facts["kind"] == "clang" or not static):
        raise UserError(driver.path, f"it cannot link for its target: {facts['refusal']}", _COMPLETE["sdk" if driver.root else facts["kind"]])
    if facts["static"] and static:
        raise UserError(driver.path, f"it cannot link the static programs of this target: {facts['static']}",
                        "install the target's static libraries (libc.a; Yocto: TOOLCHAIN_TARGET_TASK:append = \" musl-staticdev\"), "
                        "or use toolchain=zig")


def _relative(facts: dict, root: str) -> dict:
    if not root:
        return facts
    place = os.path.realpath(root)
    return {name: [_at(path, place) for path in value] if isinstance(value, list) else
            _at(value, place) if name == "sysroot" else value for name, value in facts.items()}


def _at(path: str, root: str) -> str:
    real = os.path.realpath(path) if path else ""
    return "@" + real[len(root):] if inside(real, root) else path


def absolute(path: str, root: str) -> str:
    """Return a path of the facts as this machine has it; root is the one that the facts were asked for with."""
    assert root or not path.startswith("@"), path
    return os.path.realpath(root) + path[1:] if path.startswith("@") else path


def inside(path: str, folder: str) -> bool:
    """Tell whether a path lies in a folder, links followed."""
    return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder)) if path else False


def include(driver: Driver, found: Sequence[str]) -> list[str]:
    """Return the header folders that are the target's own, in their order.

    Of an SDK or a ``sysroot=`` only what lies in it counts, and the compiler's own headers; otherwise the build machine's
    folders are left out as soon as another one has a libc (Debian's cross gcc looks into /usr/include, too). Of folders
    with a compiler's own headers the first one counts.
    """
    # Debian's clang for MIPS looks into gcc's own folder, too, and its stdatomic.h goes on to that of the next folder.
    compilers = [folder for folder in found if os.path.exists(f"{folder}/stddef.h") and not os.path.exists(f"{folder}/stdio.h")]
    found = [folder for folder in found if folder not in compilers[1:]]
    places = [place for place in (driver.root, driver.sysroot) if place]
    if places:
        return [folder for folder in found if any(inside(folder, place) for place in places)
                or os.path.exists(f"{folder}/stddef.h") and not folder.startswith(_HOST_HEADERS)
                and not os.path.exists(f"{folder}/stdio.h")]
    own = [folder for folder in found if not folder.startswith(_HOST_HEADERS)]
    return own if any(os.path.exists(f"{folder}/stdio.h") for folder in own) else list(found)


def _musl(path: str) -> str:
    """Return musl's version out of its libc.a (the member version.o holds little but the text), or an empty string."""
    try:
        data = Path(path).read_bytes()
    except OSError:
        return ""
    member = re.search(rb"version\.l?o/ ", data)
    version = re.search(rb"\0(\d+\.\d+\.\d+)[\w.-]*\0", data[member.start():member.start() + 4096]) if member else None
    return version[1].decode() if version else ""

"""ctypes.util as upstream has it, with a find_library that needs no gcc, ldconfig or objdump: a device has none of them.

Upstream's own module lies beside this one as ctypes._upstream_util. What it finds counts; where it finds nothing, libraries that this
process has loaded are looked at, then the folders of the loader (ld.so(8); musl's ldso/dynlink.c).
"""
import os
import struct
import sys

from ctypes import _upstream_util
from ctypes._upstream_util import *  # noqa: F403

test = _upstream_util.test


def find_library(name):
    """Return the soname of a library, as find_library("c") gives "libc.so.6", or None."""
    if _alone():
        return None
    found = _upstream_util.find_library(name)
    if found is None and name and "/" not in name and "\0" not in name:
        # An embedding program, or an odd PYTHONEXECUTABLE, may leave sys.executable empty or wrong.
        own = _identity("/proc/self/exe") or _identity(sys.executable or "")
        for path in _candidates(f"lib{name}.so"):
            if own is not None and _identity(path) == own:
                return _soname(path) or os.path.basename(path)
    return found


def _alone():
    """Tell whether this is a static program, which can load no library; where /proc does not tell, it is taken for none."""
    loaded = _loaded()
    return bool(loaded) and not any(".so" in os.path.basename(path) for path in loaded)


def _candidates(wanted):
    """Yield paths of files that have the name, or the name and a version behind it: loaded ones first."""
    for path in _loaded():
        if os.path.basename(path) == wanted or os.path.basename(path).startswith(wanted + "."):
            yield path
    for folder in _folders():
        try:
            names = os.listdir(folder)
        except OSError:
            continue
        for name in sorted(names, key=lambda name: (name != wanted, name)):
            if name == wanted or name.startswith(wanted + "."):
                yield os.path.join(folder, name)


def _loaded():
    try:
        with open("/proc/self/maps", encoding="utf-8", errors="surrogateescape") as maps:
            return list(dict.fromkeys(line.split(None, 5)[5].rstrip("\n") for line in maps if line.count("/")))
    except (OSError, IndexError):
        return []


def _folders():
    """Return the folders of the loader, in its order."""
    found = os.environ.get("LD_LIBRARY_PATH", "").replace(";", ":").split(":")
    found += _configured("/etc/ld.so.conf", 8)
    try:
        paths = [f"/etc/{name}" for name in sorted(os.listdir("/etc")) if name.startswith("ld-musl-") and name.endswith(".path")]
    except OSError:
        paths = []
    for path in paths:
        found += _read(path).replace("\n", ":").split(":")
    multiarch = getattr(sys.implementation, "_multiarch", "")
    found += [f"{top}/{multiarch}" for top in ("/lib", "/usr/lib") if multiarch]
    found += ["/lib64", "/usr/lib64", "/lib", "/usr/local/lib", "/usr/lib"]
    return list(dict.fromkeys(folder.strip() for folder in found if folder.strip().startswith("/")))


def _configured(path, depth):
    """Return the folders that an ld.so.conf names, with those of the files that it includes (ldconfig(8))."""
    import glob

    found = []
    for line in _read(path).splitlines() if depth else ():
        words = line.partition("#")[0].split()
        if words[:1] == ["include"]:
            for pattern in words[1:]:
                for other in sorted(glob.glob(os.path.join(os.path.dirname(path), pattern))):
                    found += _configured(other, depth - 1)
        else:
            found += words
    return found


def _read(path):
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as stream:
            return stream.read(1 << 16)
    except OSError:
        return ""


def _identity(path):
    """Return class, byte order and machine of an ELF file (gABI, chapter 4), or None."""
    try:
        with open(path, "rb") as stream:
            head = stream.read(20)
    except OSError:
        return None
    if len(head) < 20 or head[:4] != b"\x7fELF":
        return None
    return head[4], head[5], struct.unpack_from("<H" if head[5] == 1 else ">H", head, 18)[0]


def _soname(path):
    """Return DT_SONAME of a shared library (gABI, chapter 5), or None."""
    try:
        with open(path, "rb") as stream:
            return _dynamic_soname(stream.read(1 << 26))
    except (OSError, struct.error, IndexError, ValueError):
        return None


def _dynamic_soname(data):
    wide, order = data[4] == 2, "<" if data[5] == 1 else ">"
    start, = struct.unpack_from(order + ("Q" if wide else "I"), data, 32 if wide else 28)
    size, count = struct.unpack_from(order + "HH", data, 54 if wide else 42)
    row = order + ("IIQQQQQQ" if wide else "IIIIIIII")
    segments = [struct.unpack_from(row, data, start + number * size) for number in range(count)]
    if wide:   # type, flags, offset, vaddr, paddr, filesz, ...
        segments = [(one[0], one[2], one[3], one[5]) for one in segments]
    else:      # type, offset, vaddr, paddr, filesz, ...
        segments = [(one[0], one[1], one[2], one[4]) for one in segments]
    tags = {}
    pair = struct.Struct(order + ("qQ" if wide else "iI"))
    for kind, offset, _, length in segments:
        if kind == 2:  # PT_DYNAMIC
            for tag, value in pair.iter_unpack(data[offset:offset + length - length % pair.size]):
                tags.setdefault(tag, value)
    if 14 not in tags:  # DT_SONAME
        return None
    strings = next(offset + tags[5] - address for kind, offset, address, length in segments
                   if kind == 1 and address <= tags[5] < address + length)  # DT_STRTAB in its PT_LOAD
    at = strings + tags[14]
    return data[at:data.index(b"\0", at)].decode("utf-8", "surrogateescape")

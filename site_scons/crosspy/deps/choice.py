"""``deps=`` -> how each library is had: from source, from the sysroot, or not at all."""
from __future__ import annotations

from collections.abc import Collection, Mapping

from ..errors import UserError, nearest
from .library import Library

MODES = ("source", "sysroot", "none")
FIX = "use source, sysroot or none, and exceptions behind it, as in deps=source,openssl:sysroot"


def parse(value: str) -> tuple[str, dict[str, str]]:
    """Split a ``deps=`` value into the mode of all libraries and those of some. Raises UserError."""
    first, *rest = [word.strip() for word in value.split(",")]
    if ":" in first:
        first, rest = MODES[0], [first, *rest]
    if first not in MODES:
        hint = nearest(first, MODES)
        raise UserError(f"deps={value}", f"{first or 'an empty word'} is no way to have a library" + (f"; {hint}?" if hint else ""), FIX)
    found: dict[str, str] = {}
    for word in rest:
        name, _, mode = word.partition(":")
        if mode not in MODES or not name:
            raise UserError(f"deps={value}", f"{word!r} is no library with its mode", FIX)
        if found.setdefault(name, mode) != mode:
            raise UserError(f"deps={value}", f"{name} is both {found[name]} and {mode}", "take one of the two out")
    return first, found


def modes(value: str, libraries: Mapping[str, Library]) -> dict[str, str]:
    """Return the mode of each library, by name.

    A library that only a sysroot can have is not there with ``source``, unless it is named. One that takes another's part
    (``instead_of``) is there only when it is named, and the other one is not then. Raises UserError for a name that no library has,
    and for a library that is to be built without what it needs.
    """
    every, some = parse(value)
    for name in some:
        if name not in libraries:
            hint = nearest(name, libraries)
            raise UserError(f"deps={value}", f"there is no library {name}" + (f"; {hint}?" if hint else ""), f"use one of {', '.join(sorted(libraries))}")
    found = {}
    for name, library in libraries.items():
        mode = some.get(name, "none" if library.instead_of else every)
        if mode == "source" and not library.pins:
            if name in some:
                raise UserError(f"deps={value}", f"{name} is not built from source here", f"use {name}:sysroot or {name}:none")
            mode = "none"
        found[name] = mode
    for name, library in libraries.items():
        if library.instead_of and found[name] != "none":
            if some.get(library.instead_of, "none") != "none":
                raise UserError(f"deps={value}", f"{name} and {library.instead_of} serve the same module", "leave one of the two out")
            found[library.instead_of] = "none"
    for name in some:
        # Behind a library of the sysroot is that sysroot's own, and this project builds none instead.
        for other in behind(name, libraries) if some[name] == "sysroot" else ():
            if found[other] == "none" and not libraries[other].pins and other not in some:
                found[other] = "sysroot"
    return complete(value, found, libraries)


def behind(name: str, libraries: Mapping[str, Library]) -> list[str]:
    """Return the libraries that one needs, and those that these need, each once."""
    found: dict[str, None] = {}
    pending = [*libraries[name].needs]
    while pending:
        other = pending.pop(0)
        if other not in found:
            found[other] = None
            pending += libraries[other].needs
    return list(found)


def complete(value: str, modes: Mapping[str, str], libraries: Mapping[str, Library]) -> dict[str, str]:
    """Return modes in which nothing is built from source without what it needs.

    value: of ``deps=``.  libraries: in the order of load_all.  Raises UserError where such a library is named.
    """
    found, some = dict(modes), parse(value)[1]
    for name, library in libraries.items():
        missing = [other for other in library.needs if found[other] == "none"]
        if found[name] == "source" and missing:
            if some.get(name) == "source":
                raise UserError(f"deps={value}", f"{name} needs {' and '.join(missing)}", f"add {missing[0]}:source, or use {name}:none")
            found[name] = "none"
    return found


def certificates(folder: str, modes: Mapping[str, str], disable: Collection[str]) -> None:
    """Raise UserError where ``ssl_certs=`` changes nothing: the folder is compiled into an OpenSSL that is built here, and _ssl alone looks there."""
    left = sorted({"ssl", "_ssl"} & set(disable))
    if left or modes["openssl"] != "source":
        what = f"disable={left[0]} leaves out what looks for certificates" if left else (
            "OpenSSL is the sysroot's, which has its own folder of certificates" if modes["openssl"] == "sysroot" else
            "this build has no OpenSSL, which looks for certificates")
        raise UserError(f"ssl_certs={folder}", what, "leave one of the two out" if left else "leave ssl_certs= out, or use deps=...,openssl:source")


def lacking(value: str, left: Mapping[str, str], libraries: Mapping[str, Library]) -> list[str]:
    """Return the libraries that were to come from the sysroot, which has none of them. value: of ``deps=``.  left: the modes in the end."""
    return [name for name, mode in modes(value, libraries).items() if mode == "sysroot" and left[name] == "none"]

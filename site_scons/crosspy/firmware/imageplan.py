"""What goes into an image for a device: a parent's words -> rows, checked before anything is built."""
from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ..errors import UserError

FORMATS = ("folder", "tar", "squashfs", "cpio", "cpio.gz")
# What a kernel opens for init before anything else runs (Documentation/filesystems/ramfs-rootfs-initramfs.rst).
CONSOLE = {"/dev/console": "c 5 1 0600"}


@dataclass(frozen=True)
class Image:
    """format: one of FORMATS.  rows: kind (file, tree, folder, link, device), path on the device, its words, mode or empty.

    The words of a file or tree are its path here, of a link its target, of a device type, major and minor number.
    """

    format: str
    rows: tuple[tuple[str, str, str, str], ...] = field(default_factory=tuple)


def form(target: str, given: str) -> str:
    """Return the format of an image: the one that is given, or what its name ends in. Raises UserError."""
    if given and given not in FORMATS:
        raise UserError(f"format={given}", "there is no such format", f"use one of {', '.join(FORMATS)}")
    found = given or next((name for name in sorted(FORMATS, key=len, reverse=True) if target.endswith(f".{name}")), "")
    if not found:
        raise UserError(target, "its name does not say what kind of image it is",
                        f"let it end in one of .{', .'.join(FORMATS[1:])}, or add format= with one of {', '.join(FORMATS)}")
    return found


def plan(target: str, given: str, files: Mapping[str, tuple[str, bool]], links: Mapping[str, str], folders: Sequence[str],
         devices: Mapping[str, str] | None, modes: Mapping[str, str]) -> Image:
    """Return an image's plan.

    target: its name.  given: its format, if any.  files: path on the device -> file or folder here, and whether it is a
    folder.  links: path -> target.  folders: empty ones, such as /proc.  devices: path -> ``c 5 1 0600``: type, major and minor number,
    mode; None: what the format needs.  modes: path -> four octal digits, of a folder of files for itself alone.  Raises UserError for what contradicts itself.
    """
    kind = form(target, given)
    if devices is None:
        devices = CONSOLE if kind.startswith("cpio") else {}
    if devices and kind == "folder":
        raise UserError(target, "a folder can hold devices only where root makes it", "use a tar, a cpio or a squashfs, or leave devices out")
    rows = [("tree" if tree else "file", path, source, modes.get(path, "")) for path, (source, tree) in files.items()]
    rows += [("link", path, to, "") for path, to in links.items()]
    rows += [("folder", path, "", modes.get(path, "")) for path in folders]
    for path, words in devices.items():
        if not re.fullmatch(r"[bc] \d{1,4} \d{1,7} [0-7]{4}", words):
            raise UserError(f"devices: {path}: {words!r}", "it is no device", "give type, major, minor and mode, as in 'c 5 1 0600'")
        kind_, major, minor, mode = words.split()
        rows.append(("device", path, f"{kind_} {major} {minor}", mode))
    _check(target, rows, modes)
    return Image(kind, tuple(sorted((row for row in rows), key=lambda row: row[1])))


def _check(target: str, rows: Sequence[tuple[str, str, str, str]], modes: Mapping[str, str]) -> None:
    seen: dict[str, str] = {}
    for kind, path, _, mode in rows:
        words = path.split("/")
        if not path.startswith("/") or {".", ".."} & set(words) or "" in words[1:-1] or (words[-1] == "" and kind != "tree"):
            raise UserError(f"{target}: {path!r}", "it is no path on a device", "begin it with / and do without . and ..")
        if "\n" in path or "\0" in path:
            raise UserError(f"{target}: {path!r}", "it has a character that no image can hold", "use another name")
        if path in seen and kind != "tree":
            raise UserError(f"{target}: {path}", "it is there twice", "name each path once")
        if mode and not re.fullmatch("[0-7]{4}", mode):
            raise UserError(f"{target}: {path}: {mode!r}", "it is no mode", "give four octal digits, as in '0644'")
        seen[path] = kind
    if unknown := sorted(modes.keys() - {row[1] for row in rows}):
        raise UserError(f"{target}: modes: {unknown[0]}", "it has no such path", "name a path of files or folders")


def text(image: Image) -> str:
    """Return an image's plan as its builder reads it."""
    return json.dumps({"format": image.format, "rows": image.rows}, indent=1) + "\n"

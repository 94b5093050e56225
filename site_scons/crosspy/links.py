"""Paths and symbolic links below a folder that will be ``/`` on the device."""
from __future__ import annotations

import os
from pathlib import Path

_MAX_LINKS = 40   # as the kernel's MAXSYMLINKS (path_resolution(7))


def follow(root: Path, path: str) -> tuple[str, str]:
    """Follow a path below root/ as the device does. Returns where it ends, relative to root, and what is wrong with it.

    What is wrong is empty, ``leads out of root/``, ``a loop of links`` or ``does not exist in root/``.
    """
    parts, here, links = path.split("/")[::-1], [], 0
    while parts:
        part = parts.pop()
        if part in ("", "."):
            continue
        if part == "..":
            if not here:
                return "", "leads out of root/"
            here.pop()
            continue
        full = os.path.join(root, *here, part)
        if os.path.islink(full):
            target, links = os.readlink(full), links + 1
            if links > _MAX_LINKS:
                return "", "a loop of links"
            here = [] if target.startswith("/") else here
            parts += target.split("/")[::-1]
        elif os.path.lexists(full):
            here.append(part)
        else:
            return "", "does not exist in root/"
    return "/".join(here), ""


def problem(root: Path, path: str) -> str:
    """Say where a link goes wrong, or return an empty string."""
    wrong = follow(root, path)[1]
    return wrong and f"-> {os.readlink(root / path)}, {wrong if wrong.startswith('a ') else f'which {wrong}'}"

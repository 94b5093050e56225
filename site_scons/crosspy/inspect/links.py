"""Paths and symbolic links below a folder that will be ``/`` on the device."""
from __future__ import annotations

import errno
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

_MAX_LINKS = 40   # as the kernel's MAXSYMLINKS (path_resolution(7))


def look(root: Path, path: str) -> str | None:
    """Return the target of a link, an empty string for what is no link, None where there is nothing. No link of ``path`` is followed."""
    try:
        return os.readlink(os.path.join(root, path))
    except OSError as error:
        return "" if error.errno == errno.EINVAL else None   # readlink(2): EINVAL for what is no link
    except ValueError:   # a path with a null byte, as a damaged ld.so.conf may have one
        return None


def trace(path: str, seen: Callable[[str], str | None]) -> tuple[str, str]:
    """Follow a path as the device does, in folders of which ``seen`` tells what ``look`` tells. Returns what ``follow`` does."""
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
        target = seen("/".join((*here, part)))
        if target is None:
            return "", "does not exist in root/"
        if target:
            if (links := links + 1) > _MAX_LINKS:
                return "", "a loop of links"
            here = [] if target.startswith("/") else here
            parts += target.split("/")[::-1]
        else:
            here.append(part)
    return "/".join(here), ""


def follow(root: Path, path: str) -> tuple[str, str]:
    """Follow a path below root/ as the device does. Returns where it ends, relative to root, and what is wrong with it.

    What is wrong is empty, ``leads out of root/``, ``a loop of links`` or ``does not exist in root/``.
    """
    return trace(path, partial(look, root))


def problem(root: Path, path: str) -> str:
    """Say where a link goes wrong, or return an empty string."""
    wrong = follow(root, path)[1]
    return wrong and f"-> {os.readlink(root / path)}, {wrong if wrong.startswith('a ') else f'which {wrong}'}"

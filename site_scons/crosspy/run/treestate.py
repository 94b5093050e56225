"""What changes whenever a file of a tree does on which several builds rest: of a release its digest, of an edited tree what its files say."""
from __future__ import annotations

import hashlib
import os
from pathlib import Path

from ..acquire.release import Release
from ..upstream import moduletable


def library(got: Release) -> str:
    """Return what changes whenever a file of the standard library does: of a release its digest, of a tree stat data."""
    if not got.editable:
        return got.digest
    digest = hashlib.sha256()
    for folder, folders, names in os.walk(got.tree / "Lib"):
        folders[:] = sorted(name for name in folders if name != "__pycache__")
        for name in sorted(names):
            facts = os.lstat(os.path.join(folder, name))  # an editor's lock file is a link to nowhere
            digest.update(f"{folder}/{name} {facts.st_size} {facts.st_mtime_ns}\n".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def shapers(got: Release, project: Path) -> str:
    """Return what changes whenever byte-code could, for equal source: the content of the compiler's own files."""
    if not got.editable:
        return got.digest
    patterns = moduletable.load(project / "cpython")["bytecode"]["shaped_by"]
    digest = hashlib.sha256()
    for pattern in patterns:
        for path in sorted(got.tree.glob(pattern)):
            digest.update(path.read_bytes() if path.is_file() else b"")
    return digest.hexdigest()

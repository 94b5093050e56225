"""A verified archive -> a read-only tree below ``build/sources/``, trusted from then on by its stamp.

The stamp ``<tree>.json`` lies beside the tree and is written last. As long as it states the pin's sha256, nothing is
hashed or unpacked again.
"""
from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

from ..errors import UserError
from .fetch import Archive, difference, workspace


def trusted(sources: Path, folder: str, sha256: str) -> dict:
    """Return the stamp of a tree that was unpacked from the archive with this sha256, or {}; costs two stats."""
    stamp = read_json(sources / f"{folder}.json")
    return stamp if stamp.get("sha256") == sha256 and (sources / folder).is_dir() else {}


def read_json(path: Path) -> dict:
    """Return the object in a file that this project wrote, or {} where the file is missing or unreadable."""
    try:
        data = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return data if isinstance(data, dict) else {}


def write_json(path: Path, data: dict, work: Path) -> None:
    """Write an object under a temporary name in ``work`` and rename it."""
    part = work / "json"
    part.write_text(json.dumps(data, indent=1, sort_keys=True) + "\n", "utf-8")
    os.replace(part, path)


def verify(path: Path, archive: Archive) -> None:
    """Raise UserError where a file is not the pinned archive; the file stays, since a person may have put it there."""
    if wrong := difference(path, archive):
        raise UserError(str(path), f"it is not the pinned {archive.folder}: it {wrong}",
                        f"remove it, or put the archive with sha256 {archive.sha256} there")


def unpack(path: Path, sources: Path, stamp: dict, name: Callable[[Path], str],
           say: Callable[[str], None] = print) -> Path:
    """Unpack an archive with one top folder to ``sources/<name>``, its files read-only, and return that folder.

    stamp: what to record, with ``sha256``.  name: is given the unpacked folder and returns its name; where it raises
    UserError, nothing is left behind. Raises UserError for a damaged archive, an unsafe member and a full disk.
    """
    with workspace(sources, say) as work:
        _extract(path, work / "new")
        found = list((work / "new").iterdir())
        if len(found) != 1 or not found[0].is_dir():
            raise UserError(str(path), "it does not hold exactly one folder at its top", "name a release archive")
        tree = sources / name(found[0])
        beside = tree.with_name(tree.name + ".json")
        # In this order: whenever the process ends, no stamp stands beside a tree that is not its own.
        beside.unlink(missing_ok=True)
        if tree.exists() or tree.is_symlink():
            os.rename(tree, work / "old")
        os.rename(found[0], tree)
        write_json(beside, stamp, work)
    return tree


def _extract(path: Path, folder: Path) -> None:
    import lzma  # here, because a warm build needs none of these
    import tarfile
    import zlib

    safe = getattr(tarfile, "data_filter", None) or _plain_files_only

    def read_only(member, destination):
        member = safe(member, destination)
        if member and member.isreg():
            member.mode = 0o555 if member.mode & 0o100 else 0o444
        return member

    folder.mkdir()
    try:
        with tarfile.open(path) as archive:
            if hasattr(tarfile, "data_filter"):
                archive.extractall(folder, filter=read_only)
            else:  # before Python 3.11.4
                archive.extractall(folder, members=[read_only(member, folder) for member in archive])
            while archive.fileobj.read(1 << 20):  # tarfile stops before the compressor's checksum, at the end
                pass
    except (tarfile.TarError, EOFError, lzma.LZMAError, zlib.error) as error:
        raise _damaged(path, error) from None
    except OSError as error:
        if error.errno is None:  # how gzip and bz2 say that their data is wrong
            raise _damaged(path, error) from None
        raise


def _damaged(path: Path, error: Exception) -> UserError:
    reason = " ".join(str(error).split())  # tarfile tells of each compression on a line of its own
    return UserError(str(path), f"it cannot be unpacked ({reason})", "get a complete copy of the release archive")


def _plain_files_only(member, _destination):
    """Stand in for tarfile's data filter (PEP 706): files and folders that stay inside; any other member is refused."""
    import tarfile

    parts = member.name.split("/")
    if member.name.startswith("/") or ".." in parts or not (member.isreg() or member.isdir()):
        raise tarfile.ExtractError(f"{member.name!r} would be outside the folder or is neither file nor folder")
    member.mode = 0o755 if member.isdir() or member.mode & 0o100 else 0o644
    member.uid, member.gid, member.uname, member.gname = os.getuid(), os.getgid(), "", ""
    return member

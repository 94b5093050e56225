"""Files for a device as a folder, a tar, a squashfs or an initramfs, byte for byte the same wherever it is made.

    python -m crosspy.firmware.image LIST --output IMAGE [--record FILE] [--flash BYTES] [--mksquashfs PROGRAM]

LIST is the JSON of imageplan.Image. All belongs to root, all times are the epoch's; no privilege is needed, and devices are
entries as any other. A cpio is in the form "newc" (Documentation/driver-api/early-userspace/buffer-format.rst).
"""
from __future__ import annotations

import argparse
import gzip
import hashlib
import io
import json
import os
import shutil
import stat
import subprocess
import sys
import tarfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from ..errors import UserError

FOLDER, LINK = 0o755, 0o777


@dataclass(frozen=True)
class Entry:
    """One name in an image. path: without a slash in front.  mode: with the file type.  source: of a file.  to: of a link.

    device: major and minor number.
    """

    path: str
    mode: int
    source: str = ""
    to: str = ""
    device: tuple[int, int] = (0, 0)

    @property
    def kind(self) -> int:
        return stat.S_IFMT(self.mode)


def entries(rows: Iterable[list[str]]) -> list[Entry]:
    """Return all entries of an image, each folder before what is in it. Trees are read now. Raises UserError for two files in one place."""
    found: dict[str, Entry] = {}
    for kind, path, words, mode in sorted(rows, key=lambda row: row[0] != "tree"):
        for entry in _of(kind, path.strip("/"), words, mode):
            before = found.get(entry.path)
            if before and kind == "tree" and not before.kind == entry.kind == stat.S_IFDIR:
                raise UserError(f"/{entry.path}", "two of the folders bring it", "take it out of one")
            found[entry.path] = entry
    for path in list(found):
        for parent in _parents(path):
            if found.setdefault(parent, Entry(parent, stat.S_IFDIR | FOLDER)).kind != stat.S_IFDIR:
                raise UserError(f"/{parent}", f"it is no folder, and /{path} is to be in it", "correct one of the paths")
    return [found[path] for path in sorted(found, key=lambda path: path.split("/"))]


def _parents(path: str) -> Iterator[str]:
    while "/" in path:
        path = path.rpartition("/")[0]
        yield path


def _of(kind: str, path: str, words: str, mode: str) -> Iterator[Entry]:
    if kind == "tree":
        for entry in _tree(path, words):
            yield replace(entry, mode=stat.S_IFDIR | int(mode, 8)) if mode and entry.path == path else entry
    elif kind == "file":
        yield _file(path, words, mode)
    elif kind == "link":
        yield Entry(path, stat.S_IFLNK | LINK, to=words)
    elif kind == "folder":
        yield Entry(path, stat.S_IFDIR | int(mode or "0755", 8))
    else:
        letter, major, minor = words.split()
        yield Entry(path, {"c": stat.S_IFCHR, "b": stat.S_IFBLK}[letter] | int(mode, 8), device=(int(major), int(minor)))


def taken(source: str, tree: bool) -> list[Entry]:
    """Return what an image takes of a file or of a folder."""
    return [*_tree("", source)] if tree else [_file("", source)]


def _file(path: str, source: str, mode: str = "") -> Entry:
    """A file has the mode 0755 or 0644: what else it has here is the umask's."""
    bits = int(mode, 8) if mode else 0o755 if os.stat(source).st_mode & 0o100 else 0o644
    return Entry(path, stat.S_IFREG | bits, source)


def _tree(path: str, source: str) -> Iterator[Entry]:
    for where, folders, names in os.walk(source):
        folders.sort()
        inner = os.path.normpath(os.path.join(path, os.path.relpath(where, source)))
        if inner != ".":
            yield Entry(inner, stat.S_IFDIR | FOLDER)
        for name in sorted([*names, *(name for name in folders if os.path.islink(os.path.join(where, name)))]):
            full, at = os.path.join(where, name), os.path.normpath(os.path.join(inner, name))
            if os.path.islink(full):
                yield Entry(at, stat.S_IFLNK | LINK, to=os.readlink(full))
            elif os.path.isfile(full):
                yield _file(at, full)


def tar(found: Iterable[Entry]) -> bytes:
    """Return a POSIX tar (pax)."""
    stream = io.BytesIO()
    types = {stat.S_IFDIR: tarfile.DIRTYPE, stat.S_IFREG: tarfile.REGTYPE, stat.S_IFLNK: tarfile.SYMTYPE, stat.S_IFCHR: tarfile.CHRTYPE,
             stat.S_IFBLK: tarfile.BLKTYPE}
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for entry in found:
            info = tarfile.TarInfo(entry.path)
            info.type, info.mode, info.linkname, (info.devmajor, info.devminor) = types[entry.kind], stat.S_IMODE(entry.mode), entry.to, entry.device
            data = _data(entry)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return stream.getvalue()


def _data(entry: Entry) -> bytes:
    return Path(entry.source).read_bytes() if entry.kind == stat.S_IFREG else b""


def cpio(found: Iterable[Entry]) -> bytes:
    """Return a cpio archive in the form newc, as a kernel unpacks one into its initramfs."""
    parts = []
    for number, entry in enumerate([*found, Entry("TRAILER!!!", 0)], 1):
        data, name = entry.to.encode() if entry.kind == stat.S_IFLNK else _data(entry), os.fsencode(entry.path) + b"\0"
        links = 2 if entry.kind == stat.S_IFDIR else 1
        if len(data) >= 1 << 32:
            raise UserError(f"/{entry.path}", "a cpio holds no file of 4 GiB", "use a squashfs")
        # ino, mode, uid, gid, nlink, mtime, filesize, device (major, minor), rdevice (major, minor), namesize, check
        fields = (number if entry.mode else 0, entry.mode, 0, 0, links, 0, len(data), 0, 0, *entry.device, len(name), 0)
        parts += [_padded(b"070701" + b"".join(b"%08X" % value for value in fields) + name), _padded(data)]
    whole = b"".join(parts)
    return whole + b"\0" * (-len(whole) % 512)


def _padded(data: bytes) -> bytes:
    return data + b"\0" * (-len(data) % 4)


def squashfs(found: Iterable[Entry], program: str, output: Path) -> None:
    """Have mksquashfs make an image, from a tar, so that devices and owners need no privilege. Raises UserError."""
    words = [program, "-", str(output), "-tar", "-noappend", "-no-progress", "-quiet", "-all-root", "-no-xattrs", "-mkfs-time", "0", "-all-time", "0"]
    environment = {"PATH": "/usr/bin:/bin", "LC_ALL": "C"}
    done = subprocess.run(words, input=tar(found), capture_output=True, env=environment)
    if done.returncode:
        raise UserError(str(output), f"{program} says: {done.stderr.decode('utf-8', 'replace').strip()}", "it needs squashfs-tools 4.5 or newer")


def folder(found: Iterable[Entry], output: Path) -> None:
    """Make a folder, which takes its place as a whole."""
    part = output.with_name(output.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    for entry in found:
        path = part / entry.path
        if entry.kind == stat.S_IFDIR:
            path.mkdir(exist_ok=True)
        elif entry.kind == stat.S_IFLNK:
            path.symlink_to(entry.to)
        else:
            shutil.copyfile(entry.source, path)
        if entry.kind != stat.S_IFLNK:
            path.chmod(stat.S_IMODE(entry.mode))
    part.chmod(FOLDER)
    shutil.rmtree(output, ignore_errors=True)
    os.replace(part, output)


def judge(name: str, size: int, flash: int, found: Iterable[Entry]) -> str:
    """Return why an image of so many bytes does not fit into a budget, with its largest files; an empty string if it does."""
    if not flash or size <= flash:
        return ""
    files = sorted(((len(_data(entry)), entry.path) for entry in found if entry.kind == stat.S_IFREG), reverse=True)[:10]
    lines = [f"flash: {name} has {size} bytes, {size - flash} more than the budget of {flash}. The largest files, as they are before compression:"]
    return "\n".join(lines + [f"{bytes_:>10}  /{path}" for bytes_, path in files])


def make(rows: Iterable[list[str]], form: str, output: Path, program: str, flash: int) -> int:
    """Make an image; nothing has its name before it is whole. Returns its size in bytes. Raises UserError, also over the budget."""
    found = entries(rows)
    output.parent.mkdir(parents=True, exist_ok=True)
    part = output.with_name(output.name + ".part")
    if form == "folder":
        size = sum(len(_data(entry)) for entry in found)
    elif form == "squashfs":
        squashfs(found, program, part)
        size = part.stat().st_size
    else:
        data = tar(found) if form == "tar" else cpio(found)
        part.write_bytes(gzip.compress(data, 6, mtime=0) if form == "cpio.gz" else data)
        size = part.stat().st_size
    if problem := judge(str(output), size, flash, found):
        part.unlink(missing_ok=True)
        sys.exit(problem)
    if form == "folder":
        folder(found, output)
    else:
        part.chmod(0o644)
        os.replace(part, output)
    return size


def main(arguments: list[str] | None = None) -> None:
    """Make one image from its list."""
    parser = argparse.ArgumentParser(prog="crosspy.firmware.image", description=main.__doc__)
    parser.add_argument("list", type=Path)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--record", type=Path, help="written last: size and digest, for a folder, which is no file")
    parser.add_argument("--flash", type=int, default=0, help="bytes")
    parser.add_argument("--mksquashfs", default="mksquashfs")
    given = parser.parse_args(arguments)
    plan = json.loads(given.list.read_text("utf-8"))
    size = make(plan["rows"], plan["format"], given.output, given.mksquashfs, given.flash)
    if given.record:
        given.record.parent.mkdir(parents=True, exist_ok=True)
        digest = hashlib.sha256(tar(entries(plan["rows"]))).hexdigest()
        given.record.write_text(f"{size} {digest}\n", "utf-8")
    left = f", {given.flash - size} of {given.flash} left" if given.flash else ""
    print(f"{given.output}: {size / 1e6:.3f} MB{left}")


if __name__ == "__main__":
    try:
        main()
    except UserError as error:
        sys.exit(str(error))

"""A checkout with a source tree that people edit, built once at -O0 for the machine at hand, then edited by many tests."""
from __future__ import annotations

import json
import os
import platform
import re
import shutil
import time
from contextlib import contextmanager
from pathlib import Path

from built import Build
from checkout import Checkout, Run, clone, contents, missing, newest

TAIL = ["INSTALL", "INSPECT", "MANIFEST"]  # what every change of root/ ends in


class Workshop:
    """words: the command that builds it.  tree: the editable source.  settled: it is known to be what the first build made."""

    def __init__(self, place: Path):
        self.name = f"{platform.machine()}-linux-gnu"
        if self.name not in ("x86_64-linux-gnu", "aarch64-linux-gnu"):
            missing("the interpreter of an edited tree is run directly: an x86_64 or aarch64 machine")
        self.checkout: Checkout = clone(place / "workshop", zig_cache=True)
        release = newest(self.checkout.build)
        self.tree = self.checkout.folder / "tree"
        shutil.copytree(release, self.tree, symlinks=True)
        for path in (self.tree, *self.tree.rglob("*")):
            if not path.is_symlink():
                path.chmod(path.stat().st_mode | 0o200)
        self.words = (f"target={self.name}", "optimize=debug", "source=tree")
        self.first = self.checkout.scons(*self.words)
        folders = {path.parent for path in self.checkout.build.glob(f"{self.name}+*/manifest.json")}
        assert len(folders) == 1
        self.build = Build(self.checkout, self.name, folders.pop().name.removeprefix(self.name))
        self.bootstrap = next(path for path in self.checkout.build.glob("bootstrap-*") if path.is_dir())
        self.root, self.manifest = contents(self.build.root), (self.build.folder / "manifest.json").read_bytes()
        self.settled = False

    def scons(self, *words: str) -> Run:
        run = self.checkout.scons(*self.words, *words)
        self.settled = self.settled and not run.shown
        return run

    def object(self, name: str, host: bool = False) -> Path:
        return (self.bootstrap if host else self.build.folder) / "obj" / name

    @contextmanager
    def edited(self, name: str, old: str, new: str):
        """Change a file of the tree for a while; its content and its time come back."""
        path = self.tree / name
        stat, text = path.stat(), path.read_text("utf-8")
        assert old in text
        self.settled = False
        path.write_text(text.replace(old, new, 1), "utf-8")
        try:
            yield path
        finally:
            self.settled = False
            path.write_text(text, "utf-8")
            os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))

    def same_as_first(self) -> None:
        """Assert that root/ and the manifest are what the first build made, and that Python runs."""
        assert contents(self.build.root) == self.root
        assert (self.build.folder / "manifest.json").read_bytes() == self.manifest
        assert self.build.run("-c", "import json, decimal; print(6 * 7)").stdout == "42\n"
        self.settled = True

    def objects_that_include(self, header: str) -> set[str]:
        """The target's objects whose source reaches a header, found without SCons: quoted includes, by their last part."""
        units = json.loads((self.build.folder / "graph.json").read_text("utf-8"))["units"]
        readers: dict[str, set[str]] = {}
        for path in self.tree.rglob("*.[ch]"):
            inner = str(path.relative_to(self.tree))
            for word in re.findall(r'^[ \t]*#[ \t]*include[ \t]*"([^"]+)"', path.read_text("utf-8", "replace"), re.MULTILINE):
                for folder in (path.parent, self.tree / "Include", self.tree / "Include/internal", self.tree / "Include/internal/mimalloc"):
                    if (folder / word).exists():
                        readers.setdefault(os.path.relpath(folder / word, self.tree), set()).add(inner)
                        break
        found, fresh = set(), {header}
        while fresh:
            fresh = set().union(*(readers.get(name, set()) for name in fresh)) - found
            found |= fresh
        return {unit["object"] for unit in units if any(unit["source"].endswith(f"tree/{name}") for name in found)}


def pause() -> None:
    """Let the clock of the file system move on, so that a time that should not change can be seen not to."""
    time.sleep(.02)

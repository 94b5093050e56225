"""What a compiler consists of, known again by stat data alone: a warm run hashes nothing and starts no process."""
from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path

FORMAT = 2  # of the cache: another one, as an older checkout left it, is not read


class Identity:
    """A cache of facts about tools, each kept with the stat data of every file that it rests on.

    path: the cache's own file. Nothing is written before save(): a run that ends with a user's error changes nothing.
    """

    def __init__(self, path: Path):
        self.path = path
        try:
            data = json.loads(path.read_text("utf-8"))
        except (OSError, ValueError):
            data = None
        tools = data.get("tools") if isinstance(data, dict) and data.get("format") == FORMAT else None
        self.known = tools if isinstance(tools, dict) else {}
        self.changed = False

    def of(self, key: str, describe: Callable[[], tuple[dict, list[str]]]) -> dict:
        """Return the facts of a tool, with a ``digest`` over the content of its files.

        describe returns the facts and the files and folders they rest on; it runs only when one of those changed.
        Of a folder that holds an ``include`` tree every file counts, of another one only its list of names.
        """
        entry = self.known.get(key)
        if not (isinstance(entry, dict) and entry.get("stat") == _fingerprint(entry.get("paths", []))):
            facts, paths = describe()
            content = _content(paths, json.dumps(facts, sort_keys=True))
            entry = {"facts": {**facts, "digest": content}, "paths": paths, "stat": _fingerprint(paths)}
            self.known[key] = entry
            self.changed = True
        return entry["facts"]

    def save(self) -> None:
        """Write the cache, if it changed, under a temporary name first."""
        if self.changed:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            part = self.path.with_name(self.path.name + ".part")
            part.write_text(json.dumps({"format": FORMAT, "tools": self.known}, sort_keys=True), "utf-8")
            os.replace(part, self.path)
            self.changed = False


def _files(path: str):
    """Yield (name, stat) of a file or of every file of an include folder; of another folder its own entry alone."""
    try:
        own = os.stat(path)
    except OSError:
        yield path, None
        return
    yield path, own
    if os.path.isdir(path) and "include" in path:
        for folder, folders, names in os.walk(path):
            folders.sort()
            for name in sorted(names):
                full = os.path.join(folder, name)
                try:
                    yield full, os.stat(full)
                except OSError:
                    continue


def _fingerprint(paths: list[str]) -> str:
    digest = hashlib.sha256()
    for path in paths:
        for name, facts in _files(path):
            row = (name, facts and (facts.st_size, facts.st_mtime_ns, facts.st_ino))
            digest.update(repr(row).encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def _content(paths: list[str], facts: str) -> str:
    digest = hashlib.sha256(facts.encode())
    for path in paths:
        for name, found in _files(path):
            if found and os.path.isfile(name):
                digest.update(os.path.basename(name).encode("utf-8", "surrogateescape"))
                with open(name, "rb") as stream:
                    digest.update(hashlib.file_digest(stream, "sha256").digest())
    return digest.hexdigest()

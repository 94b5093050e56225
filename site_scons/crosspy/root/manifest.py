"""manifest.json: what was built, from what, and every file of root/ and apps/ with size and sha256.

It depends on contents only: no time, no path of the machine, sorted.
"""
from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

# The first pattern that matches a path decides.
KINDS = (("byte-code", r"\.pyc\Z"), ("static library", r"\.a\Z|/config-[^/]*/python\.o\Z"),
         ("extensions", r"/lib-dynload/"), ("headers", r"/include/"),
         ("interpreter", r"/bin/python3\.\d+\Z|/lib/libpython3[^/]*\.so[^/]*\Z"),
         ("library", r"/lib/python3\.\d+/(?!config-)"), ("other", ""))


def kind(path: str) -> str:
    """Return which part of an installation a path below the build folder belongs to."""
    return next(name for name, pattern in KINDS if re.search(pattern, path))


def files(folder: Path, tops: Iterable[str] = ("root", "apps")) -> dict[str, dict[str, object]]:
    """Return every file and link below the folders `tops` of a build folder, by path, sorted.

    A file has sha256, size (bytes) and mode (octal, as text), a link its target.
    """
    found = {}
    for top in tops:
        single = [(folder, [], [top])] if (folder / top).is_file() else os.walk(folder / top)
        for where, names, plain in single:
            for name in plain + [name for name in names if os.path.islink(os.path.join(where, name))]:
                path = os.path.join(where, name)
                inner = os.path.relpath(path, folder)
                if os.path.islink(path):
                    found[inner] = {"link": os.readlink(path)}
                    continue
                with open(path, "rb") as stream:
                    digest = hashlib.file_digest(stream, "sha256").hexdigest()
                stat = os.stat(path)
                found[inner] = {"mode": f"{stat.st_mode & 0o7777:04o}", "sha256": digest, "size": stat.st_size}
    return dict(sorted(found.items()))


def sizes(listed: Mapping[str, Mapping[str, object]]) -> dict[str, dict[str, int]]:
    """Return files and bytes of root/ by kind, in the order of KINDS, kinds without a file left out."""
    found = {name: {"files": 0, "bytes": 0} for name, _ in KINDS}
    for path, entry in listed.items():
        if path.startswith("root/") and "size" in entry:
            found[kind(path)]["files"] += 1
            found[kind(path)]["bytes"] += int(entry["size"])
    return {name: numbers for name, numbers in found.items() if numbers["files"]}


def table(summary: Mapping[str, Mapping[str, int]]) -> str:
    """Return the sizes as a short table, largest first; MB are 10^6 bytes."""
    rows = sorted(summary.items(), key=lambda row: -row[1]["bytes"])
    total = {"files": sum(row["files"] for _, row in rows), "bytes": sum(row["bytes"] for _, row in rows)}
    return "".join(f"{name:<15} {row['files']:>6} files {row['bytes'] / 1e6:>8.2f} MB\n"
                   for name, row in [*rows, ("together", total)])


def absent(modules: Iterable[Mapping[str, str]]) -> str:
    """Return the extension modules that were not built, one line per reason."""
    reasons: dict[str, list[str]] = {}
    for module in modules:
        if module["kind"] == "absent":
            reasons.setdefault(module["reason"], []).append(module["name"])
    return "".join(f"absent: {' '.join(names)}: {reason}\n" for reason, names in reasons.items())


def build(folder: Path, facts: Mapping[str, object], only: str = "") -> dict[str, object]:
    """Return the manifest of a build folder. facts: release, toolchain (its digest), options, modules.  only: the one file of a program."""
    listed = files(folder, [only] if only else ("root", "apps"))
    return {**facts, "files": listed, "sizes": sizes(listed)}


def write(path: Path, manifest: Mapping[str, object]) -> None:
    """Write a manifest under a temporary name first."""
    temporary = path.with_name(f".{path.name}.new")
    temporary.write_text(json.dumps(manifest, indent=1, sort_keys=True) + "\n", "utf-8")
    os.replace(temporary, path)


def main(arguments: list[str] | None = None) -> None:
    """Write manifest.json of a build folder and print its size by kind."""
    parser = argparse.ArgumentParser(prog="crosspy.root.manifest", description=main.__doc__)
    parser.add_argument("folder", type=Path, help="build/<variant>, which holds root/")
    parser.add_argument("facts", type=Path, help="JSON object: release, toolchain, options, modules")
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--only", default="", help="the one file below the folder that counts")
    given = parser.parse_args(arguments)
    manifest = build(given.folder, json.loads(given.facts.read_text("utf-8")), given.only)
    write(given.output, manifest)
    if given.only:
        print(f"{given.folder / given.only}: {manifest['files'][given.only]['size'] / 1e6:.3f} MB")
        return
    print(table(manifest["sizes"]), end="")
    print(absent(manifest.get("modules", ())), end="")


if __name__ == "__main__":
    main()

"""report/sizes.json and report/report.html: every byte of what goes to the device.

    python -m crosspy.sizing.report SIZING --output FOLDER [--app NAME]

SIZING is sizing.json (crosspy/sizing/owners.py). Without --app all files below root/ are measured, with it the program apps/NAME/NAME, whose
unstripped link its row of SIZING names, and whose frozen code apps/NAME/plan.json does: ``symbols``, from symbol to module.
"""
from __future__ import annotations

import argparse
import json
import os
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from ..elf import archive
from ..elf.elf import ElfError
from ..elf.symbols import Image
from ..errors import UserError
from ..root import install, manifest
from . import linkmap, members, page, placing, savings, sizes
from .placing import Object
from .sizes import PYTHON, STATIC, Leaf, Names

FILES = "other files"


def of_root(sizing: Mapping) -> Counter[Leaf]:
    """Return the bytes of all files of root/ by leaf. Raises UserError for a file that cannot be measured."""
    folder = Path(sizing["folder"])
    plan = install.read_plan(folder / "install.json")
    links = {f"{folder}/{link['file']}": link for link in sizing["links"]}
    places = {destination: links[source] for destination, source, _ in install.entries(plan) if source in links}
    found: Counter[Leaf] = Counter()
    for path, entry in _files(plan.root).items():
        if path in places:
            found.update(_linked(sizing, places[path], plan.root / path))
        elif path.endswith(".a"):
            found.update(_archive(plan.root / path))
        else:
            found[_leaf(path, plan.options.stdlib)] += entry
    return found


def of_application(sizing: Mapping, name: str) -> Counter[Leaf]:
    """Return the bytes of one application by leaf; its links row says objects and unstripped link, as for root/."""
    link = next((link for link in sizing["links"] if link["file"] == f"apps/{name}/{name}"), None)
    if link is None:
        raise UserError(f"app {name}", "the plan of this build has no such application", "name it with app=PATH")
    return _linked(sizing, link, Path(sizing["folder"]) / link["file"])


def _files(root: Path) -> dict[str, int]:
    found = {}
    for where, _, names in os.walk(root):
        for name in names:
            path = os.path.join(where, name)
            if not os.path.islink(path):
                found[os.path.relpath(path, root)] = os.lstat(path).st_size
    return dict(sorted(found.items()))


def _linked(sizing: Mapping, link: Mapping, path: Path) -> Counter[Leaf]:
    folder, where = Path(sizing["folder"]), str(path)
    try:
        objects = []
        for name in link["objects"]:
            where = f"{folder}/obj/{name}"
            objects.append(Object(tuple(sizing["owners"][name]), Image(Path(where).read_bytes())))
        owners = {file: (sizes.LIBRARY, library) for file, library in sizing.get("archives", {}).items()}
        more = members.taken(objects, link.get("archives", ()), owners)
        objects += more.values()
        where = str(path)
        data, again = path.read_bytes(), (folder / link["unstripped"]).read_bytes()
        if sizing["maps"]:
            if again != data:
                raise ElfError(f"it is not what the same link makes for the report, {folder}/{link['unstripped']}")
            text = Path(f"{folder / link['unstripped']}.map").read_text("utf-8", "backslashreplace")
            layout = linkmap.read(text, f"{folder}/obj", [*link["objects"], *more], objects, sizes.LIBC)
        else:
            named = Image(again)
            placing.check_same(Image(data), named)
            layout = placing.by_symbols(named, objects)
        return sizes.measure(data, layout, Names(sizing["frozen"], tuple(link["rest"]) if link["rest"] else None))
    except (ElfError, OSError) as error:
        raise UserError(where, str(error), "build again; if it stays, remove the build folder") from None


def _archive(path: Path) -> Counter[Leaf]:
    data, found = path.read_bytes(), Counter()
    for name, _, size in archive.members(data):
        found[STATIC, path.name, name, ""] += size
    found[STATIC, path.name, "symbol table and headers", ""] += len(data) - sum(found.values())
    return found


def _leaf(path: str, library: str) -> Leaf:
    kind = manifest.kind(f"root/{path}")
    inner = PurePosixPath(path.removeprefix(f"{library}/"))
    if kind not in ("library", "byte-code"):
        return FILES if kind == "other" else kind, *(PurePosixPath(path).parts[-2:-1] or ("",)), PurePosixPath(path).name, ""
    parts = [part for part in inner.parts if part != "__pycache__"]
    if not parts[-1].endswith((".py", ".pyc")):
        return PYTHON, parts[0].partition(".")[0], "data files", "/".join(parts)
    names = [*parts[:-1], parts[-1].partition(".")[0]]
    names = names[:-1] if names[-1] == "__init__" and len(names) > 1 else names
    return PYTHON, names[0], ".".join(names), "byte-code" if kind == "byte-code" else "source"


def nested(leaves: Mapping[Leaf, int]) -> dict:
    """Return leaves as kind -> module -> section -> symbol -> bytes, largest first."""
    tree: dict = {}
    for (kind, module, section, symbol), size in sorted(leaves.items(), key=lambda item: (-item[1], item[0])):
        tree.setdefault(kind, {}).setdefault(module, {}).setdefault(section, {})[symbol] = size
    return tree


def flat(tree: Mapping) -> Counter[Leaf]:
    """Return what `nested` was given."""
    return Counter({(kind, module, section, symbol): size for kind, modules in tree.items() for module, sections in modules.items()
                    for section, symbols in sections.items() for symbol, size in symbols.items()})


def write(path: Path, text: str) -> None:
    """Write a text under a temporary name first."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    part.write_text(text, "utf-8")
    part.chmod(0o644)
    os.replace(part, path)


def main(arguments: list[str] | None = None) -> None:
    """Measure what goes to the device; write sizes.json and report.html."""
    parser = argparse.ArgumentParser(prog="crosspy.sizing.report", description=main.__doc__)
    parser.add_argument("sizing", type=Path)
    parser.add_argument("--output", type=Path, required=True, help="folder of the two files")
    parser.add_argument("--app", default="", help="an application instead of root/")
    given = parser.parse_args(arguments)
    sizing = json.loads(given.sizing.read_text("utf-8"))
    removable = sizing["removable"]
    if given.app:
        plan = json.loads((Path(sizing["folder"]) / "apps" / given.app / "plan.json").read_text("utf-8"))
        sizing["frozen"] = plan["symbols"]
        removable = savings.of_application(plan, removable)
    leaves = of_application(sizing, given.app) if given.app else of_root(sizing)
    found = {"format": 1, "target": sizing["name"], "release": sizing["release"],
             "of": f"apps/{given.app}/{given.app}" if given.app else "root",
             "total": sum(leaves.values()), "tree": nested(leaves), "saves": savings.savings(leaves, removable)}
    write(given.output / "report.html", page.render(found))
    write(given.output / "sizes.json", json.dumps(found, indent=0) + "\n")
    kinds = Counter()
    for (kind, *_), size in leaves.items():
        kinds[kind] += size
    print("".join(f"{kind:<20} {size / 1e6:>8.2f} MB\n" for kind, size in [*kinds.most_common(), ("together", found["total"])]), end="")
    print(f"report: {given.output}/report.html")


if __name__ == "__main__":
    try:
        main()
    except UserError as error:
        sys.exit(str(error))

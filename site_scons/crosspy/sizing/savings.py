"""What leaving a module out would save, from the bytes by leaf and from what goes along with it."""
from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from .sizes import CORE, EXTENSION, FORMAT, HEADERS, LIBC, LIBRARY, PYTHON, STATIC, Leaf

# One cause each, and how to do without it: of an interpreter no part can be left out, and only who builds for a device needs the rest.
WHOLE = {CORE: "", LIBC: "", FORMAT: "", STATIC: "leaving it off the device", HEADERS: "leaving them off the device"}
CAUSES = 10


def modules(leaves: Mapping[Leaf, int]) -> Counter[tuple[str, str]]:
    """Return bytes by kind and module."""
    found: Counter[tuple[str, str]] = Counter()
    for (kind, module, _, _), size in leaves.items():
        found[kind, module] += size
    return found


def savings(leaves: Mapping[Leaf, int], removable: Mapping[str, Mapping]) -> list[dict]:
    """Return what each module that can be left out would save at least, largest first.

    removable: module, or library that several share -> ``how`` (the argument that leaves it out), ``libraries``, ``packages`` and
    ``extensions`` that go with it. At least: of libc and of what is aligned, more may go.
    """
    sizes, found = modules(leaves), []
    for name, row in removable.items():
        parts = [(EXTENSION, name), *((EXTENSION, module) for module in row.get("extensions", ())), *((LIBRARY, library) for library in row["libraries"]),
                 *((PYTHON, package) for package in row["packages"]), *((PYTHON, module) for module in row.get("modules", ()))]
        present = [part for part in parts if sizes[part]]
        if present:
            found.append({"module": name, "bytes": sum(sizes[part] for part in present), "how": row["how"],
                          "parts": [list(part) for part in present]})
    return sorted(found, key=lambda row: (-row["bytes"], row["module"]))


def of_application(plan: Mapping, removable: Mapping[str, Mapping]) -> dict[str, dict]:
    """Return what an application can leave out by ``exclude=``, in the form of `savings`' second argument.

    plan: its plan.json: ``modules`` with ``kind``, ``parent`` and ``how``.  removable: of its sizing.json, for the libraries behind
    extension modules.  The program's own modules stay, and those that the start-up brings in.
    """
    rows, found = plan["modules"], {}

    def began(name: str) -> str:
        while rows[name]["parent"]:
            name = rows[name]["parent"]
        return rows[name]["how"]
    def stays(name: str) -> bool:
        top = name.partition(".")[0]
        return rows[name]["kind"] == "app" or began(top if top in rows else name) == "start-up"
    for name, row in rows.items():
        top = name.partition(".")[0]
        if stays(name):
            continue
        libraries = removable.get(name, {}).get("libraries", []) if row["kind"] == "extension" else []
        found.setdefault(top, {"how": f"exclude={top}", "libraries": libraries, "packages": [top]})
    for name, row in removable.items():
        modules = row.get("extensions", ())
        if modules and not any(module not in rows or stays(module) for module in modules):
            found[name] = {"how": f"exclude={','.join(modules)}", "libraries": row["libraries"], "packages": [], "extensions": list(modules)}
    return found


def causes(leaves: Mapping[Leaf, int], saves: Sequence[Mapping]) -> list[dict]:
    """Return the ten largest causes of the size: what a module takes with it counts as that module's.

    Each row has cause, bytes, and ``how``, which is empty for what cannot be left out.
    """
    sizes = modules(leaves)
    rows = []
    for row in saves:
        parts = [tuple(part) for part in row["parts"]]
        rows.append({"cause": row["module"], "bytes": sum(sizes.pop(part, 0) for part in parts), "how": row["how"], "saves": row["bytes"]})
    for kind, how in WHOLE.items():
        size = sum(sizes.pop(part) for part in [part for part in sizes if part[0] == kind])
        rows.append({"cause": kind, "bytes": size, "how": how, "saves": size if how else 0})
    rows += [{"cause": f"{module} ({kind})", "bytes": size, "how": "", "saves": 0} for (kind, module), size in sizes.items()]
    return sorted((row for row in rows if row["bytes"]), key=lambda row: (-row["bytes"], row["cause"]))[:CAUSES]

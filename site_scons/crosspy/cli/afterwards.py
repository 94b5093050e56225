"""What the graph is told about a target besides its plan: the words of what follows a build, inspection and conformance."""
from __future__ import annotations

import shlex

# The rooms of inspection: editing one of them inspects again.
INSPECTORS = [*(f"inspect/{name}" for name in ("policy", "rulesmachine", "ruleslinking", "ruleshardening", "rulescontent", "findings", "verdict",
                                               "leaks", "oddfiles", "scripts", "debugfiles", "expectation", "links", "rootfs", "searchpath", "loading")),
              *(f"elf/{name}" for name in ("elf", "elffacts", "elfnotes", "elfsymbols", "archive", "isa"))]


def words(session, target: dict, series: str) -> dict:
    """Return further keys of a target's plan. session: session.Session; target: the plan; series: as in 3.13."""
    return {"running_series": series, "inspectors": INSPECTORS, "table_words": _table(session.options, target.get("app", target)["folder"]),
            "conformance_words": _conformance(session, target, series)}


def _table(options, folder: str) -> str:
    """The words of `scons inspect`; with rootfs= its result stands beside that of the build.

    folder: of the target, or of a program of profile=minimal.
    """
    name, rootfs = (f"{folder}/inspect-rootfs", ["--rootfs", options.rootfs]) if options.rootfs else (f"{folder}/inspect", [])
    return _quoted(["--output", f"{name}.json", "--junit", f"{name}.xml", *rootfs])


def _conformance(session, target: dict, series: str) -> str:
    folder, python = target["folder"], f"{session.options.prefix.strip('/')}/bin/python{series}"
    own = ["--variants", session.options.variants] if session.options.variants else []
    own += ["--timeout", session.options.timeout] if session.options.timeout else []
    return _quoted(["run", "--root", f"{folder}/root", "--python", python, "--variant", target["name"], "--only", session.options.only,
                    "--variants", str(session.project / "variants"), *own, "--output", f"{folder}/conformance.json"])


def _quoted(words: list[str]) -> str:
    return shlex.join(words).replace("$", "$$")   # SCons would expand it

"""The texts beside a target's objects: what root/ gets besides programs, and what install, inspection and manifest read."""
from __future__ import annotations

import hashlib
import json
import os
import pwd
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from .. import paths
from ..cli.options import deciding
from ..closure import importgraph
from ..closure.reach import top
from ..configure import ledger
from ..deps import choice, linkage, sysrootfiles
from ..elf import elf
from ..errors import UserError
from ..inspect import policy
from ..sizing import owners
from ..toolchains import cpufacts, hardening
from ..upstream import coreplan, generated, modules, moduletable, publicapi, stableabi, substitutions
from ..upstream.modules import Module
from . import layout

BYTECODE_PARTS = 2  # processes that byte-compile the library; two take half as long, more wait for the disk


def texts(job, plan: list[Module], answers: ledger.Ledger, header: str, core: coreplan.CorePlan, made: dict) -> dict[str, str]:
    """Return every text of a target's build folder by its path there. Adds ``bytecode`` to `made`: where and how.

    job: stages.Job.  header: the text of pyconfig.h.  made: the target's graph.
    """
    private, data = private_folders(job), sysconfigdata(job)
    made_texts = _generated(job, plan, answers, header)
    made_texts |= stand_ins(plan, job.tables)
    found = {f"generated/{name}": text for name, text in made_texts.items()}
    made["bytecode"] = bytecode(job)
    made["maps"] = owners.maps(job.toolchain.kind, made["split"])
    made["unstripped"] = owners.again(made["links"], job.toolchain.kind) if not made["split"] else []
    if job.options.libpython == "shared":
        found["generated/libpython3.c"] = "/* libpython3.so has no code of its own: it needs libpython3.13.so (PEP 384). */\n"
    found["sysconfigdata.list"] = "".join(f"{job.folder}/generated/{name}\t{name}\n" for name in (data, *stand_ins(plan, job.tables)))
    row = {"install.json": _install(job, made, list(made_texts), plan), "expect.json": _expect(job, core, made, private, answers),
           "facts.json": _facts(job, plan), "sizing.json": owners.sizing(job, core, made), "plan.json": {"modules": modules.to_json(plan)}}
    return found | {name: json.dumps(data, indent=1, sort_keys=True) + "\n" for name, data in row.items()}


def sysconfigdata(job) -> str:
    """Return the name of the module that sysconfig reads, as a file (Lib/sysconfig/__init__.py, _get_sysconfigdata_name)."""
    return f"_sysconfigdata__linux_{job.variant.python.multiarch}.py"


def _generated(job, plan: list[Module], answers: ledger.Ledger, header: str) -> dict[str, str]:
    names = substitutions.tool_names(job.variant.toolchain.gcc or job.variant.triple)
    build = substitutions.Build(job.release.version, job.variant.triple, job.variant.python.multiarch, **names,
                                prefix=job.options.prefix, libpython=job.options.libpython, tests=job.options.tests,
                                answers=dict(answers.variables))
    # The plan has the tree's folder as SCons is told; the installed Makefile names none.
    told = [replace(module, cflags=tuple(word.replace(job.tree, str(job.release.tree)) for word in module.cflags)) for module in plan]
    return generated.generate(job.release.tree, build, told, header, private_folders(job))


def minimal(job, plan: list[Module], answers: ledger.Ledger, header: str, core: coreplan.CorePlan, made: dict) -> dict[str, str]:
    """Return the texts of profile=minimal, where what each program consists of comes later.

    Adds to `made` what programs are held against, and the modules that only a build makes.
    """
    name = sysconfigdata(job)
    made["generated"] = {name.removesuffix(".py"): f"{job.folder}/generated/{name}", **wrappers(job.tables)}
    made["expect"] = policy.expectation(job.variant, floor=job.toolchain.floor, forbidden=private_folders(job), stripped=True, build_id=True,
                                        dates=_dates(core), needed_extra=tuple(sonames(job.found.values())), provided=provided(job.found),
                                        **hardening.expected(job.variant, job.options, job.toolchain),
                                        **cpufacts.expected(job.variant, job.toolchain))
    made["facts"] = _facts(job, plan)
    made.update(prefix=job.options.prefix, series=job.release.series, frozen=job.frozen)
    return {"plan.json": json.dumps({"modules": modules.to_json(plan)}, indent=1, sort_keys=True) + "\n",
            f"generated/{name}": _generated(job, plan, answers, header)[name]}


# Folders that are everyone's, as are all of one name (/root, /src, /build: the usual ones of containers): upstream's texts speak of them.
# Of these it is what this project reads and makes there that counts, of a sysroot its headers.
_SHARED = ("/dev/shm", "/usr/src", "/usr/local/src", "/var/lib", "/var/tmp")
_INSIDE = (".cache", ".venv", "build", "cpython/device", "deps", "downloads", "site_scons", "sysroots", "usr/include", "zig-cache")


def private_folders(job) -> tuple[str, ...]:
    """Return the folders of this machine that must not show in anything that goes to a device.

    One below another is left out: whoever finds the upper one finds both.
    """
    compiler, kind = os.path.dirname(job.toolchain.cc[0]), job.options.toolchain.partition(":")
    given = [os.path.abspath(os.path.expanduser(path)) for path in (job.options.sysroot, kind[2] if kind[0] == "sdk" else "") if path]
    folders = {os.getcwd(), os.path.abspath(job.options.build_dir), os.path.abspath(job.folder), os.path.abspath(job.frozen),
               os.path.abspath(job.tables.parent), str(job.release.tree), compiler, _home(), *given}
    told = {path for folder in folders for path in _told(folder)}
    return tuple(sorted(path for path in told if not any(path.startswith(f"{other}/") for other in told)))


def _told(folder: str) -> tuple[str, ...]:
    if folder in _SHARED or folder.count("/") == 1:
        return tuple(f"{folder}/{name}" for name in _INSIDE) if folder not in ("/", "/usr") else ()
    system = folder.startswith("/usr/") and not folder.startswith(("/usr/src/", "/usr/local/src/"))
    return () if system or not folder else (folder,)


def _home() -> str:
    """Return the user's own folder as the system knows it: HOME may be another one at every run."""
    try:
        return pwd.getpwuid(os.getuid()).pw_dir
    except KeyError:
        return ""


def bytecode(job) -> dict:
    """Say where the byte-code of a build lies (shared by all targets of a release) and how it is made."""
    kind = "checked" if job.options.bytecode == "checked" else "unchecked"
    library = f"{job.options.prefix.rstrip('/')}/lib/python{job.release.series}"
    name = hashlib.sha256(f"{kind} {library} {job.options.tests}".encode()).hexdigest()[:8]
    folder = f"{job.frozen}/bytecode-{name}"
    return {"wanted": job.options.bytecode != "none", "mode": kind, "library": library, "parts": BYTECODE_PARTS,
            "folder": folder, "at": paths.node(folder), "tests": "yes" if job.options.tests else "no",
            "series": job.release.series}


def left_out(plan: list[Module], tables: Path) -> list[str]:
    """Return what of Lib/, without .py, serves nothing: it stands on an extension module, the first one listed, that is absent."""
    packages = moduletable.load(tables)["packages"]
    absent = {module.name for module in plan if module.kind == "absent"}
    return sorted(name.removesuffix(".py") for package in packages.values() if package["modules"][0] in absent for name in package["files"])


def wrappers(tables: Path) -> dict[str, str]:
    """Return the modules that stand in front of upstream's -> their files, which are frozen from where they lie."""
    return {importgraph.module_name(name)[0]: str(tables / "device" / name.replace("/", "_")) for name in layout.WRAPPED}


def stand_ins(plan: list[Module], tables: Path) -> dict[str, str]:
    """Return file name -> source of our own modules in the library: those that stand in front of upstream's (cpython/device/), and those
    whose import says which option builds what a user would miss: a package, or an extension without one whose library is absent."""
    table = moduletable.load(tables)
    absent = {module.name: module.reason for module in plan if module.kind == "absent"}
    missed = {name: package["modules"] for name, package in table["packages"].items()
              if package["modules"][0] in absent and (package["files"] or name in package["modules"])}
    covered = {module for names in missed.values() for module in names}
    told = {name: absent[names[0]] for name, names in missed.items()}
    told |= {name: reason for name, reason in absent.items()
             if name in table["libraries"] and name not in covered and reason.startswith("needs ")}  # one that was disabled leaves no file
    wrapped = {f"{name.replace('.', '/')}.py": Path(path).read_text("utf-8") for name, path in wrappers(tables).items() if top(name) not in told}
    return wrapped | {f"{name}.py": f'raise ModuleNotFoundError("No module named {name!r}: {reason}", name={name!r})\n' for name, reason in sorted(told.items())}


def _install(job, made: dict, names: list[str], plan: list[Module]) -> dict:
    series, at = job.release.series, job.folder
    programs = f"{at}/{'stripped' if made['split'] else 'linked'}"
    built = {"python.o": f"{at}/{made['python_o']}"}
    for link in made["links"]:
        name = link["output"].removeprefix("linked/")
        if not name.startswith("lib-dynload/"):
            built[name] = f"{at}/linked/{name}" if link["kind"] == "archive" else f"{programs}/{name}"
    return {"tree": job.tree, "root": f"{at}/root", "record": f"{at}/installed.json", "state": f"{at}/.installed-state.json",
            "options": {"series": series, "prefix": job.options.prefix, "multiarch": job.variant.python.multiarch,
                        "tests": job.options.tests, "libpython": job.options.libpython,
                        "without": left_out(plan, job.tables),
                        "stand_ins": [name.removesuffix(".py") for name in stand_ins(plan, job.tables)]},
            "generated": {"pyconfig.h": f"{at}/pyconfig.h", **{name: f"{at}/generated/{name}" for name in names}},
            "built": built, "extensions": [f"{programs}/{path}" for path in made["extensions"].values()],
            "bytecode": job.options.bytecode,
            "bytecode_folders": [f"{at}/pyc", f"{made['bytecode']['folder']}/pyc"] if made["bytecode"]["wanted"] else []}


def _expect(job, core: coreplan.CorePlan, made: dict, private: tuple[str, ...], answers: ledger.Ledger) -> dict:
    extra = (f"libpython{job.release.series}.so.1.0",) if job.options.libpython == "shared" else ()
    extra += tuple(sonames(_reached(job, core.libs())))
    dynload = f"{job.options.prefix.strip('/')}/lib/python{job.release.series}/lib-dynload"
    places = {name: f"{dynload}/{Path(path).name}" for name, path in made["extensions"].items()}
    table = moduletable.load(job.tables)
    macros = _macros(table, answers)
    split = job.options.debuginfo == "split"
    return policy.expectation(
        job.variant, floor=job.toolchain.floor, needed_extra=extra, forbidden=private, extensions=places,
        ext_suffix=core.makefile.values["EXT_SUFFIX"], module_needed=module_needed(job, core.shared()[1]), exports=table["exports"]["core"],
        # A static program exports nothing: it loads no extensions.
        stable_abi=[] if job.variant.static else stableabi.symbols(job.release.tree, macros),
        dates=_dates(core),
        shebangs=[*table["shebangs"]["device"], *(table["shebangs"]["tests"] if job.options.tests else ())],
        provided=provided(job.found), debug_link=split, debug_folder="../debug" if split else "", stripped=True, build_id=True,
        **hardening.expected(job.variant, job.options, job.toolchain), **cpufacts.expected(job.variant, job.toolchain))


def _dates(core: coreplan.CorePlan) -> list[str]:
    """Return the release's date and time, as __DATE__ and __TIME__ would stand in a program."""
    return [" ".join(text.split()) for text in re.findall(r'"([^"]+)"', core.date)]


def _macros(table: Mapping, answers: ledger.Ledger) -> dict[str, bool]:
    """Return which feature macros of Misc/stable_abi.toml hold. table: modules.toml."""
    macros = {name: answer.value is not None for name, answer in answers.answers.items()}
    return macros | dict.fromkeys(table["stable_abi"]["defined"], True) | dict.fromkeys(table["stable_abi"]["undefined"], False)


def own_symbols(job, answers: ledger.Ledger) -> tuple[list[str], list[str]]:
    """Return what ctypes can find in a static program: the stable ABI, own data of the interpreter, functions of libc; and what its headers
    declare besides, of which some may be missing."""
    table = moduletable.load(job.tables)
    certain = [*stableabi.symbols(job.release.tree, _macros(table, answers)), *table["static"]["data"], *table["static"]["functions"]]
    return certain, publicapi.declared(job.release.tree)


def provided(found: Mapping[str, linkage.Linked]) -> dict[str, list[str]]:
    """Return DT_SONAME -> symbols of shared libraries of the sysroot, which are the device's own. Raises UserError as `sonames`."""
    return {facts.soname or path.name: list(facts.exports) for one in found.values() for path, facts in _shared(one)}


def sonames(found: Iterable[linkage.Linked]) -> list[str]:
    """Return what DT_NEEDED says of a program that links shared libraries of the sysroot: DT_SONAME, or else the file's name (gABI 5).

    Raises UserError for a file that is damaged.
    """
    return sorted({facts.soname or path.name for one in found for path, facts in _shared(one)})


def _shared(one: linkage.Linked) -> list[tuple[Path, elf.ElfFacts]]:
    found = []
    for path in sysrootfiles.shared(one.paths):
        try:
            found.append((path, elf.read(path.read_bytes())))
        except elf.ElfError as error:
            raise UserError(f"deps: {one.name}:sysroot", f"{path} is damaged: {error}", f"correct the sysroot, or use {one.name}:none") from None
    return found


def module_needed(job, extensions: list[coreplan.Extension]) -> dict[str, list[str]]:
    """Return for each module the patterns of libraries that its own -l words allow, beside what every file may need.

    A library that this build makes is inside of the module.  Of one in the sysroot, those behind it are linked, too (linkage.attach).
    """
    found = {}
    for one in extensions:
        words = [word for word in one.libs if word.startswith("-l")]
        plain = [f"lib{word[2:]}.so*" for word in words if word not in job.links]
        if own := [*plain, *sonames(_reached(job, words))]:
            found[one.name] = own
    return found


def _reached(job, words: Iterable[str]) -> list[linkage.Linked]:
    """Return the libraries of the sysroot behind some -l words, directly or behind another library."""
    names = dict.fromkeys(job.links[word] for word in words if word in job.links)
    every = dict.fromkeys(other for name in names for other in (name, *choice.behind(name, job.libraries)))
    return [job.found[name] for name in every if name in job.found]


def _facts(job, plan: list[Module]) -> dict:
    return {"variant": job.variant.name, "options": deciding(job.options), "modules": modules.to_json(plan),
            "release": {"version": job.release.version, "sha256": job.release.digest},
            "toolchain": {"kind": job.toolchain.kind, "version": job.toolchain.version, "target": job.toolchain.target,
                          "digest": job.toolchain.digest, "glibc_floor": job.toolchain.floor, "banner": job.toolchain.banner,
                          "sysroot": job.toolchain.sysroot, "libc": job.toolchain.libc, "sdk": job.toolchain.origin},
            "bootstrap": "given" if job.options.bootstrap else "built"}

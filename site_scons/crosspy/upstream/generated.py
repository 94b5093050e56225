"""The files of an installed CPython that configure and make generate, as texts: Makefile, Setup.*, config.c, *.pc,
python-config, idle, pydoc and sysconfig's data. Names are those of crosspy.root.layout's ``generated`` items.
"""
from __future__ import annotations

import argparse
import json
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from ..errors import UserError
from . import makefile, sysconfigdata
from .modules import Module
from .substitutions import Build, substitutions


def setup_files(tree: Path, build: Build, modules: Iterable[Module]) -> dict[str, str]:
    """Return Setup.bootstrap, Setup.stdlib, Setup.local and config.c; no other file is needed for them."""
    modules = list(modules)
    kinds = {module.name: module.kind for module in modules}
    shared = any(module.kind == "shared" for module in modules)
    values = {"MODULE_BUILDTYPE": "shared" if shared else "static",
              "MODULE__CTYPES_MALLOC_CLOSURE": build.answers.get("MODULE__CTYPES_MALLOC_CLOSURE", "")}
    texts = {name: makefile.setup_stdlib(_read(tree, f"Modules/{name}.in"), kinds, values, f"Modules/{name}.in")
             for name in ("Setup.bootstrap", "Setup.stdlib")}
    texts["Setup.local"] = makefile.setup_local(texts["Setup.stdlib"], kinds)
    texts["config.c"] = makefile.config_c(_read(tree, "Modules/config.c.in"), _setup(tree, texts).builtin)
    return texts


def generate(tree: Path, build: Build, modules: Iterable[Module], pyconfig: str,
             private: Iterable[str] = ()) -> dict[str, str]:
    """Return every generated text by its name in crosspy.root.layout, but pyconfig.h itself.

    pyconfig: the text of pyconfig.h.  private: folders of this machine that must not appear in any text.
    Raises UserError for a @NAME@ without a rule, a module without a plan, and a private folder.
    """
    modules = list(modules)
    texts = setup_files(tree, build, modules)
    values = substitutions(tree, build, modules)
    pre = makefile.substitute(_read(tree, "Makefile.pre.in"), values, "Makefile.pre.in")
    texts["Makefile"] = makefile.makefile(pre, _setup(tree, texts))
    for name in ("python.pc", "python-embed.pc"):
        texts[name] = makefile.substitute(_read(tree, f"Misc/{name}.in"), values, f"Misc/{name}.in")
    texts |= _scripts(tree, build, values)
    variables = sysconfigdata.build_time_vars(texts["Makefile"], pyconfig)
    texts[f"_sysconfigdata__linux_{build.multiarch}.py"] = sysconfigdata.render(variables)
    _refuse(texts, private)
    return texts


def _scripts(tree: Path, build: Build, values: Mapping[str, str]) -> dict[str, str]:
    """python-config, idle and pydoc as Makefile.pre.in:2583-2618 make them."""
    program = f"{build.prefix.rstrip('/')}/bin/python{build.series}"
    shell = makefile.substitute(_read(tree, "Misc/python-config.sh.in"), values, "Misc/python-config.sh.in")
    texts = {"python-config": re.sub(r"\$\((\w*)\)", r"${\1}", shell),
             "python-config.py": _read(tree, "Misc/python-config.in").replace("@EXENAME@", program)}
    for name in ("idle", "pydoc"):
        texts[name] = _read(tree, f"Tools/scripts/{name}3").replace("/usr/bin/env python3", program)
    return texts


def _setup(tree: Path, texts: Mapping[str, str]) -> makefile.Setup:
    """The order of Makefile.pre.in:1416-1421."""
    return makefile.makesetup(texts["Setup.local"], texts["Setup.stdlib"], texts["Setup.bootstrap"],
                              _read(tree, "Modules/Setup"))


def _read(tree: Path, name: str) -> str:
    try:
        return (tree / name).read_text("utf-8")
    except OSError as error:
        raise UserError(str(tree / name), error.strerror or str(error), "use a complete CPython source tree") from None


def _refuse(texts: Mapping[str, str], private: Iterable[str]) -> None:
    for folder in filter(None, private):
        for name, text in sorted(texts.items()):
            if folder in text:
                line = next(line for line in text.split("\n") if folder in line)
                raise UserError(name, f"it would tell the device a folder of this machine: {line.strip()[:200]!r}",
                                "give a neutral value in Build.answers")


def write(folder: Path, texts: Mapping[str, str]) -> None:
    """Write texts, each under a temporary name first; a file that has its text already is left alone."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        path, data = folder / name, text.encode()
        if not path.exists() or path.read_bytes() != data:
            temporary = folder / f".{name}.new"
            temporary.write_bytes(data)
            os.replace(temporary, path)


def main(arguments: list[str] | None = None) -> None:
    """Write the generated files. INPUT.json has the keys tree, pyconfig, output, private, build and modules
    (build: the fields of Build; modules: what crosspy.upstream.modules.to_json returns).
    """
    parser = argparse.ArgumentParser(prog="crosspy.upstream.generated", description=main.__doc__)
    parser.add_argument("input", type=Path)
    given = json.loads(parser.parse_args(arguments).input.read_text("utf-8"))
    modules = [Module(**{key: tuple(value) if isinstance(value, list) else value for key, value in entry.items()})
               for entry in given["modules"]]
    texts = generate(Path(given["tree"]), Build(**given["build"]), modules, Path(given["pyconfig"]).read_text("utf-8"),
                     given.get("private", ()))
    write(Path(given["output"]), texts)


if __name__ == "__main__":
    try:
        main()
    except UserError as error:
        raise SystemExit(str(error)) from None

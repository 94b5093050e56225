"""What C code imports by name, read from the C sources: the core's part held against closure.toml, the rest per extension module.

Found are calls of PyImport_ImportModule and its kin and of PyCapsule_Import, encodings that C code names, and the names that
C code looks up and calls (``&_Py_ID(readinto)``, ``PyObject_GetAttrString(x, "find_class")``), since a function so named is used
although no Python code mentions it.
"""
from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ..errors import UserError
from .closuretable import Rules

FOLDERS = ("Modules", "Objects", "Parser", "Python")
CORE = ("Objects/", "Parser/", "Python/")
# of Modules/ these belong to the core (Makefile.pre.in, MODULE_OBJS)
CORE_FILES = ("Modules/config.c", "Modules/main.c", "Modules/gcmodule.c", "Modules/getpath.c")
# PyImport_GetModule imports nothing; PyImport_AddModule makes an empty one
_IMPORTS = ("PyImport_ImportModule", "PyImport_ImportModuleNoBlock", "PyImport_ImportModuleLevel", "PyImport_ImportModuleLevelObject",
            "PyImport_ImportModuleEx", "PyImport_Import", "PyImport_ImportModuleAttr", "PyImport_ImportModuleAttrString",
            "_PyImport_GetModuleAttr", "_PyImport_GetModuleAttrString", "PyCapsule_Import", "WITH_MOD")
_CALL = re.compile(rf"\b({'|'.join(_IMPORTS)})\s*\(\s*([^,;()]*(?:\([^()]*\))?[^,;()]*)[,)]")
_LOCALE = re.compile(r"\bIMPORT_MAP\(\s*(\w+)\s*,")  # cjkcodecs.h: "_codecs_" #locale
_CODEC = re.compile(r'\bPyUnicode_(?:AsEncodedString|Decode|FromEncodedObject)\s*\([^;]*?"([a-z][\w-]*)"\s*,')
_NAMES = re.compile(r'(?:Attr|Method|Special)\w*\s*\([^;"&]*?(?:&_Py_ID\((\w+)\)|"(\w+)")')
_INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*"([^"]+)"', re.M)
_DIRECTIVE = re.compile(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", re.M)
_COMMENT = re.compile(r'"(?:\\.|[^"\\\n])*"|/\*.*?\*/|//[^\n]*', re.S)
_BUILT_IN_CODECS = ("utf-8", "utf8", "ascii", "latin-1", "latin1", "utf-16", "utf-32")


@dataclass(frozen=True)
class Source:
    """One C file. imports: modules.  unknown: expressions that stand for a module's name.  calls: names of Python functions."""

    imports: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    calls: tuple[str, ...] = ()
    includes: tuple[str, ...] = ()


@dataclass(frozen=True)
class CImports:
    """imports: extension module -> the modules that its C code imports.  calls: names that C code calls in Python code."""

    imports: Mapping[str, tuple[str, ...]]
    calls: frozenset[str]


def scan(text: str, rules: Rules, strings: Mapping[str, str]) -> Source:
    """Return what one C file imports. strings: the names of ``_Py_STR`` and their texts."""
    words = (*_IMPORTS, *rules.calls, "IMPORT_MAP", "PyUnicode_", "Attr", "Method", "Special")
    if not any(word in text for word in words):  # tables of characters are most of the text
        return Source(includes=tuple(_INCLUDE.findall(text)))
    text = _COMMENT.sub(lambda match: match.group() if match.group().startswith('"') else " ", text)
    includes = tuple(_INCLUDE.findall(text))
    text = _DIRECTIVE.sub("", text)
    imports: dict[str, None] = {}
    unknown: dict[str, None] = {}
    for _, argument in _CALL.findall(text):
        argument = " ".join(argument.split())
        if re.fullmatch(r'"[\w.]+"', argument):
            imports[argument[1:-1]] = None
        elif match := re.fullmatch(r"&_Py_(ID|STR)\((\w+)\)", argument):
            imports[strings.get(match.group(2), match.group(2)) if match.group(1) == "STR" else match.group(2)] = None
        elif argument in rules.expressions:
            imports[rules.expressions[argument]] = None
        elif "*" not in argument and argument:  # a declaration has types
            unknown[argument] = None
    imports |= {f"_codecs_{locale}": None for locale in _LOCALE.findall(text)}
    imports |= {module: None for call, module in rules.calls.items() if re.search(rf"\b{call}\b", text)}
    imports |= {f"encodings.{name.replace('-', '_')}": None for name in _CODEC.findall(text) if name not in _BUILT_IN_CODECS}
    imports.pop("", None)
    calls = sorted({first or second for first, second in _NAMES.findall(text)})
    return Source(tuple(imports), tuple(unknown), tuple(calls), includes)


def scan_tree(tree: Path, rules: Rules) -> dict[str, Source]:
    """Return every C file of a release, by its path in the tree, below FOLDERS; test modules are left out."""
    header = (tree / "Include" / "internal" / "pycore_global_strings.h").read_text("utf-8")
    strings = dict(re.findall(r'STRUCT_FOR_STR\((\w+), "([^"]*)"\)', header))
    found = {}
    for folder in FOLDERS:
        for inside, folders, names in os.walk(tree / folder):
            folders[:] = sorted(name for name in folders if not name.startswith(("_test", "_xxtest")))
            for name in sorted(names):
                if name.endswith((".c", ".h")) and not name.startswith(("_test", "_xx", "xx", "_ctypes_test")):
                    path = os.path.join(inside, name)
                    found[os.path.relpath(path, tree)] = scan(Path(path).read_text("utf-8", "replace"), rules, strings)
    return found


def read(tree: Path, folder: Path, state: str, rules: Rules, sources: Mapping[str, Collection[str]]) -> CImports:
    """Return what the C code of each extension module imports, read once per release.

    folder: where it is kept, build/bootstrap-<release>/.  state: changes with the tree (treestate.library).  sources:
    extension module -> its C files, as plan.json has them.  Raises UserError when the core imports a module that
    closure.toml does not classify, or C code names one in a way that it does not explain.
    """
    digest = hashlib.sha256(f"{state}\0{tree}\0{sorted(rules.calls.items())}{sorted(rules.expressions.items())}".encode())
    digest.update(Path(__file__).read_bytes())
    path, key = folder / "cimports.json", digest.hexdigest()
    try:
        cached = json.loads(path.read_text("utf-8"))
        found = {name: Source(*map(tuple, row)) for name, row in cached["files"].items()} if cached["key"] == key else {}
    except (OSError, ValueError, KeyError, TypeError):
        found = {}
    if not found:
        found = scan_tree(tree, rules)
        folder.mkdir(parents=True, exist_ok=True)
        part = path.with_name(path.name + ".part")
        rows = {name: [row.imports, row.unknown, row.calls, row.includes] for name, row in found.items()}
        part.write_text(json.dumps({"key": key, "files": rows}), "utf-8")
        os.replace(part, path)
    return by_module(found, rules, sources)


def by_module(found: Mapping[str, Source], rules: Rules, sources: Mapping[str, Collection[str]]) -> CImports:
    """Divide what the files import among the extension modules, after the drift gate. Raises UserError as read() does."""
    core = [name for name in found if name.startswith(CORE) or name in CORE_FILES]
    gate(core, found, rules)
    imports = {}
    calls = {name for file in core for name in found[file].calls}
    for module, files in sources.items():
        reached = list(with_headers(files, found))
        gate(reached, found, rules, core=False)
        imports[module] = tuple(dict.fromkeys(name for file in reached for name in found[file].imports if name != module))
        calls.update(name for file in reached for name in found[file].calls)
    return CImports(imports, frozenset(calls))


def with_headers(files: Iterable[str], found: Mapping[str, Source]) -> Iterable[str]:
    """Yield C files and the files beside them that they include, each once."""
    waiting, seen = list(files), set()
    while waiting:
        name = waiting.pop()
        if name not in found or name in seen:
            continue
        seen.add(name)
        yield name
        at = os.path.dirname(name)
        waiting += [os.path.normpath(f"{folder}/{inner}") for inner in found[name].includes for folder in (at, "Modules")]


def gate(files: Iterable[str], found: Mapping[str, Source], rules: Rules, core: bool = True) -> None:
    """Hold what C files import against closure.toml. Raises UserError for what it does not classify."""
    wrong = []
    for name in sorted(files):
        wrong += [f"{name} imports {module}" for module in found[name].imports if core and module not in rules.core]
        wrong += [f"{name} imports what {text} says" for text in found[name].unknown]
    if wrong:
        raise UserError("cpython/closure.toml", f"nothing classifies these imports of C code: {'; '.join(wrong)}",
                        "add a [[core]] row, or the expression to [c.expressions], after a look at the file")

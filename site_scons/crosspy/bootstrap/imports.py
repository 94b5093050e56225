"""Read what Python files import: a script that the bootstrap interpreter runs, since only it can parse the release's source.

    _bootstrap_python -E -s -S -B -X frozen_modules=off imports.py --list FILES --output FACTS.json [--check no]

FILES has one line per file, ``module TAB package or module TAB path``.  FACTS.json gets one object per module; its keys are
the fields of importgraph.Facts.  With ``--check no`` files are parsed but not compiled.

Nothing is imported, everything is read from the syntax tree.  A branch is left out where it can be told that a Linux
program never takes it (scope.py).  Only modules that Modules/Setup.bootstrap provides are imported.
"""
import _ast
import json
import os
import sys

from reader import Reader


def problem(error, data):
    """Return line, column, text and message of a file that does not compile."""
    lines = data.decode("utf-8", "replace").split("\n")
    line = error.lineno or 1
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as wrong:
        if "utf-8' codec" in str(error.msg) or "Non-UTF-8" in str(error.msg):
            line = data.count(b"\n", 0, wrong.start) + 1
            column = len(data[data.rfind(b"\n", 0, wrong.start) + 1:wrong.start].decode("utf-8")) + 1
            return [line, column, lines[line - 1], f"it is not UTF-8 (byte 0x{data[wrong.start]:02x}), and no coding line says what it is"]
    return [line, error.offset or 0, (error.text or lines[min(line, len(lines)) - 1]).rstrip("\n"), str(error.msg)]


def read_file(name, package, path, check):
    """Return the facts of one file; of one that does not compile, only its ``error``.

    check: by the whole compiler, not only its parser, so that ``return`` outside of a function is found, too.
    """
    with open(path, "rb") as stream:
        data = stream.read()
    facts = {"path": path, "package": package}
    try:
        if check:
            compile(data, path, "exec", dont_inherit=True)
        tree = compile(data, path, "exec", _ast.PyCF_ONLY_AST, dont_inherit=True)
    except SyntaxError as error:
        return {**facts, "error": problem(error, data)}
    except ValueError as error:
        return {**facts, "error": [1, 0, "", str(error)]}
    return {**facts, **Reader(name, package).read(tree)}


def main(arguments):
    import warnings
    warnings.simplefilter("ignore")
    options = dict(zip(arguments[::2], arguments[1::2]))
    found = {}
    with open(options["--list"], encoding="utf-8") as stream:
        for line in stream.read().split("\n"):
            if line:
                name, kind, path = line.split("\t")
                found[name] = read_file(name, kind == "package", path, options.get("--check") != "no")
    with open(options["--output"] + ".part", "w", encoding="utf-8") as stream:
        json.dump({name: {key: value for key, value in facts.items() if value} for name, facts in found.items()}, stream)
    os.replace(options["--output"] + ".part", options["--output"])


if __name__ == "__main__":
    main(sys.argv[1:])

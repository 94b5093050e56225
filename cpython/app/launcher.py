"""Frozen into every application as ``_application``: finds what is frozen beside the code, and says what is not there.

main.c calls prepare() once and runs the code that it returns. Only modules that every interpreter has are imported here;
resources.py and metadata.py come along where the application can reach importlib.resources or importlib.metadata.
"""
import sys

import _imp
from _application_data import MAIN, METADATA, RESOURCES, STUBS
from _frozen_importlib import FrozenImporter

# How multiprocessing starts its own processes (multiprocessing/spawn.py, resource_tracker.py, forkserver.py).
CHILDREN = {"from multiprocessing.spawn import spawn_main; ": "spawn_main",
            "from multiprocessing.resource_tracker import main;": "main",
            "from multiprocessing.forkserver import main; ": "main"}


class Carried(FrozenImporter):
    """Finds packages with data files, and the metadata of distributions; the code itself is found as always."""

    @classmethod
    def find_spec(cls, fullname, path=None, target=None):
        if fullname not in RESOURCES:
            return None
        spec = FrozenImporter.find_spec(fullname, path, target)
        if spec is not None:
            spec.loader = cls
        return spec

    @staticmethod
    def get_resource_reader(fullname):
        from _application_resources import Reader
        return Reader(RESOURCES[fullname])

    @staticmethod
    def find_distributions(context):
        if not METADATA:
            return ()
        from _application_metadata import find
        return find(METADATA, context)


class Absent:
    """Finds what was left out: its import raises an ImportError that names the argument which brings it in."""

    @staticmethod
    def find_spec(fullname, path=None, target=None):
        message = STUBS.get(fullname)
        if message is None and fullname.partition(".")[0] not in sys.stdlib_module_names:
            return None
        raise ModuleNotFoundError(message or f"{fullname} is not part of this program; include={fullname} brings it in", name=fullname)


def child(words):
    """Return the code of multiprocessing's own command in a command line, or None when there is none.

    words: sys.argv. ``-c`` stands behind flags alone, and the command is a call with constants alone.
    """
    flags = 1
    while flags < len(words) and words[flags] != "-c" and words[flags][:1] == "-":
        flags += 1
    if words[flags:flags + 1] != ["-c"] or len(words) < flags + 2 or not _imp.is_frozen("multiprocessing.spawn"):
        return None
    command = words[flags + 1]
    for start, function in CHILDREN.items():
        if command.startswith(start):
            try:
                call = compile(command[len(start):], "<multiprocessing>", "eval")
            except (SyntaxError, ValueError):
                return None
            if call.co_names == (function,) and not any(hasattr(constant, "co_code") for constant in call.co_consts):
                sys.argv[:] = ["-c", *words[flags + 2:]]
                return compile(command, "<string>", "exec")
    return None


def prepare():
    """Return the code that is to run, and the dictionary of the module __main__ in which it runs."""
    sys.meta_path.insert(0, Carried)
    sys.meta_path.append(Absent)
    names = sys.modules["__main__"].__dict__
    code = child(sys.argv)
    if code is None:
        parent = MAIN.rpartition(".")[0]
        if parent:
            __import__(parent)
        spec = FrozenImporter.find_spec(MAIN)
        names.update(__spec__=spec, __package__=spec.parent, __loader__=spec.loader)
        code = _imp.get_frozen_object(MAIN)
    return code, names

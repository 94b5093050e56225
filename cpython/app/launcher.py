"""Frozen into every application as ``_application``: finds what is frozen beside the code, and says what is not there.

main.c calls prepare() once and runs the code that it returns, embed.c calls embedded(). Only modules that every interpreter has are imported here;
resources.py and metadata.py come along where the application can reach importlib.resources or importlib.metadata.
"""
import sys

import _imp
from _application_data import CERTIFICATES, MAIN, METADATA, RESOURCES, STUBS
from _frozen_importlib import FrozenImporter

# All that a command may name by which multiprocessing starts a process of its own (multiprocessing/spawn.py, resource_tracker.py,
# forkserver.py); how it puts them together differs between releases.
CHILDREN = ("multiprocessing.spawn", "multiprocessing.resource_tracker", "multiprocessing.forkserver")
WORDS = {*CHILDREN, "spawn_main", "main", "sys", "argv"}


class Own(FrozenImporter):
    """Finds modules that get more than their code, which is found as always. wanted: their names."""

    wanted = ()

    @classmethod
    def find_spec(cls, fullname, path=None, target=None):
        if fullname not in cls.wanted:
            return None
        spec = FrozenImporter.find_spec(fullname, path, target)
        if spec is not None:
            spec.loader = cls
        return spec


class Carried(Own):
    """Finds packages with data files, and the metadata of distributions."""

    wanted = RESOURCES

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


class Trusting(Own):
    """Finds ssl, and makes its default contexts trust the certificates that are frozen beside it, besides the device's own."""

    wanted = ("ssl",)

    @staticmethod
    def exec_module(module):
        from _application_certificates import PEM
        FrozenImporter.exec_module(module)

        def set_default_verify_paths(self):
            super(module.SSLContext, self).set_default_verify_paths()
            self.load_verify_locations(cadata=PEM)
        module.SSLContext.set_default_verify_paths = set_default_verify_paths


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

    words: sys.argv. ``-c`` stands behind flags alone; the command imports one of multiprocessing's modules and calls its main
    function, with constants and sys.argv alone.
    """
    flags = 1
    while flags < len(words) and words[flags] != "-c" and words[flags][:1] == "-":
        flags += 1
    if words[flags:flags + 1] != ["-c"] or len(words) < flags + 2 or not _imp.is_frozen("multiprocessing.spawn"):
        return None
    try:
        code = compile(words[flags + 1], "<string>", "exec")
    except (SyntaxError, ValueError):
        return None
    plain = not any(hasattr(constant, "co_code") for constant in code.co_consts)
    if not plain or not set(code.co_names) <= WORDS or not set(code.co_names) & set(CHILDREN):
        return None
    sys.argv[:] = ["-c", *words[flags + 2:]]
    return code


def embedded():
    """Make everything that is frozen ready to be imported, for a C program that runs nothing but what it calls itself."""
    sys.meta_path.insert(0, Carried)
    if CERTIFICATES:
        sys.meta_path.insert(0, Trusting)
    sys.meta_path.append(Absent)


def prepare():
    """Return the code that is to run, and the dictionary of the module __main__ in which it runs."""
    embedded()
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

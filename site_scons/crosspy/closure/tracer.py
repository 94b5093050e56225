"""Run by the full interpreter of the build machine: runs an application and writes down which modules were there at its end.

usage: python3.13 -I -S tracer.py OUTPUT APPLICATION [FOLDER ...]

APPLICATION is a file, or a package with __main__.py; FOLDERs are searched for its dependencies. Nothing but what every
interpreter has at its start is imported here, so what is found is the application's own.
"""
import sys


def run(application, folders):
    """Run it as the program would: a package as ``python -m`` does."""
    folder, _, name = application.rpartition("/")
    module = type(sys)("__main__")
    sys.modules["__main__"] = module
    sys.path[0:0] = [folder, *folders]
    if name.endswith(".py"):
        with open(application, "rb") as stream:
            code = compile(stream.read(), application, "exec", dont_inherit=True)
        module.__file__ = application
    else:
        package = __import__(name)
        spec = sys.modules["_frozen_importlib_external"].PathFinder.find_spec(f"{name}.__main__", package.__path__)
        module.__package__, module.__spec__, module.__file__ = name, spec, spec.origin
        code = spec.loader.get_code(f"{name}.__main__")
    sys.argv = [application]
    exec(code, module.__dict__)


def main(output, application, *folders):
    try:
        run(application, folders)
    finally:
        names = sorted(name for name, module in list(sys.modules.items()) if module is not None)
        with open(output, "w", encoding="utf-8") as stream:
            stream.write("\n".join(names))


if __name__ == "__main__":
    main(*sys.argv[1:])

"""Made-up libraries and programs for the tests of a closure: each module is a few lines of Python."""
import sys
import textwrap

from samples import PROJECT

from crosspy.closure import closure, closuretable, importgraph, stdlib
from crosspy.closure.cimports import CImports

sys.path.append(str(PROJECT / "site_scons" / "crosspy" / "bootstrap"))  # as for the bootstrap that runs it
import imports  # noqa: E402

RULES = closuretable.Rules(core={}, start=(), present=frozenset({"__main__", "_frozen_importlib"}), features=(), also=(), calls={},
                           expressions={})


def facts(folder, modules, keep=None):
    """Return the facts of modules: name -> text; a name that ends in a slash is a package."""
    found = {}
    folder.mkdir(exist_ok=True)
    for number, (name, text) in enumerate(modules.items()):
        path = folder / f"{number}.py"
        path.write_text(textwrap.dedent(text))
        row = imports.read_file(name.rstrip("/"), name.endswith("/"), str(path), True)
        found[name.rstrip("/")] = {key: value for key, value in row.items() if value}
    return {name: importgraph.facts(name, row) for name, row in (found if keep is None else importgraph.reduced(found, keep)).items()}


def search(folder, app, library=None, extensions=None, rules=RULES, c_imports=None, calls=(), path=None, **options):
    """Return the closure of an application over a library. app: a text, or module -> text.  path: modules of dependencies."""
    own = facts(folder / "app", app if isinstance(app, dict) else {"__main__": app})
    roots = tuple(name for name in own if name.endswith("__main__"))
    theirs = facts(folder / "path", path or {})
    program = closure.Program({**own, **theirs}, {**dict.fromkeys(own, "app"), **dict.fromkeys(theirs, "path")}, roots, "app=x")
    return stdlib.closure_of(program, facts(folder / "lib", library or {}, rules.names()), CImports(c_imports or {}, frozenset(calls)),
                             extensions or {}, rules, **options)


def carried(*arguments, **options):
    """Return only the names of what the application brought in."""
    return set(search(*arguments, **options).modules) - {"__main__"}

"""The closure: which modules of its own, of its dependencies and of the standard library a program carries, and why.

The way to it:

1. ``importgraph.library(interpreter, tree, folder, state, rules.names())`` -> facts of the library, cached per release;
2. ``appfiles.find(cache, app, paths, include, taken)`` -> Application: facts and files of one program;
3. ``cimports.read(tree, folder, state, rules, modules)`` -> CImports: what C code imports by name, per extension module;
4. ``closure_of(program, library, c_imports, extensions, rules, include, exclude)`` -> Closure; carried.plan() does all four.

Only the first two run the bootstrap, and only when something changed; this file is pure.

- An import below ``try: ... except ImportError`` is followed when its module can be imported; what stands in the handler is
  followed when what was tried cannot, or a row of closure.toml leaves it out.
- Imports inside the library's functions are followed when somebody may call the function (reach.py), those of the program's
  own modules and of its dependencies always; but of a dependency, what is missing is a mistake only if its function may be called.
- ``include=NAME`` adds a module and all that lies below it; ``exclude=NAME`` takes the same away. A name that was left out but
  that somebody may still ask for has an entry in ``Closure.stubs``: the text of its ImportError.
"""
from __future__ import annotations

import fnmatch
from collections.abc import Collection, Mapping

from ..errors import UserError, nearest
from .availability import Availability, below
from .cimports import CImports
from .closure import Closure, Entry, Program, Stub
from .closuretable import Edge, Rules
from .importgraph import Facts, Import
from .reach import Mentions


def closure_of(program: Program, library: Mapping[str, Facts], c_imports: CImports, extensions: Mapping[str, str], rules: Rules,
               include: Collection[str] = (), exclude: Collection[str] = (), traced: Collection[str] = ()) -> Closure:
    """Return what a program carries. traced: modules that a run of it imported; names that are nobody's do not matter.

    extensions: every module that is no source, those that are part of every interpreter included -> why it cannot be had,
    empty where it can (carried.reasons).  Raises UserError, with all findings, for imports that exist nowhere.
    """
    search = _Search(program, library, c_imports, extensions, rules, include, exclude)
    search.run(traced)
    return Closure(dict(sorted(search.modules.items())), dict(sorted(search.left_out().items())), search.warnings())


class _Search:
    def __init__(self, program, library, c_imports, extensions, rules, include, exclude):
        self.program, self.library, self.rules = program, library, rules
        self.c_imports, self.include, self.exclude = c_imports, include, exclude
        self.facts = {**library, **program.facts}
        self.available = Availability(self.facts, extensions, rules.present, exclude)
        # two views of a dependency: for what it may use, all of its functions count; for what it must have, those in use
        self.mentions, self.strict = (Mentions(self.facts, self.available.provided, c_imports.calls) for _ in range(2))
        self.modules: dict[str, Entry] = {}
        self.stubs: dict[str, Stub] = {}
        self.open: list[tuple[str, Import]] = []     # imports that nobody reaches yet
        self.edges: list[tuple[str, str, Edge]] = []  # the same of rows of closure.toml
        self.missing: dict[str, tuple[str, Import]] = {}  # what the program's own files import and cannot have
        self.wrong: dict[str, str] = {}

    def run(self, traced: Collection[str]) -> None:
        for name in self.rules.start:
            self.add(name, how="start-up")
        for name in self.program.roots:
            if reason := "" if name in self.program.facts else self.available.why_not(name):
                self.wrong[f"{name}: {reason}"] = f"leave {name} out"
            else:
                self.add_with_parents(name, "", 0, "application" if self.program.facts else self.program.where)
        for wanted in self.include:
            self.included(wanted)
        for name in traced:
            if not self.available.why_not(name) and (name in self.facts or name in self.available.extensions):
                self.add_with_parents(name, "", 0, "trace=yes")
        while self.settle():
            pass
        self.strict.grow()
        for target, (name, item) in self.missing.items():
            if target in self.modules:
                continue  # a broken module of the program, which another import followed
            reason = self.available.why_not(target)
            if self.must(name, item.inside):
                self.wrong[f"{target}: {reason}, {self.reached(name, item.line)}"] = \
                    f"add path=FOLDER, put the import into try/except ImportError, or say exclude={target}"
            else:
                self.stub(target, reason)
        if self.wrong:
            raise UserError(self.program.where, "; ".join(self.wrong), next(iter(self.wrong.values())))

    def must(self, name: str, inside: Collection[str]) -> bool:
        """Say whether what stands inside functions of a module of the program has to work."""
        return self.program.kinds.get(name) == "app" or self.strict.used(self.facts[name], inside)

    def warnings(self) -> tuple[str, ...]:
        """Return a line for each import of the program whose name is only known when it runs."""
        return tuple(f"{self.facts[name].path}:{item.line}: {item.module}() of a name that is only known at run time: "
                     "include=NAME adds a module"
                     for name in sorted(self.program.facts) if name in self.modules
                     for item in self.facts[name].dynamic if self.must(name, item.inside))

    def included(self, wanted: str) -> None:
        names = [name for name in (*self.facts, *self.available.extensions) if below(name, wanted) and not name.endswith("__main__")
                 or name == wanted]
        if not names:
            hint = nearest(wanted, self.facts)
            raise UserError(f"include={wanted}", "there is no such module" + (f"; {hint}?" if hint else ""),
                            "name a module, or a folder with path=")
        if reason := self.available.why_not(wanted):
            raise UserError(f"include={wanted}", f"it cannot be had: {reason}", "leave it out")
        for name in names:
            if not self.available.why_not(name):
                self.add_with_parents(name, "", 0, f"include={wanted}")

    def settle(self) -> bool:
        """Follow every open import that is reached by now. Returns whether there was one."""
        before = len(self.modules)
        self.mentions.grow()
        imports, self.open = self.open, []
        for name, item in imports:
            if self.applies(name, item):
                self.follow(name, item)
            else:
                self.open.append((name, item))
        edges, self.edges = self.edges, []
        for name, target, edge in edges:
            if self.mentions.asked(edge.when, edge.within) or any(below(target, wanted) for wanted in self.include) \
                    or any(name in self.modules for name in edge.beside):
                self.want(name, target, Import(0, target, optional=True))
            else:
                self.edges.append((name, target, edge))
        for core in self.rules.core.values():
            asked = self.mentions.asked(core.when) or core.generic and any(
                self.facts[name].generic for name in self.modules if name in self.facts)
            if asked and core.module not in self.modules and not self.available.why_not(core.module):
                self.add_with_parents(core.module, "", 0, "asked for by " + ("type parameters" if core.generic else " ".join(core.when)))
        return len(self.modules) > before

    def add_with_parents(self, name: str, parent: str, line: int, how: str = "") -> None:
        words = name.split(".")
        for count in range(1, len(words) + 1):
            self.add(".".join(words[:count]), parent, line, how)

    def add(self, name: str, parent: str = "", line: int = 0, how: str = "") -> None:
        """Take a module in, and open what it imports."""
        name = self.available.provided.get(name, name)
        if name in self.modules or name in self.rules.present and name not in self.facts:
            return
        if name in self.program.clashes:
            self.wrong[f"{self.program.clashes[name]} has the name of a module of the standard library, {self.reached(parent)}"] = \
                "rename the file, or take it out of that folder"
        found = self.facts.get(name)
        kind = self.program.kinds.get(name, "library" if found else "extension")
        self.modules[name] = Entry(name, kind, found.path if found else "", bool(found and found.package), parent, line, how)
        if found:
            self.mentions.add(found, kind != "library")
            self.strict.add(found, kind == "app")
            self.open += [(name, item) for item in (*found.imports, *found.codecs)]
        self.open += [(name, Import(0, target)) for target in self.c_imports.imports.get(name, ())]
        for edge in self.rules.also:
            for pattern in edge.imports if name in edge.within else ():
                for target in fnmatch.filter(self.facts, pattern):
                    if edge.when:
                        self.edges.append((name, target, edge))
                    else:
                        self.open.append((name, Import(0, target, optional=True)))

    def applies(self, name: str, item: Import) -> bool:
        """Say whether the program may run an import."""
        if item.main and not name.endswith("__main__"):
            return False
        found = self.facts.get(name)
        if found and name in self.library and name not in self.program.facts:
            if not self.mentions.used(found, item.inside):
                return False
        return all(self.missed(name, tried) is (state == "missing") for state, tried in item.when)

    def missed(self, name: str, tried: Collection[str]) -> bool:
        """Say whether a module would miss one of those that it tries, by now: one that cannot be had, or that a row leaves out."""
        return any(self.available.why_not(target) or target not in self.modules and (edge := self.feature(name, target)) and not edge.lazy
                   for target in tried)

    def feature(self, name: str, target: str) -> Edge | None:
        """Return the row of closure.toml that is about an import."""
        return next((edge for edge in self.rules.features if name in edge.within and any(below(target, cut) for cut in edge.imports)), None)

    def follow(self, name: str, item: Import) -> None:
        for target in self.available.targets(name, item):
            if edge := self.feature(name, target):
                self.edges.append((name, target, edge))
                self.stub(target, edge.why, edge)
            else:
                self.want(name, target, item)

    def want(self, name: str, target: str, item: Import) -> None:
        """Take in what an import names, or say why that cannot be."""
        if not self.available.why_not(target):
            self.add(target, name, item.line)
        elif any(below(target, gone) for gone in self.exclude):
            self.stub(target, "it was excluded")
        elif target in self.program.facts and not self.facts[target].error and not item.optional and (
                not item.inside or self.program.kinds.get(name) == "app"):
            self.add(target, name, item.line)  # what it misses is told where it imports it
        elif item.optional or item in getattr(self.facts.get(name), "codecs", ()):
            return
        elif name in self.program.facts:
            if not any(below(target, other) for other in self.missing):
                self.missing[target] = name, item
        elif item.inside:
            self.stub(target, self.available.why_not(target))

    def reached(self, name: str, line: int = 0) -> str:
        """Return the chain that leads to an import, for a message: the files and lines from the application on."""
        chain = Closure(self.modules, {}).chain(name) if name in self.modules else []
        lines = [*(entry.line for entry in chain[1:]), line]
        return "imported by " + ", ".join(f"{entry.path or entry.name}:{at}" if at else entry.name for entry, at in zip(chain, lines))

    def stub(self, target: str, why: str, edge: Edge | None = None) -> None:
        gone = next((name for name in self.exclude if below(target, name)), "")
        reason = "" if gone else self.available.why_not(target)
        fix = f"leave exclude={gone} out" if gone else f"build it with include={target}" + (", once it can be had" if reason else "")
        lazy = bool(edge and edge.lazy)
        if target not in self.stubs or lazy:  # one importer that needs the import to succeed is enough
            self.stubs[target] = Stub(f"{target} is not part of this program: {reason or why}. Fix: {fix}", lazy, edge.has if edge else ())

    def left_out(self) -> dict[str, Stub]:
        """Return the stubs of what is not carried after all, those of the core's features and of excluded modules included."""
        for core in self.rules.core.values():
            if core.module in self.facts or core.module in self.available.extensions:
                self.stub(core.module, core.absent)
        for name in self.exclude:
            self.stub(name, "it was excluded")
        return {name: stub for name, stub in self.stubs.items() if name not in self.modules}

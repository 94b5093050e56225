"""What one module imports, mentions and provides, read from its syntax tree; run by the bootstrap (imports.py).

Nothing is imported and nothing is run.  Mentioned names are kept, each with the functions that mention it, since they decide
which imports inside functions can be reached (reach.py): ``bare`` (``name``), ``attributes`` (``anything.name``, names that
are imported from a module, and ``name=`` of an argument in a call) and ``qualified`` (``m:name``, where ``m.name`` is written and m
is an imported module, or ``from m import name``).
"""
import _ast

import encodings

from scope import Conditions, Scope
from syntax import BUILT_IN_CODECS, CATCHES, LOOKUPS, PLAIN_DECORATORS, children, codec, constant, last_name


class Reader:
    """Collects the facts of one module. name: its full name.  package: whether it is a package's ``__init__``."""

    def __init__(self, name, package):
        self.name, self.parent = name, name if package else name.rpartition(".")[0]
        self.conditions = Conditions()
        self.facts = {"imports": [], "dynamic": [], "codecs": [], "provides": [], "exports": [], "generic": 0}
        self.mentions = {"bare": {}, "attributes": {}, "qualified": {}}  # each: name -> the functions around
        self.modules = {}  # local name -> the module that it stands for

    def read(self, tree):
        self.conditions.learn(tree)
        for node in tree.body:
            self.visit(node, Scope())
        for kind, names in self.mentions.items():
            # what the module itself mentions at its top counts always, so nothing else matters then
            self.facts[kind] = {name: [""] if "" in around else sorted(around) for name, around in names.items()}
        return self.facts

    def mention(self, kind, name, scope):
        if not scope.main or self.name.endswith("__main__"):
            self.mentions[kind].setdefault(name, set()).add(".".join(scope.inside))

    def visit(self, node, scope):
        method = getattr(self, "visit_" + type(node).__name__, None)
        if method:
            method(node, scope)
        else:
            self.below(node, scope)

    def below(self, node, scope):
        for child in children(node):
            self.visit(child, scope)

    def each(self, nodes, scope):
        for node in nodes:
            self.visit(node, scope)

    # imports

    def absolute(self, name, level, package=None):
        """Return a module's full name; beyond the top it stays as it is written, with its dots."""
        if not level:
            return name
        base = [word for word in (self.parent if package is None else package).split(".") if word]
        if level > len(base):
            return "." * level + name
        return ".".join(filter(None, [*base[:len(base) - level + 1], name]))

    def found(self, node, module, names, scope):
        row = {"line": node.lineno, "module": module, **scope.facts()}
        if names:
            row["names"] = names
        self.facts["imports"].append(row)

    def visit_Import(self, node, scope):
        for alias in node.names:
            self.found(node, alias.name, [], scope)
            self.modules[alias.asname or alias.name.partition(".")[0]] = alias.name

    def visit_ImportFrom(self, node, scope):
        names = [alias.name for alias in node.names]
        module = self.absolute(node.module or "", node.level)
        self.found(node, module, names, scope)
        for name in names:
            self.mention("attributes", name, scope)
            self.mention("qualified", f"{module}:{name}", scope)
        for alias in node.names:
            self.modules.setdefault(alias.asname or alias.name, f"{module}.{alias.name}")

    def imported(self, nodes):
        """Return the modules that statements import at their own level: what a ``try`` body tries."""
        found = []
        for node in nodes:
            if isinstance(node, _ast.Import):
                found += [alias.name for alias in node.names]
            elif isinstance(node, _ast.ImportFrom):
                found.append(self.absolute(node.module or "", node.level))
        return found

    def visit_Try(self, node, scope):
        tried = self.imported(node.body)
        caught = [handler for handler in node.handlers if handler.type is None or CATCHES & {
            last_name(kind) for kind in getattr(handler.type, "elts", [handler.type])}]
        self.each(node.body, scope.replace(optional=True) if caught else scope)
        for handler in node.handlers:
            self.each(handler.body, scope.given("missing", tried) if tried and handler in caught else scope)
        self.each(node.orelse, scope.given("present", tried) if tried and caught else scope)
        self.each(node.finalbody, scope)

    visit_TryStar = visit_Try

    def visit_With(self, node, scope):
        for item in node.items:
            self.visit(item, scope)
            call = item.context_expr
            if last_name(call) == "suppress" and isinstance(call, _ast.Call) and CATCHES & set(map(last_name, call.args)):
                scope = scope.replace(optional=True)
        self.each(node.body, scope)

    # branches and functions

    def visit_If(self, node, scope):
        if self.conditions.is_main(node.test):
            self.each(node.body, scope.replace(main=True))
            return self.each(node.orelse, scope)
        holds = self.conditions.holds(node.test)
        if holds is None:
            self.visit(node.test, scope)
            scope = scope.replace(maybe=True)
        if holds is not False:
            self.each(node.body, scope)
        if holds is not True:
            self.each(node.orelse, scope)

    visit_IfExp = lambda self, node, scope: self.below(node, scope)  # noqa: E731  its branches hold no statements

    def visit_FunctionDef(self, node, scope):
        self.each(node.decorator_list, scope)
        self.parameters(node, scope)
        called = not set(map(last_name, node.decorator_list)) <= PLAIN_DECORATORS
        self.each(node.body, scope.function("" if called else node.name))

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_Lambda(self, node, scope):
        self.below(node, scope)

    def visit_ClassDef(self, node, scope):
        self.parameters(node, scope)
        self.each([*node.decorator_list, *node.bases, *node.keywords], scope)
        self.each(node.body, scope.replace(classes=(*scope.classes, node.name)))

    def visit_TypeAlias(self, node, scope):
        self.parameters(node, scope)

    def parameters(self, node, scope):
        if getattr(node, "type_params", None):
            self.facts["generic"] = self.facts["generic"] or node.lineno
        arguments = getattr(node, "args", None)
        if arguments:
            self.below(arguments, scope)
            names = [item.arg for item in [*arguments.posonlyargs, *arguments.args]][-len(arguments.defaults):]
            pairs = [*zip(names, arguments.defaults), *zip((item.arg for item in arguments.kwonlyargs), arguments.kw_defaults)]
            for name, value in pairs:
                if name == "encoding" and value:
                    self.encoding(value, scope)

    # names, calls, assignments

    def visit_Name(self, node, scope):
        self.mention("bare", node.id, scope)

    def visit_Attribute(self, node, scope):
        if isinstance(node.value, _ast.Name) and node.value.id in self.modules:
            self.mention("qualified", f"{self.modules[node.value.id]}:{node.attr}", scope)
        else:
            self.mention("attributes", node.attr, scope)
        self.visit(node.value, scope)

    def visit_Expr(self, node, scope):
        if constant(node.value) is None:  # not a docstring
            self.visit(node.value, scope)

    def visit_Constant(self, node, scope):
        if isinstance(node.value, str) and "\\N{" in node.value:
            self.mention("attributes", "\\N{", scope)  # a pattern of re may name a character

    def visit_Assign(self, node, scope):
        for target in node.targets:
            if isinstance(target, _ast.Subscript) and last_name(target.value) == "modules" and constant(target.slice):
                self.facts["provides"].append(constant(target.slice))
            if last_name(target) == "__all__":
                self.exports(node.value)
            if last_name(target) == "encoding":
                self.encoding(node.value, scope)
        self.below(node, scope)

    def visit_AugAssign(self, node, scope):
        if last_name(node.target) == "__all__":
            self.exports(node.value)
        self.below(node, scope)

    def exports(self, node):
        self.facts["exports"] += filter(None, map(constant, getattr(node, "elts", [])))

    def encoding(self, node, scope, direct=False):
        name = constant(node)
        if name and name.isascii() and not (direct and encodings.normalize_encoding(name.lower()) in BUILT_IN_CODECS):
            self.facts["codecs"].append({"line": node.lineno, "module": codec(name), **scope.facts()})

    def visit_Call(self, node, scope):
        name, first = last_name(node.func), node.args[0] if node.args else None
        if name in ("import_module", "__import__") and first is not None:
            self.dynamic(node, name, first, scope)
        elif name in ("encode", "decode") and first is not None:
            if last_name(getattr(node.func, "value", None)) == "codecs":
                self.each_codec(node.args[1:2], scope)
            else:
                self.encoding(first, scope, direct=True)
        elif name in ("str", "bytes", "bytearray") and isinstance(node.func, _ast.Name) and len(node.args) > 1:
            self.encoding(node.args[1], scope, direct=True)
        elif name in LOOKUPS and self.of_codecs(node.func):
            self.each_codec(node.args[:1], scope)
        elif name == "open" and last_name(getattr(node.func, "value", None)) == "codecs":
            self.each_codec(node.args[2:3], scope)
        elif name == "getattr" and len(node.args) > 1 and constant(node.args[1]):
            self.mention("attributes", constant(node.args[1]), scope)
        for keyword in node.keywords:
            if keyword.arg:
                self.mention("attributes", f"{keyword.arg}=", scope)
            if keyword.arg == "encoding":
                self.encoding(keyword.value, scope, direct=name in ("encode", "decode", "str", "bytes", "bytearray"))
        self.below(node, scope)

    def of_codecs(self, called):
        """Say whether ``codecs.lookup`` or ``lookup`` from codecs is meant."""
        if isinstance(called, _ast.Name):
            return self.modules.get(called.id, "").startswith("codecs.")
        return isinstance(called, _ast.Attribute) and last_name(called.value) == "codecs"

    def each_codec(self, nodes, scope):
        for node in nodes:
            self.encoding(node, scope)

    def dynamic(self, node, called, first, scope):
        name = constant(first)
        if name is None:
            return self.facts["dynamic"].append({"line": node.lineno, "module": called, **scope.facts()})
        given = [*node.args[1:2], *(keyword.value for keyword in node.keywords if keyword.arg == "package")]
        plain = name.lstrip(".")
        self.found(node, self.absolute(plain, len(name) - len(plain), constant(given[0]) if given else None), [], scope)

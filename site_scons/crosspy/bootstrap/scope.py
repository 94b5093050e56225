"""Where in a module a statement stands, and which branches a Linux program can take; read by imports.py, so run by the bootstrap.

Decided: ``sys.platform`` and ``os.name`` (compared, ``in``, ``startswith``), ``sys.version_info``, ``sys.implementation.name``,
``"posix" in sys.builtin_module_names``, ``TYPE_CHECKING`` (false), ``not``, ``and``, ``or``, and a name of the module that is
assigned once, to one of these.  Every other condition may hold or not.
"""
import _ast
import sys

from syntax import dotted

FACTS = {"sys.platform": "linux", "os.name": "posix", "sys.implementation.name": "cpython",
         "sys.version_info": tuple(sys.version_info[:3]), "sys.version_info.major": sys.version_info[0],
         "TYPE_CHECKING": False, "typing.TYPE_CHECKING": False, "t.TYPE_CHECKING": False}
BUILT_IN = {"posix": True, "nt": False}  # "x" in sys.builtin_module_names
COMPARE = {_ast.Eq: lambda a, b: a == b, _ast.NotEq: lambda a, b: a != b, _ast.Lt: lambda a, b: a < b,
           _ast.LtE: lambda a, b: a <= b, _ast.Gt: lambda a, b: a > b, _ast.GtE: lambda a, b: a >= b,
           _ast.In: lambda a, b: a in b, _ast.NotIn: lambda a, b: a not in b}


class Scope:
    """inside: the functions around a statement and their classes, outermost first (empty: a function that anybody may call).
    optional: a missing module is caught.  when: ("missing" or "present", modules) pairs that must all hold.  main: below
    ``if __name__ == "__main__"``.  maybe: below a condition that may hold or not.
    """

    def __init__(self, inside=(), optional=False, when=(), main=False, maybe=False, classes=()):
        self.inside, self.optional, self.when, self.main, self.maybe = inside, optional, when, main, maybe
        self.classes = classes  # around the statement, but inside of its innermost function

    def replace(self, **changes):
        return Scope(**{**vars(self), **changes})

    def given(self, state, modules):
        return self.replace(when=(*self.when, (state, modules)))

    def function(self, name):
        return self.replace(inside=(*self.inside, *self.classes, name), classes=())

    def facts(self):
        """Return what differs from a statement at the top of a module, ready for JSON."""
        return {name: value for name, value in vars(self).items() if value and name != "classes"}


class Unknown(Exception):
    """A value that nobody can tell before the program runs."""


class Conditions:
    """Decides the conditions of one module."""

    def __init__(self):
        self.names = {}

    def learn(self, tree):
        """Remember each name that the module assigns once, at its top."""
        assigned = [(node.targets[0].id, node.value) for node in tree.body if isinstance(node, _ast.Assign)
                    and len(node.targets) == 1 and isinstance(node.targets[0], _ast.Name)]
        names = [name for name, _ in assigned]
        self.names = {name: value for name, value in assigned if names.count(name) == 1}

    def is_main(self, test):
        """Say whether a condition is ``__name__ == "__main__"``."""
        return (isinstance(test, _ast.Compare) and dotted(test.left) == "__name__" and isinstance(test.ops[0], _ast.Eq)
                and getattr(test.comparators[0], "value", "") == "__main__")

    def holds(self, test):
        """Return whether a condition holds on Linux: True, False, or None where that depends."""
        try:
            return bool(self.value(test))
        except (Unknown, TypeError, IndexError, RecursionError):
            return None

    def value(self, node):
        if isinstance(node, _ast.Constant):
            return node.value
        if isinstance(node, (_ast.Tuple, _ast.List, _ast.Set)):
            return tuple(map(self.value, node.elts))
        if isinstance(node, _ast.UnaryOp) and isinstance(node.op, _ast.Not):
            return not self.value(node.operand)
        if isinstance(node, _ast.BoolOp):
            return self.joined(node)
        if isinstance(node, _ast.Compare) and len(node.ops) == 1:
            return self.compared(node)
        if isinstance(node, _ast.Subscript):
            return self.value(node.value)[self.value(node.slice)]
        if isinstance(node, _ast.Slice):
            return slice(*(edge and self.value(edge) for edge in (node.lower, node.upper, node.step)))
        if isinstance(node, _ast.Call) and isinstance(node.func, _ast.Attribute) and node.func.attr == "startswith":
            return self.value(node.func.value).startswith(self.value(node.args[0]))
        return self.known(dotted(node))

    def known(self, name):
        if name in FACTS:
            return FACTS[name]
        if name in self.names:
            node = self.names.pop(name)  # one that is made of itself is unknown
            try:
                return self.value(node)
            finally:
                self.names[name] = node
        raise Unknown

    def joined(self, node):
        stop, unknown = isinstance(node.op, _ast.Or), False
        for item in node.values:
            try:
                if bool(self.value(item)) is stop:
                    return stop
            except Unknown:
                unknown = True
        if unknown:
            raise Unknown
        return not stop

    def compared(self, node):
        kind, right = type(node.ops[0]), node.comparators[0]
        aliased = self.names.get(dotted(right), right)
        if dotted(aliased) == "sys.builtin_module_names" and kind in (_ast.In, _ast.NotIn):
            name = self.value(node.left)
            if name not in BUILT_IN:
                raise Unknown
            return BUILT_IN[name] is (kind is _ast.In)
        if kind not in COMPARE:
            raise Unknown
        return COMPARE[kind](self.value(node.left), self.value(right))

"""Small questions to the nodes of a syntax tree, for reader.py and scope.py; run by the bootstrap."""
import _ast

import encodings
from encodings.aliases import aliases

# what catches a missing module; a bare except does, too
CATCHES = {"ImportError", "ModuleNotFoundError", "Exception", "BaseException"}
LOOKUPS = {"lookup", "getencoder", "getdecoder", "getreader", "getwriter", "getincrementalencoder", "getincrementaldecoder"}
# decorators that leave a function to be found by its name; with any other, somebody else may call it
PLAIN_DECORATORS = {"property", "classmethod", "staticmethod", "abstractmethod", "contextmanager", "cached_property", "lru_cache",
                    "cache", "wraps", "overload", "asynccontextmanager", "setter", "getter", "deleter"}
# str.encode, bytes.decode, str() and bytes() know these without a codec (Objects/unicodeobject.c, PyUnicode_Decode)
BUILT_IN_CODECS = {"utf_8", "utf8", "utf_16", "utf_32", "ascii", "us_ascii", "latin_1", "latin1", "iso_8859_1", "iso8859_1"}


def codec(name):
    """Return the module that has a codec (encodings.search_function), which need not exist."""
    plain = encodings.normalize_encoding(name.lower())
    return "encodings." + (aliases.get(plain) or aliases.get(plain.replace(".", "_")) or plain)


def constant(node):
    """Return the text of a string constant, or None."""
    return node.value if isinstance(node, _ast.Constant) and isinstance(node.value, str) else None


def last_name(node):
    """Return the last word of ``name``, ``a.b.name`` or a call of one, or an empty string."""
    if isinstance(node, _ast.Call):
        node = node.func
    return node.id if isinstance(node, _ast.Name) else node.attr if isinstance(node, _ast.Attribute) else ""


def children(node):
    """Yield the nodes right below one, in the order of the source."""
    for field in node._fields:
        value = getattr(node, field, None)
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, _ast.AST):
                yield item


def dotted(node):
    """Return ``a.b.c`` for such a chain of names, or an empty string."""
    if isinstance(node, _ast.Name):
        return node.id
    if isinstance(node, _ast.Attribute):
        base = dotted(node.value)
        return base and f"{base}.{node.attr}"
    return ""

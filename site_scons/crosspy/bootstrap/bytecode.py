"""Byte-compile library files: a script that the bootstrap interpreter runs, not the Python that runs SCons.

    _bootstrap_python -I -S -B -X frozen_modules=off bytecode.py --list FILES --output DIR --prefix /usr/lib/python3.13

FILES has one line per file, ``source TAB path in the library`` (crosspy.root.layout writes it).  Each becomes
``DIR/<folder>/__pycache__/<name>.cpython-313.pyc``: hash-based (PEP 552), level 0, neutral to target and machine.

Only modules that Modules/Setup.bootstrap provides are imported: no re, json, argparse, hashlib or struct.
"""
import marshal
import os
import sys

import _frozen_importlib_external as external
import _imp

FLAGS = {"unchecked": 0b01, "checked": 0b11}  # PEP 552: bit 0 hash-based, bit 1 check_source
_OPTIONS = ("list", "output", "prefix", "mode", "part", "key", "stamp")


class Refused(Exception):
    """A mistake of the user: one message, no traceback."""


def canonical(code):
    """Return the marshalled form of a code object that depends on its source and name only.

    marshal's own output depends in three ways (3.13) on what the process did before:
    - a reference flag is set where the reference count happens to be above one (Python/marshal.c, w_ref): a round
      trip through loads settles that;
    - a constant equal to a dotted co_qualname is one object with it only where that string was not interned before
      (Objects/codeobject.c, _PyCode_New): here it always is;
    - equal frozensets are one object only where their strings were not interned before (intern_constants): likewise.
    """
    names, sets = {}, []
    _survey(code, names, sets)
    if names or len(set(sets)) < len(sets):  # replace() costs a few shared tuples, so only where it matters
        code = _unified(code, names, {})
    return marshal.dumps(marshal.loads(marshal.dumps(code)))


def _survey(code, names, sets):
    # constants made of identifier characters alone are interned always (intern_constants), so dots decide
    if "." in code.co_qualname:
        names[code.co_qualname] = sys.intern(code.co_qualname)
    for constant in code.co_consts:
        if type(constant) is frozenset:
            sets.append(_key(constant))
        elif type(constant) is type(code):
            _survey(constant, names, sets)


def _key(constant):
    """Equal for frozensets of equal constants of equal types, whatever their order."""
    return frozenset((type(inner), repr(inner)) for inner in constant)


def _unified(value, names, done):
    """Return the value with strings and frozensets unified; tuples that were shared stay shared."""
    kind = type(value)
    if kind is str:
        return names.get(value, value)
    if kind is tuple or kind is frozenset:
        key = id(value) if kind is tuple else _key(value)
        if key not in done:
            done[key] = value, kind([_unified(inner, names, done) for inner in value])  # value: keeps its id taken
        return done[key][1]
    if hasattr(value, "co_consts"):
        name = value.co_qualname
        return value.replace(co_consts=_unified(value.co_consts, names, done), co_qualname=names.get(name, name))
    return value


def source_hash(source):
    """Return the eight bytes that importlib compares (importlib.util.source_hash)."""
    key = getattr(external, "_RAW_MAGIC_NUMBER", None)
    return _imp.source_hash(key if key is not None else _imp.pyc_magic_number_token, source)


def head(source, mode):
    """Return the sixteen bytes in front of the code of a hash-based .pyc (PEP 552)."""
    return external.MAGIC_NUMBER + FLAGS[mode].to_bytes(4, "little") + source_hash(source)


def target(output, inner):
    """Return where the .pyc of a library file goes. inner: its path in the library, with slashes."""
    folder, name = os.path.split(inner)
    return os.path.join(output, folder, "__pycache__", f"{name[:-3]}.{sys.implementation.cache_tag}.pyc")


def compile_file(source, inner, options, again):
    """Write one .pyc, under a temporary name first, unless the one there is of this very source.

    Returns its path and a hash of its content.  Raises SyntaxError and ValueError as compile() does.
    """
    with open(source, "rb") as stream:
        text = stream.read()
    path, start = target(options["output"], inner), head(text, options["mode"])
    if not again:
        try:
            with open(path, "rb") as stream:
                data = stream.read()
            if data[:16] == start:
                return path, _imp.source_hash(0, data).hex()
        except FileNotFoundError:
            pass
    name = f"{options['prefix'].rstrip('/')}/{inner}"
    data = start + canonical(compile(text, name, "exec", dont_inherit=True, optimize=0))
    os.makedirs(os.path.dirname(path), exist_ok=True)
    temporary = f"{path}.{os.getpid()}"
    with open(temporary, "wb") as stream:
        stream.write(data)
    os.replace(temporary, path)
    return path, _imp.source_hash(0, data).hex()


def chosen(lines, part):
    """Return this part's (source, inner) pairs, the largest first so that the parts take equally long.

    part: ``2/4`` is the second of four.
    """
    number, _, count = part.partition("/")
    if not (number.isdigit() and count.isdigit() and 1 <= int(number) <= int(count)):
        raise Refused(f"--part {part}: two numbers like 2/4 are expected. Fix: count from 1")
    pairs = [tuple(line.split("\t")) for line in lines if line]
    if any(len(pair) != 2 or not pair[1].endswith(".py") for pair in pairs):
        raise Refused("--list: a line is not 'source TAB path.py'. Fix: let crosspy.root.layout write it")
    pairs.sort(key=lambda pair: (-os.stat(pair[0]).st_size, pair[1]))
    return pairs[int(number) - 1::int(count)]


def run(options):
    """Compile one part. A stamp that names another --key makes everything be compiled again."""
    with open(options["list"], encoding="utf-8") as stream:
        pairs = chosen(stream.read().split("\n"), options["part"])
    stamp, first = options["stamp"], f"key {options['key']} mode {options['mode']} prefix {options['prefix']}\n"
    again = True
    if stamp and os.path.exists(stamp):
        with open(stamp, encoding="utf-8") as stream:
            again = stream.readline() != first
        os.remove(stamp)  # until this run is through, nothing says what the folder holds
    lines, wrong = [], []
    for source, inner in pairs:
        try:
            path, digest = compile_file(source, inner, options, again)
            lines.append(f"{os.path.relpath(path, options['output'])} {digest}\n")
        except SyntaxError as error:
            wrong.append(f"{source}:{error.lineno or 0}: {error.msg}")
        except (ValueError, RecursionError) as error:
            wrong.append(f"{source}: {error}")
    if wrong:
        raise Refused(f"{'; '.join(sorted(wrong))}. Fix: correct the file; this CPython cannot compile it")
    if stamp:
        with open(f"{stamp}.new", "w", encoding="utf-8") as stream:
            stream.write(first + "".join(sorted(lines)))
        os.replace(f"{stamp}.new", stamp)


def parse(arguments):
    """Return the options by name; values follow in the next argument."""
    options = {"mode": "unchecked", "part": "1/1", "key": "", "stamp": ""}
    for name, value in zip(arguments[::2], arguments[1::2]):
        if name[:2] != "--" or name[2:] not in _OPTIONS:
            raise Refused(f"{name}: unknown option. Fix: use one of {', '.join('--' + known for known in _OPTIONS)}")
        options[name[2:]] = value
    missing = [f"--{name}" for name in ("list", "output", "prefix") if name not in options]
    if missing or len(arguments) % 2 or options["mode"] not in FLAGS:
        raise Refused(f"bytecode.py: {', '.join(missing) or '--mode or a value'} is missing or wrong. Fix: see its first lines")
    return options


def main():
    import warnings
    warnings.simplefilter("ignore")  # make install compiles with -Wi
    try:
        run(parse(sys.argv[1:]))
    except Refused as error:
        sys.exit(str(error))
    except OSError as error:
        sys.exit(f"{error.filename}: {error.strerror}. Fix: look at that file or folder")


if __name__ == "__main__":
    main()

"""Run by the bootstrap interpreter: freezes the modules of one program, each into a file of its own.

    _bootstrap_python -I -S -B -X frozen_modules=off -X no_debug_ranges blobs.py --list FILE --output DIR --key TEXT --stamp FILE

The list has one line per module: ``name TAB file name in tracebacks TAB level TAB package (0 or 1) TAB source``. A level is
that of compile(): 2 leaves docstrings and asserts out. A source that ends in ``.files`` is a list itself, ``name TAB file``: it
becomes a module with the one constant FILES, name -> bytes.

Beside the blobs, ``frozen.h`` puts them into one object and has a row for each (cpython/app/frozen.c), ``symbols.txt`` says
which symbol is which module. A module whose source, level and file name are as before is left alone; the stamp tells, and is
removed until a run is through. Only modules of Modules/Setup.bootstrap are imported.
"""
import os
import sys

import _imp

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))  # with -I it is not there
from bytecode import canonical


class Refused(Exception):
    """A mistake of the user: one message, no traceback."""


def read(path):
    with open(path, "rb") as stream:
        return stream.read()


def source_of(path):
    """Return the source text (bytes) of a module; a list of files becomes a module of them."""
    if not path:
        return b""  # a namespace package
    data = read(path)
    if not path.endswith(".files"):
        return data
    rows = [line.split("\t") for line in data.decode("utf-8").split("\n") if line]
    return ("FILES = {" + ", ".join(f"{name!r}: {read(file)!r}" for name, file in rows) + "}\n").encode("utf-8")


def digest(*parts):
    """Return a short text that changes with any of the parts (bytes); SipHash, of importlib's own."""
    return "".join(_imp.source_hash(key, b"\0".join(parts)).hex() for key in (1, 2))


def write(path, data):
    with open(path + ".part", "wb") as stream:
        stream.write(data)
    os.replace(path + ".part", path)


def known(stamp, key):
    """Return what the last whole run made: module -> (digest of its source, digest of its blob, size)."""
    try:
        lines = read(stamp).decode("utf-8").split("\n")
    except FileNotFoundError:
        return {}
    os.remove(stamp)
    return {row[0]: tuple(row[1:]) for row in (line.split("\t") for line in lines[1:]) if len(row) == 4} if lines[0] == key else {}


def freeze(rows, output, before):
    """Write the blobs that changed. Returns a line of the stamp for each module."""
    lines, wrong = [], []
    for name, file, level, _, path in rows:
        text = source_of(path)
        mark, blob = digest(text, file.encode(), level.encode()), os.path.join(output, f"{name}.bin")
        old = before.get(name)
        if old and old[0] == mark and os.path.exists(blob):
            lines.append((name, *old))
            continue
        try:
            data = canonical(compile(text, file, "exec", dont_inherit=True, optimize=int(level)))
        except SyntaxError as error:
            wrong.append(f"{path}:{error.lineno or 0}: {error.msg}")
            continue
        except (ValueError, RecursionError) as error:
            wrong.append(f"{path}: {error}")
            continue
        write(blob, data)
        lines.append((name, mark, digest(data), str(len(data))))
    if wrong:
        raise Refused(f"{'; '.join(wrong)}. Fix: correct the file; this CPython cannot compile it")
    return lines


def header(rows, lines, output):
    """Return the text of frozen.h: the blobs, hidden and read-only, and their rows.

    The assembler is called through C, so that the compiler adds what it adds to every object (.note.GNU-stack, BTI).
    """
    blobs, table = [], []
    for number, ((name, _, _, package, _), (_, _, content, size)) in enumerate(zip(rows, lines)):
        symbol = f"_frozen_{number}"
        # the digest, since a compiler that keeps objects by the content of their sources (zig) does not look into .incbin
        blobs.append(f'/* {content} */\nextern __attribute__((visibility("hidden"))) const unsigned char {symbol}[];\n'
                     f'__asm__(".pushsection .rodata,\\"a\\",%progbits\\n.globl {symbol}\\n.hidden {symbol}\\n.type {symbol},%object\\n"\n'
                     f'        "{symbol}:\\n.incbin \\"{output}/{name}.bin\\"\\n.size {symbol},{size}\\n.popsection\\n");\n')
        table.append(f'    {{"{name}", {symbol}, {size}, {package}}}, \\\n')
    return "".join(blobs) + "#define FROZEN_MODULES \\\n" + "".join(table) + "\n"


def run(options):
    rows = [tuple(line.split("\t")) for line in read(options["list"]).decode("utf-8").split("\n") if line]
    if any(len(row) != 5 for row in rows):
        raise Refused("--list: a line has not five parts. Fix: let crosspy.apps.application write it")
    output, stamp = options["output"], options["stamp"]
    os.makedirs(output, exist_ok=True)
    lines = freeze(rows, output, known(stamp, options["key"]))
    wanted = {f"{row[0]}.bin" for row in rows}
    for name in os.listdir(output):
        if name.endswith((".bin", ".bin.part")) and name not in wanted:
            os.remove(os.path.join(output, name))
    write(os.path.join(output, "frozen.h"), header(rows, lines, output).encode("utf-8"))
    write(os.path.join(output, "symbols.txt"), "".join(f"_frozen_{number}\t{row[0]}\t{line[3]}\n" for number, (row, line) in
                                                       enumerate(zip(rows, lines))).encode("utf-8"))
    write(stamp, "\n".join([options["key"], *("\t".join(line) for line in lines), ""]).encode("utf-8"))


def main(arguments):
    names = ("--list", "--output", "--key", "--stamp")
    options = dict(zip(arguments[::2], arguments[1::2]))
    if len(arguments) != 8 or set(options) != set(names):
        raise Refused(f"blobs.py: {' '.join(names)} are needed. Fix: see its first lines")
    run({name[2:]: value for name, value in options.items()})


if __name__ == "__main__":
    import warnings
    warnings.simplefilter("ignore")
    try:
        main(sys.argv[1:])
    except Refused as error:
        sys.exit(str(error))
    except OSError as error:
        sys.exit(f"{error.filename}: {error.strerror}. Fix: look at that file or folder")

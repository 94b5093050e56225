"""ctypes: callbacks, memory, and calls into the C library, which a static program has in itself. Prints JSON."""
import ctypes
import ctypes.util
import errno
import json
import struct
from ctypes import CFUNCTYPE, POINTER, Structure, c_char_p, c_double, c_float, c_int, c_long, c_longlong, c_size_t, c_void_p, sizeof


class Point(Structure):
    _fields_ = [("x", c_int), ("y", c_int)]


class Floats(Structure):
    _fields_ = [("a", c_float), ("b", c_float), ("c", c_float)]


class Mixed(Structure):
    _fields_ = [("number", c_double), ("count", c_int), ("letter", ctypes.c_char)]


class Large(Structure):
    _fields_ = [("numbers", c_longlong * 8)]


def through_callbacks() -> dict:
    """Call Python functions through their C addresses: structures of every class of the calling convention as arguments."""
    @CFUNCTYPE(c_int, Point, c_int)
    def point(value, factor):
        return (value.x - value.y) * factor

    @CFUNCTYPE(c_double, Floats, c_float, Mixed)
    def mixed(floats, more, one):
        return floats.a + 10 * floats.b + 100 * floats.c + 1000 * more + 10000 * one.number + 100000 * one.count + ord(one.letter)

    @CFUNCTYPE(c_longlong, c_int, Large, c_longlong)
    def large(first, value, last):
        return first + sum(n * (i + 1) for i, n in enumerate(value.numbers)) + last

    @CFUNCTYPE(c_double, *[c_double, c_int] * 10)
    def many(*numbers):
        return sum(number * (place + 1) for place, number in enumerate(numbers))

    def again(function, *arguments):
        return type(function)(ctypes.cast(function, c_void_p).value)(*arguments)
    return {"point": again(point, Point(7, -3), 5), "mixed": again(mixed, Floats(1, 2, 3), 4, Mixed(5.5, 6, b"A")),
            "large": again(large, 1, Large((c_longlong * 8)(*range(8))), 2**40), "many": again(many, *[1.5, 2] * 10)}


def memory() -> dict:
    """Functions that ctypes itself has the addresses of, memory, byte order."""
    buffer = ctypes.create_string_buffer(b"0123456789")
    ctypes.memmove(ctypes.addressof(buffer) + 2, b"ab", 2)
    ctypes.memset(ctypes.addressof(buffer) + 5, ord("z"), 2)

    class Reversed(ctypes.BigEndianStructure):
        _fields_ = [("word", ctypes.c_uint32), ("high", ctypes.c_uint16, 4), ("low", ctypes.c_uint16, 12)]
    return {"buffer": ctypes.string_at(buffer).decode(), "wide": ctypes.wstring_at(ctypes.create_unicode_buffer("ä😀")),
            "big-endian": bytes(Reversed(0x01020304, 0xA, 0xBCD)).hex(), "sizes": [sizeof(c_long), sizeof(c_void_p)] == [struct.calcsize("l"), struct.calcsize("P")],
            "threads' errno": [ctypes.set_errno(5), ctypes.get_errno(), ctypes.set_errno(0)]}


def through_libc() -> dict:
    libc = ctypes.CDLL(None, use_errno=True)

    class Quotient(Structure):
        _fields_ = [("quot", c_int), ("rem", c_int)]

    class Long(Structure):
        _fields_ = [("quot", c_longlong), ("rem", c_longlong)]
    libc.div.restype, libc.lldiv.restype = Quotient, Long
    libc.div.argtypes, libc.lldiv.argtypes = [c_int, c_int], [c_longlong, c_longlong]
    short, long = libc.div(-17, 5), libc.lldiv(-17 * 10**12, 5 * 10**11)

    @CFUNCTYPE(c_int, POINTER(c_int), POINTER(c_int))
    def compare(a, b):
        return (a[0] > b[0]) - (a[0] < b[0])
    numbers = (c_int * 7)(5, -1, 33, 7, 1, 99, 0)
    libc.qsort.argtypes, libc.qsort.restype = [c_void_p, c_size_t, c_size_t, type(compare)], None
    libc.qsort(numbers, len(numbers), sizeof(c_int), compare)
    text = ctypes.create_string_buffer(200)
    libc.snprintf.argtypes = [c_char_p, c_size_t, c_char_p]  # the rest is what follows "..."
    length = libc.snprintf(text, len(text), b"%s %d %.3f %lld %c %.1f", b"word", c_int(-5), c_double(3.14159), c_longlong(-2**40), c_int(65), c_double(1e10))
    libc.open.argtypes = [c_char_p, c_int]
    opened = libc.open(b"/nonexistent/file", 0)
    name = ctypes.util.find_library("c")  # None where no library can be loaded
    return {"div": [short.quot, short.rem], "lldiv": [long.quot, long.rem], "qsort": list(numbers), "snprintf": [length, text.value.decode()],
            "errno": [opened, errno.errorcode[ctypes.get_errno()]], "by its name": name and ctypes.CDLL(name).abs(-4),
            "pythonapi": ctypes.pythonapi.PyLong_AsLong(ctypes.py_object(42))}


print(json.dumps({"callbacks": through_callbacks(), "memory": memory(), "libc": through_libc()}))

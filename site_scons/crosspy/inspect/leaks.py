"""What of the build machine stands in a file: paths of it, and the moment of the build."""
from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from typing import BinaryIO

PIECE, OVERLAP = 1 << 23, 1 << 15   # bytes: read at a time; of one piece that are looked at again with the next (PATH_MAX is 4096 letters)
_SHOWN, _MAX_DATES = 120, 100       # letters of a place; dates kept of one file
_SHORT = re.compile("[\x21-\x7e]*")

# A path, how it is encoded, its bytes, and these as a path.
Patterns = list[tuple[str, str, bytes, re.Pattern[bytes]]]
_ENDS = {"utf-8": rb"(?![\w-])", "utf-32-le": rb"(?![\w-]\0\0\0)", "utf-32-be": rb"(?!\0\0\0[\w-])"}   # of wchar_t, the latter two


def patterns(paths: Iterable[str]) -> Patterns:
    """Return what `look` searches for: each path as a path, ``/srv/a`` is not found in ``/srv/ab``."""
    return [(path, code, path.encode(code), re.compile(re.escape(path.encode(code)) + end)) for path in paths for code, end in _ENDS.items()]


def look(stream: BinaryIO, wanted: Patterns, wide: bool = False) -> tuple[str, int, tuple[str, ...]]:
    """Return the sha256 of a file, its size in bytes and the first place of each path; a large file is not held whole.

    wide: there may be literals of wchar_t, too.
    """
    digest, size, tail, found, last = hashlib.sha256(), 0, b"", {}, False
    wanted = [row for row in wanted if wide or row[1] == "utf-8"]
    while not last:
        piece = stream.read(PIECE)
        digest.update(piece)
        window, start, last = tail + piece, size - len(tail), len(piece) < PIECE
        for path, code, encoded, pattern in wanted:
            # find is ten times as fast as a pattern
            if path not in found and encoded in window and (place := pattern.search(window)) and (last or place.start() < len(window) - OVERLAP):
                shown = _SHORT.match(window[place.start():place.start() + (_SHOWN if code == "utf-8" else 4 * _SHOWN)].decode(code, "replace"))[0]
                found[path] = f"{shown!r} at byte {start + place.start()}"
        size, tail = size + len(piece), window[-OVERLAP:]
    return digest.hexdigest(), size, tuple(found[path] for path in dict.fromkeys(row[0] for row in wanted) if path in found)


# What the preprocessor makes of __DATE__ and __TIME__ (C11 6.10.8.1). With one space: what a shell made of a -D. Their ends are
# searched for, which begin with one certain byte: forty times as fast as an alternative of months at every place.
_MONTH = rb"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
_YEAR, _DATE = re.compile(rb" (?:19|20)\d\d(?!\w)"), re.compile(rb"(?<![A-Za-z])" + _MONTH + rb" {1,2}\d{1,2}\Z")
_SECONDS, _HOUR = re.compile(rb":[0-5]\d:[0-5]\d(?![\w:]|[.,]\d)"), re.compile(rb"(?<![\w:])[012]\d\Z")
# __TIMESTAMP__ is as of asctime(3): it pads days with a space. The time in any other form of a date is a text of the source:
# "1998-06-06 16:26:11" or, in identifiers of RCS, with slashes; "06 Jun 1998 16:26:11" (RFC 5322); "Jun 06 16:26:11" (strftime).
_STAMP = re.compile(rb"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) " + _MONTH + rb" (?: ?[1-9]|[123]\d) \Z")
_OTHER = re.compile(rb"(?:\d{4}[-/]\d\d[-/]\d\d|\d{1,2} [A-Z][a-z]{2} \d{4}|[A-Z][a-z]{2} {1,2}\d{1,2}) \Z")


def dates(data: bytes) -> tuple[str, ...]:
    """Return each __DATE__, __TIME__ and __TIMESTAMP__ in a file, be it part of a longer text, with single spaces."""
    found: set[bytes] = set()
    for date in _dates(data):
        found.add(date)
        if len(found) == _MAX_DATES:
            break
    return tuple(sorted({" ".join(date.decode().split()) for date in found}))


def _dates(data: bytes) -> Iterator[bytes]:
    for end in _YEAR.finditer(data):
        if head := _DATE.search(data, max(0, end.start() - 6), end.start()):
            yield head[0] + end[0]
    for end in _SECONDS.finditer(data):
        if head := _HOUR.search(data, max(0, end.start() - 2), end.start()):
            before, year = data[max(0, head.start() - 16):head.start()], _YEAR.match(data, end.end())
            if year and (stamp := _STAMP.search(before)):
                yield stamp[0] + head[0] + end[0] + year[0]
            elif not _OTHER.search(before):
                yield head[0] + end[0]

"""leaks.py: what of the build machine stands in a file."""
import hashlib
import io

import pytest
from crosspy.inspect import leaks


def test_a_large_file_is_searched_in_pieces(monkeypatch):
    monkeypatch.setattr(leaks, "PIECE", 64)
    monkeypatch.setattr(leaks, "OVERLAP", 32)
    patterns = leaks.patterns(["/srv/a", "/srv/b"])
    for before in range(150):
        data = b"." * before + b"/srv/ab /srv/a/x" + b"." * 70
        assert leaks.look(io.BytesIO(data), patterns)[:2] == (hashlib.sha256(data).hexdigest(), len(data))
        assert [row.rpartition(" ")[2] for row in leaks.look(io.BytesIO(data), patterns)[2]] == [str(before + 8)]


@pytest.mark.parametrize(("text", "found"), [
    ("built on Nov 22 2026 at 11:12:13", ("11:12:13", "Nov 22 2026")), ("v1 (Nov  2 2026, 01:12:13)", ("01:12:13", "Nov 2 2026")),
    ("Sun Nov 22 11:12:13 2026", ("Sun Nov 22 11:12:13 2026",)), ("Nov 22 2026 11:12:13", ("11:12:13", "Nov 22 2026")),
    ("e.g. 'Sat Jun 06 16:26:11 1998'.", ()), ("fts5: 2026-07-24 19:02:57 bf7c", ()), ("$Id: x.c,v 1.2 2026/06/06 09:59:40 tom Exp $", ()),
    ("Sun, 06 Nov 1994 08:49:37 GMT", ()), ("1994-11-06T08:49:37", ()), ("00:11:22:33:44:55", ()), ("01:02:03.004", ()), ("Copyright Nov 22, 2026", ()),
    ("Nov 22 20261", ()), ("1Nov 22 2026", ("Nov 22 2026",)), ("bNov 22 2026", ())])
def test_dates_of_a_build_are_told_from_those_of_a_text(text, found):
    assert leaks.dates(b"\0" + text.encode() + b"\0") == found


def test_many_dates_of_one_kind_hide_no_other():
    assert leaks.dates(b"00:00:00 " * 300 + b"Nov 22 2026") == ("00:00:00", "Nov 22 2026")
    assert len(leaks.dates(b" ".join(b"%02d:%02d:00" % (number // 60, number % 60) for number in range(600)))) == 100

"""SPDX licences: what is denied, what an expression leaves open, what is none."""
import pytest

from crosspy.cli import options
from crosspy.errors import UserError
from crosspy.licensing import spdx


@pytest.mark.parametrize("expression, denied", [
    ("GPL-3.0-or-later", ["GPL-3.0-or-later"]), ("GPL-3.0+", ["GPL-3.0-or-later"]), ("GPL-3.0-only", []), ("MIT", []),
    ("MIT OR GPL-3.0-or-later", []), ("MIT AND GPL-3.0-or-later", ["GPL-3.0-or-later"]),
    ("ISC AND (MIT OR GPL-3.0-or-later)", []), ("AGPL-3.0-only OR GPL-3.0-or-later", ["AGPL-3.0-only", "GPL-3.0-or-later"]),
    ("GPL-3.0-or-later WITH GCC-exception-3.1", []), ("LicenseRef-own", [])])
def test_an_or_leaves_another_way_and_an_and_does_not(expression, denied):
    assert spdx.denied(expression, spdx.deny("GPL-3.0-or-later,AGPL-3.0-only")) == denied


def test_a_licence_with_an_exception_can_be_denied_by_its_whole_name():
    whole = "GPL-3.0-or-later WITH GCC-exception-3.1"
    assert spdx.denied(whole, spdx.deny(whole)) == [whole]


@pytest.mark.parametrize("word, said", [("GPL-3.0-or-latr", "did you mean 'GPL-3.0-or-later'"), ("MIT OR ISC", "more than one"), ("(", "no SPDX licence"),
                                        ("GCC-exception-3.1", "no SPDX licence"), ("GPL", "no SPDX licence")])
def test_what_is_no_licence_is_refused_with_the_nearest(word, said):
    with pytest.raises(UserError, match="license_deny=") as caught:
        options.parse({"license_deny": f"MIT,{word}"})
    assert said in caught.value.what


def test_case_does_not_matter_and_a_comma_more_neither():
    assert spdx.deny("mit, gpl-3.0-or-later,") == {"MIT", "GPL-3.0-or-later"}


@pytest.mark.parametrize("word, names", [("GPL-3.0", "GPL-3.0-only,GPL-3.0-or-later"), ("LGPL-2.1", "LGPL-2.1-only,LGPL-2.1-or-later"),
                                         ("GPL-3.0+", "GPL-3.0-or-later"), ("StandardML-NJ", "SMLNJ"), ("Net-SNMP", "use identifiers")])
def test_an_identifier_that_spdx_has_given_up_is_refused_with_the_present_ones(word, names):
    with pytest.raises(UserError, match="not how SPDX calls it any more") as caught:
        options.parse({"license_deny": f"MIT,{word}"})
    assert names in caught.value.fix and word in caught.value.what


@pytest.mark.parametrize("value", [",", " ", " , "])
def test_a_gate_against_nothing_is_refused(value):
    with pytest.raises(UserError, match="it names no licence"):
        options.parse({"license_deny": value})


@pytest.mark.parametrize("written, stated", [
    ("mit OR Apache-2.0", "MIT OR Apache-2.0"), ("(MIT AND ISC) OR LicenseRef-own", "(MIT AND ISC) OR LicenseRef-own"), ("GPL-3.0+", "GPL-3.0-or-later"),
    ("GPL-3.0", ""), ("GPL", ""), ("LGPL", ""), ("LGPL-2.1 OR MIT", ""), ("GPL-2.0-with-classpath-exception", ""), ("BSD", ""), ("MIT License", ""), ("MIT\nlicense", ""), ("", ""),
    ("(" * 5000, "")])
def test_what_others_write_is_taken_where_it_says_which_licence_it_is(written, stated):
    assert spdx.stated(written) == stated


@pytest.mark.parametrize("expression, known", [("MIT AND Zlib", True), ("LicenseRef-x OR MIT", True), ("MTI", False), ("MIT AND", False)])
def test_an_expression_is_known_when_all_of_it_is(expression, known):
    assert spdx.known(expression) == known

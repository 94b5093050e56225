"""SPDX licences: what is denied, what an expression leaves open, what is none."""
import pytest

from crosspy import options, spdx
from crosspy.errors import UserError


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
                                        ("GCC-exception-3.1", "no SPDX licence")])
def test_what_is_no_licence_is_refused_with_the_nearest(word, said):
    with pytest.raises(UserError, match="license_deny=") as caught:
        options.parse({"license_deny": f"MIT,{word}"})
    assert said in caught.value.what


def test_other_ways_to_write_an_identifier_are_one():
    assert spdx.deny("mit, GPL-3.0+") == {"MIT", "GPL-3.0-or-later"}


@pytest.mark.parametrize("expression, known", [("MIT AND Zlib", True), ("LicenseRef-x OR MIT", True), ("MTI", False), ("MIT AND", False)])
def test_an_expression_is_known_when_all_of_it_is(expression, known):
    assert spdx.known(expression) == known

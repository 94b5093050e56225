"""pyconfig.h is written as config.status would, and a ledger survives its file."""
import pytest

from crosspy.configure.ledger import Answer, Ledger, from_json
from crosspy.configure.pyconfig import render
from crosspy.configure.tables import macros_of
from crosspy.errors import UserError

TEMPLATE = """\
/* pyconfig.h.in.  Generated from configure.ac by autoheader.  */


#ifndef Py_PYCONFIG_H

/* The size of `int', as computed by sizeof. #undef in a comment stays */
#undef SIZEOF_INT

/* Define if off. */
#undef HAVE_OFF
#undef signed

#undef PY_HASHES
#ifndef _GNU_SOURCE
# undef _GNU_SOURCE
#endif
#if defined AC_APPLE_UNIVERSAL_BUILD
# if defined __BIG_ENDIAN__
#  define WORDS_BIGENDIAN 1
# endif
#else
# ifndef WORDS_BIGENDIAN
#  undef WORDS_BIGENDIAN
# endif
#endif
#define STRICT_SYSV_CURSES /* Don't use ncurses extensions */
#endif
"""


def ledger(**values):
    return Ledger({name: Answer(value, "fact", "test") for name, value in values.items()}, {"LIBM": "-lm"})


def test_each_undef_becomes_a_define_or_a_comment_and_all_else_stays():
    text = render(TEMPLATE, ledger(SIZEOF_INT="4", HAVE_OFF=None, signed="", PY_HASHES='"md5,sha1"', _GNU_SOURCE="1", WORDS_BIGENDIAN="1"))
    assert text.startswith("/* pyconfig.h.  Generated from pyconfig.h.in by configure.  */\n")
    assert "\n#define SIZEOF_INT 4\n" in text and "\n/* #undef HAVE_OFF */\n" in text and "\n#define signed \n" in text
    assert '\n#define PY_HASHES "md5,sha1"\n' in text and "\n# define _GNU_SOURCE 1\n" in text
    assert "#  define WORDS_BIGENDIAN 1\n# endif\n#else\n# ifndef WORDS_BIGENDIAN\n#  define WORDS_BIGENDIAN 1\n" in text
    assert "#undef in a comment stays" in text and "#define STRICT_SYSV_CURSES /* Don't" in text


def test_an_indented_undef_stays_indented_inside_its_comment():
    text = render(TEMPLATE, ledger(SIZEOF_INT="4", HAVE_OFF=None, signed=None, PY_HASHES=None, _GNU_SOURCE=None, WORDS_BIGENDIAN=None))
    assert "\n/* #  undef WORDS_BIGENDIAN */\n" in text and "\n/* # undef _GNU_SOURCE */\n" in text


def test_a_macro_without_an_answer_is_named():
    with pytest.raises(UserError, match="HAVE_OFF, PY_HASHES.*classify it"):
        render(TEMPLATE, ledger(SIZEOF_INT="4", signed=None, _GNU_SOURCE="1", WORDS_BIGENDIAN=None))


def test_macros_are_listed_once_in_the_order_of_the_template():
    assert macros_of(TEMPLATE) == ["SIZEOF_INT", "HAVE_OFF", "signed", "PY_HASHES", "_GNU_SOURCE", "WORDS_BIGENDIAN"]


def test_a_ledger_survives_its_file_and_the_file_does_not_depend_on_order():
    one, two = ledger(A="1", B=None), ledger(B=None, A="1")
    assert from_json(one.to_json()) == one
    assert one.to_json() == two.to_json()


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"answers": {"A": {"value": 1, "source": "fact", "how": ""}}, "variables": {}}',
                                  '{"answers": {"A": {"value": "1", "source": "guess", "how": ""}}, "variables": {}}',
                                  '{"answers": {"A": 3}, "variables": {}}', '{"answers": {}, "variables": {"LIBM": null}}', "[" * 100000])
def test_a_damaged_ledger_is_one_message(text):
    with pytest.raises(UserError, match="damaged"):
        from_json(text)

"""The config.h.in of a library whose archive comes without: what autoheader makes of its configure.ac."""
from __future__ import annotations

from ..configure.autoconf import calls, words
from ..configure.questions import DEFAULT_HEADERS, upper


def template(text: str) -> str:
    """Return a config.h.in. text: configure.ac and the project's own m4 files, comments blanked out.

    Known are AC_DEFINE, AC_CHECK_HEADERS, AC_CHECK_FUNCS, AC_CHECK_SIZEOF, AC_C_BIGENDIAN and AH_BOTTOM, which libffi uses.
    """
    sentences: dict[str, str] = {}
    for call in calls(text, "AC_DEFINE", "AC_DEFINE_UNQUOTED", "AC_CHECK_HEADERS", "AC_CHECK_FUNCS", "AC_CHECK_SIZEOF"):
        if call.name.startswith("AC_DEFINE"):
            sentences.setdefault(call.arg(0), call.arg(2))
        elif call.name == "AC_CHECK_HEADERS":
            sentences |= {f"HAVE_{upper(name)}": f"Define to 1 if you have the <{name}> header file." for name in words(call.arg(0))}
        elif call.name == "AC_CHECK_FUNCS":
            sentences |= {f"HAVE_{upper(name)}": f"Define to 1 if you have the '{name}' function." for name in words(call.arg(0))}
        else:
            sentences[f"SIZEOF_{upper(call.arg(0))}"] = f"The size of '{call.arg(0)}', as computed by sizeof."
    # AC_INCLUDES_DEFAULT, which every check of a header or function needs, asks for these.
    sentences |= {f"HAVE_{upper(name)}": f"Define to 1 if you have the <{name}> header file." for name in DEFAULT_HEADERS}
    sentences["STDC_HEADERS"] = "Define to 1 if all of the C89 standard headers exist."
    if "AC_C_BIGENDIAN" in text:
        sentences["WORDS_BIGENDIAN"] = "Define to 1 if your processor stores words with the most significant byte first."
    bottom = [call.arg(0) for call in calls(text, "AH_BOTTOM")]
    return "\n".join([*(f"/* {sentence} */\n#undef {name}\n" for name, sentence in sorted(sentences.items())), *bottom]) + "\n"

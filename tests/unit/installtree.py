"""A made-up CPython tree of a few files, with all that layout and generated files read; no release is needed."""
from __future__ import annotations

from pathlib import Path

MAKEFILE = """\
# (@spam@ stays)
MODBUILT_NAMES=    _MODBUILT_NAMES_
MODSHARED_NAMES=   _MODSHARED_NAMES_
MODDISABLED_NAMES= _MODDISABLED_NAMES_
MODOBJS=           _MODOBJS_
MODLIBS=           _MODLIBS_
VERSION=	@VERSION@
srcdir=		@srcdir@
VPATH=		@srcdir@
abs_builddir=	@abs_builddir@
CC=		@CC@
SOABI=		@SOABI@
EXT_SUFFIX=	@EXT_SUFFIX@
LDSHARED=	@LDSHARED@ $(PY_LDFLAGS)
BLDSHARED=	@BLDSHARED@ -core
OPT=		@OPT@
PY_CFLAGS=	$(OPT) $(CFLAGS) $(EXTRA_CFLAGS)
PY_LDFLAGS=	@LDFLAGS@ $(LDFLAGS)
prefix=		@prefix@
exec_prefix=	@exec_prefix@
LIBDIR=		@libdir@
LIBPL=		@LIBPL@
LDLIBRARY=	@LDLIBRARY@
INSTSONAME=	@INSTSONAME@
LDVERSION=	@LDVERSION@
CONFIG_ARGS=	@CONFIG_ARGS@
SRCDIRS= 	@SRCDIRS@
LIBS=		@LIBS@
@MODULE_BLOCK@
# === Definitions added by makesetup ===
XMLLIBSUBDIRS=  xml
LIBSUBDIRS=	json \\
		idlelib \\
		absent \\
		site-packages \\
		$(XMLLIBSUBDIRS)
TESTSUBDIRS=	test \\
		test/data
	sed -e "s,@EXENAME@,$(EXENAME),"
"""

FILES = {
    "Makefile.pre.in": MAKEFILE,
    "configure.ac": 'SRCDIRS="\\\n  Modules \\\n  Python"\n# after PY_STDLIB_MOD()\n'
                    "PY_STDLIB_MOD_SIMPLE([time])\nPY_STDLIB_MOD([zlib], [], [yes], [$ZLIB_CFLAGS])\n"
                    "PY_STDLIB_MOD([array])\nPY_STDLIB_MOD([_testcapi], [tests])\n",
    "LICENSE": "free\n", "install-sh": "#!/bin/sh\n",
    "Lib/os.py": "import sys\n", "Lib/pydoc.py": "x = 1\n", "Lib/notes.txt": "no\n", "Lib/json/__init__.py": "y = 2\n",
    "Lib/json/old.pyc": "no", "Lib/json/old.py.orig": "no", "Lib/json/old.py~": "no", "Lib/json/.hidden": "no",
    "Lib/json/data.txt": "data\n", "Lib/unlisted/x.py": "no\n", "Lib/idlelib/__init__.py": "z = 3\n",
    "Lib/site-packages/README.txt": "packages\n", "Lib/xml/__init__.py": "", "Lib/test/__init__.py": "",
    "Lib/test/badsyntax_x.py": "def :\n", "Lib/test/data/d.bin": "d",
    "Include/Python.h": "/* */\n", "Include/cpython/code.h": "", "Include/internal/pycore.h": "", "Include/README": "no",
    "Include/internal/mimalloc/mimalloc.h": "", "Include/internal/mimalloc/mimalloc/atomic.h": "",
    "Misc/python.man": "man\n", "Misc/python.pc.in": "prefix=@prefix@\nLibs: @LIBS@\n", "Misc/python-embed.pc.in": "x\n",
    "Misc/python-config.sh.in": 'L="$(VERSION) @LIBS@"\n', "Misc/python-config.in": "#!@EXENAME@\n",
    "Tools/scripts/idle3": "#!/usr/bin/env python3\nidle\n", "Tools/scripts/pydoc3": "#!/usr/bin/env python3\npydoc\n",
    "Modules/makesetup": "#!/bin/sh\n", "Modules/Setup": "# comment\nDESTLIB=$(LIBDEST)\n",
    "Modules/Setup.bootstrap.in": "*static*\ntime timemodule.c\n",
    "Modules/Setup.stdlib.in": "*@MODULE_BUILDTYPE@*\n@MODULE_ARRAY_TRUE@array arraymodule.c\n"
                               "@MODULE_ZLIB_TRUE@zlib zlibmodule.c\n*shared*\n@MODULE__TESTCAPI_TRUE@_testcapi _t.c\n",
    "Modules/config.c.in": "/* -- ADDMODULE MARKER 1 -- */\nt[] = {\n/* -- ADDMODULE MARKER 2 -- */\n};\n",
    "Python/thread_pthread.h": "",
}


def make_tree(folder: Path) -> Path:
    for name, text in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    (folder / "Lib/json/__init__.py").chmod(0o755)
    return folder

"""What each @NAME@ of Makefile.pre.in, python.pc.in and python-config.sh.in stands for in an installed CPython.

The installed Makefile is not for building here: sysconfig, pip and cross-building tools read it. So it says what
configure would say on a neutral machine that has unpacked the release in /usr/src/Python-<release> and builds in that
folder (srcdir=.). Nothing of the machine that really builds appears: no path, no name, no time. Left empty or plain
besides: BOLT and profile flags (no such build exists here), INSTALL and MKDIR_P (no path of a program), and
BUILD_GNU_TYPE, which says what HOST_GNU_TYPE says.
"""
from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ..configure import autoconf
from ..errors import UserError

# Empty on every Linux build without framework, dtrace, BOLT, JIT, app store, git checkout and PGO.
_EMPTY = """ABIFLAGS ABI_THREAD APP_STORE_COMPLIANCE_PATCH BOLT_APPLY_FLAGS BOLT_INSTRUMENT_FLAGS BUILDEXEEXT CFLAGS CPPFLAGS
CONFIGURE_MACOSX_DEPLOYMENT_TARGET DFLAGS DLLLIBRARY DSYMUTIL DSYMUTIL_PATH DTRACE DTRACE_HEADERS DTRACE_OBJS EXEEXT
EXPORTSFROM EXPORTSYMS FRAMEWORKALTINSTALLFIRST FRAMEWORKALTINSTALLLAST FRAMEWORKINSTALLFIRST FRAMEWORKINSTALLLAST
FRAMEWORKPYTHONW FRAMEWORKUNIXTOOLSPREFIX GITBRANCH GITTAG GITVERSION HOSTRUNNER IPHONEOS_DEPLOYMENT_TARGET JIT_STENCILS_H
LDFLAGS LDFLAGS_NODIST LDFLAGS_NOLTO LDLIBRARYDIR LIBPYTHON LIPO_32BIT_FLAGS LIPO_INTEL64_FLAGS LLVM_BOLT LLVM_PROF_FILE
MERGE_FDATA PGO_PROF_GEN_FLAG PGO_PROF_USE_FLAG PREBOLT_RULE PYTHONFRAMEWORK PYTHONFRAMEWORKINSTALLDIR
PYTHONFRAMEWORKINSTALLNAMEPREFIX PYTHONFRAMEWORKPREFIX REGEN_JIT_COMMAND RESSRCDIR RUNSHARED UNIVERSALSDK
WHEEL_PKG_DIR""".split()

# The same in every build; the values are configure's own (configure.ac, AC_SUBST of each name).
_FIXED = {
    "ARFLAGS": "rcs", "BASECPPFLAGS": "-IObjects -IInclude -IPython",
    "BINLIBDEST": "$(LIBDIR)/python$(VERSION)$(ABI_THREAD)", "BLDSHARED": "$(CC) -shared",
    "BOLT_BINARIES": "$(BUILDPYTHON)", "CCSHARED": "-fPIC", "DEF_MAKE_ALL_RULE": "build_all", "DEF_MAKE_RULE": "all",
    "DLINCLDIR": ".", "ENSUREPIP": "no", "EXPORT_MACOSX_DEPLOYMENT_TARGET": "#",
    "FREEZE_MODULE": "$(PYTHON_FOR_FREEZE) $(srcdir)/Programs/_freeze_module.py",
    "FREEZE_MODULE_BOOTSTRAP": "./Programs/_freeze_module", "FREEZE_MODULE_BOOTSTRAP_DEPS": "Programs/_freeze_module",
    "FREEZE_MODULE_DEPS": "_bootstrap_python $(srcdir)/Programs/_freeze_module.py",
    "INSTALL": "install -c", "INSTALLTARGETS": "commoninstall bininstall maninstall", "INSTALL_DATA": "${INSTALL} -m 644",
    "INSTALL_MIMALLOC": "yes", "INSTALL_PROGRAM": "${INSTALL}", "INSTALL_SCRIPT": "${INSTALL}",
    "LDCXXSHARED": "$(CXX) -shared", "LDSHARED": "$(CC) -shared", "LDVERSION": "$(VERSION)$(ABIFLAGS)",
    "LIBEXPAT_CFLAGS": "-I$(srcdir)/Modules/expat", "LIBEXPAT_INTERNAL": "$(LIBEXPAT_HEADERS) $(LIBEXPAT_A)",
    "LIBMPDEC_INTERNAL": "$(LIBMPDEC_HEADERS) $(LIBMPDEC_A)", "LIBRARY": "libpython$(VERSION)$(ABIFLAGS).a",
    "LINKCC": "$(PURIFY) $(CC)", "LLVM_PROF_ERR": "no", "LLVM_PROF_MERGER": "true", "LN": "ln", "MACHDEP": "linux",
    "MKDIR_P": "mkdir -p", "MODULE_DEPS_SHARED": "$(MODULE_DEPS_STATIC) $(EXPORTSYMS)", "PLATLIBDIR": "lib",
    "PROFILE_TASK": "-m test --pgo --timeout=$(TESTTIMEOUT)", "PYTHONFRAMEWORKDIR": "no-framework",
    "PYTHON_FOR_BUILD": "./$(BUILDPYTHON) -E", "PYTHON_FOR_BUILD_DEPS": "$(BUILDPYTHON)",
    "PYTHON_FOR_FREEZE": "./_bootstrap_python", "SHLIB_SUFFIX": ".so", "srcdir": ".", "exec_prefix": "${prefix}",
    "bindir": "${exec_prefix}/bin", "datarootdir": "${prefix}/share", "includedir": "${prefix}/include",
    "libdir": "${exec_prefix}/lib", "mandir": "${datarootdir}/man"}

# What the target's compiler and libc decide: configure's usual answer, which `answers` replaces.
_ANSWERED = {
    "BASECFLAGS": " -fno-strict-overflow -Wsign-compare", "CFLAGS_ALIASING": "",
    "CFLAGS_NODIST": " -std=c11 -Wextra -Wno-unused-parameter -Wno-missing-field-initializers -Wstrict-prototypes"
                     " -Werror=implicit-function-declaration -fvisibility=hidden",
    "DYNLOADFILE": "dynload_shlib.o", "GNULD": "yes", "LIBC": "", "LIBM": "-lm", "LIBOBJS": "", "LIBS": "",
    "LINKFORSHARED": "-Xlinker -export-dynamic", "MACHDEP_OBJS": "", "MODULE__CTYPES_MALLOC_CLOSURE": "",
    "NO_AS_NEEDED": "-Wl,--no-as-needed", "PERF_TRAMPOLINE_OBJ": "", "PLATFORM_HEADERS": "", "PLATFORM_OBJS": "",
    "SHLIBS": "$(LIBS)", "TZPATH": "/usr/share/zoneinfo:/usr/lib/zoneinfo:/usr/share/lib/zoneinfo:/etc/zoneinfo"}


# config.sub, "Decode basic machines"; every other machine of ours is ``unknown``
_VENDORS = {"pc": "x86_64|i.86", "ibm": "s390x?"}


@dataclass(frozen=True)
class Build:
    """What is installed. triple: ``arch-os-libc[abi]``.  cc, cxx, ar, readelf: names, never paths, as a device or a
    cross distribution has them.  opt: OPT of the installed Makefile.  answers: @NAME@ -> value, from the ledger.
    """

    release: str
    triple: str
    multiarch: str
    cc: str
    cxx: str
    ar: str
    readelf: str
    prefix: str = "/usr"
    libpython: str = "static"
    static_library: bool = True
    tests: bool = False
    opt: str = "-DNDEBUG -g -O3 -Wall"
    answers: Mapping[str, str] = field(default_factory=dict)

    @property
    def series(self) -> str:
        return ".".join(self.release.split(".")[:2])

    @property
    def gnu_type(self) -> str:
        """The triple as config.sub writes it, with a vendor."""
        arch, rest = self.triple.split("-", 1)
        return f"{arch}-{next((vendor for vendor, machines in _VENDORS.items() if re.fullmatch(machines, arch)), 'unknown')}-{rest}"


def tool_names(triple: str) -> dict[str, str]:
    """Return the names of a cross compiler's programs, as distributions install them (``aarch64-linux-gnu-gcc``)."""
    return {key: f"{triple}-{tool}" for key, tool in
            (("cc", "gcc"), ("cxx", "g++"), ("ar", "ar"), ("readelf", "readelf"))}


def substitutions(tree: Path, build: Build, modules: Iterable) -> dict[str, str]:
    """Return the value of every @NAME@ but the MODULE_X_TRUE. modules: crosspy.upstream.modules.Module, the whole plan."""
    modules, arch = list(modules), build.triple.split("-")[0]
    configure = (tree / "configure.ac").read_text("utf-8")
    folders = re.search(r'^SRCDIRS="([^"]*)"', configure, re.M)
    soabi = f"cpython-{build.series.replace('.', '')}" + (f"-{build.multiarch}" if build.multiarch else "")
    source = f"/usr/src/Python-{build.release}"
    mpdec = next((module for module in modules if module.name == "_decimal"), None)
    headers = sorted(path.name for path in (tree / "Python").glob("thread_*.h"))
    return {
        **dict.fromkeys(_EMPTY, ""), **_FIXED, **_ANSWERED, **_libpython(build),
        "AR": build.ar, "CC": build.cc, "CXX": build.cxx, "READELF": build.readelf, "OPT": build.opt,
        "VERSION": build.series, "prefix": build.prefix, "abs_srcdir": source, "abs_builddir": source,
        "CONFIG_ARGS": _config_args(build), "build": build.gnu_type, "host": build.gnu_type,
        "MULTIARCH": build.multiarch, "SOABI": soabi, "EXT_SUFFIX": f".{soabi}.so",
        "MULTIARCH_CPPFLAGS": rf'-DMULTIARCH=\"{build.multiarch}\"' if build.multiarch else "",
        "LIBPL": f"$(prefix)/lib/python{build.series}/config-$(VERSION)$(ABIFLAGS)"
                 + (f"-{build.multiarch}" if build.multiarch else ""),
        "LIBMPDEC_CFLAGS": " ".join(neutral(mpdec.cflags, tree)) if mpdec else "",
        # configure.ac:740-785: every ARM is "arm" there
        "_PYTHON_HOST_PLATFORM": f"linux-{'arm' if arch.startswith('arm') else arch}",
        "PYTHON_FOR_REGEN": f"python{build.series}", "TEST_MODULES": "yes" if build.tests else "no",
        "SRCDIRS": folders.group(1).replace("\\\n", "") if folders else "",
        "THREADHEADERS": "".join(f" $(srcdir)/Python/{name}" for name in headers),
        "MODULE_BUILDTYPE": "shared" if any(module.kind == "shared" for module in modules) else "static",
        "MODULE_BLOCK": module_block(configure, modules, tree),
        **{name: value for name, value in build.answers.items() if name in _ANSWERED},
    }


def _config_args(build: Build) -> str:
    """The arguments that would give this build on the neutral machine."""
    words = [f"--prefix={build.prefix}", f"--host={build.triple}", "--without-ensurepip"]
    words += ["--enable-shared"] if build.libpython == "shared" else []
    words += [] if build.static_library else ["--without-static-libpython"]
    words += [] if build.tests else ["--disable-test-modules"]
    return "".join(f" '{word}'" for word in words)


def _libpython(build: Build) -> dict[str, str]:
    """configure.ac:1379-1410, 1519-1575 (Linux) and 1670-1691."""
    shared, static = build.libpython == "shared", build.static_library
    tail = "$(PY3LIBRARY) $(EXPORTSYMS)"
    values = {"PY_ENABLE_SHARED": "0", "STATIC_LIBPYTHON": "1" if static else "0", "BLDLIBRARY": "$(LDLIBRARY)",
              "LDLIBRARY": "libpython$(VERSION)$(ABIFLAGS).a", "INSTSONAME": "$(LDLIBRARY)", "PY3LIBRARY": "",
              "CFLAGSFORSHARED": "", "LIBRARY_DEPS": f"$(LIBRARY) {tail}", "LINK_PYTHON_OBJS": "$(LIBRARY_OBJS)",
              "LINK_PYTHON_DEPS": "$(LIBRARY_DEPS)" if static else f"{tail} $(LIBRARY_OBJS)"}
    if shared:
        library = "libpython$(LDVERSION).so"
        values |= {"PY_ENABLE_SHARED": "1", "LDLIBRARY": library, "BLDLIBRARY": "-L. -lpython$(LDVERSION)",
                   "INSTSONAME": f"{library}.1.0", "PY3LIBRARY": "libpython3.so", "CFLAGSFORSHARED": "$(CCSHARED)",
                   "LIBRARY_DEPS": f"{'$(LIBRARY) ' if static else ''}$(LDLIBRARY) {tail}",
                   "LINK_PYTHON_OBJS": "$(BLDLIBRARY)", "LINK_PYTHON_DEPS": "$(LIBRARY_DEPS)"}
    return values


def neutral(words: Iterable[str], tree: Path) -> list[str]:
    """Return flags without the build machine: the tree's folder becomes $(srcdir), other absolute -I and -L go."""
    told = [word.replace(str(tree), "$(srcdir)") for word in words]
    return [word for word in told if not re.match(r"-[IL]/|/", word)]


def module_block(configure: str, modules: Iterable, tree: Path) -> str:
    """Return MODULE_X_STATE, _CFLAGS and _LDFLAGS of every module, in the order of configure.ac's PY_STDLIB_MOD calls.

    configure: the text of configure.ac.  Raises UserError for a module that the plan does not know.
    """
    known = {module.name: module for module in modules}
    lines = []
    for call in autoconf.calls(autoconf.strip_comments(configure), "PY_STDLIB_MOD", "PY_STDLIB_MOD_SIMPLE"):
        name = call.arg(0)
        if not name or name.startswith("$"):  # a comment names the macro, its definition has $1
            continue
        if name not in known:
            raise UserError(f"configure.ac:{call.line}", f"the plan of modules says nothing about {name}",
                            "classify it in cpython/modules.toml")
        module, upper = known[name], name.upper()
        if module.kind == "absent":
            lines.append(f"MODULE_{upper}_STATE={module.state}")
            continue
        lines.append(f"MODULE_{upper}_STATE=yes")
        for kind, words in (("CFLAGS", module.cflags), ("LDFLAGS", (*module.libs, *getattr(module, "archives", ())))):
            told = neutral(words, tree)
            lines += [f"MODULE_{upper}_{kind}={' '.join(told)}"] if told else []
    return "".join(f"{line}\n" for line in lines)

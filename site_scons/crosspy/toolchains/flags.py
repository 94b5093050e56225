"""Compile and link flags of each role, and the values of upstream's make variables, each from its one source."""
from __future__ import annotations

import time
from collections.abc import Mapping

from ..cli.options import Options
from ..variants.variant import Variant
from . import hardening
from .toolchain import Toolchain

OPTIMIZE = {"speed": ("-O3",), "size": ("-Os", "-ffunction-sections", "-fdata-sections"), "debug": ("-O0",)}
# BASECFLAGS, OPT and CFLAGS_NODIST of configure.ac ("Optimization and debugging flags"), without the warnings: a
# release is not ours to correct. A tree that people edit gets upstream's own set.
LANGUAGE = ("-std=c11", "-fno-strict-overflow", "-fvisibility=hidden", "-Werror=implicit-function-declaration")
QUIET = ("-w",)
UPSTREAM_WARNINGS = ("-Wall", "-Wextra", "-Wsign-compare", "-Wstrict-prototypes", "-Wno-unused-parameter",
                     "-Wno-missing-field-initializers")
ROLES = {"core": ("-DPy_BUILD_CORE",), "builtin": ("-DPy_BUILD_CORE_BUILTIN",), "module": ()}
# One program needs no unwind tables: nothing throws through C (-8 % of its code), and no debugger is on the device.
MINIMAL = ("-fno-asynchronous-unwind-tables", "-fno-unwind-tables")
# LLVM's machine outliner: -10 % of code on aarch64; a target without it ignores the word (a warning, which -w silences).
OUTLINED = {"zig": ("-moutline",), "clang": ("-moutline",), "gcc": ()}
PACKED = ("--pack-dyn-relocs=relr",)  # a static program relocates itself: musl's start code knows DT_RELR since 1.2.4
LINK = ("-Wl,-z,noexecstack", "-Wl,--build-id=sha1")


def probing(variant: Variant, options: Options) -> tuple[str, ...]:
    """Flags of every probe: the optimisation of the build, since zig has one libc per mode."""
    return (*OPTIMIZE[options.optimize], "-std=c11", *variant.flags.compile, *_position(variant, options, "core"))


def compiling(variant: Variant, options: Options, toolchain: Toolchain, role: str, editable: bool, debug: bool) -> tuple[str, ...]:
    """Flags of one role (``core``, ``builtin``, ``module``), without includes and path maps. debug: with -g."""
    return (*OPTIMIZE[options.optimize], *LANGUAGE, *(UPSTREAM_WARNINGS if editable else QUIET),
            *(() if options.optimize == "debug" else ("-DNDEBUG",)),
            "-g" if debug else "-g0",
            *_position(variant, options, role), *ROLES[role], *hardening.compiling(variant, options, toolchain), *variant.flags.compile,
            *((*MINIMAL, *OUTLINED[toolchain.kind]) if options.profile == "minimal" else ()))


def embedding(variant: Variant, options: Options, toolchain: Toolchain) -> tuple[str, ...]:
    """Flags of C and C++ sources that are not CPython's, but are linked with it: their language and warnings are their owner's."""
    return (*OPTIMIZE[options.optimize], "-g0", *_position(variant, options, "core"), *hardening.compiling(variant, options, toolchain),
            *variant.flags.compile)


def library(variant: Variant, options: Options, toolchain: Toolchain) -> tuple[str, ...]:
    """Flags of every compile of a third-party library: one static library serves programs, libpython and shared modules.

    -O2 is what these libraries are tested with; where more would count they have assembler.
    """
    speed = OPTIMIZE[options.optimize] if options.optimize != "speed" else ("-O2", "-ffunction-sections", "-fdata-sections")
    return (*speed, "-fPIC", "-fvisibility=hidden", *QUIET, *(() if options.optimize == "debug" else ("-DNDEBUG",)),
            "-g" if options.debuginfo == "split" else "-g0", *hardening.compiling(variant, options, toolchain), *variant.flags.compile,
            *((*MINIMAL, *OUTLINED[toolchain.kind]) if options.profile == "minimal" else ()))


def _position(variant: Variant, options: Options, role: str) -> tuple[str, ...]:
    # A static libpython goes into a position-independent program; one in a shared library binds its own symbols.
    if role == "module" and not variant.static:
        return ("-fPIC",)
    if options.libpython == "shared":
        return ("-fPIC", "-fno-semantic-interposition")
    return ("-fPIE",) if hardening.position_independent(variant, options) else ("-fno-PIE",)


def linking(variant: Variant, options: Options, toolchain: Toolchain, kind: str) -> tuple[str, ...]:
    """Flags of a link; kind is ``program`` or ``shared``."""
    # -g: zig's linker strips whatever is optimised for size unless it is told not to.
    strip = ("-g",) if options.debuginfo == "split" or options.profile == "minimal" and toolchain.kind != "zig" else ("-s",)
    collect = ("-Wl,--gc-sections",) if options.optimize == "size" else ()
    shape = hardening.program(variant, options, toolchain) if kind == "program" else ("-shared",)
    export = ("-Wl,--export-dynamic",) if kind == "program" and not variant.static and options.profile == "full" else ()
    return (*shape, *export, *hardening.linking(variant, options, toolchain), *LINK, *collect, *strip, *variant.flags.link)


def make_values(variables: Mapping[str, str], *, prefix: str, series: str, multiarch: str) -> dict[str, str]:
    """Return the values of make's and configure's variables that object lists and rules use.

    variables: the ledger's.  What it does not answer is Linux's constant (configure.ac, MACHDEP and DYNLOADFILE).
    """
    soabi = f"cpython-{series.replace('.', '')}-{multiarch}"
    constants = {
        "DYNLOADFILE": "dynload_shlib.o", "LIBOBJS": "", "MACHDEP_OBJS": "", "DTRACE_OBJS": "", "PLATFORM_OBJS": "",
        "PERF_TRAMPOLINE_OBJ": "", "CFLAGS_ALIASING": "", "MACHDEP": "linux", "DLINCLDIR": ".", "PLATLIBDIR": "lib",
        "SHLIB_SUFFIX": ".so"}
    given = {
        "MODOBJS": "", "ABIFLAGS": "", "PYTHONFRAMEWORK": "", "PYTHONPATH": "", "VPATH": "",
        "prefix": prefix, "exec_prefix": prefix, "VERSION": series, "LDVERSION": series, "SOABI": soabi,
        "EXT_SUFFIX": f".{soabi}.so", "MULTIARCH": multiarch, "MULTIARCH_CPPFLAGS": f'-DMULTIARCH=\\"{multiarch}\\"',
        "PY_STDMODULE_CFLAGS": "", "CCSHARED": ""}
    return {**constants, **variables, **given}


def build_date(epoch: int) -> str:
    """Return the -D words for Modules/getbuildinfo.c, from a time in seconds: zig refuses ``__DATE__``, rightly."""
    moment = time.gmtime(epoch)
    return (f"-DDATE='\"{time.strftime('%b', moment)} {moment.tm_mday:2d} {moment.tm_year}\"' "
            f"-DTIME='\"{time.strftime('%H:%M:%S', moment)}\"'")

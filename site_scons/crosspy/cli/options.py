"""The command line: every argument of `scons`, its values, its check, and its part in the build folder's name."""
from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields

from ..deps import choice
from ..errors import UserError, nearest
from ..inspect import searchpath
from ..sizing import budget
from ..toolchains import toolchain
from . import commands


@dataclass(frozen=True)
class Options:
    """All arguments, checked. Empty strings mean: not given. Folders are as typed; the caller resolves them."""

    target: str
    python: str
    toolchain: str
    profile: str
    app: str
    path: tuple[str, ...]
    include: tuple[str, ...]
    exclude: tuple[str, ...]
    trace: bool
    sysroot: str
    glibc: str
    source: str
    bootstrap: str
    prefix: str
    libpython: str
    optimize: str
    hardening: bool
    debuginfo: str
    modules: str
    enable: frozenset[str]
    disable: frozenset[str]
    deps: str
    ssl_certs: str
    ssl_bundle: str
    license_deny: tuple[str, ...]
    bytecode: str
    tests: bool
    downloads: str
    build_dir: str
    variants: str
    flash: str
    module: str
    file: str
    rootfs: str
    only: str
    timeout: str
    macro: str
    probe: str
    verbose: int


@dataclass(frozen=True)
class Argument:
    """One argument: default and allowed values (first is the default; none means free text), and its help line.

    objects: whether it changes compiled objects, and so names the build folder.  check: raises UserError.
    command: the aliases that alone read it, with spaces between them.
    """

    values: tuple[str, ...]
    help: str
    objects: bool = False
    free: bool = False
    check: Callable[[str], object] = lambda value: None
    convert: Callable[[str], object] = str
    command: str = ""


def _names(value: str) -> frozenset[str]:
    return frozenset(filter(None, (word.strip() for word in value.split(","))))


def _words(value: str) -> tuple[str, ...]:
    return tuple(filter(None, (word.strip() for word in value.split(","))))


def _absolute(name: str, value: str) -> None:
    if not re.fullmatch(r"(/[\w.+-]+)+", value) or {".", ".."} & set(value.split("/")):
        raise UserError(f"{name}={value}", "it is not an absolute path of letters, digits and . _ + -",
                        f"use a path on the device, as in {name}={ARGUMENTS[name].values[0]}")


def _licences(value: str) -> None:
    from ..licensing import spdx   # only here: it reads SPDX's whole list
    spdx.deny(value)


def _bundle(value: str) -> None:
    from ..apps import certificates  # and with it ssl, which takes longer than all checks
    certificates.check(value)


def _version(value: str) -> None:
    if not re.fullmatch(r"\d+\.\d+(\.\d+\w*)?", value):
        raise UserError(f"python={value}", "it is no version", "use a series (3.13) or a release (3.13.15)")


def _seconds(value: str) -> None:
    if not re.fullmatch(r"[1-9]\d{0,5}", value):
        raise UserError(f"timeout={value}", "it is no number of seconds", "use a whole number above 0, as in timeout=900")


def _glibc(value: str) -> None:
    if not re.fullmatch(r"2\.\d{1,3}", value):
        raise UserError(f"glibc={value}", "it is no version of glibc", "use one like glibc=2.28")


ARGUMENTS: dict[str, Argument] = {
    "target": Argument(("",), "variant, short name, comma list, pattern (aarch64-*) or all", free=True),
    "python": Argument(("3.13",), "series (newest release at hand) or exact release", free=True, check=_version),
    "toolchain": Argument(("zig",), "zig, gcc[:PREFIX], clang[:PATH] or sdk:PATH", objects=True, free=True, check=toolchain.parse),
    "sysroot": Argument(("",), "the folder of the target's headers and libraries, for gcc and clang", objects=True, free=True),
    "glibc": Argument(("",), "the oldest glibc that a device may have, where the toolchain can lower it (zig)", objects=True, free=True,
                      check=_glibc),
    "profile": Argument(("full", "minimal"), "full: library in files; minimal: one program, the library frozen into it", objects=True),
    "app": Argument(("",), "a .py file or a package: builds one program of it (implies profile=minimal)", free=True),
    "path": Argument(("",), "folders of pure-Python modules that the application may import", free=True, convert=_words),
    "include": Argument(("",), "modules to take in beside those that the application imports", free=True, convert=_words),
    "exclude": Argument(("",), "modules to leave out of the application", free=True, convert=_words),
    "trace": Argument(("no", "yes"), "run the application, and add what it imports by other names than its source states",
                      convert=lambda value: value == "yes"),
    "source": Argument(("",), "a CPython source tree or archive, instead of a release", objects=True, free=True),
    "bootstrap": Argument(("",), "an interpreter of exactly the same release, instead of building one", free=True),
    "prefix": Argument(("/usr",), "where Python lies on the device", objects=True, free=True,
                       check=lambda value: _absolute("prefix", value)),
    "libpython": Argument(("static", "shared"), "libpython3.13.a alone, or libpython3.13.so.1.0 too", objects=True),
    "optimize": Argument(("speed", "size", "debug"), "-O3, -Os or -O0", objects=True),
    "hardening": Argument(("yes", "no"), "no: without stack protector, FORTIFY, PIE, RELRO and the like", objects=True,
                          convert=lambda value: value == "yes"),
    "debuginfo": Argument(("no", "split"), "split: debug files by build-id under debug/", objects=True),
    "modules": Argument(("auto", "builtin", "shared"), "how extension modules are built", objects=True),
    "enable": Argument(("",), "extension modules that must be there", free=True, convert=_names),
    "disable": Argument(("",), "extension modules or packages (ssl, _decimal) to leave out", objects=True, free=True,
                        convert=_names),
    "deps": Argument(("source",), "third-party libraries: source, sysroot or none, with exceptions (source,openssl:sysroot)", objects=True,
                     free=True, check=choice.parse),
    "ssl_certs": Argument(("/etc/ssl",), "the folder on the device with cert.pem or certs/", objects=True, free=True,
                          check=lambda value: _absolute("ssl_certs", value)),
    "ssl_bundle": Argument(("",), "a PEM file of certificates that the application trusts, frozen into it", free=True, check=_bundle),
    "license_deny": Argument(("",), "SPDX licences that must not be linked (GPL-3.0-or-later)", free=True, check=_licences,
                             convert=_words),
    "bytecode": Argument(("unchecked", "checked", "none", "only"), "kind of .pyc files (PEP 552)"),
    "tests": Argument(("no", "yes"), "CPython's test package and test modules", objects=True,
                      convert=lambda value: value == "yes"),
    "downloads": Argument(("downloads",), "folder of archives", free=True),
    "build_dir": Argument(("build",), "folder of everything that is built", free=True),
    "variants": Argument(("",), "a folder of variants of your own, beside the project's", free=True),
    "flash": Argument(("",), "a budget for what goes to the device (3500K, 4M): over it the build fails", free=True, check=budget.parse),
    "module": Argument(("",), "a module of a program: what brought it in, what it costs", free=True, command="explain"),
    "file": Argument(("",), "a file or folder to inspect; or OLD,NEW: two manifest.json or sizes.json to compare", free=True,
                     command="size-diff inspect"),
    "macro": Argument(("",), "one macro of pyconfig.h: its question and the compiler's words", free=True, command="probes"),
    "probe": Argument(("batch", "single"), "single: ask every question alone and compare", command="probes"),
    "rootfs": Argument(("",), "a root file system of the device, to resolve libraries and symbols in", free=True, check=searchpath.check,
                       command="inspect"),
    "only": Argument(("",), "test files to run (test_os,test_int), instead of all", free=True, command="conformance"),
    "timeout": Argument(("",), "seconds that one test file may take; three times as many under qemu", free=True, check=_seconds, command="conformance"),
    "verbose": Argument(("0", "1"), "1 shows whole commands", convert=int),
}


def parse(given: Mapping[str, str]) -> Options:
    """Check a command line's ``name=value`` arguments. Raises UserError for the first one that is wrong."""
    values = {}
    given = implied(given)
    for name in given:
        if name not in ARGUMENTS:
            hint = nearest(name, ARGUMENTS)
            raise UserError(f"{name}={given[name]}", "there is no such argument" + (f"; {hint}?" if hint else ""),
                            f"use one of {', '.join(sorted(ARGUMENTS))}")
    for name, argument in ARGUMENTS.items():
        value = given.get(name, argument.values[0])
        if not argument.free and value not in argument.values:
            hint = nearest(value, argument.values)
            raise UserError(f"{name}={value}", "no such value" + (f"; {hint}?" if hint else ""),
                            f"use one of {', '.join(argument.values)}")
        if name in given and not value and name != "target":
            raise UserError(f"{name}=", "the value is empty", f"give one, or leave {name}= out")
        if value:
            argument.check(value)
        values[name] = argument.convert(value)
    for name in ("path", "trace", "ssl_bundle"):
        if values[name] and not given.get("app"):
            raise UserError(f"{name}={given[name]}", "it is for an application", f"add app=FILE, or leave {name}= out")
    return Options(**{item.name: values[item.name] for item in fields(Options)})


# What one small program has no use for, and what it is optimised for where nothing else is said.
MINIMAL = {"libpython": "static", "modules": "auto", "bytecode": "unchecked", "tests": "no", "debuginfo": "no"}
SMALL = {"optimize": "size"}


def implied(given: Mapping[str, str]) -> dict[str, str]:
    """Add what ``app=`` and ``profile=minimal`` imply. Raises UserError for an argument that they leave no room for."""
    given = dict(given)
    if given.get("app"):
        if given.setdefault("profile", "minimal") != "minimal":
            raise UserError(f"profile={given['profile']}", f"app={given['app']} becomes one small program", "leave profile= out")
    if given.get("profile") == "minimal":
        for name, only in MINIMAL.items():
            if given.get(name, only) != only:
                raise UserError(f"{name}={given[name]}", "profile=minimal, which app= implies, makes one static program without files",
                                f"leave {name}= out")
        given = {**SMALL, **given}
    return given


# What only says where something is, or what is shown.
PLACES = ("target", "downloads", "build_dir", "variants", "source", "bootstrap", "app", "path", "include", "exclude", "trace", "ssl_bundle", "flash", "file",
          "module", "macro", "probe", "rootfs", "only", "timeout", "sysroot", "verbose", "license_deny")


def deciding(options: Options) -> dict:
    """Return the options that decide what is built, ready for JSON: not those that only say where, or what is shown.

    Where a compiler and its sysroot lie is not told either: the toolchain's digest says what they are.
    """
    told = {name: sorted(value) if isinstance(value, frozenset) else value for name, value in vars(options).items() if name not in PLACES}
    return {**told, "toolchain": options.toolchain.partition(":")[0]}


def flavour(given: Mapping[str, str], release: str, newest: str) -> str:
    """Return the suffix of the build folder's name: the arguments that change objects and are not the default.

    release: the exact version in use; it is part of the name when it is not the newest pinned one of its series.
    """
    parts = []
    given = implied(given)
    small = SMALL if given.get("profile") == "minimal" else {}
    for name, argument in ARGUMENTS.items():
        value = given.get(name, argument.values[0])
        if argument.objects and value != small.get(name, argument.values[0]):
            text = ",".join(sorted(_names(value))) if argument.convert is _names else value
            if not re.fullmatch(r"[\w.]{1,24}", text):
                text = hashlib.sha256(text.encode()).hexdigest()[:8]
            parts.append(f"{name}-{text}")
    if release != newest and "source" not in given:
        parts.append(f"python-{release}")
    return "".join(f"+{part}" for part in sorted(parts))


def help_text(variants: Mapping[str, object]) -> str:
    """Return what `scons -h` prints of our own: arguments, variants and three examples."""
    lines = ["usage: scons target=NAME [argument=value ...] [alias]", "", "arguments:"]
    for name, argument in ARGUMENTS.items():
        default = "|".join(filter(None, argument.values))
        lines.append(f"  {name:<14}{argument.help}" + (f"  [{default}]" if default else ""))
    lines += ["", "aliases:", *(f"  {name:<14}{command.help}" for name, command in commands.COMMANDS.items()), "", "variants:"]
    for name, variant in sorted(variants.items()):
        short = ", ".join(variant.short)
        lines.append(f"  {name:<24}{variant.summary}" + (f"  ({short})" if short else ""))
    lines += ["", "examples:", "  scons target=aarch64", "  scons target=arm toolchain=gcc libpython=shared",
              "  scons run target=x86_64-linux-musl app=examples/hello.py -- there"]
    return "\n".join(lines)

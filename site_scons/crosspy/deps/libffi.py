"""How libffi is built: the files and the target's name of configure.host, its two headers, and its configuration."""
from __future__ import annotations

import re
from collections.abc import Mapping

from ..configure.autoconf import calls, strip_comments
from ..configure.questions import Question
from ..errors import UserError
from ..variants.variant import Variant
from . import autoheader, automake, configheader, facts, shellcase
from .recipe import Recipe, Site, Unit

FACTS = {"conditions": facts.CONDITIONS, "hosts": facts.NAMED, "config": facts.NAMED, "targets": {"*": facts.NAMED}, "assembler": facts.NAMED,
         "questions": facts.NAMED}
# Unwinding passes through a call, as for a thread that ends within a callback; configure.ac adds the flag, too.
FLAGS = ("-fexceptions", "-I{folder}/generated", "-I{folder}/generated/include", "-I{tree}/include", "-I{tree}/src")


def plan(site: Site) -> Recipe:
    """Return the recipe. Raises UserError for a machine that libffi does not know."""
    table = facts.table("libffi")
    text = strip_comments(facts.read(site.tree, "configure.ac"))
    host = triple(site.variant, table["hosts"])
    chosen = shellcase.variables(facts.read(site.tree, "configure.host"),
                                 {"host": host, "ac_cv_sizeof_size_t": str(site.variant.machine.bits // 8)})
    if not chosen.get("SOURCES"):
        raise UserError("libffi", f"configure.host has no sources for {host}", "use deps=source,libffi:none")
    config = configuration(site, table, text, host, chosen)
    made = automake.variables(site.tree / "Makefile.am", facts.conditions(table["conditions"]))
    sources = [*made["libffi_la_SOURCES"], *(f"src/{chosen['TARGETDIR']}/{name}" for name in chosen["SOURCES"].split())]
    units = tuple(Unit(re.sub(r"\.[cS]$", ".o", source.removeprefix("src/")), source) for source in sources)
    texts = {"generated/fficonfig.h": config, "generated/include/ffi.h": public(site, text, config, chosen),
             "generated/include/ffitarget.h": facts.read(site.tree, f"src/{chosen['TARGETDIR']}/ffitarget.h")}
    return Recipe(units, {"libffi.a": tuple(unit.object for unit in units)}, texts, include=("{folder}/generated/include",), flags=FLAGS)


def triple(variant: Variant, hosts: Mapping[str, str]) -> str:
    """Return what config.sub would call the target: the scripts' patterns match on machine and system. Raises UserError."""
    if variant.machine.elf not in hosts:
        raise UserError("libffi", f"no name of {variant.machine.elf} is known", "add it to [hosts] of deps/libffi/dep.toml")
    return f"{hosts[variant.machine.elf]}-unknown-{variant.triple.split('-', 1)[1]}"


def trampolines(text: str, host: str) -> bool:
    """Tell whether configure.ac gives a host static trampolines, which need no memory that is writable and executable."""
    clause = re.search(r"([^;]*)\)\s*AC_DEFINE\(FFI_EXEC_STATIC_TRAMP\b[^;]*;;\s*esac", text)
    if not clause:
        raise UserError("libffi", "configure.ac has no case for FFI_EXEC_STATIC_TRAMP any more", "look up what upstream does now")
    return shellcase.matches(host, clause[1].replace("\\\n", " "))


def configuration(site: Site, table: Mapping, text: str, host: str, chosen: Mapping[str, str]) -> str:
    """Return the text of fficonfig.h. text: configure.ac.  chosen: configure.host's variables."""
    variant = chosen.get("HAVE_LONG_DOUBLE_VARIANT", "")
    stated = {**table["config"], **table["targets"].get(chosen["TARGET"], {}), "HAVE_LONG_DOUBLE_VARIANT": variant,
              "FFI_EXEC_STATIC_TRAMP": "1" if trampolines(text, host) else ""}
    if variant or chosen.get("HAVE_LONG_DOUBLE"):
        stated["HAVE_LONG_DOUBLE"] = ""  # then configure.ac does not compare the sizes
    template = autoheader.template(text + strip_comments(facts.read(site.tree, "m4/asmcfi.m4")))
    own = [Question("compile", macro, macro, "", 0, code, whole=True) for macro, code in table["questions"].items()]
    lines = table["assembler"].get(chosen["TARGET"])
    return configheader.header(site, template, stated, own=own) + (f"#ifdef LIBFFI_ASM\n{lines}\n#endif\n" if lines else "")


def public(site: Site, text: str, config: str, chosen: Mapping[str, str]) -> str:
    """Return the text of ffi.h, from ffi.h.in. Raises UserError for a name between ``@`` that is not known."""
    version = calls(text, "AC_INIT")[0].arg(1)
    found = chosen.get("HAVE_LONG_DOUBLE_VARIANT") or "define HAVE_LONG_DOUBLE 1" in config
    larger = chosen.get("HAVE_LONG_DOUBLE") or ("1" if found else "0")
    major, minor, micro = (int(re.match(r"\d+", part)[0]) for part in version.split(".")[:3])
    values = {"VERSION": version, "TARGET": chosen["TARGET"], "HAVE_LONG_DOUBLE": larger, "FFI_EXEC_TRAMPOLINE_TABLE": "0",
              "FFI_VERSION_STRING": version, "FFI_VERSION_NUMBER": str(major * 10000 + minor * 100 + micro)}
    template = facts.read(site.tree, "include/ffi.h.in")
    if unknown := sorted(set(re.findall(r"@(\w+)@", template)) - values.keys()):
        raise UserError("libffi", f"nothing answers {', '.join(unknown)} of ffi.h.in", "add it to crosspy/deps/libffi.py")
    return re.sub(r"@(\w+)@", lambda found: values[found[1]], template)

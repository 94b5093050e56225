"""profile=minimal: the parts from which one program is linked: the core, and what each extension module brings.

Which modules a program takes is decided by its closure (crosspy/apps/application.py); here is what they consist of. Left out of the
core is what holds frozen code (Python/frozen.c, Modules/getpath.c) and the table of built-in modules: each program has its
own.
"""
from __future__ import annotations

from collections.abc import Collection

from ..upstream import coreplan

# Options of configure that one small program does without (cpython/probes.toml, [option]).
WITHOUT = {"doc_strings": "no", "mimalloc": "no"}
# Variables of configure's: binascii has a CRC-32 of its own, and whoever needs base64 does not need zlib for it.
VARIABLES = {"BINASCII_CFLAGS": "", "BINASCII_LIBS": ""}


def graph(core: coreplan.CorePlan, referred: Collection[str], libs: str, link: str) -> dict:
    """Return the units of everything that a program may be linked from, and which of them belong to what.

    referred: modules whose code the core calls, so that they are always linked (Modules/Setup.bootstrap); what nobody calls, the linker
    leaves out.  libs: -l words of the core alone.  link: the command of the link, without outputs and inputs.
    """
    body = [unit for unit in core.core("LIBRARY_OBJS") if not unit.frozen and not unit.source.startswith("generated/")]
    units, modules = dict.fromkeys(body), {}
    for module in core.modules:
        if module.kind == "builtin":
            own = core.units_of(module)
            units.update(dict.fromkeys(own))
            if module.name in referred:
                body += own
            modules[module.name] = {"objects": [unit.object for unit in own], "libs": list(module.libs)}
    return {"units": coreplan.rows(units), "links": [], "split": False, "core": [unit.object for unit in body], "parts": modules,
            "libs": libs, "link": link}

"""Parts of a variant that have a form of their own: waivers, and lines."""
from __future__ import annotations

import re
from dataclasses import dataclass

from elftools.elf.enums import ENUM_E_MACHINE

from ..errors import UserError, nearest
from ..sizing import budget

MACHINES = [name for name in ENUM_E_MACHINE if name.startswith("EM_")]
FEATURES = ("pie", "relro", "bind-now", "separate-code", "stack-protector", "fortify", "machine", "properties")   # that hardening.py makes flags of


@dataclass(frozen=True)
class Waiver:
    """Findings that may stay. rule: its id. file: a pattern of paths below root/. reason: why."""

    rule: str
    file: str
    reason: str


def unfit(variant) -> list[str]:
    """Return what is wrong with such lines of a variant.Variant."""
    found = [f"elf.attributes: {row!r} is not NAME=PATTERN or NAME<=LIMIT" for row in variant.elf.attributes if not re.fullmatch(r"[^=]+=.+", row)]
    found += [f"flags.unhardened: {row!r} is not 'FEATURE: REASON'" for row in variant.flags.unhardened
              if not re.fullmatch(r"[\w-]+: \S.*", row)]
    found += [f"flags.unhardened: {name!r} is not one of {', '.join(FEATURES)}" + (f"; {hint}?" if (hint := nearest(name, FEATURES)) else "")
              for row in variant.flags.unhardened if (name := row.partition(":")[0]) not in FEATURES and ": " in row]
    found += [f"waivers: {one.rule!r} for {one.file!r} has no reason" for one in variant.waivers if not one.reason.strip()]
    if variant.machine.elf not in MACHINES:
        hint = nearest(variant.machine.elf, MACHINES)
        found.append(f"machine.elf: {variant.machine.elf!r} is no e_machine of elf.h" + (f" ({hint})" if hint else ""))
    if variant.flash:
        try:
            budget.parse(variant.flash)
        except UserError:
            found.append(f"flash: {variant.flash!r} is not a size such as '4M'")
    return found + [f"elf.{name}: {value} is negative" for name in ("flags", "flags_mask", "linked_mask", "page", "size_limit")
                    if (value := getattr(variant.elf, name)) < 0]


def left_out(variant, tool) -> str:
    """Say which words of a variant an SDK's compiler (a toolchain.Toolchain) does not get: the SDK has its own. Empty where it gets all."""
    words = getattr(variant.flags, tool.kind) if tool.origin else ()
    return f"the SDK's own flags name the CPU; left out: {' '.join(words)}" if words else ""

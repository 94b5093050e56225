"""The flash budget: over it a build fails, with the ten largest causes and what leaving each out would save.

    python -m crosspy.sizing.budget SIZES --flash BYTES --output FILE
"""
from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path

from ..errors import UserError

UNITS = {"": 1, "K": 10**3, "M": 10**6}   # as everywhere in this project: decimal


def parse(text: str) -> int:
    """Return a budget such as ``3500K`` or ``4M`` in bytes. Raises UserError for what is none."""
    found = re.fullmatch(r"([0-9]{1,12}(?:\.[0-9]{1,6})?)([KM]?)", text)
    if not found or not (size := int(float(found[1]) * UNITS[found[2]] + 0.5)):
        raise UserError(f"flash={text}", "it is no size", "use one like 3500K or 4M: K is 1000 bytes, M a million")
    return size


def wanted(argument: str, variant) -> int:
    """Return the budget of a variant's build in bytes, 0 without one: the argument's, or else the variant's own."""
    return parse(argument or variant.flash) if argument or variant.flash else 0


def judge(sizes: Mapping, flash: int) -> str:
    """Return why a build (the content of its sizes.json) does not fit into a budget in bytes; an empty string if it does."""
    from . import report, savings   # only where a build is judged, not while a command line is read
    total = sizes["total"]
    if total <= flash:
        return ""
    rows = savings.causes(report.flat(sizes["tree"]), sizes["saves"])
    lines = [f"flash: {sizes['of']} has {total} bytes, {total - flash} more than the budget of {flash}. The largest causes:"]
    for row in rows:
        saves = f"{row['saves']:>10} by {row['how']}" if row["how"] else "         –"
        lines.append(f"{row['bytes']:>10}  {row['cause']:<32} saves {saves}")
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> None:
    """Compare a sizes.json with a budget; exit status 1 and a table on stderr when it is over."""
    parser = argparse.ArgumentParser(prog="crosspy.sizing.budget", description=main.__doc__)
    parser.add_argument("sizes", type=Path)
    parser.add_argument("--flash", type=int, required=True, help="bytes")
    parser.add_argument("--output", type=Path, required=True)
    given = parser.parse_args(arguments)
    sizes = json.loads(given.sizes.read_text("utf-8"))
    if problem := judge(sizes, given.flash):
        sys.exit(problem)
    from . import report
    line = f"{sizes['of']}: {sizes['total']} of {given.flash} bytes, {given.flash - sizes['total']} left\n"
    report.write(given.output, line)
    print(f"flash: {line}", end="")


if __name__ == "__main__":
    main()

"""A kernel of Debian's for another machine, to boot an image in qemu: fetched as a package, unpacked, never installed.

    python -m crosspy.firmware.kernel ARCHITECTURE PACKAGE --output FILE

ARCHITECTURE is Debian's name (arm64), PACKAGE one that depends on the newest kernel (linux-image-cloud-arm64). apt-get works with private
state for that architecture, as an ordinary user; dpkg's own list of architectures stays as it is.
"""
from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from ..acquire import debian
from ..acquire.fetch import Unavailable
from ..errors import UserError


def settings(architecture: str) -> str:
    """Return the settings with which apt works for one foreign architecture alone (apt.conf(5))."""
    return f'APT::Architecture "{architecture}";\n#clear APT::Architectures;\nAPT::Architectures {{ "{architecture}"; }};\n'


def newest(told: str, package: str) -> str:
    """Return the package on which another one depends, from what ``apt-cache depends`` prints: the kernel itself."""
    found = re.findall(r"^\s+Depends: (linux-image-\S+)", told, re.MULTILINE)
    return found[0] if found else package


def fetch(architecture: str, package: str, output: Path) -> str:
    """Put the kernel's image into a file. Returns the package it came from. Raises UserError where it cannot be had."""
    where = f"kernel {package} ({architecture})"
    for tool, owner in (("apt-get", "apt"), ("dpkg-deb", "dpkg")):
        if not shutil.which(tool):
            raise UserError(where, f"there is no {tool} here", f"install Debian's {owner}, or name a kernel of your own")
    output.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".crosspy-kernel-", dir=output.parent) as scratch:
        work = Path(scratch)
        try:
            entries = debian.archives(debian.entries_here(), debian.origins_here())
            if not entries:
                raise Unavailable("this machine's apt configuration names no Debian archive")
            suite = next(suite for suite in entries[0].suites if not suite.endswith(("-updates", "-security", "-backports")))
            private = debian.workplace(work, debian.sources_list(entries[0], suite, "deb"), settings(architecture))
            debian.apt(["apt-get", *private, "-qq", "update"], work)
            name = newest(debian.apt(["apt-cache", *private, "depends", "--important", package], work), package)
            debian.apt(["apt-get", *private, "-qq", "download", name], work)
        except Unavailable as error:
            raise UserError(where, str(error), "try again where the archive can be reached, or name a kernel of your own") from None
        archive = next(work.glob(f"{name}_*.deb"))
        subprocess.run(["dpkg-deb", "-x", str(archive), str(work / "unpacked")], check=True)
        image = next(iter((work / "unpacked" / "boot").glob("vmlinuz-*")), None)
        if image is None:
            raise UserError(where, f"{archive.name} has no boot/vmlinuz-*", "name the package of a kernel")
        image.chmod(0o644)
        os.replace(image, output)
        return archive.name


def main(arguments: list[str] | None = None) -> None:
    """Fetch one kernel."""
    parser = argparse.ArgumentParser(prog="crosspy.firmware.kernel", description=main.__doc__)
    parser.add_argument("architecture")
    parser.add_argument("package")
    parser.add_argument("--output", type=Path, required=True)
    given = parser.parse_args(arguments)
    print(f"{given.output}: {fetch(given.architecture, given.package, given.output)}")


if __name__ == "__main__":
    try:
        main()
    except UserError as error:
        sys.exit(str(error))

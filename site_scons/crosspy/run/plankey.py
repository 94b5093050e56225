"""What a plan rests on, as one digest: facts, options, toolchain, release, places, and the rules of ours that make it."""
from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict
from functools import cache
from pathlib import Path

from ..cli.options import deciding
from ..root import installed
from ..upstream import publicapi, upstream

READ_FROM_TREE = ("configure.ac", "Makefile.pre.in", "pyconfig.h.in", "Include/patchlevel.h", "Modules/Setup",
                  "Modules/Setup.stdlib.in", "Modules/Setup.bootstrap.in", "Modules/config.c.in", "Misc/python.pc.in",
                  "Misc/python-embed.pc.in", "Misc/stable_abi.toml", "Misc/python-config.sh.in", "Misc/python-config.in", "Modules/makesetup")


@cache
def rules(project: Path) -> bytes:
    """Return the digest of everything of ours that plans are made with. It is read once, for all targets of a run."""
    digest = hashlib.sha256()
    for folder, pattern in (("site_scons/crosspy", "**/*.py"), ("cpython", "*.toml"), ("cpython/device", "*.py")):
        for path in sorted((project / folder).glob(pattern)):
            digest.update(path.read_bytes())
    return digest.digest()


def of(job, project: Path) -> str:
    """Return the digest of all that a plan rests on. job: stages.Job; project: our own checkout."""
    digest = hashlib.sha256()
    rows = [asdict(job.variant), deciding(job.options), bool(job.options.bootstrap), job.toolchain.digest, job.toolchain.cc,
            job.release.digest, job.release.version, job.folder, job.frozen, job.tree, job.bootstrap, job.interpreter,
            os.getcwd(), os.path.relpath(project), installed.private_folders(job), dict(job.deps), job.links,
            {name: one.key for name, one in job.found.items()}]
    digest.update(json.dumps(rows, sort_keys=True).encode())
    digest.update(rules(project))
    if job.release.editable:
        for name in READ_FROM_TREE:
            digest.update(upstream.read(job.release.tree, name).encode())
        if job.variant.static and not job.bootstrap:   # staticdl's table
            digest.update(json.dumps(publicapi.declared(job.release.tree)).encode())
    return digest.hexdigest()

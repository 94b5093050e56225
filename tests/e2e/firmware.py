"""A firmware repository with this project as a real submodule, made by the commands of docs/firmware.md."""
from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from checkout import LONGEST, REPOSITORY, Run, copied, missing, need, zig_copied

DOCUMENT = (REPOSITORY / "docs" / "firmware.md").read_text("utf-8")
TRACKED = ("SConstruct", "README.md", "LICENSE", ".gitignore", "requirements.txt", "site_scons", "cpython", "variants", "deps", "examples",
           "integrations", "docs")
KERNELS = {"gateway": "linux-arm64", "node": "linux-armhf"}
EMULATORS = {"gateway": "qemu-system-aarch64", "node": "qemu-system-arm"}


def commands(block: int) -> list[str]:
    """Return the lines of one of the document's blocks of commands, the first is 0."""
    return re.findall(r"^```sh\n(.*?)^```", DOCUMENT, re.M | re.S)[block].splitlines()


class Firmware:
    """The repository. folder: it.  said: command -> its output, of those that were run."""

    def __init__(self, place: Path):
        need("git", "git")
        self.origin, self.place, self.said = place / "cpython-scons.git", place / "a place", dict[str, str]()
        self.env = {**{name: value for name, value in os.environ.items() if name != "SCONSFLAGS"},
                    "PATH": f"{os.path.dirname(sys.executable)}:{os.environ['PATH']}", "CPYTHON_SCONS": str(self.origin),
                    "GIT_CONFIG_COUNT": "3", "GIT_CONFIG_KEY_0": "protocol.file.allow", "GIT_CONFIG_VALUE_0": "always",
                    "GIT_CONFIG_KEY_1": "user.name", "GIT_CONFIG_VALUE_1": "Firmware", "GIT_CONFIG_KEY_2": "user.email",
                    "GIT_CONFIG_VALUE_2": "firmware@example.org", "GIT_ALLOW_PROTOCOL": "file", "PIP_NO_INDEX": "1"}
        self._publish()
        self.place.mkdir()
        self.folder = self.place
        self.submodule = "third_party/cpython-scons"

    def _publish(self) -> None:
        """Make a repository of this checkout as it is, for `git submodule add`."""
        self.origin.mkdir()
        for name in TRACKED:
            if (REPOSITORY / name).is_dir():
                shutil.copytree(REPOSITORY / name, self.origin / name, ignore=shutil.ignore_patterns("__pycache__", "build", ".sconsign*"))
            elif (REPOSITORY / name).exists():
                shutil.copy2(REPOSITORY / name, self.origin / name)
        for words in (("init", "-q"), ("add", "-A"), ("commit", "-q", "-m", "as it is")):
            subprocess.run(["git", *words], cwd=self.origin, env=self.env, check=True)

    def say(self, line: str) -> str:
        """Run one line of the document; `cd` counts for the lines that follow."""
        if line.startswith("cd "):
            self.folder = self.folder / line[3:]
            self._fill()
            return ""
        done = subprocess.run(["bash", "-ec", line], cwd=self.folder, env=self.env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, errors="replace", timeout=LONGEST)
        self.said[line] = done.stdout
        assert done.returncode == 0, f"{line}\n{done.stdout[-4000:]}"
        return done.stdout

    def _fill(self) -> None:
        """What this machine has already is not fetched, unpacked and compiled again: archive, kernels, source tree, zig's libcs."""
        build, own = self.folder / "build", REPOSITORY / "build"
        copied(REPOSITORY / "downloads", build / "downloads", linked=True)
        if (own / "sources").exists():
            copied(own / "sources", build / "sources", linked=True)
        zig_copied(own / "zig-cache", build / "zig-cache")

    def kernel(self, board: str) -> None:
        """Make sure that booting is possible here, or end the test with what is missing."""
        need(EMULATORS[board], "qemu-system-arm")
        here, kept = self.folder / "build/downloads" / KERNELS[board] / "vmlinuz", REPOSITORY / "downloads" / KERNELS[board] / "vmlinuz"
        if not here.exists():
            need("apt-get", "apt")
            words = self.scons("boot", f"board={board}", "--dry-run").out
            architecture, package = re.search(r"crosspy\.firmware\.kernel (\S+) (\S+)", words).groups()
            done = subprocess.run([sys.executable, "-m", "crosspy.firmware.kernel", architecture, package, "--output", str(kept)], capture_output=True,
                                  text=True, env={**self.env, "PYTHONPATH": str(REPOSITORY / "site_scons"), "PYTHONDONTWRITEBYTECODE": "1"})
            if done.returncode:
                missing(f"Debian's kernel cannot be fetched here: {done.stderr.strip()}")
            here.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(kept, here)

    def scons(self, *words: str, check: bool = True) -> Run:
        done = subprocess.run([sys.executable, "-m", "SCons", *words], cwd=self.folder, env=self.env, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, errors="replace", timeout=LONGEST)
        if check and done.returncode:
            pytest.fail(f"scons {' '.join(words)}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}", pytrace=False)
        return Run(done.returncode, done.stdout, done.stderr, 0)

    def git(self, *words: str) -> str:
        return subprocess.run(["git", *words], cwd=self.folder, env=self.env, check=True, capture_output=True, text=True).stdout

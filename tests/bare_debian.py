"""The proof that README's first command is all the set-up there is: it is run in a minimal Debian, by an ordinary user.

    python3 tests/bare_debian.py [--suite bookworm] [--quick] [--keep]

It needs root, mmdebstrap, git and unshare. The root folder gets a Debian with python3-venv, git, ca-certificates and
nothing else; in it a user clones the project (as it stands in the work tree, with what is not committed yet) and runs
the command with an almost empty environment. Then the outputs are checked. --quick: with optimize=debug, which asks for the same
tools in half the time. All mounts live in a namespace of their
own, so that they end with the process that made them, however it ends.
"""
from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(PROJECT / "site_scons"))

from crosspy.acquire import debian  # noqa: E402  (needs the path above)

PACKAGES = "python3-venv,git,ca-certificates"
USER, UID = "builder", 1000
HOME, CLONE = f"/home/{USER}", f"/home/{USER}/cpython-scons"
BUNDLE = "/srv/cpython-scons.bundle"
CERTIFICATES = "etc/ssl/certs/ca-certificates.crt"
# What tells the clients of this machine (pip, apt) how to reach the network; all that a user would have besides.
CLIENT = re.compile(r"PIP_(?!REQUIREMENT|TARGET|PREFIX|USER)\w+|(?:https?|all|no)_proxy", re.I)
APT = re.compile(r"Acquire::(Check-Valid-Until|Check-Date|https?::(Proxy|CaInfo).*)")
FORBIDDEN = ("cc", "gcc", "clang", "c99", "ld", "as", "ar", "make", "gmake", "cmake", "ninja", "autoconf", "python3.13")
SYSROOT = "/usr/aarch64-linux-gnu"
WITH_LIBRARIES = ("_bz2", "_ctypes", "_curses", "_curses_panel", "_hashlib", "_lzma", "_sqlite3", "_ssl", "_uuid", "readline", "zlib")
USE = """
import bz2, ctypes, curses.panel, hashlib, lzma, readline, sqlite3, ssl, uuid, zlib
assert ssl.create_default_context().verify_mode == ssl.CERT_REQUIRED and hashlib.new("sha3_256").digest_size == 32
assert ctypes.CDLL(None).abs(-3) == 3 and sqlite3.connect(":memory:").execute("select json('[1]')").fetchone() == ("[1]",)
print(ssl.OPENSSL_VERSION, "SQLite", sqlite3.sqlite_version)
"""
EM_AARCH64 = 183
DOWNLOAD_SECONDS, BUILD_SECONDS = 900, 3600


class Failed(Exception):
    """Something is not as it must be; the text says what."""


def command(part: str, readme: Path = PROJECT / "README.md") -> str:
    """Return the line of README's first code block that ends with `part`, literally."""
    block = re.search(r"^```\w*\n(.*?)^```", readme.read_text("utf-8"), re.M | re.S)
    lines = [line for line in (block[1] if block else "").splitlines() if line.endswith(f"&& {part}")]
    if len(lines) != 1:
        raise Failed(f"README.md: its first block has {len(lines)} lines that end with '&& {part}', not one")
    return lines[0]


def sources(suite: str) -> str:
    """Return a list of sources, in the deb822 format, with the Debian archive of this machine's own apt configuration."""
    entries = []
    for path in [Path("/etc/apt/sources.list"), *sorted(Path("/etc/apt/sources.list.d").glob("*"))]:
        if path.is_file() and path.suffix in (".list", ".sources"):
            parse = debian.parse_deb822 if path.suffix == ".sources" else debian.parse_one_line
            entries += parse(path.read_text("utf-8", "replace"))
    found = debian.archives(entries, {})
    if not found:
        raise Failed("this machine's apt configuration names no Debian archive")
    return debian.sources_list(found[0], suite).replace("Types: deb-src", "Types: deb", 1)


def apt_options() -> list[str]:
    """Return the settings by which this machine's apt reaches its archive: proxies, and trust in old lists of packages."""
    listed = subprocess.run(["apt-config", "dump", "--format", "%F\t%v%n", "Acquire"], check=True, capture_output=True, text=True)
    rows = (line.partition("\t") for line in listed.stdout.splitlines())
    return [f'--aptopt={name} "{value}"' for name, _, value in rows if value and APT.fullmatch(name)]


def snapshot(project: Path, bundle: Path) -> None:
    """Write a git bundle of the work tree: what git knows and what it does not ignore, as one commit."""
    git = ("git", "-c", "safe.directory=*", "-c", "user.name=bare Debian", "-c", "user.email=bare@debian.invalid")
    listed = subprocess.run([*git, "ls-files", "-coz", "--exclude-standard"], cwd=project, check=True, capture_output=True)
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "copy"
        for name in filter(None, os.fsdecode(listed.stdout).split("\0")):
            if os.path.lexists(project / name):
                (copy / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(project / name, copy / name, follow_symlinks=False)
        for words in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-qm", "The work tree"],
                      ["bundle", "create", "-q", str(bundle), "HEAD", "main"]):
            subprocess.run([*git, *words], cwd=copy, check=True, stdout=subprocess.DEVNULL)


def debootstrap(root: Path, suite: str) -> None:
    """Make the minimal Debian, with a user, the project's bundle and this machine's way to the network."""
    subprocess.run(["unshare", "--mount", "mmdebstrap", "--variant=minbase", f"--include={PACKAGES}", "--quiet", *apt_options(),
                    suite, str(root), "-"], input=sources(suite), text=True, check=True,
                   timeout=DOWNLOAD_SECONDS)
    subprocess.run(["chroot", str(root), "useradd", "--create-home", "--uid", str(UID), "--shell", "/bin/sh", USER], check=True)
    for name in ("etc/resolv.conf", "etc/hosts", "etc/pip.conf", CERTIFICATES):
        if os.path.exists(f"/{name}"):
            shutil.copyfile(f"/{name}", root / name)
    snapshot(PROJECT, root / BUNDLE[1:])
    os.chmod(root / BUNDLE[1:], 0o644)


def as_user(root: Path, script: str, seconds: int = BUILD_SECONDS) -> str:
    """Run a shell script as the user inside the root; show its output and return it. Raises Failed by its status."""
    passed = [f"{name}={value}" for name, value in sorted(os.environ.items()) if CLIENT.fullmatch(name)]
    words = ["unshare", "--mount", "--pid", "--fork", "--kill-child", f"--mount-proc={root}/proc", "chroot", str(root),
             "setpriv", f"--reuid={UID}", f"--regid={UID}", "--clear-groups", "env", "-i", f"HOME={HOME}", "PATH=/usr/bin:/bin",
             *passed, "timeout", str(seconds), "sh", "-c", script]
    said = []
    with subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          errors="replace") as process:
        try:
            for line in process.stdout:
                print("  |", line.rstrip(), flush=True)
                said.append(line)
        finally:
            if sys.exc_info()[0]:
                process.kill()
    if process.returncode:
        raise Failed(f"{script!r} ended with status {process.returncode}")
    return "".join(said)


def check_bare(root: Path) -> None:
    """Refuse a root that holds a compiler, make or a Python of the series: the proof would prove nothing."""
    found = [name for name in FORBIDDEN for folder in ("usr/bin", "usr/local/bin") if os.path.lexists(root / folder / name)]
    if found:
        raise Failed(f"the root is not bare, it has {', '.join(found)}")


def check_outputs(root: Path, flavour: str = "") -> str:
    """Check what the build left; return one line about it. flavour: what its folder's name has behind the target's."""
    clone, build = root / CLONE[1:], root / CLONE[1:] / "build" / f"aarch64-linux-gnu{flavour}"
    head = (build / "root/usr/bin/python3.13").read_bytes()[:20]
    if head[:4] != b"\x7fELF" or head[4:6] != b"\2\1" or struct.unpack("<H", head[18:20]) != (EM_AARCH64,):
        raise Failed(f"python3.13 is no 64-bit little-endian ELF file for aarch64: {head.hex()}")
    findings = json.loads((build / "inspect.json").read_text("utf-8"))["findings"]
    if findings:
        raise Failed(f"inspection has {len(findings)} findings: {findings[:3]}")
    manifest = json.loads((build / "manifest.json").read_text("utf-8"))
    missing = [path for path in manifest["files"] if not os.path.lexists(build / path)]
    if missing or "root/usr/bin/python3.13" not in manifest["files"]:
        raise Failed(f"manifest.json names files that are not there: {missing[:3]}")
    made = [str(path.relative_to(clone)) for name in ("config.status", "config.log", "Makefile")
            for path in (clone / "build/sources").glob(f"Python-*/{name}")]
    if made:
        raise Failed(f"configure or make has been at work: {', '.join(made)}")
    absent = [row["name"] for row in manifest["modules"] if row["name"] in WITH_LIBRARIES and row["kind"] == "absent"]
    if absent:
        raise Failed(f"modules that need a third-party library are absent: {', '.join(absent)}")
    told = use_libraries(build / "root/usr/bin/python3.13")
    size = sum(row["bytes"] for row in manifest["sizes"].values())
    return f"CPython {manifest['release']['version']}, {len(manifest['files'])} files, {size / 1e6:.1f} MB{told}"


def use_libraries(python: Path) -> str:
    """Use TLS, foreign functions and a database on the result, where this machine has qemu-user; return what they say."""
    qemu = shutil.which("qemu-aarch64-static")
    if not qemu or not Path(SYSROOT).is_dir():
        return ""
    done = subprocess.run([qemu, "-L", SYSROOT, str(python), "-B", "-c", USE], capture_output=True, text=True)
    if done.returncode:
        raise Failed(f"a module with a third-party library fails: {done.stderr[-500:]}")
    return f", {done.stdout.strip()}"


def check_traces(root: Path) -> None:
    """Refuse anything that the command wrote outside of the clone, but pip's cache and shell files of useradd."""
    home = {path.name for path in (root / HOME[1:]).iterdir()} - {"cpython-scons", ".cache", ".bashrc", ".bash_logout", ".profile"}
    cache = {path.name for path in (root / HOME[1:] / ".cache").glob("*")} - {"pip"}
    rest = {f"/{top}/{path.name}" for top in ("tmp", "var/tmp") for path in (root / top).iterdir()}
    if home or cache or rest:
        raise Failed(f"left outside of the clone: {', '.join(sorted(home | cache | rest))}")


def prove(root: Path, suite: str, quick: bool, say: Callable[[str], None]) -> None:
    """Make the root, run the command twice, check. quick: with one argument more. Raises Failed."""
    def timed(what: str, action: Callable[[], object]) -> object:
        start = time.monotonic()
        result = action()
        say(f"{what}: {time.monotonic() - start:.1f} s" + (f" ({result})" if isinstance(result, str) and "\n" not in result and result else ""))
        return result

    more, flavour = (" optimize=debug", "+optimize-debug") if quick else ("", "")
    first = command("scons target=aarch64") + more
    timed(f"mmdebstrap {suite} with {PACKAGES}", lambda: debootstrap(root, suite))
    check_bare(root)
    timed("git clone", lambda: as_user(root, f"git clone -q {BUNDLE} {CLONE} 2>&1"))
    say(f"$ {first}")
    timed("README's first command", lambda: as_user(root, f"cd {CLONE} && {first}"))
    timed("its outputs", lambda: check_outputs(root, flavour))
    again = str(timed("once more", lambda: as_user(root, f"cd {CLONE} && . .venv/bin/activate && scons target=aarch64{more}")))
    if "is up to date" not in again or "CC " in again:
        raise Failed("the second run is not up to date")
    changed = as_user(root, f"cd {CLONE} && git status --porcelain").strip()
    if changed:
        raise Failed(f"the work tree of the clone is not clean: {changed}")
    check_traces(root)
    check_bare(root)


def main(arguments: list[str] | None = None) -> int:
    """Run the proof and return an exit status."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--suite", default="bookworm", help="the Debian release of the root")
    parser.add_argument("--quick", action="store_true", help="with optimize=debug")
    parser.add_argument("--keep", action="store_true", help="leave the root where it is")
    given = parser.parse_args(arguments)
    lacking = [tool for tool in ("mmdebstrap", "git", "unshare", "chroot") if not shutil.which(tool)]
    if os.geteuid() or lacking:
        print(f"bare_debian: it needs root{' and ' + ', '.join(lacking) if lacking else ''}", file=sys.stderr)
        return 2
    top = Path(tempfile.mkdtemp(prefix="bare-debian-"))
    os.chmod(top, 0o755)  # for apt's own user, and for the user inside
    start = time.monotonic()
    try:
        prove(top / "root", given.suite, given.quick, lambda line: print(line, flush=True))
    except (Failed, OSError, subprocess.SubprocessError) as error:
        print(f"bare Debian: FAILED: {error}", flush=True)
        return 1
    finally:
        if given.keep:
            print(f"kept: {top}")
        else:
            shutil.rmtree(top)
    print(f"bare Debian: passed in {time.monotonic() - start:.0f} s")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

"""A Debian source package's orig archive, through apt-get, as an ordinary user and without a trace on the system.

apt keeps its own checks (signed index, hashes) and its own settings (proxies, keyrings); state, cache and the list of
sources are private. The archives asked are those that this machine's apt configuration names, as ``deb-src`` and with
the suites of the pin. See apt.conf(5), sources.list(5), apt-get(8) (indextargets).
"""
from __future__ import annotations

import errno
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from .fetch import Archive, Unavailable

CONNECT_SECONDS = 5
TOTAL_SECONDS = 900

# Debian's names for its suites: they tell an entry of its archive where apt has no index yet that states its Origin.
_SUITES = frozenset("oldoldstable oldstable stable testing unstable bullseye bookworm trixie forky duke sid".split())
_NOT_MAIN = ("-security", "-updates", "-backports", "-backports-sloppy", "-proposed-updates", "/updates")


@dataclass(frozen=True)
class Entry:
    """One archive in apt's list of sources. signed_by: a keyring's path, a fingerprint or a whole key, or ""."""

    uri: str
    suites: tuple[str, ...]
    components: tuple[str, ...]
    signed_by: str = ""


def parse_one_line(text: str) -> list[Entry]:
    """Read the one-line format: ``deb [signed-by=...] URI SUITE COMPONENT...``."""
    entries = []
    for line in text.splitlines():
        match = re.match(r"\s*deb(?:-src)?\s+(?:\[([^\]]*)\]\s*)?(\S+)\s+(\S+)\s*([^#]*)", line)
        if match:
            options = dict(option.partition("=")[::2] for option in (match[1] or "").split())
            entries.append(Entry(match[2].rstrip("/"), (match[3],), tuple(match[4].split()),
                                 options.get("signed-by", "")))
    return entries


def parse_deb822(text: str) -> list[Entry]:
    """Read the ``.sources`` format: paragraphs of fields, where a value may go on in indented lines (a whole key)."""
    entries = []
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    for paragraph in re.split(r"\n\s*\n", "\n".join(lines)):
        found = re.findall(r"^([\w-]+):[ \t]*(.*(?:\n[ \t].*)*)", paragraph, re.MULTILINE)
        fields = {key.lower(): value for key, value in found}
        if fields.get("enabled", "yes").strip().lower() in ("no", "false", "0", "off", "without", "disable"):
            continue
        suites, components = (tuple(fields.get(key, "").split()) for key in ("suites", "components"))
        entries.extend(Entry(uri.rstrip("/"), suites, components, fields.get("signed-by", "").rstrip())
                       for uri in fields.get("uris", "").split())
    return entries


def archives(entries: Iterable[Entry], origins: dict[str, set[tuple[str, str]]]) -> list[Entry]:
    """Return the entries that are Debian's main archive, one per URI.

    origins: what apt knows of each URI, as pairs of its Release files' Origin and Label. A URI without any is judged
    by its keyring, or, where none is given, by its suites.
    """
    chosen: dict[str, Entry] = {}
    for entry in entries:
        known = origins.get(entry.uri)
        suites = [suite for suite in entry.suites if not suite.endswith(_NOT_MAIN)]
        if known:
            debian = ("Debian", "Debian") in known
        elif entry.signed_by:
            debian = bool(suites) and "debian-archive" in entry.signed_by
        else:
            debian = any(suite in _SUITES for suite in suites)
        if debian and "main" in entry.components and not entry.uri.startswith("cdrom:"):
            chosen.setdefault(entry.uri, entry)
    return list(chosen.values())


def sources_list(entry: Entry, suite: str, kind: str = "deb-src") -> str:
    """Return the private list of sources, in the deb822 format, that asks one archive for one suite's sources, or with ``deb`` its packages."""
    text = f"Types: {kind}\nURIs: {entry.uri}\nSuites: {suite}\nComponents: main\n"
    if not entry.signed_by:
        return text
    return text + ("Signed-By:" if entry.signed_by.startswith("\n") else "Signed-By: ") + entry.signed_by + "\n"


def apt_conf(work: Path) -> str:
    """Return the settings that keep apt-get inside a folder. They are read after the machine's own."""
    settings = {"Dir::State": work, "Dir::State::lists": work / "lists", "Dir::State::status": "/dev/null",
                "Dir::Cache": work, "Dir::Cache::archives": work / "archives",
                "Dir::Etc::sourcelist": work / "debian.sources", "Dir::Etc::sourceparts": "/dev/null",
                "Dir::Etc::preferences": "/dev/null", "Dir::Etc::preferencesparts": "/dev/null",
                # Root's apt would drop to _apt, which cannot write here, and warn about it.
                "APT::Sandbox::User": "root", "APT::Update::Error-Mode": "any",
                "APT::Get::AllowUnauthenticated": "false", "Acquire::AllowInsecureRepositories": "false",
                "Acquire::AllowWeakRepositories": "false", "Acquire::Languages": "none", "Acquire::Retries": "0",
                "Acquire::http::Timeout": CONNECT_SECONDS, "Acquire::https::Timeout": CONNECT_SECONDS}
    # Hooks of the machine (docker-clean, packagekit) change the system; a default release is not in the private list.
    cleared = ("APT::Update::Pre-Invoke", "APT::Update::Post-Invoke", "APT::Update::Post-Invoke-Success",
               "APT::Default-Release")
    lines = [f"#clear {name};\n" for name in cleared] + [f'{key} "{value}";\n' for key, value in settings.items()]
    return "".join(lines)


def select(stanzas: str, archive: Archive) -> tuple[str, str]:
    """Return version and file name of the source package that holds an archive, found by its sha256.

    stanzas: as ``apt-cache showsrc`` prints them. Raises Unavailable, naming the versions that are there.
    """
    versions = []
    for stanza in re.split(r"\n\s*\n", stanzas):
        if version := re.search(r"^Version: (\S+)", stanza, re.MULTILINE):
            versions.append(version[1])
            if found := re.search(rf"^ {archive.sha256} \d+ (\S+)$", stanza, re.MULTILINE):
                return version[1], found[1]
    raise Unavailable(f"it has {archive.debian} {', '.join(versions)}" if versions else f"it has no {archive.debian}")


def from_debian(archive: Archive, part: Path) -> str:
    """The fetcher of Debian's archive. Raises Unavailable with the reason of each suite."""
    if not (archive.debian and archive.suites):
        raise Unavailable
    if not all(shutil.which(tool) for tool in ("apt-get", "apt-cache", "apt-config")):
        raise Unavailable("Debian: there is no apt-get here")
    try:
        entries = archives(entries_here(), origins_here())
    except Unavailable as error:
        raise Unavailable(f"Debian: {error}") from None
    if not entries:
        raise Unavailable("Debian: this machine's apt configuration names no Debian archive")
    reasons = []
    for suite in archive.suites:
        for number, entry in enumerate(entries):
            try:
                _get(entry, suite, archive, part.parent / f"{suite}-{number}", part)
                return f"Debian {suite}"
            except Unavailable as error:
                reasons.append(f"Debian {suite}: {error}")
    raise Unavailable("; ".join(reasons))


def _get(entry: Entry, suite: str, archive: Archive, work: Path, part: Path) -> None:
    private = workplace(work, sources_list(entry, suite))
    apt(["apt-get", *private, "-qq", "update"], work)
    version, file = select(apt(["apt-cache", *private, "--only-source", "showsrc", archive.debian], work), archive)
    exact = f"{archive.debian}={version}"
    # --tar-only: the packaging beside the archive is of no use here, and a mirror may have dropped it already.
    apt(["apt-get", *private, "-qq", "--only-source", "--download-only", "--tar-only", "source", exact], work)
    os.replace(work / file, part)


def workplace(work: Path, sources: str, more: str = "") -> tuple[str, str]:
    """Make a folder in which apt keeps everything, and return the words that make it do so. more: settings beside apt_conf's."""
    for name in ("lists/partial", "archives/partial", "tmp"):
        (work / name).mkdir(parents=True)
    (work / "apt.conf").write_text(apt_conf(work) + more, "utf-8")
    (work / "debian.sources").write_text(sources, "utf-8")
    return "-c", str(work / "apt.conf")


def entries_here() -> list[Entry]:
    """Return the archives that this machine's apt configuration names."""
    shell = apt(["apt-config", "shell", "LIST", "Dir::Etc::sourcelist/f", "PARTS", "Dir::Etc::sourceparts/d"])
    paths = dict(re.findall(r"^(\w+)='(.*)'$", shell, re.MULTILINE))
    parts = Path(paths.get("PARTS", "/dev/null"))
    found = [Path(paths.get("LIST", "/dev/null")), *(sorted(parts.iterdir()) if parts.is_dir() else ())]
    entries: list[Entry] = []
    for path in found:
        if path.suffix in (".list", ".sources") and path.is_file() and os.access(path, os.R_OK):
            text = path.read_text("utf-8", "replace")
            entries += parse_deb822(text) if path.suffix == ".sources" else parse_one_line(text)
    return entries


def origins_here() -> dict[str, set[tuple[str, str]]]:
    """Return what apt knows of each archive: Origin and Label of its Release files."""
    # Tabs, since an Origin may contain spaces; where apt has no Release file yet, "$(ORIGIN)" stays as it is.
    listing = apt(["apt-get", "indextargets", "--format", "$(REPO_URI)\t$(ORIGIN)\t$(LABEL)"])
    origins: dict[str, set[tuple[str, str]]] = {}
    for line in listing.splitlines():
        uri, origin, label = (line.split("\t") + ["", ""])[:3]
        if origin and "$(" not in origin:
            origins.setdefault(uri.rstrip("/"), set()).add((origin, label))
    return origins


def apt(command: list[str], work: Path | None = None) -> str:
    """Run apt and return what it prints. Raises Unavailable with its first complaint, passwords in URIs left out."""
    environment = {**os.environ, "LC_ALL": "C", **({"TMPDIR": str(work / "tmp")} if work else {})}
    # A group of its own, since apt's methods are processes too: they must not write on after an interruption.
    process = subprocess.Popen(command, cwd=work, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True, errors="replace", process_group=0)
    try:
        output, complaints = process.communicate(timeout=TOTAL_SECONDS)
    except BaseException as error:
        with suppress(ProcessLookupError):  # communicate() may have seen the end of it
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        if isinstance(error, subprocess.TimeoutExpired):
            raise Unavailable(f"{command[0]} took longer than {TOTAL_SECONDS} s") from None
        raise
    if process.returncode:
        if os.strerror(errno.ENOSPC) in complaints:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        lines = [line[3:] for line in complaints.splitlines() if line.startswith(("E: ", "W: "))]
        text = " ".join((lines or [f"{command[0]} ended with status {process.returncode}"])[0].split())
        raise Unavailable(re.sub(r"//[^/@\s]+@", "//", text))
    return output

"""Third-party libraries built from source work on the target: TLS, hashes, compression, databases, foreign functions, terminals."""
import bz2
import gzip
import json
import lzma
import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import certificates
import pytest
from built import LIBRARY_FLAVOUR, LIBRARY_WORDS, WITH_LIBRARIES, Build
from checkout import LONGEST, REPOSITORY, need
from terminal import Terminal
from vectors import VECTORS

SCRIPTS = Path(__file__).parent / "device"
# One static program that runs here; the others, and a big-endian machine, at night. (tests/bare_debian.py uses those of aarch64-linux-gnu.)
DEVICES = [WITH_LIBRARIES, *(pytest.param(name, marks=pytest.mark.nightly) for name in (
    "aarch64-linux-gnu", "x86_64-linux-gnu", "arm-linux-gnueabihf", "riscv64-linux-gnu", "s390x-linux-gnu", "aarch64-linux-musl", "mips-linux-gnu"))]


@pytest.fixture(scope="module", params=DEVICES)
def device(built, request) -> Build:
    return built(request.param, *LIBRARY_WORDS, flavour=LIBRARY_FLAVOUR)


def run(device: Build, script: str, *words, **more) -> str:
    """Run one of device/*.py on the target's interpreter; return what it prints."""
    return device.run("-B", str(SCRIPTS / script), *map(str, words), timeout=LONGEST, **more).stdout


def facts(device: Build, script: str, *words) -> dict:
    return json.loads(run(device, script, *words))


def loads(device: Build) -> bool:
    """Whether its programs can load a shared library."""
    return device.variant.elf.interpreter != ""


def test_every_module_with_a_library_is_there_and_nothing_is_found_in_it(device):
    names = ["zlib", "_bz2", "_lzma", "_ctypes", "_sqlite3", "_ssl", "_hashlib", "readline", "_uuid"]
    together = ["_curses", "_curses_panel"]  # they work on one copy of ncurses
    assert {name: device.modules[name]["kind"] for name in names + together} == {
        **dict.fromkeys(names, "shared" if loads(device) else "builtin"), **dict.fromkeys(together, "builtin")}
    told = json.loads((device.folder / "inspect.json").read_text("utf-8"))
    assert told["findings"] == [] and len(told["files"]) > 1000
    device.smoke()


# TLS

@pytest.fixture(scope="module")
def keys(place):
    folder = place / "certificates"
    folder.mkdir()
    return certificates.make(folder)


@pytest.fixture(scope="module")
def tls(device, keys):
    with certificates.server(keys) as port:
        return facts(device, "tls.py", keys, port)


def test_a_client_and_a_server_speak_tls_1_3_with_a_verified_certificate(tls):
    wanted = {"version": "TLSv1.3", "cipher": "TLS_AES_256_GCM_SHA384", "subject": "device.example", "answer": "HELLO"}
    assert tls["right"] == wanted
    assert tls["address"] == wanted
    assert tls["host"] == wanted, "with a server on the host's own OpenSSL"
    assert (tls["older"]["version"], tls["older"]["answer"]) == ("TLSv1.2", "HELLO")


def test_a_wrong_certificate_is_refused(tls):
    assert tls["other authority"] == {"refused": 20, "because": "unable to get local issuer certificate"}
    assert tls["other host"]["refused"] == 62 and "other.example" in tls["other host"]["because"]


def test_certificates_are_looked_for_on_the_device(device, tls, keys):
    assert tls["paths"] == ["/etc/ssl/cert.pem", "/etc/ssl/certs"]
    told = device.ask("import json, ssl; print(json.dumps([row['subject'][0][0][1] for row in ssl.create_default_context().get_ca_certs()]))",
                      env={"SSL_CERT_FILE": str(keys / "authority.pem"), "SSL_CERT_DIR": "/nonexistent"})
    assert told == ["authority"]


def test_openssl_tells_nothing_of_the_build_machine(device, tls):
    assert tls["openssl"].startswith("OpenSSL 3.")
    needle = str(REPOSITORY).encode()
    assert [path for path in device.root.rglob("*") if path.is_file() and needle in path.read_bytes()] == []


# hashes

def test_hashes_are_those_of_the_standards_by_every_implementation(device):
    told = facts(device, "hashes.py")
    taken = told.pop("taken by hashlib")
    assert {name: set(found.values()) for name, found in told.items()} == {name: {value} for name, value in VECTORS.items()}
    assert len(told["sha256"]) == 3, "built in, OpenSSL, hashlib"
    assert taken == {"md5": "_hashlib", "sha256": "_hashlib", "sha3_256": "_hashlib", "blake2b": "_blake2"}


# archives

@pytest.fixture(scope="module")
def text() -> bytes:
    """A text that compresses, of more than one block of each format."""
    return b"".join(path.read_bytes() for path in sorted((REPOSITORY / "site_scons/crosspy").rglob("*.py")))[:200_000] + os.urandom(10_000)


PACKERS = {"gz": ("gzip", "-9c"), "bz2": ("bzip2", "-9c"), "xz": ("xz", "-9c")}
PACKAGES = {"gzip": "gzip", "bzip2": "bzip2", "xz": "xz-utils"}


def test_archives_of_the_host_are_read_on_the_target(device, room, text):
    (room / "text").write_bytes(text)
    for ending, (program, flag) in PACKERS.items():
        packed = subprocess.run([need(program, PACKAGES[program]), flag, "text"], cwd=room, check=True, capture_output=True).stdout
        (room / f"host.{ending}").write_bytes(packed)
        with tarfile.open(room / f"host.tar.{ending}", f"w:{ending}") as archive:
            archive.add(room / "text", "text")
    (room / "host.lzma").write_bytes(subprocess.run(["xz", "--format=lzma", "-c", "text"], cwd=room, check=True, capture_output=True).stdout)
    with zipfile.ZipFile(room / "host.zip", "w") as archive:
        for name, kind in (("stored", zipfile.ZIP_STORED), ("deflated", zipfile.ZIP_DEFLATED), ("bzip2", zipfile.ZIP_BZIP2), ("lzma", zipfile.ZIP_LZMA)):
            archive.writestr(name, text, kind)
    assert run(device, "archives.py", "read", room) == f"{len(text)}\n"


def test_archives_of_the_target_are_read_on_the_host(device, room, text):
    (room / "text").write_bytes(text)
    assert run(device, "archives.py", "write", room) == f"{len(text)}\n"
    for ending, (program, _) in PACKERS.items():
        for name in room.glob(f"target*.{ending}"):
            assert subprocess.run([need(program, PACKAGES[program]), "-dc", name], check=True, capture_output=True).stdout == text
            assert {"gz": gzip, "bz2": bz2, "xz": lzma}[ending].decompress(name.read_bytes()) == text
    assert b"SHA-256" in subprocess.run(["xz", "--list", "-v", room / "target.filters.xz"], check=True, capture_output=True).stdout
    with zipfile.ZipFile(room / "target.zip") as archive:
        assert {row.filename: row.compress_type for row in archive.infolist()} == {"stored": 0, "deflated": 8, "bzip2": 12, "lzma": 14}
        assert all(archive.read(name) == text for name in archive.namelist())


# SQLite

def test_sqlite_has_full_text_search_json_and_what_programs_expect(device, room):
    assert facts(device, "database.py", "features", room / "file.db") == {
        "fts5": ["one"], "umlaut": ["two"], "json": [4, 1, 2.5, 4], "arrow": ["pump"], "rtree": [1], "function": [42], "mathematics": [1.414],
        "collation": ["two", "three", "one"], "values": [2**63 - 1, 0.1, "ä€😀", None], "window": [1, 3, 6], "backup": [3], "threadsafety": 3}
    assert (room / "file.db").read_bytes()[:16] == b"SQLite format 3\0"


@pytest.mark.parametrize("journal", ["delete", "wal"])
def test_a_kill_loses_nothing_that_was_committed_and_leaves_nothing_else(device, room, journal):
    path = room / "file.db"

    def killed_after(lines: int, what: str) -> list[str]:
        """Start, read some lines, kill; return all lines."""
        command = device.command("-B", str(SCRIPTS / "database.py"), what, str(path), journal)
        with subprocess.Popen(command, env=device.environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            try:
                told = [process.stdout.readline() for _ in range(lines)]
            finally:
                process.kill()
            return told + process.stdout.readlines()
    told = killed_after(30, "write")
    last = int(told[-1])
    after = facts(device, "database.py", "read", path)
    count, highest = after["transfers"]
    assert count == highest and last <= count <= last + 1, "what was told is there, and at most one more"
    assert after["sum"] == 100 * 1000 and after["check"] == "ok"

    assert killed_after(1, "hang") == ["open\n"]
    left = path.with_name(f"file.db-{'wal' if journal == 'wal' else 'journal'}")
    assert left.stat().st_size > 100_000 or path.stat().st_size > 500_000, "the transaction had reached the disk"
    assert facts(device, "database.py", "read", path) == after


# ctypes and uuid

def test_ctypes_calls_pass_structures_call_back_and_keep_errno(device):
    told = facts(device, "foreign.py")
    assert told["callbacks"] == {"point": 50, "mixed": 659386.0, "large": 1 + 168 + 2**40, "many": 370.0}
    assert told["memory"] == {"buffer": "01ab4zz789", "wide": "ä😀", "big-endian": "01020304abcd0000", "sizes": True, "threads' errno": [0, 5, 5]}
    assert told["libc"] == {"div": [-3, -2], "lldiv": [-34, 0], "qsort": [-1, 0, 1, 5, 7, 33, 99],
                            "snprintf": [44, "word -5 3.142 -1099511627776 A 10000000000.0"], "errno": [-1, "ENOENT"],
                            "by its name": 4 if loads(device) else None, "pythonapi": 42}


def test_uuids(device):
    told = facts(device, "identifiers.py")
    assert told["versions"] == [1, 1, 4] and told["variants"] and told["increases"] and told["through _uuid"]
    assert told["seconds off"] < 600 and told["different"] == 1000
    assert told["named"] == "886313e1-3b8a-5372-9b90-0c9aee199e5d"


# terminals, without a terminfo database

def terminal(device: Build, script: str) -> Terminal:
    """Start a script on a terminal; the static program where it can be that folder's only one, with root/ as its whole world."""
    env = {**device.environment(), "TERM": "xterm", "TERMINFO": "/nonexistent", "PYTHONDONTWRITEBYTECODE": "1"}
    text = (SCRIPTS / script).read_text("utf-8")
    if device.name == WITH_LIBRARIES and os.geteuid() == 0:
        return Terminal([f"{device.prefix}/bin/python3.13", "-c", text], env, str(device.root))
    return Terminal(device.command("-c", text), env)


def test_lines_are_edited_with_keys(device):
    with terminal(device, "typed.py") as typist:
        for number, (keys, line) in enumerate([
                ("world\x01hello \r", "hello world"),                     # ^A
                ("abcdef\x1b[D\x1b[D\x0b!\r", "abcd!"),                    # twice left, ^K
                ("\x1b[A\x1b[A\x1b[A\r", "from history"),                  # three times up
                ("com\t\r", "completion")]):
            typist.until(f"{number}> ")
            typist.type(keys)
            typist.until(f"<{line!r}>")
        typist.until("<editline 5>")
        assert typist.process.wait() == 0


def test_a_screen_is_drawn_and_keys_are_known(device):
    # glibc reads C.UTF-8 from this machine's files, which are of no use in another byte order: then only ASCII can be shown.
    utf_8 = device.ask("import json, locale\ntry: print(json.dumps(bool(locale.setlocale(locale.LC_ALL, ''))))\nexcept locale.Error: print('false')")
    assert utf_8 or device.variant.machine.endian != sys.byteorder
    key = "ä" if utf_8 else "a"
    with terminal(device, "screen.py") as screen:
        shown = screen.until("wide: ä€" if utf_8 else "wide: ")
        assert "\x1b[3;6H" in shown, "the cursor goes to the third row, sixth column"
        assert "\x1b[?1049h" in shown and "\x1b[31m" in shown and "\x1b[44m" in shown
        screen.until("a panel")
        screen.type(f"\x1bOA{key}\x1b[5~")
        told = screen.until("xterm>")
        assert f"<(24, 80) True ['KEY_UP', '{key}', 'KEY_PPAGE'] xterm>" in told
        assert "\x1b[?1049l" in told, "the screen is as it was before"
        assert screen.process.wait() == 0

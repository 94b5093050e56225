"""Which programs carry OpenSSL where every library is built: those that use TLS. Only the bootstrap is built for it, which reads the library."""
import pytest
from checkout import REPOSITORY

from crosspy.closure import carried
from crosspy.upstream import upstream

OPENSSL = {"_ssl", "_hashlib"}
LIBRARIES = {*OPENSSL, "zlib", "_bz2", "_lzma", "_ctypes", "_sqlite3", "_uuid", "readline", "_curses"}


@pytest.fixture(scope="module")
def taken(main, tmp_path_factory):
    """Return what gives the closure of a program, of a plan in which every extension module is built in."""
    main.scons("bootstrap")
    bootstrap = max(main.build.glob("bootstrap-*/linked/_bootstrap_python"), key=lambda path: path.stat().st_mtime_ns)
    tree = main.build / "sources" / f"Python-{bootstrap.parts[-3].removeprefix('bootstrap-')}"
    lines = [line for name in ("bootstrap", "stdlib") for line in upstream.setup_lines(upstream.read(tree, f"Modules/Setup.{name}.in"), "static")]
    rows = [{"name": line.name, "kind": "builtin", "sources": [f"Modules/{source}" for source in line.sources]} for line in lines]
    folder = tmp_path_factory.mktemp("tls")
    known = carried.ready(carried.Release(tree, str(bootstrap), folder, "state"), REPOSITORY / "cpython")

    def closure(app, **options):
        if not str(app).endswith(".py"):
            (folder / "app.py").write_text(app)
            app = folder / "app.py"
        return carried.plan(known, rows, str(app), cache=folder / "app.json", **options).closure
    return closure


@pytest.mark.parametrize("example, libraries", [("hello", set()), ("httpd", set()), ("asyncio_hub", set()), ("sensor", set()), ("https_client", OPENSSL)])
def test_of_the_examples_only_the_one_that_uses_tls_has_a_library(taken, example, libraries):
    assert taken(REPOSITORY / "examples" / f"{example}.py").extensions & LIBRARIES == libraries


def test_what_works_without_tls_carries_none(taken):
    found = taken("""
import asyncio, ftplib, hashlib, hmac, http.client, http.server, imaplib, logging.handlers, poplib, random, secrets, smtplib, tempfile
import uuid, wsgiref.simple_server, xmlrpc.server
from multiprocessing.connection import Client
asyncio.open_connection("a", 1)
http.client.HTTPConnection, logging.handlers.SysLogHandler, smtplib.SMTP, hashlib.sha256, hashlib.file_digest, uuid.uuid5, factory.new
hmac.new(b"", b"", "sha256")
""")
    assert not found.extensions & OPENSSL


@pytest.mark.parametrize("text, modules", [
    ("import http.client\nhttp.client.HTTPSConnection\n", {"_ssl"}), ("from urllib.request import urlopen\n", OPENSSL),
    ("import asyncio\nasyncio.open_connection('a', 1, ssl=True)\n", {"_ssl"}), ("import asyncio\nwriter.start_tls(context)\n", {"_ssl"}),
    ("import xmlrpc.client\nxmlrpc.client.ServerProxy\n", {"_ssl"}), ("import xmlrpc.client as x\nx.Server\n", {"_ssl"}),
    ("import logging.handlers\nlogging.handlers.SMTPHandler\n", OPENSSL), ("from smtplib import SMTP_SSL\n", OPENSSL),
    ("import smtplib\nclient.starttls()\n", OPENSSL), ("import imaplib\nimaplib.IMAP4_SSL\n", {"_ssl"}), ("import poplib\nbox.stls()\n", {"_ssl"}),
    ("from ftplib import FTP_TLS\n", {"_ssl"}), ("try:\n    import ssl\nexcept ImportError:\n    ssl = None\n", {"_ssl"}),
    ("import hashlib\nhashlib.pbkdf2_hmac\n", {"_hashlib"}), ("from hashlib import scrypt\n", {"_hashlib"}), ("import hashlib as h\nh.new('sm3')\n", {"_hashlib"}),
    ("from hashlib import new\n", {"_hashlib"}), ("import hashlib, ssl\n", OPENSSL)])
def test_what_names_tls_or_hashes_of_openssl_alone_has_it(taken, text, modules):
    assert taken(text).extensions & OPENSSL == modules


def test_what_was_left_out_says_how_to_get_it(taken):
    stubs = taken("import http.server, hmac\n").stubs
    assert stubs["ssl"].message.endswith("nothing in the program names that. Fix: build it with include=ssl")
    assert stubs["_hashlib"].message.endswith("Fix: build it with include=_hashlib")
    assert taken("import http.server, hmac\n", include=["ssl"]).extensions & OPENSSL == OPENSSL


def test_hmac_without_openssl_has_its_own_comparison(taken):
    """Its handler of ImportError imports it: nothing may rely on another module to bring it in."""
    found = taken("import hmac\n")
    assert "_hashlib" not in found.modules and found.modules["_operator"]

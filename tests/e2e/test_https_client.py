"""examples/https_client.py as one static program: its size, and whom it trusts."""
import http.server
import json
import os
import ssl
import subprocess
import threading

import certificates
import pytest
from built import VARIANTS
from checkout import REPOSITORY, assert_up_to_date, missing

from crosspy.errors import UserError
from crosspy.ontarget import runner

TARGET = "aarch64-linux-musl"
MOST = 9_500_000  # bytes


@pytest.fixture(scope="module")
def server(place):
    """An HTTPS server of the host's. Gives the folder of its certificates and its address."""
    folder = place / "https"
    folder.mkdir()
    certificates.make(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem", folder / "server.key")
    listener = http.server.HTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler)
    listener.socket = context.wrap_socket(listener.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=listener.serve_forever, daemon=True).start()
    yield folder, f"https://127.0.0.1:{listener.server_port}/"
    listener.shutdown()


def fetch(main, words, url, *arguments):
    """Build the program, run it, and return its status and what it says."""
    main.scons(f"target={TARGET}", "app=examples/https_client.py", "deps=source", *words)
    path = main.build / f"{TARGET}+profile-minimal/apps/https_client/https_client"
    try:
        start = runner.runner(VARIANTS[TARGET])
    except UserError as error:
        missing(str(error))
    done = subprocess.run([*start.words, str(path), url, *map(str, arguments)], env={**os.environ, **dict(start.env)}, capture_output=True, text=True,
                          cwd=REPOSITORY)
    return path, done.returncode, done.stdout + done.stderr


@pytest.mark.nightly
def test_it_is_one_small_program_that_verifies_its_server(main, server):
    folder, url = server
    path, status, told = fetch(main, [], url, folder / "authority.pem")
    assert path.stat().st_size <= MOST
    assert (status, told.split()[0]) == (0, "200"), told
    path, status, told = fetch(main, [], url)
    assert status == 1 and "CERTIFICATE_VERIFY_FAILED" in told
    assert_up_to_date(main, f"target={TARGET}", "app=examples/https_client.py", "deps=source")
    assert {row["name"] for row in json.loads((path.parent / "manifest.json").read_text("utf-8"))["libraries"]} == {"openssl"}


@pytest.mark.nightly
def test_it_trusts_the_certificates_that_are_frozen_into_it(main, server):
    folder, url = server
    _, status, told = fetch(main, [f"ssl_bundle={folder}/authority.pem"], url)
    assert (status, told.split()[0]) == (0, "200"), told
    _, status, told = fetch(main, [f"ssl_bundle={folder}/stranger.pem"], url)
    assert status == 1 and "CERTIFICATE_VERIFY_FAILED" in told

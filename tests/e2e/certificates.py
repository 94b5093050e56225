"""Certificates for tests of TLS, made with the host's openssl, and a TLS server of the host's."""
from __future__ import annotations

import socket
import ssl
import subprocess
import threading
from contextlib import contextmanager
from pathlib import Path

from checkout import need

CONFIG = """[req]
distinguished_name = name
prompt = no
[name]
CN = {name}
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[server]
basicConstraints = CA:FALSE
subjectAltName = DNS:device.example, IP:127.0.0.1
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
"""
KEYS = {"rsa": ("rsa:2048",), "ec": ("ec", "-pkeyopt", "ec_paramgen_curve:P-256")}


def make(folder: Path) -> Path:
    """Make two authorities, one of which has signed a server's certificate: ``authority.pem``, ``stranger.pem``, ``server.pem``, ``.key``."""
    openssl = need("openssl", "openssl")

    def run(name: str, *words: str) -> None:
        (folder / f"{name}.cnf").write_text(CONFIG.replace("{name}", "device.example" if name == "server" else name))
        subprocess.run([openssl, *words], cwd=folder, check=True, capture_output=True)

    def request(name: str, key: str, *more: str) -> None:
        run(name, "req", "-config", f"{name}.cnf", "-newkey", *KEYS[key], "-nodes", "-keyout", f"{name}.key", *more)
    for name in ("authority", "stranger"):
        request(name, "rsa", "-x509", "-extensions", "authority", "-days", "2", "-out", f"{name}.pem")
    request("server", "ec", "-new", "-out", "server.csr")
    run("server", "x509", "-req", "-in", "server.csr", "-CA", "authority.pem", "-CAkey", "authority.key", "-CAcreateserial", "-days", "2",
        "-extfile", "server.cnf", "-extensions", "server", "-out", "server.pem")
    return folder


@contextmanager
def server(folder: Path):
    """Serve with the host's own TLS: answers each client with what it sent, in capitals. Gives the port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem", folder / "server.key")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        def serve() -> None:
            with listener.accept()[0] as connection, context.wrap_socket(connection, server_side=True) as stream:
                stream.sendall(stream.recv(100).upper())
        threading.Thread(target=serve, daemon=True).start()
        yield listener.getsockname()[1]

"""A PEM file of certificates (``ssl_bundle=``) -> the certificates alone, each of them sound.

Such files have other text between the blocks (RFC 7468, section 2), in any encoding: names of authorities, as curl's cacert.pem. The
device's ssl takes a text of ASCII alone.
"""
from __future__ import annotations

import re
import ssl
from pathlib import Path

from ..errors import UserError

LARGEST = 10_000_000  # bytes; Debian's has 220,000
_BEGIN, _END = b"-----BEGIN CERTIFICATE-----", b"-----END CERTIFICATE-----"
_FIX = "name a PEM file of certificates, as ca-certificates.crt is one"


def check(path: str) -> None:
    """Raise UserError for a file that is no PEM file of sound certificates."""
    pem(path)


def pem(path: str) -> str:
    """Return the certificates of a file as ASCII, with nothing between them. Raises UserError that names each one that is damaged."""
    where = f"ssl_bundle={path}"
    try:
        with Path(path).open("rb") as stream:
            content = stream.read(LARGEST + 1)
    except OSError as error:
        raise UserError(where, f"it cannot be read ({error.strerror})", _FIX) from None
    if len(content) > LARGEST:
        raise UserError(where, f"it has more than {LARGEST:,} bytes", _FIX)
    found = [_block(body) for body in re.split(rb"(?m)^" + _BEGIN, content)[1:]]
    if not found:
        raise UserError(where, "it has no certificate in PEM form", _FIX)
    if damaged := [str(number) for number, text in enumerate(found, 1) if not _sound(text)]:
        raise UserError(where, f"of its {len(found)} certificates these are damaged: {', '.join(damaged)}",
                        "take the file from its source again, or delete these blocks")
    return "".join(found)


def _block(body: bytes) -> str:
    """Return one certificate with plain line ends, or nothing if it has no end or is not ASCII. body: what follows its first line."""
    lines, end, _ = body.partition(_END)
    return "\n".join([_BEGIN.decode(), *lines.decode().split(), _END.decode(), ""]) if end and lines.isascii() else ""


def _sound(text: str) -> bool:
    """Say whether OpenSSL, which reads it on the device, takes it."""
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=text)
    except (ssl.SSLError, ValueError):
        return False
    return True

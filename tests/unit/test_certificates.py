"""A PEM file of certificates: what is kept of it, and what is wrong with it."""
import ssl

import pytest
from samples import PROJECT

from crosspy.apps import certificates
from crosspy.cli import options
from crosspy.errors import UserError

PEM = (PROJECT / "tests/unit/fixtures/authority.pem").read_bytes()
DAMAGED = PEM.replace(b"MIIB", b"AAAA")


def refused(folder, content):
    (folder / "ca.pem").write_bytes(content)
    with pytest.raises(UserError) as error:
        options.parse({"target": "arm", "app": "a.py", "ssl_bundle": str(folder / "ca.pem")})
    return str(error.value)


def test_only_the_certificates_are_kept_whatever_stands_between_them(tmp_path):
    (tmp_path / "ca.pem").write_bytes("# Főtanúsítvány\n".encode() + PEM + b"\nName: \xe9\n" + PEM.replace(b"\n", b"\r\n") + b"-----BEGIN X509 CRL-----\n")
    found = certificates.pem(str(tmp_path / "ca.pem"))
    assert found == PEM.decode() * 2
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=found)
    assert len(context.get_ca_certs(binary_form=True)) == 1


@pytest.mark.parametrize("second", [DAMAGED, PEM[:200], PEM.replace(b"MIIB", "MIIé".encode()), PEM[:28] + PEM[-26:]], ids=["bytes", "end", "ascii", "empty"])
def test_a_damaged_certificate_is_named_by_its_number(tmp_path, second):
    said = refused(tmp_path, PEM + second + b"\n" + PEM)
    assert said.startswith(f"ssl_bundle={tmp_path}/ca.pem: of its 3 certificates these are damaged: 2. Fix: ") and "\n" not in said


def test_a_file_without_certificates_is_refused(tmp_path, monkeypatch):
    assert "no certificate in PEM form" in refused(tmp_path, b"hello\n")
    monkeypatch.setattr(certificates, "LARGEST", 100)
    assert "more than 100 bytes" in refused(tmp_path, PEM)
    with pytest.raises(UserError, match="it cannot be read"):
        certificates.check(str(tmp_path / "nowhere.pem"))

"""Prints the hash of known messages by every implementation that there is, as JSON: name -> implementation -> hexadecimal digits."""
import _hashlib
import hashlib
import hmac
import json
from importlib import import_module

BUILTIN = {"md5": "_md5", "sha1": "_sha1", "sha224": "_sha2", "sha256": "_sha2", "sha384": "_sha2", "sha512": "_sha2",
           "sha3_224": "_sha3", "sha3_256": "_sha3", "sha3_384": "_sha3", "sha3_512": "_sha3", "shake_128": "_sha3",
           "shake_256": "_sha3", "blake2b": "_blake2", "blake2s": "_blake2"}
OPENSSL = {"blake2b": "blake2b512", "blake2s": "blake2s256", "shake_128": "shake128", "shake_256": "shake256",
           **{f"sha3_{bits}": f"sha3-{bits}" for bits in (224, 256, 384, 512)}}
MILLION = b"a" * 1_000_000


def digits(state) -> str:
    return state.hexdigest(32) if state.name.lower().startswith("shake") else state.hexdigest()


def piecemeal(state):
    """Hash a million letters in pieces that fit no block."""
    for start in range(0, len(MILLION), 999):
        state.update(MILLION[start:start + 999])
    return state


found = {}
for name, module in BUILTIN.items():
    built_in = getattr(import_module(module), name)
    found[name] = {"built in": digits(built_in(b"abc")), "OpenSSL": digits(_hashlib.new(OPENSSL.get(name, name), b"abc")),
                   "hashlib": digits(hashlib.new(name, b"abc", usedforsecurity=False))}
found["a million, sha256"] = {"built in": piecemeal(import_module("_sha2").sha256()).hexdigest(),
                              "OpenSSL": piecemeal(_hashlib.openssl_sha256()).hexdigest()}
found["a million, sha512"] = {"built in": piecemeal(import_module("_sha2").sha512()).hexdigest(),
                              "OpenSSL": piecemeal(_hashlib.openssl_sha512()).hexdigest()}
found["blake2b, key"] = {"built in": hashlib.blake2b(bytes(range(255)), key=bytes(range(64))).hexdigest()}
found["sha512_256"] = {"OpenSSL": hashlib.new("sha512_256", b"abc").hexdigest()}
found["scrypt"] = {"OpenSSL": hashlib.scrypt(b"password", salt=b"NaCl", n=1024, r=8, p=16, maxmem=2**25, dklen=64).hex()}
found["pbkdf2, sha256"] = {"OpenSSL": hashlib.pbkdf2_hmac("sha256", b"passwd", b"salt", 1, 64).hex()}
found["pbkdf2, sha1"] = {"OpenSSL": hashlib.pbkdf2_hmac("sha1", b"password", b"salt", 4096).hex()}
found["hmac, sha256"] = {"OpenSSL": hmac.digest(b"Jefe", b"what do ya want for nothing?", "sha256").hex(),
                         "Python": hmac.new(b"Jefe", b"what do ya want for nothing?", import_module("_sha2").sha256).hexdigest()}
found["taken by hashlib"] = {name: type(getattr(hashlib, name)()).__module__ for name in ("md5", "sha256", "sha3_256", "blake2b")}
print(json.dumps(found))

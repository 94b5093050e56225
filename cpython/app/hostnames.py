"""Frozen as ``_application_hostnames``: the codec of host names, for ASCII ones, where the whole one is not carried.

The socket module asks for the codec idna with every name (Modules/socketmodule.c), and encodings.idna brings the Unicode
database along: 1 MB. An ASCII name passes it unchanged (encodings/idna.py, Codec.encode).
"""
import codecs


def encode(text, errors="strict"):
    try:
        name = text.encode("ascii")
    except UnicodeEncodeError:
        raise UnicodeError(f"{text!r} is not ASCII, and the codec for such host names is not part of this program; "
                           "include=encodings.idna brings it in") from None
    labels = name.split(b".")
    if any(not 0 < len(label) < 64 for label in labels[:-1]) or len(labels[-1]) >= 64:
        raise UnicodeError("label empty or too long")
    return name, len(text)


def decode(data, errors="strict"):
    return bytes(data).decode("ascii"), len(data)


def search(name):
    return codecs.CodecInfo(encode, decode, name=name) if name == "idna" else None


codecs.register(search)

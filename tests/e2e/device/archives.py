"""Archives. ``read FOLDER``: compare those that the host made with their text. ``write FOLDER``: make some for the host to read."""
import bz2
import gzip
import io
import lzma
import sys
import tarfile
import zipfile
import zlib
from pathlib import Path

what, folder = sys.argv[1], Path(sys.argv[2])
text = (folder / "text").read_bytes()
OPEN = {"gz": gzip.open, "bz2": bz2.open, "xz": lzma.open}
KINDS = {"stored": zipfile.ZIP_STORED, "deflated": zipfile.ZIP_DEFLATED, "bzip2": zipfile.ZIP_BZIP2, "lzma": zipfile.ZIP_LZMA}

if what == "read":
    for ending, opened in OPEN.items():
        with opened(folder / f"host.{ending}") as stream:
            assert stream.read() == text, ending
        with tarfile.open(folder / f"host.tar.{ending}") as archive:
            assert archive.extractfile("text").read() == text, f"tar.{ending}"
    with zipfile.ZipFile(folder / "host.zip") as archive:
        assert archive.testzip() is None
        assert [archive.read(name) == text for name in KINDS] == [True] * len(KINDS)
    assert lzma.decompress((folder / "host.lzma").read_bytes()) == text
else:
    for ending, opened in OPEN.items():
        with opened(folder / f"target.{ending}", "wb") as stream:
            stream.write(text)
    with zipfile.ZipFile(folder / "target.zip", "w") as archive:
        for name, kind in KINDS.items():
            archive.writestr(name, text, kind)
    with lzma.open(folder / "target.filters.xz", "wb", check=lzma.CHECK_SHA256,
                   filters=[{"id": lzma.FILTER_DELTA, "dist": 4}, {"id": lzma.FILTER_LZMA2, "preset": 6}]) as stream:
        stream.write(text)

assert zlib.crc32(b"123456789") == 0xCBF43926 and zlib.adler32(b"123456789") == 0x091E01DE
for level in (0, 1, 6, 9):
    assert zlib.decompress(zlib.compress(text, level)) == text
machine, pieces = zlib.decompressobj(-15), io.BytesIO()
packer = zlib.compressobj(9, zlib.DEFLATED, -15, 9, zlib.Z_RLE)
raw = packer.compress(text) + packer.flush()
for start in range(0, len(raw), 777):  # piece by piece
    pieces.write(machine.decompress(raw[start:start + 777]))
assert pieces.getvalue() + machine.flush() == text and machine.eof
for damaged, module in ((zlib.compress(text), zlib), (bz2.compress(text), bz2), (lzma.compress(text), lzma)):
    try:
        module.decompress(damaged[:500] + bytes([damaged[500] ^ 1]) + damaged[501:])
    except (zlib.error, OSError, lzma.LZMAError, EOFError, ValueError):
        continue
    raise AssertionError(f"{module.__name__} took damaged data")
print(len(text))

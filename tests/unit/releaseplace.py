"""Made-up releases, and the folders of a project that takes one."""
import hashlib
import io
import tarfile

import pytest
from crosspy.acquire import fetch
from crosspy.acquire.fetch import Unavailable
from crosspy.acquire.release import Releases, acquire
from crosspy.errors import UserError


def tarball(version, extra=()):
    """Return a small CPython release archive as bytes. extra: members as pairs of name and content."""
    top = f"Python-{version}"
    members = [(f"{top}/Include/patchlevel.h", f'#define PY_VERSION             "{version}"\n'),
               (f"{top}/configure.ac", ""), (f"{top}/Lib/os.py", "x = 1\n"), (f"{top}/Modules/Setup.stdlib.in", ""),
               (f"{top}/configure", "#!/bin/sh\n"), *extra]
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:xz", preset=0) as archive:
        for name, content in members:
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(content), 0o775 if name.endswith("configure") else 0o664
            archive.addfile(member, io.BytesIO(content.encode()))
    return out.getvalue()


NEW, OLD = tarball("3.13.15"), tarball("3.13.5")


def pin(version, data):
    return fetch.Archive("Python", version, hashlib.sha256(data).hexdigest(), len(data),
                         (f"https://example.invalid/Python-{version}.tar.xz",))


RELEASES = Releases(("3.13",), (pin("3.13.15", NEW), pin("3.13.5", OLD)))


class Place:
    """A project's folders, and what was said and fetched. served: version -> what the only fetcher sends."""

    def __init__(self, folder):
        self.folder, self.downloads, self.sources = folder, folder / "downloads", folder / "build/sources"
        self.said, self.asked, self.served = [], [], {}

    def fetcher(self, archive, part):
        self.asked.append(archive.version)
        if archive.version not in self.served:
            raise Unavailable("python.org: it cannot be reached (no route)")
        part.write_bytes(self.served[archive.version])
        return "python.org"

    def acquire(self, wanted, source="", releases=RELEASES):
        return acquire(wanted, releases, self.downloads, self.sources, str(source), self.said.append, (self.fetcher,))

    def put(self, version, data):
        self.downloads.mkdir(exist_ok=True)
        (self.downloads / f"Python-{version}.tar.xz").write_bytes(data)

    def everything(self):
        return sorted((str(path), path.read_bytes() if path.is_file() else b"") for path in self.folder.rglob("*"))

    def refuses(self, words, wanted="3.13", source=""):
        before = self.everything()
        with pytest.raises(UserError, match=words):
            self.acquire(wanted, source)
        assert self.everything() == before


@pytest.fixture
def place(tmp_path):
    (tmp_path / "project").mkdir()
    return Place(tmp_path / "project")

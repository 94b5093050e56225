"""Archives come into downloads/ complete and verified, or not at all."""
import errno
import fcntl
import hashlib
import http.server
import os
import threading
import time

import pytest
from crosspy.acquire import fetch
from crosspy.acquire.fetch import Archive, Unavailable, from_upstream, obtain, sweep, workspace
from crosspy.errors import UserError

DATA = b"an archive" * 1000


def pin(url="https://example.invalid/lib-1.0.tar.gz", data=DATA):
    return Archive("lib", "1.0", hashlib.sha256(data).hexdigest(), len(data), (url,))


def sending(data, origin="there"):
    def fetcher(archive, part):
        part.write_bytes(data)
        return origin
    return fetcher


def missing(archive, part):
    part.write_bytes(b"half")
    raise Unavailable("nowhere: it cannot be reached")


@pytest.fixture
def server():
    """Serve DATA at /good, half of it under a promise of all at /cut, nothing elsewhere."""
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            if "silent" in self.path:
                time.sleep(0.3)
            self.send_response(200 if "good" in self.path or "cut" in self.path else 404)
            self.send_header("Content-Length", str(len(DATA)))
            self.end_headers()
            self.wfile.write(DATA if "good" in self.path else DATA[:5000])

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as served:
        threading.Thread(target=served.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield f"http://127.0.0.1:{served.server_port}"
        served.shutdown()


def test_an_archive_gets_its_pinned_name_and_one_line(tmp_path):
    said = []
    assert obtain(pin(), tmp_path / "downloads", (missing, sending(DATA)), said.append) == "there"
    assert [path.name for path in (tmp_path / "downloads").iterdir()] == ["lib-1.0.tar.gz"]
    assert (tmp_path / "downloads/lib-1.0.tar.gz").read_bytes() == DATA
    assert said[0] == "lib-1.0.tar.gz: nowhere: it cannot be reached"
    assert said[1].startswith("lib-1.0.tar.gz: fetched from there") and len(said) == 2


def test_fetchers_are_asked_in_order_and_only_until_one_has_it(tmp_path):
    assert obtain(pin(), tmp_path, (sending(DATA, "first"), sending(DATA, "second")), lambda line: None) == "first"


@pytest.mark.parametrize("data", [DATA[:-1], DATA + b"x", b"", DATA[:-1] + b"X"])
def test_what_is_not_the_pinned_archive_is_never_kept(tmp_path, data):
    with pytest.raises(Unavailable, match=f"what it sent .*not {pin().sha256}"):
        obtain(pin(), tmp_path / "a/downloads", (sending(data),), lambda line: None)
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_leaves_nothing_behind(tmp_path):
    def full(archive, part):
        part.write_bytes(b"half")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(UserError, match="No space left.*free some space"):
        obtain(pin(), tmp_path / "downloads", (full, sending(DATA)), lambda line: None)
    assert list(tmp_path.iterdir()) == []


def test_an_interruption_leaves_nothing_behind(tmp_path):
    def interrupted(archive, part):
        part.write_bytes(b"half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        obtain(pin(), tmp_path / "downloads", (interrupted,), lambda line: None)
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_run_left_is_removed_but_not_what_another_run_works_on(tmp_path):
    (tmp_path / ".crosspy-dead").mkdir()
    (tmp_path / ".crosspy-dead/part").write_bytes(b"half")
    lock = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_EX)
    sweep(tmp_path)
    assert (tmp_path / ".crosspy-dead").exists()
    os.close(lock)
    sweep(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_second_run_waits_for_the_first_and_takes_its_archive(tmp_path):
    said, started, go_on = [], threading.Event(), threading.Event()

    def slow(archive, part):
        started.set()
        go_on.wait(5)
        return sending(DATA)(archive, part)

    first = threading.Thread(target=obtain, args=(pin(), tmp_path, (slow,), lambda line: None))
    first.start()
    started.wait(5)
    second = threading.Thread(target=obtain, args=(pin(), tmp_path, (missing,), said.append))
    second.start()
    while not said:
        time.sleep(0.001)
    go_on.set()
    first.join(5)
    second.join(5)
    assert said == [f"{tmp_path}: waiting for another run that works there"]
    assert [path.name for path in tmp_path.iterdir()] == ["lib-1.0.tar.gz"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere; run as an ordinary user")
def test_a_folder_that_cannot_be_written_is_a_users_error(tmp_path):
    tmp_path.chmod(0o555)
    with pytest.raises(UserError, match="Permission denied"), workspace(tmp_path / "downloads"):
        pass


def test_a_download_is_what_the_server_sent(tmp_path, server):
    assert from_upstream(pin(f"{server}/good/lib-1.0.tar.gz"), tmp_path / "part").startswith("127.0.0.1")
    assert (tmp_path / "part").read_bytes() == DATA


def test_a_download_that_is_cut_off_or_refused_says_so(tmp_path, server):
    with pytest.raises(Unavailable, match="what it sent has 5000 bytes, not 10000"):
        obtain(pin(f"{server}/cut/lib-1.0.tar.gz"), tmp_path, (from_upstream,), lambda line: None)
    with pytest.raises(Unavailable, match="cannot be reached .Not Found"):
        from_upstream(pin(f"{server}/none/lib-1.0.tar.gz"), tmp_path / "part")


def test_a_server_that_does_not_answer_is_given_up_soon(tmp_path, server, monkeypatch):
    monkeypatch.setattr(fetch, "OPEN_SECONDS", 0.05)
    with pytest.raises(Unavailable, match="no answer within"):  # and it has not waited for the answer, which is another error
        from_upstream(pin(f"{server}/silent/lib-1.0.tar.gz"), tmp_path / "part")

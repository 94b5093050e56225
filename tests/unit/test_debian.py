"""Which of this machine's apt sources are Debian's archive, and what is asked of them."""
import errno
import subprocess
from pathlib import Path

import pytest
from crosspy.acquire import debian
from crosspy.acquire.debian import Entry, apt_conf, archives, parse_deb822, parse_one_line, select, sources_list
from crosspy.acquire.fetch import Archive, Unavailable

KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
PIN = Archive("Python", "3.13.15", "a" * 64, 10, ("https://example.invalid/Python-3.13.15.tar.xz",),
              "python3.13", ("forky", "sid"))
SHOWSRC = f"""Package: python3.13
Version: 3.13.16-1
Checksums-Sha256:
 {'b' * 64} 11 python3.13_3.13.16.orig.tar.xz

Package: python3.13
Version: 3.13.15-1
Checksums-Sha256:
 {'c' * 64} 4040 python3.13_3.13.15-1.dsc
 {'a' * 64} 10 python3.13_3.13.15.orig.tar.xz
"""


def test_the_one_line_format():
    text = f"""# a comment
deb http://debian.example.invalid/debian bookworm main contrib # why
deb-src [arch=amd64 signed-by={KEYRING}] http://debian.example.invalid/debian/ trixie main
#deb http://off.example.invalid/debian bookworm main
"""
    assert parse_one_line(text) == [
        Entry("http://debian.example.invalid/debian", ("bookworm",), ("main", "contrib")),
        Entry("http://debian.example.invalid/debian", ("trixie",), ("main",), KEYRING)]


def test_the_deb822_format_with_a_key_inside():
    text = f"""Types: deb
# a comment
URIs: http://one.example.invalid/debian/ http://two.example.invalid/debian
Suites: bookworm bookworm-updates
Components: main
Signed-By: {KEYRING}

Enabled: no
Types: deb
URIs: http://off.example.invalid/debian
Suites: bookworm
Components: main

Types: deb
URIs: http://key.example.invalid/debian
Suites: trixie
Components: main
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 mDMEY
 -----END PGP PUBLIC KEY BLOCK-----
"""
    one, two, key = parse_deb822(text)
    assert (one.uri, two.uri) == ("http://one.example.invalid/debian", "http://two.example.invalid/debian")
    assert one.suites == ("bookworm", "bookworm-updates") and one.signed_by == KEYRING
    assert sources_list(one, "forky") == (f"Types: deb-src\nURIs: {one.uri}\nSuites: forky\nComponents: main\n"
                                          f"Signed-By: {KEYRING}\n")
    assert parse_deb822(sources_list(key, "forky")) == [Entry(key.uri, ("forky",), ("main",), key.signed_by)]
    assert "\n .\n mDMEY\n" in sources_list(key, "forky")


def test_other_vendors_and_security_archives_are_left_out():
    main = Entry("http://a.example.invalid/debian", ("bookworm",), ("main",))
    updates = Entry(main.uri, ("bookworm-updates",), ("main",))
    security = Entry("http://a.example.invalid/debian-security", ("bookworm-security",), ("main",), KEYRING)
    vendor = Entry("http://b.example.invalid/apt", ("bookworm",), ("main",))
    origins = {main.uri: {("Debian", "Debian"), ("Debian Backports", "Debian Backports")},
               security.uri: {("Debian", "Debian-Security")}, vendor.uri: {("Vendor", "Debian")}}
    assert archives([security, vendor, updates, main], origins) == [updates]  # one per URI


def test_without_any_index_the_keyring_or_the_suite_tells_debian():
    plain = Entry("http://a.example.invalid/debian", ("bookworm",), ("main",))
    signed = Entry("http://b.example.invalid/debian", ("testing-name",), ("main",), KEYRING)
    others = [Entry("http://c.example.invalid/x", ("bookworm",), ("main",), "/usr/share/keyrings/vendor.gpg"),
              Entry("http://d.example.invalid/x", ("nodistro",), ("main",)),
              Entry("http://e.example.invalid/x", ("bookworm",), ("stable",)),
              Entry("http://f.example.invalid/debian-security", ("bookworm-security",), ("main",), KEYRING),
              Entry("cdrom:[Debian]", ("bookworm",), ("main",))]
    assert archives([plain, signed, *others], {}) == [plain, signed]


def test_the_version_is_found_by_the_archives_sha256():
    assert select(SHOWSRC, PIN) == ("3.13.15-1", "python3.13_3.13.15.orig.tar.xz")
    with pytest.raises(Unavailable, match="it has python3.13 3.13.16-1"):
        select(SHOWSRC.split("\n\n")[0], PIN)
    with pytest.raises(Unavailable, match="it has no python3.13"):
        select("", PIN)


def test_apts_settings_stay_inside_and_keep_its_signature_check():
    text = apt_conf(Path("/srv/x"))
    assert 'Dir::State "/srv/x";' in text and 'Dir::Cache "/srv/x";' in text
    assert "#clear APT::Update::Post-Invoke;" in text
    assert 'Acquire::AllowInsecureRepositories "false";' in text


@pytest.fixture
def fake_apt(tmp_path, monkeypatch):
    """An apt that carries the release in sid only; returns the list of its commands."""
    listed = tmp_path / "etc/sources.list"
    listed.parent.mkdir()
    listed.write_text("deb http://debian.example.invalid/debian bookworm main\n")
    commands = []

    def apt(command, work=None):
        commands.append(command[0] + " " + command[-1])
        suite = work and parse_deb822((work / "debian.sources").read_text())[0].suites
        if command[0] == "apt-config":
            return f"LIST='{listed}'\nPARTS='/dev/null'\n"
        if command[0] == "apt-cache" and suite == ("sid",):
            return SHOWSRC
        if command[-1] == "python3.13=3.13.15-1":
            (work / "python3.13_3.13.15.orig.tar.xz").write_bytes(b"0123456789")
        return ""

    monkeypatch.setattr(debian, "apt", apt)
    monkeypatch.setattr(debian.shutil, "which", lambda name: f"/usr/bin/{name}")
    return commands


def test_the_suites_are_tried_in_the_pins_order(tmp_path, fake_apt):
    assert debian.from_debian(PIN, tmp_path / "part") == "Debian sid"
    assert (tmp_path / "part").read_bytes() == b"0123456789"
    assert fake_apt[2:] == ["apt-get update", "apt-cache python3.13"] * 2 + ["apt-get python3.13=3.13.15-1"]


def test_reasons_name_the_suite(tmp_path, fake_apt, monkeypatch):
    monkeypatch.setattr(debian, "select", lambda *_: (_ for _ in ()).throw(Unavailable("it has no python3.13")))
    with pytest.raises(Unavailable, match="Debian forky: it has no python3.13; Debian sid: it has no python3.13"):
        debian.from_debian(PIN, tmp_path / "part")


def test_a_machine_without_apt_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(debian.shutil, "which", lambda name: None)
    with pytest.raises(Unavailable, match="there is no apt-get here"):
        debian.from_debian(PIN, tmp_path / "part")


def test_apts_first_complaint_is_the_reason_without_a_password():
    script = "echo 'E: Failed to fetch http://me:secret@example.invalid/x' >&2; echo 'E: more' >&2; exit 100"
    with pytest.raises(Unavailable, match="^Failed to fetch http://example.invalid/x$"):
        debian.apt(["sh", "-c", script])
    with pytest.raises(OSError) as caught:
        debian.apt(["sh", "-c", "echo 'E: Write error - write (28: No space left on device)' >&2; exit 100"])
    assert caught.value.errno == errno.ENOSPC


def test_an_interruption_while_apt_ends_by_itself_stays_an_interruption(monkeypatch):
    def communicate(process, timeout):
        process.wait()  # as communicate() does when interrupted
        raise KeyboardInterrupt

    monkeypatch.setattr(subprocess.Popen, "communicate", communicate)
    with pytest.raises(KeyboardInterrupt):
        debian.apt(["true"])


def test_an_apt_that_hangs_is_ended_with_all_its_processes(monkeypatch):
    monkeypatch.setattr(debian, "TOTAL_SECONDS", 0.1)
    with pytest.raises(Unavailable, match="took longer"):
        debian.apt(["sh", "-c", "sleep 7531 & sleep 7531"])
    assert "sleep 7531" not in subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True).stdout

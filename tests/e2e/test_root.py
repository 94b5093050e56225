"""What is installed below root/ beside the interpreter: scripts, pkg-config files, byte-code, and the records about it."""
import json
import os
import re
import subprocess

import pytest
from built import EVERY
from checkout import REPOSITORY, differences, need, snapshot

pytestmark = pytest.mark.parametrize("name", EVERY)


@pytest.fixture
def build(built, name):
    return built(name)


def test_python_config_runs_on_the_host(build):
    script = f"{build.root}{build.prefix}/bin/python3.13-config"
    shell = need("sh", "dash")

    def told(*words):
        return subprocess.run([shell, script, *words], capture_output=True, text=True, check=True).stdout.split()
    assert f"-I{build.root}{build.prefix}/include/python3.13" in told("--cflags")
    assert told("--extension-suffix") == [f".cpython-313-{build.variant.python.multiarch}.so"]
    assert "-lpython3.13" in told("--ldflags", "--embed")
    assert told("--prefix") == [f"{build.root}{build.prefix}"]
    assert str(REPOSITORY) not in script.replace(str(build.root), "")
    with open(script, encoding="utf-8") as stream:
        assert str(REPOSITORY) not in stream.read()


def test_pkg_config_files(build):
    folder = build.root / "usr/lib/pkgconfig"
    assert sorted(os.listdir(folder)) == ["python-3.13-embed.pc", "python-3.13.pc", "python3-embed.pc", "python3.pc"]
    text = (folder / "python-3.13.pc").read_text("utf-8").splitlines()
    assert {"prefix=/usr", "Version: 3.13", "Cflags: -I${includedir}/python3.13"} <= {line.rstrip() for line in text}
    assert os.readlink(folder / "python3.pc") == "python-3.13.pc"
    assert any("-lpython3.13" in line for line in (folder / "python-3.13-embed.pc").read_text("utf-8").splitlines())


def test_bytecode_is_used_and_nothing_is_written(build):
    before = snapshot(build.root)
    done = build.run("-v", "-c", "import json.decoder, http.server, asyncio, xml.dom.minidom, decimal, concurrent.futures.thread")
    assert differences(before, snapshot(build.root)) == []
    matched = [line for line in done.stderr.splitlines() if ".pyc matches " in line]
    assert any(f"{build.library}/json/__pycache__/decoder.cpython-313.pyc matches" in line for line in matched)
    assert "wrote " not in done.stderr
    compiled = [line for line in done.stderr.splitlines() if re.match(r"# code object from .*\.py$", line)]
    assert compiled == []


def test_every_bytecode_file_is_hash_based_and_unchecked(build):
    assert build.manifest["options"]["bytecode"] == "unchecked"
    compiled = sorted(build.library.rglob("*.pyc"))
    assert len(compiled) > 400
    assert {path.read_bytes()[4:8] for path in compiled} == {b"\x01\0\0\0"}
    assert {path.name.rpartition(".cpython-313.pyc")[1] for path in compiled} == {".cpython-313.pyc"}  # level 0 alone
    private = [path for path in compiled if str(REPOSITORY).encode() in path.read_bytes()]
    assert private == []


def test_inspection_and_manifest(build):
    assert build.manifest["variant"] == build.name
    assert build.manifest["toolchain"]["kind"] == "zig"
    assert build.manifest["toolchain"]["glibc_floor"] == build.variant.libc.floor
    listed = {path.removeprefix("root/") for path in build.manifest["files"]}
    there = {os.path.relpath(os.path.join(where, name), build.root) for where, folders, names in os.walk(build.root)
             for name in names + [folder for folder in folders if os.path.islink(os.path.join(where, folder))]}
    assert listed == there
    report = json.loads((build.folder / "inspect.json").read_text("utf-8"))
    assert report["findings"] == []

"""`scons licenses` and `license_deny=` of real builds: texts, the bill of materials again and again, refusals before a compile."""
import json

import pytest
from built import LIBRARY_FLAVOUR, LIBRARY_WORDS, WITH_LIBRARIES


@pytest.fixture(scope="module")
def listed(built, main):
    build = built(WITH_LIBRARIES, *LIBRARY_WORDS, flavour=LIBRARY_FLAVOUR)
    run = main.scons("licenses", f"target={WITH_LIBRARIES}", *LIBRARY_WORDS)
    return build, run


def test_what_is_linked_has_a_text_and_a_line(listed):
    build, run = listed
    texts = {path.stem for path in (build.folder / "licenses").glob("*.txt")}
    assert {"CPython", "expat", "openssl", "zlib", "sqlite", "musl", "compiler-rt"} <= texts and "libgcc" not in texts
    assert "openssl" in run.out and "Apache-2.0" in run.out
    assert "Apache License" in (build.folder / "licenses/openssl.txt").read_text("utf-8")


def test_the_bill_of_materials_is_the_same_again(listed, main):
    build, _ = listed
    path = build.folder / "licenses/sbom.cdx.json"
    first = path.read_bytes()
    main.scons("licenses", f"target={WITH_LIBRARIES}", *LIBRARY_WORDS)
    assert path.read_bytes() == first
    libraries = {row["name"] for row in json.loads((build.folder / "manifest.json").read_text("utf-8"))["libraries"]}
    assert libraries <= {one["name"] for one in json.loads(first)["components"]}


def test_a_denied_licence_ends_the_run_with_its_chain_before_anything_is_compiled(listed, main):
    run = main.scons(f"target={WITH_LIBRARIES}", *LIBRARY_WORDS, "license_deny=Apache-2.0", check=False)
    assert run.code and run.shown == []
    assert "Apache-2.0: openssl 3." in run.err and "<- module _hashlib <- deps=source" in run.err

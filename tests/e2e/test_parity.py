"""The release's own configure, run for the same target with the same compiler, says what the ledger says, or a reason is given."""
import json
import platform
import tomllib

import pytest
from built import VARIANTS, Build
from checkout import REPOSITORY, flavoured, need

PINS = ("3.13.15", "3.13.5")
TARGETS = {"aarch64-linux-gnu": "gcc", "arm-linux-gnueabihf": "gcc", "x86_64-linux-gnu": "gcc", "riscv64-linux-gnu": "gcc",
           "aarch64-linux-musl": "zig", "x86_64-linux-musl": "zig"}
# The one that every run of the tests shows; the others take longer than they tell.
SAMPLE = ("aarch64-linux-gnu", "3.13.15")
MOST = 15  # explained differences of pyconfig.h and the modules
ROWS = tomllib.loads((REPOSITORY / "cpython" / "parity.toml").read_text("utf-8"))["difference"]


def combinations():
    return [pytest.param(target, release, marks=() if (target, release) == SAMPLE else pytest.mark.nightly)
            for target in TARGETS for release in PINS]


@pytest.fixture(scope="module")
def compared(main, built):
    """Compare a target, once; with the host's interpreter that other tests build anyway."""
    done = {}

    def compare(target, release):
        if (target, release) not in done:
            need("make", "make")
            if TARGETS[target] == "gcc":
                need(f"{VARIANTS[target].toolchain.gcc}-gcc", VARIANTS[target].toolchain.gcc_package)
            host = f"{platform.machine()}-linux-gnu"
            newest = release == PINS[0]
            build = built(host) if newest else built(host, f"python={release}", flavour=f"+python-{release}")
            words = [f"target={target}", f"toolchain={TARGETS[target]}", f"python={release}", f"bootstrap={build.python}"]
            run = main.scons("parity", *words, check=False)
            flavour = ("" if newest else f"+python-{release}") + ("" if TARGETS[target] == "zig" else f"+toolchain-{TARGETS[target]}")
            done[target, release] = run, json.loads((main.build / f"{target}{flavoured(flavour)}" / "parity.json").read_text("utf-8"))
        return done[target, release]
    return compare


@pytest.mark.parametrize("target, release", combinations())
def test_every_difference_has_its_reason(compared, target, release):
    run, report = compared(target, release)
    assert [one for one in report["found"] if not one["why"]] == [] and run.code == 0, run.err
    assert len([one for one in report["found"] if one["kind"] in ("pyconfig", "module")]) <= MOST
    assert report["classes"]["read"] == len(tomllib.loads((REPOSITORY / "cpython" / "parity.toml").read_text("utf-8"))["read"]["keys"])
    assert sum(report["classes"].values()) > 900
    assert f"{target}: probing {report['probing']:.1f} s, configure {report['configure']:.1f} s" in run.out
    assert report["probing"] < report["configure"]


def test_configure_is_not_run_again_for_the_same_question(main, compared):
    target, release = SAMPLE
    compared(target, release)
    python = Build(main, f"{platform.machine()}-linux-gnu").python
    run = main.scons("parity", f"target={target}", "toolchain=gcc", f"python={release}", f"bootstrap={python}")
    assert "this takes a while" not in run.out and "0 not explained" in run.out


@pytest.mark.nightly
def test_no_reason_is_without_a_target_that_needs_it(compared):
    used = {(one["kind"], one["name"], one["ours"], one["configure"]) for target in TARGETS for release in PINS
            for one in compared(target, release)[1]["found"]}
    assert [row["name"] for row in ROWS if (row["kind"], row["name"], row["ours"], row["configure"]) not in used] == []


@pytest.mark.nightly
def test_the_python_that_configure_insists_on_is_built_when_none_is_named(main):
    need("make", "make")
    target, _ = SAMPLE
    need(f"{target}-gcc", VARIANTS[target].toolchain.gcc_package)
    run = main.scons("parity", f"target={target}", "toolchain=gcc")
    assert "build: a Python 3.13.15 for this machine" in run.out
    assert Build(main, f"{platform.machine()}-linux-gnu", "+deps-none+optimize-debug").python.exists()

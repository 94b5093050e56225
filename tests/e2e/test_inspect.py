"""`scons inspect` in its four forms, and hardening, on real builds."""
import json
import platform
import shutil
import subprocess
import sys
from xml.etree import ElementTree

import pytest
from built import VARIANTS
from checkout import REPOSITORY

from crosspy.inspect import policy


@pytest.fixture
def build(built):
    return built("x86_64-linux-gnu")


# Each build inspects itself by the same rules, and test_root.py reads what it found.
@pytest.mark.parametrize("name", [pytest.param(name, marks=() if name == "aarch64-linux-gnu" else pytest.mark.nightly) for name in sorted(VARIANTS)])
def test_the_elf_rules_hold(built, name):
    done = subprocess.run([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/elf", "--build", built(name).folder],
                          cwd=REPOSITORY, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    assert " passed" in done.stdout and "failed" not in done.stdout


def test_the_rules_are_listed_without_a_target(main):
    run = main.scons("-Q", "inspect", "rules")
    assert [line.split()[0] for line in run.out.splitlines() if not line.startswith(" ")] == [rule.id for rule in policy.RULES]


def test_a_build_has_a_report_for_machines_and_one_for_test_runners(build):
    report = json.loads((build.folder / "inspect.json").read_text("utf-8"))
    assert report["findings"] == report["waived"] == [] and report["hardening"]["stack-protector"] == "-fstack-protector-strong"
    suite = ElementTree.fromstring((build.folder / "inspect.xml").read_bytes())
    assert suite.get("failures") == "0" and len(suite) == len(policy.RULES)
    skipped = {case.get("name") for case in suite if case.find("skipped") is not None}
    assert skipped >= {"rootfs-needed", "rootfs-symbol"} and not skipped & {"undefined", "host-path", "build-date", "stable-abi"}


def test_the_device_s_own_root_file_system_has_all_that_a_build_needs_and_an_empty_one_has_not(build, room):
    words = ("inspect", "target=x86_64-linux-gnu")
    assert build.checkout.scons(*words, "rootfs=/").code == 0
    before = (build.folder / "inspect.json").read_bytes()
    (room / "lib").mkdir()
    run = build.checkout.scons(*words, f"rootfs={room}", check=False)
    assert run.code and "rootfs-needed" in run.err and "libc.so.6" in run.err
    found = json.loads((build.folder / "inspect-rootfs.json").read_text("utf-8"))["findings"]
    assert {one["rule"] for one in found} == {"rootfs-needed"}
    assert (build.folder / "inspect.json").read_bytes() == before, "what the build found stays as it is"


def test_any_file_is_inspected_without_a_build(build, room):
    program = shutil.copy2("/bin/true", room / "true")
    run = build.checkout.scons("-Q", "inspect", "target=arm-linux-gnueabihf", f"file={program}", f"build_dir={room}/build", check=False)
    assert run.code and "fatal  elf-machine" in run.err and "EM_ARM" in run.err
    report = json.loads((room / "build/arm-linux-gnueabihf+deps-none/inspect-file.json").read_text("utf-8"))
    assert list(report["files"]) == ["true"] and not (room / "build/sources").exists()


def test_a_program_of_this_machine_is_held_to_the_glibc_that_is_given(build, room):
    words = ("-Q", "inspect", "target=x86_64-linux-gnu", "file=/bin/sh", f"build_dir={room}/build")
    assert "glibc-floor" in build.checkout.scons(*words, check=False).err
    run = build.checkout.scons(*words, f"glibc={platform.libc_ver()[1]}", check=False)
    assert "glibc-floor" not in run.err and "inspect: 1 ELF files, 1 files" in run.out, "a link is followed"


@pytest.mark.nightly
@pytest.mark.parametrize("name", ["x86_64-linux-gnu", "x86_64-linux-musl"])
def test_without_hardening_a_build_works_and_says_what_it_lacks(built, name):
    build = built(name, "hardening=no", flavour="+hardening-no")
    assert set(json.loads((build.folder / "inspect.json").read_text("utf-8"))["hardening"].values()) == {"absent: hardening=no"}
    build.smoke()

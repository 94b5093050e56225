"""The words of what follows a build: the shell and SCons leave them as they are."""
import shlex
import subprocess
import sys
from types import SimpleNamespace

from samples import PROJECT, given

from crosspy.cli import afterwards

OF_VARIANTS = ("errors", "tomlfile", "variants/variant", "variants/variantlines", "variants/inherit", "sizing/budget")   # inspection reads expect.json, and not a variant
TARGET = {"folder": "build/arm", "name": "arm"}


def words(target=TARGET, **arguments):
    session = SimpleNamespace(options=given(**arguments), project=PROJECT)
    return afterwards.words(session, target, "3.13")


def test_what_rootfs_finds_stands_beside_what_the_build_found(tmp_path):
    device = tmp_path / "a b$c"
    (device / "lib").mkdir(parents=True)
    assert shlex.split(words()["table_words"]) == ["--output", "build/arm/inspect.json", "--junit", "build/arm/inspect.xml"]
    told = shlex.split(words(rootfs=str(device))["table_words"].replace("$$", "$"))
    assert told == ["--output", "build/arm/inspect-rootfs.json", "--junit", "build/arm/inspect-rootfs.xml", "--rootfs", str(device)]
    program = words({**TARGET, "app": {"folder": "build/arm/apps/hello"}}, rootfs=str(device))["table_words"]
    assert "build/arm/apps/hello/inspect-rootfs.json" in program and "--rootfs" in program


def test_conformance_gets_the_interpreter_below_the_prefix_and_every_folder_of_variants():
    told = shlex.split(words(prefix="/opt/python", only="test_os", variants="mine")["conformance_words"])
    assert told[told.index("--python") + 1] == "opt/python/bin/python3.13" and told[told.index("--only") + 1] == "test_os"
    assert "--timeout" not in told and "--timeout 60" in words(timeout="60")["conformance_words"]
    assert [told[place + 1] for place, word in enumerate(told) if word == "--variants"] == [str(PROJECT / "variants"), "mine"]


def test_every_room_of_inspection_is_a_source_of_it():
    crosspy = PROJECT / "site_scons/crosspy"
    assert all((crosspy / f"{name}.py").is_file() for name in afterwards.INSPECTORS)
    assert {f"inspect/{path.stem}" for path in crosspy.glob("inspect/rules*.py")} <= set(afterwards.INSPECTORS)


def test_every_room_that_inspection_imports_is_a_source_of_it():
    run = subprocess.run([sys.executable, "-c", "import sys, crosspy.inspect.inspection; print(*(name for name in sys.modules if name.startswith('crosspy.')))"],
                         capture_output=True, text=True, check=True, env={"PYTHONPATH": str(PROJECT / "site_scons"), "PYTHONDONTWRITEBYTECODE": "1"})
    used = {name.removeprefix("crosspy.").replace(".", "/") for name in run.stdout.split()}
    packages = {"elf", "inspect", "sizing", "variants"}
    assert used - packages - {"inspect/inspection", *OF_VARIANTS} <= set(afterwards.INSPECTORS)

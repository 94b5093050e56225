"""Small valid examples of what most modules take: variants, options, a toolchain, a release, a job."""
from pathlib import Path

from crosspy.acquire.release import Release
from crosspy.cli import options
from crosspy.run import stages
from crosspy.toolchains.toolchain import Toolchain
from crosspy.variants import variant

PROJECT = Path(__file__).resolve().parents[2]

VARIANT = """\
summary = "a made-up machine"
short = ["mips"]
[machine]
bits = 32
endian = "big"
elf = "EM_MIPS"
[libc]
name = "glibc"
linkage = "dynamic"
floor = "2.17"
[toolchain]
gcc = "mips-linux-gnu"
gcc_package = "gcc-mips-linux-gnu"
[python]
multiarch = "mips-linux-gnu"
modules = "shared"
[elf]
[run]
machine = "mips"
"""


def write_variant(folder, name="mips-linux-gnu", *changes):
    """Write a variant below a folder of variants; changes are (old, new) pairs of the text above."""
    text = VARIANT
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    (folder / name).mkdir(parents=True)
    (folder / name / "variant.toml").write_text(text)
    return folder / name


def load_variant(folder, *changes):
    return variant.load(write_variant(folder, "mips-linux-gnu", *changes))


def static(folder):
    return load_variant(folder / "static", ('"glibc"', '"musl"'), ('"dynamic"', '"static"'), ('floor = "2.17"\n', ""))


def given(**arguments):
    return options.parse(arguments)


def job(folder, **changes):
    """Return a Job over made-up parts; changes replace its fields."""
    tree = folder / "tree"
    fields = dict(
        variant=None, options=given(target="mips"), folder="build/mips", frozen="build/bootstrap-3.13.15", tree="build/tree",
        release=Release("3.13.15", "3.13", tree, "d" * 64, False, "downloads/"), tables=PROJECT / "cpython",
        toolchain=Toolchain("gcc", "mips-linux-gnu", "14.2.0", ("/opt/cross/bin/mips-linux-gnu-gcc",), ("ar",),
                            (), "e" * 64))
    fields["variant"] = changes.get("variant") or load_variant(folder / "variants")
    return stages.Job(**{**fields, **changes})

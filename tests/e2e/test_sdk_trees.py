"""SDKs by their folder alone: real trees at a path with a space, used by an ordinary user who cannot write there."""
import json
import shlex

import pytest
from built import Build
from checkout import clone, differences, flavoured, give, ordinary, snapshot
from refusal import one_message
from sdktrees import FLAGS, LAYOUTS, close

from crosspy.cli import options

SUFFIX = "cpython-313-aarch64-linux-gnu.so"


@pytest.fixture(scope="module")
def trees(place):
    """Return a function that lays out an SDK once, closed for writing."""
    made = {}

    def tree(layout):
        if layout not in made:
            made[layout] = LAYOUTS[layout](place / "the SDKs" / f"{layout} 1.0")
            close(made[layout])
        return made[layout]
    return tree


@pytest.fixture(scope="module")
def yard(built, place):
    """A checkout of an ordinary user's own."""
    built("x86_64-linux-gnu")  # a release is unpacked, zig has built the host's libc
    checkout = clone(place / "yard", zig_cache=True)
    give(checkout.folder)
    return checkout


def flavour(tree):
    return options.flavour({"toolchain": f"sdk:{tree}"}, "", "")


@pytest.mark.parametrize("layout", LAYOUTS)
def test_an_sdk_is_known_by_its_layout_and_compiles_and_links_with_its_own_flags_and_files(trees, yard, layout):
    tree, user = trees(layout), ordinary(yard)
    before = snapshot(tree)
    words = ("target=aarch64", f"toolchain=sdk:{tree}", "verbose=1")
    planned = yard.scons(*words, "-n", "aarch64-linux-gnu", before=user)
    line = next(line for line in planned.out.splitlines() if line.startswith("aarch64-linux-gnu: "))
    assert f"{layout} SDK" in line and "sysroot @/" in line and "glibc 2." in line and "digest " in line
    folder = yard.build / f"aarch64-linux-gnu{flavoured(flavour(tree))}"
    module = f"{folder.relative_to(yard.folder)}/linked/lib-dynload/_heapq.{SUFFIX}"
    run = yard.scons(*words, module, before=user)
    commands = [shlex.split(line.partition("] ")[2]) for line in run.out.splitlines() if "_heapq" in line and line.startswith("[")]
    assert len(commands) == 2
    for command in commands:
        assert command[0].startswith(str(tree)) and FLAGS[layout] in [*command, ""]
        assert [word for word in command if word.startswith(("/usr/include", "/usr/lib"))] == []
    assert yard.scons(*words, module, before=user).of("CC") == []
    assert differences(before, snapshot(tree)) == []
    assert (yard.folder / module).read_bytes()[:4] == b"\x7fELF"
    told = json.loads((folder / "facts.json").read_text("utf-8"))["toolchain"]
    assert told["sdk"] == layout and str(tree) not in json.dumps(told) and told["banner"]


def test_an_sdk_that_fits_another_target_is_refused_with_that_target_s_name(trees, yard):
    run = yard.scons("target=arm", f"toolchain=sdk:{trees('crosstool-ng')}", check=False, before=ordinary(yard))
    assert "it fits target=aarch64-linux-gnu" in one_message(run)


def test_a_moved_yocto_sdk_finds_its_sysroot_in_its_new_place(trees, yard, place):
    tree = trees("Yocto")
    moved = place / "the SDKs" / "moved away"
    tree.parent.chmod(0o755)
    for path in (tree, *tree.iterdir()):
        path.chmod(0o755)
    tree.rename(moved)
    try:
        run = yard.scons("target=aarch64", f"toolchain=sdk:{moved}", "verbose=1", "-n", "aarch64-linux-gnu", before=ordinary(yard))
        assert f"--sysroot={moved}/sysroots/cortexa57-poky-linux" in run.out and f"{tree}/" not in run.out
    finally:
        moved.rename(tree)


@pytest.mark.nightly
@pytest.mark.parametrize("layout", LAYOUTS)
def test_what_an_sdk_builds_passes_the_inspection_and_runs(trees, yard, layout):
    yard.scons("target=aarch64", f"toolchain=sdk:{trees(layout)}", before=ordinary(yard))
    build = Build(yard, "aarch64-linux-gnu", flavour(trees(layout)))
    build.smoke()
    assert json.loads((build.folder / "inspect.json").read_text("utf-8"))["findings"] == []

"""Many targets in one run, and targets that the project does not know: a folder with one file each."""
import re

import pytest
from built import NAMES, VARIANTS, Build
from checkout import REPOSITORY, clone, flavoured
from refusal import refused

TEXT = (REPOSITORY / "variants/x86_64-linux-musl/variant.toml").read_text("utf-8")
TRIPLE = "mine-linux-musl"
MINE = re.sub(r'^short = .*\n', "", TEXT, flags=re.M).replace("summary = ", 'summary = "mine" # ')


@pytest.fixture(scope="module")
def plot(built, place):
    built("x86_64-linux-musl")  # a release is unpacked, zig has built its libc
    return clone(place / "plot", zig_cache=True)


def folder_with(room, **texts):
    for name, text in texts.items():
        (room / "variants of mine" / name).mkdir(parents=True)
        (room / "variants of mine" / name / "variant.toml").write_text(text)
    return f"variants={room / 'variants of mine'}"


def rows(out):
    """The rows of the table at the end, by target."""
    lines = out.splitlines()
    head = next(number for number, line in enumerate(lines) if re.match(r"target +toolchain +status +size +modules +findings +time$", line))
    return {cells[0]: cells[1:] for cells in (re.split(" {2,}", line) for line in lines[head + 1:])}


def test_a_target_of_one_s_own_is_one_folder_with_one_file(plot, room):
    board = f'inherits = "{TRIPLE}"\nsummary = "an x86 board"\n[flags]\ncompile = ["-DMINE=1"]\n'
    where = folder_with(room, **{TRIPLE: MINE}, sbc=board)
    one = "obj/Objects/boolobject.o"
    run = plot.scons("target=mine-linux-musl,sbc", where, "verbose=1", f"build/{TRIPLE}{flavoured()}/{one}", f"build/sbc{flavoured()}/{one}")
    compiled = [line for line in run.out.splitlines() if "Objects/boolobject.c" in line]
    assert sorted(("-DMINE=1" in line, "build/sbc+" in line) for line in compiled) == [(False, False), (True, True)]
    assert plot.scons("target=mine-linux-musl,sbc", where, f"build/{TRIPLE}{flavoured()}/{one}").shown == []


@pytest.mark.nightly
def test_a_target_of_one_s_own_runs(plot, room):
    plot.scons("target=mine-linux-musl", folder_with(room, **{TRIPLE: MINE}))
    build = Build(plot, "x86_64-linux-musl")
    build.name, build.folder = TRIPLE, plot.build / f"{TRIPLE}{flavoured()}"
    build.root = build.folder / "root"
    build.smoke()


def test_with_k_a_refused_target_stops_no_other_and_the_table_names_it(plot, room):
    where = folder_with(room, **{TRIPLE: MINE},
                        wrong=f'inherits = "{TRIPLE}"\nsummary = "wrong"\nmachine = {{ bits = 32 }}\n')
    words = ("target=mine-linux-musl,wrong", where)
    message = refused(plot, *words, probed=True)
    assert "bits 64 where the variant says 32" in message
    run = plot.scons("-k", *words, "build/mine-linux-musl+deps-none/obj/Objects/tupleobject.o", "wrong", check=False)
    assert run.code and run.of("CC") == ["mine-linux-musl Objects/tupleobject"]
    assert rows(run.out)["wrong"][1] == "refused" and "wrong: " in run.err and "bits 64 where" in run.err


@pytest.mark.nightly
def test_with_k_a_target_that_does_not_compile_stops_no_other_and_the_table_says_so(built, place, room):
    """No source of the core compiles without what Python.h declares; probes do not read it."""
    good = built("x86_64-linux-musl")
    checkout = clone(place / "beside", zig_cache=True, builds=(good.folder.name, *(path.name for path in good.checkout.build.glob("bootstrap-*"))))
    checkout.scons(f"target={good.name}")
    where = folder_with(room, wrong=f'inherits = "{good.name}"\nsummary = "wrong"\n[flags]\ncompile = ["-DPy_PYTHON_H"]\n')
    run = checkout.scons("-k", f"target=wrong,{good.name}", where, check=False)
    assert run.code and not [line for line in run.shown if good.name in line]
    assert rows(run.out)["wrong"][1:3] == ["failed", "-"] and rows(run.out)[good.name][1] == "built" and rows(run.out)[good.name][4] == "0"


def test_scons_targets_lists_every_variant_with_what_this_machine_can_do(plot):
    run = plot.scons("targets")
    lines = {line.split()[0]: line for line in run.out.splitlines() if line and not line.startswith("scons:")}
    assert set(VARIANTS) | {"target"} == set(lines)
    assert lines["x86_64-linux-gnu"].endswith("yes") and "big, soft float, musl" in lines["mips-linux-musl"]


@pytest.mark.nightly
def test_a_further_target_runs_its_own_commands_only(built, place):
    """What that costs, bench/series.py measures."""
    checkout = clone(place / "series", zig_cache=True)
    first = checkout.scons(f"target={','.join(NAMES)}", "optimize=debug")
    library = [line for line in first.of("PYC") if line.startswith("library")]
    assert library and sorted(set(library)) == library and len(first.of("PYC")) == len(library) + len(NAMES)   # sysconfig's data is each one's own
    run = checkout.scons(f"target={','.join(NAMES)},aarch64-linux-musl", "optimize=debug")
    assert {line.split()[1] for line in run.shown if line.startswith(("CC ", "LINK "))} == {"aarch64-linux-musl"}
    assert run.of("CC") and not [line for line in run.shown if "bootstrap" in line or "FREEZE" in line]
    assert run.of("PYC") == ["aarch64-linux-musl sysconfigdata"]

"""Reports of real builds: every byte, by two ways that agree, and savings that come true."""
import json
import os
import re
import shlex
import subprocess
from collections import Counter
from pathlib import Path

import pytest
from built import BY_GCC
from checkout import REPOSITORY, need
from refusal import refused

from crosspy.sizing import linkmap, members, placing, report, savings, sizes  # noqa: E402  (built.py adds the path)
from crosspy.deps import library
from crosspy.elf.symbols import Image

MUSL = "x86_64-linux-musl"


@pytest.fixture(scope="module")
def musl(built, main):
    """The static interpreter with its report."""
    build = built(MUSL)
    main.scons(f"target={MUSL}", "report")
    return build


def sizes_of(build):
    return json.loads((build.folder / "report/sizes.json").read_text("utf-8"))


def rows(build, name):
    return json.loads((build.folder / name).read_text("utf-8"))


def on_disk(root):
    found = [Path(where, name) for where, _, names in os.walk(root) for name in names]
    return sum(path.stat().st_size for path in found if not path.is_symlink())


def test_every_byte_of_root_is_in_the_report(musl):
    found = sizes_of(musl)
    assert found["total"] == on_disk(musl.root) == sum(report.flat(found["tree"]).values())
    program = [sizes.CORE, sizes.EXTENSION, sizes.LIBRARY, sizes.LIBC, sizes.FORMAT]
    frozen = {leaf: size for leaf, size in report.flat(found["tree"]).items() if leaf[3] == "frozen code"}
    inside = sum(savings.modules(report.flat({kind: found["tree"][kind] for kind in program})).values()) + sum(frozen.values())
    assert inside == musl.python.stat().st_size
    assert found["tree"][sizes.EXTENSION].keys() >= {"_json", "_decimal", "unicodedata"}
    assert frozen[sizes.PYTHON, "importlib", "importlib._bootstrap", "frozen code"] > 30_000


@pytest.mark.nightly
def test_libraries_have_their_bytes_and_go_with_the_modules_that_share_them(built, main):
    build = built(MUSL, "deps=source", flavour="+deps-source")
    main.scons(f"target={MUSL}", "deps=source", "report")
    found = sizes_of(build)
    assert found["tree"][sizes.LIBRARY].keys() >= {"openssl", "zlib", "sqlite", "libffi"}
    openssl = next(row for row in found["saves"] if row["module"] == "openssl")
    assert openssl["how"] == "disable=_hashlib,_ssl" and [sizes.LIBRARY, "openssl"] in openssl["parts"] and openssl["bytes"] > 2_000_000


def test_nearly_every_byte_has_a_module(musl):
    """What the linker and the file format need is little: otherwise something was not found out."""
    totals = savings.modules(report.flat(sizes_of(musl)["tree"]))
    assert sum(size for (kind, _), size in totals.items() if kind == sizes.FORMAT) < 0.003 * musl.python.stat().st_size


def test_a_second_report_is_up_to_date_and_a_plain_build_makes_none(musl, main):
    assert main.scons(f"target={MUSL}", "report").shown == []
    assert main.scons(f"target={MUSL}").shown == []


def test_the_page_is_the_data_and_needs_no_network(musl):
    html = (musl.folder / "report/report.html").read_text("utf-8")
    assert json.loads(re.search(r'id="data">(.*?)</script>', html, re.S)[1]) == sizes_of(musl)
    assert re.findall(r"https?://", html) == []


def link_again(build, room, objects, strip="-s"):
    """Make the interpreter's link once more, of other objects or with its symbols (strip="-g"); returns its path."""
    graph = rows(build, "graph.json")
    archives = next(link for link in rows(build, "sizing.json")["links"] if link["file"] == "linked/python")["archives"]
    inside = {word for one in library.load_all(REPOSITORY / "deps").values() for word in one.links}
    link = next(link for link in graph["links"] if link["output"] == "linked/python")
    command = [strip if word == "-s" else word for word in shlex.split(link["command"])]
    subprocess.run([*command, "-o", room / "python", *objects, *archives, *(word for word in link["libs"].split() if word not in inside)], cwd=REPOSITORY, check=True,
                   env={**graph["env"], "HOME": str(room)})
    return room / "python"


def test_the_map_and_the_symbols_agree(musl, room):
    """The map of the link, and an unstripped link whose symbols are held against those of the objects."""
    sizing = rows(musl, "sizing.json")
    link = next(link for link in sizing["links"] if link["file"] == "linked/python")
    paths = [musl.folder / "obj" / name for name in link["objects"]]
    objects = [placing.Object(tuple(sizing["owners"][name]), Image(path.read_bytes())) for name, path in zip(link["objects"], paths)]
    more = members.taken(objects, [str(REPOSITORY / path) for path in link["archives"]],
                         {str(REPOSITORY / path): (sizes.LIBRARY, name) for path, name in sizing["archives"].items()})
    objects += more.values()
    named = Image(link_again(musl, room, paths, "-g").read_bytes())
    data = musl.python.read_bytes()
    placing.check_same(Image(data), named)
    text = (musl.folder / "unstripped/python.map").read_text("utf-8")
    layouts = [placing.by_symbols(named, objects), linkmap.read(text, str(musl.folder / "obj"), [*link["objects"], *more], objects, sizes.LIBC)]
    told = [savings.modules(sizes.measure(data, layout, sizes.Names({}))) for layout in layouts]
    ours = {owner for owner in told[1] if owner[0] in (sizes.CORE, sizes.EXTENSION, sizes.LIBRARY)}
    assert len(ours) > 200
    # Symbols cannot place a section in which nothing has a name: a table of a switch, as in Parser/token.
    pairs = {owner: (told[0][owner], told[1][owner]) for owner in ours}
    assert {owner: pair for owner, pair in pairs.items() if abs(pair[0] - pair[1]) > 1000 + pair[1] // 50} == {}
    assert sum(abs(one - other) for one, other in pairs.values()) < len(data) // 1000


@pytest.mark.parametrize("module", ["_decimal", "unicodedata", "_pickle"])
def test_what_a_module_saves_comes_true(musl, room, module):
    saves = next(row for row in sizes_of(musl)["saves"] if row["module"] == module)
    sizing, graph = rows(musl, "sizing.json"), rows(musl, "graph.json")
    text = (musl.folder / "generated/config.c").read_text("utf-8")
    shorter = "\n".join(line for line in text.splitlines() if not re.search(rf"\bPyInit_{module}\b", line))
    assert shorter != text.strip()
    (room / "config.c").write_text(shorter)
    subprocess.run([*shlex.split(graph["compile"]["core"]), "-c", "-o", room / "config.o", room / "config.c"], cwd=REPOSITORY, check=True,
                   env={**graph["env"], "HOME": str(room)})
    gone = {tuple(part) for part in saves["parts"]}
    link = next(link for link in sizing["links"] if link["file"] == "linked/python")
    objects = [musl.folder / "obj" / name for name in link["objects"]
               if tuple(sizing["owners"][name]) not in gone and name != "Modules/config.o"]
    real = musl.python.stat().st_size - link_again(musl, room, [*objects, room / "config.o"]).stat().st_size
    assert real > 50_000 and abs(saves["bytes"] - real) < 0.02 * real


def test_a_build_over_its_budget_fails_with_the_causes(musl, main):
    run = main.scons(f"target={MUSL}", "flash=10M", check=False)
    lines = run.err.splitlines()
    assert run.code and lines[0].startswith(f"flash: root has {on_disk(musl.root)} bytes, ")
    causes = [line for line in lines if re.match(r" +\d+  \S.* saves +(\d+ by |–)", line)]
    assert len(causes) == 10 and "static library" in causes[0]
    assert sum("by disable=unicodedata" in line for line in causes) == 1
    assert not (musl.folder / "report/flash.txt").exists()


def test_a_build_within_its_budget_says_what_is_left(musl, main):
    total = on_disk(musl.root)
    main.scons(f"target={MUSL}", f"flash={total}")
    assert (musl.folder / "report/flash.txt").read_text() == f"root: {total} of {total} bytes, 0 left\n"
    assert main.scons(f"target={MUSL}", f"flash={total}").shown == []
    assert main.scons(f"target={MUSL}", f"flash={total - 1}", check=False).code


def test_size_diff_finds_what_differs(musl, main, built):
    other = built("x86_64-linux-gnu")
    run = main.scons("size-diff", f"file={other.folder}/manifest.json,{musl.folder}/manifest.json")
    assert re.search(r"^ +0 +\d+ +\+\d+  root/usr/lib/python3.13/config-3.13-x86_64-linux-musl/Makefile \(other\)$", run.out, re.M) or \
        re.search(r"smaller changes$", run.out, re.M)
    change = on_disk(musl.root) - on_disk(other.root)
    assert re.search(rf"^ *{on_disk(other.root)} *{on_disk(musl.root)} *{re.escape(f'{change:+}')}  together ", run.out, re.M)


@pytest.mark.parametrize("words, part", [(("target=aarch64", "flash=4MB"), "flash=4MB: it is no size"),
                                         (("size-diff", "file=a,b"), "a: it cannot be read"),
                                         (("target=aarch64", "file=a,b"), "only size-diff and inspect reads it"), (("report",), "add target=NAME")])
def test_mistakes_are_told(bare, words, part):
    assert part in refused(bare, *words)


@pytest.mark.parametrize(("words", "flavour"), [pytest.param(*BY_GCC, id="debug"),
                                                pytest.param(("toolchain=gcc",), "+toolchain-gcc", id="default", marks=pytest.mark.nightly)])
def test_a_report_of_a_build_by_gcc(built, main, words, flavour):
    """Shared extension modules, glibc, and symbols instead of maps."""
    target = "aarch64-linux-gnu"
    need(f"{target}-gcc", f"gcc-{target}")
    build = built(target, *words, flavour=flavour)
    main.scons(f"target={target}", *words, "report")
    found = sizes_of(build)
    assert found["total"] == on_disk(build.root)
    totals = Counter(savings.modules(report.flat(found["tree"])))
    shared = next((build.library / "lib-dynload").glob("_json.*"))
    assert totals[sizes.EXTENSION, "_json"] == shared.stat().st_size
    saves = {row["module"]: row for row in found["saves"]}
    assert saves["_decimal"]["bytes"] == next((build.library / "lib-dynload").glob("_decimal.*")).stat().st_size
    assert totals[sizes.CORE, "Objects/unicodeobject"] > 100_000


@pytest.fixture(scope="module")
def program(built, main):
    """examples/hello.py as one program, with its report."""
    words = ("profile=minimal", "app=examples/hello.py")
    build = built(MUSL, *words, flavour="+profile-minimal")
    main.scons(f"target={MUSL}", *words, "report")
    return build


def test_a_program_is_told_by_its_modules_and_sections(program):
    found, size = sizes_of(program), (program.folder / "apps/hello/hello").stat().st_size
    assert (found["of"], found["total"]) == ("apps/hello/hello", size)
    leaves = report.flat(found["tree"])
    assert sum(leaves.values()) == size
    plan = rows(program, "apps/hello/plan.json")
    told = {leaf[2] for leaf in leaves if leaf[3] == "frozen code"}
    assert {"encodings", "os", "site"} & set(plan["modules"]) <= told == set(plan["symbols"].values())
    totals = savings.modules(leaves)
    assert totals[sizes.CORE, "Objects/unicodeobject"] > 100_000
    assert sum(size for (kind, _), size in totals.items() if kind == sizes.FORMAT) < 0.01 * size


def test_a_program_over_its_budget_names_what_can_be_excluded(program, main):
    run = main.scons(f"target={MUSL}", "profile=minimal", "app=examples/hello.py", "flash=1M", check=False)
    assert run.code and run.err.startswith("flash: apps/hello/hello has ")
    assert re.search(r"interpreter core +saves +–$", run.err, re.M)
    assert len([line for line in run.err.splitlines() if re.match(r" +\d+  \S.* saves ", line)]) == 10

"""What the documents list is what there is: arguments, aliases, targets, keys of a variant, files, the two commands."""
import ast
import dataclasses
import inspect
import re
import tomllib
import typing
from pathlib import Path

import pytest

from crosspy.acquire import release
from crosspy.cli import commands, options
from crosspy.deps import library
from crosspy.firmware import parent
from crosspy.variants import variant

PROJECT = Path(__file__).resolve().parents[2]
README = (PROJECT / "README.md").read_text("utf-8")
ARCHITECTURE = (PROJECT / "docs" / "architecture.md").read_text("utf-8")
FIRMWARE = (PROJECT / "docs" / "firmware.md").read_text("utf-8")
INSPECTION = (PROJECT / "docs" / "inspection.md").read_text("utf-8")
GLOSSARY = (PROJECT / "variants" / "README.md").read_text("utf-8")
VARIANTS = variant.load_all(PROJECT / "variants")


def table(text, heading):
    """The rows below the table head that begins with a heading, each a list of cells."""
    lines = text.splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith(f"| {heading} |")) + 2
    rows = []
    for line in lines[start:]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip().removeprefix("|").removesuffix("|").split("|")])
    return rows


def code(cell):
    return re.findall(r"`([^`]*)`", cell)


def test_the_table_of_arguments_is_the_command_line():
    rows = [(code(row[0])[0], code(row[1]), row[3] == "+") for row in table(README, "argument")]
    wanted = [(name, [value for value in argument.values if value], argument.objects)
              for name, argument in options.ARGUMENTS.items()]
    assert rows == wanted


def test_every_alias_is_described():
    assert {code(row[0])[0].split()[1] for row in table(README, "alias")} == set(commands.COMMANDS)


def test_the_table_of_targets_is_the_folder_of_variants():
    rows = [(*map(tuple, map(code, row[:2])), row[2], row[3], row[4], row[5].strip("`")) for row in table(README, "target")]
    wanted = [((name,), found.short, found.summary, found.python.modules, "yes" if found.toolchain.zig else "no",
               found.toolchain.gcc_package or "no") for name, found in sorted(VARIANTS.items()) if not found.inherits]
    assert rows == wanted


def test_the_table_of_boards_is_the_folder_of_boards():
    rows = [(code(row[0])[0], code(row[1])[0], row[2]) for row in table(GLOSSARY, "board")]
    assert rows == [(name, found.inherits, found.summary) for name, found in sorted(VARIANTS.items()) if found.inherits]


def test_the_limits_name_every_pinned_release():
    pins = release.load_pins(PROJECT / "cpython" / "releases.toml").pins
    assert " and ".join(pin.version for pin in pins) in README


def keys():
    """Every key of variant.toml with its default; MISSING where it has none."""
    kinds = typing.get_type_hints(variant.Variant)
    for item in dataclasses.fields(variant.Variant):
        if dataclasses.is_dataclass(kinds[item.name]):
            yield from ((f"{item.name}.{inner.name}", inner.default) for inner in dataclasses.fields(kinds[item.name]))
        elif item.name not in ("name", "triple"):
            yield item.name, item.default


def test_every_key_of_a_variant_is_described_with_its_default():
    rows = {code(row[0])[0]: row[2] for row in table(GLOSSARY, "key") if not row[0].startswith("**")}
    written = {name: tuple(value) if isinstance(value, list) else value for name, value in
               ((name, ast.literal_eval(cell.strip("`")) if cell else dataclasses.MISSING) for name, cell in rows.items())}
    assert written == dict(keys())


def test_every_key_of_a_library_is_described():
    text = (PROJECT / "deps" / "README.md").read_text("utf-8")
    there = {f"{path.parent.name}: {key}" for path in (PROJECT / "deps").glob("*/dep.toml") for key, value in tomllib.loads(path.read_text("utf-8")).items()
             if f"`[{key}]`" not in text and f"`[[{key}]]`" not in text and (isinstance(value, dict) or f"`{key}`" not in text)}
    sysroot = {key for key in library._SYSROOT if f"`{key}`" not in text}
    assert (there, sysroot) == (set(), set())


def test_every_room_of_crosspy_is_described_once():
    rows = [name for row in table(ARCHITECTURE, "room") for name in code(row[0])]
    rooms = PROJECT / "site_scons" / "crosspy"
    there = {str(path.relative_to(rooms)) for path in rooms.rglob("*.py") if path.name != "__init__.py"}
    assert sorted(rows) == sorted(there)


def test_the_way_of_every_argument_is_described():
    named = [name for row in table(ARCHITECTURE, "argument") for name in code(row[0])]
    assert sorted(named) == sorted(options.ARGUMENTS)


def test_the_builders_of_a_parent_are_described_with_all_their_words():
    rows = {found[1]: found[2] for row in table(FIRMWARE, "of the result") if (found := re.match(r"`(\w+)\((.*?)\)`", row[0]))}
    wanted = {name: ", ".join(f"{word}=" if one.kind is one.KEYWORD_ONLY else word for word, one in inspect.signature(function).parameters.items() if word != "self")
              for name, function in vars(parent.CPython).items() if name.startswith("Python")}
    assert rows == wanted
    nodes = next(row for row in table(FIRMWARE, "of the result") if row[0].startswith("`python`"))
    assert set(code(nodes[0])) == {name for name, value in vars(parent.CPython).items() if isinstance(value, property)}


@pytest.mark.parametrize("text", [README, ARCHITECTURE, GLOSSARY, FIRMWARE, INSPECTION], ids=["README", "architecture", "variants", "firmware", "inspection"])
def test_every_path_that_a_document_names_exists(text):
    named = re.findall(r"`((?:cpython|site_scons|tests|docs|examples|integrations|variants|\.ci)/[\w./-]*)`", text)
    assert [path for path in named if not any((top / path).exists() for top in (PROJECT, PROJECT / "site_scons/crosspy"))] == []


def test_the_two_commands_stand_at_the_top_and_differ_only_in_what_they_run():
    block = re.search(r"^```sh\n(.*?)^```", README, re.M | re.S)[1].splitlines()
    start = "python3 -m venv .venv && . .venv/bin/activate && pip install -r "
    assert block == [f"{start}requirements.txt && scons target=aarch64", f"{start}requirements-test.txt && pytest"]


def test_ci_finds_its_two_lines_in_the_readme():
    for pattern in re.findall(r"\$\(line '([^']+)'\)", (PROJECT / ".ci" / "run").read_text("utf-8")):
        assert len([line for line in README.splitlines() if re.search(pattern, line)]) == 1, pattern


def test_the_lines_of_debian_packages_have_all_that_variants_name():
    packages = {word for line in README.splitlines() if "apt-get install -y" in line for word in line.split()}
    wanted = {name for found in VARIANTS.values()
              for name in (found.toolchain.gcc_package, found.run.qemu_package, found.run.sysroot_package) if name}
    assert wanted <= packages


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-test.txt", "requirements-fuzz.txt"])
def test_every_requirement_is_pinned(name):
    lines = (PROJECT / name).read_text("utf-8").splitlines()
    assert [line for line in lines if not re.fullmatch(r"[\w-]+==[\d.]+|-r requirements(-test)?\.txt", line)] == []

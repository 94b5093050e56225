"""What a build consists of, from its plan; and components.toml held against upstream's own lists."""
import json
import re
from pathlib import Path

import pytest
from samples import PROJECT

from crosspy.acquire.fetch import Archive
from crosspy.deps import library, record
from crosspy.deps.library import Library
from crosspy.deps.linkage import Linked
from crosspy.errors import UserError
from crosspy.licensing import components, deny, licenses, licensetexts, spdx

TABLE = components.load(PROJECT / "cpython")
KNOWN = {"ncurses": Library("ncurses", "", "MIT", ""), "readline": Library("readline", "", "GPL-3.0-or-later", "", needs=("ncurses",)),
         "openssl": Library("openssl", "", "Apache-2.0", "https://x", license_files=("LICENSE.txt",))}
MODULES = {"readline": {"objects": ["Modules/readline.o"], "libraries": ["readline"]},
           "_curses": {"objects": ["Modules/_cursesmodule.o"], "libraries": ["ncurses"]},
           "_ssl": {"objects": ["Modules/_ssl.o"], "libraries": ["openssl"]}, "_hashlib": {"objects": ["Modules/_hashopenssl.o"], "libraries": ["openssl"]},
           "pyexpat": {"objects": ["Modules/pyexpat.o", "Modules/expat/xmlparse.o"], "libraries": []}}
CORE = ["Objects/obmalloc.o", "Python/dtoa.o"]


def link(name, objects, kind="shared"):
    return {"output": f"linked/{name}", "kind": kind, "objects": objects}


PLAN = {"name": "x", "links": [link("libpython3.13.a", CORE, "archive"), link("python", [*CORE, *MODULES["pyexpat"]["objects"]], "program"),
                               *(link(f"lib-dynload/{name}.so", row["objects"]) for name, row in MODULES.items() if name != "pyexpat")],
        "modules": MODULES, "libraries": [record.row(KNOWN[name], Linked(name, "source", "1.0", ""), Archive(name, "1.0", "ab" * 32, 0, ("https://x/a.tar",)))
                                          for name in KNOWN]}
APP = {**PLAN, "app": {"name": "tool"}, "links": [{**link("apps/tool/linked/tool", [*CORE, "Modules/_ssl.o"], "program"), "output": "apps/tool/linked/tool"}],
       "modules": {"_ssl": MODULES["_ssl"]}, "libraries": PLAN["libraries"][2:]}


def scene(**changes):
    told = {"table": TABLE, "upstream": {"expat": {"version": "2.8.2", "url": "https://e", "sha256": "cd" * 32}}, "tree": Path("/nowhere"),
            "version": "3.13.15", "digest": "ef" * 32, "url": "https://p", "toolchain": ("gcc", "12"), "libc": "glibc", "libc_version": "2.36", "static": False, "macros": (),
            "carries": components.carrying(["tkinter"], False, None)}
    return components.Scene(**{**told, **changes})


def found(plan=PLAN, **changes):
    return {one.name: one for one in components.of(plan, scene(**changes), KNOWN)}


def test_what_is_linked_is_there_with_the_modules_that_bring_it_in_and_the_files_that_hold_it():
    told = found()
    assert list(told)[0] == "CPython" and told["CPython"].version == "3.13.15" and "openssl" in told["CPython"].needs
    assert told["openssl"].modules == ("_ssl", "_hashlib") and told["openssl"].files == ("_hashlib.so", "_ssl.so")
    assert told["ncurses"].modules == ("readline", "_curses")
    assert (told["expat"].modules, told["expat"].files, told["expat"].version) == (("pyexpat",), ("python",), "2.8.2")
    assert told["dtoa"].modules == () and told["dtoa"].version == "in CPython 3.13.15"
    assert "Mersenne Twister" not in told


def test_a_part_of_the_library_is_there_when_its_module_is():
    assert {"uvloop", "pip", "trace"} <= found().keys() and "test_epoll" not in found()
    assert "test_epoll" in found(carries=components.carrying([], True, None))
    assert "pip" not in found(carries=components.carrying(["ensurepip"], False, None))
    carried = found(APP, carries=components.carrying([], False, {"trace"}))
    assert "trace" in carried and "uvloop" not in carried and carried["openssl"].files == ("apps/tool/tool",)
    assert "ncurses" not in carried


def test_a_part_behind_a_macro_is_there_when_the_header_defines_it():
    assert "mimalloc" not in found() and "mimalloc" in found(macros=components.macros("#define WITH_MIMALLOC 1\n/* #undef HAVE_KQUEUE */\n"))


def test_a_toolchain_s_own_runtime_is_the_first_row_that_fits():
    musl = found(toolchain=("zig", "0.17.1"), libc="musl", static=True)
    assert dict(musl["musl"].texts) == {"toolchain_file": "lib/libc/musl/COPYRIGHT"} and musl["compiler-rt"].license == "MIT"
    assert dict(found(libc="musl", static=True)["musl"].texts).keys() == {"text"}
    assert found()["glibc start files"].version == "2.36" and found()["libgcc"].version == "12"
    assert "musl" not in found() and "compiler-rt" not in found() and found()["libgcc"].license.endswith("GCC-exception-3.1")


def test_a_runtime_has_the_version_of_the_project_that_it_is_of():
    gcc, clang, zig = (found(toolchain=one, libc="glibc") for one in (("gcc", "12.2.0"), ("clang", "14.0.6"), ("zig", "0.17.1")))
    assert gcc["libgcc"].purl == "pkg:generic/gcc" and gcc["libgcc"].version == "12.2.0" and " " in clang["libgcc"].version
    assert (zig["compiler-rt"].purl, zig["compiler-rt"].cpe, zig["compiler-rt"].version) == ("pkg:generic/zig", "", "0.17.1")


def test_upstream_says_who_its_parts_are(tmp_path):
    row = {"name": "expat", "versionInfo": "2.8.2", "downloadLocation": "https://e", "checksums": [],
           "externalRefs": [{"referenceType": "cpe23Type", "referenceLocator": "cpe:2.3:a:libexpat_project:libexpat:2.8.2:*:*:*:*:*:*:*"}]}
    other = {**row, "name": "macholib", "externalRefs": [{"referenceType": "purl", "referenceLocator": "pkg:pypi/macholib@1.0"}]}
    (tmp_path / "Misc").mkdir()
    (tmp_path / "Misc/sbom.spdx.json").write_text(json.dumps({"packages": [row, other]}))
    told = components.upstream_packages(tmp_path)
    assert told["expat"]["cpe"] == "cpe:2.3:a:libexpat_project:libexpat" and told["macholib"]["purl"] == "pkg:pypi/macholib"
    assert found(upstream=told)["expat"].cpe == told["expat"]["cpe"]
    assert found()["pip"].purl == "pkg:pypi/pip" and found()["pip"].cpe == "cpe:2.3:a:pypa:pip" and found()["dtoa"].purl == ""
    blake2 = {"links": [link("python", ["Modules/_blake2/blake2module.o"], "program")], "modules": {}, "libraries": []}
    assert found(blake2)["BLAKE2"].purl == "pkg:generic/libb2"   # the name that upstream's source has


@pytest.mark.parametrize("text", ["[" * 100_000, "[]", '{"packages": [1]}', '{"packages": [{"name": "a", "externalRefs": [{"referenceType": "purl", "referenceLocator": 1}]}]}',
                                  '{"packages": [{"name": "a", "versionInfo": {}, "downloadLocation": 1, "checksums": []}]}'])
def test_what_upstream_says_of_its_parts_counts_for_nothing_where_it_is_damaged(text, tmp_path):
    (tmp_path / "Misc").mkdir()
    (tmp_path / "Misc/sbom.spdx.json").write_text(text)
    assert components.upstream_packages(tmp_path) == {}


def test_a_library_of_a_sysroot_has_the_licence_of_its_own_version():
    xz = library.load_all(PROJECT / "deps")["xz"]
    assert [xz.licensed(one) for one in ("5.2.5", "5.4.7", "5.6.0", "5.8.4", "", "of the sysroot")] == ["LicenseRef-public-domain"] * 2 + ["0BSD"] * 4
    assert library.number("1.²." + "9" * 5000) == (1, 0, 0)
    assert record.row(xz, Linked("xz", "sysroot", "5.4.1", ""), None)["license"] == "LicenseRef-public-domain"


def test_a_damaged_table_is_one_message(tmp_path):
    (tmp_path / "components.toml").write_text('[cpython]\nname = "x"\n[[part]]\nname = "y"\nlicense = "MIT"\nfile = "a"\nobject = ["b"]\npython = "c"\nsection = ["d"]\n')
    with pytest.raises(UserError) as caught:
        components.load(tmp_path)
    assert all(text in caught.value.what for text in ("cpython.license is missing", "part 1 (y).object is an unknown key", "part 1 (y).python is not a list of strings", "part 1 (y).section is not a string",
                                                        "runtime is missing", "classifiers is missing"))


@pytest.mark.parametrize("old, new, told", [
    ('license = "MIT"', "license = 1", "part 1 (expat).license is not a string"), ("[[part]]", "[part]", "it is not TOML"),
    ("[[part]]", "[[piece]]", "part is missing; piece is an unknown key"), ('name = "expat"', 'name = " "', "part ( ): name is empty"),
    ('purl = "pkg:pypi/pip"', 'purl = "pip"', "part (pip): 'pip' is no purl"), ("comment = [", "comment = [1, ", "comment is not a string or a list of strings"),
    ('wheel = "Lib', 'wheel = "/Lib', "is no pattern of files of the tree"), ('"MIT License" = "MIT"', '"MIT License" = []', "classifiers.MIT License is not a string")])
def test_a_mistake_in_the_table_of_components_is_told_with_its_row(old, new, told, tmp_path):
    text = (PROJECT / "cpython/components.toml").read_text("utf-8")
    (tmp_path / "components.toml").write_text(text.replace(old, new))
    with pytest.raises(UserError) as caught:
        components.load(tmp_path)
    assert old in text and told in caught.value.what and caught.value.where.endswith("components.toml")


@pytest.mark.parametrize("expression", ["", "MIT AND", "(MIT", "MIT OR {x}"])
def test_a_licence_that_is_no_expression_is_a_mistake_of_the_user(expression):
    with pytest.raises(UserError, match="no SPDX expression"):
        spdx.denied(expression, {"MIT"})


def refusal(plan, against, imports=(), **words):
    with pytest.raises(UserError) as caught:
        deny.check(plan, components.of(plan, scene(**words), KNOWN), spdx.deny(against), KNOWN, dict(imports), "source,readline:source", "tool.py" if imports else "")
    return caught.value


def test_a_denied_library_is_told_with_the_chain_that_brings_it_in():
    error = refusal(PLAN, "GPL-3.0-or-later")
    assert error.where == "license_deny=GPL-3.0-or-later target=x" and error.fix.startswith("use deps=source,readline:none, or")
    assert error.what == "GPL-3.0-or-later: readline 1.0 <- module readline <- deps=source,readline:source"


def test_a_library_behind_another_names_that_and_a_program_its_imports():
    nested = {**PLAN, "modules": {"readline": MODULES["readline"]}, "libraries": PLAN["libraries"][:2]}
    assert "MIT: ncurses 1.0 <- readline <- module readline" in refusal(nested, "MIT").what
    row = {"kind": "library", "line": 1, "how": ""}
    imports = {"tool": {**row, "parent": ""}, "ssl": {**row, "parent": "tool"}, "_ssl": {**row, "parent": "ssl"}}
    error = refusal(APP, "Apache-2.0", imports, carries=components.carrying([], False, imports))
    assert error.what == "Apache-2.0: openssl 1.0 <- module _ssl <- ssl <- tool <- deps=source,readline:source <- app=tool.py"
    assert error.fix.startswith("use exclude=_ssl, or")


def test_what_a_sysroot_s_static_library_brings_along_is_listed_and_refused_while_anything_is_denied():
    behind = [{"word": "-lbsd", "version": "", "found": ["/usr/lib/libbsd.a"]}, {"word": "-lcrypto", "version": "3.0", "found": ["/usr/lib/libcrypto.a"]}]
    plan = {**PLAN, "libraries": [{**PLAN["libraries"][0], "behind": behind}, PLAN["libraries"][1]]}
    known = {**KNOWN, "openssl": Library("openssl", "", "Apache-2.0", "https://x", links={"-lcrypto": "libcrypto.a"})}
    told = {one.name: one for one in components.of(plan, scene(), known)}
    assert (told["bsd"].license, told["bsd"].kind, told["bsd"].modules, told["bsd"].mode) == (spdx.UNKNOWN, "behind", ("readline", "_curses"), "sysroot")
    assert told["openssl"].license == "Apache-2.0" and told["openssl"].version == "3.0"
    with pytest.raises(UserError, match="nothing states its licence: bsd <- module readline <- CPython") as caught:
        deny.check(plan, list(told.values()), spdx.deny("Zlib"), known, {}, "sysroot", "")
    assert "METADATA" not in caught.value.fix and caught.value.fix.startswith("use disable=readline,_curses")
    assert [one.kind for one in components.of(PLAN, scene(), known) if one.kind == "behind"] == []


def test_parts_and_runtime_can_be_denied_and_what_is_not_linked_cannot():
    error = refusal(PLAN, "MIT")
    assert "MIT: expat 2.8.2 <- module pyexpat <- CPython" in error.what
    assert error.fix == "use disable=pyexpat deps=source,readline:source,ncurses:none, or take the licence off"
    assert "dtoa: dtoa in CPython 3.13.15 <- CPython's core" in refusal(PLAN, "dtoa").what
    deny.check(APP, components.of(APP, scene(carries=components.carrying([], False, ())), KNOWN), spdx.deny("GPL-3.0-or-later"), KNOWN, {}, "source", "")


def test_before_anything_is_fetched_the_newest_pin_is_the_version():
    known = {"readline": Library("readline", "", "GPL-3.0-or-later", "", pins=(Archive("readline", "8.3", "ab" * 32, 0, ("https://x/r.tar",)),))}
    plan = {"modules": {"readline": MODULES["readline"]}}
    assert [(row["name"], row["version"], row["mode"]) for row in record.expected(plan, known, {"readline": "source"})] == [("readline", "8.3", "source")]
    assert record.expected(plan, known, {"readline": "sysroot"})[0]["version"] == "of the sysroot"


def test_every_licence_of_the_project_s_tables_is_in_spdx_s_list():
    rows = [TABLE["cpython"], *TABLE["part"], *TABLE["runtime"]]
    assert [row["name"] for row in rows if not spdx.known(row["license"])] == []
    assert [one.name for one in library.load_all(PROJECT / "deps").values() if not spdx.known(one.license)] == []


@pytest.mark.parametrize("name, licences", [
    ("libedit", {"BSD-3-Clause", "BSD-2-Clause", "ISC", "LicenseRef-libedit-wcsdup"}), ("libffi", {"MIT", "CC0-1.0"}),
    ("uuid", {"BSD-3-Clause", "LicenseRef-public-domain"})])
def test_a_library_s_licence_is_that_of_all_files_that_are_compiled(name, licences):
    known = library.load_all(PROJECT / "deps")[name]
    assert set(known.license.split(" AND ")) == licences and (known.license_comments or known.license_text)


def test_each_comment_that_a_library_names_is_a_licence():
    told = [(one.name, at / file) for one in library.load_all(PROJECT / "deps").values() for file in one.license_comments
            for at in sorted((PROJECT / "build" / "sources").glob(f"{one.name}-*/"))]
    if not told:
        pytest.skip("no library is unpacked: any build with deps=source unpacks them")
    words = ("opyright", "public domain")
    assert [row for row in told if not any(word in licensetexts.comment(row[1].read_text("utf-8")) for word in words)] == []


@pytest.fixture(scope="module")
def tree():
    trees = sorted((PROJECT / "build" / "sources").glob("Python-3.13.*/Doc/license.rst"), key=lambda path: int(path.parts[-3].rpartition(".")[2]))
    if not trees:
        pytest.skip("no release is unpacked: scons fetch target=x86_64, or any build, unpacks it")
    return trees[-1].parents[1]


def test_upstream_s_lists_and_the_table_name_the_same(tree):
    sections = licensetexts.sections((tree / "Doc" / "license.rst").read_text("utf-8"))
    assert {row["section"] for row in TABLE["part"] if "section" in row} | {*TABLE["elsewhere"]["sections"]} == sections.keys()
    named = {row["package"] for row in TABLE["part"] if "package" in row}
    assert components.upstream_packages(tree).keys() <= named


# What a licence of its own says, and who has none: their files say who gave them to the PSF, or are compiled by nobody here.
OWN = re.compile(r"permission to use|permission is hereby granted|redistribution and use|'as-is'|gnu gpl|apache license|mit license|"
                 r"SPDX-License-Identifier|CNRI's|public domain worldwide|same terms as Python", re.I)
ELSEWHERE = ("Modules/_winapi", "Modules/getaddrinfo", "Modules/getnameinfo", "Objects/mimalloc/", "Python/dynamic_annotations", "Lib/turtle.py",
             "Lib/asyncio/", "Lib/idlelib/", "Lib/test/", "Lib/ensurepip/", "Modules/_decimal/tests/")


def test_each_comment_that_the_table_names_is_a_licence(tree):
    texts = {place: licensetexts.of_file(tree / place) for row in TABLE["part"]
             for how, place in components._texts(row) if how == "comment"}
    assert {place for place, text in texts.items() if not re.search("copyright|\\(c\\)|public domain", text, re.I)} == set()


def test_a_file_with_a_licence_of_its_own_has_a_row(tree):
    places = [path for folder in ("Lib", "Modules", "Objects", "Python", "Parser") for path in sorted((tree / folder).rglob("*.[cp]*"))
              if path.suffix in (".c", ".py")]
    begins = tuple(name.removesuffix(".o") for row in TABLE["part"] for name in row.get("objects", ()))
    python = tuple(f"Lib/{name.replace('.', '/')}" for row in TABLE["part"] for name in row.get("python", ()))
    own = [str(path.relative_to(tree)) for path in places if OWN.search(" ".join(licensetexts.of_file(path).split()))]
    assert [name for name in own if not name.startswith((*begins, *python, *ELSEWHERE))] == []


def test_the_table_has_what_a_program_carries():
    carried = found(APP, carries=components.carrying([], False, {"logging", "urllib.robotparser"}))
    assert carried["logging"].license == "HPND" and carried["urllib.robotparser"].license == "GPL-2.0-only OR PSF-2.0" and "tarfile" not in carried
    assert spdx.denied(carried["urllib.robotparser"].license, spdx.deny("GPL-2.0-only")) == []


def test_the_table_has_a_line_for_each_component():
    lines = licenses.table(list(found().values())).splitlines()
    assert lines[0].split() == ["component", "version", "licence", "where"] and len(lines) == len(found()) + 1
    assert next(line for line in lines if line.startswith("openssl")).split() == ["openssl", "1.0", "Apache-2.0", "_ssl,", "_hashlib"]

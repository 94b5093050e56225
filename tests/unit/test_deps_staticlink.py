"""What a static program takes from a sysroot behind a library: by its file, and with a word about it."""
import pytest
from acmeroot import LIBRARY, MIPS, archive, find, make
from samples import static

from crosspy.deps import record
from crosspy.errors import UserError


@pytest.fixture
def grown(tmp_path):
    """A sysroot with archives: acme's, and the one behind it, in a folder that only its .pc file names."""
    root = make(tmp_path / "root")
    (root / "opt/base").mkdir(parents=True)
    (root / "usr/lib/mips-linux-gnu/pkgconfig/base.pc").write_text("Version: 3\nLibs: -L/opt/base -lbase\nRequires: acme\nLibs.private: -lm\n")
    archive(root / "usr/lib/libacme.a", **MIPS)
    archive(root / "opt/base/libbase.a", **MIPS)
    return root


def test_a_static_program_takes_the_archive_and_all_behind_it_by_their_files(grown, tmp_path):
    found = find(grown, static(tmp_path))
    assert found.words["-lacme"] == (f"{grown}/usr/lib/libacme.a", "-lpthread", f"{grown}/opt/base/libbase.a", "-lm")
    assert found.behind == (("-lbase", "3", ("/opt/base/libbase.a",)),)
    row = record.row(LIBRARY, found, None)
    assert row["found"] == ["/usr/lib/libacme.a"] and row["behind"] == [{"word": "-lbase", "version": "3", "found": ["/opt/base/libbase.a"]}]


def test_what_is_behind_a_library_changes_its_key(grown, tmp_path):
    before = find(grown, static(tmp_path)).key
    archive(grown / "opt/base/libbase.a", **MIPS, exports=("more",))
    assert find(grown, static(tmp_path / "again")).key != before


@pytest.mark.parametrize("word", ["-lgcc", "-latomic"])
def test_the_compiler_s_own_libraries_need_not_be_in_the_sysroot(grown, tmp_path, word):
    (grown / "usr/lib/mips-linux-gnu/pkgconfig/base.pc").write_text(f"Libs.private: {word}\n")
    found = find(grown, static(tmp_path))
    assert found.words["-lacme"][1:] == ("-lpthread", word) and found.behind == ()


def test_a_library_whose_static_link_lacks_one_is_refused_or_left_out(grown, tmp_path):
    (grown / "opt/base/libbase.a").unlink()
    with pytest.raises(UserError, match="there is no library for -lbase in .*, which .*acme.pc names for a static link"):
        find(grown, static(tmp_path))
    told = []
    assert find(grown, static(tmp_path / "again"), named=False, say=told.append) is None
    assert "acme is left out: the sysroot has acme.h, but there is no library for -lbase" in told[0]

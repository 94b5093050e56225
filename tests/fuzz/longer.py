"""A longer search than that of the tests: atheris feeds bytes to each reader, led by the lines of crosspy that they reach.

usage: python tests/fuzz/longer.py [--seconds 300] [READER...]

It needs `pip install -r requirements-fuzz.txt`. Facts, findings and a UserError are good ends. Any other exception, more than
8 seconds or 200 MB for one input end a reader's run; the input then lies in build/fuzz/<reader>/, beside the corpus that the
next run goes on with.
"""
from __future__ import annotations

import argparse
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).resolve().parent
PROJECT = HERE.parents[1]
sys.path[:0] = [str(PROJECT / "site_scons"), str(HERE), str(HERE.parent / "unit")]
SECONDS, MEGABYTES = 8, 200    # of one input
BYTES = 65_536                 # the longest input: what grows with the length is the tests' matter (LARGE)
Check = Callable[[bytes], object]
READERS = ("elf", "archive", "rules", "settings", "device", "root", "variant", "board", "releases", "probes", "parity", "closure", "upstream",
           "expectations", "modules", "minimal", "library", "components", "bill", "metadata", "abi", "setup", "makefile", "configure", "condition",
           "yocto")


def reader(name: str, folder: Path) -> tuple[Check, list[bytes]]:
    """Return one reader as a function of bytes, and its first inputs. folder: for files that a reader opens by their names."""
    import test_fuzz as short
    import test_fuzz_device as devices
    from mutations import ARCHIVES, ELVES, refused
    from tables import TABLES

    from crosspy.configure import autoconf
    from crosspy.elf import archive, elf
    from crosspy.toolchains import yocto
    from crosspy.upstream import shelltest, upstream

    def of_file(read: Callable[[Path], object], file: str = "file") -> Check:
        def check(data: bytes) -> None:
            path = folder / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
            refused(lambda: read(path))
        return check

    def of_text(read: Callable[[str], object]) -> Check:
        return of_file(lambda path: read(upstream.read(folder, path.name)))

    def of_bytes(read: Callable[[bytes], object]) -> Check:
        def check(data: bytes) -> None:
            try:
                read(data)
            except elf.ElfError as error:
                assert str(error)
        return check

    def of_device(top: str, *places: str) -> Check:
        scene = devices.Scene(folder)
        return lambda data: scene.judge(folder / top, places[len(data) % len(places)], data)

    if name in TABLES:
        return of_file(TABLES[name].read, TABLES[name].file), [text.encode() for text in TABLES[name].texts()]
    conditions = [b'test "$a" = yes', b"{ test -n x -o -z y ; } && test a != b", b"m4_flatten([test $a = b -a \"$b\" = no])"]
    facts = {"a": "yes", "b": ""}
    match name:
        case "elf":
            return of_bytes(elf.read), ELVES
        case "archive":
            return of_bytes(archive.read), ARCHIVES
        case "rules":
            return of_file(lambda path: short.judged(folder), "python3.13"), [*ELVES, *ARCHIVES]
        case "settings":
            return of_device("device", devices.CONF, devices.MUSL_PATH), [text.encode() for text in devices.SETTINGS]
        case "device":
            return of_device("device", *devices.PLACES), [*devices.SEARCHING, *ELVES]
        case "root":
            return of_device("root", devices.PROGRAM, devices.SPAM), [*devices.SEARCHING, *ELVES]
        case "setup":
            return of_text(lambda text: upstream.setup_lines(text, "shared")), [short.SETUP.encode()]
        case "makefile":
            return of_file(short.read_makefile), [short.MAKEFILE.encode()]
        case "configure":
            return of_text(lambda text: autoconf.calls(autoconf.strip_comments(text), "AC_CHECK_FUNCS", "AS_IF")), [
                b"AC_CHECK_FUNCS([ \\\n a b]) dnl c\nAS_IF([test x], [AC_CHECK_FUNCS([[a]], [b(c)])])\n"]
        case "condition":
            return of_text(lambda text: shelltest.evaluate(text, facts, "configure.ac")), conditions
        case "yocto":
            return of_file(yocto.read, "environment-setup-x"), [YOCTO]
    raise SystemExit(f"{name}: there is no such reader. Fix: name some of {', '.join(READERS)}")


YOCTO = b"""\
if [ ! -z "${LD_LIBRARY_PATH:-}" ]; then
    return 1
fi
export SDKTARGETSYSROOT="/sdk/sysroots/arm-poky"
export PATH="/sdk/sysroots/x86_64/usr/bin:$PATH"
export CC="arm-poky-linux-gcc  -mcpu=cortex-a57 --sysroot=$SDKTARGETSYSROOT"
export AR=arm-poky-linux-ar
export CFLAGS=" -O2 ${DEBUG:-}"
"""


def bounded(check: Check) -> Check:
    """Return a check that also fails when one input makes the process larger than it may."""
    def call(data: bytes) -> None:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        check(data)
        grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1000
        if grown > MEGABYTES:
            raise MemoryError(f"this input of {len(data)} bytes took {grown:.0f} MB")
    return call


def search(name: str, words: list[str]) -> None:
    """Run atheris on one reader in this process, which it ends. words: libFuzzer's own."""
    import atheris
    corpus = Path(words[0])
    room = corpus.parent / "room"
    room.mkdir(exist_ok=True)
    with atheris.instrument_imports(include=["crosspy", "elftools"]):
        check, first = reader(name, room)
        for number, data in enumerate(first):
            (corpus / f"first-{number}").write_bytes(data)
        atheris.Setup([sys.argv[0], *words], bounded(check))
        atheris.Fuzz()


def main() -> int:
    """Search all readers that were named, one after the other; returns how many of them broke."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=300, help="for each reader")
    parser.add_argument("readers", nargs="*", default=READERS, metavar="READER", help=", ".join(READERS))
    given = parser.parse_args()
    broken = []
    for name in given.readers:
        place = PROJECT / "build" / "fuzz" / name
        (place / "corpus").mkdir(parents=True, exist_ok=True)
        words = [str(place / "corpus"), f"-max_total_time={given.seconds}", f"-timeout={SECONDS}", f"-max_len={BYTES}",
                 f"-artifact_prefix={place}/", "-rss_limit_mb=0", "-print_final_stats=1", "-verbosity=0"]
        done = subprocess.run([sys.executable, __file__, "--in-this-process", name, *words], capture_output=True, text=True,
                              errors="replace")
        runs = next((line.split()[-1] for line in done.stderr.splitlines() if "number_of_executed_units" in line), "no")
        print(f"{name:<13} {runs} inputs, {len(list((place / 'corpus').iterdir()))} kept, status {done.returncode}", flush=True)
        if done.returncode:
            broken.append(name)
            print(done.stderr[-3000:], flush=True)
    return len(broken)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--in-this-process"]:
        search(sys.argv[2], sys.argv[3:])
    sys.exit(main())

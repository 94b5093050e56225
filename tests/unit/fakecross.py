"""A made-up cross compiler: a shell script that tells of itself what a gcc or clang tells."""
import struct

MIPS = {"__BYTE_ORDER__": "__ORDER_BIG_ENDIAN__", "__SIZEOF_POINTER__": "4", "__GLIBC__": "2", "__GLIBC_MINOR__": "31", "_FEATURES_H": "1", "__linux__": "1"}

GCC = """\
#!/bin/sh
here=${0%/bin/*}
for word in "$@"; do
case "$word" in
--sysroot=*|--target=*|-m*|-fuse-ld=*|-static|-static-pie) continue ;;
-dumpfullversion|-dumpversion) echo 14.2.0 ;;
-dumpmachine) echo mips-linux-gnu ;;
--version) echo "made-up gcc 14.2.0"; echo more ;;
-print-sysroot) echo @SYSROOT@ ;;
-print-prog-name=*) echo "$here/libexec/${word#*=}" ;;
-print-file-name=*) echo "$here/lib/${word#*=}" ;;
-print-search-dirs) echo "install: x"; echo "programs: =$here/libexec:$here/bin"; echo "libraries: =$here/lib" ;;
-E) printf '@MACROS@'
    printf '#include "..." search starts here:\\n#include <...> search starts here:\\n' >&2
    printf " %s\\n" "$here/mips-linux-gnu/include" /usr/include/of-the-host "End of search list." >&2 ;;
-x) case "$*" in *@REFUSED@*) echo "@SAID@" >&2; exit 1 ;; esac
    for output; do :; done
    if [ -f "$here/linked" ]; then cp "$here/linked" "$output"; fi ;;
*) exit 1 ;;
esac
echo "$word" >> "@ASKED@"
exit 0
done
"""


def script(macros=None, sysroot="", asked="/dev/null", refused="@nothing@", said="no emulation"):
    """The text of a compiler. macros: changes of MIPS's, None takes one away.  refused: a word with which it
    does not link.  said: then.  asked: the file that it writes questions to."""
    told = {name: value for name, value in {**MIPS, **(macros or {})}.items() if value is not None}
    lines = "".join(f"#define {name} {value}\\n" for name, value in told.items())
    return GCC.replace("@MACROS@", lines).replace("@SYSROOT@", sysroot).replace("@ASKED@", str(asked)).replace("@REFUSED@", refused) \
        .replace("@SAID@", said)


class Cross:
    """A made-up cross compiler below a folder; text: another script for it. What it links is a copy of the file ``linked``."""

    def __init__(self, folder, text="", tuple_="mips-linux-gnu", **words):
        self.folder, self.prefix = folder, f"{folder}/bin/{tuple_}-"
        for name in ("bin", "lib", "libexec", "mips-linux-gnu/include"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        for name in ("libexec/cc1", "libexec/as", "libexec/ld", "lib/crt1.o", "lib/libc.so", "mips-linux-gnu/include/stdio.h"):
            (folder / name).write_text(name)
        self.driver = folder / f"bin/{tuple_}-gcc"
        self.driver.write_text(text or script(**{"asked": folder / "asked", **words}))
        for name in (self.driver, folder / f"bin/{tuple_}-ar"):
            name.open("a").close()
            name.chmod(0o755)

    def asked(self):
        path = self.folder / "asked"
        return path.read_text().split() if path.exists() else []


def foreign(path):
    """Write a program for a machine that nobody has."""
    path.write_bytes(b"\x7fELF" + bytes([2, 1, 1]) + bytes(9) + struct.pack("<HH", 2, 0x7777) + bytes(44))
    path.chmod(0o755)

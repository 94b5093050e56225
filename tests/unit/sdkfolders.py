"""SDKs with a made-up compiler, laid out as crosstool-ng and the Yocto Project do, and what becomes of ``toolchain=sdk:`` with them."""
import pytest
from fakecross import Cross
from samples import PROJECT

from crosspy.errors import UserError
from crosspy.toolchains import toolchain
from crosspy.toolchains.identity import Identity
from crosspy.variants import variant

KNOWN = list(variant.load_all(PROJECT / "variants").values())


def resolve(mips, tmp_path, given):
    words = {"toolchain": f"sdk:{given}", "sysroot": "", "glibc": ""}
    identity = Identity(tmp_path / "toolchains.json")
    found = toolchain.resolve(mips, words, tmp_path / "zig-cache", identity, KNOWN)
    identity.save()
    return found


def refused(*arguments):
    with pytest.raises(UserError) as caught:
        resolve(*arguments)
    return caught.value


SETUP = """\
# Check for LD_LIBRARY_PATH being set
if [ ! -z "${LD_LIBRARY_PATH:-}" ]; then
    echo "Your environment is misconfigured"
    return 1
fi
export SDKTARGETSYSROOT="@/sysroots/mips32-poky-linux"
export PATH="@/sysroots/x86_64-pokysdk-linux/usr/bin:@/bin:$PATH"
export PKG_CONFIG_PATH=$SDKTARGETSYSROOT/usr/lib/pkgconfig
unset command_not_found_handle
export CC="mips-poky-linux-gcc  -mips32r2 -mtune=24kc --sysroot=$SDKTARGETSYSROOT"
export CFLAGS=" -O2 ${DEBUG:-}"
export CONFIGURE_FLAGS="--host=mips-poky-linux CC=none"
"""


def poky(folder, text=SETUP, **words):
    (folder / "sysroots/mips32-poky-linux").mkdir(parents=True, exist_ok=True)
    cross = Cross(folder, tuple_="mips-poky-linux", **words)
    (folder / "environment-setup-mips32-poky-linux").write_text(text.replace("@", str(folder)))
    return cross


def crosstool(folder, **words):
    """Lay out a compiler as crosstool-ng does; its sysroot is the SDK's own."""
    (folder / "mips-foo-linux-gnu/sysroot/usr").mkdir(parents=True, exist_ok=True)
    return Cross(folder, tuple_="mips-foo-linux-gnu", **{"sysroot": "$here/mips-foo-linux-gnu/sysroot", "asked": "/dev/null", **words})

"""The interpreter of each variant does on its machine (here or under qemu-user) what a Python does."""
import math
import os
import struct
import subprocess
import sys
import time
import zlib

import pytest
from built import EVERY
from checkout import REPOSITORY

pytestmark = pytest.mark.parametrize("name", EVERY)


@pytest.fixture
def build(built, name):
    return built(name)


def test_version(build):
    told = build.ask("import json, sys, platform; print(json.dumps([sys.version.split()[0], sys.platform, sys.executable, "
                     "sys.implementation.name, platform.python_build()[1]]))")
    assert told[:4] == [build.manifest["release"]["version"], "linux", str(build.python), "cpython"]
    release = time.gmtime((build.checkout.build / f"sources/Python-{told[0]}/Include/patchlevel.h").stat().st_mtime)
    assert " ".join(told[4].split()) == f"{time.strftime('%b', release)} {release.tm_mday} {time.strftime('%Y %H:%M:%S', release)}"


def test_every_planned_module_imports_and_no_other(build):
    told = build.ask("import importlib, json\nfound = {}\n"
                     f"for name in {sorted(build.modules)!r}:\n"
                     "    try: importlib.import_module(name); found[name] = 'there'\n"
                     "    except ImportError as error: found[name] = str(error)\n"
                     "print(json.dumps(found))")
    planned = {name for name, row in build.modules.items() if row["kind"] != "absent"}
    assert {name for name, what in told.items() if what == "there"} == planned
    assert [what for name, what in told.items() if name not in planned and not what.startswith(f"No module named {name!r}")] == []
    reasons = {name: build.modules[name]["reason"] for name in ("readline", "zlib", "_uuid", "_hashlib", "_gdbm", "_dbm") if name not in planned}
    assert [name for name, why in reasons.items() if not told[name].endswith(why)] == [], "a module that a user would miss says why"


def test_a_module_is_built_in_or_a_file_as_planned(build):
    told = build.ask("import importlib.util, json\n"
                     f"print(json.dumps({{name: importlib.util.find_spec(name).origin for name in "
                     f"{[name for name, row in build.modules.items() if row['kind'] != 'absent']!r}}}))")
    suffix = f".cpython-313-{build.variant.python.multiarch}.so"
    wanted = {name: "built-in" if build.modules[name]["kind"] == "builtin" else str(build.library / "lib-dynload" / (name + suffix))
              for name in told}
    assert told == wanted
    files = {path.name for path in (build.library / "lib-dynload").iterdir()}
    assert files == {name + suffix for name, where in told.items() if where != "built-in"}


def test_json_and_decimal(build):
    told = build.ask("import json, decimal, _decimal\ndecimal.getcontext().prec = 60\n"
                     "print(json.dumps({'pi': 3.14, 'root': str(decimal.Decimal(2).sqrt()), 'list': [None, True, 'ä\\u2028']}))")
    assert told == {"pi": 3.14, "root": "1.41421356237309504880168872420969807856967187537694807317668", "list": [None, True, "ä\u2028"]}


def test_sqlite3_is_absent_with_a_clear_error(build):
    done = build.run("-c", "import sqlite3", check=False)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (
        "ModuleNotFoundError: No module named 'sqlite3': needs sqlite, which is not part of this build; deps=source builds it")


def test_threads(build):
    assert build.ask("import json, threading, queue\nresults, barrier = queue.Queue(), threading.Barrier(8)\n"
                     "local = threading.local()\n"
                     "def work(number):\n    local.value = number; barrier.wait(60); results.put(local.value ** 2)\n"
                     "threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]\n"
                     "[t.start() for t in threads]; [t.join() for t in threads]\n"
                     "print(json.dumps(sorted(results.get() for _ in threads)))") == [n * n for n in range(8)]


def test_subprocess_starts_itself(build, binfmt):
    binfmt(build)
    assert build.ask("import json, subprocess, sys\n"
                     "done = subprocess.run([sys.executable, '-c', 'import sys; print(sys.stdin.read()[::-1]); sys.exit(3)'],\n"
                     "                      input='abc', capture_output=True, text=True)\n"
                     "print(json.dumps([done.stdout, done.stderr, done.returncode]))") == ["cba\n", "", 3]


def test_multiprocessing(build, binfmt):
    binfmt(build)
    assert build.ask("import json, multiprocessing\n"
                     "with multiprocessing.get_context('fork').Pool(2) as pool: print(json.dumps(pool.map(abs, [-1, -2, 3])))"
                     ) == [1, 2, 3]


FLOATS = [0.1, 1 / 3, 5e-324, 2.2250738585072014e-308, 1.7976931348623157e308, 1e22, 123456789.123456789, -0.0, 1e16 + 2, 2.0**-1074 * 3]


def test_floats_round_trip(build):
    told = build.ask(f"import json, math, struct\nfloats = {FLOATS!r}\n"
                     "print(json.dumps([[repr(x), float(repr(x)) == x, x.hex(), struct.pack('<d', x).hex()] for x in floats]\n"
                     "  + [math.fsum([.1] * 10), math.fma(.1, 10, -1), round(2.675, 2), math.sqrt(2), str(float('nan'))]))")
    assert told == [[repr(x), True, x.hex(), struct.pack("<d", x).hex()] for x in FLOATS] + [
        1.0, 5.551115123125783e-17, 2.67, 2**.5, "nan"]


def test_struct_in_both_byte_orders(build):
    formats, values = "hHiIqQfd", (-2, 65533, -70000, 2**31 + 5, -2**40, 2**63 + 9, 1.5, -0.1)
    told = build.ask("import json, struct, sys, array\n"
                     f"print(json.dumps([*(struct.pack(order + {formats!r}, *{values!r}).hex() for order in '<>'),\n"
                     "  struct.pack('=i', 1) == (1).to_bytes(4, sys.byteorder), array.array('i', [1]).tobytes() == struct.pack('i', 1),\n"
                     "  memoryview(struct.pack('@d', 1.25)).cast('d')[0], int.from_bytes(array.array('H', [258]).tobytes(), 'big')]))")
    native = 258 if build.variant.machine.endian == "big" else 513
    assert told == [struct.pack("<" + formats, *values).hex(), struct.pack(">" + formats, *values).hex(), True, True, 1.25, native]


def test_big_integers(build):
    told = build.ask("import json, math, sys\nsys.set_int_max_str_digits(0)\nn = math.factorial(1500)\n"
                     "print(json.dumps([str(n), n % (2**127 - 1), (n // 3**500).bit_length(), int(str(n)) == n, pow(3, 10**40, 10**9 + 7),\n"
                     "                  (-7) // 2, (-7) % 3, -1 >> 200]))")
    n = math.factorial(1500)
    assert told == [str(n), n % (2**127 - 1), (n // 3**500).bit_length(), True, pow(3, 10**40, 10**9 + 7), -4, 2, -1]


def test_time(build):
    before = time.time()
    told = build.ask("import json, time, datetime\nstart = time.monotonic(); time.sleep(.05)\n"
                     "print(json.dumps([time.time(), time.monotonic() - start, time.strftime('%F %T', time.gmtime(2**31 - 1)),\n"
                     "   time.mktime((2024, 7, 1, 12, 0, 0, 0, 0, -1)), datetime.datetime(2040, 2, 29, tzinfo=datetime.UTC).timestamp(),\n"
                     "   time.tzname]))", env={"TZ": "XST-3:30"})
    assert before - 1 <= told[0] <= time.time() + 1
    assert .05 <= told[1] < 30
    assert told[2:] == ["2038-01-19 03:14:07", 1719822600.0, 2214086400.0, ["XST", "XST"]]


def test_time_after_2038(build):
    """A 32-bit glibc has a 32-bit time_t where its floor is below 2.34: then Python says so instead of wrapping around."""
    wide = "#define SIZEOF_TIME_T 8" in (build.folder / "pyconfig.h").read_text("utf-8")
    assert wide or (build.variant.machine.bits, build.variant.libc.name) == (32, "glibc")
    done = build.run("-c", "import time; print(time.strftime('%F', time.gmtime(2**32)))", check=False)
    assert (done.stdout or done.stderr.splitlines()[-1]).strip() == (
        "2106-02-07" if wide else "OverflowError: timestamp out of range for platform time_t")


def test_unicode(build, room):
    told = build.ask("import json, unicodedata, os\nname = 'Ärger-日本-😀'\nopen(name, 'w').close()\n"
                     "print(json.dumps([os.listdir('.'), unicodedata.normalize('NFD', 'Å'), 'Straße'.casefold(), 'ǆ'.title(),\n"
                     "  unicodedata.name('😀'), 'ab\\ud800'.encode('utf-8', 'surrogatepass').hex(), 'é'.encode('cp1252').hex(),\n"
                     "  '日本'.encode('shift_jis').hex(), ascii('\\N{GREEK SMALL LETTER ALPHA}'), '٣'.isdigit()]))", cwd=room)
    assert told == [["Ärger-日本-😀"], "A\u030a", "strasse", "ǅ", "GRINNING FACE", "6162eda080", "e9", "93fa967b", "'\\u03b1'", True]
    assert build.run("-c", "print('😀 ä', end='')").stdout == "😀 ä"


def test_http_round_trip(build):
    told = build.ask("""
import http.server, json, threading, urllib.request
class Answer(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers['Content-Length']))[::-1]
        self.send_response(200); self.send_header('Content-Length', str(len(body))); self.end_headers(); self.wfile.write(body)
    def log_message(self, *_): pass
server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Answer)
threading.Thread(target=server.serve_forever, daemon=True).start()
body = bytes(range(256)) * 1000
with urllib.request.urlopen(f'http://127.0.0.1:{server.server_port}/', data=body, timeout=60) as answer:
    print(json.dumps([answer.status, answer.read() == body[::-1]]))
server.shutdown()
""")
    assert told == [200, True]


def test_hash_and_identity(build):
    told = build.ask("import json, sys, struct\nprint(json.dumps([sys.hash_info.algorithm, sys.implementation._multiarch, sys.maxsize,\n"
                     "   struct.calcsize('P'), sys.byteorder, sys.abiflags, hash('siphash')]))", env={"PYTHONHASHSEED": "0"})
    pointer = build.variant.machine.bits // 8
    assert told[:6] == ["siphash13", build.variant.python.multiarch, 2 ** (8 * pointer - 1) - 1, pointer, build.variant.machine.endian, ""]
    if pointer == 8 and sys.hash_info.algorithm == "siphash13":
        host = subprocess.run([sys.executable, "-c", "print(hash('siphash'))"], env={**os.environ, "PYTHONHASHSEED": "0"},
                              capture_output=True, text=True, check=True)
        assert told[6] == int(host.stdout)


def test_checksums_of_bundled_libraries(build):
    told = build.ask("import binascii, hashlib, json, pyexpat, xml.etree.ElementTree as tree\n"
                     "print(json.dumps([binascii.crc32(b'abc'), hashlib.sha256(b'').hexdigest()[:8], hashlib.sha3_256(b'').hexdigest()[:8],\n"
                     "  hashlib.blake2b(b'').hexdigest()[:8], hashlib.md5(b'').hexdigest()[:8], tree.fromstring('<a><b>ä</b></a>')[0].text]))")
    assert told == [zlib.crc32(b"abc"), "e3b0c442", "a7ffc6f8", "786a02f7", "d41d8cd9", "ä"]


def test_sysconfig(build):
    multiarch = build.variant.python.multiarch
    told = build.ask("import json, sysconfig\nprint(json.dumps([sysconfig.get_config_vars(), sysconfig.get_paths(), "
                     "sysconfig.get_platform(), sysconfig.get_config_h_filename()]))")
    values, paths, platform, header = told
    assert values["SOABI"] == f"cpython-313-{multiarch}"
    assert values["EXT_SUFFIX"] == f".cpython-313-{multiarch}.so"
    assert (values["MULTIARCH"], values["VERSION"], values["LIBDIR"]) == (multiarch, "3.13", f"{build.prefix}/lib")
    assert values["LIBPL"] == f"{build.prefix}/lib/python3.13/config-3.13-{multiarch}"
    assert values["INCLUDEPY"] == f"{build.prefix}/include/python3.13"
    assert values["SIZEOF_VOID_P"] == build.variant.machine.bits // 8
    top = f"{build.root}{build.prefix}"
    assert (values["prefix"], values["installed_base"]) == (build.prefix, top)  # sysconfig, _init_posix, GH-126920
    assert paths["stdlib"] == f"{top}/lib/python3.13"
    assert header == f"{top}/include/python3.13/pyconfig.h" and os.path.isfile(header)
    assert platform.startswith("linux-")
    private = [name for name, value in values.items() if isinstance(value, str) and str(REPOSITORY) in value.replace(top, "")]
    assert private == []

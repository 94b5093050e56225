"""A day's work of a script: arguments, files, dates, numbers, processes; much of it is imported inside the library's functions."""
import argparse
import collections
import configparser
import contextlib
import copy
import csv
import datetime
import decimal
import enum
import fractions
import functools
import hashlib
import hmac
import io
import locale
import os
import pathlib
import pickle
import pprint
import random
import re
import secrets
import shlex
import shutil
import statistics
import subprocess
import sys
import tempfile
import textwrap
import urllib.parse
import uuid
import warnings


class Colour(enum.Enum):
    RED = 1


@functools.singledispatch
def kind(value):
    return "object"


@kind.register
def _(value: int):
    return "int"


parser = argparse.ArgumentParser()
parser.add_argument("--count", type=int, default=3)
parser.print_help(io.StringIO())
config = configparser.ConfigParser()
config.read_string("[a]\nb = 1\n")
csv.writer(sys.stdout).writerow([parser.parse_args(["--count", "4"]), config["a"]["b"], "a,b"])
print(datetime.datetime.strptime("2024-01-02", "%Y-%m-%d").strftime("%A"), datetime.datetime.fromisoformat("2024-01-02T03:04"))
folder = pathlib.Path(tempfile.mkdtemp())
(folder / "x.txt").write_text("h\u00e9")
print((folder / "x.txt").as_uri()[:4], list(folder.glob("*.txt")) != [], os.popen("echo hi").read())
print(subprocess.run(["/bin/echo", "x"], capture_output=True, text=True).stdout)
shutil.make_archive(str(folder / "archive"), "tar", folder)
shutil.rmtree(folder)
values = [datetime.date(2024, 1, 1), decimal.Decimal("1.5"), uuid.UUID(int=3), collections.OrderedDict(a=1), Colour.RED]
print(pickle.loads(pickle.dumps(values)) == values == copy.deepcopy(values), kind(3))
print(re.sub(r"(\w)", r"\1\1", "ab"), f"{decimal.Decimal('1.25'):.1f}", fractions.Fraction(1, 3), statistics.stdev([1, 2, 4]))
print(hashlib.sha256(b"x").hexdigest(), hmac.new(b"k", b"m", "sha256").hexdigest(), len(secrets.token_hex(4)))
print(uuid.uuid5(uuid.NAMESPACE_DNS, "a"), uuid.uuid4().version, uuid.uuid1().version)
print(urllib.parse.urlsplit("http://[::1]:80/x?y=1"), urllib.parse.quote("\u00e4"), "\u00e4".encode("cp437"))
print(collections.Counter("aab").most_common(1), textwrap.wrap("a b c", 3), shlex.split("a 'b c'"), locale.getpreferredencoding())
pprint.pprint({"a": list(range(30))})
with contextlib.suppress(KeyError):
    {}[1]
warnings.warn("careful")
print(random.Random("seed").random() > 0)
print("the end")

"""Compares SHA-256 and AES-256-GCM of a build's own OpenSSL with those of this machine's: is the assembler in, and is it chosen?

usage: python bench/crypto.py LIBCRYPTO.A [--system FILE] [--seconds N]

LIBCRYPTO.A is of a target x86_64-linux-musl, as build/deps/x86_64-linux-musl/openssl/libcrypto.a. The same small program is linked
with it, static, and with the system's shared one; they run in turns, so that other work on the machine hits both. Prints MB/s of each
and their ratio, of the best rounds. Exit status: 1 when a ratio is below 0.95.
"""
from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

ROUNDS, LEAST = 5, 0.95
PROGRAM = r"""
#include <stdio.h>
#include <string.h>
#include <stdlib.h>
#include <time.h>
typedef struct md MD; typedef struct mdctx MDCTX; typedef struct cipher CIPHER; typedef struct cipherctx CIPHERCTX;
MDCTX *EVP_MD_CTX_new(void); const MD *EVP_sha256(void); int EVP_DigestInit_ex(MDCTX *, const MD *, void *);
int EVP_DigestUpdate(MDCTX *, const void *, size_t);
CIPHERCTX *EVP_CIPHER_CTX_new(void); const CIPHER *EVP_aes_256_gcm(void);
int EVP_EncryptInit_ex(CIPHERCTX *, const CIPHER *, void *, const unsigned char *, const unsigned char *);
int EVP_EncryptUpdate(CIPHERCTX *, unsigned char *, int *, const unsigned char *, int);
static unsigned char in[16384], out[16384 + 64], key[32], iv[12];
static double now(void) { struct timespec t; clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t); return t.tv_sec + t.tv_nsec / 1e9; }
int main(int argc, char **argv) {
    double seconds = atof(argv[1]), start, bytes; int length;
    MDCTX *md = EVP_MD_CTX_new(); CIPHERCTX *aes = EVP_CIPHER_CTX_new();
    if (argc != 2 || !EVP_DigestInit_ex(md, EVP_sha256(), NULL) || !EVP_EncryptInit_ex(aes, EVP_aes_256_gcm(), NULL, key, iv)) return 2;
    for (bytes = 0, start = now(); now() - start < seconds; bytes += sizeof in) if (!EVP_DigestUpdate(md, in, sizeof in)) return 3;
    printf("%f ", bytes / (now() - start) / 1e6);
    for (bytes = 0, start = now(); now() - start < seconds; bytes += sizeof in) if (!EVP_EncryptUpdate(aes, out, &length, in, sizeof in)) return 4;
    printf("%f\n", bytes / (now() - start) / 1e6);
    return 0;
}
"""


def main() -> int:
    """Build both programs, run them in turns, print what each does."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("library", type=Path)
    parser.add_argument("--system", type=Path, default=Path("/usr/lib/x86_64-linux-gnu/libcrypto.so.3"))
    parser.add_argument("--seconds", type=float, default=1.0, help="of each measurement")
    given = parser.parse_args()
    for path in (given.library, given.system):
        path.is_file() or parser.error(f"{path} is not there")
    zig = [sys.executable, "-m", "ziglang", "cc", "-O2", "-fno-sanitize=undefined", "-s"]
    with tempfile.TemporaryDirectory(prefix="cpython-scons-bench-") as folder:
        source = Path(folder, "crypto.c")
        source.write_text(PROGRAM, "utf-8")
        commands = {"ours": [*zig, "-target", "x86_64-linux-musl", "-static", source, given.library],
                    "system": [*zig, "-target", "x86_64-linux-gnu", source, given.system, "-Wl,--allow-shlib-undefined", "-Wl,-rpath," + str(given.system.parent)]}
        best = dict.fromkeys(commands, (0.0, 0.0))
        for name, words in commands.items():
            subprocess.run([str(word) for word in (*words, "-o", f"{folder}/{name}")], check=True)
        for _ in range(ROUNDS):
            for name in commands:
                told = subprocess.run([f"{folder}/{name}", str(given.seconds)], check=True, capture_output=True, text=True).stdout.split()
                best[name] = tuple(max(pair) for pair in zip(best[name], map(float, told), strict=True))
    worst = 9.9
    for at, what in enumerate(("SHA-256", "AES-256-GCM")):
        ratio = best["ours"][at] / best["system"][at]
        worst = min(worst, ratio)
        print(f"{what:<12} ours {best['ours'][at]:8.0f} MB/s   system {best['system'][at]:8.0f} MB/s   ratio {ratio:.3f}")
    return worst < LEAST


if __name__ == "__main__":
    sys.exit(main())

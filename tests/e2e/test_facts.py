"""Where configure would run a program of the target, the ledger's answer is held against that very program, run here."""
import json
import re
import subprocess

import pytest
from built import EVERY, VARIANTS, Build

from crosspy.cli import options
from crosspy.configure import autoconf
from crosspy.toolchains import flags, hardening, toolchain

# Variable of configure's -> the macro of pyconfig.h that it decides, and the variable's value that defines the macro.
DECIDES = {
    "ac_cv_pthread_is_default": ("_REENTRANT", "yes"), "ac_cv_aligned_required": ("HAVE_ALIGNED_REQUIRED", "yes"),
    "ac_cv_pthread_system_supported": ("PTHREAD_SYSTEM_SCHED_SUPPORTED", "yes"), "ac_cv_have_chflags": ("HAVE_CHFLAGS", "yes"),
    "ac_cv_have_lchflags": ("HAVE_LCHFLAGS", "yes"), "ac_cv_buggy_getaddrinfo": ("HAVE_GETADDRINFO", "no"),
    "ac_cv_x87_double_rounding": ("X87_DOUBLE_ROUNDING", "yes"), "ac_cv_posix_semaphores_enabled": ("POSIX_SEMAPHORES_NOT_ENABLED", "no"),
    "ac_cv_broken_sem_getvalue": ("HAVE_BROKEN_SEM_GETVALUE", "yes"), "ac_cv_wchar_t_signed": ("HAVE_USABLE_WCHAR_T", "no"),
    "ac_cv_rshift_extends_sign": ("SIGNED_RIGHT_SHIFT_ZERO_FILLS", "no"), "ac_cv_broken_nice": ("HAVE_BROKEN_NICE", "yes"),
    "ac_cv_broken_poll": ("HAVE_BROKEN_POLL", "yes"), "ac_cv_working_tzset": ("HAVE_WORKING_TZSET", "yes"),
    "ac_cv_broken_mbstowcs": ("HAVE_BROKEN_MBSTOWCS", "yes"), "ac_cv_computed_gotos": ("HAVE_COMPUTED_GOTOS", "yes"),
    "have_glibc_memmove_bug": ("HAVE_GLIBC_MEMMOVE_BUG", "yes"), "have_ipa_pure_const_bug": ("HAVE_IPA_PURE_CONST_BUG", "yes")}
# With which flags upstream compiles, and where it asks at all.
FLAGS = {"have_glibc_memmove_bug": ("-O2", "-D_FORTIFY_SOURCE=2"), "have_ipa_pure_const_bug": ("-O2",)}
X86_ONLY = {"have_ipa_pure_const_bug"}
# Run tests that decide nothing here.
OTHERS = {"ac_cv_kpthread": "asked only where threads need a flag", "ac_cv_kthread": "asked only where threads need a flag",
          "ac_cv_pthread": "asked only where threads need a flag", "$1": "libuuid's, on the machine that runs it"}


@pytest.fixture(scope="module")
def text(main):
    main.scons("probes", "target=x86_64-linux-gnu")  # so that a release is unpacked
    trees = [path.parent for path in (main.build / "sources").glob("Python-*/configure.ac")]
    newest = max(trees, key=lambda tree: [int(part) for part in re.findall(r"\d+", tree.name)])
    return autoconf.strip_comments((newest / "configure.ac").read_text("utf-8"))


def programs(text):
    """Every run test of configure.ac: the variable it sets, its two values, its C text."""
    found = {}
    for call in autoconf.calls(text, "AC_RUN_IFELSE"):
        variable = re.search(r"(\w+)=\w+|\[(\$1)\]", call.arg(1))
        name = variable[1] or variable[2]
        values = [re.search(rf"\b{name}=(\w+)", call.arg(index)) for index in (1, 2)] if variable[1] else []
        source = autoconf.calls(call.arg(0), "AC_LANG_SOURCE", "AC_LANG_PROGRAM")[0]
        found[name] = ([value[1] for value in values], autoconf.code(source.arg(0)))
    return found


def test_every_run_test_of_upstreams_is_known_here(text):
    assert set(programs(text)) == DECIDES.keys() | OTHERS.keys()
    assert len(autoconf.calls(text, "AC_RUN_IFELSE")) == len(DECIDES) + len(OTHERS)


def run(build, program):
    """Whether a program of the target ends well here. Ends the test where it cannot be run."""
    command = [*build.command()[:-1], str(program)]
    return subprocess.run(command, env=build.environment(), capture_output=True, timeout=60, cwd=program.parent).returncode == 0


@pytest.mark.parametrize("target", EVERY)
def test_the_ledger_says_what_upstreams_own_program_says(main, text, target, tmp_path):
    variant, build = VARIANTS[target], Build(main, target)
    if not variant.toolchain.zig:
        pytest.skip(f"zig does not serve {target}")
    main.scons("probes", f"target={target}")
    answers = json.loads((build.folder / "probes.json").read_text("utf-8"))["answers"]
    tool, chosen = toolchain.zig(variant, main.build.absolute() / "zig-cache"), options.parse({})
    words = [*tool.cc, *flags.probing(variant, chosen), "-std=gnu11", "-w", "-include", str(build.folder / "pyconfig.h")]
    wrong = []
    for name, (values, source) in programs(text).items():
        if name in OTHERS or (name in X86_ONLY and variant.machine.elf not in ("EM_X86_64", "EM_386")):
            continue
        (tmp_path / f"{name}.c").write_text(source)
        # Stripped, and in the build's folder, as the build links: zig makes a libc of its own for any other link.
        command = [*words, *FLAGS.get(name, ()), str(tmp_path / f"{name}.c"), *hardening.program(variant, chosen, tool), "-lpthread", "-lm", "-s",
                   "-o", str(tmp_path / name)]
        done = subprocess.run(command, cwd=main.folder, env=dict(tool.env), capture_output=True, text=True)
        assert done.returncode == 0 or name in ("ac_cv_have_chflags", "ac_cv_have_lchflags"), done.stderr
        said = values[0] if done.returncode == 0 and run(build, tmp_path / name) else values[1]
        macro, defines = DECIDES[name]
        if (answers[macro]["value"] is not None) != (said == defines):
            wrong.append(f"{macro}={answers[macro]['value']}: the program says {name}={said}")
    assert wrong == []

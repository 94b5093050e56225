"""From accepted questions to the ledger: values of macros, configure's variables, and what follows from several answers."""
from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from .ledger import Answer, Ledger
from .questions import Question
from .tables import Tables

_DOUBLES = {"DOUBLE_IS_BIG_ENDIAN_IEEE754": "big", "DOUBLE_IS_LITTLE_ENDIAN_IEEE754": "little",
            "DOUBLE_IS_ARM_MIXED_ENDIAN_IEEE754": "mixed"}
MACROS = {*_DOUBLES, "WORDS_BIGENDIAN", "HAVE_LIBDL", "TIMEMODULE_LIB"}
_SOURCES = {"header": "header", "function": "link", "link": "link", "compile": "compile", "size": "elf"}


def facts(given: Mapping, clang: bool, double: str) -> dict:
    """Add what the compiler told to the variant's facts.

    cc: the name that configure gives the compiler (configure.ac:1030).  host: what config.sub makes of the triple;
    it has a vendor field.  double: order of the bytes of a double.
    """
    machine, _, rest = given["multiarch"].partition("-")
    return {**given, "cc": "clang" if clang else "gcc", "double": double, "host": f"{machine}-unknown-{rest}"}


def ledger(asked: Sequence[Question], yes: set[str], sizes: Mapping[str, int], given: Mapping[str, Answer], table: Tables,
           known_facts: Mapping, options: Mapping, where: Mapping[str, str], libraries: Iterable[str]) -> Ledger:
    """Put all answers together.

    yes: keys of accepted questions.  sizes: bytes, by key.  given: what needed no compiler.  where: the shared library
    of each symbol that has a version.  libraries: -l words that the linker accepts.
    """
    answers, variables = dict(given), {}
    for question in asked:
        value, variable = _value(question, yes, sizes)
        how = f"configure.ac:{question.line}: {question.name}" if question.line else question.name
        if question.macro:
            answers[question.macro] = Answer(value, _SOURCES[question.kind], how)
        if question.variable:
            variables[question.variable] = variable
    for name, order in _DOUBLES.items():
        answers[name] = Answer("1" if known_facts["double"] == order else None, "elf", f"bytes of a double: {known_facts['double']}")
    big = known_facts["endian"] == "big"
    answers["WORDS_BIGENDIAN"] = Answer("1" if big else None, "header", "__BYTE_ORDER__")
    _libraries(answers, variables, known_facts, where, set(libraries))
    for row, on in table.dependencies(options.get("deps", ())):
        variables |= row.get("enabled_variables" if on else "variables", {})
    variables |= table.table("variables")
    variables |= _variables(answers, variables, known_facts, options)
    return Ledger(answers, variables)


def _value(question: Question, yes: set[str], sizes: Mapping[str, int]) -> tuple[str | None, str]:
    if question.kind == "size":
        number = str(sizes.get(question.key, 0))
        return number, number
    variable = question.yes if question.key in yes else question.no
    return (question.defined if variable == "yes" else question.undefined), variable


def _libraries(answers: dict, variables: dict, known_facts: Mapping, where: Mapping[str, str], libraries: set[str]) -> None:
    """What configure collects in LIBS (configure.ac:3761, 3914, 4674, 5555-5630) and in the libraries of modules.

    -ldl is added wherever it links; the others only where a function that is used lives there (glibc before 2.34).
    """
    served = {name: f"-l{library.partition('.')[0].removeprefix('lib')}" for name, library in where.items()}
    needed = {library for name, library in served.items() if not name.startswith("shm_")} | {"-ldl"}
    if known_facts["libc"] == "glibc" and known_facts.get("static"):
        needed |= {"-lpthread", "-lutil"}  # archives carry no versions that tell
    listed = [word for word in ("-ldl", "-lpthread", "-lutil", "-lrt") if word in needed & libraries]
    clock = served.get("clock_gettime", "")
    answers["HAVE_LIBDL"] = Answer("1" if "-ldl" in listed else None, "link", "configure.ac:3761: -ldl")
    answers["TIMEMODULE_LIB"] = Answer("rt" if clock == "-lrt" else None, "link", "configure.ac:5591: library of clock_gettime")
    variables |= {"LIBS": " ".join(listed), "TIMEMODULE_LIB": "-lrt" if clock == "-lrt" else "",
                  "POSIXSHMEM_LIBS": "-lrt" if served.get("shm_open") == "-lrt" else ""}


def _variables(answers: Mapping[str, Answer], variables: Mapping[str, str], known_facts: Mapping, options: Mapping) -> dict[str, str]:
    """Variables that configure derives from several answers."""
    def yes(macro: str) -> bool:
        return macro in answers and answers[macro].value is not None

    atomic = "-latomic" if variables.get("ac_cv_libatomic_needed") == "yes" else ""
    return {
        "have_posix_shmem": "yes" if yes("HAVE_SHM_OPEN") and yes("HAVE_SHM_UNLINK") else "no",  # configure.ac:7396
        # clang compiles Python/dtoa.c wrongly without it (bpo-30104; configure.ac:2403)
        "CFLAGS_ALIASING": "-fno-strict-aliasing" if known_facts["cc"] == "clang" else "",
        "DYNLOADFILE": "dynload_shlib.o" if yes("HAVE_DLOPEN") else "dynload_stub.o",  # configure.ac:5193
        "PERF_TRAMPOLINE_OBJ": "Python/asm_trampoline.o" if yes("PY_HAVE_PERF_TRAMPOLINE") else "",  # configure.ac:3749
        "LIBATOMIC": atomic, "LIBS": f"{variables['LIBS']} {atomic}".strip(),  # configure.ac:7683
        "LIBMPDEC_CFLAGS": f"{variables.get('LIBMPDEC_CFLAGS', '')} {libmpdec(variables, known_facts)}".strip(),
        "TEST_MODULES": "yes" if options.get("tests") in (True, "yes") else "no",
        "LIBOBJS": "" if yes("HAVE_DUP2") else "${LIBOBJDIR}dup2$U.o",  # AC_REPLACE_FUNCS, configure.ac:5572
        "host_cpu": known_facts["host"].partition("-")[0],
        "MULTIARCH": known_facts["multiarch"], "PLATFORM_TRIPLET": known_facts["multiarch"],
    }


def libmpdec(variables: Mapping[str, str], known_facts: Mapping) -> str:
    """The -D flags of libmpdec's flavour (configure.ac:4232, restated: see ``libmpdec`` in probes.toml).

    Upstream's flavours with assembler are never chosen: configure decides here before it asks whether the compiler has x64
    or x87 assembler (configure.ac:6015). What releases are tested with is what counts.
    """
    if known_facts["bits"] == 64:
        return "-DCONFIG_64=1 -DANSI=1" + (" -DHAVE_UINT128_T=1" if variables.get("ac_cv_type___uint128_t") == "yes" else "")
    return "-DCONFIG_32=1 -DANSI=1"

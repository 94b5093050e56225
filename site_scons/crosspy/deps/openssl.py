"""OpenSSL: libcrypto and libssl, static, with assembler, from what its own Configure says.

Object lists, sources, includes, defines and generators are those of the ``build.info`` files, as configdata.pm has them; how they
become commands is upstream's Configurations/gentemplate.pm and unix-Makefile.tmpl (``dolib``, ``doobj``, ``dogenerate``, ``src2obj``,
``generatesrc``), restated here. What Configure calls its build folder is ``generated/`` of the library's.
"""
from __future__ import annotations

import calendar
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from ..errors import UserError
from . import facts
from .opensslconf import Configured, assembler, configure, find_perl
from .recipe import Command, Recipe, Site, Unit

FACTS = {"targets": facts.NAMED, "with": facts.NAMED, "without": facts.NAMED, "minimal": facts.NAMED}
HIDDEN = Path(__file__).with_name("openssl_hidden.pl")
LIBRARIES = ("libcrypto", "libssl")
HEADER = "include/openssl/configuration.h"  # made by Configure itself, from a template as all others are
# No build loads engines or providers from files; so prefix= does not matter.
UNUSED = ('-DENGINESDIR="/usr/lib/engines-3"', '-DMODULESDIR="/usr/lib/ossl-modules"')
# Atomics of eight bytes: a machine of 32 bits may need libatomic for them, and zig's runtime has no __atomic_is_lock_free. With this word
# crypto/threads_pthread.c takes its locks instead, as it does for compilers that it does not trust.
WITHOUT_ATOMICS = ("-DBROKEN_CLANG_ATOMICS",)
# Upstream states none, and so depends on the compiler; it is tested with what gcc and clang took for granted until C23.
LANGUAGE = ("-std=gnu17",)


def plan(site: Site) -> Recipe:
    """Return how OpenSSL is built for a site. Raises UserError when perl is missing or Configure refuses."""
    perl = find_perl()
    made = configure(site, perl, options(site))
    return recipe(site, made, Generators(made, perl, assembler(site), f"{site.toolchain.kind} {site.toolchain.version}"))


def check() -> None:
    """Raise UserError where perl is missing, before there is a tree to look at."""
    find_perl()


def options(site: Site) -> list[str]:
    """Return Configure's words for a site: its name of the machine, then features with and without. Raises UserError."""
    machine, table = site.variant.triple.partition("-")[0], site.facts
    if machine not in table["targets"]:
        raise UserError(f"openssl target={site.variant.name}", f"it is not known what OpenSSL calls {machine!r}",
                        "add it to deps/openssl/dep.toml, [targets], or use deps=source,openssl:none")
    without = [*table["without"], *(table["minimal"] if site.options.profile == "minimal" else ())]
    return [table["targets"][machine], *(f"enable-{name}" for name in table["with"]), *(f"no-{name}" for name in without)]


def recipe(site: Site, made: Configured, generators: Generators) -> Recipe:
    """Return units, archives and commands for what Configure found out."""
    members = {library: list(_members(made, library)) for library in LIBRARIES}
    units, commands = {}, generators.headers()
    for name, library in (pair for pairs in members.values() for pair in pairs):
        if name not in units:
            units[name] = _unit(made, name, library)
            commands |= generators.behind([*made.sources[name], *made.depends.get(name, ())], name, library)
    return Recipe(
        tuple(units.values()),
        {f"{library}.a": tuple(name for name, _ in pairs) for library, pairs in members.items()},
        texts={"generated/configdata.pm": made.module, f"generated/{HIDDEN.name}": HIDDEN.read_text("utf-8")}, commands=tuple(commands.values()),
        include=("{folder}/generated/include", "{tree}/include"), flags=(*LANGUAGE, *_flags(site, made)))


def _members(made: Configured, library: str) -> Iterator[tuple[str, str]]:
    """Yield each object of a library with the library that it is compiled for: its own, then those of the libraries that it is made of,
    and of the static ones that these depend on."""
    parts = [library]
    for part in parts:
        parts += [name for table in (made.sources, made.depends) for name in table.get(part, ()) if name.endswith(".a") and name not in parts]
    yield from ((name, part) for part in parts for name in made.sources[part] if not name.endswith(".a"))


def _flags(site: Site, made: Configured) -> Iterator[str]:
    """Yield LIB_CPPFLAGS and CNF_CPPFLAGS of unix-Makefile.tmpl. CNF_CFLAGS choose the ABI (-m64): the site's do that."""
    config, target = made.config, made.target
    if site.variant.machine.bits == 32:
        yield from WITHOUT_ATOMICS
    for table in (target, config):
        yield from (f"-D{name}" for key in ("lib_defines", "defines") for name in table.get(key) or ())
    for key in ("lib_cppflags", "cppflags"):
        yield from (target.get(key) or "").split()
    yield f'-DOPENSSLDIR="{site.options.ssl_certs}"'
    yield from UNUSED


def _unit(made: Configured, name: str, library: str) -> Unit:
    source, = made.sources[name]
    flags = () if source.endswith(".s") else (*_words(made, "includes", name, library), *_words(made, "defines", name, library))
    return Unit(name, _hidden(made, source) if _written(made, source) else place(made, source), flags, generated=not source.endswith(".s"))


def _written(made: Configured, name: str) -> bool:
    """Tell whether a file is assembler by hand, as bn's for s390x: of it, too, a copy is made whose symbols are hidden."""
    return name.endswith((".s", ".S")) and _upstream(made, name)


def _hidden(made: Configured, name: str) -> str:
    return f"generated/{place(made, name)}"


def _words(made: Configured, kind: str, *owners: str) -> Iterator[str]:
    for value in (value for owner in owners for value in getattr(made, kind).get(owner, ())):
        yield f"-I{path(made, value)}" if kind == "includes" else f"-D{value}"


def place(made: Configured, name: str) -> str:
    """Return a file's name as a Unit or a Command has it: below the tree, or ``generated/...``."""
    return name[len(made.sourcedir) + 1:] if _upstream(made, name) else f"generated/{name}".removesuffix("/.")


def path(made: Configured, name: str) -> str:
    """Return a file's or folder's name as a command's word."""
    return f"{'{tree}' if _upstream(made, name) else '{folder}'}/{place(made, name)}".removesuffix("/")


def _upstream(made: Configured, name: str) -> bool:
    return f"{name}/".startswith(f"{made.sourcedir}/")


@dataclass(frozen=True)
class Generators:
    """Makes the commands behind generated files. compiler: answers what perlasm scripts ask.  banner: of the toolchain, for people."""

    made: Configured
    perl: str
    compiler: str
    banner: str

    def headers(self) -> dict[str, Command]:
        """Return the commands for what every unit may include: C files and headers that stand under no name in ``DEPEND[]``."""
        names = [name for name in self.made.depends[""] if name.endswith((".c", ".h"))]
        return self.behind([HEADER, *names], "", "")

    def behind(self, names: Iterable[str], name: str, library: str) -> dict[str, Command]:
        """Return the commands behind files that an object of a library needs, with all behind those."""
        found: dict[str, Command] = {}
        for file in names:
            if file in self.made.generate:
                found |= self.behind(self.made.depends.get(file, ()), name, library)
                found[file] = self._command(file, name, library)
            elif _written(self.made, file):
                words = (self.perl, f"{{folder}}/generated/{HIDDEN.name}", path(self.made, file), "{output}")
                found[file] = Command((_hidden(self.made, file),), words, (f"generated/{HIDDEN.name}", place(self.made, file)))
        return found

    def _command(self, file: str, name: str, library: str) -> Command:
        program, *arguments = self.made.generate[file]
        if file.endswith((".s", ".S")) and program.endswith(".pl"):
            made = self._perlasm(program, arguments, name, library)
        elif program.endswith(".in"):
            made = self._template(file, program)
        elif file.endswith("buildinf.h"):
            made = self._buildinf(program)
        else:
            raise UserError(f"openssl: {file}", f"it is made by {program}, and no rule is known for that", "correct crosspy/deps/openssl.py")
        inputs = [entry.replace("|", "/") for entry in [program, *self.made.depends.get(file, ())]]
        return replace(made, outputs=(f"generated/{file}",), inputs=(*made.inputs, *(place(self.made, entry) for entry in inputs)))

    def _perlasm(self, program: str, arguments: list[str], name: str, library: str) -> Command:
        """``CC="$(CC)" perl SCRIPT FLAVOUR INCLUDES FLAGS DEFINES OUTPUT``; of the flags scripts know -fPIC alone (x86gas.pl)."""
        made = self.made
        return Command((), ("env", f"CC={self.compiler}", self.perl, f"{{folder}}/generated/{HIDDEN.name}",
                            *_words(made, "includes", program), path(made, program), *arguments, made.target["perlasm_scheme"], *_words(made, "includes", name, library), "-fPIC",
                            *_words(made, "defines", name, library), "{output}"), (f"generated/{HIDDEN.name}",))

    def _template(self, file: str, program: str) -> Command:
        """``perl -MMODULE... dofile.pl TEMPLATE > OUTPUT``, with each module that the file depends on; one may be ``FOLDER|MODULE``."""
        made, folders, modules = self.made, ["{folder}/generated"], ["configdata"]
        for entry in made.depends.get(file, ()):
            folder, bar, module = entry.partition("|")
            if entry.endswith(".pm"):
                folder, module = (folder, module) if bar else entry.rsplit("/", 1)
                folders.append(path(made, folder))
                modules.append(module.removesuffix(".pm").replace("/", "::"))
        return Command((), ("env", "OPENSSL_TREE={tree}", "PERL_HASH_SEED=0", self.perl, *(f"-I{folder}" for folder in folders),
                            *(f"-M{module}" for module in modules), "{tree}/util/dofile.pl", "-oOpenSSL", path(made, program)),
                       ("generated/configdata.pm",), stdout=True)

    def _buildinf(self, program: str) -> Command:
        """What ``OpenSSL_version()`` tells: of our compiler nothing but its name; as the date, that of the release."""
        moment = calendar.timegm(time.strptime(self.made.config["release_date"], "%d %b %Y"))
        return Command((), ("env", f"SOURCE_DATE_EPOCH={moment}", self.perl, path(self.made, program), self.banner, self.made.config["target"]),
                       stdout=True)

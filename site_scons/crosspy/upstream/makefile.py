"""What configure and makesetup make out of Makefile.pre.in, Setup.*.in and config.c.in, from values and a plan.

``substitute`` is config.status, ``makesetup`` is Modules/makesetup of the release (3.13), line by line in effect.
"""
from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from ..errors import UserError

# Written by later sed calls or standing in comments: Makefile.pre.in:6 (@spam@) and :2588 (@EXENAME@).
NOT_CONFIGURE = frozenset({"spam", "EXENAME"})
SETUP_LOCAL = "# Edit this file for local setup changes\n"  # as configure writes it (configure.ac, Modules/Setup.local)

_WORD_KINDS = (  # makesetup:163-201, in its order; the first that matches decides
    (re.compile(r"-[IDUCfF]"), "cpps"), (re.compile(r"-[A-Zl]"), "libs"),
    (re.compile(r".*\.(a|so|sl|def)\Z|/.*\.o\Z"), "libs"), (re.compile(r".*\.(o|[cC]|m|cc|c\+\+|cxx|cpp)\Z"), "srcs"),
    (re.compile(r"\$\(.*(_CFLAGS|_INCLUDES)\)\Z"), "cpps"), (re.compile(r"\$\(.*(_LIBS|_LDFLAGS|_RPATH)\)\Z"), "libs"),
    (re.compile(r"\$"), "both"), (re.compile(r"[a-zA-Z_][^.]*\Z"), "mods"))
_WITH_VALUE = {"-framework": "libs", "-Xcompiler": "cpps", "-Xlinker": "libs", "-rpath": "libs", "--rpath": "libs",
               "-u": "libs"}


def substitute(text: str, values: Mapping[str, str], where: str, leave: Collection[str] = NOT_CONFIGURE) -> str:
    """Replace each @NAME@ as config.status does; names in `leave` stay as they are.

    With srcdir ``.`` the VPATH line is emptied (Autoconf manual, section 4.8.2).  Raises UserError that names every
    @NAME@ without a value.
    """
    if values.get("srcdir") == ".":
        text = re.sub(r"(?m)^VPATH=[ \t]*@srcdir@[ \t]*$", "", text)
    unknown = sorted(set(re.findall(r"@(\w+)@", text)) - values.keys() - set(leave))
    if unknown:
        raise UserError(where, f"nothing says what {', '.join(f'@{name}@' for name in unknown)} stands for",
                        "add a rule to crosspy/upstream/substitutions.py")
    return re.sub(r"@(\w+)@", lambda match: values.get(match.group(1), match.group()), text)


@dataclass
class Setup:
    """What makesetup gathers from Setup files: words of Makefile variables, in the order of the files."""

    builtin: list[str] = field(default_factory=list)
    shared: list[str] = field(default_factory=list)
    built: list[str] = field(default_factory=list)
    disabled: list[str] = field(default_factory=list)
    objects: str = ""
    libs: str = ""
    shared_files: str = ""
    definitions: list[str] = field(default_factory=list)
    rules: list[str] = field(default_factory=list)


def makesetup(*files: str, folder: str = "Modules") -> Setup:
    """Read the texts of Setup files, in makesetup's order: Setup.local, Setup.stdlib, Setup.bootstrap, Setup.

    A module's first line wins.  folder: makesetup's -s.  Raises UserError for a word makesetup would refuse.
    """
    setup, section = Setup(), "yes"
    sections = {"*doconfig*": "yes", "*static*": "yes", "*noconfig*": "no", "*shared*": "no", "*disabled*": "disabled"}
    for text in files:
        section = "yes"
        for line in _lines(text):
            if "=" in line or line.startswith("include "):
                setup.definitions.insert(0, line)
            elif line in sections:
                section = sections[line]
            else:
                _module(setup, section, line, folder)
    return setup


def _lines(text: str) -> list[str]:
    kept = (re.sub(r"[ \t]*#.*", "", line) for line in text.split("\n"))
    return [line.strip() for line in "\n".join(line for line in kept if line.strip()).replace("\\\n", "").split("\n")
            if line.strip()]


def _words(line: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {"mods": [], "srcs": [], "cpps": [], "libs": []}
    skip = ""
    for word in line.split():
        if skip:
            found[skip].append(word)
            skip = ""
        elif word in _WITH_VALUE:
            skip = _WITH_VALUE[word]
            found[skip] += [word] if word != "-Xcompiler" else []
        else:
            kind = next((kind for pattern, kind in _WORD_KINDS if pattern.match(word)), None)
            if kind is None:
                raise UserError("Modules/Setup", f"bad word {word!r} in {line!r}", "write it as Modules/Setup describes")
            for name in ("libs", "cpps") if kind == "both" else (kind,):
                found[name].append(word)
    return found


def _joined(words: list[str]) -> str:
    return "".join(f" {word}" for word in words)


def _module(setup: Setup, section: str, line: str, folder: str) -> None:
    """One module line (makesetup:155-285); a name that was handled already is skipped."""
    found = _words(line)
    mods, upper = found["mods"], " ".join(found["mods"]).upper()
    if any(mod in setup.built or mod in setup.disabled for mod in mods):
        return
    cpps, libs = _joined(found["cpps"]), _joined(found["libs"])
    if not cpps and not libs:
        cpps, libs = f"$(MODULE_{upper}_CFLAGS)", f"$(MODULE_{upper}_LDFLAGS)"
    if section == "disabled":
        setup.disabled += mods
        return
    setup.built += mods
    objects = ""
    for source in found["srcs"]:
        name, at = PurePosixPath(source), "" if source.startswith(("/", "$")) else f"$(srcdir)/{folder}/"
        object_ = f"{folder}/{name.parent / name.stem}.o"
        compiler = "$(CC)" if name.suffix in (".c", ".m", ".o") else "$(CXX)"
        static = section == "yes"
        flags = f"{compiler} {cpps} " + ("$(PY_BUILTIN_MODULE_CFLAGS)" if static else "$(PY_STDMODULE_CFLAGS) $(CCSHARED)")
        setup.rules.append(f"{object_}: {at}{source} $(MODULE_{upper}_DEPS) $(MODULE_DEPS_{'STATIC' if static else 'SHARED'}) "
                           f"$(PYTHON_HEADERS); {flags} -c {at}{source} -o {object_}")
        objects += f" {object_}"
    for mod in mods:
        target = f"{folder}/{mod}$(EXT_SUFFIX)"
        setup.rules.append(f"{target}: {objects}; $(BLDSHARED) {objects} {libs} $(MODULE_LDFLAGS_SHARED) -o {target}")
        if section == "no":
            setup.shared_files += f" {target}"
    if section == "yes":
        setup.builtin += mods
        setup.objects += f" {objects}"
        setup.libs += f" {libs}"
    else:
        setup.shared += mods


def makefile(pre: str, setup: Setup) -> str:
    """Complete a substituted Makefile.pre.in (makesetup:305-328)."""
    shared = [f"SHAREDMODS={setup.shared_files}"] if setup.shared_files else []
    definitions = [f"LOCALMODLIBS={setup.libs}", "BASEMODLIBS=", *shared, *setup.definitions]
    for name, words in {"_MODBUILT_NAMES_": "".join(f"  {name}" for name in setup.built),
                        "_MODSHARED_NAMES_": _joined(setup.shared),
                        "_MODDISABLED_NAMES_": "".join(f"  {name}" for name in setup.disabled),
                        "_MODOBJS_": setup.objects, "_MODLIBS_": "$(LOCALMODLIBS) $(BASEMODLIBS)"}.items():
        pre = pre.replace(name, words)
    mark = "# === Definitions added by makesetup ===\n"
    pre = pre.replace(mark, mark + "\n\n" + "".join(f"{line}\n" for line in definitions) + "\n")
    return ("# Generated automatically from Makefile.pre by makesetup.\n" + pre
            + "\n# Rules appended by makesetup\n\n" + "".join(f"{rule}\n" for rule in setup.rules))


def config_c(template: str, builtin: list[str]) -> str:
    """Return Modules/config.c: the inittab of the built-in modules, in this order (makesetup:288-303)."""
    declared = "".join(f"extern PyObject* PyInit_{name}(void);\n" for name in builtin) + "\n"
    listed = "".join(f'    {{"{name}", PyInit_{name}}},\n' for name in builtin) + "\n"
    for number, words in ((1, declared), (2, listed)):
        template = re.sub(rf"(?m)^.*MARKER {number}.*\n", lambda match: words + match.group(), template, count=1)
    return "/* Generated automatically from ./Modules/config.c.in by makesetup. */\n" + template


def setup_stdlib(template: str, kinds: Mapping[str, str], values: Mapping[str, str], where: str) -> str:
    """Render Setup.stdlib.in or Setup.bootstrap.in. kinds: module -> ``builtin``, ``shared`` or ``absent``.

    An absent module's line becomes a comment, as AM_CONDITIONAL's @MODULE_X_TRUE@ does it.
    """
    conditions = {f"MODULE_{name.upper()}_TRUE": "#" if kind == "absent" else "" for name, kind in kinds.items()}
    return substitute(template, {**conditions, **values}, where)


def setup_local(stdlib: str, kinds: Mapping[str, str]) -> str:
    """Return Setup.local: the lines of Setup.stdlib whose kind differs from its section, under the right one.

    It is upstream's own way to build single modules differently: the first line of a module wins.
    """
    natural = makesetup(stdlib)
    text = SETUP_LOCAL
    for section, kind, names in (("*static*", "builtin", natural.shared), ("*shared*", "shared", natural.builtin)):
        moved = [line for line in _lines(stdlib) if line.split()[0] in names and kinds.get(line.split()[0]) == kind]
        text += "".join(f"{line}\n" for line in ([section, *moved] if moved else []))
    return text

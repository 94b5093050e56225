"""ncurses with wide characters, and its panel library: lists from upstream's ``modules`` files, sources from its own scripts.

The rules are those of include/Makefile.in and ncurses/Makefile.in, the choice of modules that of mk-1st.awk.
"""
from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from ..errors import UserError
from . import facts, ncursesconfig, ncursestic
from .recipe import Command, Recipe, Site, Unit

FACTS = {"library": {"subsets": list, "without": list}, "tools": {"subsets": list}, "fallbacks": {"terminals": list},
         "ask": {"headers": list, "functions": list}, "facts": facts.NAMED, "absent": {"*": list}, "substitutions": facts.NAMED}
PUBLIC, PRIVATE = "generated/include", "generated/ncurses"  # what users include, and what only ncurses does
PROGRAMS = tuple(f"{ncursestic.HOST}/{name}" for name in ("tic", "infocmp"))
CAPS = ("include/Caps", "include/Caps-ncurses")
PATH = "/usr/bin:/bin"  # of the graph's commands
# BUILDING_NCURSES, which upstream defines, would give every symbol default visibility (ncurses_dll.h.in).
DEFINES = ("-DHAVE_CONFIG_H", "-DNCURSES_STATIC", "-D_DEFAULT_SOURCE", "-D_XOPEN_SOURCE=600")
INCLUDES = (f"-I{{folder}}/{PRIVATE}", "-I{tree}/ncurses", f"-I{{folder}}/{PUBLIC}", "-I{tree}/include")
_PLACE = re.compile(r"^(\w+)[ \t]*=[ \t]*(\$\(srcdir\)/\w+)[ \t]*$", re.M)


@dataclass(frozen=True)
class Module:
    """One line of a ``modules`` file. place: the folder of its source as written there, ``$(base)`` or ``.``."""

    subset: str
    name: str
    kind: str
    place: str


def modules(text: str) -> list[Module]:
    """Read a ``modules`` file: ``@ subset``, then lines of name, kind, place and headers."""
    found, subset = [], ""
    for line in text.splitlines():
        fields = line.split()
        if not fields or fields[0].startswith("#"):
            continue
        if fields[0] == "@":
            subset = fields[1]
        elif len(fields) >= 3:
            found.append(Module(subset, *fields[:3]))
    return found


def chosen(listed: Sequence[Module], subsets: Collection[str], without: Collection[str]) -> list[Module]:
    """Return the modules of a library without tracing, as mk-1st.awk and mk-2nd.awk choose them (``$1 ~ /trace/``).

    Raises UserError where a subset or a module to be left out is not there any more.
    """
    gone = [*(set(subsets) - {module.subset for module in listed}), *(set(without) - {module.name for module in listed})]
    if gone:
        raise UserError("deps/ncurses/dep.toml", f"ncurses/modules has no {', '.join(sorted(gone))} any more", "look up what upstream does now")
    return [module for module in listed if module.subset in subsets and module.kind == "lib" and module.name not in without
            and ("trace" not in module.name or module.name == "lib_trace")]


def units(listed: Sequence[Module], makefile: str) -> list[Unit]:
    """Return the compiles of modules of ncurses/. makefile: ncurses/Makefile.in, which says where places are.

    Raises UserError for a place that it does not define.
    """
    places = {f"$({name})": value.replace("$(srcdir)", "ncurses") for name, value in _PLACE.findall(makefile)} | {".": PRIVATE}
    unknown = sorted({module.place for module in listed} - places.keys())
    if unknown:
        raise UserError("ncurses/Makefile.in", f"it does not say where {', '.join(unknown)} is", "use the library's own archive, unchanged")
    return [Unit(f"{module.name}.o", f"{places[module.place]}/{module.name}.c", generated=True) for module in listed]


def plan(site: Site) -> Recipe:
    """Return how libncursesw.a and libpanelw.a are built.

    Raises UserError where a program that generates sources is missing, or a macro is not classified.
    """
    stated = site.facts
    programs()
    makefile = facts.read(site.tree, "ncurses/Makefile.in")
    listed = modules(facts.read(site.tree, "ncurses/modules"))
    library = units(chosen(listed, **stated["library"]), makefile)
    panel = [Unit(f"panel/{module.name}.o", f"panel/{module.name}.c", ("-I{tree}/panel",), generated=True)
             for module in modules(facts.read(site.tree, "panel/modules")) if module.kind == "lib"]
    config = ncursesconfig.configuration(site, stated)
    filled = ncursesconfig.headers(site, stated, config)
    texts = {f"{PRIVATE}/ncurses_cfg.h": config,
             **{f"{PUBLIC if name.endswith('.h') else PRIVATE}/{name}": text for name, text in filled.items()},
             f"{PUBLIC}/ncurses.h": "#include <curses.h>\n",
             f"{PUBLIC}/panel.h": facts.read(site.tree, "panel/panel.h"), **ncursestic.texts(site, stated)}
    terminfo = units(chosen(listed, stated["tools"]["subsets"], ()), makefile)
    return Recipe(units=(*library, *panel), texts=texts,
                  archives={"libncursesw.a": tuple(unit.object for unit in library), "libpanelw.a": tuple(unit.object for unit in panel)},
                  commands=(*header_commands(), *source_commands(stated["fallbacks"]["terminals"]), *host_commands(terminfo),
                            function_command(site)),
                  include=(f"{{folder}}/{PUBLIC}",), flags=(*DEFINES, *INCLUDES))


def programs() -> None:
    """Raise UserError unless the host has the programs of upstream's scripts."""
    packages = {"awk": "mawk", "sed": "sed", "sort": "coreutils"}
    missing = [name for name in packages if not shutil.which(name, path=PATH)]
    if missing:
        raise UserError("ncurses", f"this machine has no {', '.join(missing)}, which its sources are made with",
                        f"install them (Debian: apt-get install {' '.join(sorted({packages[name] for name in missing}))}), or leave "
                        "curses out")


def header_commands() -> list[Command]:
    """Return the rules of include/Makefile.in."""
    caps = tuple(f"{{tree}}/{name}" for name in CAPS)
    head, tail = f"{PRIVATE}/curses.head", ("include/curses.wide", "include/curses.tail")
    return [
        Command((f"{PUBLIC}/curses.h",),
                ("sh", "-ec", 'cat "$1"; sh "$2" "$5" "$6"; cat "$3" "$4"', "sh", head, "{tree}/include/MKkey_defs.sh",
                 *(f"{{tree}}/{name}" for name in tail), *caps), (head, "include/MKkey_defs.sh", *tail, *CAPS), stdout=True),
        Command((f"{PUBLIC}/term.h",), ("awk", "-f", f"{PRIVATE}/MKterm.h.awk", *caps), (f"{PRIVATE}/MKterm.h.awk", *CAPS), stdout=True),
        _made(f"{PRIVATE}/hashsize.h", "include/MKhashsize.sh", CAPS),
        _made(f"{PRIVATE}/parametrized.h", "include/MKparametrized.sh", CAPS),
        _made(f"{PRIVATE}/ncurses_def.h", "include/MKncurses_def.sh", ("include/ncurses_defs",))]


def _made(output: str, script: str, sources: Sequence[str], *words: str) -> Command:
    """What one of upstream's scripts prints when it is given files of the tree; words go before them."""
    run = ("awk", "-f") if script.endswith(".awk") else ("sh", "-e")
    return Command((output,), (*run, f"{{tree}}/{script}", *words, *(f"{{tree}}/{name}" for name in sources)), (script, *sources),
                   stdout=True)


def source_commands(terminals: Sequence[str]) -> list[Command]:
    """Return the rules of ncurses/Makefile.in, with its default of one large string per table (--enable-big-strings)."""
    big, keys, hashing, terminfo = "bigstrings=1", *(f"{PRIVATE}/{name}" for name in ("keys.list", "make_hash", "terminfo.src"))
    caps = tuple(f"{{tree}}/{name}" for name in CAPS)
    native = (*DEFINES, "-DUSE_BUILD_CC", *INCLUDES)
    headers = (f"{PUBLIC}/curses.h", f"{PRIVATE}/ncurses_cfg.h", f"{PRIVATE}/ncurses_def.h", f"{PUBLIC}/ncurses_dll.h")
    # MKcaptab.sh and MKuserdefs.sh run ./make_hash; from that folder on, the tree is two levels further up.
    here, further = ("sh", "-ec", f'cd {PRIVATE} && exec sh -e "$@"', "sh"), tuple(f"../../{word}" for word in caps)
    return [
        _made(f"{PRIVATE}/codes.c", "ncurses/tinfo/MKcodes.awk", CAPS, big),
        _made(f"{PRIVATE}/names.c", "ncurses/tinfo/MKnames.awk", CAPS, big),
        Command((f"{PRIVATE}/unctrl.c",), ("sh", "-ec", f'echo | awk -f "$1" {big}', "sh", "{tree}/ncurses/base/MKunctrl.awk"),
                ("ncurses/base/MKunctrl.awk",), stdout=True),
        Command((keys,), ("sh", "-ec", 'USE_SIGWINCH=1 sh "$@" | LC_ALL=C sort', "sh", "{tree}/ncurses/tinfo/MKkeys_list.sh", *caps),
                ("ncurses/tinfo/MKkeys_list.sh", *CAPS), stdout=True),
        Command((f"{PRIVATE}/lib_keyname.c",), ("awk", "-f", "{tree}/ncurses/base/MKkeyname.awk", "use_sigwinch=1", big, keys),
                ("ncurses/base/MKkeyname.awk", keys), stdout=True),
        Command((f"{PRIVATE}/init_keytry.h",), ("{program}", keys), (keys, f"{PRIVATE}/names.c", *headers), stdout=True,
                host=("ncurses/tinfo/make_keys.c", *native)),
        Command((hashing,), ("cp", "{program}", "{output}"), (f"{PRIVATE}/hashsize.h", *headers),
                host=("ncurses/tinfo/make_hash.c", *native)),
        Command((f"{PRIVATE}/comp_captab.c",), (*here, "../../{tree}/ncurses/tinfo/MKcaptab.sh", "awk", "1", "../../{tree}/ncurses/tinfo/MKcaptab.awk", *further),
                (hashing, "ncurses/tinfo/MKcaptab.sh", "ncurses/tinfo/MKcaptab.awk", *CAPS), stdout=True),
        Command((f"{PRIVATE}/comp_userdefs.c",), (*here, "../../{tree}/ncurses/tinfo/MKuserdefs.sh", "awk", "1", *further),
                (hashing, "ncurses/tinfo/MKuserdefs.sh", *CAPS), stdout=True),
        # --with-xterm-kbs=del, as Debian has it: what today's terminals send for the key "backspace".
        Command((terminfo,), ("sh", "-ec", 'XTERM_KBS=DEL sh "$1" | sed -f /dev/stdin "$2"', "sh", "{tree}/misc/gen_edit.sh",
                              "{tree}/misc/terminfo.src"), ("misc/gen_edit.sh", "misc/terminfo.src"), stdout=True),
        # Its temporary folder is below what pwd says, which it does not quote: a path with a space would be two words.
        Command((f"{PRIVATE}/fallback.c",),
                ("sh", "-ec", 'pwd() { echo .; }; . "$0"', "{tree}/ncurses/tinfo/MKfallback.sh", "/usr/share/terminfo", terminfo,
                 *(f"./{program}" for program in PROGRAMS), *terminals), ("ncurses/tinfo/MKfallback.sh", terminfo, *PROGRAMS), stdout=True)]


def host_commands(listed: Sequence[Unit]) -> list[Command]:
    """Return what makes tic and infocmp of this machine. listed: the modules of terminfo."""
    needed = [*(f"{PUBLIC}/{name}.h" for name in ("curses", "ncurses_dll", "term", "termcap", "unctrl")),
              *(f"{PRIVATE}/{name}.h" for name in ("hashsize", "init_keytry", "ncurses_def", "parametrized"))]
    return ncursestic.commands(listed, (*DEFINES, *INCLUDES), needed)


def function_command(site: Site) -> Command:
    """Return what makes lib_gen.c: a function for each macro of curses.h, as the target's preprocessor expands it.

    The script hides what the preprocessor says, so its success is told from the functions.
    """
    cpp = shlex.join([*site.toolchain.cc, "-E", "-std=c11", *DEFINES, *INCLUDES])
    script = "ncurses/base/MKlib_gen.sh"
    needed = [f"{PRIVATE}/ncurses_cfg.h", f"{PRIVATE}/ncurses_def.h",
              *(f"{PUBLIC}/{name}" for name in ("curses.h", "ncurses_dll.h", "term.h", "unctrl.h"))]
    # The script splits its first word at spaces, so that word is the name of a function: in the compiler's path there may be one.
    return Command((f"{PRIVATE}/lib_gen.c",),
                   ("sh", "-ec", f'preprocess() {{ {cpp} "$@"; }}; (in=$1 out=$2; set -- preprocess awk generated; . "$0" < "$in" > "$out"); '
                    'grep -q "^NCURSES_EXPORT(int) addch" "$2"',
                    f"{{tree}}/{script}", f"{PUBLIC}/curses.h", "{output}"), (script, *needed), compiler=True)

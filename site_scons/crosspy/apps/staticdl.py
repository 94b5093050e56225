"""What dlopen() and dlsym() do in a static program: the C source of both, with a table of the program's own functions.

ctypes opens the program itself when it is imported (Lib/ctypes/__init__.py, ``pythonapi``), and musl's libc.a has stubs that always fail.
Here the program can be opened, and what the table names can be found in it: the C API, and the functions of libc that
``modules.toml`` lists. No file can be loaded.
"""
from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace

from ..upstream.modules import Module

USER = "_ctypes"
SOURCE = "generated/static_dl.c"

_CODE = """\
#include <stddef.h>
#include <stdio.h>
#include <string.h>

static const struct { const char *name; void *address; } table[] = {
%(rows)s
};
static char program;
static _Thread_local const char *error;
static _Thread_local char message[256];

void *dlopen(const char *file, int mode)
{
    (void)mode;
    if (!file)
        return error = NULL, &program;
    snprintf(message, sizeof message, "%%.200s: a static program loads no libraries", file);
    error = message;
    return NULL;
}

void *dlsym(void *restrict handle, const char *restrict name)
{
    size_t low = 0, high = sizeof table / sizeof *table;
    (void)handle;
    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = strcmp(name, table[middle].name);
        if (!order && !table[middle].address)
            break;
        if (!order)
            return error = NULL, table[middle].address;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    snprintf(message, sizeof message, "%%.180s: this static program has nothing of that name that can be looked up", name);
    error = message;
    return NULL;
}

int dlclose(void *handle)
{
    (void)handle;
    return 0;
}

char *dlerror(void)
{
    const char *last = error;
    error = NULL;
    return (char *)last;
}
"""


def source(names: Iterable[str], perhaps: Iterable[str] = ()) -> str:
    """Return the C source. names: functions and data of the program, whatever their types are: the linker alone knows them. perhaps:
    more, which it may lack."""
    certain = set(names)
    wanted = sorted(certain.union(perhaps))
    declared = "".join(f'extern char symbol_{number}[] __asm__("{name}"){"" if name in certain else " __attribute__((weak))"};\n'
                       for number, name in enumerate(wanted))
    rows = "\n".join(f"    {{{json.dumps(name)}, symbol_{number}}}," for number, name in enumerate(wanted))
    return declared + _CODE % {"rows": rows}


def with_source(found: Iterable[Module]) -> list[Module]:
    """Return a plan of modules in which the one that opens the program brings the source along."""
    return [replace(module, sources=(*module.sources, SOURCE)) if module.name == USER and module.kind == "builtin" else module for module in found]

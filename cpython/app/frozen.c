/* In the place of Python/frozen.c: exactly the modules of one program. frozen.h, which is made with the code, has a row
   for each: name, code, size in bytes, whether it is a package. */
#include "Python.h"
#include "pycore_import.h"

#include "frozen.h"

static const struct _frozen none[] = {{0, 0, 0, 0}};
static const struct _frozen modules[] = {
    FROZEN_MODULES
    {0, 0, 0, 0}
};
/* Bootstrap modules are found always, the others only with PyConfig.use_frozen_modules (Python/import.c). */
const struct _frozen *_PyImport_FrozenBootstrap = modules;
const struct _frozen *_PyImport_FrozenStdlib = none;
const struct _frozen *_PyImport_FrozenTest = none;
const struct _frozen *PyImport_FrozenModules = NULL;

/* An alias says under which name the code was compiled (Tools/build/freeze_modules.py). */
static const struct _module_alias aliases[] = {
    {"_frozen_importlib", "importlib._bootstrap"},
    {"_frozen_importlib_external", "importlib._bootstrap_external"},
    {0, 0}
};
const struct _module_alias *_PyImport_FrozenAliases = aliases;

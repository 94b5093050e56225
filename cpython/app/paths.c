/* In the place of Modules/getpath.c, which looks for a library in files: all paths are stated by the main program, since
   the library is frozen into it (Doc/c-api/init_config.rst, "Python Path Configuration"). */
#include "Python.h"
#include "pycore_initconfig.h"
#include "pycore_pathconfig.h"

#include <unistd.h>

PyStatus
_PyConfig_InitPathConfig(PyConfig *config, int compute_path_config)
{
    (void)compute_path_config;
    return _PyPathConfig_ReadGlobal(config);
}

PyObject *
_Py_Get_Getpath_CodeObject(void)
{
    return NULL;
}

/* The program's own path: what /proc says, or else the word by which it was started. */
const char *
own_path(const char *word)
{
    static char path[4096];
    ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 1);
    if (length <= 0) {
        return word;
    }
    path[length] = '\0';
    return path;
}

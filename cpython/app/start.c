/* How a program of ours starts its interpreter, whether it runs one application (main.c) or embeds it (embed.c). */
#include "Python.h"

extern const char *own_path(const char *word);  /* paths.c */

/* Isolated from the environment and the files of the device (PEP 587); text is UTF-8 whatever the locale (PEP 540), since
   only that codec is part of every program. signals: whether SIGINT and the like are Python's. */
PyStatus
start_frozen(int argc, char **argv, int signals)
{
    PyPreConfig before;
    PyPreConfig_InitIsolatedConfig(&before);
    before.utf8_mode = 1;
    PyStatus status = Py_PreInitialize(&before);
    if (PyStatus_Exception(status)) {
        return status;
    }
    PyConfig config;
    PyConfig_InitIsolatedConfig(&config);
    config.parse_argv = 0;
    config.site_import = 0;
    config.install_signal_handlers = signals;
    config.module_search_paths_set = 1;  /* and empty: everything is frozen */
    const char *path = own_path(argc ? argv[0] : "");
    wchar_t **empty[] = {&config.prefix, &config.exec_prefix, &config.base_prefix, &config.base_exec_prefix,
                         &config.stdlib_dir, &config.platlibdir};
    for (size_t i = 0; i < Py_ARRAY_LENGTH(empty) && !PyStatus_Exception(status); i++) {
        status = PyConfig_SetString(&config, empty[i], L"");
    }
    if (!PyStatus_Exception(status)) {
        status = PyConfig_SetBytesString(&config, &config.executable, path);
    }
    if (!PyStatus_Exception(status)) {
        status = PyConfig_SetBytesString(&config, &config.base_executable, path);
    }
    if (!PyStatus_Exception(status)) {
        status = PyConfig_SetBytesArgv(&config, argc, argv);
    }
    if (!PyStatus_Exception(status)) {
        status = Py_InitializeFromConfig(&config);
    }
    PyConfig_Clear(&config);
    return status;
}

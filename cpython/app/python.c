/* The interpreter of profile=minimal: python3 as usual, but the library that it starts with is frozen into it. */
#include "Python.h"

extern const char *own_path(const char *word);  /* paths.c */

/* PYTHON_PREFIX, PYTHON_LIBRARY: where Python lies on the device; modules that are not frozen are looked for there. */
static PyStatus
start(int argc, char **argv)
{
    PyConfig config;
    PyConfig_InitPythonConfig(&config);
    config.pathconfig_warnings = 0;
    PyStatus status = PyConfig_SetBytesArgv(&config, argc, argv);
    if (!PyStatus_Exception(status)) {
        status = PyConfig_Read(&config);  /* the command line and the environment first */
    }
    wchar_t **prefixes[] = {&config.prefix, &config.exec_prefix, &config.base_prefix, &config.base_exec_prefix};
    for (size_t i = 0; i < Py_ARRAY_LENGTH(prefixes) && !PyStatus_Exception(status); i++) {
        status = PyConfig_SetString(&config, prefixes[i], L"" PYTHON_PREFIX);
    }
    if (!PyStatus_Exception(status) && config.platlibdir == NULL) {
        status = PyConfig_SetString(&config, &config.platlibdir, L"lib");
    }
    wchar_t **paths[] = {&config.executable, &config.base_executable};
    for (size_t i = 0; i < Py_ARRAY_LENGTH(paths) && !PyStatus_Exception(status); i++) {
        status = PyConfig_SetBytesString(&config, paths[i], own_path(argc ? argv[0] : ""));
    }
    config.module_search_paths_set = 1;
    wchar_t *more = config.pythonpath_env, *rest;
    for (wchar_t *folder = more ? wcstok(more, L":", &rest) : NULL; folder && !PyStatus_Exception(status);
         folder = wcstok(NULL, L":", &rest)) {
        status = PyWideStringList_Append(&config.module_search_paths, folder);
    }
    if (!PyStatus_Exception(status)) {
        status = PyWideStringList_Append(&config.module_search_paths, L"" PYTHON_LIBRARY);
    }
    if (!PyStatus_Exception(status)) {
        status = Py_InitializeFromConfig(&config);
    }
    PyConfig_Clear(&config);
    return status;
}

int
main(int argc, char **argv)
{
    PyStatus status = start(argc, argv);
    if (PyStatus_IsExit(status)) {  /* --version, --help */
        return status.exitcode;
    }
    if (PyStatus_Exception(status)) {
        Py_ExitStatusException(status);
    }
    return Py_RunMain();
}

/* The program of one application: an isolated interpreter that runs the frozen module which launcher.py names. */
#include "Python.h"

#include <signal.h>
#include <unistd.h>

extern const char *own_path(const char *word);  /* paths.c */

/* Isolated from the environment and the files of the device (PEP 587); text is UTF-8 whatever the locale (PEP 540), since
   only that codec is part of every program. */
static PyStatus
start(int argc, char **argv)
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
    config.install_signal_handlers = 1;
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

/* Run the code that launcher.py gives, in __main__. A traceback begins with the application's own first frame. */
static PyObject *
run(void)
{
    PyObject *launcher = PyImport_ImportModule("_application");
    PyObject *pair = launcher ? PyObject_CallMethod(launcher, "prepare", NULL) : NULL;
    PyObject *result = NULL, *code, *globals;
    Py_XDECREF(launcher);
    if (pair && PyArg_ParseTuple(pair, "O!O!:prepare", &PyCode_Type, &code, &PyDict_Type, &globals)) {
        result = PyEval_EvalCode(code, globals, globals);
    }
    Py_XDECREF(pair);
    return result;
}

int
main(int argc, char **argv)
{
    PyStatus status = start(argc, argv);
    if (PyStatus_Exception(status)) {
        Py_ExitStatusException(status);
    }
    int code = 0, interrupted = 0;
    PyObject *result = run();
    if (result == NULL) {
        interrupted = PyErr_ExceptionMatches(PyExc_KeyboardInterrupt);
        PyErr_Print();  /* ends the process itself for SystemExit */
        code = 1;
    }
    Py_XDECREF(result);
    if (Py_FinalizeEx() < 0) {
        code = 120;  /* as python: what was buffered could not be written */
    }
    if (interrupted) {  /* the parent is to see that a signal ended it (Modules/main.c, exit_sigint) */
        signal(SIGINT, SIG_DFL);
        kill(getpid(), SIGINT);
        code = 128 + SIGINT;
    }
    return code;
}

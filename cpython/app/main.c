/* The program of one application: an isolated interpreter that runs the frozen module which launcher.py names. */
#include "Python.h"

#include <signal.h>
#include <unistd.h>

extern PyStatus start_frozen(int argc, char **argv, int signals);  /* start.c */

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
    PyStatus status = start_frozen(argc, argv, 1);
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

/* What cpython_embed.h promises. */
#include "cpython_embed.h"

extern PyStatus start_frozen(int argc, char **argv, int signals);  /* start.c */

PyStatus
cpython_start(int argc, char **argv)
{
    PyStatus status = start_frozen(argc, argv, 0);
    if (PyStatus_Exception(status)) {
        return status;
    }
    PyObject *launcher = PyImport_ImportModule("_application");
    PyObject *done = launcher ? PyObject_CallMethod(launcher, "embedded", NULL) : NULL;
    Py_XDECREF(launcher);
    if (done == NULL) {
        PyErr_Print();
        return PyStatus_Error("the frozen modules cannot be imported");
    }
    Py_DECREF(done);
    return status;
}

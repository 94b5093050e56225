/* For C and C++ programs that PythonEmbed builds: the interpreter that is part of the program, with all modules that its
   application can reach. There is nothing else to set up, and no file of Python on the device. */
#ifndef CPYTHON_EMBED_H
#define CPYTHON_EMBED_H

#include "Python.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Start the interpreter, isolated from the environment and the files of the device. Nothing of the application runs: import
   its modules, by their own names, and call them (PyImport_ImportModule). Signals stay the program's. The caller has the GIL
   afterwards, and ends with Py_FinalizeEx().
   argc, argv: become sys.argv; 0 and NULL for none.
   Returns a status to be asked with PyStatus_Exception(); its err_msg says what is wrong. */
PyStatus cpython_start(int argc, char **argv);

#ifdef __cplusplus
}
#endif

#endif

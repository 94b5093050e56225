/* The first process of the firmware: starts what policy.py names, waits for each, and switches the board off at the end. */
#include "cpython_embed.h"

#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/wait.h>
#include <unistd.h>

/* Run a program to its end; returns its exit status. */
static int
run(const char *path)
{
    int status = 0;
    pid_t child = fork();
    if (child == 0) {
        execl(path, path, (char *)NULL);
        perror(path);
        _exit(127);
    }
    if (child < 0 || waitpid(child, &status, 0) < 0) {
        return 126;
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Ask policy.again(); returns 1 for yes, 0 for no, -1 for an exception. */
static int
again(PyObject *policy, const char *path, int status, int runs)
{
    PyObject *answer = PyObject_CallMethod(policy, "again", "sii", path, status, runs);
    int yes = answer ? PyObject_IsTrue(answer) : -1;
    Py_XDECREF(answer);
    return yes;
}

/* Run all programs of the configuration; returns how many of them failed for good, -1 for an exception. */
static int
supervise(const char *configuration)
{
    PyObject *policy = PyImport_ImportModule("policy");
    PyObject *programs = policy ? PyObject_CallMethod(policy, "programs", "s", configuration) : NULL;
    int failed = programs ? 0 : -1;
    for (Py_ssize_t i = 0; failed >= 0 && i < PyList_Size(programs); i++) {
        const char *path = PyUnicode_AsUTF8(PyList_GetItem(programs, i));
        int status = 0, more = path ? 1 : -1;
        for (int runs = 1; more == 1; runs++) {
            status = run(path);
            printf("supervisor: %s ended with status %d\n", path, status);
            fflush(stdout);
            more = again(policy, path, status, runs);
        }
        failed = more < 0 ? -1 : failed + (status != 0);
    }
    Py_XDECREF(programs);
    Py_XDECREF(policy);
    return failed;
}

int
main(int argc, char **argv)
{
    int first = getpid() == 1;
    if (first) {
        mount("proc", "/proc", "proc", 0, NULL);
        mount("sysfs", "/sys", "sysfs", 0, NULL);
    }
    PyStatus status = cpython_start(argc, argv);
    if (PyStatus_Exception(status)) {
        Py_ExitStatusException(status);
    }
    int failed = supervise(!first && argc > 1 ? argv[1] : "/etc/firmware.json");
    if (failed < 0) {
        PyErr_Print();
    }
    Py_FinalizeEx();
    printf("supervisor: %d failed\n", failed);
    fflush(stdout);
    if (first) {
        sync();
        reboot(RB_POWER_OFF);
    }
    return failed != 0;
}

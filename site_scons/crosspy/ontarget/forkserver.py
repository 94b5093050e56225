"""Run by an interpreter that is slow to start, on the target: forks a process for each test file, with regrtest loaded already.

    forkserver.py COMMANDS ANSWERS

COMMANDS and ANSWERS are descriptors. A command is a line of JSON: a folder to work in, for temporary files, too, and the words for
``python -m test``. The first answer is ``ready``. Each command has two: the process's number, which is a group and session of its
own, and its status as subprocess counts it. What it prints goes into the folder's file ``output``.
"""
import json
import os
import runpy
import sys

import test.libregrtest.main  # noqa: F401  (what each process would load first)


def run(folder: str, words: list[str]) -> None:
    """Do what ``python -m test WORDS`` does in a process of its own."""
    os.chdir(folder)
    output = os.open("output", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    for number in (1, 2):
        os.dup2(output, number)
    os.close(output)
    os.environ["TMPDIR"] = folder
    sys.path[0], sys.argv = folder, ["test", *words]
    runpy.run_module("test", run_name="__main__", alter_sys=True)


def command() -> list:
    """Wait for a command; the end of the descriptor is that of the program."""
    data = b""
    while not data.endswith(b"\n"):
        part = os.read(commands, 65536)
        if not part:
            sys.exit()
        data += part
    return json.loads(data)


commands, answers = (int(word) for word in sys.argv[1:])
os.write(answers, b"ready\n")
while True:
    asked = command()
    process = os.fork()
    if not process:
        os.setsid()
        os.write(answers, b"%d\n" % os.getpid())   # not before it leads a group, which others may want to end
        os.close(commands)
        os.close(answers)
        run(*asked)
        sys.exit()
    os.write(answers, b"%d\n" % os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]))

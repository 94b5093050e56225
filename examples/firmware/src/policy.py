"""What the supervisor runs, and what it does when a program ends: decided in Python, done in C."""
import json


def programs(path):
    """Return the programs to run, in their order."""
    with open(path, encoding="utf-8") as stream:
        return json.load(stream)["programs"]


def again(program, status, runs):
    """Say whether a program that ended with a status is started again. runs: how often it was."""
    return status != 0 and runs < 3

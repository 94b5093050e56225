"""One line about the board, then how long it has been up."""
import os
import sys


def main():
    machine = os.uname()
    print(f"status: Python {sys.version.split()[0]} on {machine.machine}, Linux {machine.release.split('-')[0]}", flush=True)
    with open("/proc/uptime") as stream:
        print(f"status: up {stream.read().split()[0]} s")


if __name__ == "__main__":
    main()

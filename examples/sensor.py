"""Reads a value again and again and sends it to a collector: one JSON header, then packed samples.

usage: sensor HOST PORT [COUNT [SECONDS]]
"""
import json
import logging
import socket
import struct
import sys
import time

SAMPLE = struct.Struct(">dI")  # seconds since the epoch, thousandths


def measure(number: int) -> int:
    """Return the number of free pages, as a stand-in for a real sensor."""
    try:
        with open("/proc/meminfo", encoding="ascii") as stream:
            return int(stream.read().split("MemFree:")[1].split()[0]) & 0xFFFFFFFF
    except (OSError, IndexError, ValueError):
        return number


def main(host: str, port: str, count: str = "3", pause: str = "0.1") -> None:
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s", stream=sys.stdout)
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        header = json.dumps({"format": SAMPLE.format, "count": int(count)}).encode() + b"\n"
        connection.sendall(header)
        for number in range(int(count)):
            value = measure(number)
            connection.sendall(SAMPLE.pack(time.time(), value))
            logging.info("sample %d: %d", number, value)
            time.sleep(float(pause))


if __name__ == "__main__":
    if not 3 <= len(sys.argv) <= 5:
        sys.exit(__doc__)
    main(*sys.argv[1:])

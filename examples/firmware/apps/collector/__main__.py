import json
import logging
import sys

from . import readings


def main():
    logging.basicConfig(format="collector: %(message)s", level=logging.INFO, stream=sys.stdout)
    found = readings.memory("/proc/meminfo")
    packed = readings.pack(found)
    logging.info("%d readings, %d bytes, %s", len(found), len(packed), json.dumps(dict(sorted(found.items())[:2])))
    return 0 if readings.unpack(packed) == list(found.values()) else 1


sys.exit(main())

import struct


def memory(path):
    """Return the kernel's numbers about memory by name, in kilobytes."""
    with open(path) as stream:
        pairs = (line.split(":") for line in stream)
        return {name: int(value.split()[0]) for name, value in pairs}


def pack(found):
    return struct.pack(f">H{len(found)}Q", len(found), *found.values())


def unpack(data):
    (count,) = struct.unpack_from(">H", data)
    return list(struct.unpack_from(f">{count}Q", data, 2))

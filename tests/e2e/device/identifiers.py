"""Prints facts about UUIDs, as JSON."""
import json
import time
import uuid

import _uuid

one, two = uuid.uuid1(), uuid.uuid1()
raw, safe = _uuid.generate_time_safe()
since_1582 = (one.time - 0x01B21DD213814000) / 1e7  # 100 ns since 15 October 1582 -> seconds since 1970
print(json.dumps({
    "versions": [one.version, uuid.UUID(bytes=raw).version, uuid.uuid4().version], "variants": {one.variant, uuid.uuid4().variant} == {uuid.RFC_4122},
    "increases": one.time < two.time, "seconds off": abs(time.time() - since_1582), "through _uuid": uuid._generate_time_safe is not None,
    "different": len({uuid.uuid4() for _ in range(1000)}), "safe": safe, "named": str(uuid.uuid5(uuid.NAMESPACE_DNS, "python.org"))}))

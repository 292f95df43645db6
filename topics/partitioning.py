"""Where a key lies: the partitioner of the Java client, which librdkafka calls `murmur2_random`.

Source: org.apache.kafka.common.utils.Utils.murmur2 (MurmurHash2, 32 bits, Kafka's seed).
"""

from functools import lru_cache
from struct import Struct

PLACED = ("payments", "disputes")
"""Topics on which a message must lie in the partition of its key: who has that partition knows the payment."""

_SEED, _M, _MASK = 0x9747B28C, 0x5BD1E995, 0xFFFFFFFF
_WORD = Struct("<I")


def murmur2(key: bytes) -> int:
    """The 32-bit hash of a key, without sign."""
    length = len(key)
    hashed = _SEED ^ length
    whole = length & ~3
    for (word,) in _WORD.iter_unpack(key[:whole]):
        mixed = word * _M & _MASK
        hashed = (hashed * _M & _MASK) ^ ((mixed ^ mixed >> 24) * _M & _MASK)
    if whole < length:
        hashed = (hashed ^ int.from_bytes(key[whole:], "little")) * _M & _MASK
    hashed = (hashed ^ hashed >> 13) * _M & _MASK
    return hashed ^ hashed >> 15


@lru_cache(maxsize=65_536)
def partition_of(key: bytes, count: int) -> int:
    """The partition of a key on a topic with `count` partitions."""
    return (murmur2(key) & 0x7FFFFFFF) % count

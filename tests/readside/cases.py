"""Snapshots of small cases, a log of them in memory, and what must stand in Redis: said without the code that is tested."""

import itertools
import json
import time
from collections import defaultdict
from typing import Any, NamedTuple

from app.readside.keys import Keys

KEYS = Keys("refundry", "")
PARTITIONS = 2


def snapshot(case_id: str = "m/o1", version: int = 1, **parts: Any) -> bytes:
    merchant_id, _, order_id = case_id.partition("/")
    order = None if order_id.startswith("~") else order_id
    whole = {"type": "case.snapshot", "case_id": case_id, "version": version, "merchant_id": merchant_id}
    whole |= {part: [] for part in ("payments", "requests", "instructions", "disputes", "timeline")}
    return json.dumps({**whole, "order_id": order, "note": "é \u2028", **parts}).encode()


def payment(payment_id: str, *capture_ids: str) -> dict[str, Any]:
    return {"payment_id": payment_id, "captures": [{"capture_id": capture_id} for capture_id in capture_ids]}


def instruction(instruction_id: str, refund_id: str | None = None, reference: str | None = None) -> dict[str, Any]:
    names = {"instruction_id": instruction_id, "refund_id": refund_id, "acquirer_reference_number": reference}
    return {"status": "submitted", **names}


class Said(NamedTuple):
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None


class MemoryLog:
    """The topic of snapshots in memory. Offsets have gaps, as those of a compacted topic with transactions have."""

    def __init__(self) -> None:
        self.partitions: dict[int, list[Said]] = {partition: [] for partition in range(PARTITIONS)}
        self.id = "the first"
        self.complete_at: float | None = None
        self.stands_still = False
        """As a broker that is gone: there is nothing to read, and nobody says whether that is all."""
        self._at = dict.fromkeys(self.partitions, 0)
        self._numbers = itertools.count()

    def say(self, case_id: str, value: bytes | None) -> None:
        partition = sum(case_id.encode()) % PARTITIONS
        self.partitions[partition].append(Said(partition, 3 * next(self._numbers), case_id.encode(), value))

    def topic_id(self) -> str:
        return self.id

    def ranges(self) -> dict[int, tuple[int, int]]:
        return {partition: (0, said[-1].offset + 2 if said else 0) for partition, said in self.partitions.items()}

    def seek(self, position: Any) -> None:
        self._at, self.complete_at = dict(position), None

    def read(self, records_max: int, seconds: float) -> list[Said]:
        if self.stands_still:
            time.sleep(min(seconds, 0.01))
            return []
        waiting = [
            record
            for partition, said in self.partitions.items()
            for record in said
            if record.offset >= self._at[partition]
        ]
        found = sorted(waiting, key=lambda record: record.offset)[:records_max]
        for record in found:
            self._at[record.partition] = record.offset + 1
        if len(found) == len(waiting):
            self.complete_at = time.time()
        if not found:
            time.sleep(min(seconds, 0.01))  # as a broker that has nothing to say
        return found

    def newest(self) -> dict[str, bytes]:
        """The last value of each case, as a compacted topic keeps it."""
        kept: dict[str, bytes] = {}
        for record in sorted(itertools.chain(*self.partitions.values()), key=lambda record: record.offset):
            case_id = (record.key or b"").decode()
            if record.value is None:
                kept.pop(case_id, None)
            else:
                kept[case_id] = record.value
        return kept


def standing(client: Any, prefix: str = "refundry:refundry::") -> dict[str, bytes]:
    """The snapshots in Redis, by case id."""
    head = f"{prefix}case:"
    names = list(client.scan_iter(f"{head}*", count=1000))
    return {name.decode().removeprefix(head): client.get(name) for name in names}


def listed(client: Any, prefix: str = "refundry:refundry::") -> dict[str, set[str]]:
    """The cases of each index: `order:o1`, `number:p1`."""
    found: dict[str, set[str]] = defaultdict(set)
    for kind in ("order", "number"):
        for name in client.scan_iter(f"{prefix}{kind}:*", count=1000):
            found[name.decode().removeprefix(prefix)] = {case.decode() for case in client.zrange(name, 0, -1)}
    return dict(found)

"""A shop on the log in memory: it publishes events under their right keys and checks every record that comes out."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import msgspec

from agents import Desk, assemble
from agents.shadowing import Shadow
from app.domain.policy import Policies, Policy
from app.runtime.log import MemoryLog
from app.runtime.store.memory import MemoryStore
from app.runtime.topology import Message, Output
from tests.domain.events import Said
from tests.domain.stories import MERCHANT, ORDER, START, policy
from tests.domain.wire import SECRET, model_of
from topics.catalogue import CATALOGUE, HEARTBEATS, OUTBOUND
from topics.dead_letters import DeadLetterCode
from topics.heartbeats import began
from topics.journal import unpack
from topics.keys import key_of
from topics.twins import union

KEYS = {
    "refund-decisions": ("order",),
    "refund-instructions": ("payment", "order"),
    "dispute-instructions": ("payment",),
    "chargeback-alerts": ("merchant",),
    "customer-notifications": ("order",),
    "ledger-entries": ("order",),
    "case-snapshots": ("order",),
}
TRACE = b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


@dataclass
class Letter:
    """A dead letter, read back."""

    key: bytes | None
    value: bytes | None
    headers: dict[str, bytes]

    @property
    def code(self) -> str:
        return self.headers["refundry-code"].decode()


@dataclass
class Shop:
    """Publishes and listens. Each event comes a second after the last one unless its record says when."""

    terms: Policy = field(default_factory=policy)
    act_from: datetime | None = None
    partitions: int | None = None
    round_messages_max: int = 2000
    snapshots: bool = True
    shadow: Shadow | None = None

    def __post_init__(self) -> None:
        self.outputs: list[Output] = []
        self.now, self.count = START, 0
        self.desk = Desk(SECRET, Policies(built_in=self.terms), act_from=self.act_from, partitions=self.partitions)
        self.desk.shadow = self.shadow
        self.log = MemoryLog(
            assemble(self.desk, snapshots=self.snapshots),
            stores=lambda _: MemoryStore(),
            sink=self._heard,
            version="1.2.3",
            round_messages_max=self.round_messages_max,
        )

    def publish(self, *events: Said, order_id: str = ORDER, commit: bool = True) -> list[Output]:
        """Publishes events one by one, each a round of its own unless told; what came out."""
        mark = len(self.outputs)
        for said in events:
            self.count, self.now = self.count + 1, self.now + timedelta(seconds=1)
            named = {"event_id": f"e{self.count}", "occurred_at": self.now.isoformat(), "merchant_id": MERCHANT}
            order = {"order_id": order_id} if said.topic in ("orders", "reviews") else {}
            body = named | order | said.body
            key = key_of(said.topic, body)
            self.append(said.topic, key.encode() if key else None, json.dumps(body).encode(), commit=commit)
        self.log.commit()
        return self.outputs[mark:]

    def append(self, topic: str, key: bytes | None, value: bytes | None, **record: Any) -> list[Output]:
        """One record as it is; what came out."""
        mark = len(self.outputs)
        stamp = record.get("timestamp", int(self.now.timestamp() * 1000))
        headers = record.get("headers", [("traceparent", TRACE)])
        self.log.advance(int(self.now.timestamp() * 1000))
        self.log.append(Message(topic, record.get("partition", 0), 0, stamp, key, value, headers))
        if record.get("commit", True):
            self.log.commit()
        return self.outputs[mark:]

    def later(self, **span: float) -> list[Output]:
        """Time goes by and timers fire; what came out."""
        mark = len(self.outputs)
        self.now += timedelta(**span)
        self.log.advance(int(self.now.timestamp() * 1000))
        self.log.commit()
        return self.outputs[mark:]

    def bodies(self, topic: str, type_: str | None = None, **fields: Any) -> list[dict[str, Any]]:
        """What was said on a topic so far, by type and fields."""
        said = (json.loads(out.value or b"null") for out in self.outputs if out.topic == topic)
        return [b for b in said if type_ in (None, b["type"]) and all(b.get(n) == v for n, v in fields.items())]

    def letters(self) -> list[Letter]:
        """The dead letters so far."""
        return [Letter(o.key, o.value, dict(o.headers)) for o in self.outputs if o.topic == "dead-letters"]

    def snapshot(self, key: str = f"{MERCHANT}/{ORDER}") -> dict[str, Any]:
        """The last snapshot of a case."""
        last = [out for out in self.outputs if out.topic == "case-snapshots" and out.key == key.encode()][-1]
        return dict(json.loads(last.value or b""))

    def rows(self, table: str) -> dict[str, Any]:
        """The rows of a table."""
        return dict(self.log.rows(table))

    def _heard(self, output: Output) -> None:
        check(output)
        self.outputs.append(output)


def check(output: Output) -> None:
    """Every record fits its topic."""
    headers = dict(output.headers)
    if output.topic == "dead-letters":
        _check_letter(headers)
    elif output.topic == HEARTBEATS or output.key is None:
        assert began(output.value) is not None
    elif output.topic == "case-events":
        _check_internal(output)
        unpack(output.headers)
    elif output.topic in ("customer-activity", "merchant-activity"):
        _check_internal(output)
    else:
        assert output.topic in OUTBOUND
        _check_published(output, headers)


def _check_internal(output: Output) -> None:
    """By all that the door would ask, which whoever reads an internal topic does not ask again."""
    assert output.value is not None
    msgspec.json.decode(output.value, type=_internal(output.topic))


@cache
def _internal(topic: str) -> Any:
    return union(CATALOGUE[topic].types, closed=True)


def _check_letter(headers: dict[str, bytes]) -> None:
    for name in ("code", "message", "topic", "partition", "offset", "timestamp", "attempt", "version"):
        assert headers[f"refundry-{name}"].decode()
    DeadLetterCode(headers["refundry-code"].decode())
    assert int(headers["refundry-attempt"]) >= 1


def _check_published(output: Output, headers: dict[str, bytes]) -> None:
    assert output.value is not None
    assert output.key is not None
    body = json.loads(output.value)
    model_of(output.topic, body).model_validate_json(output.value)
    assert headers["ce_id"].decode() == body["id"]
    assert headers["ce_type"].decode() == body["type"]
    assert headers["ce_specversion"] == b"1.0"
    assert headers["ce_source"]
    assert datetime.fromisoformat(headers["ce_time"].decode()) == datetime.fromisoformat(body["occurred_at"])
    assert headers["content-type"] == b"application/json"
    assert output.key.decode() in set(_keys(output.topic, body))
    assert body["occurred_at"].endswith("Z")


def _keys(topic: str, body: dict[str, Any]) -> Iterator[str]:
    for kind in KEYS[topic]:
        if kind == "merchant":
            yield body["merchant_id"]
        elif kind == "payment":
            yield f"{body['merchant_id']}/{body.get('payment_id')}"
        elif body["order_id"] is not None:
            yield f"{body['merchant_id']}/{body['order_id']}"
        else:
            yield body.get("case_id") or f"{body['merchant_id']}/~{body.get('payment_id')}"


def at(moment: str) -> int:
    """A record's timestamp."""
    return int(datetime.fromisoformat(moment).astimezone(UTC).timestamp() * 1000)

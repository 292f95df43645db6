"""What the product said: the committed outbound records, each kept once under its id."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from app.demo.oracle.wire import Body, Position, Record, digest, message_digest, object_of

OUTBOUND = frozenset(
    {
        "refund-decisions",
        "refund-instructions",
        "dispute-instructions",
        "chargeback-alerts",
        "customer-notifications",
        "ledger-entries",
        "case-snapshots",
        "dead-letters",
    }
)
EXECUTING = frozenset({"refund.execute", "store_credit.issue"})
FINAL = frozenset({"refund.approved", "refund.denied", "refund.withdrawn"})


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that was refused: where it stood, by its headers, and why."""

    origin: Position | None
    code: str
    key: str | None
    content: bytes
    redacted: bool


class Notice(NamedTuple):
    """What a customer was told, as far as rules ask."""

    id: str
    merchant: str
    order_id: str | None
    template: str
    request_id: str | None
    dispute_id: str | None
    cause: tuple[str, ...]


class Said:
    """Collects outbound records. Order counts within each topic."""

    def __init__(self) -> None:
        """Nothing was said yet."""
        self.counts: Counter[str] = Counter()
        self.repeated: list[tuple[str, str]] = []
        self.contradicted: list[tuple[str, str]] = []
        self.nameless: list[Position] = []
        self.decisions: dict[tuple[str, str], list[Body]] = defaultdict(list)
        self.executes: dict[tuple[str, str], Body] = {}
        self.cancels: list[Body] = []
        self.notices: list[Notice] = []
        self.alerts: dict[str, list[Body]] = defaultdict(list)
        self.ledger: list[Body] = []
        self.snapshots: dict[str, Body] = {}
        self.dead: list[DeadLetter] = []
        self._seen: set[Position] = set()
        self._contents: dict[tuple[str, str], bytes] = {}

    def take(self, record: Record) -> None:
        """One more outbound record. The same position again changes nothing: a reader may start over."""
        if record.topic not in OUTBOUND or record.position in self._seen:
            return
        self._seen.add(record.position)
        self.counts[record.topic] += 1
        if record.topic == "dead-letters":
            self.dead.append(_dead_letter(record))
            return
        body = object_of(record.value)
        if body is None or not isinstance(body.get("id"), str):
            self.nameless.append(record.position)
            return
        name, content = (record.topic, body["id"]), digest(body)
        before = self._contents.setdefault(name, content)
        if before is not content:
            (self.repeated if before == content else self.contradicted).append(name)
        if before is content or before != content:
            self._keep(record, body)
        elif record.topic == "case-snapshots":
            self.snapshots[record.key or ""] = body

    def _keep(self, record: Record, body: Body) -> None:
        merchant = body.get("merchant_id", "")
        match record.topic:
            case "refund-decisions":
                self.decisions[merchant, body.get("order_id") or ""].append(body)
            case "refund-instructions":
                if body.get("type") in EXECUTING:
                    self.executes[merchant, body["instruction_id"]] = body
                else:
                    self.cancels.append(body)
            case "customer-notifications":
                self.notices.append(_notice(body))
            case "chargeback-alerts":
                self.alerts[body.get("type", "")].append(body)
            case "ledger-entries":
                self.ledger.append(body)
            case "case-snapshots":
                self.snapshots[record.key or ""] = body

    def by_request(self) -> dict[tuple[str, str, str], list[Body]]:
        """The decisions on each request, in the order in which they were published."""
        found: dict[tuple[str, str, str], list[Body]] = defaultdict(list)
        for (merchant, order_id), bodies in self.decisions.items():
            for body in bodies:
                found[merchant, order_id, body["request_id"]].append(body)
        return found

    def told(self, template: str) -> Iterable[Notice]:
        """The notifications of one template."""
        return (notice for notice in self.notices if notice.template == template)


def _dead_letter(record: Record) -> DeadLetter:
    headers = record.headers
    try:
        origin = Position(
            headers["refundry-topic"], int(headers["refundry-partition"]), int(headers["refundry-offset"])
        )
    except (KeyError, ValueError):
        origin = None
    redacted = headers.get("refundry-redacted") == "true"
    return DeadLetter(origin, headers.get("refundry-code", ""), record.key, message_digest(record.value), redacted)


def _notice(body: Body) -> Notice:
    cause = body.get("cause") or {}
    return Notice(
        id=body["id"],
        merchant=body.get("merchant_id", ""),
        order_id=body.get("order_id"),
        template=body.get("template", ""),
        request_id=body.get("request_id"),
        dispute_id=body.get("dispute_id"),
        cause=tuple(str(cause[name]) for name in ("topic", "event_id", "timer") if name in cause),
    )

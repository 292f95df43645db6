"""What was said to the product: the inbound records, folded into facts about orders, payments and requests.

A fact counts once: the same identity again is a duplicate, and what the product refused is no fact. Whether it was
right to refuse is another rule's question.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime

from app.demo.oracle.purchase import Purchase, purchase_of
from app.demo.oracle.wire import (
    NOT_CONTENT,
    Body,
    Expectation,
    Position,
    Record,
    digest,
    message_digest,
    moment,
    object_of,
)

CASE_TOPICS = frozenset({"orders", "payments", "disputes", "reviews"})
PLACED = frozenset({"order.placed", "order.amended"})
ASKING = frozenset({"refund.requested", "order.cancelled", "subscription.cancelled"})


@dataclass(slots=True)
class Fact:
    """One event that can be read. `turn` is its place among all inputs, in the order in which they were read."""

    position: Position
    turn: int
    type: str
    merchant: str
    event_id: str
    at: datetime
    body: Body
    content: bytes
    subject: str
    purchase: Purchase | None = None


@dataclass(slots=True)
class Payment:
    """What is said of one payment: `money` moves on the topic payments, `claims` on the topic disputes."""

    merchant: str
    payment_id: str
    order_id: str | None = None
    linked_by: Fact | None = None
    money: list[Fact] = field(default_factory=list)
    claims: list[Fact] = field(default_factory=list)

    @property
    def subject(self) -> str:
        """How violations name it."""
        return f"{self.merchant}/{self.payment_id}"

    @property
    def captures(self) -> list[Fact]:
        """The facts that say that money was taken."""
        return [fact for fact in self.money if fact.type == "payment.captured"]

    @property
    def currency(self) -> str | None:
        """The currency in which it was captured."""
        return next((fact.body["amount"]["currency"] for fact in self.captures), None)


@dataclass(slots=True)
class Facts:
    """Everything that counts, once."""

    orders: dict[tuple[str, str], Fact] = field(default_factory=dict)
    amended: set[tuple[str, str]] = field(default_factory=set)
    payments: dict[tuple[str, str], Payment] = field(default_factory=dict)
    requests: dict[tuple[str, str, str], Fact] = field(default_factory=dict)
    verdicts: dict[tuple[str, str, str], list[Fact]] = field(default_factory=lambda: defaultdict(list))
    credits: dict[tuple[str, str], list[Fact]] = field(default_factory=lambda: defaultdict(list))
    causes: dict[tuple[str, str, str], Fact] = field(default_factory=dict)
    answered: dict[tuple[str, str], list[Fact]] = field(default_factory=lambda: defaultdict(list))
    instruction_of: dict[tuple[str, str], str] = field(default_factory=dict)
    refused: list[Fact] = field(default_factory=list)
    unplaced: set[tuple[str, str]] = field(default_factory=set)
    by_order: dict[tuple[str, str], list[Payment]] = field(default_factory=lambda: defaultdict(list))
    duplicates: int = 0

    def cause(self, merchant: str, cause: Body | None) -> Fact | None:
        """The inbound event that an output names as its cause; None for a timer, or where there is no such event."""
        if not cause or "event_id" not in cause:
            return None
        return self.causes.get((merchant, cause.get("topic", ""), cause["event_id"]))

    def instruction(self, fact: Fact) -> str | None:
        """The instruction that a `refund.*` answers, also by the refund alone; None: it was made outside."""
        named = fact.body.get("instruction_id")
        return named or self.instruction_of.get((fact.merchant, fact.body.get("refund_id") or ""))

    def of_order(self, merchant: str, order_id: str) -> list[Payment]:
        """The payments that belong to the order."""
        return self.by_order.get((merchant, order_id), [])

    def payment(self, merchant: str, payment_id: str) -> Payment:
        """The payment, an empty one where nothing was said of it yet."""
        return self.payments.setdefault((merchant, payment_id), Payment(merchant, payment_id))


@dataclass(slots=True)
class Arrival:
    """One inbound record, as far as the rules of conservation need it."""

    position: Position
    key: str | None
    content: bytes
    expectation: Expectation | None


class Heard:
    """Collects inbound records as they are sent, or as they are read back."""

    def __init__(self) -> None:
        """Nothing was heard yet."""
        self.arrivals: dict[Position, Arrival] = {}
        self._facts: list[Fact] = []

    def take(self, record: Record) -> None:
        """One more inbound record. The same position again changes nothing: a reader may start over."""
        if record.position in self.arrivals:
            return
        arrival = Arrival(record.position, record.key, message_digest(record.value), Expectation.of(record.headers))
        self.arrivals[record.position] = arrival
        if record.topic in CASE_TOPICS:
            fact = _fact(record, len(self.arrivals))
            if fact is not None:
                self._facts.append(fact)

    def settle(self, refused: set[Position]) -> Facts:
        """The facts, without what was refused and without what was said twice."""
        facts, known = Facts(), dict[tuple[str, str, str, str], bytes]()
        pending: list[Fact] = []
        for fact in self._facts:
            if fact.position in refused:
                facts.refused.append(fact)
                continue
            identity = (fact.merchant, fact.position.topic, fact.event_id, fact.subject)
            if identity in known:
                facts.duplicates += known[identity] == fact.content
                continue
            known[identity] = fact.content
            facts.causes[fact.merchant, fact.position.topic, fact.event_id] = fact
            if fact.position.topic == "disputes" and fact.body.get("payment_id") is None:
                pending.append(fact)
            else:
                _settle_one(facts, fact)
        for payment in facts.payments.values():
            if payment.order_id is not None:
                facts.by_order[payment.merchant, payment.order_id].append(payment)
            _answer(facts, payment)
        for fact in pending:
            _place_by_order(facts, fact)
        return facts


def _fact(record: Record, turn: int) -> Fact | None:
    """The event in the record, None where this judge cannot read one."""
    body = object_of(record.value)
    if body is None:
        return None
    try:
        names = ("payment_id", "order_id") if record.topic in {"payments", "disputes"} else ("order_id",)
        subject = next(body[name] for name in names if body.get(name) is not None)
        fact = Fact(
            position=record.position,
            turn=turn,
            type=body["type"],
            merchant=body["merchant_id"],
            event_id=body["event_id"],
            at=moment(body["occurred_at"]),
            body=body,
            content=digest(body, without=NOT_CONTENT),
            subject=str(subject),
        )
        if fact.type in PLACED:
            # The whole order is kept as its sums only: a day of orders is large.
            fact.purchase, fact.body = purchase_of(body), {"order_id": body["order_id"]}
    except (KeyError, TypeError, ValueError, AttributeError, StopIteration):
        return None
    return fact


def _settle_one(facts: Facts, fact: Fact) -> None:
    match fact.position.topic:
        case "orders":
            _settle_order(facts, fact)
        case "payments":
            _settle_payment(facts, fact)
        case "disputes":
            facts.payment(fact.merchant, fact.body["payment_id"]).claims.append(fact)
        case "reviews":
            subject = fact.body["subject"]
            if subject["kind"] == "refund_request":
                facts.verdicts[fact.merchant, fact.body["order_id"], subject["id"]].append(fact)


def _settle_order(facts: Facts, fact: Fact) -> None:
    order = (fact.merchant, fact.body["order_id"])
    if fact.type in PLACED:
        if order in facts.orders:
            facts.amended.add(order)
        facts.orders.setdefault(order, fact)
    elif fact.type in ASKING and fact.body.get("request_id") is not None:
        facts.requests.setdefault((*order, fact.body["request_id"]), fact)
    elif fact.type.startswith("store_credit."):
        facts.credits[fact.merchant, fact.body["instruction_id"]].append(fact)


def _settle_payment(facts: Facts, fact: Fact) -> None:
    body = fact.body
    payment = facts.payment(fact.merchant, body["payment_id"])
    payment.money.append(fact)
    if payment.order_id is None and body.get("order_id") is not None and not fact.type.startswith("refund."):
        payment.order_id, payment.linked_by = body["order_id"], fact
    if fact.type.startswith("refund."):
        instruction, refund = body.get("instruction_id"), body.get("refund_id")
        if instruction is not None and refund is not None:
            facts.instruction_of.setdefault((fact.merchant, refund), instruction)


def _answer(facts: Facts, payment: Payment) -> None:
    """Answers by their instruction; asked at the end, since one may name only the refund and a later one say whose."""
    for fact in payment.money:
        instruction = facts.instruction(fact) if fact.type.startswith("refund.") else None
        if instruction is not None:
            facts.answered[fact.merchant, instruction].append(fact)


def _place_by_order(facts: Facts, fact: Fact) -> None:
    """A dispute that names only its order: by its id, else the order's only captured payment; else nobody can say."""
    order_id, dispute_id = fact.body.get("order_id"), fact.body.get("dispute_id")
    mine = [payment for payment in facts.of_order(fact.merchant, order_id or "") if payment.captures]
    known = [p for p in mine if dispute_id and any(c.body.get("dispute_id") == dispute_id for c in p.claims)]
    chosen = known or mine
    if len(chosen) == 1:
        chosen[0].claims.append(fact)
        chosen[0].claims.sort(key=lambda claim: claim.turn)
    else:
        facts.unplaced.add((fact.merchant, order_id or ""))

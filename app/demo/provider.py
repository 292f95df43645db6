"""The payment provider of the demo: what it answers to an instruction, and how it goes wrong.

`answers` is pure: the same instruction is answered the same way, with the same event ids, whenever it is read. So a
provider that reads an instruction twice repeats itself, as an idempotent one does. What becomes of an instruction is
drawn from a hash of its id: most refunds are confirmed, some are refused (the product tries once more under another
id), some are refused whatever is tried, some come back after they were paid, some never get an answer.
"""

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any, Literal

from app.demo.oracle import Expectation
from app.demo.shop.messages import APPLIED, DUPLICATE, Body, Message, encode, message, timestamp

Fate = Literal["paid", "paid_at_once", "refused", "unpayable", "returned", "silent", "stuck"]
SHARES: tuple[tuple[Fate, int], ...] = (
    ("refused", 300),
    ("returned", 60),
    ("silent", 120),
    ("stuck", 120),
    ("paid_at_once", 400),
)
"""Of ten thousand instructions; the others are submitted, then paid."""
UNPAYABLE_SHARE = 100
"""Of ten thousand requests, whose refunds are refused under every id."""
REPEATED_SHARE = 500
"""Of ten thousand answers, those that are sent a second time."""
NAMELESS_SHARE = 300
"""Of ten thousand submissions, those told by the provider's own id alone, before its answer says whose refund it is."""
AWAITED_MAX = 100_000
UNANSWERED: frozenset[Fate] = frozenset({"silent", "stuck"})
CREDITED_AFTER, SUBMITTED_AFTER, SETTLED_AFTER, RETURNED_AFTER = (timedelta(seconds=s) for s in (5, 20, 90, 900))


def fate_of(instruction: Mapping[str, Any]) -> Fate:
    """What becomes of a `refund.execute`."""
    merchant, request = instruction["merchant_id"], instruction.get("request_id", "")
    if _draw("request", merchant, request, instruction.get("payment_id", "")) < UNPAYABLE_SHARE:
        return "unpayable"
    drawn = _draw("instruction", merchant, instruction["instruction_id"])
    for fate, share in SHARES:
        if drawn < share:
            return fate
        drawn -= share
    return "paid"


def answers(instruction: Mapping[str, Any], cancelled: Mapping[str, Any] | None = None) -> list[Message]:
    """The events that the provider publishes for an instruction, in order.

    `cancelled`: for a `refund.cancel`, the execute that it cancels, if that is not paid yet; else there is no answer.
    """
    match instruction["type"]:
        case "refund.execute":
            return list(_with_repeats(_to_execute(instruction)))
        case "refund.cancel" if cancelled is not None:
            at = datetime.fromisoformat(instruction["occurred_at"]) + SUBMITTED_AFTER
            return [_refund("failed", cancelled, at, failure_code="canceled")]
        case "store_credit.issue":
            return list(_with_repeats(_to_credit(instruction)))
    return []


class Provider:
    """Answers instructions as they come, and knows which are still open, so that they can be cancelled."""

    def __init__(self) -> None:
        """Nothing was ordered yet."""
        self._open: OrderedDict[tuple[str, str], Body] = OrderedDict()

    def react(self, instruction: Body) -> list[Message]:
        """The events that the provider publishes next. `instruction`: the body of a `refund-instructions` record."""
        name = (instruction["merchant_id"], instruction["instruction_id"])
        if instruction["type"] == "refund.execute" and fate_of(instruction) in UNANSWERED:
            self._open[name] = instruction
            if len(self._open) > AWAITED_MAX:
                self._open.popitem(last=False)
        cancelled = self._open.pop(name, None) if instruction["type"] == "refund.cancel" else None
        return answers(instruction, cancelled)


def _to_execute(instruction: Mapping[str, Any]) -> Iterator[Message]:
    at, fate = datetime.fromisoformat(instruction["occurred_at"]), fate_of(instruction)
    if fate not in {"silent", "paid_at_once"}:
        yield _refund("submitted", instruction, at + SUBMITTED_AFTER)
    if fate in {"refused", "unpayable"}:
        code = "declined" if fate == "refused" else "account_closed"
        yield _refund("failed", instruction, at + SETTLED_AFTER, failure_code=code)
    if fate in {"paid", "paid_at_once", "returned"}:
        reference = f"7{_draw('arn', instruction['instruction_id']):04d}{_number(instruction['instruction_id'])}"
        yield _refund("succeeded", instruction, at + SETTLED_AFTER, acquirer_reference_number=reference)
    if fate == "returned":
        what = "reversed" if _draw("return", instruction["instruction_id"]) < 5000 else "failed"
        more = {"failure_code": "account_closed"} if what == "failed" else {}
        yield _refund(what, instruction, at + RETURNED_AFTER, **more)


def _to_credit(instruction: Mapping[str, Any]) -> Iterator[Message]:
    at, id_ = datetime.fromisoformat(instruction["occurred_at"]) + CREDITED_AFTER, instruction["instruction_id"]
    body = {
        "event_id": f"pe-{id_}-issued",
        "type": "store_credit.issued",
        "occurred_at": timestamp(at),
        "merchant_id": instruction["merchant_id"],
        "order_id": instruction["order_id"],
        "instruction_id": id_,
        "amount": instruction["amount"],
        "credit_id": f"credit-{_number(id_)}",
    }
    yield _message("orders", instruction["order_id"], body, at)


def _refund(what: str, instruction: Mapping[str, Any], at: datetime, **more: str) -> Message:
    id_ = instruction["instruction_id"]
    body = {
        "event_id": f"pe-{id_}-{what}",
        "type": f"refund.{what}",
        "occurred_at": timestamp(at),
        "merchant_id": instruction["merchant_id"],
        "payment_id": instruction["payment_id"],
        "refund_id": f"re-{_number(id_)}",
        "instruction_id": id_,
        "amount": instruction["amount"],
        **more,
    }
    if what == "submitted" and _draw("nameless", id_) < NAMELESS_SHARE:
        del body["instruction_id"]
    if instruction.get("order_id") is not None:
        body["order_id"] = instruction["order_id"]
    return _message("payments", instruction["payment_id"], body, at)


def _with_repeats(said: Iterator[Message]) -> Iterator[Message]:
    for one in said:
        yield one
        if _draw("repeat", (one.value or b"").decode()) < REPEATED_SHARE:
            yield message(
                one.topic, (one.key or b"").decode(), one.value, occurred_at=one.occurred_at, expected=DUPLICATE
            )


def _message(topic: str, key: str, body: Body, at: datetime, expected: Expectation = APPLIED) -> Message:
    return message(topic, key, encode(body), occurred_at=at, expected=expected)


def _draw(*facts: str) -> int:
    """0 to 9,999, evenly, from what the draw is about."""
    digest = blake2b("\x1f".join(facts).encode(), digest_size=8).digest()
    return int.from_bytes(digest) % 10_000


def _number(id_: str) -> str:
    return blake2b(id_.encode(), digest_size=8).hexdigest()

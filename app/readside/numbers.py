"""Under which numbers a case is found: whatever a desk has in hand of it, as its snapshot says.

The order's own number is not among them: it has an index of its own.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

from app.readside.document import Document
from topics.case_ids import number_of


class Number(NamedTuple):
    """A number, what it is the number of, and how that stands where it has a status."""

    text: str
    kind: str
    status: str = ""


IN_THE_TIMELINE: Final = {"return": "return", "review": "review", "payment": "payment"}
"""What has no row of its own in a snapshot is known by what happened to it: `return.received` names a return."""


def numbers_of(document: Document) -> dict[str, Number]:
    """Every number of the case but its order's. Where one text is the number of two things, the first counts."""
    found: dict[str, Number] = {}
    for number in _all(document):
        found.setdefault(number.text, number)
    return found


def number_in(case_id: str, document: Document, text: str) -> Number | None:
    """What the number is in this case; None where it does not stand in it."""
    if number_of(case_id) == text:
        return Number(text, "order" if document.order_id is not None else "payment")
    return numbers_of(document).get(text)


def _all(document: Document) -> Iterator[Number]:
    for payment in document.payments:
        yield Number(payment.payment_id, "payment")
        for capture in payment.captures:
            yield Number(capture.capture_id, "capture")
    for request in document.requests:
        yield Number(request.request_id, "request", request.status)
    for instruction in document.instructions:
        named = (
            (instruction.instruction_id, "instruction"),
            (instruction.refund_id, "refund"),
            (instruction.acquirer_reference_number, "reference"),
        )
        for text, kind in named:
            if text is not None:
                yield Number(text, kind, instruction.status)
    for dispute in document.disputes:
        yield Number(dispute.dispute_id, "dispute", dispute.state)
    for alert in document.alerts:
        yield Number(alert.alert_id, "alert", alert.verdict or "")
    for entry in document.timeline:
        kind = IN_THE_TIMELINE.get(entry.type.partition(".")[0], "")
        if kind and entry.subject is not None:
            yield Number(entry.subject, kind)

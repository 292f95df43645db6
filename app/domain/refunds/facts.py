"""What a condition of a policy may ask about: every fact by its name, what kind of value it has, and where it is read.

One catalogue for both sides: conditions are checked against it when a policy is loaded, and read from it when a
request is asked about. A fact is read when a condition wants it, once per assessment.

What the facts mean, where their names leave it open:
 - `request.amount_minor` is what would be paid back, fees and a reviewer's reduction counted, not what was asked for.
 - `request.kinds`, `categories`, `skus` are of the lines that the request takes money from. A delivery or an
   overpayment takes from none; an amount of goodwill is about every line that has something left.
 - `request.age_days` counts whole times 24 hours, as the window does, from the anchor of the policy's window to the
   asking, for the oldest of the lines: who is late with one of them is late. Without any: from the order.
 - `request.is_full`: nothing of the order's lines is left afterwards.
 - `customer.*` counts other requests and approved money in the order's currency within the policy's velocity days (a
   year where there is none), and chargebacks as far as they are kept. A guest has no history: zero. Where the history
   did not answer in time, these facts are not known, and `UnknownFactError` is raised.
 - `payment.risk` is the highest level of the payments; one that was not rated is `normal`.
 - `dispute.open`: a dispute, inquiries too, that has not ended.
"""

from collections.abc import Callable
from datetime import timedelta
from enum import Enum
from typing import Any, NamedTuple, get_args

from app.domain.case import Line
from app.domain.disputes.lifecycle import ENDS
from app.domain.refunds.question import Question
from app.domain.refunds.windows import anchor_of
from app.domain.words import METHOD_KINDS, NETWORKS
from topics.currencies import EXPONENTS
from topics.orders import Channel, LineKind, RefundRequested, RequestReason
from topics.payments import Risk

DAY = timedelta(days=1)
RISKS = get_args(Risk.model_fields["level"].annotation)


class Kind(Enum):
    """What kind of value a fact has; the value of the member is how people are told."""

    TRUTH = "true or false"
    NUMBER = "a whole number"
    TEXT = "a text"
    TEXTS = "a list of texts"


class Fact(NamedTuple):
    """`words`: all values that a text can have, where they are known. `optional`: it may be null."""

    kind: Kind
    read: Callable[[Question], Any]
    words: tuple[str, ...] = ()
    optional: bool = False


class UnknownFactError(LookupError):
    """The fact is not known here, though another case would know it."""


class Facts(dict[str, Any]):
    """The facts of one assessment by name, each read when it is first asked for. Raises `UnknownFactError`."""

    def __init__(self, question: Question) -> None:
        super().__init__()
        self._question = question

    def __missing__(self, name: str) -> Any:
        value = self[name] = FACTS[name].read(self._question)
        return value


def _lines(q: Question) -> list[Line]:
    """The lines that the rows take money from; goodwill takes from none of them, and is about all that it could."""
    asking, given = q.planned()
    named = {row.line_id for row in q.rows if row.line_id is not None}
    if not named and q.request.scope["kind"] != "shipping":
        named.update(given.lines)
    return [line for line in asking.order.lines.values() if line.line_id in named]


def _age_days(q: Question) -> int:
    asking, given = q.planned()
    lines = _lines(q) or [asking.order.lines[line_id] for line_id in given.lines]
    kind = q.policy.window.from_
    anchors = [anchor for line in lines if (anchor := anchor_of(q.case, line, kind)) is not None]
    return max(0, (q.request.asked_at - min(anchors, default=asking.order.placed_at)) // DAY)


def _is_full(q: Question) -> bool:
    asking, _ = q.planned()
    taken: dict[str | None, int] = {}
    for row in q.rows:
        if row.component == "line":
            taken[row.line_id] = taken.get(row.line_id, 0) + row.gross_minor
    left = {line.line_id: line.portion.left_minor for line in asking.order.lines.values() if line.portion.left_minor}
    return bool(left) and all(taken.get(line_id, 0) >= minor for line_id, minor in left.items())


def _distinct(values: list[str | None]) -> list[str]:
    return list(dict.fromkeys(value for value in values if value is not None))


def _of_lines(attribute: str) -> Callable[[Question], list[str]]:
    return lambda q: _distinct([getattr(line, attribute) for line in _lines(q)])


def _of_payments(attribute: str, known: tuple[str, ...]) -> Callable[[Question], list[str]]:
    """Words of somebody else's vocabulary: one that is not known is `other`."""

    def read(q: Question) -> list[str]:
        found = [getattr(payment, attribute) for payment in q.payments]
        return _distinct([word if word is None or word in known else "other" for word in found])

    return read


def _risk(q: Question) -> str:
    levels: list[str] = [(payment.risk or {}).get("level", RISKS[0]) for payment in q.payments]
    return max(levels, key=RISKS.index, default=RISKS[0])


def _from_history(count: Callable[[dict[str, Any], str | None], int]) -> Callable[[Question], int]:
    def read(q: Question) -> int:
        if q.case.customer_id is None:
            return 0
        if q.request.history is None:
            raise UnknownFactError
        return count(q.request.history, q.case.currency)

    return read


def _refunded(history: dict[str, Any], currency: str | None) -> int:
    return sum(money["amount_minor"] for money in history["refunded_in_window"] if money["currency"] == currency)


def _asked(attribute: str) -> Callable[[Question], Any]:
    return lambda q: getattr(q.request, attribute)


def _ordered(attribute: str) -> Callable[[Question], Any]:
    return lambda q: getattr(q.planned()[0].order, attribute)


FACTS: dict[str, Fact] = {
    "request.reason": Fact(Kind.TEXT, _asked("reason"), get_args(RequestReason)),
    "request.requested_by": Fact(
        Kind.TEXT, _asked("requested_by"), get_args(RefundRequested.model_fields["requested_by"].annotation)
    ),
    "request.method": Fact(Kind.TEXT, _asked("method"), get_args(RefundRequested.model_fields["method"].annotation)),
    "request.amount_minor": Fact(Kind.NUMBER, lambda q: q.amount_minor),
    "request.currency": Fact(Kind.TEXT, lambda q: q.case.currency, tuple(EXPONENTS)),
    "request.kinds": Fact(Kind.TEXTS, _of_lines("kind"), get_args(LineKind)),
    "request.categories": Fact(Kind.TEXTS, _of_lines("category")),
    "request.skus": Fact(Kind.TEXTS, _of_lines("sku")),
    "request.age_days": Fact(Kind.NUMBER, _age_days),
    "request.is_full": Fact(Kind.TRUTH, _is_full),
    "order.country": Fact(Kind.TEXT, _ordered("country"), optional=True),
    "order.channel": Fact(Kind.TEXT, _ordered("channel"), get_args(Channel)),
    "order.currency": Fact(Kind.TEXT, _ordered("currency"), tuple(EXPONENTS)),
    "order.total_minor": Fact(Kind.NUMBER, _ordered("total_minor")),
    "order.line_count": Fact(Kind.NUMBER, lambda q: len(q.planned()[0].order.lines)),
    "order.is_guest": Fact(Kind.TRUTH, lambda q: q.case.customer_id is None),
    "customer.requests_in_window": Fact(Kind.NUMBER, _from_history(lambda told, _: int(told["requests_in_window"]))),
    "customer.refunded_minor_in_window": Fact(Kind.NUMBER, _from_history(_refunded)),
    "customer.chargebacks": Fact(Kind.NUMBER, _from_history(lambda told, _: int(told["chargebacks"]))),
    "payment.kinds": Fact(Kind.TEXTS, _of_payments("kind", METHOD_KINDS), METHOD_KINDS),
    "payment.networks": Fact(Kind.TEXTS, _of_payments("network", NETWORKS), NETWORKS),
    "payment.risk": Fact(Kind.TEXT, _risk, RISKS),
    "dispute.open": Fact(Kind.TRUTH, lambda q: any(d.state not in ENDS for d in q.case.disputes.values())),
    "dispute.fraud_reported": Fact(Kind.TRUTH, lambda q: bool(q.case.fraud_reports)),
}
"""The facts of the contract, by `variable.field`."""

OF_HISTORY = frozenset(name for name in FACTS if name.startswith("customer."))
"""The facts that the customer's history must be asked for."""

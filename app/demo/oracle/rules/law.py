"""L1, the first law of money, at every prefix: no approval takes more from a payment than it has.

What the product had read when it decided is not on the wire. But a decision names its cause, and decisions of a case
stand in order, so at least everything before those causes had been read. The law is broken where it is broken for
every prefix from there on.
"""

from collections.abc import Iterator
from itertools import pairwise

from app.demo.oracle.claims import Claim, claims_along
from app.demo.oracle.heard import Fact, Payment
from app.demo.oracle.money import Standing, Till, standings
from app.demo.oracle.trial import Trial, amount_of
from app.demo.oracle.verdict import Violation
from app.demo.oracle.wire import Body


class Horizon:
    """How far the product had surely read, and at most, when it published a decision of one case."""

    def __init__(self, *, total_order: bool) -> None:
        """Before the first decision nothing was surely read."""
        self._total = total_order
        self._turn = 0
        self._read: dict[tuple[str, int], int] = {}
        self._limit: int | None = None
        self._cause: Fact | None = None

    def move(self, cause: Fact | None) -> None:
        """The next decision of the case, with its cause; None for a timer."""
        self._cause = cause
        self._limit = cause.turn if self._total and cause is not None else None
        if cause is not None:
            self._turn = max(self._turn, cause.turn)
            source = (cause.position.topic, cause.position.partition)
            self._read[source] = max(self._read.get(source, -1), cause.position.offset)

    def surely(self, fact: Fact) -> bool:
        """Whether the fact had been read."""
        if self._total:
            return fact.turn <= self._turn
        source = (fact.position.topic, fact.position.partition)
        return fact.position.offset <= self._read.get(source, -1)

    def maybe(self, fact: Fact) -> bool:
        """Whether the fact may have been read."""
        return self._limit is None or fact.turn <= max(self._limit, self._turn)

    def has(self, payment: Payment) -> bool:
        """Whether all that waited for the payment's order had surely entered the case that draws on the payment.

        It enters together with the link, so only a decision that one of those first events caused may precede it.
        """
        linked_by, cause = payment.linked_by, self._cause
        if linked_by is None:
            return False
        return not any(fact is cause for fact in payment.money if fact.turn <= linked_by.turn)


def approvals_within_refundable(trial: Trial) -> Iterator[Violation]:
    """Goes through each case's decisions in order and asks the law for each payment that an approval draws on."""
    for (merchant, order_id), decisions in trial.said.decisions.items():
        horizon, issued = Horizon(total_order=trial.total_order), dict[str, dict[str, int]]()
        approved: set[str] = set()
        for body in decisions:
            horizon.move(trial.cause(body))
            if body["type"] != "refund.approved" or body.get("historical"):
                continue
            approved.add(body["request_id"])
            drawn = dict.fromkeys(tender["payment_id"] for tender in body["tenders"])
            for tender in body["tenders"]:
                issued.setdefault(tender["payment_id"], {})[tender["instruction_id"]] = amount_of(tender)
            for drawn_before in issued.values():
                for instruction_id in [i for i in drawn_before if _credit_failed(trial, merchant, i, horizon)]:
                    del drawn_before[instruction_id]
            trial.figures.approvals_judged += 1
            for payment_id in drawn:
                payment = trial.facts.payments.get((merchant, payment_id), Payment(merchant, payment_id))
                yield from _belongs(payment, order_id, body)
                yield from _leaves_enough(trial, payment, horizon, issued.get(payment_id, {}), approved)


def _credit_failed(trial: Trial, merchant: str, instruction_id: str, horizon: Horizon) -> bool:
    """Store credit that could not be given may have freed its tenders again."""
    facts = trial.facts.credits.get((merchant, instruction_id), [])
    return any(fact.type == "store_credit.failed" and horizon.maybe(fact) for fact in facts)


def _belongs(payment: Payment, order_id: str, body: Body) -> Iterator[Violation]:
    if payment.order_id != order_id:
        detail = f"{body['request_id']} draws on it, and it belongs to {payment.order_id}"
        yield Violation("L1", "foreign_payment", payment.subject, detail)
    for tender in body["tenders"]:
        if tender["payment_id"] == payment.payment_id and tender["amount"]["currency"] != payment.currency:
            detail = f"charged in {payment.currency}, paid back in {tender['amount']['currency']}"
            yield Violation("L1", "tender_currency", payment.subject, detail)


def _leaves_enough(
    trial: Trial, payment: Payment, horizon: Horizon, issued: dict[str, int], approved: set[str]
) -> Iterator[Violation]:
    def unknown(instruction_id: str) -> bool:
        said = trial.said.executes.get((payment.merchant, instruction_id))
        return said is not None and said["request_id"] not in approved

    claims = _least_claims(payment, horizon)
    best: tuple[int, Standing, Claim] | None = None
    surely = sum(1 for fact in payment.money if horizon.surely(fact)) if horizon.has(payment) else 0
    maybe = [fact for fact in payment.money if horizon.maybe(fact)]
    for n, standing in enumerate(standings(maybe, Till.with_issued(issued, unknown))):
        if n < surely:
            continue
        for claim in claims:
            left = standing.left - claim.of(standing.captured)
            if best is None or left > best[0]:
                best = (left, standing, claim)
    if best is not None and best[0] < 0:
        left, standing, claim = best
        detail = (
            f"an approval leaves {left}: captured {standing.captured}, settled {standing.settled}, "
            f"in flight {standing.in_flight}, claimed {claim.of(standing.captured)}"
        )
        yield Violation("L1", "approved_beyond_refundable", payment.subject, detail)


def _least_claims(payment: Payment, horizon: Horizon) -> list[Claim]:
    """The smallest claims that fit what was surely read, one for each number of disputes in a foreign currency."""
    facts = [fact for fact in payment.claims if horizon.maybe(fact)]
    direct = horizon.has(payment)
    surely = sum(1 for fact in facts if horizon.surely(fact) and (direct or fact.body.get("order_id") is not None))
    possible = [claims.total for n, claims in enumerate(claims_along(facts, payment.currency)) if n >= surely]
    return [min(c for c in possible if c.wholes == wholes) for wholes in {claim.wholes for claim in possible}]


def breaches_are_alerted_once(trial: Trial) -> Iterator[Violation]:
    """More went out than came in, by the outside: one `exposure.detected`, another only for a larger amount."""
    alerts: dict[tuple[str, str], list[int]] = {}
    for body in trial.said.alerts.get("exposure.detected", []):
        alerts.setdefault((body["merchant_id"], body["payment_id"]), []).append(body["over"]["amount_minor"])
    for name, payment in trial.facts.payments.items():
        overs = alerts.pop(name, [])
        at_end, at_most = _over(trial, payment)
        if any(later <= earlier for earlier, later in pairwise(overs)):
            yield Violation("P2", "exposure_repeated", payment.subject, f"alerted {overs}, each must exceed the last")
        if overs and max(overs) > at_most:
            yield Violation("P2", "exposure_imagined", payment.subject, f"alerted {max(overs)}, never above {at_most}")
        owed = at_end > 0 and payment.order_id is not None and payment.captures
        if owed and max(overs, default=0) < at_end and (payment.merchant, payment.order_id) not in trial.historical:
            yield Violation("P2", "lost_exposure", payment.subject, f"{at_end} over, alerted {overs or 'never'}")
    for (merchant, payment_id), overs in alerts.items():
        yield Violation("P2", "exposure_imagined", f"{merchant}/{payment_id}", f"alerted {overs} of an unknown payment")


def _over(trial: Trial, payment: Payment) -> tuple[int, int]:
    """By how much more went out than came in: at the end, and at most at any time."""
    end, at_most = Standing(0, 0, 0), 0
    for end in standings(payment.money, Till()):
        at_most = max(at_most, end.settled - end.captured)
    credit = trial.books.standing(payment).settled - end.settled
    gone, gone_at_most = 0, 0
    for claims in claims_along(payment.claims, payment.currency):
        gone = claims.gone(end.captured)
        gone_at_most = max(gone_at_most, gone)
    return end.settled + credit + gone - end.captured, at_most + credit + gone_at_most

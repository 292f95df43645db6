"""All questions put to one request, and what comes of it: approved, denied or held, with rows, tenders and reasons."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime
from typing import Any

import msgspec

from app.domain.case import Case, Request, Row
from app.domain.context import Context
from app.domain.ids import derive
from app.domain.reasons import MESSAGES, ReasonCode
from app.domain.records import Decided, Reason, Tender
from app.domain.refunds.asking import CHARGED_TOO_MUCH, Plan
from app.domain.refunds.eligibility import QUESTIONS
from app.domain.refunds.exchange import NO_RATE, estimate
from app.domain.refunds.question import Advice, Deny, Hold, Question
from app.domain.refunds.returning import return_by_law_is_missing, units_to_return_by_law
from app.domain.refunds.reviewing import approvers
from app.domain.refunds.scopes import plan
from app.domain.refunds.statutory import pay_by, proof_of_return
from app.domain.refunds.tax_limits import within_taxes_charged
from app.domain.refunds.tenders import allocate, available

BY_REVIEW = {ReasonCode.REVIEW_APPROVED: "approve", ReasonCode.REVIEW_DENIED: "deny"}
"""Reasons that a verdict of a person stands behind."""
UNTIL_DECIDED = frozenset({"review", "second_review", "history"})
"""Waits of ours alone, which put no statutory date off."""


def assess(case: Case, request: Request, context: Context) -> Decided | None:
    """Asks every question and says the decision that follows, as the request's next revision.

    None: the customer's history must be known first, which is expected at once and not worth telling anybody.
    """
    policy = context.policies.speaking(case.merchant_id, request.asked_at)
    currencies = (case.currency, "")
    payments = [payment for payment in case.payments.values() if payment.currency in currencies]
    question = Question(case, request, policy, context, payments)
    holds: list[tuple[Hold, str]] = []
    advice: list[Reason] = []
    for ask in QUESTIONS:
        answer = ask(question)
        if answer is None:
            continue
        if isinstance(answer, Deny):
            return _denied(question, answer, answer.rule or ask.__name__)
        for one in answer if isinstance(answer, tuple) else (answer,):
            match one:
                case Hold():
                    holds.append((one, one.rule or ask.__name__))
                case Advice():
                    advice.append(_reason(question, one.code, one.rule or ask.__name__, one.lines))
        if isinstance(answer, Hold) and answer.last:
            break
    if not holds:
        return _approved(question, advice)
    return None if any(hold.silent for hold, _ in holds) else _held(question, holds, advice)


def _denied(q: Question, deny: Deny, rule: str) -> Decided:
    known = q.case.currency is not None
    possible = deny.possible_minor
    if known and possible is None:
        possible = _possible(q)
    return _decided(
        q,
        "denied",
        amount=0 if known else None,
        refundable=possible if known else None,
        reasons=(_reason(q, deny.code, rule, deny.lines, possible),),
    )


def _held(q: Question, holds: list[tuple[Hold, str]], advice: list[Reason]) -> Decided:
    known, first = q.case.currency is not None, holds[0][0]
    reasons = [_reason(q, hold.code, rule) for hold, rule in holds]
    return _decided(
        q,
        "held",
        amount=_what_would_be(q) if known else None,
        refundable=_possible(q) if known else None,
        reasons=(*reasons, *_reduced(q), *advice),
        waiting_for=first.waiting_for,
        wait_until=_wait_until(q, first.waiting_for),
        pay_by=_pay_by(q) if all(_runs_meanwhile(q, hold) for hold, _ in holds) else None,
    )


def _what_would_be(q: Question) -> int:
    """The amount of a hold: before anything is paid, what the order would give."""
    if q.plan is not None or q.asking is None:
        return q.amount_minor
    given = plan(q.asking)
    return given.wanted_minor if isinstance(given, Plan) else 0


def _approved(q: Question, advice: list[Reason]) -> Decided:
    asking, given = q.planned()
    shares = allocate(
        q.case,
        amount_minor=q.amount_minor,
        currency=asking.order.currency,
        order=q.policy.tenders,
        first=given.payment_id,
    )
    money = q.amount_minor if given.money_minor is None else min(given.money_minor, q.amount_minor)
    tenders = tuple(_tenders(q, shares, 0 if q.request.method == "store_credit" else money))
    fx, rate_missing = estimate(q.case, shares, q.context.rates, q.context.now.date())
    return _decided(
        q,
        "approved",
        amount=q.amount_minor,
        refundable=_possible(q),
        reasons=(*_why_approved(q), *_reduced(q), *advice),
        tenders=tenders,
        fx=fx,
        flags=(NO_RATE,) if rate_missing else (),
        pay_by=_pay_by(q),
    )


def _tenders(q: Question, shares: dict[str, int], money_minor: int) -> Iterator[Tender]:
    """The first `money_minor` of the shares go back as they came, the rest becomes store credit."""
    for payment_id, share in shares.items():
        original = min(share, money_minor)
        money_minor -= original
        for kind, minor in (("original", original), ("store_credit", share - original)):
            if minor:
                id_ = derive("ins", q.case.case_id, q.request.request_id, payment_id, kind)
                yield Tender(payment_id, minor, id_, kind)


def _why_approved(q: Question) -> Iterator[Reason]:
    """The law first; for the lines that it does not give back, what the policy gives them by."""
    _, given = q.planned()
    of_each = bool(given.by_law and given.by_policy)
    if given.by_law:
        yield _of_lines(
            _reason(q, ReasonCode.STATUTORY_RIGHT, "statutory_right"), sorted(given.by_law) if of_each else ()
        )
    if of_each or not given.by_law:
        yield _of_lines(_reason(q, *_why_by_policy(q)), given.by_policy if of_each else ())


def _of_lines(reason: Reason, lines: Iterable[str]) -> Reason:
    """The reason with the lines that it is about, where it is not about all."""
    named = ", ".join(lines)
    return msgspec.structs.replace(reason, message=f"{reason.message} Lines: {named}.") if named else reason


def _why_by_policy(q: Question) -> tuple[ReasonCode, str]:
    components = {row.component for row in q.rows if row.component != "fee"}
    if q.request.alert_id is not None:
        return ReasonCode.PRE_DISPUTE_REFUND, "pre_dispute_refund"
    if approvers(q.request, q.case.currency):
        return ReasonCode.REVIEW_APPROVED, "reviewed"
    if q.approving is not None:
        return ReasonCode(q.approving.reason), q.approving.name
    if q.request.from_cancellation or q.request.reason == "order_cancelled":
        return ReasonCode.ORDER_CANCELLED, "order_cancelled"
    if q.planned()[0].goodwill:
        return ReasonCode.MERCHANT_GOODWILL, "merchant_goodwill"
    if components == {"overpayment"} and q.request.reason in CHARGED_TOO_MUCH | {"other", "goodwill"}:
        return ReasonCode.OVERPAYMENT, "charged_too_much"
    return ReasonCode.WITHIN_POLICY, "within_policy"


def _reduced(q: Question) -> tuple[Reason, ...]:
    return (_reason(q, ReasonCode.REDUCED, "what_is_left"),) if q.reduced else ()


def _possible(q: Question) -> int:
    """What would have been possible: what the payments hold, as far as the scope reaches."""
    held = q.refundable_minor if q.plan else sum(available(q.case, q.case.currency or "").values())
    return min(held, q.plan.possible_minor) if q.plan else held


def _reason(
    q: Question, code: ReasonCode, rule: str, lines: tuple[str, ...] = (), possible: int | None = None
) -> Reason:
    currency = q.case.currency or "?"
    message = MESSAGES[code].format(lines=", ".join(lines), possible=f"{possible or 0} {currency} (minor units)")
    if code in BY_REVIEW:
        message += f" Review: {', '.join(_reviews(q.request, BY_REVIEW[code]))}."
    return Reason(code=code.value, message=message, rule=rule)


def _reviews(request: Request, verdict: str) -> Iterator[str]:
    """The reviews that said so, by their ids, with the revision that they looked at where they tell it."""
    for one in request.verdicts:
        if one.verdict == verdict:
            yield one.review_id if one.revision is None else f"{one.review_id} of revision {one.revision}"


def _wait_until(q: Question, waiting_for: str) -> datetime | None:
    """When the wait ends: counted from when this wait began. A dispute has no limit."""
    if waiting_for == "dispute":
        return None
    if q.request.status == "held" and q.request.waiting_for == waiting_for:
        return q.request.wait_until
    kind = "review" if waiting_for == "second_review" else waiting_for
    return q.context.clock + q.policy.waits[kind]


def _decided(
    q: Question,
    outcome: str,
    *,
    amount: int | None,
    refundable: int | None,
    reasons: tuple[Reason, ...],
    tenders: tuple[Tender, ...] = (),
    waiting_for: str | None = None,
    wait_until: datetime | None = None,
    fx: dict[str, Any] | None = None,
    flags: tuple[str, ...] = (),
    pay_by: date | None = None,
) -> Decided:
    asked, currency = requested(q.request, q.case.currency)
    return Decided(
        outcome=outcome,
        request_id=q.request.request_id,
        revision=q.request.revision + 1,
        currency=q.case.currency,
        amount_minor=amount,
        refundable_minor=refundable,
        requested_minor=asked,
        requested_currency=currency,
        method=q.request.method,
        reasons=reasons,
        policy=(q.policy.id, q.policy.version, q.policy.digest),
        rows=tuple(_rows(q)) if outcome != "denied" else (),
        tenders=tenders,
        waiting_for=waiting_for,
        wait_until=wait_until,
        fx=fx,
        pay_by=pay_by,
        flags=(*_flags(q), *flags),
        historical=q.context.historical,
    )


def _rows(q: Question) -> list[Row]:
    order = q.case.order
    return within_taxes_charged(q.case, order, q.rows) if order is not None and q.rows else q.rows


def _pay_by(q: Question) -> date | None:
    """By when the law wants the money to be back; None where the policy gives it, or nothing says yet what to give."""
    if q.plan is None:
        return None
    asking, given = q.planned()
    if not given.by_law or asking.law is None:
        return None
    goods = units_to_return_by_law(q)
    proof = proof_of_return(q.case, goods) if goods else None
    return pay_by(asking.order, asking.law, q.request.asked_at, proof)


def _runs_meanwhile(q: Question, hold: Hold) -> bool:
    """Whether the statutory date runs during a wait: one of ours alone, or one for goods that the policy takes back."""
    return hold.waiting_for in UNTIL_DECIDED or (hold.waiting_for == "return" and not return_by_law_is_missing(q))


def _flags(q: Question) -> tuple[str, ...]:
    return (*(("fraud_reported",) if q.case.fraud_reports else ()), *q.flags)


def requested(request: Request, order_currency: str | None) -> tuple[int | None, str | None]:
    """The amount that was asked for, where the request names one."""
    scope = request.scope
    if scope.get("amount"):
        return scope["amount"]["amount_minor"], scope["amount"]["currency"]
    if scope["kind"] == "shipping" and scope.get("amount_minor") is not None and order_currency:
        return scope["amount_minor"], order_currency
    return request.expected_minor, request.expected_currency

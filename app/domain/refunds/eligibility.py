"""May this be paid back? The questions, in the order in which they are asked.

Each question is a function with a name, listed in `QUESTIONS`. It answers with nothing (go on), with a `Deny` (the
first one is decisive), with a `Hold` (collected; the first one says what is waited for; `last` asks nothing further),
with an `Advice` (a denial that the policy makes advice for merchant and support), or with several of the last two. The
assessment depends on the case, the request with its verdicts and the policy alone, so a held request is simply asked
again when what it waits for has moved.
"""

from collections.abc import Callable

from app.domain.balances import claimed, claimed_by_lost_disputes, claimed_by_open_disputes, credited
from app.domain.reasons import ReasonCode
from app.domain.refunds.asking import Denial, asking_of
from app.domain.refunds.fees import fee_rows
from app.domain.refunds.question import Advice, Answer, Deny, Hold, Question
from app.domain.refunds.reducing import scale
from app.domain.refunds.returning import goods_are_back, is_coming_back
from app.domain.refunds.reviewing import (
    asked_not_too_often,
    begun_services_have_a_period,
    below_the_limit,
    fits,
    for_review,
    history_is_known,
    nothing_more_to_know,
    order_adds_up,
    outside_refunds_are_allocated,
    risk_is_normal,
    seen_by_enough_people,
)
from app.domain.refunds.rivals import is_asked_already
from app.domain.refunds.rules import rules_of_the_policy
from app.domain.refunds.scopes import plan
from app.domain.refunds.tenders import available
from app.domain.refunds.windows import window_ends


def well_formed(q: Question) -> Answer:
    """An amount that is asked for is above zero."""
    scope = q.request.scope
    amount = scope["amount_minor"] if scope["kind"] == "shipping" else (scope.get("amount") or {}).get("amount_minor")
    return Deny(ReasonCode.AMOUNT_NOT_POSITIVE) if amount is not None and amount <= 0 else None


def not_denied_by_a_reviewer(q: Question) -> Answer:
    """A reviewer's no is decisive whatever else is waited for."""
    return Deny(ReasonCode.REVIEW_DENIED) if any(v.verdict == "deny" for v in q.request.verdicts) else None


def case_lives(q: Question) -> Answer:
    """A case past its retention keeps its money, and decides nothing."""
    return Deny(ReasonCode.CASE_EXPIRED) if q.case.expired else None


def order_is_known(q: Question) -> Answer:
    """Without the order nothing can be asked."""
    if q.case.order is not None:
        q.asking = asking_of(q.case, q.case.order, q.request, q.policy)
        return None
    if "order" in q.request.waits_over:
        return Deny(ReasonCode.ORDER_NOT_RECEIVED_IN_TIME)
    return Hold(ReasonCode.AWAITING_ORDER, "order", last=True)


def not_asked_already(q: Question) -> Answer:
    """The same is not asked while it is held already, unless there is enough for both."""
    assert q.asking is not None
    return Deny(ReasonCode.DUPLICATE_REQUEST) if is_asked_already(q.asking) else None


def in_the_order_s_currency(q: Question) -> Answer:
    """Money goes back in the currency in which it was charged."""
    amount = q.request.scope.get("amount")
    asked = {amount["currency"] if amount else q.case.currency, q.request.expected_currency or q.case.currency}
    return None if asked == {q.case.currency} else Deny(ReasonCode.CURRENCY_MISMATCH)


def paid(q: Question) -> Answer:
    """Only what was captured can go back; what is only authorised is voided, not refunded."""
    captured = sum(payment.captured_minor for payment in q.payments)
    assert q.case.order is not None
    authorization_open = any(payment.authorization_open for payment in q.payments)
    if captured:
        partly = q.request.scope["kind"] == "full" and captured < q.case.order.total_minor and authorization_open
        return Hold(ReasonCode.AWAITING_PAYMENT, "payment", last=True) if partly and not _waited(q, "payment") else None
    fell_through = any(payment.failed or payment.voided for payment in q.payments)
    if _waited(q, "payment") or (fell_through and not authorization_open):
        return Deny(ReasonCode.NOT_PAID)
    return Hold(ReasonCode.AWAITING_PAYMENT, "payment", last=True)


def _waited(q: Question, kind: str) -> bool:
    return kind in q.request.waits_over


def lines_and_quantities(q: Question) -> Answer:
    """What the order gives for the scope, less the policy's fees."""
    assert q.asking is not None
    given = plan(q.asking)
    if isinstance(given, Denial):
        return Deny(given.code, given.lines)
    q.plan, q.reduced = given, given.reduced
    if given.asked_minor is not None:
        q.amount_minor = given.asked_minor
        return None
    # Only the fee for the way back asks whether goods come.
    worth = sum(row.gross_minor for row in given.rows)
    coming_back = q.policy.fees.return_shipping is not None and is_coming_back(q, worth)
    fees = fee_rows(q.asking, given, coming_back=coming_back)
    q.rows = given.rows + fees
    if given.money_minor is not None:
        given.money_minor += sum(row.gross_minor for row in fees)
    q.amount_minor = sum(row.gross_minor for row in q.rows)
    return None if q.amount_minor > 0 else Deny(ReasonCode.NOTHING_LEFT)


def what_disputes_leave(q: Question) -> Answer:
    """What the payments hold: an amount goes whole or not, the other scopes are reduced to it.

    Where an open dispute has claimed what is asked for, the request waits; what a lost one took is gone.
    """
    asking, given = q.planned()
    left = available(q.case, asking.order.currency)
    if (
        given.payment_id is not None
        and given.rows
        and all(r.component in ("overpayment", "goodwill") for r in given.rows)
    ):
        left = {given.payment_id: left.get(given.payment_id, 0)}
    q.refundable_minor = sum(left.values())
    if q.amount_minor <= q.refundable_minor:
        return None
    if not given.all_or_nothing and q.refundable_minor:
        q.rows = scale(q.rows, asking.order, q.refundable_minor)
        q.amount_minor, q.reduced = q.refundable_minor, True
        return None
    beyond = q.amount_minor - q.refundable_minor if given.all_or_nothing else 1
    if beyond <= sum(claimed_by_open_disputes(q.case, p, q.context.now) for p in q.payments):
        q.waits_for_dispute = True
        return Hold(ReasonCode.DISPUTE_OPEN, "dispute")
    if beyond <= sum(claimed(q.case, p) for p in q.payments):
        if any(claimed_by_lost_disputes(q.case, p) for p in q.payments):
            return Deny(ReasonCode.DISPUTE_LOST, possible_minor=q.refundable_minor)
        if any(credited(q.case, p.payment_id) for p in q.payments):
            return Deny(ReasonCode.ALREADY_CREDITED_BY_NETWORK, possible_minor=q.refundable_minor)
    return None


def in_its_window(q: Question) -> Answer:
    """Each line within its window at the time of asking, but for a period that ends; a request for delivery or an
    overpayment has its own rules.
    """
    asking, given = q.planned()
    if asking.goodwill or q.request.from_cancellation:
        return None
    late = tuple(i for i in given.by_policy if i not in given.ended and _is_late(q, i))
    if not late or (q.request.scope["kind"] == "shipping" and len(late) < len(given.lines)):
        return None
    if _withdraws_an_amount(q, late):
        return for_review(q, ReasonCode.RULE_REVIEW)
    return _unless_staff(q, ReasonCode.WINDOW_EXPIRED, late, said_as=_why_too_late(q, late))


def _withdraws_an_amount(q: Question, lines: tuple[str, ...]) -> bool:
    """Whether the law would let these lines go back, and the request names an amount and not what goes back for it.

    The right is not denied by the policy, and what it gives here a person works out.
    """
    asking, _ = q.planned()
    return q.request.scope["kind"] == "amount" and asking.withdraws(lines)


def _why_too_late(q: Question, late: tuple[str, ...]) -> ReasonCode:
    """A withdrawal that the law does not carry any more is told so, where there is such a law."""
    asking, _ = q.planned()
    if q.request.reason != "statutory_withdrawal" or asking.law is None or asking.withdrawable.intersection(late):
        return ReasonCode.WINDOW_EXPIRED
    exempt = any(asking.order.lines[line_id].withdrawal_exemption for line_id in late)
    return ReasonCode.EXEMPT_FROM_WITHDRAWAL if exempt else ReasonCode.WITHDRAWAL_PERIOD_OVER


def _is_late(q: Question, line_id: str) -> bool:
    assert q.case.order is not None
    ends = window_ends(q.case, q.case.order.lines[line_id], q.policy)
    return ends is not None and q.request.asked_at > ends


def not_final_sale(q: Question) -> Answer:
    """What was sold for good stays sold."""
    asking, given = q.planned()
    if asking.goodwill or q.request.from_cancellation or q.request.scope["kind"] == "shipping":
        return None
    final = tuple(line_id for line_id in given.by_policy if asking.order.lines[line_id].final_sale)
    if _withdraws_an_amount(q, final):
        return for_review(q, ReasonCode.RULE_REVIEW)
    return _unless_staff(q, ReasonCode.FINAL_SALE, final) if final else None


def _unless_staff(
    q: Question, code: ReasonCode, lines: tuple[str, ...], *, said_as: ReasonCode | None = None
) -> Answer:
    asking, _ = q.planned()
    said = said_as or code
    return Advice(said, lines) if asking.by_staff and code in q.policy.staff_override else Deny(said, lines)


def within_refundable(q: Question) -> Answer:
    """The exact rest can go back, a cent more cannot."""
    _, given = q.planned()
    possible = min(q.refundable_minor, given.possible_minor)
    if given.asked_minor is not None:
        return Deny(ReasonCode.EXCEEDS_REFUNDABLE, possible_minor=possible)
    if q.amount_minor <= q.refundable_minor or q.waits_for_dispute:
        return None
    return Deny(
        ReasonCode.EXCEEDS_REFUNDABLE if given.all_or_nothing else ReasonCode.NOTHING_LEFT, possible_minor=possible
    )


def as_reviewed(q: Question) -> Answer:
    """The amount of an approval is the most that is paid: less than was asked for, or what of it is still left."""
    asking, _ = q.planned()
    most = [
        verdict.amount_minor
        for verdict in q.request.verdicts
        if verdict.verdict == "approve" and verdict.amount_minor is not None and fits(verdict, q.case.currency)
    ]
    if most and most[-1] < q.amount_minor and not q.waits_for_dispute:
        q.rows = scale(q.rows, asking.order, most[-1])
        q.amount_minor, q.reduced = most[-1], True
    return None


def as_expected(q: Question) -> Answer:
    """The asker named the amount that must come out."""
    expected = q.request.expected_minor
    return None if expected is None or expected == q.amount_minor else Deny(ReasonCode.EXPECTED_AMOUNT_DIFFERS)


QUESTIONS: tuple[Callable[[Question], Answer], ...] = (
    well_formed,
    case_lives,
    not_denied_by_a_reviewer,
    order_is_known,
    not_asked_already,
    in_the_order_s_currency,
    paid,
    lines_and_quantities,
    what_disputes_leave,
    in_its_window,
    not_final_sale,
    within_refundable,
    as_reviewed,
    as_expected,
    nothing_more_to_know,
    order_adds_up,
    begun_services_have_a_period,
    outside_refunds_are_allocated,
    history_is_known,
    rules_of_the_policy,
    risk_is_normal,
    asked_not_too_often,
    below_the_limit,
    seen_by_enough_people,
    goods_are_back,
)

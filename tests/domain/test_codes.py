"""Every reason code in the smallest story that ends in it."""

from typing import NamedTuple

import pytest

from app.domain.policy import Policy
from app.domain.policy_terms import Proration, ReturnRequired, Rule, Statutory, Velocity
from app.domain.reasons import OUTCOMES, ReasonCode
from app.domain.records import Asked
from app.policies.cel import compile_condition
from tests.domain.events import (
    Said,
    alert,
    amount,
    asked,
    cancelled,
    captured,
    charged_on,
    delivered,
    dispute,
    line,
    lines,
    money,
    placed,
    refund,
    verdict,
    voided,
)
from tests.domain.expecting import decided
from tests.domain.stories import Story, policy, told_by

PAID = (placed(), captured("100.00"), delivered())
GOODS_BACK = policy(return_required=ReturnRequired(kinds=("physical",), unless_below=None, reasons_exempt=()))
REVIEWED = policy(auto_approve_limit={"default": 5000})
TWO_REVIEWERS = policy(second_reviewer_above={"default": 5000})
BY_LAW = policy(statutory=Statutory(enabled=True))
BY_DAY = policy(proration=Proration(unit="day", cancellation_day="unused", on_cancellation="refund", setup_fee="keep"))
CONDITION = "request.amount_minor >= 10000 && order.currency == 'EUR'"
RULE = Rule(name="all", when=CONDITION, then="review", reason="rule_review", condition=compile_condition(CONDITION))
CONDITIONAL = policy(rules=(RULE,))
ONE_A_MONTH = policy(velocity=Velocity(requests=1, days=30))
KNOWN = (placed(customer_id="c1"), *PAID[1:])
GERMAN = (placed(country="DE"), captured("100.00"), delivered())
CUSTOM_MADE = (placed(line("l1", "100.00", withdrawal_exemption="custom_made"), country="DE"), *GERMAN[1:])
PERIOD = {
    "plan_id": "plan",
    "period_start": "2026-01-01T00:00:00Z",
    "period_end": "2026-02-01T00:00:00Z",
    "timezone": "UTC",
}
SUBSCRIBED = (placed(line("l1", "12.00", kind="subscription", subscription=PERIOD)), captured("12.00"))


class Row(NamedTuple):
    """A code, what happened before, how much later, what is said last, and under which policy.

    `history`: so many requests of the customer the history then knows of; `waits_seconds`: so long nothing is heard.
    """

    code: str
    before: tuple[Said, ...]
    last: Said
    terms: Policy | None = None
    days: float = 0
    request_id: str = "r1"
    history: int | None = None
    waits_seconds: float = 0


def ends(effective_at: str) -> Said:
    scope = {"kind": "subscription", "line_id": "l1", "effective_at": effective_at}
    return asked(scope=scope, reason="subscription_cancelled")


ROWS = (
    Row("within_policy", PAID, asked()),
    Row("statutory_right", GERMAN, asked(reason="statutory_withdrawal"), BY_LAW),
    Row("review_approved", (*PAID, asked()), verdict("approve"), REVIEWED),
    Row("pre_dispute_refund", PAID, alert("40.00", source="ethoca"), request_id="alert:a1"),
    Row("order_cancelled", PAID[:2], cancelled("r1")),
    Row("merchant_goodwill", PAID, asked(scope=amount("5.00"), reason="goodwill", by="support")),
    Row("overpayment", (placed(), captured("120.00")), asked(scope=charged_on("p1"), reason="overcharged")),
    Row("reduced", (*PAID, asked("r0", amount("30.00"))), asked()),
    Row("window_expired", PAID, asked(), days=31),
    Row("final_sale", (placed(line("l1", "100.00", final_sale=True)), captured("100.00")), asked()),
    Row("not_paid", (placed(), voided()), asked()),
    Row("nothing_left", (*PAID, asked("r0")), asked()),
    Row("exceeds_refundable", PAID, asked(scope=amount("100.01"))),
    Row("quantity_exceeded", PAID, asked(scope=lines(l1=2))),
    Row("currency_mismatch", PAID, asked(scope=amount("1.00 USD"))),
    Row("exempt_from_withdrawal", CUSTOM_MADE, asked(reason="statutory_withdrawal"), BY_LAW, 31),
    Row("withdrawal_period_over", GERMAN, asked(reason="statutory_withdrawal"), BY_LAW, 31),
    Row("already_credited_by_network", (*PAID, alert("100.00")), asked()),
    Row("dispute_lost", (*PAID, dispute("opened", "100.00"), dispute("lost")), asked()),
    Row("duplicate_request", (*PAID, asked("r0")), asked(), REVIEWED),
    Row("review_denied", (*PAID, asked()), verdict("deny"), REVIEWED),
    Row("period_fully_used", SUBSCRIBED, ends("2026-02-01T00:00:00Z"), BY_DAY),
    Row("unknown_line", PAID, asked(scope=lines(l9=1))),
    Row("amount_not_positive", PAID, asked(scope=amount("0"))),
    Row("expected_amount_differs", PAID, asked(expected_amount=money("99.99"))),
    Row("case_expired", PAID, asked(), days=802),
    Row("over_auto_limit", PAID, asked(), REVIEWED),
    Row("needs_second_reviewer", PAID, asked(), TWO_REVIEWERS),
    Row("awaiting_return", PAID, asked(), GOODS_BACK),
    Row("awaiting_payment", (placed(),), asked()),
    Row("awaiting_order", (), asked()),
    Row("awaiting_history", KNOWN, asked(), ONE_A_MONTH, waits_seconds=61),
    Row("velocity", KNOWN, asked(), ONE_A_MONTH, history=1),
    Row("dispute_open", (*PAID, dispute("opened", "100.00")), asked()),
    Row("high_risk", (placed(), captured("100.00", risk={"level": "high"})), asked()),
    Row("outside_refund_unallocated", (*PAID, refund("succeeded", "10.00", refund_id="x1")), asked()),
    Row("total_differs", (placed(total_minor=9000), captured("100.00")), asked()),
    Row("rule_review", PAID, asked(), CONDITIONAL),
    Row("information_needed", (*PAID, asked()), verdict("ask"), REVIEWED),
)

IN_TIME: tuple[tuple[str, tuple[Said, ...], Policy | None, float], ...] = (
    ("order_not_received_in_time", (asked(),), None, 3),
    ("not_paid", (placed(), asked()), None, 7),
    ("return_not_received", (*PAID, asked()), GOODS_BACK, 30),
)
"""Codes that a timer gives: what happened before, and after how many days."""


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.code)
def test_a_code_is_given_in_its_smallest_story(row):
    outcome = {"approve": "approved", "deny": "denied", "hold": "held"}[OUTCOMES[ReasonCode(row.code)].value]
    decision = decided(outcome=outcome, request_id=row.request_id)
    story = told_by(row).then(decision)
    codes = next(record for record in story.said if decision.fits(record)).reasons
    assert [reason.code for reason in codes].index(row.code) == (1 if row.code == "reduced" else 0)


@pytest.mark.parametrize(("code", "before", "terms", "days"), IN_TIME, ids=[row[0] for row in IN_TIME])
def test_a_code_is_given_when_its_wait_is_over(code, before, terms, days):
    story = Story(terms).given(*before)
    story.later(days=days, seconds=-61).never(decided(outcome="denied"))
    story.later(seconds=62).then(decided(outcome="denied", code=code))


def test_reduced_stands_beside_an_approval_of_less_than_was_asked():
    story = Story().given(*PAID, asked("r0", amount("30.00")))
    story.when(asked()).then(decided(outcome="approved", codes=["within_policy", "reduced"], amount_minor=7000))


def test_an_alert_within_the_policy_s_limit_is_answered_by_a_refund():
    Story().given(*PAID).when(alert("40.00", source="ethoca")).then(
        decided(outcome="approved", code="pre_dispute_refund", request_id="alert:a1", amount_minor=4000)
    )


def test_a_customer_who_asks_too_often_is_for_a_person_and_one_who_does_not_is_not():
    for earlier, code in ((0, "within_policy"), (1, "velocity")):
        story = Story(ONE_A_MONTH).given(placed(customer_id="c1"), *PAID[1:]).when(asked())
        story.never(decided())
        story.answered(requests_in_window=earlier).then(decided(code=code, request_id="r1"))


def test_a_history_that_does_not_answer_in_time_is_for_a_person_until_it_does():
    story = Story(ONE_A_MONTH).given(placed(customer_id="c1"), *PAID[1:], asked())
    asks = next(record for record in story.all if isinstance(record, Asked))
    story.later(seconds=59).never(decided())
    story.later(seconds=2).then(decided(outcome="held", code="awaiting_history"))
    story.answered(requests_in_window=0).then(decided(outcome="approved"))
    assert asks.request_id == "r1"


def test_a_guest_or_a_policy_without_velocity_asks_no_history():
    for terms, customer in ((ONE_A_MONTH, None), (policy(), "c1")):
        order = placed().but(customer_id=customer)
        Story(terms).given(order, *PAID[1:]).when(asked()).then(decided(outcome="approved"))


def test_every_code_has_a_row():
    in_rows = {row.code for row in ROWS} | {row[0] for row in IN_TIME}
    assert in_rows == {reason.value for reason in ReasonCode}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.code)
def test_a_denial_pays_nothing_and_a_hold_instructs_nothing(row):
    """Only approvals have tenders and instructions, and theirs add up to the amount."""
    story = told_by(row)
    decision = next(r for r in story.said if decided(request_id=row.request_id).fits(r))
    paid = [r for r in story.said if type(r).__name__ == "Executed" and r.request_id == row.request_id]
    assert sum(r.amount_minor for r in paid) == sum(t.amount_minor for t in decision.tenders)
    if decision.outcome == "approved":
        assert sum(t.amount_minor for t in decision.tenders) == decision.amount_minor > 0
        assert sum(row.gross_minor for row in decision.rows) == decision.amount_minor
    else:
        assert not decision.tenders
        assert decision.outcome == "held" or (decision.amount_minor in (0, None) and not decision.rows)

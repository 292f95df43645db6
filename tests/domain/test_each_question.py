"""Every question in a story that it alone answers: taken out of the list, the request would be decided otherwise."""

from typing import NamedTuple

import pytest

from app.domain.policy import Policy
from app.domain.refunds.eligibility import QUESTIONS
from tests.domain.events import (
    Said,
    amount,
    asked,
    captured,
    dispute,
    line,
    lines,
    money,
    of_orders,
    placed,
    refund,
    verdict,
)
from tests.domain.expecting import decided
from tests.domain.stories import Story, told_by
from tests.domain.test_codes import BY_LAW, CONDITIONAL, GOODS_BACK, ONE_A_MONTH, PAID, REVIEWED, TWO_REVIEWERS

KNOWN = (placed(customer_id="c1"), *PAID[1:])
SERVICE = (placed(line("l1", "100.00", kind="service"), country="DE"), captured("100.00"))
USED = of_orders("service.used", line_id="l1")
FINAL = (placed(line("l1", "100.00", final_sale=True)), captured("100.00"))
RISKY = (placed(), captured("100.00", risk={"level": "high"}))
OUTSIDE = (*PAID, refund("succeeded", "10.00", refund_id="x1"))


class Row(NamedTuple):
    """A question, the code it gives and the amount that is then told, and the story as in the table of codes."""

    question: str
    code: str
    amount_minor: int | None
    before: tuple[Said, ...]
    last: Said
    terms: Policy | None = None
    days: float = 0
    history: int | None = None
    waits_seconds: float = 0
    rule: str | None = None


ROWS = (
    Row("well_formed", "amount_not_positive", None, (), asked(scope=amount("0"))),
    Row("case_lives", "case_expired", 0, PAID, asked(), days=802),
    Row("not_denied_by_a_reviewer", "review_denied", 0, (*PAID, asked()), verdict("deny"), REVIEWED),
    Row("order_is_known", "awaiting_order", None, (), asked()),
    Row("not_asked_already", "duplicate_request", 0, (*PAID, asked("r0")), asked(), REVIEWED),
    Row("in_the_order_s_currency", "currency_mismatch", 0, PAID, asked(scope=amount("1.00 USD"))),
    Row("paid", "awaiting_payment", 10000, (placed(),), asked()),
    Row("lines_and_quantities", "unknown_line", 0, PAID, asked(scope=lines(l9=1))),
    Row("what_disputes_leave", "dispute_open", 10000, (*PAID, dispute("opened", "100.00")), asked()),
    Row("in_its_window", "window_expired", 0, PAID, asked(), days=31),
    Row("not_final_sale", "final_sale", 0, FINAL, asked()),
    Row("within_refundable", "exceeds_refundable", 0, PAID, asked(scope=amount("100.01"))),
    Row(
        "as_reviewed",
        "review_approved",
        4000,
        (*PAID, asked()),
        verdict("approve", amount=money("40.00")),
        REVIEWED,
        rule="reviewed",
    ),
    Row("as_expected", "expected_amount_differs", 0, PAID, asked(expected_amount=money("99.99"))),
    Row("nothing_more_to_know", "information_needed", 10000, (*PAID, asked()), verdict("ask"), REVIEWED),
    Row("order_adds_up", "total_differs", 10000, (placed(total_minor=9000), captured("100.00")), asked()),
    Row(
        "begun_services_have_a_period",
        "rule_review",
        10000,
        (*SERVICE, USED),
        asked(reason="statutory_withdrawal"),
        BY_LAW,
    ),
    Row("outside_refunds_are_allocated", "outside_refund_unallocated", 9000, OUTSIDE, asked()),
    Row("history_is_known", "awaiting_history", 10000, KNOWN, asked(), ONE_A_MONTH, waits_seconds=61),
    Row("rules_of_the_policy", "rule_review", 10000, PAID, asked(), CONDITIONAL, rule="all"),
    Row("risk_is_normal", "high_risk", 10000, RISKY, asked()),
    Row("asked_not_too_often", "velocity", 10000, KNOWN, asked(), ONE_A_MONTH, history=1),
    Row("below_the_limit", "over_auto_limit", 10000, PAID, asked(), REVIEWED),
    Row("seen_by_enough_people", "needs_second_reviewer", 10000, PAID, asked(), TWO_REVIEWERS),
    Row("goods_are_back", "awaiting_return", 10000, PAID, asked(), GOODS_BACK),
)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.question)
def test_a_question_gives_its_answer(row):
    story = told_by(row)
    decision = next(record for record in story.said if decided(request_id="r1").fits(record))
    assert (decision.reasons[0].code, decision.reasons[0].rule) == (row.code, row.rule or row.question)
    assert decision.amount_minor == row.amount_minor


@pytest.mark.parametrize(
    ("before", "reason"),
    [(SERVICE, "statutory_withdrawal"), ((*SERVICE, USED), "other")],
    ids=["not begun", "not by law"],
)
def test_a_service_that_has_not_begun_or_does_not_come_back_by_law_needs_nobody_to_work_it_out(before, reason):
    story = Story(BY_LAW).given(*before)
    story.when(asked(reason=reason)).then(decided(outcome="approved", amount_minor=10000))


def test_every_question_has_a_row():
    assert [row.question for row in ROWS] == [question.__name__ for question in QUESTIONS]

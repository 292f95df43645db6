"""One request for what the law gives back and for what only the policy does: each line is judged by its own."""

from datetime import date
from typing import Any

import pytest

from app.domain.policy_terms import ShippingRefund
from tests.domain.dated import Dated
from tests.domain.events import came_back, full, line, lines, of_orders, sent_back, verdict
from tests.domain.expecting import approved, decided, denied, held, instructed, told
from tests.domain.test_withdrawal_money import DEAR, FEES, OCTOBER
from tests.domain.withdrawals import GOODS_FIRST, IN_TIME, consumer, law, owner, withdraws
from tests.policies.ruling import rule

LAWFUL = line("l1", "100.00", category="tools")
EXEMPT = line("l2", "20.00", category="tools", withdrawal_exemption="perishable")
BOTH = ["statutory_right", "within_policy"]
DUE = date(2026, 2, 24)  # fourteen days after the withdrawal


def pair(*bought: Any, days: int = 30, shipping: Any = (), **terms: Any) -> Dated:
    """One line that the law gives back and one that is exempt, within the window of the policy."""
    return owner("NL", law(days, **terms), *(bought or (LAWFUL, EXEMPT)), shipping=list(shipping))


@pytest.mark.parametrize("reason", ["statutory_withdrawal", "changed_mind"])
@pytest.mark.parametrize("scope", [full(), lines(l1=1, l2=1)], ids=["full", "lines"])
def test_what_the_law_gives_back_has_no_fee_and_its_date_and_the_rest_follows_the_policy(scope, reason):
    story = pair(fees=FEES).on(IN_TIME, withdraws(scope=scope, reason=reason))
    story.then(approved("117.00", codes=BOTH, fees={"restocking": 300}, pay_by=DUE))  # 15 % of 20.00
    story.then(told("refund_acknowledged"), told("refund_approved"))


def test_the_reasons_name_the_lines():
    story = pair().on(IN_TIME, withdraws())
    (reasons,) = [record.reasons for record in story.said if decided(outcome="approved").fits(record)]
    assert [reason.message for reason in reasons] == [
        "The consumer's statutory right of withdrawal covers it, whatever the policy says. Lines: l1.",
        "The policy allows it. Lines: l2.",
    ]


def test_the_way_back_costs_for_what_the_policy_takes_back_alone():
    terms = {"fees": FEES, "return_required": GOODS_FIRST}
    story = pair(**terms).on(IN_TIME, withdraws()).when(came_back("b1", l1=1, l2=1))
    story.then(approved("112.01", codes=BOTH, fees={"restocking": 300, "return_shipping": 499}))
    cheap = line("l2", "4.00", category="tools", withdrawal_exemption="perishable")
    story = pair(LAWFUL, cheap, **terms).on(IN_TIME, withdraws()).when(came_back("b1", l1=1, l2=1))
    story.then(approved("100.00", fees={"restocking": 60, "return_shipping": 340}))  # at most what it reduces
    ticket = line("l2", "20.00", kind="digital", withdrawal_exemption="digital_started")
    story = pair(LAWFUL, ticket, **terms).on(IN_TIME, withdraws()).when(came_back("b1", l1=1))
    story.then(approved("120.00", codes=BOTH, fees={}))  # nothing of the policy's comes back


def test_loss_of_value_is_kept_of_either_as_it_may_be():
    story = pair(fees=FEES, return_required=GOODS_FIRST).on(IN_TIME, withdraws())
    story.when(came_back("b1", "opened", l1=1, l2=1))  # by law checking is free
    story.then(approved("110.01", fees={"damage": 200, "restocking": 300, "return_shipping": 499}))


@pytest.mark.parametrize(
    ("with_full_return", "scope", "of_it"),
    [
        (True, full(), 1200),  # the policy gives all of it, and the law no less than the standard one
        (True, lines(True, l1=1, l2=1), 1200),
        (True, lines(l1=1, l2=1), 700),
        (False, full(), 700),
        (False, lines(True, l1=1, l2=1), 700),
        (True, lines(True, l1=1), 0),  # not all goes back
    ],
    ids=str,
)
def test_the_delivery_comes_back_by_the_policy_and_at_least_by_the_law(with_full_return, scope, of_it):
    given = ShippingRefund(reasons=(), with_full_return=with_full_return)
    pair(shipping=[DEAR], shipping_refund=given).on(IN_TIME, withdraws(scope=scope)).then(approved_with(of_it, scope))


def approved_with(delivery: int, scope: Any) -> Any:
    goods = 100 if len(scope.get("lines", "12")) == 1 else 120
    return approved(f"{goods + delivery // 100}.00", "statutory_right", shipping=delivery)


# --- goods first


def sent_for(*bought: Any) -> Dated:
    return (
        pair(*bought, return_required=GOODS_FIRST).on(IN_TIME, withdraws()).then(held("awaiting_return", pay_by=None))
    )


def test_the_proof_of_sending_is_enough_for_what_the_law_gives_back_alone():
    story = sent_for().when(sent_back("b1", l1=1)).never(instructed())
    story.when(came_back("b2", l2=1)).then(approved("120.00", codes=BOTH))
    story = sent_for().when(sent_back("b1", l1=1, l2=1)).never(instructed())
    story.when(came_back("b1", l2=1)).then(approved("120.00", codes=BOTH))
    sent_for().when(came_back("b1", l2=1)).never(decided(outcome="approved"))


def test_the_date_runs_from_the_proof_for_what_the_law_gives_back():
    story = sent_for().on("2026-02-12T12:00Z", sent_back("b1", l1=1)).then(held("awaiting_return", pay_by=DUE))
    assert "pay_by:r1" in story.case.timers
    story.on("2026-02-27T12:00Z", came_back("b2", l2=1)).then(approved("120.00", pay_by=DUE))
    story = sent_for().on("2026-02-12T12:00Z", came_back("b1", l2=1)).never(decided())
    story.on("2026-02-27T12:00Z", sent_back("b2", l1=1)).then(approved("120.00", pay_by=date(2026, 2, 27)))


def test_where_only_the_policy_s_goods_are_wanted_back_the_date_runs_at_once():
    service = line("l1", "100.00", kind="service")
    story = pair(service, EXEMPT, return_required=GOODS_FIRST).on(IN_TIME, withdraws())
    story.then(held("awaiting_return", pay_by=DUE)).when(came_back(l2=1)).then(approved("120.00", pay_by=DUE))


def test_what_is_on_its_way_by_law_brings_none_of_what_the_policy_wants_here():
    """Two of the exempt line: one is here and one on its way, and the first request counts one of them and no more."""
    two = line("l2", "40.00", 2, category="tools", withdrawal_exemption="perishable")
    story = pair(LAWFUL, two, return_required=GOODS_FIRST).on(IN_TIME, withdraws(scope=lines(l1=1, l2=1)))
    story.when(sent_back("b1", l1=1)).never(instructed()).when(sent_back("b2", l2=1)).never(instructed())
    story.when(came_back("b3", l2=1)).then(approved("120.00", codes=BOTH))
    story.when(withdraws("r2", lines(l2=1))).then(held("awaiting_return"))
    story.when(came_back("b1", l1=1)).never(instructed()).when(came_back("b2", l2=1)).then(approved("20.00"))


# --- what the policy still denies or asks


def test_what_the_policy_does_not_give_denies_the_request_as_a_whole():
    pair(days=1).on(IN_TIME, withdraws()).then(denied("exempt_from_withdrawal"))
    kept = EXEMPT | {"final_sale": True}
    pair(LAWFUL, kept).on(IN_TIME, withdraws()).then(denied("final_sale"))
    pair(LAWFUL | {"final_sale": True}, EXEMPT).on(IN_TIME, withdraws()).then(approved("120.00", codes=BOTH))


def test_no_rule_denies_a_request_of_which_the_law_gives_a_part():
    story = pair(rules=(rule("deny", name="never"),)).on(IN_TIME, withdraws()).then(held("rule_review", pay_by=DUE))
    story.when(verdict("approve")).then(approved("120.00", codes=["statutory_right", "review_approved"], pay_by=DUE))


@pytest.mark.parametrize(
    ("used", "expected"),
    [("l1", held("rule_review")), ("l2", approved("120.00", codes=BOTH))],
    ids=["withdrawn from by law", "exempt"],
)
def test_the_share_of_a_service_that_was_had_is_asked_for_where_the_law_gives_it_back(used, expected):
    bought = line("l1", "100.00", kind="service"), line("l2", "20.00", kind="service", withdrawal_exemption="auction")
    story = pair(*bought).on("2026-02-05T12:00Z", of_orders("service.used", line_id=used))
    story.on(IN_TIME, withdraws()).then(expected)


def test_the_share_of_a_period_that_was_had_is_paid_by_the_line_that_the_law_gives_back():
    bought = line("l1", "31.00", kind="subscription", subscription=OCTOBER), EXEMPT
    story = consumer("NL", law(30, fees=FEES), *bought, start="2026-10-01T00:00Z")
    story.on("2026-10-02T12:00Z", of_orders("service.used", line_id="l1")).on("2026-10-05T12:00Z", withdraws())
    story.then(approved("43.00", codes=BOTH, fees={"use": 500, "restocking": 300}, pay_by=date(2026, 10, 19)))


def test_a_period_of_withdrawal_that_is_over_for_one_kind_leaves_the_other_its_right():
    bought = LAWFUL, line("l2", "20.00", kind="service")  # the service counts from the order: to 16 February
    story = owner("NL", law(30, fees=FEES), *bought, at="2026-02-10T10:00Z").on("2026-02-20T12:00Z", withdraws())
    story.then(approved("120.00", codes=BOTH, fees={}, pay_by=date(2026, 3, 6)))

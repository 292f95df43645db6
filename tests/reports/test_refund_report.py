"""What became of requests and how long it took, reckoned by hand."""

import math
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.reports.refunds import RefundReport, nearest_rank
from app.reports.said import Period
from tests.reports.telling import Told, derived, money, tender


def at(hour: int, day: int = 2) -> str:
    return f"2026-03-{day:02}T{hour:02}:00:00Z"


def settled(told: Told, instruction_id: str, minor: int, when: str, *, kind: str = "refund_settled", times: int = 1):
    told.entry(kind, -minor, when, id=derived("led", "m/o1", kind, instruction_id, times))


def desk(period: Period | None = None) -> Told:
    told = Told(RefundReport(period or Period()))
    told.decision("r1", "held", "over_auto_limit", at(12), 9000, requested=money(9000))
    parts = {"revision": 2, "tenders": [tender("i1", 6000), tender("i2", 3000)], "requested": money(9000)}
    told.decision("r1", "approved", "review_approved", at(14), 9000, **parts)
    settled(told, "i1", 6000, at(15))
    settled(told, "i2", 3000, at(16), kind="store_credit")
    told.decision("r2", "denied", "final_sale", at(12), 0)
    told.decision("r3", "held", "awaiting_return", at(12), 500)
    told.decision("r3", "withdrawn", "", at(13), 0, revision=2)
    told.decision("r4", "held", "awaiting_return", at(12), 700)
    told.decision("r5", "held", "awaiting_order", at(12), None, requested=None)
    told.decision("r6", "approved", "within_policy", at(18), 800, revision=3, tenders=[tender("i6", 800)])
    return told


def test_outcomes_by_reason_with_their_money():
    outcomes = desk().report.document()["outcomes"]
    names = ("outcome", "reason", "currency", "requests", "named_minor", "amount_minor", "settled_minor")
    assert [tuple(one[name] for name in names) for one in outcomes] == [
        ("approved", "review_approved", "EUR", 1, 9000, 9000, 9000),
        ("approved", "within_policy", "EUR", 1, 0, 800, 0),
        ("denied", "final_sale", "EUR", 1, 0, 0, 0),
        ("withdrawn", "", "EUR", 1, 0, 0, 0),
        ("held", "awaiting_order", None, 1, 0, 0, 0),
        ("held", "awaiting_return", "EUR", 1, 0, 700, 0),
    ]


def test_times_until_decision_and_settlement():
    """Decided after 2 h, 0 h and 1 h; the one that was settled, after 4 h. Of r6 the beginning is gone."""
    document = desk().report.document()
    assert [tuple(one.values()) for one in document["times"]] == [
        ("m", "decision", 3, 3600, 7200),
        ("m", "settlement", 1, 14400, 14400),
    ]
    assert document["without_beginning"] == 1
    assert document["requests"] == 6


def test_a_refund_of_which_a_part_is_still_on_its_way_is_not_settled():
    told = Told(RefundReport(Period()))
    told.decision("r1", "approved", "within_policy", at(12), 9000, tenders=[tender("i1", 6000), tender("i2", 3000)])
    settled(told, "i1", 6000, at(15))
    document = told.report.document()
    assert document["outcomes"][0]["settled_minor"] == 6000
    assert document["times"][1]["requests"] == 0


def test_a_retry_and_a_second_settlement_belong_to_the_request_too():
    told = Told(RefundReport(Period()))
    told.decision("r1", "approved", "within_policy", at(12), 9000, tenders=[tender("i1", 6000), tender("i2", 3000)])
    settled(told, derived("ins", "m/o1", "i1", "retry"), 6000, at(15))
    settled(told, "i2", 3000, at(17), times=2)
    assert told.report.document()["outcomes"][0]["settled_minor"] == 9000


def test_what_came_back_again_is_not_settled_and_what_went_once_more_is_from_then_on():
    told = Told(RefundReport(Period()))
    told.decision("r1", "approved", "within_policy", at(12), 9000, tenders=[tender("i1", 9000)])
    settled(told, "i1", 9000, at(13))
    settled(told, "i1", -9000, at(15), kind="refund_returned")
    document = told.report.document()
    assert (document["outcomes"][0]["settled_minor"], document["times"][1]["requests"]) == (0, 0)
    settled(told, "i1", 9000, at(16), times=2)
    document = told.report.document()
    assert (document["outcomes"][0]["settled_minor"], document["times"][1]["median_seconds"]) == (9000, 14400)


def test_store_credit_that_is_not_owed_after_all_is_not_settled():
    told = Told(RefundReport(Period()))
    told.decision("r1", "approved", "within_policy", at(12), 9000, tenders=[tender("i1", 9000)])
    settled(told, "i1", 9000, at(13), kind="store_credit")
    told.entry("store_credit", 9000, at(15), id=derived("led", "m/o1", "store_credit", "i1", "returned", 1))
    assert told.report.document()["outcomes"][0]["settled_minor"] == 0
    settled(told, "i1", 9000, at(16), kind="store_credit", times=2)
    assert told.report.document()["outcomes"][0]["settled_minor"] == 9000


def test_store_credit_that_an_earlier_version_booked_as_returned_is_not_settled():
    told = Told(RefundReport(Period()))
    told.decision("r1", "approved", "within_policy", at(12), 9000, tenders=[tender("i1", 9000)])
    settled(told, "i1", 9000, at(13), kind="store_credit")
    told.entry("refund_returned", 9000, at(15), id=derived("led", "m/o1", "refund_returned", "i1", 1))
    assert told.report.document()["outcomes"][0]["settled_minor"] == 0


def test_a_refund_made_outside_belongs_to_no_request():
    told = Told(RefundReport(Period()))
    told.decision("r1", "approved", "within_policy", at(12), 9000, tenders=[tender("i1", 9000)])
    settled(told, "re_77", 9000, at(15))
    assert told.report.document()["outcomes"][0]["settled_minor"] == 0


def test_a_request_belongs_to_the_period_in_which_it_was_made():
    told = desk(Period(end=datetime(2026, 3, 2, 13, tzinfo=UTC)))
    assert told.report.document()["requests"] == 5
    assert desk(Period(start=datetime(2026, 3, 2, 13, tzinfo=UTC))).report.document()["requests"] == 1
    assert desk(Period(merchant_id="mm")).report.document()["requests"] == 0


def test_a_repetition_counts_once():
    told = desk()
    before = told.report.document()
    told.decision("r2", "denied", "final_sale", at(12), 0, id="id_5")
    assert told.report.document() == before


@pytest.mark.parametrize(
    ("found", "median", "p90"),
    [([], None, None), ([7], 7, 7), ([2, 1], 1, 2), (list(range(1, 11)), 5, 9), (list(range(1, 12)), 6, 10)],
)
def test_the_nearest_rank(found, median, p90):
    assert (nearest_rank(found, 50), nearest_rank(found, 90)) == (median, p90)


@given(st.lists(st.integers(0, 10**9), min_size=1), st.sampled_from([50, 90]))
def test_so_many_do_not_exceed_it_and_no_smaller_one_does(found, percent):
    rank = nearest_rank(found, percent)
    needed = math.ceil(len(found) * percent / 100)
    assert sum(one <= rank for one in found) >= needed
    assert sum(one < rank for one in found) < needed


def test_what_was_named_in_another_currency_than_the_order_has_is_in_no_sum_of_it():
    told = Told(RefundReport(Period()))
    told.decision("r1", "approved", "within_policy", at(12), 500, requested=money(600, "USD"))
    told.decision("r2", "approved", "within_policy", at(12), 400, requested=money(400))
    (row,) = told.report.document()["outcomes"]
    assert (row["currency"], row["named_minor"], row["amount_minor"]) == ("EUR", 400, 900)


def test_a_decision_on_what_is_dated_before_its_request_took_no_time():
    told = Told(RefundReport(Period()))
    told.decision("r1", "held", "over_auto_limit", at(12), 500)
    told.decision("r1", "approved", "review_approved", at(11), 500, revision=2)
    assert told.report.document()["times"][0]["median_seconds"] == 0


def test_money_that_goes_back_for_the_third_time_is_still_found():
    told = Told(RefundReport(Period()))
    told.decision("r1", "approved", "within_policy", at(12), 9000, tenders=[tender("i1", 9000)])
    for times in (1, 2):
        settled(told, "i1", 9000, at(12 + times), times=times)
        settled(told, "i1", -9000, at(13 + times), kind="refund_returned", times=times)
    assert told.report.document()["outcomes"][0]["settled_minor"] == 0
    settled(told, "i1", 9000, at(17), times=3)
    assert told.report.document()["outcomes"][0]["settled_minor"] == 9000

"""Monitoring programmes: thresholds by date and region, months in UTC, each crossing said once."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction
from types import SimpleNamespace

import pytest

from app.domain.programmes import Standing, count, decode_standing, encode_standing, following, measures, news, previous

FEBRUARY, MARCH = datetime(2026, 2, 3, tzinfo=UTC), datetime(2026, 3, 28, tzinfo=UTC)


def activity(kind, at, *, in_store=False, secure=False, reason=None):
    return SimpleNamespace(
        kind=kind, occurred_at=at, in_store=in_store, three_d_secure=secure, reason_code=reason, amount=None
    )


def standing(*counted):
    """(kind, when, how many, more): counted one by one."""
    made = Standing()
    for kind, at, times, more in counted:
        usd = more.pop("usd", 0)
        for _ in range(times):
            count(made, activity(kind, at, **more), usd_minor=usd)
    return made


def said(made, network, month, *, region="eu", regulated=True):
    found = measures(made, network, month, region=region, regulated=regulated)
    return {measure.programme: word for measure in found if (word := news(made, measure)) is not None}


def measure_of(made, network, month, programme):
    return next(p for p in measures(made, network, month, region="eu", regulated=True) if p.programme == programme)


def test_185_chargebacks_after_7500_sales_are_246_67_bps_and_excessive_not_high_excessive():
    made = standing(("sale", datetime(2026, 1, 15, tzinfo=UTC), 7500, {}), ("dispute", FEBRUARY, 185, {}))
    ecm = measure_of(made, "mastercard", "2026-02", "mastercard_ecm")
    assert (ecm.ratio_bps(), ecm.count, ecm.left) == ("246.67", 185, 0)
    # projected to the end of the month it would be high excessive as well, which is near and not over
    assert said(made, "mastercard", "2026-02") == {"mastercard_ecm": "crossed", "mastercard_hecm": "near"}


@pytest.mark.parametrize(
    ("disputes", "sales", "over"),
    [
        (99, 6000, set()),
        (100, 6666, {"mastercard_ecm"}),
        (100, 6667, set()),
        (299, 9000, {"mastercard_ecm"}),
        (300, 10_000, {"mastercard_hecm"}),
        (300, 10_001, {"mastercard_ecm"}),
    ],
)
def test_both_thresholds_must_be_reached_and_the_high_one_takes_the_other_s_place(disputes, sales, over):
    end = datetime(2026, 2, 28, 23, 59, 59, tzinfo=UTC)
    made = standing(("sale", datetime(2026, 1, 15, tzinfo=UTC), sales, {}), ("dispute", end, disputes, {}))
    assert {name for name, word in said(made, "mastercard", "2026-02").items() if word == "crossed"} == over


@pytest.mark.parametrize(
    ("month", "region", "disputes", "sales", "over"),
    [
        ("2026-03", "eu", 1500, 68_181, True),  # 220.0 bps
        ("2026-03", "eu", 1500, 68_182, False),
        ("2026-04", "eu", 1500, 100_000, True),  # 150 bps from April on
        ("2026-04", "eu", 1500, 100_001, False),
        ("2026-04", "mena", 1500, 100_000, False),  # where 220 stays
        ("2026-04", "mena", 1500, 68_181, True),
        ("2026-04", "eu", 1499, 50_000, False),
    ],
)
def test_visa_s_threshold_goes_by_date_and_region(month, region, disputes, sales, over):
    at = datetime.fromisoformat(f"{month}-30T23:59:59+00:00")
    made = Standing()
    made.months[month] = type(standing(("sale", at, 1, {})).months[month])(
        sales=sales, online_sales=sales, disputes=disputes, newest=at
    )
    found = said(made, "visa", month, region=region)
    assert (found.get("visa_vamp") == "crossed") is over


def test_a_fraud_report_and_a_dispute_of_one_payment_count_twice_and_what_is_of_a_store_does_not_count():
    made = standing(
        ("sale", MARCH, 3, {}),
        ("sale", MARCH, 5, {"in_store": True}),
        ("fraud_report", MARCH, 1, {}),
        ("dispute", MARCH, 1, {}),
        ("fraud_report", MARCH, 7, {"in_store": True}),
        ("dispute", MARCH, 7, {"in_store": True}),
    )
    vamp = measure_of(made, "visa", "2026-03", "visa_vamp")
    assert (vamp.count, vamp.base) == (2, 3)


def test_near_is_four_fifths_of_both_and_each_word_is_said_once():
    january = datetime(2026, 1, 10, tzinfo=UTC)
    end = datetime(2026, 2, 28, 23, 0, tzinfo=UTC)
    made = standing(("sale", january, 5000, {}), ("dispute", end, 79, {}))
    assert said(made, "mastercard", "2026-02") == {}
    count(made, activity("dispute", end), usd_minor=0)
    assert said(made, "mastercard", "2026-02") == {"mastercard_ecm": "near"}
    assert said(made, "mastercard", "2026-02") == {}
    for _ in range(20):
        count(made, activity("dispute", end), usd_minor=0)
    assert said(made, "mastercard", "2026-02") == {"mastercard_ecm": "crossed"}
    for _ in range(2000):  # late sales of January take the ratio below again
        count(made, activity("sale", january), usd_minor=0)
    assert said(made, "mastercard", "2026-02") == {"mastercard_ecm": "cleared"}
    assert said(made, "mastercard", "2026-02") == {}


def test_a_programme_whose_place_the_stricter_one_takes_is_not_cleared_by_that():
    end = datetime(2026, 2, 28, 23, 0, tzinfo=UTC)
    made = standing(("sale", datetime(2026, 1, 10, tzinfo=UTC), 5000, {}), ("dispute", end, 299, {}))
    assert said(made, "mastercard", "2026-02") == {"mastercard_ecm": "crossed", "mastercard_hecm": "near"}
    count(made, activity("dispute", end), usd_minor=0)
    assert said(made, "mastercard", "2026-02") == {"mastercard_hecm": "crossed"}
    for _ in range(15_001):  # late sales of January: 149.99 bps
        count(made, activity("sale", datetime(2026, 1, 10, tzinfo=UTC)), usd_minor=0)
    assert said(made, "mastercard", "2026-02") == {"mastercard_ecm": "cleared", "mastercard_hecm": "cleared"}


def test_what_goes_on_like_this_is_near_from_a_tenth_of_the_count_on():
    tenth_of_month = datetime(2026, 2, 1, tzinfo=UTC) + timedelta(days=2, hours=19, minutes=12)
    sales = ("sale", datetime(2026, 1, 10, tzinfo=UTC), 1000, {})
    assert said(standing(sales, ("dispute", tenth_of_month, 9, {})), "mastercard", "2026-02") == {}
    assert said(standing(sales, ("dispute", tenth_of_month, 10, {})), "mastercard", "2026-02") == {
        "mastercard_ecm": "near"
    }


@pytest.mark.parametrize(
    ("sales", "ratio", "near"),
    [
        (10_000, "150.00", {"visa_vamp": "near"}),  # and 1,500 by the end of the month
        (10_001, "149.99", {}),
    ],
)
def test_where_the_sales_are_of_the_same_month_they_go_on_too(sales, ratio, near):
    tenth_of_month = datetime(2026, 4, 4, tzinfo=UTC)
    made = standing(("sale", datetime(2026, 4, 2, tzinfo=UTC), sales, {}), ("dispute", tenth_of_month, 150, {}))
    assert said(made, "visa", "2026-04") == near
    assert measure_of(made, "visa", "2026-04", "visa_vamp").ratio_bps(Fraction(10)) == ratio


@pytest.mark.parametrize(
    ("sales", "secure", "usd", "regulated", "over"),
    [
        (1000, 0, 1_000_000, False, True),
        (999, 0, 1_000_000, False, False),
        (1000, 100, 1_000_000, False, False),  # a tenth with 3-D Secure
        (1000, 100, 1_000_000, True, True),  # below a half where it is regulated
        (1000, 500, 1_000_000, True, False),
        (1000, 0, 999_999, False, False),  # 49,999.95 USD
    ],
)
def test_the_fraud_programme_asks_for_sales_amount_ratio_and_authentication(sales, secure, usd, regulated, over):
    january = datetime(2026, 1, 10, tzinfo=UTC)
    made = standing(
        ("sale", january, sales - secure, {}),
        ("sale", january, secure, {"secure": True}),
        ("dispute", FEBRUARY, 5, {"reason": "4837", "usd": usd}),
    )
    word = said(made, "mastercard", "2026-02", regulated=regulated).get("mastercard_efm")
    assert (word == "crossed") is over


@pytest.mark.parametrize(
    ("usd", "day", "word"),
    [
        (800_000, 28, "near"),  # 40,000 USD, four fifths
        (799_999, 28, None),
        (500_000, 15, "near"),  # 25,000 USD in half of the month
        (499_999, 15, None),
        (99_999, 3, None),  # 5,000 USD in a tenth of it are too few to go by
    ],
)
def test_the_fraud_programme_is_near_by_its_amount_too(usd, day, word):
    made = standing(
        ("sale", datetime(2026, 1, 10, tzinfo=UTC), 1000, {}),
        ("dispute", datetime(2026, 2, day, 0, 0, tzinfo=UTC), 5, {"reason": "4837", "usd": usd}),
    )
    assert said(made, "mastercard", "2026-02", regulated=False).get("mastercard_efm") == word


def test_a_chargeback_that_turns_out_to_be_settled_by_the_network_is_taken_out_of_its_month():
    fraud = {"reason": "4837", "usd": 300}
    made = standing(("sale", FEBRUARY, 1, {}), ("dispute", FEBRUARY, 2, dict(fraud)))
    count(made, activity("resolved_before_dispute", FEBRUARY, reason="4837"), usd_minor=300)
    month = made.months["2026-02"]
    assert (month.disputes, month.fraud_chargebacks, month.fraud_usd_minor) == (1, 1, 300)


def test_a_late_event_changes_its_own_month_and_memory_is_bounded():
    made = Standing()
    for year in range(2020, 2026):
        for month in range(1, 13):
            count(made, activity("sale", datetime(year, month, 2, tzinfo=UTC)), usd_minor=0)
    assert len(made.months) == 15
    count(made, activity("dispute", datetime(2025, 11, 3, tzinfo=UTC)), usd_minor=0)
    assert made.months["2025-11"].disputes == 1
    assert made.months["2025-12"].disputes == 0
    assert decode_standing(encode_standing(made)) == made


@pytest.mark.parametrize(
    ("month", "before", "after"), [("2026-01", "2025-12", "2026-02"), ("2025-12", "2025-11", "2026-01")]
)
def test_months_follow_each_other_over_the_turn_of_the_year(month, before, after):
    assert (previous(month), following(month)) == (before, after)


@pytest.mark.parametrize(
    ("usd", "times", "left"),
    [
        (800_000, 5, 2),  # 10,000 USD short of 50,000, and each is worth 8,000
        (1_000_000, 4, 1),
        (4_999_999, 5, 0),  # over by the amount, and 5 in 1,000 sales are 50 bps
        (4_999_999, 1, 4),  # one cent short, but four short of the ratio
        (10, 5, 499_995),
        (0, 5, 1),  # of no known worth: one at the least
    ],
)
def test_the_fraud_programme_says_how_many_more_of_the_same_worth_are_left_before_its_amount(usd, times, left):
    sales = ("sale", datetime(2026, 1, 10, tzinfo=UTC), 1000, {})
    made = standing(sales, ("dispute", FEBRUARY, times, {"reason": "4837", "usd": usd}))
    assert measure_of(made, "mastercard", "2026-02", "mastercard_efm").left == left


@pytest.mark.parametrize(("sales", "left"), [(7500, 13), (7501, 13), (7534, 14)])
def test_as_many_are_left_as_it_takes_to_reach_the_ratio(sales, left):
    """150 bps of 7,500 sales are 112.5, of 7,501 112.515 and of 7,534 113.01: less than that is not yet the ratio."""
    made = standing(("sale", datetime(2026, 1, 10, tzinfo=UTC), sales, {}), ("dispute", FEBRUARY, 100, {}))
    assert measure_of(made, "mastercard", "2026-02", "mastercard_ecm").left == left


def test_sales_in_a_store_are_no_part_of_the_share_with_3_d_secure():
    january = datetime(2026, 1, 10, tzinfo=UTC)
    in_store = ("sale", january, 500, {"in_store": True, "secure": True})
    fraud = ("dispute", FEBRUARY, 5, {"reason": "4837", "usd": 1_000_000})
    found = said(standing(("sale", january, 1000, {}), in_store, fraud), "mastercard", "2026-02", regulated=False)
    assert found["mastercard_efm"] == "crossed"

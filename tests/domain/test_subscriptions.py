"""What a subscription gives back when it ends early: the worth of what is not used, within what was paid for it."""

from datetime import date
from zoneinfo import ZoneInfo

import pytest

from tests.domain.events import amount, asked, captured, dispute, line, money, of_orders, placed, refund, verdict
from tests.domain.expecting import approved, denied, held, instructed, told
from tests.domain.stories import given
from tests.domain.subscribed import OCTOBER, cancels, ends, euros, october, period, subscribed, terms

MIDDLE = "2026-10-15"
UNUSED = {"day": "unused"}


@pytest.mark.parametrize(
    ("price", "span", "at", "rules", "expected"),
    [
        ("12.00", ("2026-01-01", "2026-02-01"), "2026-01-25", UNUSED, "2.71"),
        ("12.00", ("2026-01-01", "2026-02-01"), "2026-01-23", UNUSED, "3.48"),
        ("29.95", ("2026-04-27", "2026-05-27"), "2026-05-03", UNUSED, "23.96"),
        ("19.95", ("2026-04-23", "2026-05-23"), "2026-05-15", UNUSED | {"unit": "fixed_30"}, "5.32"),
        ("31.00", OCTOBER, MIDDLE, {}, "16.00"),
        ("366.00", ("2024-01-01", "2025-01-01"), "2024-02-29", {}, "306.00"),
        ("365.00", ("2023-01-01", "2024-01-01"), "2023-02-28", {}, "306.00"),
        (
            "743.00",
            ("2026-02-28T23:00:00Z", "2026-03-31T22:00:00Z"),
            "2026-03-29T10:00:00Z",
            {"unit": "second"},
            "60.00",
        ),
        ("1.01", ("2026-10-01", "2026-10-11"), "2026-10-06", UNUSED, "0.51"),  # half up
        ("31.00", OCTOBER, "2026-09-01", {}, "31.00"),  # not begun: all of it
    ],
    ids=str,
)
def test_the_share_of_the_price_is_rounded_half_up_once(price, span, at, rules, expected):
    story = subscribed(price, span=span, rules=terms(**rules))
    story.on(at, ends(at)).then(approved(expected, lines={"l1": round(float(expected) * 100)}), instructed(expected))


@pytest.mark.parametrize(
    ("zone", "expected"), [("America/Los_Angeles", "9.00"), ("UTC", "10.00")], ids=["its second day", "its first day"]
)
def test_the_same_instant_is_another_day_elsewhere(zone, expected):
    story = subscribed("10.00", span=("2023-02-08", "2023-02-18"), zone=zone, rules=terms(day="unused"))
    story.on("2023-02-08T12:00", ends("2023-02-08T12:00:00Z")).then(approved(expected))


def test_the_tax_goes_back_in_the_same_share():
    october().on(MIDDLE, ends(MIDDLE)).then(approved("19.20", net=1600, taxes=[320], reduced=False))


def test_each_of_two_taxes_is_rounded_on_its_own():
    story = subscribed(
        "10.00", "10.70", tax=("0.35", "0.35"), span=("2026-10-01", "2026-10-11"), rules=terms(day="unused")
    )
    story.on("2026-10-06", ends("2026-10-06")).then(approved("5.36", net=500, taxes=[18, 18]))


def test_a_tax_inside_the_price_is_part_of_the_share():
    story = subscribed("37.20", tax=("6.20",), prices_include_tax=True)
    story.on(MIDDLE, ends(MIDDLE)).then(approved("19.20", net=1600, taxes=[320]))


def test_a_discount_is_taken_off_before_the_share():
    story = subscribed("40.00", "37.20", tax=("6.20",), discount_minor=900)
    story.on(MIDDLE, ends(MIDDLE)).then(approved("19.20", net=1600, taxes=[320]))


@pytest.mark.parametrize(("fee", "expected", "tax"), [("keep", "19.20", 320), ("refund", "31.20", 520)])
def test_a_setup_fee_is_kept_or_goes_back_whole_beside_the_share_of_the_rest(fee, expected, tax):
    story = subscribed("41.00", "49.20", tax=("8.20",), fee=1000, rules=terms(fee=fee))
    story.on(MIDDLE, ends(MIDDLE)).then(approved(expected, taxes=[tax]))


@pytest.mark.parametrize(
    ("discount", "paid", "kept", "refunded"),
    [
        (1000, "31.00", approved("10.84"), approved("20.84")),  # 16/31 of 21.00, and 10.00 of setup
        (3100, "10.00", denied("nothing_left"), approved("10.00")),
        (3500, "6.00", denied("nothing_left"), approved("6.00")),  # all that was charged is setup
    ],
)
def test_a_discount_comes_off_the_price_of_the_period_before_its_setup_fee(discount, paid, kept, refunded):
    for fee, expected in (("keep", kept), ("refund", refunded)):
        story = subscribed("41.00", paid, fee=1000, rules=terms(fee=fee), discount_minor=discount)
        story.on(MIDDLE, ends(MIDDLE)).then(expected)


def test_no_share_left_gives_nothing_back_not_even_the_setup_fee():
    story = subscribed("41.00", "49.20", tax=("8.20",), fee=1000, rules=terms(fee="refund"))
    story.on("2026-10-31", ends("2026-10-31")).then(denied("period_fully_used"))


@pytest.mark.parametrize(("at", "day"), [("2026-10-31", "used"), ("2026-11-01", "unused"), ("2026-12-24", "unused")])
def test_a_period_without_a_share_left_is_fully_used(at, day):
    october(day=day).on(at, ends(at)).then(denied("period_fully_used"))


# --- within what was paid for it


@pytest.mark.parametrize(
    ("paid", "expected"),
    [
        ("37.20", approved("19.20", reduced=False)),
        ("27.90", approved("9.90", reduced=True)),
        ("18.01", approved("0.01")),
        ("18.00", denied("nothing_left")),
        ("4.65", denied("nothing_left")),
    ],
)
def test_what_goes_back_is_at_most_what_was_paid_less_what_was_used(paid, expected):
    october(paid).on(MIDDLE, ends(MIDDLE)).then(expected)


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        ("5.00", approved("14.20")),
        ("19.19", approved("0.01")),
        ("19.20", denied("nothing_left")),
        ("30.00", denied("nothing_left")),
    ],
)
def test_what_was_given_back_before_counts_against_it(before, expected):
    story = october().on("2026-10-05", asked("r0", amount(before, "l1")))
    story.on(MIDDLE, ends(MIDDLE)).then(expected)


def test_what_came_to_nothing_before_does_not_count_against_it():
    story = october().on("2026-10-05", asked("r0", amount("5.00", "l1")))
    for _ in ("the first", "its retry"):
        story.given(refund("failed", "5.00", instruction_id=list(story.case.refunds)[-1]))
    story.on(MIDDLE, ends(MIDDLE)).then(approved("19.20"))


def test_a_refund_made_outside_counts_against_it():
    outside = refund("succeeded", "5.00", refund_id="x1", lines=[{"line_id": "l1", "quantity": 1}])
    october().given(outside).on(MIDDLE, ends(MIDDLE)).then(approved("14.20"))


# --- in what it goes back


@pytest.mark.parametrize(
    ("paid", "on", "expected", "shares"),
    [
        ("37.20", "refund", "19.20", {"original": 1920}),
        ("37.20", "refund_then_credit", "19.20", {"original": 1920}),
        ("37.20", "store_credit", "19.20", {"store_credit": 1920}),
        ("27.90", "refund_then_credit", "19.20", {"original": 990, "store_credit": 930}),
        ("18.00", "refund_then_credit", "18.00", {"store_credit": 1800}),
        ("4.65", "refund_then_credit", "4.65", {"store_credit": 465}),
    ],
)
def test_the_policy_says_in_what_it_goes_back(paid, on, expected, shares):
    story = october(paid, on=on).on(MIDDLE, ends(MIDDLE))
    story.then(approved(expected, paid={("p1", kind): minor for kind, minor in shares.items()}))
    story.then(*(instructed(kind=kind, amount_minor=minor) for kind, minor in shares.items()))


@pytest.mark.parametrize(
    ("claimed", "shares"),
    [
        ("8.70", {"original": 990, "store_credit": 930}),
        ("17.90", {"original": 990, "store_credit": 10}),  # 10.00 is refundable: the money first, then the credit
        ("20.00", {"original": 790}),
    ],
)
def test_store_credit_is_what_the_payment_still_holds_after_the_refund(claimed, shares):
    story = october("27.90", on="refund_then_credit").given(dispute("opened", claimed)).on(MIDDLE, ends(MIDDLE))
    story.then(approved(euros(sum(shares.values())), paid={("p1", kind): minor for kind, minor in shares.items()}))


def test_store_credit_that_is_asked_for_is_all_of_it():
    story = october().on(MIDDLE, ends(MIDDLE, method="store_credit"))
    story.then(approved("19.20", paid={("p1", "store_credit"): 1920}))


def test_a_policy_that_gives_nothing_back_gives_nothing():
    story = october(on="none").on(MIDDLE, cancels())
    story.then(told("subscription_cancelled")).never(instructed())
    assert story.case.requests["r1"].status == "denied"


# --- how it ends


def test_a_cancellation_ends_it_when_it_was_said_and_tells_the_customer_once():
    story = october().on("2026-10-15T18:00", cancels()).then(approved("19.20"), told("subscription_cancelled"))
    story.on("2026-10-16", cancels()).never(told("subscription_cancelled"), instructed())


def test_a_cancellation_that_asks_for_nothing_gives_nothing_back():
    story = october().on(MIDDLE, cancels(request_id=None)).then(told("subscription_cancelled")).never(instructed())
    assert not story.case.requests


def test_at_the_end_of_the_term_nothing_goes_back():
    story = october().on(MIDDLE, cancels(request_id=None, effective="end_of_term"))
    story.then(told("subscription_cancelled")).never(instructed())
    story = october().on(MIDDLE, cancels(effective="end_of_term"))
    story.then(denied("period_fully_used"), told("subscription_cancelled")).never(instructed())


def test_the_customer_is_told_the_end_of_the_term_in_the_time_zone_of_the_subscription():
    """April ends in Tokyo when it is 15:00 of the 30th in UTC."""
    span = ("2026-03-31T15:00:00Z", "2026-04-30T15:00:00Z")
    story = subscribed("30.00", span=span, zone="Asia/Tokyo").on("2026-04-10", cancels(None, "end_of_term"))
    (ended,) = (record for record in story.said if told("subscription_cancelled").fits(record))
    assert ended.data["timezone"] == "Asia/Tokyo"
    assert ended.data["effective_at"].astimezone(ZoneInfo(ended.data["timezone"])).date() == date(2026, 5, 1)


@pytest.mark.parametrize("first", [cancels("r1"), ends(MIDDLE)], ids=["cancelled", "asked"])
@pytest.mark.parametrize("second", [cancels("r2"), ends(MIDDLE, "r2"), ends("2026-10-20", "r2")], ids=str)
def test_a_cancellation_and_a_request_for_the_same_period_are_one_refund(first, second):
    story = october().on(MIDDLE, first).then(approved("19.20"))
    story.when(second).then(denied("nothing_left"))


@pytest.mark.parametrize("on", ["store_credit", "refund_then_credit"])
@pytest.mark.parametrize("paid", ["37.20", "27.90"])
def test_in_credit_they_are_one_refund_too_and_an_earlier_end_gives_the_difference(on, paid):
    story = october(paid, on=on).on(MIDDLE, cancels("r1")).then(approved("19.20"))
    story.when(ends(MIDDLE, "r2")).then(denied("nothing_left"))
    story.when(ends("2026-10-10", "r3")).then(approved("6.00", reduced=True))  # 21 days are 25.20
    story.when(ends("2026-10-10", "r4")).then(denied("nothing_left"))


def test_a_credit_that_came_to_nothing_is_owed_again():
    story = october(on="store_credit").on(MIDDLE, cancels("r1")).then(approved("19.20"))
    for _ in ("the first", "its retry"):
        failing = {"instruction_id": list(story.case.refunds)[-1], "amount": money("19.20")}
        story.given(of_orders("store_credit.failed", **failing))
    story.when(ends(MIDDLE, "r2")).then(approved("19.20"))


def test_while_the_first_is_held_the_second_is_a_duplicate():
    story = october(auto_approve_limit={"default": 0}).on(MIDDLE, ends(MIDDLE)).then(held("over_auto_limit"))
    story.when(ends(MIDDLE, "r2")).then(denied("duplicate_request"))
    story.when(cancels("r3"), verdict("approve", request_id="r1"), verdict("approve", "bob", request_id="r3"))
    assert sum(one.amount_minor for one in story.case.refunds.values()) == 1920


def test_an_earlier_end_gives_the_difference():
    story = october().on(MIDDLE, ends(MIDDLE)).then(approved("19.20"))
    story.when(ends("2026-10-10", "r2")).then(approved("6.00", reduced=True))  # 21 days are 25.20
    assert sum(one.amount_minor for one in story.case.refunds.values()) == 2520


def test_after_the_refund_for_a_period_the_rest_of_the_line_is_what_was_used():
    story = october().on(MIDDLE, ends(MIDDLE)).then(approved("19.20"))
    story.when(asked("r2", amount("18.01", "l1"))).then(denied("exceeds_refundable", "18.00"))
    story.when(asked("r3", amount("18.00", "l1"))).then(approved("18.00", net=1500, taxes=[300]))


def test_an_end_with_the_term_gives_nothing_also_when_it_comes_before_its_order():
    bought = line("l1", "31.00", kind="subscription", subscription=period())
    story = given(cancels("r1", effective="end_of_term"), placed(bought))
    story.when(captured("31.00")).then(denied("period_fully_used"))

"""What the oracle reckons by itself: shares, roundings, orders, and what disputes claim, by the worked examples."""

from datetime import UTC, datetime, timedelta

import pytest

from app.demo.oracle.claims import Claims
from app.demo.oracle.heard import Fact
from app.demo.oracle.money import Standing, Till
from app.demo.oracle.purchase import half_up, purchase_of, shares
from app.demo.oracle.wire import Position
from tests.oracle.telling import line, money

T0 = datetime(2026, 3, 2, 12, tzinfo=UTC)


def fact(type_, n, **body):
    topic = "disputes" if type_.startswith("dispute.") else "payments"
    at = T0 + timedelta(minutes=n)
    return Fact(Position(topic, 0, n), n, type_, "m", f"e{n}", at, {"payment_id": "p", **body}, b"", "p")


@pytest.mark.parametrize(
    ("total", "weights", "split"),
    [
        (100, [1, 1, 1], [34, 33, 33]),
        (5, [3, 7], [2, 3]),
        (5, [7, 3], [4, 1]),
        (-5, [7, 3], [-4, -1]),
        (5, [0, 7, 3], [0, 4, 1]),
        (1, [1, 1], [1, 0]),
        (300, [4000, 2000, 2000], [150, 75, 75]),
        (299, [4300, 1400, 2300], [161, 52, 86]),
        (10, [0, 0], [5, 5]),
    ],
)
def test_a_split_is_by_largest_remainder(total, weights, split):
    assert shares(total, weights) == split


@pytest.mark.parametrize(
    ("numerator", "denominator", "rounded"),
    [(1, 2, 1), (-1, 2, -1), (3, 2, 2), (-3, 2, -2), (1, 3, 0), (2, 3, 1), (0, 7, 0)],
)
def test_a_half_goes_away_from_zero(numerator, denominator, rounded):
    assert half_up(numerator, denominator) == rounded


def test_a_line_is_charged_with_its_share_of_the_orders_discount_and_taxes():
    lines = [line(f"l{n}", 100) for n in (1, 2, 3)]
    body = {
        "currency": "USD",
        "lines": lines,
        "order_taxes": [{"code": "v", "amount_minor": 100}],
        "order_discount_minor": 1,
    }
    items = purchase_of(body).lines
    assert [item.gross_minor for item in items.values()] == [133, 133, 133]
    assert [item.taxes["v"] for item in items.values()] == [34, 33, 33]


def test_a_tax_inside_the_price_is_not_added():
    body = {"currency": "USD", "prices_include_tax": True, "lines": [line("l1", 1500, vat=300)]}
    assert purchase_of(body).lines["l1"].gross_minor == 1500


OPENED = ("opened", {"amount": money(600), "stage": "chargeback"})
OUT, BACK = ("funds_withdrawn", {"amount": money(600)}), ("funds_reinstated", {"amount": money(600)})


@pytest.mark.parametrize(
    ("told", "claimed"),
    [
        ([], 0),
        ([("inquired", {"amount": money(600)})], 0),
        ([OPENED], 600),
        ([OUT], 600),
        ([OPENED, OUT], 600),
        ([OPENED, OUT, OUT], 600),
        ([OPENED, ("funds_withdrawn", {"amount": money(650)})], 650),
        ([OPENED, OUT, ("won", {})], 600),
        ([OPENED, OUT, ("won", {}), BACK], 0),
        ([OPENED, OUT, BACK, ("won", {})], 0),
        ([OPENED, OUT, BACK, OUT], 600),
        ([OPENED, OUT, ("lost", {})], 600),
        ([OPENED, ("accepted", {})], 600),
        ([OPENED, ("expired", {})], 600),
        ([OPENED, ("withdrawn", {})], 0),
        ([("won", {}), OPENED], 600),  # by their times it came back after it was won
        ([OPENED, BACK, OUT], 600),
        ([OPENED, OUT, ("lost", {}), BACK, ("escalated", {"stage": "pre_arbitration"}), ("won", {})], 0),
        ([("escalated", {"stage": "arbitration"}), OUT], 600),
        ([("escalated", {"stage": "arbitration"}), ("funds_reinstated", {"amount": money(50)})], 1000),
        ([("funds_reinstated", {"amount": money(50)}), ("escalated", {"stage": "arbitration"})], 1000),
        ([("escalated", {"stage": "arbitration"})], 1000),  # nothing tells what is claimed: all of it
        ([("inquired", {"amount": money(600)}), ("escalated", {"stage": "chargeback"})], 600),
        ([OPENED, OUT, ("lost", {}), ("won", {}), BACK], 0),
        ([OPENED, ("won", {}), ("escalated", {"stage": "arbitration"})], 600),
        ([("opened", {"amount": money(10, "EUR"), "stage": "chargeback"})], 1000),
        ([("opened", {"amount": money(9000, "EUR"), "stage": "chargeback"})], 1000),
        ([("opened", {"amount": money(9000, "EUR"), "stage": "chargeback"}), ("won", {})], 0),
        ([OPENED, ("funds_withdrawn", {"amount": money(600), "movement_id": "m1"})], 600),
    ],
    ids=lambda value: "-".join(what for what, _ in value) if isinstance(value, list) else None,
)
def test_a_dispute_claims_what_it_may_cost(told, claimed):
    claims = Claims("USD")
    for n, (what, body) in enumerate(told):
        claims.apply(fact(f"dispute.{what}", n, dispute_id="d", **body))
    assert claims.total.of(1000) == claimed


LATE = [
    ([OPENED, OUT, ("won", {}), BACK], ("lost", {}), 1, 0),
    ([OPENED, OUT, ("won", {}), BACK], ("escalated", {"stage": "arbitration"}), 1, 0),
    ([OPENED, OUT, ("escalated", {"stage": "arbitration"})], ("won", {}), 1, 600),
    ([OPENED, ("expired", {})], ("won", {}), 0, 600),
    # of two ends of one time a loss stands, whichever is told first
    ([OPENED, ("lost", {})], ("won", {}), 1, 600),
    ([OPENED, ("won", {})], ("lost", {}), 1, 600),
    # the same claim told once more moves nothing, so a win of before that stands
    ([OPENED, OPENED], ("won", {}), 0.5, 0),
    # a smaller claim of before the one that stands takes nothing from it
    ([("opened", {"amount": money(900), "stage": "pre_arbitration"})], OPENED, -1, 900),
    ([("opened", {"amount": money(900), "stage": "chargeback"})], OPENED, -1, 900),
]


@pytest.mark.parametrize(("told", "late", "at", "claimed"), LATE)
def test_what_is_told_late_and_was_overtaken_changes_no_claim(told, late, at, claimed):
    claims = Claims("USD")
    for n, (what, body) in enumerate([*told, late]):
        claims.apply(fact(f"dispute.{what}", at if n == len(told) else n, dispute_id="d", **body))
    assert claims.total.of(1000) == claimed


def test_what_the_network_credited_is_claimed_once_however_often_it_is_reported():
    claims = Claims("USD")
    for n in range(2):
        claims.apply(fact("dispute.alerted", n, alert_id=f"a{n}", amount=money(300), already_credited=True))
    assert claims.total.of(1000) == 300
    claims.apply(fact("dispute.opened", 3, dispute_id="d", amount=money(300), stage="chargeback"))
    assert claims.total.of(1000) == 300
    claims.apply(fact("dispute.withdrawn", 4, dispute_id="d"))
    assert (claims.total.of(1000), claims.gone(1000)) == (300, 300)  # the credit stands


def refund(what, n, **body):
    return fact(f"refund.{what}", n, amount=money(100), **body)


@pytest.mark.parametrize(
    ("told", "standing"),
    [
        ([], Standing(1000, 0, 100)),
        (["submitted"], Standing(1000, 0, 100)),
        (["succeeded"], Standing(1000, 100, 0)),
        (["submitted", "failed"], Standing(1000, 0, 0)),
        (["submitted", "succeeded", "failed"], Standing(1000, 0, 0)),
        (["succeeded", "reversed"], Standing(1000, 0, 0)),
        (["failed", "succeeded"], Standing(1000, 100, 0)),
        (["succeeded", "submitted"], Standing(1000, 100, 0)),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, list) else None,
)
def test_a_refund_counts_until_it_fails(told, standing):
    till = Till.with_issued({"i": 100})
    till.apply(fact("payment.captured", 0, amount=money(1000)))
    for n, what in enumerate(told, 1):
        till.apply(refund(what, n, instruction_id="i"))
    assert till.standing == standing


def test_a_refund_is_known_again_by_either_of_its_names():
    till = Till.with_issued({"i": 100})
    till.apply(refund("submitted", 1, instruction_id="i", refund_id="re"))
    till.apply(refund("succeeded", 2, refund_id="re"))
    assert till.standing == Standing(0, 100, 0)


NAMES = {"provider's": {"refund_id": "re"}, "ours": {"instruction_id": "i"}}
BOTH = NAMES["provider's"] | NAMES["ours"]


@pytest.mark.parametrize(
    ("told", "standing"),
    [
        ([("submitted", "provider's")], Standing(0, 0, 200)),
        ([("succeeded", "provider's")], Standing(0, 100, 100)),
        ([("succeeded", "provider's"), ("succeeded", "both")], Standing(0, 100, 0)),
        ([("succeeded", "provider's"), ("succeeded", "ours"), ("succeeded", "both")], Standing(0, 100, 0)),
        ([("succeeded", "provider's"), ("failed", "ours"), ("submitted", "both")], Standing(0, 0, 0)),
        ([("failed", "ours"), ("succeeded", "provider's"), ("submitted", "both")], Standing(0, 100, 0)),
    ],
    ids=lambda value: "-".join(f"{what} {how}" for what, how in value) if isinstance(value, list) else None,
)
def test_a_refund_told_under_two_names_is_two_until_both_are_said(told, standing):
    till = Till.with_issued({"i": 100})
    for n, (what, how) in enumerate(told):
        till.apply(refund(what, n, **NAMES.get(how, BOTH)))
    assert till.standing == standing


def test_captures_add_up_and_can_turn_out_not_to_be_any():
    till = Till()
    for n, (capture, minor) in enumerate((("c1", 400), ("c2", 600), ("c1", 400))):
        till.apply(fact("payment.captured", n, capture_id=capture, amount=money(minor)))
    assert till.standing.captured == 1000
    till.apply(fact("payment.capture_failed", 4, capture_id="c2", amount=money(600)))
    assert till.standing.captured == 400

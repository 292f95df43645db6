"""A request that nobody has made is decided like one that somebody made."""

from datetime import UTC, datetime, timedelta

import pytest

from app.backtest.preview import NoRequestError, Wanted, preview
from app.backtest.world import World
from tests.backtest.telling import START, desk, lines, of_order, policies
from tests.domain.events import amount, asked, captured, full, line, placed
from tests.domain.events import lines as units_of

BOUGHT = (placed(line("l1", "60.00", 2, kind="digital"), line("l2", "40.00", kind="gift_card")), captured("100.00"))
GIFT = "  - {name: gifts, when: \"'gift_card' in request.kinds\", then: review, reason: rule_review}\n"


def shown(tmp_path, *orders, order_id: str = "a", rules: str = GIFT, **wanted):
    book = policies(tmp_path / "p", rules)
    return preview(lines(*orders), Wanted(order_id, wanted.pop("scope", full()), **wanted), desk(book))


@pytest.mark.parametrize(
    ("scope", "outcome", "minor"),
    [
        (full(), "held", 10000),
        (units_of(l1=1), "approved", 3000),
        (units_of(l2=1), "held", 4000),
        (amount("12.34", "l1"), "approved", 1234),
        (amount("60.01", "l1"), "denied", 0),
        (units_of(l1=3), "denied", 0),
    ],
)
def test_a_preview_says_what_the_same_request_would_get(tmp_path, scope, outcome, minor):
    decision = shown(tmp_path, of_order("a", *BOUGHT), scope=scope)
    assert (decision["type"], decision["amount"]["amount_minor"]) == (f"refund.{outcome}", minor)
    world = World(desk(policies(tmp_path / "q", GIFT)), scratch=tmp_path)
    for one in lines(of_order("a", *BOUGHT, asked("r1", scope, reason="changed_mind"))):
        world.hear(one)
    (real,) = world.finish().values()
    assert (real.outcome, real.code) == (outcome, decision["reasons"][0]["code"])
    assert sum(row["gross_minor"] for row in decision["breakdown"]) == minor


def test_a_preview_stands_on_what_was_given_back_before(tmp_path):
    before = of_order("a", *BOUGHT, asked("r1", units_of(l1=1)))
    decision = shown(tmp_path, before, scope=units_of(l1=2))
    assert decision["reasons"][0]["code"] == "quantity_exceeded"


def test_a_preview_can_ask_at_another_time(tmp_path):
    decision = shown(tmp_path, of_order("a", *BOUGHT), scope=units_of(l1=1), at=START + timedelta(days=31))
    assert decision["reasons"][0]["code"] == "window_expired"
    assert datetime.fromisoformat(decision["occurred_at"]) == datetime(2026, 2, 5, 12, tzinfo=UTC)


def test_of_two_merchants_with_the_same_order_id_one_must_be_named(tmp_path):
    twice = (of_order("a", *BOUGHT), of_order("a", *BOUGHT, merchant_id="m2"))
    with pytest.raises(NoRequestError, match="several merchants have an order of this id: m1, m2"):
        shown(tmp_path, *twice)
    assert shown(tmp_path, *twice, merchant_id="m2")["merchant_id"] == "m2"


@pytest.mark.parametrize(
    ("wanted", "why"),
    [
        ({"order_id": "b"}, "the events know no such order"),
        ({"scope": {"kind": "all"}}, "scope.kind: expected one of"),
        ({"scope": {"kind": "lines", "lines": []}}, "scope.lines"),
        ({"reason": "whim"}, "reason: expected one of"),
    ],
)
def test_what_is_no_request_is_refused_in_words(tmp_path, wanted, why):
    with pytest.raises(NoRequestError, match=why):
        shown(tmp_path, of_order("a", *BOUGHT), **wanted)

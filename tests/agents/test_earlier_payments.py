"""Earlier payments of a customer become evidence in a dispute of a later one, from messages to messages."""

from decimal import Decimal
from typing import Any

import pytest

from app.domain.policy import BUILT_IN
from app.domain.policy_terms import Disputes
from tests.agents.shop import Shop
from tests.domain.dated import moment
from tests.domain.events import Said, asked, capture_failed, captured, dispute, erased, fraud_reported, line, placed
from tests.domain.stories import policy

ANN = {"ip": "192.0.2.7", "device_id": "phone", "account_id": "ann"}
LAST_YEAR, DISPUTED = "2026-01-10T12:00:00Z", "2026-07-01T12:00:00Z"


def answering(**more: Any):
    """The built-in's terms of disputes, answered by policy."""
    base = {name: getattr(BUILT_IN.disputes, name) for name in BUILT_IN.disputes.__struct_fields__}
    return policy(disputes=Disputes(**base | {"auto_respond": True} | more))


def bought(order: str, at: str, shopper: dict[str, str] | None = None) -> list[Said]:
    """An order of Ann's and its payment."""
    method = {"kind": "card", "network": "visa", "last4": "4242", "fingerprint": "card"}
    return [
        placed(line("l1", "100.00"), customer_id="ann").but(order_id=order).at(at),
        captured("100.00", f"p-{order}", order_id=order, shopper=ANN | (shopper or {})).but(method=method).at(at),
    ]


def tell(shop: Shop, *events: Said) -> None:
    """Publishes events as their times come."""
    for said in events:
        shop.later(seconds=max(0.0, (moment(said.body["occurred_at"]) - shop.now).total_seconds()))
        shop.publish(said)


def contested(reason_code: str = "10.4", order: str = "o3", **more: Any) -> Said:
    return dispute("opened", "100.00", payment_id=f"p-{order}", reason_code=reason_code, **more).at(DISPUTED)


def shop_with(*said: Said, terms=None) -> Shop:
    """Ann bought o1 and o2 half a year ago, and o3 now; then this happened."""
    shop = Shop(**({"terms": terms} if terms else {}))
    before = [*bought("o1", LAST_YEAR), *bought("o2", "2026-01-11T12:00:00Z"), *bought("o3", "2026-06-20T12:00:00Z")]
    tell(shop, *before, *said)
    return shop


def told(shop: Shop) -> list[tuple[int, str | None, list[str]]]:
    """Revision, status and earlier payments of each alert."""
    alerts = shop.bodies("chargeback-alerts", "dispute.action_required")
    found = [(body["revision"], body["compelling_evidence"]) for body in alerts]
    return [(n, e and e["status"], e["prior_payment_ids"] if e else []) for n, e in found]


@pytest.mark.parametrize("order", ["o2", "a/~b"])
def test_an_earlier_payment_is_told_with_its_order_whatever_that_is_called(order):
    shop = Shop()
    tell(shop, *bought(order, LAST_YEAR), *bought("o3", "2026-06-20T12:00:00Z"), contested())
    (answer,) = shop.bodies("case-events", "history.answered")
    assert [(told["payment_id"], told["order_id"]) for told in answer["payments"]] == [(f"p-{order}", order)]


def test_the_first_alert_waits_for_nothing_and_the_next_carries_the_earlier_payments():
    shop = shop_with(contested())
    assert told(shop) == [(1, None, []), (2, "qualified", ["p-o2", "p-o1"])]
    first, second = shop.bodies("chargeback-alerts", "dispute.action_required")
    assert second["compelling_evidence"]["matches"] == ["ip", "device_id", "account_id"]
    assert second["compelling_evidence"]["missing"] == []
    shown = [(item["event_id"], item["value"]["payment_id"]) for item in second["evidence"]["have"]]
    assert shown == [("e4", "p-o2"), ("e2", "p-o1")]
    assert "compelling_evidence" in first["evidence"]["missing"]
    assert "compelling_evidence" not in second["evidence"]["missing"]
    # 0.20 of fraud; -0.20 without any proof, then +0.40 with compelling evidence: 0.60 x 115.00 - 30.00
    chances = [(Decimal(body["recommendation"]["win_probability"]), body["recommendation"]) for body in (first, second)]
    assert [(p, a["expected_value_minor"], a["action"]) for p, a in chances] == [
        (Decimal(0), -3000, "accept"), (Decimal("0.60"), 3900, "contest"),
    ]  # fmt: skip
    assert second["cause"] == first["cause"] == {"topic": "disputes", "event_id": "e7"}


@pytest.mark.parametrize("other", ["13.1", "10.5", None])
def test_other_reason_codes_ask_for_no_earlier_payments(other):
    shop = shop_with(contested().but(reason_code=other))
    assert told(shop) == [(1, None, [])]
    assert "compelling_evidence" not in shop.bodies("chargeback-alerts")[0]["evidence"]["missing"]


def test_what_answered_an_inquiry_s_code_is_no_answer_to_the_other_code_of_its_chargeback():
    inquired = dispute("inquired", "100.00", payment_id="p-o3", reason_code="10.4").but(category=None).at(DISPUTED)
    shop = shop_with(inquired, contested("13.1").but(category=None))
    assert [status for _, status, _ in told(shop)] == [None, "qualified", None]
    # not received: 0.55, less 0.20 without any proof
    assert shop.bodies("chargeback-alerts")[-1]["recommendation"]["win_probability"] == "0.35"


@pytest.mark.parametrize(
    ("doubted", "left"),
    [
        (dispute("opened", "100.00", dispute_id="d0", payment_id="p-o1", reason_code="13.1"), ["p-o2"]),
        (fraud_reported(payment_id="p-o1"), ["p-o2"]),
        (capture_failed("100.00", "p-o1"), ["p-o2"]),
    ],
)
def test_an_earlier_payment_that_is_doubted_does_not_count(doubted, left):
    shop = shop_with(doubted.at("2026-03-01T12:00:00Z"), contested())
    assert [row for row in told(shop) if row[1]] == [(2, "needs_more", left)]


def test_another_device_and_address_are_one_element_short():
    shop = Shop()
    elsewhere = {"ip": "198.51.100.1", "device_id": "laptop"}
    tell(
        shop,
        *bought("o1", LAST_YEAR, elsewhere),
        *bought("o2", LAST_YEAR),
        *bought("o3", "2026-06-20T12:00:00Z"),
        contested(),
    )
    last = shop.bodies("chargeback-alerts")[-1]
    assert last["compelling_evidence"] == {
        "status": "needs_more",
        "prior_payment_ids": ["p-o1", "p-o2"],
        "matches": ["account_id"],
        "missing": ["ip", "device_id"],
    }
    assert "compelling_evidence" in last["evidence"]["missing"]


def test_an_order_that_comes_after_its_payment_and_its_dispute_is_heard_of_all_the_same():
    shop = Shop()
    for order in ("o1", "o2"):
        tell(shop, *bought(order, LAST_YEAR)[::-1])
    order, payment = bought("o3", "2026-06-20T12:00:00Z")
    tell(shop, payment, contested(), order.at("2026-07-01T13:00:00Z"))
    assert told(shop) == [(1, None, []), (2, "qualified", ["p-o1", "p-o2"])]


def test_a_dispute_that_came_before_its_order_spoils_its_payment_as_evidence():
    shop = Shop()
    first = bought("o1", LAST_YEAR)
    early = dispute("opened", "100.00", dispute_id="d0", payment_id="p-o1", reason_code="13.1", order_id="o1")
    tell(shop, first[1], early.at(LAST_YEAR), first[0], *bought("o2", LAST_YEAR), *bought("o3", "2026-06-20T12:00:00Z"))
    tell(shop, contested())
    assert told(shop)[-1] == (2, "needs_more", ["p-o2"])


def test_nothing_of_who_paid_is_kept_as_it_was_told():
    shop = shop_with(contested())
    for out in shop.outputs:
        assert not any(value.encode() in (out.value or b"") for value in ("192.0.2.7", '"phone"'))


def test_an_erased_customer_has_no_earlier_payments_and_nobody_asks_for_them():
    shop = shop_with(erased("ann", "gone-1").at("2026-06-30T12:00:00Z"), contested())
    assert told(shop) == [(1, None, [])]


def test_the_next_stage_asks_anew():
    shop = shop_with(contested())
    late = dispute("opened", "100.00", dispute_id="d0", payment_id="p-o1", reason_code="13.1").at(
        "2026-07-05T12:00:00Z"
    )
    tell(shop, late, dispute("escalated", stage="pre_arbitration", payment_id="p-o3").at("2026-07-20T12:00:00Z"))
    assert told(shop)[-1][1:] == ("needs_more", ["p-o2"])


# --- answered by policy


def instructed(shop: Shop) -> list[str]:
    return [body["type"] for body in shop.bodies("dispute-instructions")]


def test_an_answer_by_policy_waits_for_the_history_instead_of_giving_in():
    shop = shop_with(contested(), terms=answering())
    assert instructed(shop) == ["dispute.submit_evidence"]
    assert [item["item"] for item in shop.bodies("dispute-instructions")[0]["evidence"]] == ["compelling_evidence"] * 2


def test_an_answer_by_policy_that_the_history_does_not_turn_is_given_once():
    shop = Shop(terms=answering())
    tell(shop, *bought("o3", "2026-06-20T12:00:00Z"), contested())
    assert told(shop) == [(1, None, []), (2, "needs_more", [])]
    assert instructed(shop) == ["dispute.accept"]
    shop.later(days=1)
    assert instructed(shop) == ["dispute.accept"]


def test_an_opening_stated_for_the_year_2999_takes_nothing_out_of_the_history_of_its_customer():
    shop = Shop()
    shop.publish(placed(customer_id="c1"), captured("200.00", order_id="o1", network="visa"), asked())
    before = set(shop.rows("customers")["m1/c1"].facts)
    shop.publish(dispute("opened", "200.00", opened_at="2999-12-31T00:00:00Z"))
    facts = shop.rows("customers")["m1/c1"].facts
    assert before < set(facts)
    assert sum(fact.kind == "dispute_opened" for fact in facts.values()) == 1

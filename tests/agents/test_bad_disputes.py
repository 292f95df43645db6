"""What publishers get wrong about disputes: accepted with a flag, or a dead letter with a code; nothing stops."""

import pytest

from tests.agents.shop import Shop
from tests.domain.events import Said, alert, asked, captured, dispute, fraud_reported, placed

PAID = (placed(), captured("100.00", order_id="o1", network="visa"))


def opened(**more):
    return dispute("opened", "40.00", **more)


def without(said: Said, *names: str) -> Said:
    return Said(said.topic, {name: value for name, value in said.body.items() if name not in names})


# what is wrong, the flag of the case, and what the payment can still give back
ACCEPTED = {
    "a network that nobody knows": (opened(network="acme"), "network_unknown", "60.00"),
    "a network that nobody knows, of an alert": (
        alert("40.00", source="rdr").but(network="acme"),
        "network_unknown",
        "60.00",
    ),
    "a network that nobody knows, of a report": (fraud_reported().but(network="acme"), "network_unknown", "100.00"),
    "a category that nobody knows": (opened(category="weather"), "category_unknown", "60.00"),
    "a reason that nobody knows": (opened(category=None, reason_code="99.9"), "reason_code_unknown", "60.00"),
    "a deadline in the past": (opened(respond_by="2020-01-01T00:00:00Z"), "deadline_in_past", "60.00"),
    "an opening to come": (opened(opened_at="2030-01-01T00:00:00Z"), "opened_in_future", "60.00"),
    "an amount of zero": (dispute("opened", "0.00"), "amount_is_zero", "100.00"),
    "an alert of zero": (alert("0.00", source="ethoca"), "amount_is_zero", "100.00"),
    "another currency than the payment's": (dispute("opened", "40.00 USD"), "currency_differs", "0.00"),
}
REFUSED = {
    "a stage that nobody knows": (opened(stage="retrial"), "invalid_field", "stage"),
    "a stage that nobody knows, of an escalation": (dispute("escalated", stage="retrial"), "invalid_field", "stage"),
    "neither reason nor category": (opened(category=None), "invalid_field", "reason_code"),
    "no amount": (without(opened(), "amount"), "invalid_field", "amount"),
    "no amount of an inquiry": (without(dispute("inquired", "1.00"), "amount"), "invalid_field", "amount"),
    "an amount below zero": (dispute("opened", "-0.01"), "invalid_field", "amount.amount_minor"),
    "a currency without a unit": (dispute("opened", "40.00 XAU"), "unknown_currency", "amount.currency"),
    "neither payment nor order": (without(opened(), "payment_id"), "invalid_field", "payment_id"),
    "a source that nobody knows": (alert("40.00", source="acme"), "invalid_field", "source"),
}


def left(shop: Shop) -> str:
    (payment,) = shop.snapshot()["payments"]
    return f"{payment['refundable_minor'] // 100}.{payment['refundable_minor'] % 100:02}"


@pytest.mark.parametrize(("said", "flag", "rest"), ACCEPTED.values(), ids=ACCEPTED)
def test_it_is_accepted_with_a_flag(said, flag, rest):
    shop = Shop()
    shop.publish(*PAID, said)
    assert not shop.letters()
    assert shop.snapshot()["flags"] == [flag]
    assert left(shop) == rest
    shop.publish(asked())
    assert shop.bodies("refund-decisions")


@pytest.mark.parametrize(("said", "code", "path"), REFUSED.values(), ids=REFUSED)
def test_it_is_a_dead_letter_and_nothing_else_changes(said, code, path):
    shop = Shop()
    shop.publish(*PAID)
    before = shop.snapshot()
    shop.publish(said)
    (letter,) = shop.letters()
    assert (letter.code, letter.headers["refundry-path"].decode()) == (code, path)
    assert shop.snapshot() == before
    shop.publish(opened())
    assert left(shop) == "60.00"


def test_a_deadline_in_the_past_is_told_and_the_dispute_has_expired():
    shop = Shop()
    shop.publish(*PAID, opened(respond_by="2020-01-01T00:00:00Z"))
    told = [(body["type"], body.get("flags")) for body in shop.bodies("chargeback-alerts")]
    assert told == [("dispute.action_required", ["deadline_in_past"]), ("dispute.closed", None)]


def test_a_person_is_asked_what_to_do_about_an_alert_of_nothing_and_nothing_is_refunded():
    shop = Shop()
    shop.publish(*PAID, alert("0.00", source="ethoca"))
    assert [body["type"] for body in shop.bodies("chargeback-alerts")] == ["pre_dispute.action_required"]
    assert not shop.bodies("refund-decisions")


def test_the_payment_of_another_merchant_is_not_theirs_to_dispute():
    shop = Shop()
    shop.publish(*PAID, opened().but(merchant_id="m2"))
    before = shop.snapshot()
    shop.later(hours=2)
    assert shop.snapshot() == before
    assert left(shop) == "100.00"
    (unmatched,) = shop.bodies("chargeback-alerts")
    assert (unmatched["type"], unmatched["merchant_id"], unmatched["payment_id"]) == ("dispute.unmatched", "m2", "p1")
    assert shop.snapshot("m2/~p1")["disputes"][0]["dispute_id"] == "d1"

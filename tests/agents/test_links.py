"""Payment to order: what names no order waits with its payment, is released by the link, or is on its own."""

from datetime import timedelta

import pytest

from agents import assemble
from tests.agents.shop import Shop, at
from tests.domain.events import amount, asked, captured, dispute, of_payments, placed, refund
from tests.domain.stories import policy
from topics.partitioning import partition_of

LINKED = of_payments("payment.linked", "p1", order_id="o1")


def case_ids(shop: Shop) -> set[str]:
    return set(shop.rows("cases"))


def test_an_event_that_names_its_order_goes_to_its_case_and_brings_its_payment_there():
    shop = Shop()
    shop.publish(
        placed(),
        captured("100.00", order_id="o1"),
        dispute("inquired", "1.00"),
        refund("succeeded", "1.00", refund_id="x1"),
    )
    assert case_ids(shop) == {"m1/o1"}
    assert shop.snapshot()["payments"][0]["refunded_minor"] == 100


@pytest.mark.parametrize(
    "link",
    [
        LINKED,
        of_payments(
            "payment.captured",
            "p1",
            order_id="o1",
            capture_id="c2",
            amount={"amount_minor": 1, "currency": "EUR"},
            method={"kind": "card"},
        ),
    ],
)
def test_what_waits_is_released_in_its_order_when_the_link_comes(link):
    shop = Shop()
    shop.publish(
        placed(),
        captured("100.00"),
        refund("submitted", "10.00", refund_id="x1"),
        dispute("opened", "20.00"),
        refund("succeeded", "10.00", refund_id="x1"),
    )
    assert case_ids(shop) == {"m1/o1"}
    assert not shop.snapshot()["payments"]
    shop.publish(link)
    (payment,) = shop.snapshot()["payments"]
    assert (payment["refunded_minor"], payment["claimed_minor"]) == (1000, 2000)
    assert case_ids(shop) == {"m1/o1"}
    assert shop.rows("links")["m1/p1"].held == []


def test_what_was_released_does_not_become_a_case_of_its_own_later():
    shop = Shop()
    shop.publish(placed(), captured("100.00"), LINKED)
    shop.later(hours=3)
    assert case_ids(shop) == {"m1/o1"}
    assert not shop.bodies("chargeback-alerts", "payment.unlinked")


def test_after_its_wait_a_payment_is_a_case_of_its_own():
    shop = Shop()
    shop.publish(captured("100.00"), dispute("opened", "30.00"))
    assert not shop.later(minutes=59)
    shop.later(minutes=2)
    assert case_ids(shop) == {"m1/~p1"}
    (said,) = shop.bodies("chargeback-alerts", "payment.unlinked")
    assert (said["payment_id"], said["order_id"], said["amount"]["amount_minor"]) == ("p1", None, 10000)
    assert shop.bodies("chargeback-alerts", "dispute.action_required", dispute_id="d1")
    assert not shop.bodies("chargeback-alerts", "dispute.unmatched")
    (booked,) = shop.bodies("ledger-entries", kind="captured")
    assert booked["order_id"] is None
    assert shop.snapshot("m1/~p1")["payments"][0]["claimed_minor"] == 3000


def test_a_dispute_of_a_payment_that_nobody_knows_is_alerted_within_an_hour():
    shop = Shop()
    shop.publish(dispute("opened", "30.00", respond_by="2026-01-20T00:00:00Z"), dispute("funds_withdrawn", "30.00"))
    shop.later(hours=1)
    (said,) = shop.bodies("chargeback-alerts", "dispute.unmatched")
    assert (said["dispute_id"], said["payment_id"], said["respond_by"]) == ("d1", "p1", "2026-01-20T00:00:00Z")


def test_a_payment_on_its_own_stays_there_and_a_later_link_is_recorded():
    shop = Shop()
    shop.publish(placed(), captured("100.00"))
    shop.later(hours=2)
    shop.publish(LINKED, refund("succeeded", "10.00", refund_id="x1"))
    assert shop.snapshot("m1/~p1")["payments"][0]["refunded_minor"] == 1000
    assert shop.bodies("chargeback-alerts", "payment.unlinked", order_id="o1")
    shop.publish(asked())
    assert shop.bodies("refund-decisions")[-1]["waiting_for"] == "payment"


@pytest.mark.parametrize(
    "first",
    [
        LINKED,
        captured("100.00", order_id="o1"),
        of_payments(
            "payment.authorized",
            "p1",
            order_id="o1",
            amount={"amount_minor": 1, "currency": "EUR"},
            method={"kind": "card"},
        ),
    ],
    ids=["linked", "captured", "authorized"],
)
@pytest.mark.parametrize(
    "second",
    [of_payments("payment.linked", "p1", order_id="o2"), captured("100.00", order_id="o2", capture_id="c9")],
    ids=["linked", "captured"],
)
def test_the_first_link_wins_and_another_order_is_a_conflict(first, second):
    shop = Shop()
    shop.publish(placed(), first, second)
    (letter,) = shop.letters()
    assert (letter.code, letter.key, letter.headers["refundry-path"]) == ("link_conflict", b"p1", b"order_id")
    assert letter.headers["refundry-topic"] == b"payments"
    assert "m1/o2" not in case_ids(shop)


def test_the_same_link_again_is_no_conflict():
    shop = Shop()
    shop.publish(placed(), LINKED, LINKED, captured("100.00"))
    assert not shop.letters()
    assert shop.snapshot()["payments"][0]["captured_minor"] == 10000


def test_a_dispute_that_names_the_order_alone_goes_to_its_case():
    shop = Shop()
    shop.publish(
        placed(),
        captured("100.00", order_id="o1"),
        dispute("opened", "100.00", payment_id=None, order_id="o1"),
        asked(),
    )
    assert shop.bodies("refund-decisions")[-1]["waiting_for"] == "dispute"


def test_payments_of_other_merchants_are_other_payments():
    shop = Shop()
    shop.publish(placed(), captured("100.00", order_id="o1"), captured("50.00", order_id="o1").but(merchant_id="m2"))
    assert case_ids(shop) == {"m1/o1", "m2/o1"}
    assert not shop.letters()


@pytest.mark.parametrize("held", [1, 150])
def test_a_payment_for_which_too_much_waits_is_on_its_own_at_once_and_loses_nothing(held):
    shop = Shop()
    shop.publish(captured("100.00"), *(refund("succeeded", "0.01", refund_id=f"x{n}") for n in range(held)))
    shop.later(hours=2)
    (payment,) = shop.snapshot("m1/~p1")["payments"]
    assert payment["refunded_minor"] == held


def test_the_wait_counts_from_the_record_and_the_policy_says_how_long():
    terms = policy()
    shop = Shop(policy(waits=terms.waits | {"link": timedelta(minutes=5)}))
    shop.publish(captured("100.00"))
    shop.later(minutes=4)
    assert not case_ids(shop)
    shop.later(minutes=2)
    assert case_ids(shop) == {"m1/~p1"}


def test_an_order_that_comes_last_is_decided_like_one_that_came_first():
    late, early = Shop(), Shop()
    late.publish(captured("100.00", order_id="o1"), placed(), asked(scope=amount("10.00")))
    early.publish(placed(), captured("100.00", order_id="o1"), asked(scope=amount("10.00")))
    for shop in (late, early):
        (decided,) = shop.bodies("refund-decisions")
        assert (decided["type"], decided["amount"]["amount_minor"]) == ("refund.approved", 1000)


def test_what_waits_for_its_order_is_counted_as_held_and_its_age_is_known():
    shop = Shop()
    shop.publish(captured("100.00"), captured("50.00", payment_id="p2"))
    assert shop.desk.results == {("payments", "held"): 2}
    first, second = (shop.rows("links")[key] for key in ("m1/p1", "m1/p2"))
    held_since = next(spec.held_since for spec in assemble(shop.desk).tables if spec.name == "links")
    assert (held_since(first), held_since(second)) == (at("2026-01-05T12:00:01Z"), at("2026-01-05T12:00:02Z"))
    shop.publish(of_payments("payment.linked", "p1", order_id="o1"))
    assert shop.desk.results == {("payments", "held"): 2, ("payments", "applied"): 2}
    assert held_since(shop.rows("links")["m1/p1"]) is None


def test_what_the_table_of_links_refuses_is_counted():
    shop = Shop(partitions=8)
    key = next(f"p{number}" for number in range(8) if partition_of(b"p%d" % number, 8) != 0)
    shop.publish(captured("1.00", payment_id=key))  # the log has all in its partition 0
    assert [letter.code for letter in shop.letters()] == ["wrong_partition"]
    assert shop.desk.results == {("payments", "dead_lettered"): 1}

"""What a case can show in a dispute, by category; which event proves it; and that what comes later is told again."""

import pytest

from app.domain.disputes.evidence import BY_CATEGORY
from app.domain.disputes.exhibits import EXHIBITS
from app.domain.snapshot import snapshot
from tests.domain.dated import moment
from tests.domain.disputed import OPENED, alerts, case_of, have, missing, opened
from tests.domain.events import (
    amended,
    asked,
    authorized,
    came_back,
    captured,
    delivered,
    dispute,
    fulfilled,
    line,
    of_orders,
    refund,
    sent_back,
)
from tests.domain.stories import Story

PROVEN = {"event_id": "the proof"}
THREE_D_SECURE = {"three_d_secure": "authenticated", "eci": "05", "liability_shifted": True}


def charged(**more):
    """A second capture, which brings what the first did not say."""
    return captured("1.00", capture_id="c2", network="visa", **more)


USED = of_orders("service.used", line_id="l1").but(**PROVEN)
CANCELLED = of_orders("subscription.cancelled", line_id="l1", effective="immediate")
PAID_BACK = refund("succeeded", "50.00", refund_id="x1", acquirer_reference_number="arn-1").but(**PROVEN)
TO_THE_DOOR = {"signed": True, "photo": False, "address_match": "full"}


@pytest.mark.parametrize(
    ("category", "item", "events"),
    [
        ("fraudulent", "three_d_secure", [charged(authentication=THREE_D_SECURE).but(**PROVEN)]),
        ("fraudulent", "three_d_secure", [authorized("1.00", authentication=THREE_D_SECURE).but(**PROVEN)]),
        (
            "fraudulent",
            "three_d_secure",
            [charged(authentication=THREE_D_SECURE | {"three_d_secure": "attempted"}).but(**PROVEN)],
        ),
        ("fraudulent", "delivery_to_checked_address", [fulfilled(), delivered("sh1").but(proof=TO_THE_DOOR, **PROVEN)]),
        ("fraudulent", "use_of_service", [USED]),
        ("authorization", "three_d_secure", [charged(authentication=THREE_D_SECURE).but(**PROVEN)]),
        ("product_not_received", "proof_of_delivery", [fulfilled(), delivered("sh1").but(**PROVEN)]),
        ("product_not_received", "proof_of_delivery", [delivered().but(**PROVEN)]),
        ("subscription_canceled", "use_of_service", [CANCELLED, USED]),
        ("credit_not_processed", "refund_paid", [PAID_BACK]),
    ],
)
def test_each_proof_names_the_event_that_it_rests_on(category, item, events):
    story = case_of(*events).on(OPENED, opened(category))
    assert have(story).get(item) == ["the proof"]
    assert item not in missing(story)


@pytest.mark.parametrize(
    ("category", "items", "events"),
    [
        ("fraudulent", {"three_d_secure", "delivery_to_checked_address", "use_of_service"}, []),
        ("fraudulent", {"three_d_secure"}, [charged(authentication={"three_d_secure": "none"})]),
        (
            "fraudulent",
            {"delivery_to_checked_address"},
            [delivered().but(proof=TO_THE_DOOR | {"address_match": "postcode"})],
        ),
        ("fraudulent", {"delivery_to_checked_address"}, [delivered()]),
        ("product_not_received", {"proof_of_delivery"}, []),
        ("product_not_received", {"proof_of_delivery"}, [fulfilled()]),  # sent is not delivered
        ("product_unacceptable", {"no_return_attempted"}, [delivered(), sent_back()]),
        ("product_unacceptable", {"no_return_attempted"}, [delivered(), came_back()]),
        ("subscription_canceled", {"use_of_service"}, [CANCELLED]),
        ("subscription_canceled", {"use_of_service"}, [USED]),  # nobody cancelled
        ("subscription_canceled", {"use_of_service"}, [USED, CANCELLED]),  # only before
        ("credit_not_processed", {"refund_paid"}, []),
        ("credit_not_processed", {"refund_paid"}, [refund("submitted", "50.00", refund_id="x1")]),
        ("credit_not_processed", {"refund_paid"}, [PAID_BACK, refund("reversed", "50.00", refund_id="x1")]),
        ("duplicate", {"distinct_shipment"}, [fulfilled(), delivered("sh1")]),  # one is no second one
    ],
)
def test_what_there_is_no_proof_of_is_missing(category, items, events):
    story = case_of(*events).on(OPENED, opened(category))
    assert items <= missing(story)
    assert items.isdisjoint(have(story))


def test_goods_are_described_and_nobody_tried_to_return_them():
    story = case_of(delivered()).on(OPENED, opened("product_unacceptable"))
    assert {"order_description", "no_return_attempted"} <= set(have(story))
    assert not missing(story)


def test_two_deliveries_show_that_it_was_charged_twice_for_two_things():
    shipped = [fulfilled("sh1", l1=1), fulfilled("sh2", l2=1)]
    arrived = [delivered("sh1").but(event_id="one"), delivered("sh2").but(event_id="two")]
    story = case_of(*shipped, *arrived).on(OPENED, opened("duplicate"))
    assert have(story)["distinct_shipment"] == ["one", "two"]


@pytest.mark.parametrize("category", ["credit_not_processed", "product_not_received", "fraudulent", "general"])
def test_a_refund_is_shown_with_amount_date_and_reference_whatever_the_dispute_is_about(category):
    story = case_of().on("2026-01-20T09:00Z", PAID_BACK).on(OPENED, opened(category))
    (item,) = [one for one in alerts(story)[-1]["evidence"]["have"] if one["item"] == "refund_paid"]
    assert item["occurred_at"] == moment("2026-01-20T09:00:00Z")
    assert item["value"]["amount"] == {"amount_minor": 5000, "currency": "EUR"}
    assert "arn-1" in str(item["value"])


def test_why_no_credit_was_due_is_evidence_too():
    final = amended(line("l1", "300.00", final_sale=True), line("l2", "100.00", final_sale=True))
    story = case_of(final).on("2026-01-30T12:00Z", asked("r1", reason="changed_mind").but(**PROVEN))
    assert story.case.requests["r1"].status == "denied"
    story.on(OPENED, opened("credit_not_processed"))
    assert ["the proof"] in have(story).values()
    assert "final_sale" in str(alerts(story)[-1]["evidence"]["have"])


def test_use_before_the_cancellation_is_no_use_after_it():
    later = of_orders("service.used", line_id="l1").but(event_id="later")
    story = case_of(USED, CANCELLED, later).on(OPENED, opened("subscription_canceled"))
    assert have(story)["use_of_service"] == ["later"]
    story = case_of(CANCELLED).on("2026-02-03T12:00Z", USED).when(opened("subscription_canceled", opened_at=OPENED))
    assert missing(story) == {"use_of_service"}  # after the dispute


CATEGORIES = (
    "fraudulent",
    "authorization",
    "duplicate",
    "product_not_received",
    "product_unacceptable",
    "subscription_canceled",
    "credit_not_processed",
    "unrecognized",
    "general",
)


@pytest.mark.parametrize("category", CATEGORIES)
def test_where_no_order_is_known_the_dispute_is_told_with_what_the_payment_shows(category):
    story = Story(case_id="m1/~p1").given(captured("400.00", network="visa", authentication=THREE_D_SECURE))
    story.when(opened(category))
    (alert,) = alerts(story)
    assert alert["category"] == category
    assert set(have(story)) == ({"three_d_secure"} if category in ("fraudulent", "authorization") else set())


def test_an_unknown_category_is_general_and_flagged():
    story = case_of().on(OPENED, opened("never heard of"))
    assert alerts(story)[-1]["category"] == "general"
    assert any("category" in flag for flag in story.case.flags)


# --- what comes later


@pytest.mark.parametrize(
    ("category", "item", "event"),
    [
        ("product_not_received", "proof_of_delivery", delivered()),
        ("fraudulent", "delivery_to_checked_address", delivered().but(proof=TO_THE_DOOR)),
        ("credit_not_processed", "refund_paid", PAID_BACK),
    ],
)
def test_evidence_that_comes_after_the_opening_is_told_as_a_new_revision(category, item, event):
    story = case_of().on(OPENED, opened(category))
    assert [alert["revision"] for alert in alerts(story)] == [1]
    assert item in missing(story)
    story.on("2026-02-04T12:00Z", event)
    assert [alert["revision"] for alert in alerts(story)] == [1, 2]
    assert item in have(story)


def test_evidence_that_is_gone_is_told_as_a_new_revision():
    story = case_of(PAID_BACK).on(OPENED, opened("credit_not_processed"))
    story.on("2026-02-04T12:00Z", refund("reversed", "50.00", refund_id="x1"))
    assert [alert["revision"] for alert in alerts(story)] == [1, 2]
    assert "refund_paid" in missing(story)
    story = case_of(delivered()).on(OPENED, opened("product_unacceptable")).on("2026-02-04T12:00Z", sent_back())
    assert [alert["revision"] for alert in alerts(story)] == [1, 2]
    assert "no_return_attempted" in missing(story)


def test_another_advice_is_told_as_a_new_revision():
    story = case_of().on(OPENED, opened("general", "40.00"))  # 0.35 x 55.00 - 30.00
    story.on("2026-02-04T12:00Z", PAID_BACK)  # 0.65 x 55.00 - 30.00
    assert [alert["recommendation"]["action"] for alert in alerts(story)] == ["accept", "contest"]


@pytest.mark.parametrize(
    ("category", "event"),
    [
        ("general", fulfilled()),
        ("fraudulent", delivered()),  # to nobody's checked address
        ("product_not_received", fulfilled()),
        ("credit_not_processed", refund("submitted", "50.00", refund_id="x1")),
        ("general", dispute("funds_withdrawn", "200.00")),
        ("general", asked("r1", {"kind": "amount", "amount": {"amount_minor": 100, "currency": "EUR"}})),
    ],
)
def test_what_changes_neither_action_nor_deadline_nor_evidence_is_not_told_again(category, event):
    story = case_of().on(OPENED, opened(category)).on("2026-02-04T12:00Z", event)
    assert [alert["revision"] for alert in alerts(story)] == [1]


@pytest.mark.parametrize("end", ["won", "lost", "accepted", "withdrawn"])
def test_a_dispute_that_ended_is_not_told_again(end):
    story = case_of().on(OPENED, opened("product_not_received"), dispute(end)).on("2026-02-04T12:00Z", delivered())
    assert [alert["revision"] for alert in alerts(story)] == [1]


def test_every_item_that_is_looked_for_or_found_has_its_words():
    names = {source.name for sources in BY_CATEGORY.values() for source in sources}
    assert names | {"no_credit_due"} == set(EXHIBITS)
    assert all(all(text.strip() for text in exhibit) for exhibit in EXHIBITS.values())


def test_a_snapshot_holds_what_there_is_to_show_in_a_dispute():
    story = case_of(fulfilled(), delivered("sh1").but(**PROVEN)).on(OPENED, opened("product_not_received"))
    (told,) = snapshot(story.case).body["disputes"]
    assert [(item["item"], item["event_id"]) for item in told["evidence"]["have"]] == [
        ("proof_of_delivery", "the proof")
    ]
    assert (told["payment_id"], told["network"], told["category"]) == ("p1", "visa", "product_not_received")
    assert told["opened_at"] == moment(OPENED)
    assert told["compelling_evidence"] is None

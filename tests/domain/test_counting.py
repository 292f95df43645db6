"""What the programmes of the networks are told of a case: each thing once, in the month in which it happened."""

import pytest

from app.domain.records import Counted, Reported
from tests.domain.dated import Dated, moment
from tests.domain.events import alert, capture_failed, captured, dispute, fraud_reported, placed, refund
from tests.domain.stories import given

CAPTURED, HEARD = "2026-01-31T12:00:00Z", "2026-02-01T12:00:00Z"


def counted(story, kind):
    return [(one.network, one.payment_id, one.at) for one in story.all if isinstance(one, Counted) and one.kind == kind]


@pytest.mark.parametrize(
    ("kind", "event"),
    [
        ("dispute", dispute("opened", "10.00")),
        ("dispute", dispute("opened", "10.00", payment_id=None, order_id="o1")),
        ("fraud_report", fraud_reported()),
        ("fraud_report", fraud_reported().but(payment_id=None, order_id="o1")),
    ],
)
def test_what_came_before_its_payment_is_counted_once_and_in_its_own_month(kind, event):
    story = Dated(start="2026-01-31").given(placed()).on(HEARD, event)
    assert counted(story, kind) == []  # of which network is not known yet
    for capture_id in ("c1", "c2"):
        story.when(captured("50.00", network="visa", capture_id=capture_id).at(CAPTURED))
    assert counted(story, kind) == [("visa", "p1", moment(HEARD))]
    assert counted(story, "sale") == [("visa", "p1", moment(CAPTURED))]


CARD = {"kind": "card", "network": "visa", "last4": "4242"}
BEFORE_THE_FIRST = {
    "a capture of zero": (captured("0", capture_id="c0").but(method=CARD),),
    "a capture whose failure came first": (
        capture_failed("20.00", capture_id="c0"),
        captured("20.00", capture_id="c0").but(method=CARD),
    ),
}


@pytest.mark.parametrize("nothing", BEFORE_THE_FIRST.values(), ids=BEFORE_THE_FIRST)
def test_the_first_capture_that_takes_something_is_the_sale_and_the_customer_s_payment(nothing):
    story = Dated(start="2026-01-31").given(placed(customer_id="c1"), *nothing)
    assert counted(story, "sale") == []
    story.when(*(captured("50.00", capture_id=name).but(method=CARD).at(CAPTURED) for name in ("c1", "c2")))
    assert counted(story, "sale") == [("visa", "p1", moment(CAPTURED))]
    (reported,) = [one for one in story.all if isinstance(one, Reported) and one.kind == "payment_captured"]
    assert (reported.fact, reported.at) == (("payment_captured", "m1/o1", "p1"), moment(CAPTURED))


@pytest.mark.parametrize(
    ("opened_at", "at"), [("2026-01-31T23:59:00Z", "2026-01-31T23:59:00Z"), ("2099-01-01T00:00:00Z", HEARD)]
)
def test_a_chargeback_is_counted_at_its_opening_and_never_later_than_it_was_heard(opened_at, at):
    story = Dated(start="2026-01-31").given(placed(), captured("50.00", network="visa"))
    story.on(HEARD, dispute("opened", "10.00", opened_at=opened_at))
    assert counted(story, "dispute") == [("visa", "p1", moment(at))]


def test_an_inquiry_is_counted_when_it_becomes_a_chargeback():
    story = Dated(start="2026-01-30").given(placed(), captured("50.00", network="visa"))
    story.on(CAPTURED, dispute("inquired", "10.00"))
    assert counted(story, "dispute") == []
    story.on(HEARD, dispute("escalated", stage="chargeback")).when(dispute("escalated", stage="pre_arbitration"))
    assert counted(story, "dispute") == [("visa", "p1", moment(HEARD))]


def test_an_escalation_that_comes_before_its_claim_is_counted_with_that():
    story = (
        Dated(start="2026-01-30").given(placed(customer_id="c1")).on(HEARD, dispute("escalated", stage="arbitration"))
    )
    story.when(captured("50.00", network="visa"))
    assert counted(story, "dispute") == []
    story.when(dispute("opened", "10.00").at(CAPTURED))
    assert counted(story, "dispute") == [("visa", "p1", moment(CAPTURED))]


def paid_by_us(story):
    """The refund that answers the alert has arrived."""
    key = next(iter(story.case.refunds))
    return story.given(refund("succeeded", "20.00", instruction_id=key))


@pytest.mark.parametrize(
    ("source", "paid", "disputed", "counts"),
    [
        ("rdr", None, "20.00", 0),
        ("rdr", None, "30.00", 1),  # another claim on the same payment
        ("cdrn", paid_by_us, "20.00", 0),
        ("cdrn", paid_by_us, "30.00", 1),
        ("cdrn", None, "20.00", 1),  # the refund was on its way, and is called off
        ("ethoca", paid_by_us, "20.00", 1),
    ],
)
def test_a_chargeback_whose_claim_was_resolved_through_rdr_or_cdrn_is_not_counted(source, paid, disputed, counts):
    story = given(placed(), captured("100.00", network="visa"), alert("20.00", source=source))
    story = paid(story) if paid else story
    story.given(dispute("opened", disputed))
    assert len(counted(story, "dispute")) == counts


@pytest.mark.parametrize(("credited", "counts"), [("10.00", 0), ("9.00", 1)])
def test_a_chargeback_is_counted_no_more_when_its_claim_is_told_to_be_settled_by_the_network(credited, counts):
    story = Dated(start="2026-01-31").given(placed(), captured("50.00", network="visa"))
    story.on(HEARD, dispute("opened", "10.00"), alert(credited, "a1", "rdr"))
    left = len(counted(story, "dispute")) - len(counted(story, "resolved_before_dispute"))
    assert left == counts
    story.when(alert(credited, "a2", "rdr"), dispute("opened", "10.00").but(event_id="again"))
    assert len(counted(story, "dispute")) - len(counted(story, "resolved_before_dispute")) == counts
    assert {one[2] for one in counted(story, "resolved_before_dispute")} == (set() if counts else {moment(HEARD)})


def test_what_was_counted_is_taken_back_as_it_was_whatever_was_told_of_it_since():
    story = Dated(start="2026-01-20").given(placed(), captured("50.00", network="mastercard"))
    first = dispute("opened", "50.00", category=None, reason_code="4853").at("2026-01-31T12:00:00Z")
    story.on("2026-01-31T12:00Z", first)
    again = dispute("opened", "50.00", category=None, reason_code="4837", opened_at="2026-02-01T09:00:00Z")
    story.on(HEARD, again.but(network="visa", respond_by="2026-02-20T00:00:00Z"), placed(channel="store"))
    story.when(alert("50.00").at("2026-01-30T12:00:00Z"))
    (taken,) = (one for one in story.all if isinstance(one, Counted) and one.kind == "resolved_before_dispute")
    (told,) = (one for one in story.all if isinstance(one, Counted) and one.kind == "dispute")
    assert (taken.network, taken.at, taken.body["reason_code"]) == (
        "mastercard",
        moment(first.body["occurred_at"]),
        "4853",
    )
    assert taken.body == told.body


def learned(story):
    return [one.kind for one in story.all if isinstance(one, Reported)]


def test_the_customer_s_history_learns_of_a_capture_that_failed_once_nothing_of_its_payment_is_left():
    both = (captured(text, network="visa", capture_id=name) for name, text in (("k1", "50.00"), ("k2", "30.00")))
    story = given(placed(customer_id="c1"), *both, capture_failed("30.00", capture_id="k2"))
    assert learned(story) == ["order_placed"]
    story.given(capture_failed("50.00", capture_id="k1"))
    assert learned(story) == ["order_placed", "payment_capture_failed"]


def test_whose_case_it_turns_out_to_be_learns_of_every_chargeback_and_report_of_fraud_that_was_there_before():
    story = given(captured("50.00", network="visa"), fraud_reported(), dispute("opened", "50.00"))
    assert learned(story) == []
    story.given(placed(customer_id="c1"))
    assert learned(story) == ["order_placed", "dispute_opened", "fraud_reported"]

"""Laws of alerts and disputes, whatever is told in whatever order."""

from itertools import pairwise

from hypothesis import HealthCheck, settings
from hypothesis import given as forall
from hypothesis import strategies as st

from app.domain.disputes.evidence import gather
from app.domain.records import Alerted, Executed
from tests.domain.disputed import PAID, alerts, answers, judged
from tests.domain.events import (
    alert,
    asked,
    captured,
    delivered,
    dispute,
    fulfilled,
    of_orders,
    refund,
    sent_back,
    units,
    verdict,
)
from tests.domain.stories import Story

BOUNDED = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
SHIFTED = {"three_d_secure": "authenticated", "eci": "05", "liability_shifted": True}
CATEGORIES = [
    "fraudulent",
    "duplicate",
    "product_not_received",
    "product_unacceptable",
    "subscription_canceled",
    "credit_not_processed",
]
FACTS = [
    fulfilled("sh1", l1=1),
    fulfilled("sh2", l2=1),
    delivered("sh1"),
    delivered("sh2"),
    delivered("sh1").but(proof={"signed": True, "photo": False, "address_match": "full"}),
    sent_back(l1=1),
    captured("1.00", capture_id="c2", authentication=SHIFTED),
    of_orders("service.used", line_id="l1"),
    of_orders("subscription.cancelled", line_id="l1", effective="immediate"),
    refund("succeeded", "50.00", refund_id="x1"),
    refund("reversed", "50.00", refund_id="x1"),
    asked("r1", {"kind": "lines", "lines": units(l9=1), "include_shipping": False}),
]
TURNS = [
    dispute("escalated", stage="pre_arbitration"),
    dispute("escalated", stage="arbitration", respond_by="2026-02-01T00:00:00Z"),
    dispute("evidence_submitted"),
    dispute("won"),
    dispute("funds_withdrawn", "40.00"),
    judged("contest"),
    judged("accept", "bob"),
]


@BOUNDED
@forall(
    category=st.sampled_from(CATEGORIES),
    before=st.lists(st.sampled_from(FACTS), max_size=3),
    after=st.lists(st.sampled_from(FACTS + TURNS) | st.integers(1, 9), max_size=8),
)
def test_the_newest_alert_of_an_unanswered_dispute_is_never_stale_and_none_repeats_the_last(category, before, after):
    story = Story().given(*PAID, *before, dispute("opened", "40.00", category=category))
    for turn in after:
        story.later(days=turn) if isinstance(turn, int) else story.when(turn)
        known = story.case.disputes["d1"]
        if known.state != "open" or known.answer is not None:
            continue  # nobody is asked any more
        newest = alerts(story)[-1]
        have, missing = gather(story.case, known, category)
        shown = [(item["item"], item["event_id"]) for item in newest["evidence"]["have"]]
        assert shown == [(item.item, item.event_id) for item in have]
        assert newest["evidence"]["missing"] == missing
        assert (newest["respond_by"], newest["stage"]) == (known.respond_by, known.stage)
    told = alerts(story)
    assert [one["revision"] for one in told] == list(range(1, len(told) + 1))
    for last, one in pairwise(told):
        assert any(last[part] != one[part] for part in ("recommendation", "respond_by", "stage", "evidence"))


@BOUNDED
@forall(st.lists(st.sampled_from(TURNS) | st.integers(1, 9), max_size=10))
def test_each_answer_has_its_decision_and_no_two_answers_have_one_id(turns):
    story = Story().given(*PAID, dispute("opened", "40.00", category="general"))
    for turn in turns:
        before = len(answers(story))
        open_before = story.case.disputes["d1"].state == "open"
        story.later(days=turn) if isinstance(turn, int) else story.when(turn)
        given_now = answers(story)[before:]
        if given_now:
            assert open_before
            assert turn.body["type"] == "review.resolved"
            assert len(given_now) == 1
    ids = [answer["instruction_id"] for answer in answers(story)]
    assert len(ids) == len(set(ids))


CLAIM = "40.00"
TOLD = [
    alert(CLAIM, "a1", "ethoca"),
    alert(CLAIM, "a2", "cdrn"),
    alert(CLAIM, "a3", "rdr"),
    dispute("opened", CLAIM),
    dispute("funds_withdrawn", CLAIM),
    *(
        verdict(said, subject={"kind": "alert", "id": one})
        for one in ("a1", "a2", "a3")
        for said in ("refund", "ignore")
    ),
    refund("succeeded", CLAIM, refund_id="x1"),
]


@BOUNDED
@forall(st.permutations(TOLD), st.booleans())
def test_one_claim_is_paid_once_by_whoever_is_first(order, doubled):
    story, paid_already = Story().given(*PAID), False
    for event in [one for twice in order for one in [twice] * (1 + doubled)]:
        story.when(event)
        ours = [record for record in story.said if isinstance(record, Executed)]
        assert len(ours) <= (not paid_already), f"{event} paid again"
        kind = event.body["type"]
        by_network = kind == "dispute.opened" or (kind == "dispute.alerted" and event.body["already_credited"])
        by_hand = kind == "refund.succeeded" and bool(story.case.pre_disputes)
        paid_already = paid_already or bool(ours) or by_network or by_hand


@BOUNDED
@forall(st.permutations(TOLD))
def test_a_person_is_asked_about_an_alert_at_most_once(order):
    story = Story().given(*PAID)
    for event in order:
        story.when(event)
    asked_about = [
        record.body["alert_id"]
        for record in story.all
        if isinstance(record, Alerted) and record.type == "pre_dispute.action_required"
    ]
    assert len(asked_about) == len(set(asked_about))

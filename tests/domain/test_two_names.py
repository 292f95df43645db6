"""One refund told under two names, the provider's and ours: it ends as if both had been said from the beginning."""

from collections import Counter
from itertools import product

import hypothesis
import pytest

from app.domain.balances import balance, settled
from app.domain.records import Alerted, Told
from tests.domain.events import asked, captured, delivered, dispute, line, lines, placed, refund, units
from tests.domain.expecting import alerted, approved, booked, called_off, denied, instructed, refused, told
from tests.domain.soup import check_books
from tests.domain.stories import Story, given
from tests.domain.test_laws import BOUNDED, arrivals, essence, timed

PAID = (placed(line("l1", "100.00", 2)), captured("100.00"), delivered())
SETTLEMENT = {"amount": {"amount_minor": 11000, "currency": "USD"}, "rate": "1.1"}


def ours(story: Story) -> list[str]:
    """The instructions so far, in their order."""
    return [out.body["instruction_id"] for out in story.told if out.body["type"] == "refund.execute"]


def approved_one(*before, **request) -> tuple[Story, str]:
    story = given(*(before or PAID), asked(**request))
    return story, ours(story)[0]


def named(how: str, instruction_id: str) -> dict[str, str]:
    names = {"refund": {"refund_id": "re1"}, "instruction": {"instruction_id": instruction_id}}
    return names.get(how) or names["refund"] | names["instruction"]


def ledger(story: Story) -> Counter:
    """What the books came to, by kind."""
    sums = Counter()
    for out in story.told:
        if out.topic == "ledger-entries":
            sums[out.body["kind"]] += out.body["amount"]["amount_minor"]
    return sums


def money_left(story: Story) -> tuple[int, int, int]:
    case = story.case
    money = balance(case, case.payments["p1"])
    return money.settled_minor, money.in_flight_minor, money.refundable_minor


def test_a_refund_told_by_the_provider_s_name_and_then_by_both_is_booked_and_counted_once():
    story, first = approved_one()
    story.when(refund("succeeded", "100.00", refund_id="re1")).then(booked("refund_settled", "-100.00"))
    story.never(told("refund_completed"))
    story.when(refund("succeeded", "100.00", refund_id="re1", instruction_id=first, acquirer_reference_number="arn1"))
    story.then(told("refund_completed")).never(booked("refund_settled"), alerted("exposure.detected"))
    assert next(one.data["acquirer_reference_number"] for one in story.said if isinstance(one, Told)) == "arn1"
    assert money_left(story) == (10000, 0, 0)
    assert list(story.case.refunds) == [first]
    assert story.later(days=60).said == []
    story.when(refund("succeeded", "100.00", refund_id="re1")).absorbed()


def test_what_the_stranger_took_can_be_asked_for_again_once_it_is_known_as_ours():
    story, first = approved_one(scope=lines(l1=1))
    story.given(refund("succeeded", "50.00", refund_id="re1", lines=units(l1=1)))
    story.given(refund("succeeded", "50.00", refund_id="re1", instruction_id=first))
    story.when(asked("r2", lines(l1=1))).then(approved("50.00", "within_policy"))
    assert story.case.order.lines["l1"].portion.used_quantity == 2


ANSWERS = ("submitted", "succeeded", "failed", "reversed")
LIVES = [
    ("submitted",),
    ("succeeded",),
    ("failed",),
    ("reversed",),
    ("submitted", "succeeded"),
    ("submitted", "failed"),
    ("failed", "succeeded"),
    ("succeeded", "reversed"),
    ("succeeded", "failed"),
    ("succeeded", "reversed", "succeeded"),
    ("submitted", "succeeded", "reversed"),
    ("failed", "succeeded", "reversed"),
]
NAMINGS = [(life, names) for life in LIVES for names in product(("refund", "instruction"), repeat=len(life))]
LISTED_DIFFERENCES = {
    "a refusal of which nobody knew that it was ours is not tried again once the money is out": {
        (("failed", "succeeded"), ("refund", "refund")),
        (("failed", "succeeded"), ("refund", "instruction")),
        (("failed", "succeeded", "reversed"), ("refund", "refund", "refund")),
        (("failed", "succeeded", "reversed"), ("refund", "refund", "instruction")),
        (("failed", "succeeded", "reversed"), ("refund", "instruction", "refund")),
        (("failed", "succeeded", "reversed"), ("refund", "instruction", "instruction")),
    },
}
"""Where the second name comes too late for what the first would have brought about: (what was told, by which name)."""


def lived(life: tuple[str, ...], names: tuple[str, ...], *last: str) -> tuple[Story, str]:
    """A refund of which the provider tells these things under these names, and at last again under both."""
    story, first = approved_one()
    for what, how in (*zip(life, names, strict=True), *((what, "both") for what in last)):
        story.given(refund(what, "100.00", **named(how, first)))
    return story, first


@pytest.mark.parametrize(("life", "names"), NAMINGS, ids="-".join)
def test_whichever_name_was_said_first_the_money_ends_the_same(life, names):
    story, first = lived(life, names, life[-1])
    model, _ = lived(life, ("both",) * len(life))
    check_books(story)
    assert next(iter(story.case.refunds)) == first
    assert not [one for one in story.case.refunds.values() if one.outside]
    differs = any((life, names) in cells for cells in LISTED_DIFFERENCES.values())
    assert (len(ours(story)) < len(ours(model))) == differs
    if not differs:
        assert money_left(story) == money_left(model)
        assert story.case.refunds[first].status == model.case.refunds[first].status


@pytest.mark.parametrize(("life", "names"), NAMINGS, ids="-".join)
def test_whichever_name_was_said_first_nothing_is_told_booked_or_alerted_twice(life, names):
    story, first = lived(life, names, life[-1])
    heard = [(one.template, one.fact) for one in story.all if isinstance(one, Told)]
    assert len(set(heard)) == len(heard)
    ids = [out.body["id"] for out in story.told]
    assert len(set(ids)) == len(ids)
    completed = [fact for template, fact in heard if template == "refund_completed"]
    assert len(completed) <= life.count("succeeded")  # again only where the money came back meanwhile
    assert completed or life[-1] != "succeeded"
    returned = [one for one in story.all if isinstance(one, Alerted) and one.type == "refund.returned"]
    assert len(returned) <= sum(what in ("failed", "reversed") for what in life)
    frozen = money_left(story)
    for how in ("refund", "instruction", "both"):
        story.when(refund(life[-1], "100.00", **named(how, first))).absorbed()
    assert money_left(story) == frozen


SHORT = [(life, names) for life, names in NAMINGS if len(life) < 3]


@pytest.mark.parametrize(("life", "names"), SHORT, ids="-".join)
@pytest.mark.parametrize("last", ANSWERS)
def test_the_telling_that_says_both_names_counts_like_any_other(life, names, last):
    story, first = lived(life, names, last)
    known, _ = lived(life, names, life[-1], last)
    assert story.case.refunds[first].status == known.case.refunds[first].status
    assert settled(story.case, "p1") == settled(known.case, "p1")
    check_books(story)


BEFORE = (*PAID[:2], asked(scope={"kind": "amount", "amount": {"amount_minor": 4000, "currency": "EUR"}}))
FIRST = ours(given(*BEFORE))[0]
AROUND = (
    delivered(),
    refund("submitted", "40.00", refund_id="re1"),
    dispute("opened", "20.00"),
    refund("succeeded", "40.00", instruction_id=FIRST),
    dispute("funds_withdrawn", "20.00"),
    refund("succeeded", "40.00", refund_id="re1", instruction_id=FIRST),
    asked("r2", lines(l1=3)),
    refund("reversed", "40.00", refund_id="re1"),
    dispute("won"),
)


@BOUNDED
@hypothesis.given(arrivals(AROUND))
def test_a_refund_told_under_two_names_ends_the_same_whatever_arrives_in_between(arrived):
    story = given(*BEFORE, *arrived)
    assert essence(story.case) == essence(given(*BEFORE, *timed(AROUND)).case)
    assert story.case.refunds[FIRST].status == "reversed"
    check_books(story)


def test_told_as_settled_under_each_name_alone_it_is_reversed_once_when_they_are_one():
    story, first = approved_one()
    story.given(refund("succeeded", "100.00", refund_id="re1"))
    story.when(refund("succeeded", "100.00", instruction_id=first)).then(
        booked("refund_settled", "-100.00"), alerted("exposure.detected")
    )
    story.when(refund("succeeded", "100.00", refund_id="re1", instruction_id=first)).then(
        booked("refund_settled", "100.00")
    )
    story.never(told("refund_completed"), booked("refund_returned"), alerted("refund.returned"))
    assert ledger(story)["refund_settled"] == -10000


def test_a_settlement_that_only_the_second_telling_knows_is_booked_with_it():
    foreign = {"amount": {"amount_minor": 11500, "currency": "USD"}, "rate": "1.15"}
    bought = (placed(), captured("100.00", settlement=SETTLEMENT))
    for names in ("refund", "instruction"):
        story, first = approved_one(*bought)
        story.given(refund("succeeded", "100.00", **named(names, first)))
        told_now = refund("succeeded", "100.00", refund_id="re1", instruction_id=first, settlement=foreign)
        story.when(told_now).then(booked("refund_settled", "0", settlement=foreign))
        entry = next(one for one in story.said if booked("refund_settled").fits(one))
        assert entry.fx == {"gain_loss_minor": -500, "currency": "USD"}
        story.when(told_now.but(event_id="again")).absorbed()


def test_a_refusal_by_the_provider_s_name_is_tried_again_when_it_is_known_as_ours():
    story, first = approved_one()
    story.when(refund("failed", "100.00", refund_id="re1")).never(instructed())
    story.when(refund("failed", "100.00", refund_id="re1", instruction_id=first)).then(
        instructed("100.00", retry_of=first)
    )


def test_a_refusal_while_a_stranger_seemed_to_hold_the_money_is_tried_again_when_the_stranger_is_the_same():
    story, first = approved_one()
    story.given(refund("submitted", "100.00", refund_id="re1"))
    story.when(refund("failed", "100.00", instruction_id=first)).then(told("refund_failed")).never(instructed())
    both = refund("failed", "100.00", refund_id="re1", instruction_id=first)
    story.when(both).then(instructed("100.00", retry_of=first)).never(told("refund_failed"), alerted("refund.returned"))
    story.when(both).absorbed()
    assert money_left(story) == (0, 10000, 0)


def test_a_success_by_the_provider_s_name_calls_the_retry_off_when_it_is_known_as_ours():
    story, first = approved_one(scope={"kind": "amount", "amount": {"amount_minor": 4000, "currency": "EUR"}})
    story.given(refund("failed", "40.00", instruction_id=first))
    retry = ours(story)[1]
    story.when(refund("succeeded", "40.00", refund_id="re1")).never(called_off())
    story.when(refund("succeeded", "40.00", refund_id="re1", instruction_id=first))
    story.then(called_off(instruction_id=retry), told("refund_completed"))
    assert "late_success" in story.case.flags


def test_a_wait_for_the_answer_begins_when_the_refund_is_known_as_submitted():
    story, first = approved_one()
    story.later(days=9)
    story.given(refund("submitted", "100.00", refund_id="re1"))
    story.when(refund("submitted", "100.00", refund_id="re1", instruction_id=first)).then(told("refund_sent"))
    story.later(days=9).never(alerted("refund.stuck"))
    story.later(days=2).then(alerted("refund.stuck", instruction_id=first))


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_each_tender_of_a_refund_finds_its_own_stranger(order):
    story = given(placed(line("l1", "100.00", 2)), captured("60.00"), captured("40.00", "p2"), asked())
    one, two = ours(story)
    story.given(refund("succeeded", "60.00", refund_id="re1"), refund("succeeded", "40.00", "p2", refund_id="re2"))
    both = [
        refund("succeeded", "60.00", refund_id="re1", instruction_id=one),
        refund("succeeded", "40.00", "p2", refund_id="re2", instruction_id=two),
    ]
    story.given(*(both[number] for number in order))
    assert list(story.case.refunds) == [one, two]
    assert [settled(story.case, payment_id) for payment_id in ("p1", "p2")] == [6000, 4000]
    assert ledger(story)["refund_settled"] == -10000
    assert [one.template for one in story.all if isinstance(one, Told)].count("refund_completed") == 2


def test_several_captures_of_the_payment_change_nothing():
    bought = (placed(), captured("70.00", capture_id="c1"), captured("30.00", capture_id="c2"))
    story, first = approved_one(*bought)
    story.given(refund("succeeded", "100.00", refund_id="re1"))
    story.when(refund("succeeded", "100.00", refund_id="re1", instruction_id=first))
    story.never(alerted("exposure.detected"), booked("refund_settled"))
    assert money_left(story) == (10000, 0, 0)


CONTRADICTIONS = [
    # the amounts of the stranger and of the telling, and what is wrong with it
    ("40.00", "100.00", {}, "amount"),
    ("40.00", "40.00", {}, "amount"),
    ("100.00", "100.00", {"payment_id": "p2"}, "payment_id"),
]


@pytest.mark.parametrize(("known", "said", "changes", "path"), CONTRADICTIONS)
def test_two_names_with_two_contents_are_a_contradiction_and_both_refunds_stay(known, said, changes, path):
    story, first = approved_one(placed(), captured("100.00"), captured("100.00", "p2"))
    story.given(refund("succeeded", known, refund_id="re1").but(**changes))
    before = {key: (one.amount_minor, one.status) for key, one in story.case.refunds.items()}
    story.when(refund("succeeded", said, refund_id="re1", instruction_id=first)).then(refused("id_conflict", path=path))
    assert {key: (one.amount_minor, one.status) for key, one in story.case.refunds.items()} == before
    assert len(before) == 2


def test_a_refund_made_outside_has_two_names_too():
    story = given(*PAID, refund("submitted", "30.00", instruction_id="theirs"))
    story.when(refund("succeeded", "30.00", instruction_id="theirs")).then(booked("refund_settled", "-30.00"))
    story.when(refund("succeeded", "30.00", refund_id="re1", instruction_id="theirs"))
    story.never(booked("refund_settled"))
    story.when(refund("succeeded", "30.00", refund_id="re1")).absorbed()
    assert money_left(story) == (3000, 0, 7000)
    story.when(refund("reversed", "30.00", instruction_id="theirs")).then(booked("refund_returned", "30.00"))


def test_a_refund_made_outside_and_told_under_each_name_is_one_when_both_are_said():
    story = given(*PAID, refund("succeeded", "50.00", instruction_id="theirs"))
    story.given(refund("succeeded", "50.00", refund_id="re1", lines=units(l1=1)))
    assert money_left(story) == (10000, 0, 0)
    story.when(refund("succeeded", "50.00", refund_id="re1", instruction_id="theirs"))
    story.then(booked("refund_settled", "50.00"))
    assert money_left(story) == (5000, 0, 5000)
    story.when(asked("r1", lines(l1=2))).then(denied("quantity_exceeded"))
    story.when(asked("r2", lines(l1=1))).then(approved("50.00", "within_policy"))


def test_money_that_was_not_ours_to_give_as_credit_is_booked_anew_when_the_names_are_one():
    story = given(*PAID, asked(method="store_credit"))
    credit = next(out.body["instruction_id"] for out in story.told if out.body["type"] == "store_credit.issue")
    story.given(refund("succeeded", "100.00", refund_id="re1"))
    story.given(refund("succeeded", "100.00", refund_id="re1", instruction_id=credit))
    assert +ledger(story) == Counter({"captured": 10000})
    assert ledger(story)["store_credit"] == -10000
    check_books(story)

"""The money laws as properties: whatever is said in whatever order, they hold."""

from collections import Counter
from copy import deepcopy
from itertools import permutations
from typing import get_args
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.domain import casework
from app.domain.balances import balance, claimed, refundable, settled
from app.domain.case import Case, decode_case, encode_case
from app.domain.evolving import CHANGES, evolve
from app.domain.policy import BUILT_IN
from app.domain.records import Decided, Record, Refused, Told
from tests.domain import soup
from tests.domain.events import (
    Said,
    asked,
    capture_failed,
    captured,
    delivered,
    dispute,
    line,
    lines,
    money,
    of_payments,
    placed,
    refund,
    units,
    verdict,
)
from tests.domain.expecting import booked
from tests.domain.stories import Story, policy

BOUNDED = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
FINAL = ("approved", "denied", "withdrawn")


@BOUNDED
@given(soup.purchases(), st.data())
def test_any_sequence_of_partial_refunds_closes_to_the_cent(purchase, data):
    story = Story(policy()).given(purchase.order, *purchase.captures)
    for number in range(data.draw(st.integers(0, 6))):
        story.given(asked(f"r{number}", data.draw(soup.scopes(purchase)), reason="damaged"))
    story.given(asked("the rest", reason="damaged"))
    decided = [record for record in story.all if isinstance(record, Decided) and record.outcome == "approved"]
    rows = [row for one in decided for row in one.rows]
    given_back = Counter()
    for row in rows:
        given_back["gross"] += row.gross_minor
        given_back["net"] += row.net_minor
        for tax in row.taxes:
            given_back[tax.code] += tax.amount_minor
        assert row.gross_minor == row.net_minor + sum(tax.amount_minor for tax in row.taxes)
    assert +given_back == +Counter(purchase.charged)
    assert all(refundable(story.case, payment) == 0 for payment in story.case.payments.values())


@settings(BOUNDED, max_examples=150)
@given(soup.scripts(25), st.sampled_from(["plain", "built-in"]))
def test_whatever_is_said_no_law_is_broken(script, terms):
    """Each step of a story also checks law 1 on approvals, that a repetition records nothing, and the bodies."""
    story = Story(policy() if terms == "plain" else BUILT_IN)
    final, said = {}, Counter()
    for event in script:
        soup.tell(story, event)
        for record in story.said:
            if isinstance(record, Decided):
                assert record.request_id not in final, "final is final"
                assert (
                    sum(row.gross_minor for row in record.rows) == (record.amount_minor or 0)
                    or record.outcome == "held"
                )
                if record.outcome in FINAL:
                    final[record.request_id] = record
            elif isinstance(record, Told):
                said[record.template, record.fact] += 1
    assert not [fact for fact, times in said.items() if times > 1], "told twice"
    ids = Counter(out.body["id"] for out in story.told)
    assert not [out.body for out in story.told if ids[out.body["id"]] > 1], "an id was said twice"
    soup.check_books(story)


@BOUNDED
@given(soup.scripts(15))
def test_any_earlier_event_again_records_nothing(script):
    story, heard = Story(policy()), []
    for number, turn in enumerate(script):
        if isinstance(turn, Said):
            event = turn.but(event_id=f"x{number}")
            if not any(isinstance(record, Refused) for record in story.when(event).said):
                heard.append(event.but(occurred_at=event.body.get("occurred_at") or story.now.isoformat()))
    frozen = encode_case(story.case)
    for event in heard:
        story.when(event).absorbed()
    assert encode_case(story.case) == frozen


BOOKKEEPING = ("version", "seen", "occurred_at", "cause")
"""What a step notes about itself, beside what its records say."""


@BOUNDED
@given(soup.scripts(15))
def test_the_fold_of_the_records_is_the_state(script):
    story = Story(policy())
    folded = deepcopy(story.case)

    def twice(case: Case, record: Record) -> None:
        copy = deepcopy(record)
        evolve(case, record)
        if case is story.case and not story.repeating:
            evolve(folded, copy)

    with patch.object(casework, "evolve", twice):
        for turn in script:
            soup.tell(story, turn)
    for name in BOOKKEEPING:
        setattr(folded, name, getattr(story.case, name))
    assert folded == story.case


class Forgetful(Story):
    """A story whose case is read from its stored form before every step."""

    def _step(self, entry, clock, cause):
        self.case = decode_case(encode_case(self.case))
        return super()._step(entry, clock, cause)


def test_what_each_record_does_to_the_case_is_said():
    assert set(CHANGES) == set(get_args(Record))


@BOUNDED
@given(soup.scripts(15))
def test_a_case_read_from_its_stored_form_goes_on_the_same(script):
    live, stored = Story(policy()), Forgetful(policy())
    for event in script:
        for story in (live, stored):
            soup.tell(story, event)
        assert live.said == stored.said
    assert encode_case(live.case) == encode_case(stored.case)


def test_an_event_that_was_absorbed_changes_nothing_when_it_comes_again_later():
    story = Story(policy()).given(placed(), captured("100.00"), refund("failed", "100.00", refund_id="x1"))
    again = refund("failed", "100.00", refund_id="x1").but(event_id="again", occurred_at="2026-01-05T12:10:00Z")
    story.when(again).absorbed()
    story.given(refund("succeeded", "100.00", refund_id="x1"))
    story.when(again).absorbed()
    assert settled(story.case, "p1") == 10000


def essence(case: Case) -> dict:
    """What must not depend on the order of arrival."""
    return {
        "payments": {
            key: (
                p.currency,
                p.captured_minor,
                settled(case, key),
                balance(case, p).in_flight_minor,
                claimed(case, p),
                refundable(case, p),
            )
            for key, p in case.payments.items()
        },
        "requests": {key: (r.status, r.amount_minor) for key, r in case.requests.items()},
        "disputes": {
            key: (
                d.payment_id,
                d.stage,
                d.state,
                d.amount_minor,
                d.withdrawn_minor,
                d.reinstated_minor,
                d.network,
                d.respond_by,
            )
            for key, d in case.disputes.items()
        },
        "lines": {key: (one.portion.used_quantity, one.portion.used_minor) for key, one in case.order.lines.items()},
        "flags": sorted(case.flags),
    }


MONEY = (
    placed(line("l1", "60.00", 3), line("l2", "40.00")),
    delivered(),
    captured("70.00", network="visa", capture_id="c1"),
    captured("30.00", "p2", capture_id="c2"),
    refund("succeeded", "20.00", refund_id="x1", lines=units(l1=1)),
    refund("submitted", "5.00", "p2", refund_id="x2"),
    refund("reversed", "20.00", refund_id="x1"),
    refund("succeeded", "3.00", "p2", instruction_id="theirs"),
    refund("succeeded", "3.00", "p2", refund_id="x3"),
    refund("succeeded", "3.00", "p2", refund_id="x3", instruction_id="theirs"),
    dispute("opened", "25.00"),
    dispute("funds_withdrawn", "25.00"),
    dispute("lost"),
    dispute("opened", "10.00", dispute_id="d2", payment_id="p2"),
    dispute("won", dispute_id="d2", payment_id="p2"),
)
CAME_IN = {"amount": {"amount_minor": 110000, "currency": "SEK"}, "rate": "11"}
REQUEST = (
    placed(line("l1", "60.00", 3), line("l2", "40.00")),
    delivered(),
    asked("r1", lines(l1=2)),
    captured("100.00", capture_id="c1"),
    verdict("approve"),
)
BOTH = (
    placed(),
    delivered(),
    asked("r1"),
    captured("100.00"),
    dispute("opened", "100.00"),
    dispute("funds_withdrawn", "100.00"),
)

LISTED_DIFFERENCES = {
    "a request decided before its dispute was heard of is approved and called off; one decided after it waits": {
        ("approved", True),
        ("held", False),
    },
}
"""What may depend on the order of arrival, and into which ends (status of the request, refund called off)."""


def timed(events: tuple[Said, ...]) -> list[Said]:
    """Events whose times do not depend on when they arrive."""
    return [
        event.at(f"2026-01-05T11:{minute:02}:00Z").but(event_id=f"e-{minute}") for minute, event in enumerate(events)
    ]


@st.composite
def arrivals(draw: st.DrawFn, events: tuple[Said, ...]) -> list[Said]:
    """An order of arrival that keeps each topic's own order."""
    by_topic: dict[str, list[Said]] = {}
    for event in timed(events):
        by_topic.setdefault(event.topic, []).append(event)
    turns = draw(st.permutations([event.topic for event in events]))
    return [by_topic[topic].pop(0) for topic in turns]


@BOUNDED
@given(arrivals(MONEY))
def test_money_and_disputes_end_the_same_in_any_order_of_arrival(arrived):
    assert essence(Story(policy()).given(*arrived).case) == essence(Story(policy()).given(*timed(MONEY)).case)


SETTLING = {
    "captured": captured("100.00", capture_id="c1"),
    "settled": of_payments("payment.settled", "p1", capture_id="c1", settlement=CAME_IN, fee=money("3.00")),
    "failed": capture_failed("100.00", capture_id="c1"),
    "settled without a fee": of_payments("payment.settled", "p1", capture_id="c1", settlement=CAME_IN),
    "settled again": of_payments("payment.settled", "p1", capture_id="c1", settlement=CAME_IN, fee=money("3.00")),
}
TAKEN = ("captured", "settled", "settled without a fee", "settled again")


@pytest.mark.parametrize(("told", "kept"), [(TAKEN, 10000), ((*TAKEN[:2], "failed"), 0)], ids=["taken", "not taken"])
def test_a_capture_and_its_settlement_end_the_same_in_any_order(told, kept):
    """Also where a publisher does not keep the order of its own topic."""
    stories = [Story(policy()).given(placed(), *(SETTLING[name] for name in order)) for order in permutations(told)]
    for story in stories:
        payment = story.case.payments["p1"]
        fees = [(one.amount_minor, one.currency) for one in story.all if booked("fee").fits(one)]
        assert fees == [(-300, "EUR")]
        assert [one.settlement for one in payment.captures.values()] == [CAME_IN]
        assert payment.captured_minor == kept
        soup.check_books(story)
    assert not any(story.case.payments["p1"].early_settlements for story in stories)


@BOUNDED
@given(arrivals(REQUEST))
def test_a_request_ends_the_same_in_any_order_of_arrival(arrived):
    terms = policy(auto_approve_limit={"default": 1000})
    case = Story(terms).given(*arrived).case
    assert essence(case) == essence(Story(terms).given(*timed(REQUEST)).case)
    assert case.requests["r1"].status == "approved"


@BOUNDED
@given(arrivals(BOTH))
def test_a_request_and_its_dispute_end_in_one_of_the_listed_ways(arrived):
    case = Story(policy()).given(*arrived).case
    end = (case.requests["r1"].status, any(one.cancel_asked for one in case.refunds.values()))
    assert end in next(iter(LISTED_DIFFERENCES.values()))
    assert claimed(case, case.payments["p1"]) == 10000


@pytest.mark.parametrize("events", [MONEY, REQUEST, BOTH])
def test_the_orders_of_arrival_are_really_shuffled(events):
    assert len({event.topic for event in events}) > 1

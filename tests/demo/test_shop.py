"""The shop is the one it claims to be: the same from the same seed, in known shares, by the contract, in bounded memory."""

import itertools
import json
import tracemalloc
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from random import Random

import pytest

from app.demo.oracle import Expectation
from app.demo.oracle.purchase import purchase_of
from app.demo.shop import DAY, DUPLICATE_SHARE, LATE_SHARE, POISON_SHARE, day
from app.demo.shop.plots import PLOTS
from app.demo.shop.poison import RECIPES, draught
from topics.codec import Unreadable, read

START = datetime(2026, 3, 2, tzinfo=UTC)
EVENTS = 20_000
HAPPENING = {
    *(f"order.{what}" for what in ("placed", "amended", "fulfilled", "delivered", "cancelled")),
    *(f"payment.{what}" for what in ("authorized", "captured", "capture_failed", "voided", "failed", "linked")),
    *(f"refund.{what}" for what in ("requested", "request_withdrawn", "submitted", "succeeded", "failed")),
    *(f"dispute.{what}" for what in ("alerted", "inquired", "opened", "funds_withdrawn", "funds_reinstated")),
    *(f"dispute.{what}" for what in ("won", "lost", "accepted", "withdrawn")),
    *("return.shipped", "return.received", "fraud.reported"),
}
CONTRADICTIONS = {"id_conflict", "link_conflict"}


@pytest.fixture(scope="module")
def messages():
    return list(day(EVENTS, 7, START))


def read_by_contract(message):
    at = int(message.occurred_at.timestamp() * 1000)
    return read(message.topic, message.key, message.value, timestamp=at, secret=b"x" * 32, headers=message.headers)


def good(messages):
    return [message for message in messages if message.expected.fate == "applied"]


def test_the_same_seed_gives_the_same_day():
    assert list(day(600, 3, START)) == list(day(600, 3, START))


def test_another_seed_gives_another_day():
    assert list(day(600, 3, START)) != list(day(600, 4, START))


@pytest.mark.parametrize("events", [0, 1, 2, 7, 100, 1000])
def test_a_day_has_exactly_as_many_events_as_were_asked_for(events):
    assert len(list(day(events, 1, START))) == events


def test_every_good_event_is_valid_by_the_contract(messages):
    refused = [(read_by_contract(m), m.value) for m in messages if m.expected.fate != "refused"]
    assert not [found for found in refused if isinstance(found[0], Unreadable)][:3]


def test_poison_is_refused_by_the_contract_with_a_code_that_was_expected(messages):
    for message in messages:
        if message.expected.fate == "refused" and not CONTRADICTIONS & set(message.expected.codes):
            found = read_by_contract(message)
            assert isinstance(found, Unreadable), message.value
            assert found.code in message.expected.codes, (found, message.value[:200])


@pytest.mark.parametrize("recipe", list(RECIPES), ids=attrgetter("__name__"))
def test_each_kind_of_poison_is_refused_as_its_recipe_says(recipe, monkeypatch):
    monkeypatch.setattr("app.demo.shop.poison.RECIPES", {recipe: 1})
    for number in range(5):
        bad = draught(Random(number), number, "m", "2026-03-02T12:00:00Z")
        key = None if bad.key is None else bad.key.encode()
        found = read(bad.topic, key, bad.value, timestamp=1_772_452_800_000, secret=b"x" * 32)
        assert isinstance(found, Unreadable), bad.value
        assert found.code in bad.codes


def test_contradictions_are_readable_and_contradict_a_capture_that_was_sent_before(messages):
    sent, kinds = {}, Counter()
    for message in messages:
        if message.expected.fate == "applied" and b"payment.captured" in message.value:
            body = json.loads(message.value)
            sent[body["payment_id"]] = body
        if CONTRADICTIONS & set(message.expected.codes):
            assert not isinstance(read_by_contract(message), Unreadable)
            body = json.loads(message.value)
            kinds[message.expected.codes[0]] += 1
            assert body["payment_id"] in sent
    assert kinds["id_conflict"] > 5
    assert kinds["link_conflict"] > 2


def test_mishaps_come_in_the_shares_that_were_promised(messages):
    fates = Counter(message.expected.fate for message in messages)
    late = sum(message.expected.late for message in messages)
    for count, share in ((fates["duplicate"], DUPLICATE_SHARE), (late, LATE_SHARE), (fates["refused"], POISON_SHARE)):
        assert share * 0.8 < count / EVENTS < share * 1.2


def test_a_duplicate_says_what_was_said_before(messages):
    contents = {}
    for message in messages:
        if message.expected.fate == "refused":
            continue
        body = json.loads(message.value)
        content = {name: value for name, value in body.items() if name not in ("occurred_at", "source")}
        before = contents.setdefault((message.topic, body["event_id"]), content)
        assert (before is not content) == (message.expected.fate == "duplicate")
        assert before == content


def test_topics_keep_their_order_within_a_story_and_only_late_messages_are_overtaken(messages):
    turns, times = defaultdict(list), defaultdict(list)
    for message in good(messages):
        body = json.loads(message.value)
        _, number, step = body["event_id"].split("-")
        turns[message.topic, number].append(int(step))
        times[message.topic, message.key].append(message.occurred_at)
    assert all(steps == sorted(steps) for steps in turns.values())
    assert all(ats == sorted(ats) for ats in times.values())
    on_time = [message.occurred_at for message in good(messages) if not message.expected.late]
    assert on_time == sorted(on_time)


def test_times_run_through_the_day(messages):
    times = [message.occurred_at for message in messages]
    assert min(times) == START
    assert START + DAY - timedelta(minutes=1) < max(times) < START + DAY


def test_what_an_order_comes_to_is_what_is_captured(messages):
    totals, captured = {}, defaultdict(int)
    for message in good(messages):
        body = json.loads(message.value)
        if body["type"] == "order.placed":
            purchase = purchase_of(body)
            assert purchase.exact, body
            totals[body["order_id"]] = body["total_minor"]
        if body["type"] == "payment.captured" and "order_id" in body:
            captured[body["order_id"]] += body["amount"]["amount_minor"]
    both = [order for order in captured if order in totals]
    exact = sum(captured[order] == totals[order] for order in both)
    assert len(both) > 1000
    assert exact / len(both) > 0.95  # but for amended orders and those that the end of the day cut off


def test_a_shop_sells_several_lines_in_several_currencies_to_several_kinds_of_customers(messages):
    placed = [json.loads(m.value) for m in good(messages) if b'"order.placed"' in m.value]
    lines = Counter(len(body["lines"]) for body in placed)
    assert lines.most_common(1)[0][0] == 3
    assert {"EUR", "USD", "JPY", "KWD"} <= {body["currency"] for body in placed}
    assert {body["merchant_id"] for body in placed} == {"nordlicht", "maple-and-main", "harbour-goods"}
    assert {True, False} == {body["customer_id"] is None for body in placed}
    assert any(body["order_discount_minor"] for body in placed)


def test_everything_happens_that_can_happen(messages):
    types = Counter(json.loads(message.value)["type"] for message in good(messages))
    assert not HAPPENING - set(types)
    scopes = Counter(
        json.loads(message.value)["scope"]["kind"]
        for message in good(messages)
        if b'"refund.requested"' in message.value
    )
    assert set(scopes) == {"full", "lines", "shipping", "amount"}


def test_captures_sometimes_come_before_their_order(messages):
    first = {}
    for message in good(messages):
        body = json.loads(message.value)
        if body["type"] in ("order.placed", "payment.captured") and "order_id" in body:
            first.setdefault(body["order_id"], body["type"])
    early = sum(type_ == "payment.captured" for type_ in first.values())
    assert 0.01 < early / len(first) < 0.15


def test_plots_are_counted_by_the_thousand():
    assert sum(PLOTS.values()) == 1000


def test_the_expectation_travels_as_a_header(messages):
    for message in itertools.islice(messages, 200):
        headers = {name: value.decode() for name, value in message.headers}
        assert Expectation.of(headers) == message.expected


def test_memory_does_not_grow_with_the_day():
    """What the day keeps between two messages, not the messages themselves: some poison is half a megabyte."""
    tracemalloc.start()
    try:
        kept = [tracemalloc.get_traced_memory()[0] for n, _ in enumerate(day(36_000, 5, START)) if n % 1_000 == 0]
    finally:
        tracemalloc.stop()
    assert max(kept[12:]) < max(kept[4:12]) * 1.2

"""The log in memory, run over a small topology: a till counts coins per owner, and each owner's row may carry a timer."""

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.runtime.log import EndlessCascadeError, MemoryLog
from app.runtime.round import TooManyFailuresError
from app.runtime.store.memory import MemoryStore
from app.runtime.topology import Agent, Batch, Message, Output, Refusal, Round, TableSpec, Topology

REFUSED = Refusal("invalid_field", "expected an owner", "owner")


def encode(row: dict[str, Any]) -> bytes:
    if row.get("unencodable"):
        raise ValueError("cannot be encoded")
    return json.dumps(row, sort_keys=True).encode()


@dataclass
class Till:
    """`coins` re-keys into `ledger`; `ledger` counts per owner, schedules, and says `counted`; timers go to `ledger`."""

    handled: list[tuple[str, int]] = field(default_factory=list)
    expired: list[tuple[str, int, int]] = field(default_factory=list)
    fails: Counter[str] = field(default_factory=Counter)

    def topology(self) -> Topology:
        agents = (Agent("coins", "coins", self.take), Agent("ledger", "ledger", self.count))
        return Topology(agents, (TableSpec("owners", ("ledger",), encode, json.loads, self.expire),))

    def take(self, batch: Batch, round_: Round) -> None:
        for message in batch.messages:
            round_.at(message)
            coin = json.loads(message.value or b"null")
            if not isinstance(coin, dict):
                round_.refuse(message, REFUSED)
                continue
            for part in [coin, *coin.get("more", [])]:
                round_.publish(Output("ledger", message.key, json.dumps(part).encode(), message.headers))

    def count(self, batch: Batch, round_: Round) -> None:
        owners = round_.table("owners", batch.partition)
        for message in batch.messages:
            round_.at(message)
            coin = json.loads(message.value or b"null")
            owner = coin["owner"]
            row = owners.get(owner) or {"coins": 0, "log": []}
            row["coins"] += coin.get("coins", 0)
            row["log"].append([coin.get("name", ""), message.offset, message.timestamp])
            row["unencodable"] = coin.get("unencodable", False)
            if self.fails[coin.get("name", "")]:
                raise RuntimeError("a bug")
            row["due"] = coin.get("due", row.get("due"))
            if row["due"] is not None and row["due"] <= message.timestamp and coin.get("name") == "timer":
                row["due"] = row.pop("again", None)
            row["again"] = coin.get("again", row.get("again"))
            owners.put(owner, row, due=row["due"])
            round_.publish(Output("counted", owner.encode(), json.dumps(row["coins"]).encode()))
            for told in coin.get("tells", []):
                round_.publish(Output("ledger", message.key, json.dumps(told).encode()))

    def expire(self, round_: Round, partition: int, key: str, due: int, now: int) -> None:
        self.expired.append((key, due, now))
        body = {"owner": key, "name": "timer"}
        round_.publish(Output("ledger", key.encode(), json.dumps(body).encode(), partition=partition))


class Run:
    """A till on a log, with all that it said."""

    def __init__(self, **options: Any) -> None:
        self.till = Till()
        self.said: list[Output] = []
        self.journal: list[Message] = []
        self.store = MemoryStore()
        self.log = MemoryLog(
            self.till.topology(),
            stores=lambda _: self.store,
            sink=self.said.append,
            tap=self.journal.append,
            version="1",
            **options,
        )

    def coin(self, owner: str = "ann", *, at: int = 0, **body: Any) -> bool:
        value = json.dumps({"owner": owner, "coins": 1, **body}).encode()
        return self.log.append(Message("coins", 7, 7, at, owner.encode(), value, [("traceparent", b"t")]))

    def rows(self) -> dict[str, Any]:
        return dict(self.log.rows("owners"))

    def names(self) -> list[str]:
        self.log.commit()
        return [json.loads(message.value or b"").get("name", "") for message in self.journal]


def test_a_message_is_handled_and_what_it_caused_is_in_the_state():
    run = Run()
    assert run.coin("ann")
    assert run.coin("bob", coins=3)
    assert run.coin("ann")
    assert {owner: row["coins"] for owner, row in run.rows().items()} == {"ann": 2, "bob": 3}


def test_the_sink_gets_all_outputs_in_the_order_in_which_they_were_said():
    run = Run()
    run.coin("ann")
    run.coin("bob")
    run.log.commit()
    assert [(output.topic, output.key) for output in run.said] == [
        ("ledger", b"ann"),
        ("counted", b"ann"),
        ("ledger", b"bob"),
        ("counted", b"bob"),
    ]


def test_what_a_message_causes_is_handled_depth_first_and_in_order():
    run = Run()
    run.coin(
        name="a",
        tells=[
            {"owner": "ann", "name": "a1", "tells": [{"owner": "ann", "name": "a11"}]},
            {"owner": "ann", "name": "a2"},
        ],
        more=[{"owner": "ann", "name": "b"}],
    )
    assert run.names() == ["a", "a1", "a11", "a2", "b"]
    assert [message.offset for message in run.journal] == [0, 1, 2, 3, 4]


def test_what_a_message_causes_carries_its_time_where_it_is_ahead_of_the_clock():
    run = Run()
    run.log.advance(100)
    run.coin(at=50)
    run.coin(at=150)
    run.coin(at=0)
    run.log.commit()
    assert [message.timestamp for message in run.journal] == [100, 150, 100]
    assert run.log.clock == 100


def test_a_refused_message_is_a_dead_letter_with_the_offset_of_its_own_topic():
    run = Run()
    assert run.coin()
    assert not run.log.append(Message("coins", 0, 0, 5, b"k", b"[]", []))
    assert run.coin()
    run.log.commit()
    (letter,) = [output for output in run.said if output.topic == "dead-letters"]
    headers = dict(letter.headers)
    assert letter.value == b"[]"
    assert headers["refundry-offset"] == b"1"
    assert headers["refundry-code"] == b"invalid_field"
    assert headers["refundry-timestamp"] == b"5"


def test_due_timers_fire_in_the_order_of_their_due_times_each_at_its_own():
    run = Run()
    run.coin("late", due=300)
    run.coin("soon", due=100)
    run.coin("mid", due=200)
    run.log.advance(250)
    assert run.till.expired == [("soon", 100, 100), ("mid", 200, 200)]
    assert run.log.clock == 250
    run.log.advance(300)
    assert run.till.expired[-1] == ("late", 300, 300)


def test_the_clock_never_goes_back():
    run = Run()
    run.log.advance(100)
    run.log.advance(50)
    assert run.log.clock == 100


def test_what_a_timer_causes_is_handled_before_the_next_timer():
    run = Run()
    run.coin("ann", due=100, again=150)
    run.coin("bob", due=200)
    run.log.advance(1000)
    run.log.commit()
    assert [(key, now) for key, _, now in run.till.expired] == [("ann", 100), ("ann", 150), ("bob", 200)]
    assert [message.timestamp for message in run.journal if b"timer" in (message.value or b"")] == [100, 150, 200]


def test_a_timer_that_was_moved_fires_only_at_its_new_time():
    run = Run()
    run.coin("ann", due=100)
    run.coin("ann", due=500)
    run.log.advance(499)
    assert run.till.expired == []
    run.log.advance(500)
    assert run.till.expired == [("ann", 500, 500)]


def test_a_timer_that_was_taken_away_does_not_fire():
    run = Run()
    run.coin("ann", due=100)
    run.coin("ann", due=None)
    run.log.advance(10_000)
    assert run.till.expired == []


def test_a_timer_that_is_overdue_when_it_is_set_fires_at_once_and_not_in_the_past():
    run = Run()
    run.log.advance(1000)
    run.coin("ann", due=10)
    assert run.till.expired == [("ann", 10, 1000)]


def test_a_timer_whose_consequence_was_refused_does_not_fire_again_for_the_same_time():
    run = Run()
    run.till.fails["timer"] = 1
    run.coin("ann", due=100)
    run.log.advance(200)
    run.log.advance(300)
    run.log.commit()
    run.log.advance(400)
    assert {(key, due) for key, due, _ in run.till.expired} == {("ann", 100)}
    assert run.rows()["ann"]["coins"] == 1


def test_a_row_with_two_timers_at_the_same_moment_fires_for_each():
    run = Run()
    run.coin("ann", due=100, again=100)
    run.log.advance(100)
    assert run.till.expired == [("ann", 100, 100)] * 2
    run.log.advance(1000)
    assert len(run.till.expired) == 2


def test_a_row_that_always_falls_due_at_the_same_moment_is_stopped():
    def forever(batch: Batch, round_: Round) -> None:
        round_.table("rows", 0).put("k", {}, due=10)

    expire: Any = lambda round_, *_: round_.publish(Output("rows", b"k", b"{}"))  # noqa: E731 - the row of a table
    table = TableSpec("rows", ("rows",), encode, json.loads, expire)
    topology = Topology((Agent("rows", "rows", forever),), (table,))
    log = MemoryLog(topology, stores=lambda _: MemoryStore(), sink=lambda _: None, version="1")
    log.append(Message("rows", 0, 0, 0, b"k", b"{}", []))
    with pytest.raises(EndlessCascadeError):
        log.advance(10)


def test_a_message_that_makes_a_handler_fail_is_refused_and_leaves_no_trace_in_the_state():
    run = Run()
    run.till.fails["poison"] = 1
    run.coin("ann")
    run.coin("ann", name="poison", coins=100)
    run.coin("ann")
    assert run.rows()["ann"]["coins"] == 2
    (letter,) = [output for output in run.said if output.topic == "dead-letters"]
    headers = dict(letter.headers)
    assert headers["refundry-code"] == b"handler_failed"
    assert (headers["refundry-topic"], headers["refundry-offset"]) == (b"ledger", b"1")
    assert letter.value is not None
    assert b"poison" in letter.value


def test_a_row_that_cannot_be_encoded_is_blamed_on_the_message_that_put_it():
    run = Run()
    run.coin("ann")
    run.coin("ann", unencodable=True)
    run.coin("bob")
    assert {owner: row["coins"] for owner, row in run.rows().items()} == {"ann": 1, "bob": 1}


def test_more_failures_than_a_round_may_have_end_the_run():
    run = Run()
    run.till.fails["poison"] = 1
    with pytest.raises(TooManyFailuresError):
        all(run.coin("ann", name="poison") for _ in range(200))


def test_a_topology_that_talks_to_itself_is_stopped():
    echo = Agent("echo", "echo", lambda batch, round_: round_.publish(Output("echo", batch.messages[0].key, b"1")))
    log = MemoryLog(Topology((echo,), ()), stores=lambda _: MemoryStore(), sink=lambda _: None, version="1")
    with pytest.raises(EndlessCascadeError):
        log.append(Message("echo", 0, 0, 0, b"k", b"1", []))


@pytest.mark.parametrize("limit", [1, 2, 7, 1000])
def test_the_size_of_a_round_changes_nothing(limit: int):
    def run_of(limit: int) -> tuple[list[Output], list[Message], dict[str, Any], list[tuple[str, int, int]]]:
        run = Run(round_messages_max=limit, cache_rows=2)
        for n in range(60):
            run.log.advance(n * 10)
            run.coin(f"o{n % 7}", due=n * 10 + n % 5 * 30, again=n * 10 + 45 if n % 3 else None)
        run.log.advance(5000)
        return run.rows() and run.said, run.journal, run.rows(), run.till.expired

    assert run_of(limit) == run_of(10**6)


def test_far_more_timers_than_are_held_at_once_fire_each_once_and_in_order():
    run = Run(round_messages_max=100)
    for n in range(5000):
        run.coin(f"o{n}", due=100 + n * 7919 % 3000)
    run.log.advance(10_000)
    assert len(run.till.expired) == 5000
    assert [now for _, _, now in run.till.expired] == sorted(100 + n * 7919 % 3000 for n in range(5000))
    assert len({key for key, _, _ in run.till.expired}) == 5000


def test_thousands_of_timers_of_the_same_moment_all_fire():
    run = Run(round_messages_max=100)
    for n in range(3000):
        run.coin(f"o{n}", due=500)
    run.log.advance(499)
    assert not run.till.expired
    run.log.advance(500)
    assert [key for key, _, _ in run.till.expired] == sorted(f"o{n}" for n in range(3000))


Moves = st.lists(
    st.tuples(st.sampled_from("abcd"), st.one_of(st.none(), st.integers(0, 90)), st.integers(0, 20), st.booleans()),
    max_size=40,
)


@settings(max_examples=200, deadline=None)
@given(moves=Moves, limit=st.sampled_from([1, 3, 1000]))
def test_timers_fire_exactly_when_a_simple_model_says(moves: list[tuple[str, int | None, int, bool]], limit: int):
    run = Run(round_messages_max=limit)
    model: dict[str, int] = {}
    expected: list[tuple[str, int, int]] = []
    clock = 0

    def fire(until: int) -> None:
        nonlocal clock
        while due := sorted((due, key) for key, due in model.items() if due <= until):
            when, key = due[0]
            clock = max(clock, when)
            expected.append((key, when, clock))
            del model[key]
        clock = max(clock, until)

    for owner, due, step, poisoned in moves:
        fire(clock + step)
        run.log.advance(run.log.clock + step)
        run.till.fails["poison"] = 1
        run.coin(owner, due=due, name="poison" if poisoned else "coin")
        if not poisoned:
            model.pop(owner, None)
            if due is not None:
                model[owner] = due
        fire(clock)
    run.log.commit()
    # A round that is done again calls expire again; the journal holds what really happened.
    timers = [m for m in run.journal if json.loads(m.value or b"")["name"] == "timer"]
    assert [((m.key or b"").decode(), m.timestamp) for m in timers] == [(key, now) for key, _, now in expected]
    assert run.log.clock == clock


def test_a_message_for_which_nobody_listens_is_a_mistake_of_the_caller():
    run = Run()
    assert not run.log.listens("counted")
    with pytest.raises(AssertionError):
        run.log.append(Message("counted", 0, 0, 0, None, None, []))

"""The laws of a round, on a table that counts."""

import logging
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from app.runtime import rows
from app.runtime.exits import UnsafeError
from app.runtime.round import FAILURES_MAX, OUTPUT_BYTES_MAX, Rerun, Staging, TooManyFailuresError
from app.runtime.store import StoreBrokenError, pack, row_of
from app.runtime.store.memory import MemoryStore
from app.runtime.topology import Batch, Message, Output, Refusal, Round
from tests.runtime.toys import Tally, batch, message, tally, topology
from topics.journal import Origin
from topics.journal import pack as pack_origin

PLACE = ("tallies", 0)


def staged(**parts: Any) -> tuple[Staging, MemoryStore]:
    staging, store = Staging(topology(**parts), version="9"), MemoryStore()
    staging.open("tallies", 0, store)
    return staging, store


def committed(staging: Staging) -> list[bytes | None]:
    """Commits as if the changelog had taken everything, and says what the round said."""
    said = [output.value for output in staging.outputs]
    store = staging.table("tallies", 0).store
    staging.commit({place: store.position + len(changes) for place, changes in staging.changes.items()})
    return said


def test_a_round_is_nothing_to_the_store_before_it_commits_and_all_of_it_after() -> None:
    staging, store = staged()
    staging.run([batch(message(0), message(1), message(2, "b"))])
    assert (list(store.scan()), store.position) == ([], 0)
    assert [output.value for output in staging.outputs] == [b"1", b"2", b"1"]
    staging.commit({PLACE: 7})
    assert [key for key, _ in store.scan()] == [b"a", b"b"]
    assert store.position == 7
    assert (staging.outputs, staging.changes) == ([], {})


def test_a_row_is_encoded_once_however_often_it_is_put() -> None:
    staging, _ = staged()
    staging.run([batch(*(message(n) for n in range(50)))])
    assert [key for key, _ in staging.changes[PLACE]] == [b"a"]


def test_a_dropped_round_leaves_no_trace_not_even_in_rows_that_it_changed_in_memory() -> None:
    staging, _ = staged()
    staging.run([batch(message(0))])
    committed(staging)
    staging.run([batch(message(1), message(2))])
    staging.drop()
    staging.run([batch(message(1))])
    assert committed(staging) == [b"2"]


def test_a_row_that_was_got_and_changed_but_not_put_is_forgotten() -> None:
    def change_only(some: Batch, round_: Round) -> None:
        row = round_.table("tallies", 0).get("a")
        if some.messages[0].value == b"peek" and row is not None:
            row.n = 99
        else:
            tally(some, round_)

    staging, _ = staged(handle=change_only)
    staging.run([batch(message(0))])
    committed(staging)
    staging.run([batch(message(1, value=b"peek"))])
    committed(staging)
    staging.run([batch(message(2))])
    assert committed(staging) == [b"2"]


def test_a_handler_that_raises_costs_its_message_alone(caplog: pytest.LogCaptureFixture) -> None:
    staging, _ = staged()
    with caplog.at_level(logging.ERROR):
        staging.run([batch(message(0), message(1, value=b"boom"), message(2))])
    letter = next(output for output in staging.outputs if output.topic == "dead-letters")
    assert (dict(letter.headers)["refundry-code"], dict(letter.headers)["refundry-offset"]) == (b"handler_failed", b"1")
    assert [output.value for output in staging.outputs] == [b"1", b"boom", b"2"]
    assert staging.refused == [("in", 0, 1)]
    assert "ValueError" in caplog.text
    assert "4242" not in caplog.text, "what an error quotes is not logged"


def test_several_handlers_that_raise_in_one_round_cost_their_messages_alone() -> None:
    staging, _ = staged()
    staging.run([batch(*(message(n, value=b"boom" if n % 3 == 0 else b"1") for n in range(9)))])
    assert [offset for _, _, offset in staging.refused] == [0, 3, 6]
    assert [output.value for output in staging.outputs if output.topic == "out"] == [b"1", b"2", b"3", b"4", b"5", b"6"]


def test_a_round_in_which_too_much_fails_stops_the_worker() -> None:
    staging, _ = staged()
    with pytest.raises(TooManyFailuresError):
        staging.run([batch(*(message(n, value=b"boom") for n in range(FAILURES_MAX + 1)))])


@pytest.mark.parametrize("error", [StoreBrokenError("disk"), UnsafeError("stop")])
def test_what_is_no_messages_fault_is_not_blamed_on_one(error: Exception) -> None:
    def fail(some: Batch, round_: Round) -> None:
        raise error

    staging, _ = staged(handle=fail)
    with pytest.raises(type(error)):
        staging.run([batch(message(0))])


def test_a_dropped_round_forgets_its_blame_so_a_passing_error_is_not_held_against_a_message() -> None:
    staging, _ = staged()
    with pytest.raises(Rerun):
        staging.handle(batch(message(0, value=b"boom")))
    staging.drop()
    staging.run([batch(message(0))])
    assert staging.refused == []


@pytest.mark.parametrize("size", [OUTPUT_BYTES_MAX, OUTPUT_BYTES_MAX + 1])
def test_an_output_larger_than_promised_fails_its_message(size: int) -> None:
    def shout(some: Batch, round_: Round) -> None:
        for one in some.messages:
            round_.at(one)
            round_.publish(Output("out", one.key, bytes(size)))

    staging, _ = staged(handle=shout)
    staging.run([batch(message(0))])
    assert len(staging.refused) == (size > OUTPUT_BYTES_MAX)


def test_a_row_too_large_for_the_changelog_fails_the_message_that_put_it_last(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "ROW_BYTES_MAX", 40)

    def grow(some: Batch, round_: Round) -> None:
        table = round_.table("tallies", 0)
        for one in some.messages:
            round_.at(one)
            table.put("a", Tally(n=10**9), due=None) if one.value == b"1" else table.put("b", Tally(n=2**60), due=None)

    staging, _ = staged(handle=grow)
    monkeypatch.setattr(rows, "ROW_BYTES_MAX", len(pack(None, b"")) + 15)
    staging.run([batch(message(0), message(1, value=b"big"), message(2))])
    assert staging.refused == [("in", 0, 1)]
    assert [key for key, _ in staging.changes[PLACE]] == [b"a"]


def test_a_refused_message_is_a_dead_letter_of_the_same_round() -> None:
    def refuse(some: Batch, round_: Round) -> None:
        for one in some.messages:
            round_.at(one)
            round_.refuse(one, Refusal("invalid_field", "amount: expected an integer", "amount"))

    staging, _ = staged(handle=refuse)
    original = msgspec.structs.replace(
        message(5), headers=[("traceparent", b"00-1"), ("refundry-attempt", b"2"), ("refundry-code", b"x")]
    )
    staging.run([batch(original)])
    (letter,) = staging.outputs
    assert (letter.topic, letter.key, letter.value) == ("dead-letters", b"a", b"1")
    assert dict(letter.headers) == {
        "refundry-code": b"invalid_field",
        "refundry-message": b"amount: expected an integer",
        "refundry-path": b"amount",
        "refundry-topic": b"in",
        "refundry-partition": b"0",
        "refundry-offset": b"5",
        "refundry-timestamp": b"1000",
        "refundry-attempt": b"3",
        "refundry-version": b"9",
        "traceparent": b"00-1",
    }


def test_a_journal_record_that_fails_is_the_dead_letter_of_the_inbound_record_that_it_was() -> None:
    origin = Origin("payments", 3, 77, 1234, b"f", key=b"pay-1", headers=(("x", b"y"),))
    staging, _ = staged()
    staging.run([batch(msgspec.structs.replace(message(0, value=b"boom"), headers=pack_origin(origin, None)))])
    (letter,) = staging.outputs
    headers = dict(letter.headers)
    assert (letter.key, headers["refundry-topic"], headers["refundry-offset"]) == (b"pay-1", b"payments", b"77")
    assert headers["x"] == b"y"


def test_rows_beyond_the_cache_are_read_from_the_store_again() -> None:
    staging, store = Staging(topology(), version="9", cache_rows=2), MemoryStore()
    staging.open("tallies", 0, store)
    for n in range(30):
        staging.run([batch(message(n, f"k{n % 10}"))])
        committed(staging)
    table = staging.table("tallies", 0)
    assert len(table._young) + len(table._old) <= 6
    assert [table.get(f"k{n}").n for n in range(10)] == [3] * 10  # type: ignore[union-attr]


def test_a_row_put_without_being_got_replaces_the_one_in_the_cache_also_after_a_drop() -> None:
    def overwrite(some: Batch, round_: Round) -> None:
        for one in some.messages:
            round_.at(one)
            round_.table("tallies", 0).put("a", Tally(n=int(one.value or b"0")), due=None)

    staging, store = Staging(topology(handle=overwrite), version="9", cache_rows=0), MemoryStore()
    staging.open("tallies", 0, store)
    for value in (b"1", b"2"):
        staging.run([batch(message(0, value=value))])
        committed(staging)
    staging.run([batch(message(0, value=b"3"))])
    staging.drop()
    row: Any = staging.table("tallies", 0).get("a")
    assert row.n == 2


def test_a_founding_change_goes_with_the_first_round_and_again_until_one_commits() -> None:
    staging, store = Staging(topology(), version="9"), MemoryStore()
    staging.open("tallies", 0, store, founding=(b"\x00seal", pack(None, b"s")))
    for _ in range(2):
        staging.run([])
        assert staging.changes == {PLACE: [(b"\x00seal", pack(None, b"s"))]}
        staging.drop()
    staging.run([batch(message(0))])
    committed(staging)
    staging.run([batch(message(1))])
    assert [key for key, _ in staging.changes[PLACE]] == [b"a"]
    assert row_of(store.get(b"\x00seal") or b"") == b"s"


# Timers


def with_timer(due: int) -> tuple[Staging, MemoryStore]:
    staging, store = staged()
    staging.run([batch(message(0, value=b"due %d" % due))])
    committed(staging)
    return staging, store


def test_a_timer_fires_when_its_time_has_come_and_once_though_its_row_still_says_so() -> None:
    staging, _ = with_timer(100)
    for now, fired in ((99, []), (100, [b"fired 100"]), (100, []), (500, [])):
        staging.run([], now=now)
        assert committed(staging) == fired, now


def test_a_timer_of_a_dropped_round_fires_again() -> None:
    staging, _ = with_timer(100)
    staging.run([], now=100)
    staging.drop()
    staging.run([], now=100)
    assert committed(staging) == [b"fired 100"]


def test_a_timer_fires_again_for_a_later_time() -> None:
    staging, _ = with_timer(100)
    staging.run([], now=100)
    committed(staging)
    staging.run([batch(message(1, value=b"due 200"))])
    committed(staging)
    assert staging.next_due() == 200
    staging.run([], now=200)
    assert committed(staging) == [b"fired 200"]


def test_a_row_put_again_with_the_due_time_that_fired_does_not_fire_for_it_again() -> None:
    staging, _ = with_timer(100)
    staging.run([], now=100)
    committed(staging)
    staging.run([batch(message(1))], now=150)
    assert committed(staging) == [b"2"]
    assert staging.next_due() is None


def test_a_timer_whose_row_is_put_later_in_the_same_round_is_done() -> None:
    def postpone(round_: Round, partition: int, key: str, due: int, now: int) -> None:
        row = round_.table("tallies", partition).get(key)
        round_.table("tallies", partition).put(key, row, due=due + 50)

    staging, _ = staged(expire=postpone)
    staging.run([batch(message(0, value=b"due 100"))])
    committed(staging)
    staging.run([], now=120)
    committed(staging)
    assert staging.next_due() == 150


def test_no_more_timers_fire_in_a_round_than_the_limit_and_none_is_passed_over() -> None:
    staging, _ = staged()
    staging.run([batch(*(message(n, f"k{n:03}", b"due %d" % (100 + n)) for n in range(200)))])
    committed(staging)
    fired = []
    while staging.fire(1000, limit=7):
        assert len(staging.outputs) <= 7
        fired += committed(staging)
    assert fired == [b"fired %d" % (100 + n) for n in range(200)]


def test_a_timer_set_in_this_round_is_known_before_it_commits() -> None:
    staging, _ = with_timer(100)
    staging.run([batch(message(1, value=b"due 50"), message(2, "b", b"due 70"))])
    assert staging.next_due() == 50
    assert staging.fire(60) == 1
    assert staging.next_due() == 70


def test_a_message_that_poisons_a_round_does_not_keep_its_timers_from_firing() -> None:
    staging, _ = with_timer(100)
    staging.run([batch(message(1, value=b"boom"))], now=100)
    assert [output.topic for output in staging.outputs] == ["in", "dead-letters"]


def test_messages_are_handled_partition_by_partition_in_their_own_tables() -> None:
    staging = Staging(topology(), version="9")
    for partition in (0, 1):
        staging.open("tallies", partition, MemoryStore())
    here: Message = message(0)
    staging.run([batch(here), batch(msgspec.structs.replace(here, partition=1))])
    assert {place: len(changes) for place, changes in staging.changes.items()} == {PLACE: 1, ("tallies", 1): 1}
    assert [output.value for output in staging.outputs] == [b"1", b"1"]


def test_the_oldest_event_that_waits_is_read_from_the_row_that_falls_due_first() -> None:
    made = topology()
    staging = Staging(replace(made, tables=(replace(made.tables[0], held_since=lambda row: row.n),)), version="9")
    for partition in (0, 1):
        staging.open("tallies", partition, MemoryStore())
    assert staging.held_since("tallies") is None
    twice = [message(n, value=b"due 50") for n in range(2)]
    staging.run([batch(*twice, message(2, "b", b"due 60")), batch(message(0, value=b"due 90", partition=1))])
    committed(staging)
    assert staging.held_since("tallies") == 1, "of partition 1, where one was counted"
    staging.close("tallies", 1)
    assert staging.held_since("tallies") == 2

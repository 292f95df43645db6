"""How far a partition is: what is committed as handled was handled, or is nothing a reader could be given."""

from typing import Any

import pytest
from confluent_kafka import KafkaError

from app.runtime.exits import UnsafeError, UnsureError
from app.runtime.positions import Positions, Taken
from app.runtime.records import named

PLACE = ("x-orders", 0)


class Record:
    """Stands for a consumer's record, or, with `code`, for the event in its place."""

    def __init__(self, offset: int, value: bytes | None = b"1", code: int | None = None, partition: int = 0) -> None:
        self._offset, self._value, self._code, self._partition = offset, value, code, partition

    def topic(self) -> str:
        return PLACE[0]

    def partition(self) -> int:
        return self._partition

    def offset(self) -> int:
        return self._offset

    def timestamp(self) -> tuple[int, int]:
        return 1, 1_000

    def key(self) -> bytes:
        return b"k"

    def value(self) -> bytes | None:
        return self._value

    def headers(self) -> list[tuple[str, bytes | None]]:
        return [("trace", None)]

    def error(self) -> KafkaError | None:
        return None if self._code is None else KafkaError(self._code)


def end(offset: int) -> Record:
    return Record(offset, code=KafkaError._PARTITION_EOF)


def positions(**parts: Any) -> Positions:
    made = Positions({"x-orders": "orders"}, **{"round_bytes_max": 100, **parts})
    made.assign({PLACE: 5, ("x-orders", 1): 0})
    return made


def sort(made: Positions, *records: Record) -> list[Taken]:
    return made.sort(records)  # type: ignore[arg-type]


def test_records_become_messages_under_the_catalogues_name_with_empty_headers_for_none() -> None:
    (taken,) = sort(positions(), Record(5), Record(9), Record(0, partition=1))
    assert taken.offsets == {PLACE: 10, ("x-orders", 1): 1}
    assert [(batch.topic, batch.partition, len(batch.messages)) for batch in taken.batches] == [
        ("orders", 0, 2),
        ("orders", 1, 1),
    ]
    assert taken.batches[0].messages[0].headers == [("trace", b"")]


def test_a_round_that_would_take_too_much_memory_is_several() -> None:
    rounds = sort(positions(round_bytes_max=10), *(Record(5 + n, b"123456") for n in range(5)))
    assert [taken.offsets[PLACE] for taken in rounds] == [7, 9, 10]


def test_records_of_partitions_in_turns_are_sorted_by_partition_and_each_in_its_order() -> None:
    turns = (Record(5), Record(0, partition=1), Record(6), Record(3, partition=1), Record(8), end(9))
    (taken,) = sort(positions(), *turns)
    assert [[message.offset for message in batch.messages] for batch in taken.batches] == [[5, 6, 8], [0, 3]]
    assert taken.offsets == {PLACE: 9, ("x-orders", 1): 4}


@pytest.mark.parametrize("rounds", [100, 1])
def test_an_offset_that_comes_twice_is_found_however_the_records_between_are_cut(rounds: int) -> None:
    with pytest.raises(UnsureError, match="expected 7"):
        sort(positions(round_bytes_max=rounds), Record(5), Record(6), Record(0, partition=1), Record(6))


@pytest.mark.parametrize("offset", [4, 0])
def test_an_offset_that_was_handled_before_ends_the_process(offset: int) -> None:
    with pytest.raises(UnsureError, match="expected 5"):
        sort(positions(), Record(offset))


def test_an_offset_that_comes_twice_ends_the_process_though_neither_is_committed() -> None:
    made = positions()
    sort(made, Record(5))
    with pytest.raises(UnsureError):
        sort(made, Record(5))


def test_after_a_rewind_what_was_not_handled_is_expected_again() -> None:
    made = positions()
    sort(made, Record(5), Record(6))
    made.rewind()
    assert sort(made, Record(5))[0].offsets == {PLACE: 6}


@pytest.mark.parametrize(
    ("code", "stop"), [(KafkaError._AUTO_OFFSET_RESET, UnsafeError), (KafkaError._FATAL, UnsureError)]
)
def test_an_event_that_ends_the_worker_is_raised(code: int, stop: type[Exception]) -> None:
    with pytest.raises(stop):
        sort(positions(), Record(5, code=code))


def test_markers_at_an_end_are_passed_once_all_before_them_is_handled() -> None:
    made = positions()
    sort(made, Record(5), end(7))
    assert made.markers() is None, "5 is not handled yet"
    made.handled({PLACE: 6})
    assert made.markers() == Taken([], {PLACE: 7})
    made.handled({PLACE: 7})
    assert made.markers() is None


def test_an_end_seen_before_a_rewind_is_forgotten_lest_what_lies_before_it_is_passed_over() -> None:
    made = positions()
    sort(made, Record(5), end(7))
    made.rewind()
    assert made.markers() is None
    made.handled({PLACE: 5})
    assert made.markers() is None


def test_lag_is_what_lies_between_what_is_handled_or_seen_as_the_end_and_the_end() -> None:
    made = positions()
    assert made.lags(lambda place: 8) == {"orders": 3 + 8}
    sort(made, end(8))
    assert made.lags(lambda place: 8) == {"orders": 8}


def test_behind_is_each_partition_that_is_not_handled_to_its_end_but_for_those_of_the_topic_named() -> None:
    made = positions()
    assert made.behind(lambda place: 8, but="heartbeats") == {PLACE: 5, ("x-orders", 1): 0}
    assert made.behind(lambda place: 8, but="orders") == {}
    sort(made, end(8))
    assert made.behind(lambda place: 8, but=None) == {("x-orders", 1): 0}


def test_partitions_are_named_in_a_line_of_the_log_with_neighbours_drawn_together():
    places = [("orders", 2), ("case-events", 7), *(("case-events", number) for number in range(4))]
    assert named(places) == "case-events 0-3 7, orders 2"
    assert named([]) == ""


def test_a_round_without_messages_says_again_where_one_partition_stands_and_moves_nothing() -> None:
    made = positions()
    taken = made.standing()
    assert (taken.batches, taken.offsets) == ([], {PLACE: 5})
    made.handled(taken.offsets)
    assert made.next == {PLACE: 5, ("x-orders", 1): 0}


def test_an_end_that_was_seen_behind_what_is_not_handled_yet_is_not_passed() -> None:
    made = positions()
    sort(made, Record(5), end(7))
    assert made.lags(lambda place: 7) == {"orders": 2 + 7}
    made.handled({PLACE: 6})
    assert made.lags(lambda place: 7) == {"orders": 0 + 7}

"""Where a repetition is looked for: everywhere that one may lie, whatever clocks say and whoever changed the topics."""

from typing import Any

import pytest
from msgspec.structs import replace

from app.letters.letter import Letter
from app.letters.places import CLOCKS_DIFFER_MS, earliest_repetition, spans_to_search
from app.runtime.spans import Span
from tests.letters.test_redriving import letter_of as made_of
from tests.letters.test_redriving import message, placed
from topics.partitioning import partition_of

KEY = b"o1"
OWN = partition_of(KEY, 4)
OTHER = (OWN + 1) % 4
LOW, END, LATE = 100, 1000, 700
WHOLE = {("t.orders", number): Span(LOW, LOW, END) for number in range(4)}
BY_TIME = {place: span._replace(start=LATE) for place, span in WHOLE.items()}


def letter_of(code: str, **fields: Any) -> Letter:
    return replace(made_of(message(placed()), code), **fields)


def searched(*letters, by_murmur2=True):
    found = spans_to_search(letters, WHOLE, BY_TIME, by_murmur2=by_murmur2)
    assert all((span.low, span.end) == (LOW, END) for span in found.values())
    return {place[1]: span.start for place, span in found.items()}


def test_a_message_in_its_own_partition_is_repeated_behind_its_own_offset_whatever_the_clocks_say():
    ahead = letter_of("unknown_type", key=KEY, partition=OWN, offset=500, timestamp=10**15)
    assert searched(ahead) == {OWN: 501}


@pytest.mark.parametrize(("offset", "start"), [(20, LOW), (99, LOW), (999, 1000), (1000, LOW), (5000, LOW)])
def test_what_retention_took_and_a_topic_made_anew_are_searched_from_what_is_there(offset, start):
    assert searched(letter_of("unknown_type", key=KEY, partition=OWN, offset=offset)) == {OWN: start}


def test_a_message_that_lay_elsewhere_may_be_repeated_in_any_partition():
    assert searched(letter_of("wrong_partition", key=KEY, partition=OTHER, offset=500)) == dict.fromkeys(range(4), LATE)


def test_so_may_one_whose_key_belongs_elsewhere_since_there_are_more_partitions():
    assert searched(letter_of("unknown_type", key=KEY, partition=OTHER, offset=500)) == dict.fromkeys(range(4), LATE)


def test_and_one_that_was_misplaced_and_is_not_any_more():
    assert searched(letter_of("wrong_partition", key=KEY, partition=OWN, offset=900)) == dict.fromkeys(range(4), LATE)


def test_where_another_partitioner_rules_a_message_stays_in_its_partition():
    assert searched(letter_of("unknown_type", key=KEY, partition=OTHER, offset=500), by_murmur2=False) == {OTHER: 501}


def test_of_several_letters_the_widest_search_holds():
    early, late = (letter_of("unknown_type", key=KEY, partition=OWN, offset=offset) for offset in (300, 800))
    assert searched(late, early) == {OWN: 301}
    anywhere = letter_of("wrong_partition", key=KEY, partition=OTHER, offset=900)
    assert searched(late, early, anywhere) == dict.fromkeys(range(4), LATE) | {OWN: 301}


def test_a_publisher_whose_clock_ran_ahead_makes_no_repetition_too_early_to_be_looked_for():
    noon, day = 1_772_366_400_000, 24 * 3_600_000
    ahead = letter_of("wrong_partition", timestamp=noon + 30 * day, refused_at=noon)
    behind = letter_of("wrong_partition", timestamp=noon - 30 * day, refused_at=noon)
    assert day == CLOCKS_DIFFER_MS
    assert earliest_repetition([ahead]) == noon - day
    assert earliest_repetition([ahead, behind]) == noon - 31 * day
    assert earliest_repetition([letter_of("wrong_partition", timestamp=-1)]) == 0

"""Records of the internal topics carry where they came from, and are read by old and new versions alike."""

import json

import msgspec
import pytest

from tests.topics.samples import example_files
from topics.catalogue import CATALOGUE, INTERNAL
from topics.journal import Origin, UnknownTypeError, pack, read_activity, read_count, read_journal, unpack

ORIGINS = [
    Origin(topic="orders", partition=3, offset=12, timestamp=1_772_541_000_000, fingerprint=b"12345678"),
    Origin("payments", 0, 2**40, 0, b"", redacted=True, released="evt-9", key=b"pay-\xff", headers=(("x", b"\0"),)),
]


@pytest.mark.parametrize("origin", ORIGINS, ids=["plain", "everything"])
@pytest.mark.parametrize(
    "trace", [None, b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"], ids=["no trace", "trace"]
)
def test_what_was_packed_is_unpacked(origin, trace):
    assert unpack(pack(origin, trace)) == (origin, trace)
    assert unpack([("other", b"x"), *pack(origin, trace)]) == (origin, trace)


def test_an_origin_of_an_older_version_is_read():
    old = msgspec.msgpack.encode(["orders", 3, 12, 5, b"12345678"])
    assert unpack([("refundry-origin", old)])[0] == Origin("orders", 3, 12, 5, b"12345678")


def test_an_origin_of_a_newer_version_is_read_as_what_is_known_of_it():
    newer = msgspec.msgpack.encode([*msgspec.to_builtins(ORIGINS[1], builtin_types=(bytes,)), "since next year"])
    assert unpack([("refundry-origin", newer)])[0] == ORIGINS[1]


def test_a_record_without_an_origin_is_none_of_ours():
    with pytest.raises(LookupError, match="refundry-origin"):
        unpack([("traceparent", b"x")])


READERS = {"case-events": read_journal, "customer-activity": read_activity, "merchant-activity": read_count}


def test_every_internal_topic_with_types_has_a_reader():
    assert set(READERS) == {topic for topic in INTERNAL if CATALOGUE[topic].types}


@pytest.mark.parametrize("topic", READERS)
def test_each_internal_topic_reads_its_examples_and_those_of_a_newer_version(topic):
    for file in example_files(topic):
        body = json.loads(file.read_text())
        event = READERS[topic](json.dumps(body | {"since_next_year": {"a": 1}}).encode())
        assert event == READERS[topic](file.read_bytes())
        assert event.type == body["type"]


@pytest.mark.parametrize("topic", READERS)
def test_what_is_none_of_ours_is_an_error(topic):
    for value in (b"{}", b'{"type": "order.eaten"}', b"[]", b"not JSON"):
        with pytest.raises(msgspec.DecodeError):
            READERS[topic](value)


@pytest.mark.parametrize("topic", READERS)
def test_a_type_that_a_newer_version_wrote_is_told_apart_from_what_is_none_of_ours(topic):
    known = json.loads(example_files(topic)[0].read_text())
    with pytest.raises(UnknownTypeError) as caught:
        READERS[topic](json.dumps(known | {"type": "since.next_year"}).encode())
    assert "next_year" not in str(caught.value)
    for value in (json.dumps(known | {"merchant_id": 7}).encode(), b"{}", b"[]", b'{"type": 7}', b"not JSON"):
        with pytest.raises(msgspec.DecodeError) as other:
            READERS[topic](value)
        assert not isinstance(other.value, UnknownTypeError)


def test_the_journal_can_say_whatever_comes_in_for_a_case():
    names = set(CATALOGUE["case-events"].type_names)
    for topic in ("orders", "payments", "disputes", "reviews", "customers"):
        assert names >= set(CATALOGUE[topic].type_names)
    assert names >= {"timer.fired", "history.answered"}

"""The laws of writing, on a real Redis."""

import pytest

from app.readside.answering import Answers, StaleError
from app.readside.document import read
from app.readside.keys import Keys
from app.readside.writing import Change, MovedError, Writer
from tests.readside.cases import KEYS, instruction, listed, payment, snapshot, standing

pytestmark = pytest.mark.redis

START, TOPIC = {0: 0, 1: 0}, "a topic"


def change(value):
    return Change(value, None if value is None else read(value))


@pytest.fixture
def writer(client):
    writer = Writer(client, KEYS)
    writer.begin(START, TOPIC)
    return writer


def write(writer, case_id, value, at=None, **how):
    at = at if at is not None else writer.position()
    reached = at | {0: at[0] + 1}
    return writer.write(at, {case_id: change(value)}, reached, caught_up_at=how.get("caught_up_at"))


def test_the_snapshot_stands_byte_for_byte_under_its_case_and_is_found_by_its_numbers(client, writer):
    value = snapshot("m/o1", payments=[payment("p1", "c1")], instructions=[instruction("i1", "re1", "arn1")])
    assert write(writer, "m/o1", value) == 1
    assert standing(client) == {"m/o1": value}
    numbers = {f"number:{number}": {"m/o1"} for number in ("p1", "c1", "i1", "re1", "arn1")}
    assert listed(client) == {"order:o1": {"m/o1"}, **numbers}
    assert writer.position() == {0: 1, 1: 0}


@pytest.mark.parametrize(
    ("first", "then", "stands"), [(2, 1, "first"), (2, 2, "then"), (2, 3, "then"), (9, 10, "then")]
)
def test_an_older_version_never_replaces_a_newer_one(client, writer, first, then, stands):
    values = {"first": snapshot(version=first, flags=["a"]), "then": snapshot(version=then, flags=["b"])}
    for value in values.values():
        write(writer, "m/o1", value)
    assert standing(client) == {"m/o1": values[stands]}
    assert writer.position() == {0: 2, 1: 0}


def test_a_number_that_is_no_longer_in_the_case_no_longer_leads_there(client, writer):
    write(
        writer, "m/o1", snapshot(version=1, payments=[payment("p1")], disputes=[{"dispute_id": "d1", "state": "open"}])
    )
    write(writer, "m/o1", snapshot(version=2, payments=[payment("p1")]))
    assert listed(client) == {"order:o1": {"m/o1"}, "number:p1": {"m/o1"}}


def test_an_erased_case_leaves_no_key_behind(client, writer):
    write(writer, "m/o1", snapshot(payments=[payment("p1", "c1")]))
    write(writer, "m/o1", None)
    assert client.keys("*") == [KEYS.position.encode()]
    write(writer, "m/o1", None)
    assert client.keys("*") == [KEYS.position.encode()]


def test_a_case_that_comes_back_after_it_was_erased_may_have_any_version(client, writer):
    write(writer, "m/o1", snapshot(version=7))
    write(writer, "m/o1", None)
    write(writer, "m/o1", snapshot(version=1))
    assert standing(client) == {"m/o1": snapshot(version=1)}


@pytest.mark.parametrize("at", [{0: 5, 1: 0}, {0: 0}, {0: 0, 1: 0, 2: 0}])
def test_who_is_elsewhere_than_the_data_writes_nothing(client, writer, at):
    with pytest.raises(MovedError):
        writer.write(at, {"m/o1": change(snapshot())}, at, caught_up_at=None)
    assert client.keys("*") == [KEYS.position.encode()]
    assert writer.position() == START


def test_what_was_emptied_under_a_writers_hands_is_not_written_on(client, writer):
    client.flushall()
    with pytest.raises(MovedError):
        write(writer, "m/o1", snapshot(), at=START)
    assert client.keys("*") == []


@pytest.mark.parametrize("meanwhile", ["flushall", "another writer"])
def test_what_happens_between_looking_and_writing_stops_the_writing(client, shared, meanwhile):
    other = Writer(client, KEYS)
    other.begin(START, TOPIC)

    class Late(Writer):
        def _change(self, *arguments):
            if meanwhile == "flushall":
                client.flushall()
            else:
                write(other, "m/o2", snapshot("m/o2"))
            return super()._change(*arguments)

    with shared.client() as own, pytest.raises(MovedError):
        write(Late(own, KEYS), "m/o1", snapshot(), at=START)
    assert "m/o1" not in standing(client)


def test_to_begin_takes_away_what_is_ours_and_nothing_else(client, writer):
    neighbours = [Keys("refundry", "other-"), Keys("refundry2", ""), Keys("refund", "ry")]
    for keys in neighbours:
        Writer(client, keys).begin(START, TOPIC)
        client.set(keys.case("m/o1"), b"theirs")
    client.mset({f"somebody:{number}": number for number in range(3000)})
    client.mset({KEYS.case(f"m/{number}"): b"left" for number in range(3000)})
    before = client.dbsize()
    writer.forget()
    writer.begin({0: 4, 1: 5}, TOPIC)
    assert client.dbsize() == before - 3000
    assert writer.position() == {0: 4, 1: 5}
    assert all(client.get(keys.case("m/o1")) == b"theirs" for keys in neighbours)


def test_of_two_who_begin_the_second_takes_nothing_away_from_the_first(client):
    first, second = Writer(client, KEYS), Writer(client, KEYS)
    first.begin(START, TOPIC)
    write(first, "m/o1", snapshot())
    with pytest.raises(MovedError):
        second.begin(START, TOPIC)
    assert standing(client) == {"m/o1": snapshot()}


def answers(client):
    return Answers(client, KEYS)


def test_colliding_numbers_of_several_merchants_are_all_found_or_those_of_one(client, writer):
    for merchant_id in ("m", "m-2", "a", "m0"):
        write(writer, f"{merchant_id}/o1", snapshot(f"{merchant_id}/o1", payments=[payment("p1")]), caught_up_at=9e9)
    write(writer, "m/p1", snapshot("m/p1"), caught_up_at=9e9)
    found = [case_id for case_id, _ in answers(client).number("p1", None)]
    assert found == ["a/o1", "m-2/o1", "m/o1", "m/p1", "m0/o1"]
    assert [case_id for case_id, _ in answers(client).number("p1", "m")] == ["m/o1", "m/p1"]
    assert [case_id for case_id, _ in answers(client).order("o1", None)] == ["a/o1", "m-2/o1", "m/o1", "m0/o1"]
    assert [tuple(case) for case in answers(client).order("o1", "a")] == [("a/o1", standing(client)["a/o1"])]
    assert answers(client).order("p1", "a") == []


def test_a_number_of_two_installations_is_found_in_each_alone(client, writer):
    other = Writer(client, Keys("refundry", "eu-"))
    other.begin(START, TOPIC)
    write(writer, "m/o1", snapshot("m/o1"), caught_up_at=9e9)
    write(other, "m/o2", snapshot("m/o2"), caught_up_at=9e9)
    assert answers(client).order("o2", None) == []
    assert [case_id for case_id, _ in Answers(client, Keys("refundry", "eu-")).order("o2", None)] == ["m/o2"]


@pytest.mark.parametrize(("caught_up_at", "words"), [(None, "not complete"), (1.0, "last up to date")])
def test_what_may_be_old_is_not_told(client, writer, caught_up_at, words):
    write(writer, "m/o1", snapshot(), caught_up_at=caught_up_at)
    with pytest.raises(StaleError, match=words):
        answers(client).order("o1", None)


def test_a_read_side_that_was_emptied_does_not_answer(client, writer):
    write(writer, "m/o1", snapshot(), caught_up_at=9e9)
    client.flushall()
    with pytest.raises(StaleError, match="projections run"):
        answers(client).order("o1", None)


def test_a_case_that_redis_has_dropped_is_not_passed_over(client, writer):
    write(writer, "m/o1", snapshot(), caught_up_at=9e9)
    client.delete(KEYS.case("m/o1"))
    with pytest.raises(StaleError):
        answers(client).order("o1", None)

"""What a worker does when Kafka says no: every row that was seen on a real broker, and what the table does not know."""

from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException

from app.runtime import faults
from app.runtime.exits import MisconfiguredError, UnreachableError, UnsafeError, UnsureError
from app.runtime.faults import Answer, RoundAbortedError, answer, insist

FLAGS = {"retriable": False, "txn_requires_abort": False, "fatal": False}


def error(name: str, **flags: bool) -> KafkaError:
    return KafkaError(getattr(KafkaError, name), "said", **{**FLAGS, **flags})


@pytest.mark.parametrize(
    ("name", "flags", "expected"),
    [
        ("UNKNOWN_MEMBER_ID", {"txn_requires_abort": True}, Answer.ABORT),
        ("ILLEGAL_GENERATION", {"txn_requires_abort": True}, Answer.ABORT),
        ("NOT_COORDINATOR", {"txn_requires_abort": True}, Answer.ABORT),
        ("NOT_COORDINATOR", {"retriable": True}, Answer.RETRY),
        ("_TIMED_OUT", {"retriable": True}, Answer.RETRY),
        ("_TIMED_OUT", {}, Answer.RETRY),
        ("_FENCED", {"fatal": True}, Answer.EXIT),
        ("_FENCED", {}, Answer.EXIT),
        ("_FATAL", {}, Answer.EXIT),
        ("FENCED_INSTANCE_ID", {"retriable": True}, Answer.EXIT),
        ("_PREV_IN_PROGRESS", {"retriable": True}, Answer.EXIT),
        ("_STATE", {}, Answer.EXIT),
        ("INVALID_PRODUCER_EPOCH", {"txn_requires_abort": True}, Answer.EXIT),
        ("TOPIC_AUTHORIZATION_FAILED", {"txn_requires_abort": True}, Answer.REFUSE),
        ("INVALID_TXN_STATE", {}, Answer.EXIT),
        ("INVALID_TXN_STATE", {"fatal": True}, Answer.EXIT),
        ("OUT_OF_ORDER_SEQUENCE_NUMBER", {"txn_requires_abort": True}, Answer.ABORT),
        ("_TIMED_OUT", {"fatal": True}, Answer.EXIT),
        ("UNKNOWN", {}, Answer.EXIT),
        ("UNKNOWN", {"retriable": True}, Answer.RETRY),
    ],
)
def test_each_error_of_a_call_has_its_answer(name: str, flags: dict[str, bool], expected: Answer) -> None:
    assert answer(error(name, **flags)) is expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("_FATAL", Answer.EXIT),
        ("_MAX_POLL_EXCEEDED", Answer.EXIT),
        ("_TRANSPORT", Answer.RETRY),
        ("_ALL_BROKERS_DOWN", Answer.RETRY),
        ("UNKNOWN_TOPIC_OR_PART", Answer.EXIT),
        ("_AUTO_OFFSET_RESET", Answer.REFUSE),
        ("UNKNOWN", Answer.EXIT),
    ],
)
def test_each_error_in_a_messages_place_has_its_answer(name: str, expected: Answer) -> None:
    assert answer(error(name), faults.MESSAGES) is expected


@pytest.mark.parametrize(
    ("name", "stop"),
    [
        ("_AUTO_OFFSET_RESET", UnsafeError),
        ("OFFSET_OUT_OF_RANGE", UnsafeError),
        ("TOPIC_AUTHORIZATION_FAILED", MisconfiguredError),
        ("UNKNOWN_TOPIC_OR_PART", UnsureError),
        ("_FENCED", UnsureError),
        ("UNKNOWN", UnsureError),
    ],
)
def test_the_exit_code_says_who_must_act(name: str, stop: type[Exception]) -> None:
    assert type(faults.stop_for(error(name), "reading orders")) is stop


def failing(*errors: KafkaError) -> Any:
    """A call that fails so, then succeeds."""
    left = list(errors)

    def call() -> str:
        if left:
            raise KafkaException(left.pop(0))
        return "done"

    return call


def test_a_call_is_repeated_until_it_succeeds() -> None:
    call = failing(error("_TIMED_OUT"), error("_TRANSPORT"))
    assert insist(call, what="x", patience=10, pause=0) == "done"


@pytest.mark.parametrize(
    ("name", "flags", "expected"),
    [
        ("ILLEGAL_GENERATION", {"txn_requires_abort": True}, RoundAbortedError),
        ("_FENCED", {"fatal": True}, UnsureError),
        ("CLUSTER_AUTHORIZATION_FAILED", {}, MisconfiguredError),
    ],
)
def test_a_call_that_must_not_be_repeated_is_not(name: str, flags: dict[str, bool], expected: type[Exception]) -> None:
    with pytest.raises(expected):
        insist(failing(error(name, **flags)), what="x", patience=10, pause=0)


@pytest.mark.parametrize("name", ["_UNKNOWN_TOPIC", "_UNKNOWN_PARTITION", "UNKNOWN_TOPIC_OR_PART"])
def test_a_topic_that_a_broker_does_not_know_is_missing_once_that_lasts(name: str) -> None:
    assert insist(failing(error(name)), what="x", patience=10, pause=0) == "done"
    with pytest.raises(MisconfiguredError, match="refundry topics check"):
        insist(failing(*(error(name) for _ in range(10_000))), what="x", patience=0.05, pause=0.01)


def test_patience_ends() -> None:
    call = failing(*(error("_TIMED_OUT") for _ in range(10_000)))
    with pytest.raises(UnreachableError, match="commit"):
        insist(call, what="commit", patience=0.05, pause=0.01)

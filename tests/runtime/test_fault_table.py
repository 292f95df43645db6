"""Every row of the table of librdkafka's errors, and what a commit makes of them when a broker really answers so."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from app.runtime import clients, faults
from app.runtime.claim import fence
from app.runtime.commits import Transactions
from app.runtime.config import Limits, RuntimeConfig
from app.runtime.exits import MisconfiguredError, UnsureError
from app.runtime.faults import Answer, RoundAbortedError, answer
from app.runtime.topology import Output
from tests.runtime.failing_broker import (
    ADD_OFFSETS,
    ADD_PARTITIONS,
    END,
    INIT,
    OFFSET_COMMIT,
    PRODUCE,
    FailingBroker,
    code,
)

OF_CALLS = {
    "_FATAL": Answer.EXIT,
    "_FENCED": Answer.EXIT,
    "_STATE": Answer.EXIT,
    "_PREV_IN_PROGRESS": Answer.EXIT,
    "FENCED_INSTANCE_ID": Answer.EXIT,
    "INVALID_PRODUCER_EPOCH": Answer.EXIT,
    "PRODUCER_FENCED": Answer.EXIT,
    "TRANSACTION_COORDINATOR_FENCED": Answer.EXIT,
    "INVALID_PRODUCER_ID_MAPPING": Answer.EXIT,
    "TRANSACTIONAL_ID_AUTHORIZATION_FAILED": Answer.REFUSE,
    "CLUSTER_AUTHORIZATION_FAILED": Answer.REFUSE,
    "GROUP_AUTHORIZATION_FAILED": Answer.REFUSE,
    "TOPIC_AUTHORIZATION_FAILED": Answer.REFUSE,
    "SASL_AUTHENTICATION_FAILED": Answer.REFUSE,
    "_AUTHENTICATION": Answer.REFUSE,
    "INVALID_TRANSACTION_TIMEOUT": Answer.REFUSE,
    "UNKNOWN_MEMBER_ID": Answer.ABORT,
    "ILLEGAL_GENERATION": Answer.ABORT,
    "REBALANCE_IN_PROGRESS": Answer.ABORT,
    "_TIMED_OUT": Answer.RETRY,
    "_TRANSPORT": Answer.RETRY,
    "_ALL_BROKERS_DOWN": Answer.RETRY,
    "_RESOLVE": Answer.RETRY,
    "_DESTROY_BROKER": Answer.RETRY,
    "_WAIT_COORD": Answer.RETRY,
    "COORDINATOR_LOAD_IN_PROGRESS": Answer.RETRY,
    "COORDINATOR_NOT_AVAILABLE": Answer.RETRY,
    "NOT_COORDINATOR": Answer.RETRY,
    "REQUEST_TIMED_OUT": Answer.RETRY,
    "CONCURRENT_TRANSACTIONS": Answer.RETRY,
    "UNSTABLE_OFFSET_COMMIT": Answer.RETRY,
    "_NOENT": Answer.RETRY,
    "LEADER_NOT_AVAILABLE": Answer.RETRY,
    "NOT_LEADER_FOR_PARTITION": Answer.RETRY,
    "OFFSET_NOT_AVAILABLE": Answer.RETRY,
    "FENCED_LEADER_EPOCH": Answer.RETRY,
    "UNKNOWN_LEADER_EPOCH": Answer.RETRY,
    "REPLICA_NOT_AVAILABLE": Answer.RETRY,
    "BROKER_NOT_AVAILABLE": Answer.RETRY,
    "NETWORK_EXCEPTION": Answer.RETRY,
    "NOT_ENOUGH_REPLICAS": Answer.RETRY,
    "KAFKA_STORAGE_ERROR": Answer.RETRY,
    "_UNKNOWN_TOPIC": Answer.RETRY,
    "_UNKNOWN_PARTITION": Answer.RETRY,
    "UNKNOWN_TOPIC_OR_PART": Answer.RETRY,
}
OTHERWISE_IN_A_MESSAGES_PLACE = {
    "_MAX_POLL_EXCEEDED": Answer.EXIT,
    "UNKNOWN_MEMBER_ID": Answer.RETRY,
    "ILLEGAL_GENERATION": Answer.RETRY,
    "REBALANCE_IN_PROGRESS": Answer.RETRY,
    "UNKNOWN_TOPIC_OR_PART": Answer.EXIT,
    "_AUTO_OFFSET_RESET": Answer.REFUSE,
    "OFFSET_OUT_OF_RANGE": Answer.REFUSE,
}
OF_MESSAGES = {**OF_CALLS, **OTHERWISE_IN_A_MESSAGES_PLACE}


def bare(name: str) -> KafkaError:
    """The error without any flag: the table alone answers."""
    return KafkaError(code(name), "said", fatal=False, retriable=False, txn_requires_abort=False)


@pytest.mark.parametrize(("name", "expected"), OF_CALLS.items())
def test_each_row_of_calls(name: str, expected: Answer) -> None:
    assert answer(bare(name)) is expected


@pytest.mark.parametrize(("name", "expected"), OF_MESSAGES.items())
def test_each_row_of_messages(name: str, expected: Answer) -> None:
    assert answer(bare(name), faults.MESSAGES) is expected


def test_no_row_is_without_its_test() -> None:
    assert set(faults.CALLS) == set(map(code, OF_CALLS))
    assert set(faults.MESSAGES) == set(map(code, OF_MESSAGES))


@pytest.fixture
def broker() -> Iterator[FailingBroker]:
    with FailingBroker() as made:
        for topic in ("in", "out"):
            made.create_topic(topic)
        yield made


@pytest.fixture
def transactions(broker: FailingBroker, tmp_path: Path) -> Iterator[Transactions]:
    limits = Limits(transaction_timeout_ms=3000, call_timeout=3.0, patience=6.0)
    config = RuntimeConfig(bootstrap_servers=broker.bootstrap, slot="0", state_dir=tmp_path, limits=limits)
    consumer: Consumer = clients.group_consumer(config, lambda _: None)
    yield Transactions(config, clients.producer(config, lambda _: None), consumer)
    consumer.close()


def begin(transactions: Transactions) -> None:
    fence(transactions._config, transactions._producer)


def commit_one(transactions: Transactions) -> None:
    transactions.begin()
    transactions.commit([Output("out", b"key", b"value")], {}, [TopicPartition("in", 0, 1)])


@pytest.mark.parametrize(
    ("request_", "errors"),
    [
        (OFFSET_COMMIT, ["COORDINATOR_LOAD_IN_PROGRESS"]),
        (OFFSET_COMMIT, ["NOT_COORDINATOR", "NOT_COORDINATOR"]),
        (ADD_OFFSETS, ["CONCURRENT_TRANSACTIONS", "CONCURRENT_TRANSACTIONS"]),
        (ADD_OFFSETS, ["COORDINATOR_NOT_AVAILABLE"]),
        (ADD_PARTITIONS, ["CONCURRENT_TRANSACTIONS"]),
        (PRODUCE, ["NOT_LEADER_FOR_PARTITION"]),
        (PRODUCE, ["REQUEST_TIMED_OUT"]),
        (END, ["NOT_COORDINATOR"]),
        (END, ["COORDINATOR_NOT_AVAILABLE"]),
    ],
)
def test_what_passes_is_committed_all_the_same(
    broker: FailingBroker, transactions: Transactions, request_: int, errors: list[str]
) -> None:
    begin(transactions)
    broker.fail(request_, [*map(code, errors)])
    commit_one(transactions)


@pytest.mark.parametrize(
    ("request_", "error"),
    [
        (OFFSET_COMMIT, "ILLEGAL_GENERATION"),
        (OFFSET_COMMIT, "UNKNOWN_MEMBER_ID"),
        (OFFSET_COMMIT, "REBALANCE_IN_PROGRESS"),
    ],
)
def test_what_spoils_a_round_aborts_it_and_the_next_one_commits(
    broker: FailingBroker, transactions: Transactions, request_: int, error: str
) -> None:
    begin(transactions)
    broker.fail(request_, [code(error)])
    with pytest.raises(RoundAbortedError, match=error):
        commit_one(transactions)
    commit_one(transactions)


@pytest.mark.parametrize(
    ("request_", "error", "stop"),
    [
        (OFFSET_COMMIT, "FENCED_INSTANCE_ID", UnsureError),
        (OFFSET_COMMIT, "GROUP_AUTHORIZATION_FAILED", MisconfiguredError),
        (ADD_OFFSETS, "PRODUCER_FENCED", UnsureError),
        (ADD_OFFSETS, "INVALID_PRODUCER_EPOCH", UnsureError),
        (ADD_OFFSETS, "TRANSACTIONAL_ID_AUTHORIZATION_FAILED", MisconfiguredError),
        (ADD_PARTITIONS, "INVALID_PRODUCER_ID_MAPPING", UnsureError),
        (ADD_PARTITIONS, "TOPIC_AUTHORIZATION_FAILED", MisconfiguredError),
        (PRODUCE, "INVALID_PRODUCER_EPOCH", UnsureError),
        (PRODUCE, "TOPIC_AUTHORIZATION_FAILED", MisconfiguredError),
        (END, "PRODUCER_FENCED", UnsureError),
        (END, "INVALID_PRODUCER_EPOCH", UnsureError),
        (END, "INVALID_TXN_STATE", UnsureError),
    ],
)
def test_what_leaves_a_worker_unsure_or_refused_ends_it(
    broker: FailingBroker, transactions: Transactions, request_: int, error: str, stop: type[Exception]
) -> None:
    begin(transactions)
    broker.fail(request_, [code(error)])
    with pytest.raises(stop):
        commit_one(transactions)


def test_why_a_transaction_failed_is_told_also_where_it_fails_while_its_offsets_are_sent(tmp_path: Path) -> None:
    """The client answers the call that is under way with a wrong state, and the next one with what happened."""
    met = iter(["_STATE", "TOPIC_AUTHORIZATION_FAILED"])

    def send(*_: object) -> None:
        raise KafkaException(KafkaError(code(next(met))))

    parts: Any = SimpleNamespace(produce=None, consumer_group_metadata=lambda: None, send_offsets_to_transaction=send)
    config = RuntimeConfig(bootstrap_servers="none:1", state_dir=tmp_path)
    with pytest.raises(MisconfiguredError, match="send_offsets: TOPIC_AUTHORIZATION_FAILED"):
        Transactions(config, parts, parts).commit((), {}, [TopicPartition("in", 0, 1)])


@pytest.mark.parametrize(
    ("error", "stop"),
    [
        ("PRODUCER_FENCED", UnsureError),
        ("CLUSTER_AUTHORIZATION_FAILED", MisconfiguredError),
        ("TRANSACTIONAL_ID_AUTHORIZATION_FAILED", MisconfiguredError),
        ("INVALID_TRANSACTION_TIMEOUT", MisconfiguredError),
    ],
)
def test_a_worker_that_may_not_begin_ends(
    broker: FailingBroker, transactions: Transactions, error: str, stop: type[Exception]
) -> None:
    broker.fail(INIT, [code(error)])
    with pytest.raises(stop, match="init_transactions"):
        begin(transactions)


def test_a_coordinator_that_is_still_loading_is_waited_for(broker: FailingBroker, transactions: Transactions) -> None:
    broker.fail(INIT, [code("COORDINATOR_LOAD_IN_PROGRESS")])
    begin(transactions)
    commit_one(transactions)

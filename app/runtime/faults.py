"""What to do when Kafka says no: one table, read by every call to it.

Three answers exist: the same call again (bounded), abort the transaction and do the round again, or end the process and
let its successor read what is true. What the table does not know ends the process. Codes come before flags: a fenced
consumer reports itself as `_FATAL` with the flag `fatal()` unset.
"""
# ruff: noqa: SLF001  librdkafka names the codes of its own with an underscore

import logging
import time
from collections.abc import Callable
from enum import Enum
from typing import Any, TypeVar

from confluent_kafka import KafkaError, KafkaException

from app.runtime.exits import MisconfiguredError, UnreachableError, UnsafeError, UnsureError, WorkerStopError

R = TypeVar("R")
_log = logging.getLogger(__name__)


class Answer(Enum):
    """What the caller does."""

    RETRY = "the same call again"
    ABORT = "abort the transaction, do the round again"
    EXIT = "end the process, the supervisor starts it again"
    REFUSE = "end the process, a person must act"


class RoundAbortedError(Exception):
    """The transaction cannot commit; abort it, drop the round and read on from the committed positions."""


_E = KafkaError

CALLS: dict[int, Answer] = {
    # fenced, or a mistake of ours: somebody else may own what we hold
    _E._FATAL: Answer.EXIT,
    _E._FENCED: Answer.EXIT,
    _E._STATE: Answer.EXIT,
    _E._PREV_IN_PROGRESS: Answer.EXIT,
    _E.FENCED_INSTANCE_ID: Answer.EXIT,
    _E.INVALID_PRODUCER_EPOCH: Answer.EXIT,
    _E.PRODUCER_FENCED: Answer.EXIT,
    _E.TRANSACTION_COORDINATOR_FENCED: Answer.EXIT,
    _E.INVALID_PRODUCER_ID_MAPPING: Answer.EXIT,
    # nobody but an operator can mend these
    _E.TRANSACTIONAL_ID_AUTHORIZATION_FAILED: Answer.REFUSE,
    _E.CLUSTER_AUTHORIZATION_FAILED: Answer.REFUSE,
    _E.GROUP_AUTHORIZATION_FAILED: Answer.REFUSE,
    _E.TOPIC_AUTHORIZATION_FAILED: Answer.REFUSE,
    _E.SASL_AUTHENTICATION_FAILED: Answer.REFUSE,
    _E._AUTHENTICATION: Answer.REFUSE,
    _E.INVALID_TRANSACTION_TIMEOUT: Answer.REFUSE,
    # the group moved on while the round was open
    _E.UNKNOWN_MEMBER_ID: Answer.ABORT,
    _E.ILLEGAL_GENERATION: Answer.ABORT,
    _E.REBALANCE_IN_PROGRESS: Answer.ABORT,
    # the broker is away, or busy coming back
    _E._TIMED_OUT: Answer.RETRY,
    _E._TRANSPORT: Answer.RETRY,
    _E._ALL_BROKERS_DOWN: Answer.RETRY,
    _E._RESOLVE: Answer.RETRY,
    _E._DESTROY_BROKER: Answer.RETRY,
    _E._WAIT_COORD: Answer.RETRY,
    _E.COORDINATOR_LOAD_IN_PROGRESS: Answer.RETRY,
    _E.COORDINATOR_NOT_AVAILABLE: Answer.RETRY,
    _E.NOT_COORDINATOR: Answer.RETRY,
    _E.REQUEST_TIMED_OUT: Answer.RETRY,
    _E.CONCURRENT_TRANSACTIONS: Answer.RETRY,
    _E.UNSTABLE_OFFSET_COMMIT: Answer.RETRY,
    # a partition is getting another leader, which has not caught up yet; _NOENT: none is known at this moment
    _E._NOENT: Answer.RETRY,
    _E.LEADER_NOT_AVAILABLE: Answer.RETRY,
    _E.NOT_LEADER_FOR_PARTITION: Answer.RETRY,
    _E.OFFSET_NOT_AVAILABLE: Answer.RETRY,
    _E.FENCED_LEADER_EPOCH: Answer.RETRY,
    _E.UNKNOWN_LEADER_EPOCH: Answer.RETRY,
    _E.REPLICA_NOT_AVAILABLE: Answer.RETRY,
    _E.BROKER_NOT_AVAILABLE: Answer.RETRY,
    _E.NETWORK_EXCEPTION: Answer.RETRY,
    _E.NOT_ENOUGH_REPLICAS: Answer.RETRY,
    _E.KAFKA_STORAGE_ERROR: Answer.RETRY,
    # while brokers come and go one of them may not know of a topic; that there is none is known once that lasts
    _E._UNKNOWN_TOPIC: Answer.RETRY,
    _E._UNKNOWN_PARTITION: Answer.RETRY,
    _E.UNKNOWN_TOPIC_OR_PART: Answer.RETRY,
}

_ABSENT = frozenset({_E._UNKNOWN_TOPIC, _E._UNKNOWN_PARTITION, _E.UNKNOWN_TOPIC_OR_PART})
_CHECK = "Check topics (`refundry topics check`), credentials and access rights"

GONE = (
    "Records that were not read yet are gone (retention, or a topic made anew). Restore the topic, or move the group's "
    "offsets on purpose; what was lost stays undecided"
)

# what a consumer hands out in a message's place; the consumer itself keeps trying where the answer is RETRY
MESSAGES: dict[int, Answer] = {
    **CALLS,
    _E._MAX_POLL_EXCEEDED: Answer.EXIT,
    _E.UNKNOWN_MEMBER_ID: Answer.RETRY,
    _E.ILLEGAL_GENERATION: Answer.RETRY,
    _E.REBALANCE_IN_PROGRESS: Answer.RETRY,
    # the assignment is without that topic from here on: the next start asks until it is sure
    _E.UNKNOWN_TOPIC_OR_PART: Answer.EXIT,
    _E._AUTO_OFFSET_RESET: Answer.REFUSE,
    _E.OFFSET_OUT_OF_RANGE: Answer.REFUSE,
}


def answer(error: KafkaError, table: dict[int, Answer] = CALLS) -> Answer:
    """What to do about an error. Fatal or unknown: EXIT."""
    known = table.get(error.code())
    if known in (Answer.EXIT, Answer.REFUSE):
        return known
    if error.fatal():
        return Answer.EXIT
    if error.txn_requires_abort():
        return Answer.ABORT
    if known is not None:
        return known
    return Answer.RETRY if error.retriable() else Answer.EXIT


def stop_for(error: KafkaError, what: str) -> WorkerStopError:
    """The reason to end, where the answer is EXIT or REFUSE."""
    said = f"{what}: {error.name()} ({error.str()})"
    if error.code() in (_E._AUTO_OFFSET_RESET, _E.OFFSET_OUT_OF_RANGE):
        return UnsafeError(said, GONE)
    if answer(error) is Answer.REFUSE:
        return MisconfiguredError(said, _CHECK)
    return UnsureError(said)


def insist(call: Callable[..., R], *arguments: Any, what: str, patience: float, pause: float = 0.2) -> R:
    """Calls until it succeeds, for at most `patience` seconds.

    Raises RoundAbortedError, or the WorkerStopError that fits; when patience is over MisconfiguredError where no broker
    knows what is asked about, else UnreachableError.
    """
    end = time.monotonic() + patience
    while True:
        try:
            return call(*arguments)
        except KafkaException as failure:
            error: KafkaError = failure.args[0]
            match answer(error):
                case Answer.ABORT:
                    raise RoundAbortedError(f"{what}: {error.name()}") from failure
                case Answer.EXIT | Answer.REFUSE:
                    raise stop_for(error, what) from failure
                case Answer.RETRY if time.monotonic() > end and error.code() in _ABSENT:
                    raise MisconfiguredError(f"{what}: {error.name()} for {patience:.0f} s", _CHECK) from failure
                case Answer.RETRY if time.monotonic() > end:
                    hint = "Is the broker up, and the address right?"
                    raise UnreachableError(f"{what}: {error.name()} for {patience:.0f} s", hint) from failure
                case Answer.RETRY:
                    _log.warning("%s: %s, the same call again", what, error.name())
                    time.sleep(pause)

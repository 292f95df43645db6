"""A worker's first step: it takes its slot, and ends what a predecessor in that slot left open.

The open transaction of a worker that died holds up all who read what it wrote to, the other workers among them, until
its successor fences it or the broker ends it after TRANSACTION_TIMEOUT_MS. So the claim comes before everything that
takes time: loading the rules and Faust (most of a second), reading policies and rates (longer, where there are many).
"""

import logging
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial
from threading import Thread
from typing import Self

from confluent_kafka import KafkaError, Producer

from app.runtime import clients, faults
from app.runtime.config import Mode, RuntimeConfig
from app.runtime.exits import WorkerStopError, leave_for
from app.runtime.progress import Progress
from app.runtime.slots import Slot, take_slot

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Claim:
    """A slot that is this worker's, `config` with it filled in, the producer that speaks for it, and what it is doing.

    `fenced` is done when the predecessor's transaction has ended; its result raises what `fence` raised. Used with
    `with`: the slot is another's to take afterwards.
    """

    config: RuntimeConfig
    slot: Slot
    producer: Producer
    progress: Progress
    fenced: Future[None] = field(default_factory=Future)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.slot.release()


def claim(config: RuntimeConfig) -> Claim:
    """Takes the slot and begins to fence; does not wait for the broker.

    Ends the process where no slot can be had, or the client does not take its settings.
    """
    progress = Progress()
    try:
        slot, config = take_slot(config)
        claimed = Claim(config, slot, clients.producer(config, partial(hear, progress=progress)), progress)
    except WorkerStopError as stop:
        leave_for(stop)
    # a daemon: a worker that is told to stop does not wait for a broker that is away
    Thread(target=_fence, args=(claimed,), name="fence", daemon=True).start()
    return claimed


def _fence(claimed: Claim) -> None:
    try:
        fence(claimed.config, claimed.producer)
    except Exception as error:  # noqa: BLE001  raised again by whoever waits
        claimed.fenced.set_exception(error)
    else:
        claimed.fenced.set_result(None)


def fence(config: RuntimeConfig, producer: Producer) -> None:
    """Ends what predecessors of the same name left open, and shuts out those that live; where there are transactions.

    Raises UnreachableError where the broker does not answer, and the WorkerStopError that fits any other refusal.
    """
    if config.mode is Mode.AT_LEAST_ONCE:
        return
    limits = config.limits
    faults.insist(producer.init_transactions, limits.call_timeout, what="init_transactions", patience=limits.patience)


def hear(error: KafkaError, progress: Progress) -> None:
    """What any of the worker's clients complains of: that a broker is away is a reason not to be ready."""
    if error.code() == KafkaError._ALL_BROKERS_DOWN:  # noqa: SLF001  its name
        if "broker" not in progress.blockers:
            _log.warning("no broker answers")
        progress.blockers["broker"] = "no broker answers"

"""The console, put together: settings become the read side's answers, the writer of `reviews`, and the process around.

It is a process of its own, which decides nothing: what it says are events like anybody's, and the worker judges them.
"""

import asyncio
import signal
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final, Self, TypeVar

import msgspec
import structlog
from aiohttp import web
from confluent_kafka import KafkaError, KafkaException, Producer
from redis import RedisError

from app import logs
from app.console.application import application_of
from app.console.desk import Desk
from app.console.ports import KINDS, Behind, Counts, Filter, Hit, NotAnsweringError, NotTakenError, Snapshot, Task
from app.console.reviewing import EVENT_IDS
from app.console.sent import Outbox
from app.console.users import Users, UsersFileError
from app.readside.answering import Answers, Place, StaleError
from app.readside.connecting import connect, keys_of
from app.readside.numbers import number_in, read
from app.readside.waiting import kind_of
from app.runtime import clients
from app.runtime.config import Mode, RuntimeConfig
from app.runtime.exits import MisconfiguredError, WorkerStopError
from app.runtime.ops import serve
from app.runtime.progress import Progress
from app.runtime.tail import Said, Tail
from app.settings import Settings, split_address
from app.settings.problems import ConfigurationError, SettingProblem

TOPIC: Final = "reviews"
DEAD_LETTERS: Final = "dead-letters"
LETTERS_MAX, LISTEN_S, HEAR_AGAIN_S = 500, 0.5, 5.0
TAKEN_WITHIN_S: Final = 12.0
"""A little more than the producer itself tries."""
_log = structlog.get_logger(__name__)
_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode
T = TypeVar("T")


def open_desk(settings: Settings, config: RuntimeConfig) -> None:
    """Serves the console until SIGTERM or SIGINT, with the probes and metrics of a worker.

    Raises ConfigurationError without a Redis or a users file, MisconfiguredError where an address is taken.
    """
    logs.configure(settings)
    read_side = AnsweredByRedis(Answers(connect(settings), keys_of(settings)))
    desk = Desk(read_side, WrittenToKafka(config), users_of(settings), behind_tls=settings.console_behind_tls)
    with Refusals(config, desk.outbox):
        asyncio.run(_serve(desk, settings))


def users_of(settings: Settings) -> Users:
    """The users that the settings name. ConfigurationError where there are none that can be used."""
    hint = "`refundry console add-user NAME --role analyst` writes one"
    if settings.console_users is None:
        raise _refused(settings, "the console needs it", hint)
    users = Users(settings.console_users)
    try:
        users.require()
    except UsersFileError as error:
        raise _refused(settings, str(error), hint) from error
    return users


async def _serve(desk: Desk, settings: Settings) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    ops = await serve(settings.ops_bind, Progress(), desk.metrics)
    runner = web.AppRunner(application_of(desk), access_log=None)
    await runner.setup()
    host, port = split_address(settings.console_bind)
    try:
        await web.TCPSite(runner, host, port).start()
        _log.info("console_ready", address="http://{}:{}/".format(*runner.addresses[0][:2]))
        await stop.wait()
    except OSError as error:
        text = f"CONSOLE_BIND {settings.console_bind}: {error.strerror}"
        raise MisconfiguredError(text, "Is another console running? Give this one another CONSOLE_BIND") from error
    finally:
        await runner.cleanup()
        await ops.cleanup()


def _refused(settings: Settings, message: str, hint: str) -> ConfigurationError:
    name = "REFUNDRY_CONSOLE_USERS"
    return ConfigurationError([SettingProblem(name, settings.source_of("console_users"), message, hint)])


class AnsweredByRedis:
    """The console's read side. What Redis does not answer, or what may be old, is NotAnsweringError."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers

    def counts(self, merchant_id: str | None) -> Counts:
        """How much waits now."""
        found = _asked(lambda: self._answers.counts(merchant_id, time.time()))
        return Counts(found.by_kind, found.merchants, datetime.fromtimestamp(found.as_of, UTC))

    def line(self, wanted: Filter, behind: Behind | None, count: int) -> Sequence[Task]:
        """The next tasks behind a place; from the beginning where the place is none."""
        try:
            after = Place(behind.score, kind_of(behind.task_id), behind.task_id) if behind is not None else None
        except msgspec.DecodeError:
            after = None
        kinds = KINDS if wanted.kind is None else (wanted.kind,)
        return _asked(lambda: self._answers.tasks(kinds, wanted.merchant_id, time.time(), after=after, count=count))

    def case(self, case_id: str) -> Snapshot | None:
        """The newest snapshot of a case."""
        found = _asked(lambda: self._answers.case(case_id))
        return None if found is None else _snapshot(found.snapshot)

    def find(self, number: str) -> Sequence[Hit]:
        """The cases in which a number stands."""
        hits = []
        for case_id, snapshot in _asked(lambda: self._answers.number(number, None)):
            document = read(snapshot)
            if (stands := number_in(case_id, document, number)) is not None:
                hits.append(Hit(stands.kind, stands.status, case_id, document.merchant_id, document.order_id))
        return hits


def _snapshot(snapshot: bytes) -> dict[str, Any]:
    document: dict[str, Any] = _decode(snapshot)
    return document


def _asked(question: Callable[[], T]) -> T:
    try:
        return question()
    except StaleError as stale:
        raise NotAnsweringError(f"It may be old: {stale}") from stale
    except RedisError as error:
        raise NotAnsweringError(f"Redis does not answer ({type(error).__name__}).") from error


class WrittenToKafka:
    """The writer of `reviews`: one producer, made when it is needed and made anew after a failure."""

    def __init__(self, config: RuntimeConfig) -> None:
        self._config = replace(config, mode=Mode.AT_LEAST_ONCE)
        self._producer: Producer | None = None
        self._making = threading.Lock()

    def send(self, event: Mapping[str, Any]) -> None:
        """Returns when the broker has it; NotTakenError where that is not known in time."""
        producer, answers = self._ready(), list[KafkaError | None]()
        try:
            producer.produce(
                self._config.topic(TOPIC),
                key=event["order_id"].encode(),
                value=_encode(event),
                on_delivery=lambda error, _: answers.append(error),
            )
        except (BufferError, KafkaException) as error:
            raise self._failed(type(error).__name__) from error
        end = time.monotonic() + TAKEN_WITHIN_S
        while not answers and time.monotonic() < end:
            producer.poll(0.05)
        if not answers:
            raise self._failed("no answer in time")
        if answers[0] is not None:
            raise self._failed(answers[0].name())

    def _ready(self) -> Producer:
        with self._making:
            if self._producer is None:
                self._producer = clients.producer(self._config, lambda _: None)
            return self._producer

    def _failed(self, reason: str) -> NotTakenError:
        self._producer = None
        return NotTakenError(reason)


class Refusals:
    """Listens to `dead-letters` for verdicts of ours, so that whoever gave one learns why it was not followed.

    What is refused while Kafka is away from this process is heard when it is back.
    """

    def __init__(self, config: RuntimeConfig, outbox: Outbox) -> None:
        self._config, self._outbox = config, outbox
        self._at: dict[int, int] | None = None
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._listen, name="refusals")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _listen(self) -> None:
        while not self._over.is_set():
            try:
                self._follow()
            except WorkerStopError as error:
                _log.warning("refusals_not_heard", reason=error.reason, meanwhile="verdicts are sent all the same")
                self._over.wait(HEAR_AGAIN_S)

    def _follow(self) -> None:
        tail = Tail(self._config, DEAD_LETTERS)
        try:
            self._at = self._at or {partition: end for partition, (_, end) in tail.ranges().items()}
            tail.seek(self._at)
            while not self._over.is_set():
                for said in tail.read(LETTERS_MAX, LISTEN_S):
                    self._at[said.partition] = said.offset + 1
                    self.hear(said)
        finally:
            tail.close()

    def hear(self, said: Said) -> None:
        """A dead letter: if it is a verdict of this console's, why it was refused."""
        if b'"' + EVENT_IDS.encode() not in (said.value or b""):
            return
        try:
            event_id = _decode_letter(said.value or b"").event_id
        except (msgspec.DecodeError, ValueError, RecursionError):  # whatever somebody sent, the listener goes on
            return
        if event_id.startswith(EVENT_IDS):
            why = dict(said.headers).get("refundry-message", b"").decode(errors="replace")
            self._outbox.refuse(event_id, why)


class _Letter(msgspec.Struct):
    event_id: str


_decode_letter = msgspec.json.Decoder(_Letter).decode

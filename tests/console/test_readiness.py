"""/readyz of the console: not ready, with the reason, while Redis or Kafka is away, and ready again by itself."""

import asyncio
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest
from redis import Redis

from app.console.sent import Outbox
from app.metrics import Metrics
from app.readside.answering import Answers
from app.readside.keys import CAUGHT_UP_AT
from app.readside.writing import Writer
from app.review_desk import refusals as listening
from app.review_desk.read_side import AnsweredByRedis
from app.review_desk.readiness import Looking
from app.review_desk.refusals import Refusals
from app.runtime.exits import UnreachableError, UnsafeError
from app.runtime.ops import serve
from app.runtime.progress import Progress
from app.runtime.tail import Said
from tests.kafka.harness import wait_for
from tests.readside.cases import KEYS
from tests.readside.conftest import server  # noqa: F401 - a fixture of the room
from tests.readside.server import Server

SECONDS = 20


def readyz(progress: Progress) -> tuple[int, str]:
    """What an operator is answered now."""

    async def ask() -> tuple[int, str]:
        runner = await serve("127.0.0.1:0", progress, Metrics())
        host, port = runner.addresses[0][:2]

        def get() -> tuple[int, str]:
            try:
                with urllib.request.urlopen(f"http://{host}:{port}/readyz") as answer:
                    return answer.status, answer.read().decode()
            except urllib.error.HTTPError as error:
                return error.code, error.read().decode()

        try:
            return await asyncio.to_thread(get)
        finally:
            await runner.cleanup()

    return asyncio.run(ask())


class Topic:
    """`dead-letters` in memory, one partition. `gone`: what a question for its ends meets; `quiet`: as `incomplete_s`."""

    def __init__(self) -> None:
        self.first, self.letters = 0, list[Said]()
        self.gone: Exception | None = None
        self.quiet: float | None = 0.0
        self.sought: list[Mapping[int, int]] = []
        self._at = 0

    def say(self, event_id: str) -> None:
        value = f'{{"event_id":"{event_id}"}}'.encode()
        self.letters.append(Said(0, len(self.letters), b"o1", value, (("refundry-message", b"because"),)))

    def ranges(self) -> dict[int, tuple[int, int]]:
        if self.gone is not None:
            raise self.gone
        return {0: (self.first, len(self.letters))}

    def seek(self, position: Any) -> None:
        self.sought.append(dict(position))
        self._at = position[0]

    def read(self, records_max: int, seconds: float) -> list[Said]:
        if self.gone is not None:
            raise self.gone
        if not self.first <= self._at <= len(self.letters):
            raise UnsafeError("OFFSET_OUT_OF_RANGE")  # as a reader that is told to guess no position
        found = self.letters[self._at :][:records_max]
        self._at += len(found)
        time.sleep(0 if found else 0.001)
        return found

    def incomplete_s(self) -> float | None:
        return self.quiet

    def close(self) -> None:
        pass


@pytest.fixture
def topic(monkeypatch: pytest.MonkeyPatch) -> Topic:
    monkeypatch.setattr(listening, "HEAR_AGAIN_S", 0.01)
    return Topic()


@contextmanager
def hearing(topic: Topic) -> Iterator[tuple[Progress, Outbox]]:
    progress, outbox = Progress(), Outbox(time.monotonic)
    with Refusals(lambda: topic, outbox, progress.blockers):
        yield progress, outbox


def says(progress: Progress, part: str) -> Callable[[], bool]:
    return lambda: any(part in f"{what}: {why}" for what, why in list(progress.blockers.items()))


def is_ready(progress: Progress) -> Callable[[], bool]:
    return lambda: not progress.blockers


def test_a_console_that_has_heard_nothing_of_kafka_and_redis_yet_is_not_ready(topic: Topic) -> None:
    progress = Progress()
    Refusals(lambda: topic, Outbox(time.monotonic), progress.blockers)
    Looking(AnsweredByRedis(Answers(Redis(port=1), KEYS)), progress.blockers)
    assert readyz(progress) == (503, "read side: it was not asked yet\nrefusals: Kafka has not answered yet\n")


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (
            UnreachableError("where dead-letters ends: _TRANSPORT for 60 s"),
            "where dead-letters ends: _TRANSPORT for 60 s",
        ),
        (RuntimeError("a text that is nobody's business"), "RuntimeError"),
    ],
    ids=["Kafka is away", "a mistake"],
)
def test_while_the_listener_cannot_hear_it_is_not_ready_and_then_it_is_again(topic: Topic, error, told) -> None:
    with hearing(topic) as (progress, outbox):
        wait_for("it is ready", is_ready(progress), SECONDS)
        topic.gone = error
        wait_for("it is told", says(progress, f"refusals: refused verdicts are not heard of: {told}"), SECONDS)
        assert readyz(progress)[0] == 503
        topic.say("console-1")
        topic.gone = None
        wait_for("it is ready again", is_ready(progress), SECONDS)
        wait_for("what came meanwhile is heard", lambda: outbox._refused == {"console-1": "because"}, SECONDS)


def test_a_kafka_that_answers_nothing_for_long_is_away_although_nothing_fails(topic: Topic) -> None:
    with hearing(topic) as (progress, _):
        wait_for("it is ready", is_ready(progress), SECONDS)
        topic.quiet = listening.SILENT_S + 1
        wait_for("it is told", says(progress, "is Kafka there?"), SECONDS)
        topic.quiet = None
        wait_for("it is told", says(progress, "not read to their end yet"), SECONDS)
        topic.quiet = listening.SILENT_S - 1
        wait_for("it is ready again", is_ready(progress), SECONDS)


def test_where_retention_took_what_came_next_the_listener_goes_on_from_what_is_left(topic: Topic) -> None:
    topic.say("console-0")
    with hearing(topic) as (progress, outbox):
        wait_for("it is ready", is_ready(progress), SECONDS)
        topic.gone = UnreachableError("gone")
        wait_for("it is told", says(progress, "gone"), SECONDS)
        for number in range(1, 4):
            topic.say(f"console-{number}")
        topic.first = 3
        topic.gone = None
        wait_for("the last one is heard", lambda: "console-3" in outbox._refused, SECONDS)
        wait_for("it is ready again", is_ready(progress), SECONDS)
        assert sorted(outbox._refused) == ["console-3"]
    assert topic.sought[0] == {0: 1}
    assert topic.sought[-1] == {0: 3}


def test_a_topic_that_was_made_anew_is_heard_from_its_beginning(topic: Topic) -> None:
    for number in range(5):
        topic.say(f"console-{number}")
    with hearing(topic) as (progress, outbox):
        wait_for("it is ready", is_ready(progress), SECONDS)
        topic.gone = UnreachableError("gone")
        wait_for("it is told", says(progress, "gone"), SECONDS)
        topic.letters = []
        topic.say("console-9")
        topic.gone = None
        wait_for("it is heard", lambda: outbox._refused == {"console-9": "because"}, SECONDS)


@pytest.mark.redis
def test_while_redis_is_away_empty_or_stale_it_is_not_ready(server: Server) -> None:  # noqa: F811 - the fixture
    progress = Progress()
    looking = Looking(AnsweredByRedis(Answers(Redis(port=server.port, socket_timeout=5), KEYS)), progress.blockers)

    def reason() -> str:
        looking.look()
        return progress.blockers.get("read side", "")

    def caught_up(seconds_ago: float) -> None:
        with server.client() as client:
            client.hset(KEYS.position, CAUGHT_UP_AT, time.time() - seconds_ago)

    assert reason() == "It may be old: it is not complete; `refundry projections run` fills it"
    with server.client() as client:
        Writer(client, KEYS).begin({0: 0}, "t1")
    caught_up(0)
    assert reason() == ""
    server.kill()
    assert reason() == "Redis does not answer (ConnectionError)."
    server.start()
    with server.client() as client:
        Writer(client, KEYS).begin({0: 0}, "t1")
    caught_up(100)
    assert reason().startswith("It may be old: it was last up to date 10")
    caught_up(0)
    assert reason() == ""
    assert readyz(progress) == (200, "ready\n")


def test_the_read_side_is_looked_after_all_the_time_whatever_that_meets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.review_desk.readiness.LOOK_S", 0.001)
    asked, progress = threading.Semaphore(0), Progress()

    class ReadSide:
        def counts(self, merchant_id: str | None) -> None:
            asked.release()
            raise KeyError("a text that is nobody's business")

    with Looking(ReadSide(), progress.blockers):  # type: ignore[arg-type]
        for _ in range(3):
            assert asked.acquire(timeout=SECONDS)
    assert progress.blockers == {"read side": "a mistake of the console's: KeyError"}


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (b'{"event_id":"console-1","type":"review.resolved"}', {"console-1": "because"}),
        (b'{"event_id":"somebody-1","note":"console-1"}', {}),
        (b'{"event_id":["console-1"],"x":"console-1"}', {}),
        (b'["console-1"', {}),
        (b"\xff", {}),
        (b'{"event_id":"console-\xff"}', {}),
        (b'"console-' + b"[" * 100_000, {}),
        (b'{"x":"console-","y":' + b"[" * 100_000, {}),
        (None, {}),
    ],
)
def test_of_all_dead_letters_those_are_heard_that_are_verdicts_of_a_console(value, told):
    outbox = Outbox(time.monotonic)
    Refusals(Topic, outbox, {}).hear(Said(0, 1, b"o1", value, (("refundry-message", b"because"),)))
    assert outbox._refused == told

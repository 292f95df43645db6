"""A Kafka that takes nothing holds up whoever sends, for a bounded time, and nobody else."""

import asyncio
import gc
import threading

import pytest
from structlog.testing import capture_logs

from app.console import sending
from app.console.ports import NotTakenError
from app.console.sending import AT_ONCE, Sending
from tests.console.world import held

SECONDS = 20


class Silent:
    """A writer that is not answered until `answered` is set."""

    def __init__(self) -> None:
        self.answered, self.began = threading.Event(), threading.Semaphore(0)

    def send(self, event: object) -> None:
        self.began.release()
        assert self.answered.wait(SECONDS)


@pytest.fixture
def silent():
    silent = Silent()
    yield silent
    silent.answered.set()


def test_while_kafka_is_silent_cases_are_read_and_further_verdicts_are_refused_at_once(world, visitor, silent):
    held(world)
    visitor.sign_in("ann")
    page = visitor.case()
    world.send = silent.send
    waiting = [visitor.loop.create_task(world.shared.sending.send({})) for _ in range(AT_ONCE)]
    visitor.loop.run_until_complete(asyncio.sleep(0))
    assert all(silent.began.acquire(timeout=SECONDS) for _ in range(AT_ONCE))
    assert visitor.case().offered()
    answer = visitor.say(page, "approve")
    assert answer.status == 503
    assert "8 others wait for it already" in answer.text
    assert not any(task.done() for task in waiting)
    silent.answered.set()
    visitor.loop.run_until_complete(asyncio.gather(*waiting))
    assert visitor.say(answer, "approve").status == 200


def test_a_verdict_is_waited_for_no_longer_than_it_may_take_and_keeps_its_place_until_it_ends(monkeypatch, silent):
    monkeypatch.setattr(sending, "WITHIN_S", 0.01)
    monkeypatch.setattr(sending, "AT_ONCE", 1)

    async def send() -> None:
        sender = Sending(silent)
        with pytest.raises(NotTakenError, match="no answer in time"):
            await sender.send({})
        with pytest.raises(NotTakenError, match="1 others wait"):
            await sender.send({})
        silent.answered.set()
        for _ in range(1000):
            try:
                return await sender.send({})
            except NotTakenError:
                await asyncio.sleep(0.01)
        raise AssertionError("the place did not become free")

    asyncio.run(send())


@pytest.mark.parametrize(
    ("error", "reason"),
    [(NotTakenError("_MSG_TIMED_OUT"), "_MSG_TIMED_OUT"), (ValueError("ann@example.com"), "ValueError")],
)
@pytest.mark.parametrize("ended", ["its time is over", "its reader is gone"])
def test_an_error_that_comes_when_nobody_waits_any_more_is_told_once_and_names_nobody(
    monkeypatch, silent, error, reason, ended
):
    monkeypatch.setattr(sending, "WITHIN_S", 0.01 if ended == "its time is over" else SECONDS)

    class Failing:
        def send(self, event: object) -> None:
            silent.send(event)
            raise error

    async def send() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: unread.append(context["message"]))
        task = asyncio.create_task(Sending(Failing()).send({"event_id": "console-1", "actor": "ann"}))
        assert await asyncio.to_thread(silent.began.acquire, timeout=SECONDS)
        if ended == "its reader is gone":
            task.cancel()
        with pytest.raises((NotTakenError, asyncio.CancelledError)):
            await task
        silent.answered.set()
        while not lines and not unread:
            await asyncio.sleep(0.001)
            gc.collect()

    unread = list[str]()
    with capture_logs() as lines:
        asyncio.run(asyncio.wait_for(send(), SECONDS))
    assert unread == []
    said = {"event_id": "console-1", "reason": reason, "log_level": "warning"}
    assert lines == [{"event": "review_not_taken_late", **said}]


def test_what_the_writer_says_is_what_is_told():
    class Refusing:
        def send(self, event: object) -> None:
            raise NotTakenError("_MSG_TIMED_OUT")

    with pytest.raises(NotTakenError, match="_MSG_TIMED_OUT"):
        asyncio.run(Sending(Refusing()).send({}))

"""Who sees no progress where there should be some, ends the process and says why."""

import asyncio
import re
import time
import urllib.error
import urllib.request
from typing import Any

import pytest

from app.metrics import CATALOGUE, MESSAGES, ROUND_SECONDS, Metrics
from app.runtime.exits import MisconfiguredError
from app.runtime.ops import serve
from app.runtime.progress import Progress, watch


def progress_of(*, moved: float = 0, since: float = 0, stopping: float | None = None, **parts: Any) -> Progress:
    """A progress whose times lie so many seconds back."""
    now = time.monotonic()
    stopping_since = None if stopping is None else now - stopping
    return Progress(moved_at=now - moved, step_since=now - since, stopping_since=stopping_since, **parts)


EVENTS, JOURNAL = ("x-events", 0), ("x-journal", 0)


def waiting_for(seconds: float, behind: dict[tuple[str, int], int]) -> Progress:
    """A progress in which these partitions have stood still for so many seconds."""
    progress = progress_of(step="")
    progress.found_lag(len(behind), behind)
    progress.moved_at -= seconds
    return progress


@pytest.mark.parametrize(
    ("parts", "why"),
    [
        ({"step": "", "moved": 100}, None),
        ({"step": "", "lag": 3, "moved": 100}, "3 messages wait"),
        ({"step": "", "lag": 3, "moved": 1}, None),
        ({"step": "handling orders/3", "since": 100}, "busy with: handling orders/3"),
        ({"step": "handling orders/3", "since": 1, "lag": 3, "moved": 100}, None),
        ({"step": "committing", "since": 7, "step_seconds": 5}, "for 5 s busy with: committing"),
        ({"step": "committing", "since": 3, "step_seconds": 5}, None),
        ({"step": "", "stopping": 30}, "told to stop"),
        ({"step": "", "stopping": 3}, None),
    ],
)
def test_no_progress_where_there_should_be_some_has_a_reason(parts: dict[str, Any], why: str | None) -> None:
    reason = progress_of(**parts).stuck(patience=10, stop_seconds=20)
    assert (why in (reason or "")) if why else reason is None


@pytest.mark.parametrize(
    ("parts", "seconds"),
    [
        ({"step": "", "moved": 100}, 0),
        ({"step": "", "lag": 3, "moved": 100}, 100),
        ({"step": "handling", "since": 7, "lag": 3, "moved": 100}, 7),
    ],
)
def test_the_time_without_progress_is_that_of_the_step_or_of_what_waits(parts: dict[str, Any], seconds: int) -> None:
    assert int(progress_of(**parts).seconds_without()) == seconds


def test_what_goes_on_is_stuck_only_when_nothing_is_said_of_it_any_more() -> None:
    progress = progress_of(step="restoring", since=100)
    assert progress.stuck(patience=10, stop_seconds=20) == "for 10 s busy with: restoring"
    progress.goes_on("restoring")
    assert progress.stuck(patience=10, stop_seconds=20) is None
    progress.rests()
    assert progress.seconds_without() == 0


def test_a_worker_that_was_idle_for_long_is_not_stuck_when_work_comes() -> None:
    progress = progress_of(step="", moved=1000)
    progress.found_lag(5, {EVENTS: 7})
    assert progress.stuck(patience=10, stop_seconds=20) is None


def test_lag_that_stays_does_not_count_as_progress() -> None:
    progress = waiting_for(1000, {EVENTS: 7})
    progress.found_lag(6, {EVENTS: 7})
    assert progress.stuck(patience=10, stop_seconds=20) == "6 messages wait and none was handled for 10 s"


def test_what_is_seen_on_its_way_beside_what_stands_still_is_no_progress() -> None:
    progress = waiting_for(6, {EVENTS: 7, JOURNAL: 3})
    progress.found_lag(22, {EVENTS: 7, JOURNAL: 5})
    progress.found_lag(21, {EVENTS: 7})
    assert int(progress.seconds_without()) == 6
    progress.moved_at -= 5
    assert progress.stuck(patience=10, stop_seconds=20) is not None


def test_where_all_that_waits_moves_nothing_is_stuck_even_if_something_waits_whenever_one_looks() -> None:
    progress = waiting_for(1000, {JOURNAL: 3})
    progress.found_lag(1, {JOURNAL: 5})
    assert int(progress.seconds_without()) == 0
    progress.moved_at -= 1000
    progress.found_lag(0, {})
    progress.found_lag(1, {JOURNAL: 5})
    assert int(progress.seconds_without()) == 0


def test_what_begins_to_stand_beside_a_beat_on_its_way_is_found() -> None:
    progress = waiting_for(1, {JOURNAL: 3})
    progress.found_lag(22, {EVENTS: 7, JOURNAL: 5})
    progress.moved_at -= 11
    progress.found_lag(22, {EVENTS: 7, JOURNAL: 8})
    assert progress.stuck(patience=10, stop_seconds=20) == "22 messages wait and none was handled for 10 s"


def test_the_watch_ends_a_process_whose_handler_never_returns() -> None:
    ended: list[int] = []
    over = watch(progress_of(step="handling", since=100), patience=1, stop_seconds=1, end=ended.append)
    end = time.monotonic() + 10
    while not ended and time.monotonic() < end:
        over.wait(0.05)
    assert ended == [75]


def test_probes_and_metrics_answer_and_readiness_gives_its_reasons() -> None:
    async def ask() -> None:
        progress, metrics = Progress(), Metrics()
        progress.blockers["restore"] = "cases/3 at 5 of 9"
        metrics.add(MESSAGES, 3, "orders")
        metrics.observe(ROUND_SECONDS, 0.01)
        runner = await serve("127.0.0.1:0", progress, metrics)
        host, port = runner.addresses[0][:2]

        def get(path: str) -> tuple[int, str]:
            try:
                with urllib.request.urlopen(f"http://{host}:{port}{path}") as answer:
                    return answer.status, answer.read().decode()
            except urllib.error.HTTPError as error:
                return error.code, error.read().decode()

        assert await asyncio.to_thread(get, "/livez") == (200, "alive\n")
        assert await asyncio.to_thread(get, "/readyz") == (503, "restore: cases/3 at 5 of 9\n")
        progress.blockers.clear()
        assert await asyncio.to_thread(get, "/readyz") == (200, "ready\n")
        with progress.doing("committing a round", asks_broker=True):
            progress.step_since = time.monotonic() - 4.2
            status, why = await asyncio.to_thread(get, "/readyz")
            assert status == 503
            assert re.fullmatch(r"broker: it has not answered for \d s \(committing a round\)\n", why)
            assert "refundry_ready 0.0" in (await asyncio.to_thread(get, "/metrics"))[1]
        _, text = await asyncio.to_thread(get, "/metrics")
        assert 'refundry_messages_total{topic="orders"} 3.0' in text
        assert "refundry_ready 1.0" in text
        progress.step, progress.lag = "", 3
        progress.moved_at = time.monotonic() - 1000
        _, text = await asyncio.to_thread(get, "/metrics")
        assert re.search(r"^refundry_without_progress_seconds 100\d\.", text, re.MULTILINE)
        with pytest.raises(MisconfiguredError, match="OPS_BIND"):
            await serve(f"127.0.0.1:{port}", progress, metrics)
        await runner.cleanup()

    asyncio.run(ask())


@pytest.mark.parametrize(
    ("asks_broker", "seconds", "reasons"),
    [
        (True, 2.5, {}),
        (True, 4.2, {"broker": "it has not answered for 4 s (committing a round)"}),
        (False, 4.2, {}),
    ],
)
def test_a_broker_that_is_waited_for_is_a_reason_after_three_seconds_and_until_it_answers(
    asks_broker: bool, seconds: float, reasons: dict[str, str]
) -> None:
    progress = Progress()
    with progress.doing("committing a round", asks_broker=asks_broker):
        progress.step_since -= seconds
        assert progress.reasons() == reasons
    assert progress.reasons() == {}


def test_what_a_client_says_of_the_broker_is_the_better_reason() -> None:
    progress = Progress()
    progress.blockers.update(broker="no broker answers", restore="cases/3 at 5 of 9")
    with progress.doing("committing a round", asks_broker=True):
        progress.step_since -= 10
        assert progress.reasons() == {"broker": "no broker answers", "restore": "cases/3 at 5 of 9"}


@pytest.mark.parametrize("bind", ["9464", "localhost", ":9464", "127.0.0.1:port"])
def test_an_address_that_is_none_is_refused(bind: str) -> None:
    with pytest.raises(MisconfiguredError, match="OPS_BIND"):
        asyncio.run(serve(bind, Progress(), Metrics()))


def test_every_metric_has_one_name_with_its_unit_and_a_line_of_help() -> None:
    names = [metric.name for metric in CATALOGUE]
    assert len(set(names)) == len(names)
    for metric in CATALOGUE:
        assert metric.name.startswith("refundry_")
        assert metric.help.endswith(".")
        assert metric.name.endswith("_total") == (metric.kind == "counter")
        assert metric.kind != "histogram" or metric.name.endswith("_seconds")
        assert not {"id", "order_id", "payment_id", "customer_id", "key"} & set(metric.labels)

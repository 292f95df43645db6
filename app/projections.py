"""The follower of the read side, put together: settings become Kafka's end, Redis' end, and the process around them.

It is a process of its own. The worker knows nothing of Redis, so nothing that happens there can touch an outcome.
"""

import asyncio
import signal
from collections.abc import Callable
from dataclasses import replace
from threading import Event
from typing import Final

from app import logs
from app.metrics import Metrics
from app.readside.connecting import connect, keys_of
from app.readside.following import Follower, Watchers
from app.readside.writing import Writer
from app.runtime.config import RuntimeConfig
from app.runtime.ops import serve
from app.runtime.progress import Progress
from app.runtime.tail import Tail
from app.settings import Settings
from topics.catalogue import SNAPSHOTS

FETCH_KBYTES: Final = 16_384


def follow(settings: Settings, config: RuntimeConfig) -> None:
    """Follows until SIGTERM or SIGINT, with the probes and metrics of a worker.

    Raises ConfigurationError without a Redis, and the WorkerStopError that fits where Kafka does not let it go on.
    """
    logs.configure(settings)
    writer = Writer(connect(settings), keys_of(settings))
    asyncio.run(_follow(writer, replace(config, ops_bind=settings.ops_bind)))


def rebuild(settings: Settings, config: RuntimeConfig, progress: Callable[[int, int], None]) -> None:
    """Empties what this installation has in Redis, and fills it from Kafka; returns when it is complete.

    Until then commands read Kafka. A follower that runs does its part. Raises as `follow`, and RedisError.
    """
    logs.configure(settings)
    writer = Writer(connect(settings), keys_of(settings))
    writer.forget()
    log = Tail(_modest(config), SNAPSHOTS)
    try:
        Follower(log, writer, Watchers(progress=progress)).run(Event(), until_complete=True)
    finally:
        log.close()


async def _follow(writer: Writer, config: RuntimeConfig) -> None:
    progress, metrics, stop = Progress(), Metrics(), Event()
    progress.blockers["reading"] = "connecting"
    ops = await serve(config.ops_bind, progress, metrics)
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    log = Tail(_modest(config), SNAPSHOTS)
    follower = Follower(log, writer, Watchers(metrics, progress.blockers))
    try:
        await asyncio.to_thread(follower.run, stop)
    finally:
        log.close()
        await ops.cleanup()


def _modest(config: RuntimeConfig) -> RuntimeConfig:
    """It is in no hurry, so it needs no large buffer."""
    return replace(config, limits=replace(config.limits, fetch_queue_kbytes=FETCH_KBYTES))

"""The Faust application around the pump: agents on channels that carry batches, services, signals. No Kafka of its own.

An agent is handed one batch at a time and says when it is done; what its handler raised goes back to the pump, which
alone decides what becomes of a round. So an agent never dies of a message, and Faust never restarts one in the middle.
"""

import asyncio
import logging
from pathlib import Path
from typing import Any, NamedTuple

import faust
from faust.app.base import BootStrategy

from app.runtime.round import Staging
from app.runtime.topology import Agent, Batch

SERVICES = logging.getLogger("faust.services")
"""Where our services tell of their own comings and goings. By default that is the logger of the module they stand in,
and so at the level of our own lines.
"""


class _Boot(BootStrategy):
    enable_kafka = False
    enable_web = False


class App(faust.App):
    """Faust without its transport: agents, channels, services and timers only."""

    BootStrategy = _Boot
    logger = SERVICES


class Work(NamedTuple):
    """One batch on its way to an agent."""

    batch: Batch
    staging: Staging
    done: "asyncio.Future[None]"

    def do(self) -> None:
        """Handles the batch; the outcome is `done`'s, whatever it is."""
        try:
            self.staging.handle(self.batch)
        except BaseException as error:  # noqa: BLE001  handed to the pump, which re-raises it
            self.done.set_exception(error)
        else:
            self.done.set_result(None)


def make_app(app_id: str, data: Path) -> App:
    """A fresh application; `data` is a directory for Faust's own use."""
    for name in ("faust", "mode"):
        # at INFO they tell of their own services' comings and goings
        logging.getLogger(name).setLevel(logging.WARNING)
    return App(app_id, broker="kafka://none", web_enabled=False, datadir=str(data))


def register(faust_app: App, agent: Agent) -> Any:
    """Makes a topology's agent an agent of the application; returns the channel on which it takes `Work`."""
    channel = faust_app.channel(maxsize=1)

    async def listen(stream: Any) -> None:
        async for work in stream:
            work.do()

    faust_app.agent(channel, name=agent.name)(listen)
    return channel


async def hand(channel: Any, batch: Batch, staging: Staging) -> None:
    """Gives the agent behind `channel` a batch and waits until it is handled. Raises what `Staging.handle` raises."""
    work = Work(batch, staging, asyncio.get_running_loop().create_future())
    await channel.put(work)
    await work.done

"""A run of the demo: broker, worker, read side, a shop's day, and the oracle that judges what came of it."""

import tempfile
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import NamedTuple

from app.demo import venue
from app.demo.endings import ended_in_order
from app.demo.keeping import Keeper
from app.demo.own_console import OwnConsole
from app.demo.own_worker import OwnWorker, free_port
from app.demo.play import Play, Played
from app.demo.read_side import ReadSide
from app.demo.screen import Screen
from app.policies import read_directory
from app.runtime.config import RuntimeConfig


class Options(NamedTuple):
    """What to play.

    `kafka`: a real broker's address, with `security` by librdkafka's names; None: the embedded broker. `port`: of the
    worker's metrics; None: the usual one, or a free one. `save`: a directory in which inputs and outputs are kept.
    `console`: in the end it stays open.
    """

    events: int
    seed: int
    policies: Path
    chaos: bool = False
    port: int | None = None
    kafka: str | None = None
    security: Mapping[str, str] = {}
    save: Path | None = None
    console: bool = False


def run(options: Options, screen: Screen, told: Callable[[Played, OwnConsole | None], None]) -> Played:
    """Plays the day and judges it. What it started is ended and what it made is removed, however it ends.

    `told` is called with how it ended, and with the console where it was asked for; that stays open until Ctrl-C.
    Raises DemoFailedError, WorkerStopError (of broker, port and topics) or PoliciesRefusedError where there is no
    verdict.
    """
    policies = [written.policy for written in read_directory(options.policies)]
    with ended_in_order(), tempfile.TemporaryDirectory(prefix="refundry-demo-") as home, ExitStack() as stack:
        port = free_port(options.port)
        keeper = stack.enter_context(Keeper(options.save))
        config = stack.enter_context(_venue(options, Path(home) / "state"))
        venue.publish_policies(config, policies)
        worker = OwnWorker(config, port, Path(home) / "worker.log")
        stack.callback(worker.stop)
        worker.start()
        read_side = ReadSide(config, Path(home))
        stack.callback(read_side.stop)
        play = Play(config, worker, keeper, read_side, events=options.events, seed=options.seed, chaos=options.chaos)
        stack.callback(play.close)
        played = play.to_the_end(screen)
        console = None
        if options.console and not played.read_side.problem:
            console = OwnConsole(config, read_side.url, Path(home))
            stack.callback(console.stop)
            console.open()
        told(played, console)
        if console is not None:
            console.stay_open(worker, read_side)
        return played


def _venue(options: Options, state_dir: Path) -> AbstractContextManager[RuntimeConfig]:
    if options.kafka is None:
        return venue.embedded(state_dir)
    return venue.real(options.kafka, options.security, state_dir)

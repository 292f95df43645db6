"""The entry for the composition root: one worker, from its claim to its exit code."""

import asyncio
import logging
import signal
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from app.metrics import Metrics
from app.runtime.claim import Claim
from app.runtime.exits import UnreachableError, UnsureError, WorkerStopError, leave, leave_for
from app.runtime.global_topics import Learn
from app.runtime.ops import serve
from app.runtime.progress import watch
from app.runtime.pump import Parts, Pump
from app.runtime.shell import make_app
from app.runtime.store import StoreBrokenError
from app.runtime.stores import BROKEN
from app.runtime.topology import Topology
from topics.catalogue import TOPICS, Topic

_log = logging.getLogger(__name__)


def _nothing(*_: object) -> None:
    pass


def run_worker(
    topology: Topology,
    claimed: Claim,
    globals_: Mapping[str, Learn],
    *,
    catalogue: Sequence[Topic] = TOPICS,
    on_ready: Callable[[], None] = _nothing,
    observe: Callable[[Metrics], None] = _nothing,
) -> int:
    """Runs a worker until SIGTERM or SIGINT (0), or until it cannot go on (3, 4, 5, 75, see `exits`).

    `claimed`: the slot that it has. `globals_`: by topic, who hears every record of the compacted topics that all
    workers read whole. `catalogue`: the topics that must be there. `on_ready` is called whenever assigned partitions
    are restored, `observe` after each committed round, to add what the application itself counts. Returns only after an
    end in order; any other end leaves the process at once, since clients that are unsure must not be torn down in
    peace. The watch ends the process as well.
    """
    asyncio.run(_work(claimed, Parts(topology, globals_, catalogue, on_ready, observe)))
    return 0


@contextmanager
def _leaving() -> Iterator[None]:
    """Ends the process with the code that fits what was raised."""
    try:
        yield
    except WorkerStopError as stop:
        leave_for(stop)
    except StoreBrokenError as broken:
        _log.error("the worker stops: %s. %s", broken, BROKEN)
        leave(UnreachableError.code)
    except Exception as error:  # noqa: BLE001  anything unforeseen: say where, not what it quotes, and start anew
        where = "".join(traceback.format_tb(error.__traceback__))
        _log.error("the worker stops: %s\n%s", type(error).__name__, where)
        leave(UnsureError.code)


async def _work(claimed: Claim, parts: Parts) -> None:
    """Leaves the process from inside the loop: on the way out of it, services would be torn down."""
    with _leaving():
        await _work_in_order(claimed, parts)


async def _work_in_order(claimed: Claim, parts: Parts) -> None:
    config, progress, metrics = claimed.config, claimed.progress, Metrics()
    progress.blockers["start"] = "connecting, reading policies and rates"
    ops = await serve(config.ops_bind, progress, metrics)
    limits = config.limits
    over = watch(progress, patience=limits.stuck, stop_seconds=limits.stop)
    faust_app = make_app(config.app_id, config.state_dir / config.app_id / "faust")
    pump = Pump(faust_app, claimed, parts, metrics)
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, pump.stop_soon)
    faust_app.flow_control.resume()
    await faust_app.start()
    await faust_app.add_runtime_dependency(pump)
    await pump.outcome
    await faust_app.stop()
    over.set()
    await ops.cleanup()

"""The one composition root: settings become a claim, a desk, agents, and a runtime that runs them."""

import gc
import os
import signal
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from hashlib import blake2b
from importlib.metadata import version

import structlog

from app import logs
from app.runtime.config import Limits, Mode, RuntimeConfig
from app.runtime.limits import DeadLetterLimit
from app.settings import Settings, require_for_worker
from topics.partitioning import PLACED

_log = structlog.get_logger(__name__)


def runtime_config(settings: Settings) -> RuntimeConfig:
    """The settings in the runtime's own terms."""
    assert settings.hash_key is not None
    return RuntimeConfig(
        bootstrap_servers=settings.kafka_bootstrap_servers,
        app_id=settings.app_id,
        version=version("refundry"),
        slot=settings.slot,
        prefix=settings.topic_prefix,
        partitions=settings.partitions,
        placed=PLACED if settings.inbound_partitioner == "murmur2" else (),
        replication_factor=settings.replication_factor,
        state_dir=settings.state_dir,
        store=settings.state_store,
        mode=Mode.TRANSACTIONAL if settings.guarantee == "exactly_once" else Mode.AT_LEAST_ONCE,
        commit_interval_ms=settings.commit_interval_ms,
        heartbeat_s=settings.heartbeat_s,
        security=settings.kafka_security(),
        ops_bind=settings.ops_bind,
        secret_digest=blake2b(settings.hash_key.get_secret_value().encode(), digest_size=16).hexdigest(),
        acts_from_given=settings.act_from is not None,
        limits=Limits(
            round_messages_max=settings.round_messages,
            cache_rows=settings.live_rows,
            transaction_timeout_ms=settings.transaction_timeout_ms,
            session_timeout_ms=settings.session_timeout_ms,
            restore_stall=float(settings.restore_stall_s),
            stuck=float(settings.stuck_after_s),
        ),
        probe=fault_probe(settings.fault_points),
        dead_letters=DeadLetterLimit(run=settings.dead_letters_in_a_row, ratio=settings.dead_letters_percent / 100),
    )


def fault_probe(points: Sequence[str]) -> Callable[[str], None]:
    """Kills this process at a named point, `before_commit:20` at its twentieth pass: for tests of recovery alone."""
    passes: Counter[str] = Counter()
    deadly = {name: int(count or 1) for name, _, count in (point.partition(":") for point in points)}

    def probe(point: str) -> None:
        passes[point] += 1
        if passes[point] == deadly.get(point):
            _log.warning("killed_at_a_fault_point", point=point, passes=passes[point])
            os.kill(os.getpid(), signal.SIGKILL)

    return probe


def work(settings: Settings) -> int:
    """Runs a worker until it is told to stop or cannot be sure; the exit code.

    Raises `ConfigurationError` and `PoliciesRefusedError`.
    """
    # what a start loads stays: to look for garbage in it, over and over, took a sixth of a start's CPU time
    gc.disable()
    from app.runtime.claim import claim  # noqa: PLC0415  librdkafka is loaded by a worker alone

    require_for_worker(settings)
    logs.configure(settings)
    with claim(runtime_config(settings)) as claimed:
        from agents import assemble  # noqa: PLC0415  this and what follows takes most of a second: others wait for the claim
        from app.desk import desk_of, global_topics, observe, prepare  # noqa: PLC0415  as above
        from app.runtime.run import run_worker  # noqa: PLC0415  as above

        prepare()
        desk = desk_of(settings)
        return run_worker(assemble(desk), claimed, global_topics(desk), observe=partial(observe, desk))

"""The one composition root: settings become a desk, agents, and a runtime that runs them."""

import os
import signal
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from hashlib import blake2b
from importlib.metadata import version

import structlog

from agents import Desk, assemble
from agents.shadowing import Shadow
from app import logs, texts
from app.domain import tables
from app.domain.policy import PolicyChangedError
from app.metrics import EVENTS, SHADOW_DECISIONS, SHADOW_MONEY, STRAYED_DISPUTES, UNKNOWN_FIELDS, Metrics
from app.policies import PoliciesRefusedError, load, read_record
from app.runtime.config import Limits, Mode, RuntimeConfig
from app.runtime.exits import MisconfiguredError
from app.runtime.limits import DeadLetterLimit
from app.settings import Settings, require_for_worker
from topics.codec import Unreadable, read

_log = structlog.get_logger(__name__)
Heard = Callable[[bytes | None, bytes | None], None]


def desk_of(settings: Settings) -> Desk:
    """What the agents share, as the settings say. Policies and rates come from their topics.

    Raises `PoliciesRefusedError` where the shadow policies, which come from files, cannot be used.
    """
    assert settings.hash_key is not None
    shadow = settings.shadow_policy_dir
    return Desk(
        secret=settings.hash_key.get_secret_value().encode(),
        act_from=settings.act_from,
        retention_days=settings.case_retention_days,
        partitions=settings.partitions if settings.inbound_partitioner == "murmur2" else None,
        shadow=Shadow(load(shadow)) if shadow else None,
    )


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


def global_topics(desk: Desk) -> Mapping[str, Heard]:
    """What every worker reads whole before it starts: policies and rates."""

    def policy(key: bytes | None, body: bytes | None) -> None:
        try:
            desk.policies.add(read_record(key, body))
        except (PoliciesRefusedError, PolicyChangedError) as error:
            raise MisconfiguredError(f"a published policy cannot be used: {error}") from error

    def rate(key: bytes | None, body: bytes | None) -> None:
        received = read("fx-rates", key, body, timestamp=0, secret=b"")
        if isinstance(received, Unreadable):
            # The agent of fx-rates makes it a dead letter, once; here it is passed over by every worker alike.
            _log.warning("rate_passed_over", code=received.code, path=received.path)
            return
        event = received.event
        desk.rates.add(event.base, event.quote, event.as_of, event.rate)

    return {"policies": policy, "fx-rates": rate}


def observe(desk: Desk, metrics: Metrics) -> None:
    """Hands what the desk has counted to the metrics."""
    for metric, counts in ((UNKNOWN_FIELDS, desk.unknown_fields), (STRAYED_DISPUTES, desk.strayed_disputes)):
        for label, count in counts.items():
            metrics.add(metric, count, label)
        counts.clear()
    for (topic, result), events in desk.results.items():
        metrics.add(EVENTS, events, topic, result)
    desk.results.clear()
    if desk.shadow is not None:
        for outcomes, decisions in desk.shadow.decisions.items():
            metrics.add(SHADOW_DECISIONS, decisions, *outcomes)
        for (currency, direction), minor in desk.shadow.money_minor.items():
            metrics.add(SHADOW_MONEY, minor, currency, direction)
        desk.shadow.clear()


def work(settings: Settings) -> int:
    """Runs a worker until it is told to stop or cannot be sure; the exit code.

    Raises `ConfigurationError` and `PoliciesRefusedError`.
    """
    from app.runtime.run import run_worker  # noqa: PLC0415 - librdkafka and Faust are loaded by a worker alone

    require_for_worker(settings)
    logs.configure(settings)
    texts.prepare()
    tables.prepare()
    desk = desk_of(settings)
    return run_worker(assemble(desk), runtime_config(settings), global_topics(desk), observe=partial(observe, desk))

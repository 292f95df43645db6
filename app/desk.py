"""What the agents of a worker share, what fills it from topics, and what it counts for the metrics."""

from collections.abc import Mapping

import structlog

from agents import Desk
from agents.shadowing import Shadow
from app import texts
from app.domain import tables
from app.domain.policy import PolicyChangedError
from app.metrics import EVENTS, SHADOW_DECISIONS, SHADOW_MONEY, STRAYED_DISPUTES, UNKNOWN_FIELDS, Metrics
from app.policies import PoliciesRefusedError, load, read_record
from app.runtime.exits import MisconfiguredError
from app.runtime.global_topics import Learn
from app.settings import Settings
from topics.catalogue import FX_RATES, POLICIES
from topics.codec import Unreadable, read

_log = structlog.get_logger(__name__)


def prepare() -> None:
    """Reads all texts and tables, so that a broken one stops the start and none is read while events wait."""
    texts.prepare()
    tables.prepare()


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


def global_topics(desk: Desk) -> Mapping[str, Learn]:
    """What every worker reads whole before it starts: policies and rates."""

    def policy(key: bytes | None, body: bytes | None) -> None:
        try:
            desk.policies.add(read_record(key, body))
        except (PoliciesRefusedError, PolicyChangedError) as error:
            raise MisconfiguredError(f"a published policy cannot be used: {error}") from error

    def rate(key: bytes | None, body: bytes | None) -> None:
        received = read(FX_RATES, key, body, timestamp=0, secret=b"")
        if isinstance(received, Unreadable):
            # The agent of fx-rates makes it a dead letter, once; here it is passed over by every worker alike.
            _log.warning("rate_passed_over", code=received.code, path=received.path)
            return
        event = received.event
        desk.rates.add(event.base, event.quote, event.as_of, event.rate)

    return {POLICIES: policy, FX_RATES: rate}


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

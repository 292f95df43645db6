"""What every agent has at hand besides the message: the key of hashes, policies, rates, and from when we act."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache

from agents.shadowing import Shadow
from app.domain.policy import Policies
from app.domain.rates import Rates
from topics.partitioning import partition_of


@dataclass
class Desk:
    """Shared by all agents of one worker.

    `secret` hashes what identifies a person; `act_from`: causes before it are decided without acting; `partitions`: how
    many every keyed topic has, None where the log has one only. `unknown_fields` counts, by topic, the fields that
    publishers sent and nobody knows; `strayed_disputes`, by family of networks, moves that its table does not know;
    `results`, by topic and result, what came of events. `shadow`: policies that are tried beside the live ones, None
    where there are none.
    """

    secret: bytes
    policies: Policies = field(default_factory=Policies)
    rates: Rates = field(default_factory=Rates)
    act_from: datetime | None = None
    retention_days: int = 800
    partitions: int | None = None
    unknown_fields: Counter[str] = field(default_factory=Counter)
    strayed_disputes: Counter[str] = field(default_factory=Counter)
    results: Counter[tuple[str, str]] = field(default_factory=Counter)
    shadow: Shadow | None = None

    def is_historical(self, occurred_at: datetime) -> bool:
        """Whether something happened before this installation acts."""
        return self.act_from is not None and occurred_at < self.act_from

    def is_misplaced(self, key: bytes | None, partition: int) -> bool:
        """Whether a message lies in another partition than the partitioner of the contract puts its key."""
        return self.partitions is not None and key is not None and partition_of(key, self.partitions) != partition


@lru_cache(maxsize=1024)  # what one round wrote came within a few milliseconds
def moment(timestamp_ms: int) -> datetime:
    """A record's timestamp as an aware datetime, to the millisecond."""
    return datetime.fromtimestamp(timestamp_ms / 1000, UTC)


def milliseconds(at: datetime) -> int:
    """A time as a record's timestamp, rounded up so that a timer never fires early."""
    whole = int(at.timestamp()) * 1000
    return whole + -(-at.microsecond // 1000)

"""What the runtime must be told: where Kafka is, who this worker is, and how much of everything it may take."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Literal

from app.runtime.limits import DeadLetterLimit


class Mode(Enum):
    """How a round becomes durable."""

    TRANSACTIONAL = "transactional"
    """Outputs, changelog and offsets in one Kafka transaction: exactly once."""

    AT_LEAST_ONCE = "at_least_once"
    """Flush, then commit offsets, for a broker without transactions: repeats after a crash, with the same ids."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """A bound for everything that could grow or wait. Seconds, unless the name says otherwise."""

    round_messages_max: int = 20_000
    round_bytes_max: int = 32 << 20
    """A round's rows and outputs are in memory at once, and are a small multiple of what came in."""
    fetch_queue_kbytes: int = 65_536
    cache_rows: int = 20_000
    """Live rows kept per table and partition."""
    timers_per_round: int = 500
    transaction_timeout_ms: int = 10_000
    """How long a dead worker's open transaction may hold up its successor."""
    session_timeout_ms: int = 8_000
    max_poll_interval_ms: int = 60_000
    call_timeout: float = 20.0
    """One call to the broker; then it is asked again."""
    patience: float = 60.0
    """All repeats of one call together."""
    restore_stall: float = 60.0
    """A restore that reads nothing new for so long gives up; above transaction timeout and the broker's clean-up."""
    stuck: float = 90.0
    """Lag, or one step of the loop, without progress."""
    stop: float = 25.0
    """From SIGTERM to the end."""
    history_days: int = 7
    """A new group on topics that begin earlier must say from when on it acts."""


def _nothing(point: str) -> None:
    del point


@dataclass(frozen=True, kw_only=True)
class RuntimeConfig:
    """One worker. `security` holds librdkafka's own names (`security.protocol`, `sasl.mechanism`, `ssl.ca.location` …).

    `slot` None: the first free one on this machine. `secret_digest` names the secrets that the state was made with; a
    state made with others is refused. `acts_from_given`: someone decided from when on this group acts, so old topics
    are no surprise. `placed`: topics of which messages are refused that do not lie where `partitions` puts their key:
    these must have so many. `heartbeat_s` 0: nothing beats. `probe` is called at named points of a round; tests of
    faults end the process there.
    """

    bootstrap_servers: str
    app_id: str = "refundry"
    version: str = "0"
    slot: str | None = None
    prefix: str = ""
    partitions: int = 8
    placed: tuple[str, ...] = ()
    replication_factor: int = 1
    state_dir: Path
    store: Literal["rocksdb", "memory"] = "rocksdb"
    mode: Mode = Mode.TRANSACTIONAL
    commit_interval_ms: int = 100
    heartbeat_s: float = 60
    security: Mapping[str, str] = field(default_factory=dict)
    ops_bind: str = "127.0.0.1:9464"
    secret_digest: str = ""
    acts_from_given: bool = False
    limits: Limits = field(default_factory=Limits)
    dead_letters: DeadLetterLimit = field(default_factory=DeadLetterLimit)
    probe: Callable[[str], None] = _nothing

    def topic(self, name: str) -> str:
        """The topic's name on the broker."""
        return self.prefix + name

    @property
    def commit_seconds(self) -> float:
        """How long a commit may take. After the transaction timeout the broker has aborted it; to wait on is in vain,
        and a call to a client that lost its broker in the middle of one was seen never to return.
        """
        return 2 * self.limits.transaction_timeout_ms / 1000 + 5

    def changelog(self, table: str) -> str:
        """The name of a table's changelog on the broker."""
        return f"{self.prefix}{self.app_id}-{table}-changelog"

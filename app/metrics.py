"""Every metric of the product, in one typed list: its name, what it counts, its unit and its labels.

Dashboards, alerts and documentation name only what stands here. No label holds an id: labels are topics, tables and
codes, which are few. Metrics are written once per round, never per message.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from topics.catalogue import INBOUND
from topics.dead_letters import DeadLetterCode

_FAST = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True)
class Metric:
    """One metric. Counters end in `_total`; the unit comes last before that.

    `known`: values of the one label that stand there from the start, at zero. To Prometheus a count that appears as 1
    is no increase, so an alert on the first of its kind would never fire.
    """

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    help: str
    labels: tuple[str, ...] = ()
    known: tuple[str, ...] = ()


MESSAGES = Metric("refundry_messages_total", "counter", "Messages handled in committed rounds.", ("topic",))
OUTPUTS = Metric("refundry_outputs_total", "counter", "Records said in committed rounds.", ("topic",))
DEAD_LETTERS = Metric(
    "refundry_dead_letters_total",
    "counter",
    "Messages refused, by the contract's code.",
    ("code",),
    known=tuple(code.value for code in DeadLetterCode),
)
UNKNOWN_FIELDS = Metric(
    "refundry_unknown_fields_total",
    "counter",
    "Fields of messages that nobody knows; they are ignored.",
    ("topic",),
    known=INBOUND,
)
STRAYED_DISPUTES = Metric(
    "refundry_strayed_disputes_total",
    "counter",
    "Moves of disputes that their network's table does not know; they are applied and flagged.",
    ("family",),
)
EVENTS = Metric(
    "refundry_events_total",
    "counter",
    "Events by what came of them: applied, duplicate, held or dead_lettered; again when a wait ends or a round is.",
    ("topic", "result"),
)
SHADOW_DECISIONS = Metric(
    "refundry_shadow_decisions_total",
    "counter",
    "Decisions that shadow policies would have made the same, or flipped, by the live outcome and theirs.",
    ("verdict", "live", "shadow"),
)
SHADOW_MONEY = Metric(
    "refundry_shadow_money_minor_total",
    "counter",
    "Minor units that would have gone out more, or less, under shadow policies.",
    ("currency", "direction"),
)
HANDLER_FAILURES = Metric(
    "refundry_handler_failures_total", "counter", "Messages refused because code of ours failed on them; each is a bug."
)
ROUNDS = Metric(
    "refundry_rounds_total",
    "counter",
    "Rounds by outcome: committed or aborted.",
    ("outcome",),
    known=("committed", "aborted"),
)
ROUND_SECONDS = Metric("refundry_round_seconds", "histogram", "Handling one round, without its commit.")
COMMIT_SECONDS = Metric("refundry_commit_seconds", "histogram", "Making one round durable.")
CHANGES = Metric("refundry_changelog_records_total", "counter", "Rows written to changelogs.", ("table",))
TIMERS = Metric("refundry_timers_fired_total", "counter", "Timers that fired.")
LAG = Metric("refundry_lag_messages", "gauge", "Messages not read yet, in the partitions of this worker.", ("topic",))
MESSAGE_AGE = Metric(
    "refundry_message_age_seconds",
    "gauge",
    "Age of the last round's oldest message at its commit.",
    ("topic",),
)
PARTITIONS = Metric("refundry_partitions_assigned", "gauge", "Partitions that this worker owns.", ("topic",))
RESTORED = Metric("refundry_restored_records_total", "counter", "Changelog records read to restore state.", ("table",))
RESTORE_LEFT = Metric(
    "refundry_restore_left_records", "gauge", "Changelog records that a restore under way has still to read."
)
RESTORE_SECONDS = Metric("refundry_restore_seconds", "histogram", "One restore, from the assignment to its end.")
STATE_BYTES = Metric("refundry_state_bytes", "gauge", "Bytes of state that this worker keeps.", ("table",))
OPEN_TIMERS = Metric("refundry_open_timers", "gauge", "Rows that fall due some day, in its partitions.", ("table",))
OLDEST_HELD = Metric(
    "refundry_oldest_held_event_seconds",
    "gauge",
    "Age of the oldest event that waits for its order, of the one whose wait ends first; 0 where none waits.",
    ("table",),
)
HEARTBEAT_AGE = Metric(
    "refundry_heartbeat_age_seconds",
    "gauge",
    "Since the last heartbeat began that came out again, in the partition where that is longest ago.",
)
HEARTBEAT_TRIP = Metric(
    "refundry_heartbeat_trip_seconds", "histogram", "A heartbeat's way through the whole pipeline and out again."
)
WITHOUT_PROGRESS = Metric(
    "refundry_without_progress_seconds",
    "gauge",
    "For how long work waits, or one step lasts, without progress (beats are none); the watch ends what is too long.",
)
READY = Metric("refundry_ready", "gauge", "1 while the worker takes part, 0 while /readyz gives reasons against it.")
LAST_COMMIT = Metric("refundry_last_commit_timestamp_seconds", "gauge", "When the last round committed, Unix time.")
READ_SIDE_CASES = Metric("refundry_read_side_cases_total", "counter", "Snapshots of cases written to the read side.")
READ_SIDE_BEGINNINGS = Metric(
    "refundry_read_side_beginnings_total", "counter", "How often the read side was empty and was filled from the start."
)
READ_SIDE_COMPLETE = Metric(
    "refundry_read_side_complete_timestamp_seconds",
    "gauge",
    "Unix time: all snapshots that were committed by then are in the read side.",
)
READ_SIDE_FAILURES = Metric(
    "refundry_read_side_failures_total", "counter", "Attempts to write that Redis did not take."
)
READ_SIDE_UNREADABLE = Metric(
    "refundry_read_side_unreadable_total", "counter", "Records among the snapshots that are none; they are passed over."
)
CONSOLE_REVIEWS = Metric(
    "refundry_console_reviews_total",
    "counter",
    "Verdicts given in the console, by whether Kafka has taken them: sent or not_taken.",
    ("kind", "verdict", "result"),
)
CONSOLE_LOGINS = Metric(
    "refundry_console_logins_total",
    "counter",
    "Tries to sign in to the console: right, wrong or throttled.",
    ("result",),
)
CONSOLE_REFUSALS = Metric(
    "refundry_console_refusals_total", "counter", "Requests that the console refused, by why.", ("code",)
)

CATALOGUE: tuple[Metric, ...] = (
    MESSAGES,
    OUTPUTS,
    EVENTS,
    DEAD_LETTERS,
    HANDLER_FAILURES,
    ROUNDS,
    ROUND_SECONDS,
    COMMIT_SECONDS,
    CHANGES,
    TIMERS,
    LAG,
    UNKNOWN_FIELDS,
    STRAYED_DISPUTES,
    SHADOW_DECISIONS,
    SHADOW_MONEY,
    MESSAGE_AGE,
    PARTITIONS,
    RESTORED,
    RESTORE_LEFT,
    RESTORE_SECONDS,
    STATE_BYTES,
    OPEN_TIMERS,
    OLDEST_HELD,
    HEARTBEAT_AGE,
    HEARTBEAT_TRIP,
    WITHOUT_PROGRESS,
    READY,
    LAST_COMMIT,
    READ_SIDE_CASES,
    READ_SIDE_BEGINNINGS,
    READ_SIDE_COMPLETE,
    READ_SIDE_FAILURES,
    READ_SIDE_UNREADABLE,
    CONSOLE_REVIEWS,
    CONSOLE_LOGINS,
    CONSOLE_REFUSALS,
)


class Metrics:
    """The catalogue, alive in a registry of its own, so that two workers in one process (a test) do not meet."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._made = {metric: self._make(metric) for metric in CATALOGUE}

    def add(self, metric: Metric, amount: float = 1, *labels: str) -> None:
        """Counts."""
        made = self._made[metric]
        assert isinstance(made, Counter), metric.name
        (made.labels(*labels) if labels else made).inc(amount)

    def set(self, metric: Metric, value: float, *labels: str) -> None:
        """Sets a gauge."""
        made = self._made[metric]
        assert isinstance(made, Gauge), metric.name
        (made.labels(*labels) if labels else made).set(value)

    def set_since(
        self, metric: Metric, began: float | None, *labels: str, clock: Callable[[], float] = time.time
    ) -> None:
        """Sets a gauge to the age of what began then (None: 0), reckoned anew whenever it is looked at.

        So an age grows while nothing happens. `began` goes by `clock`: Unix time, or seconds that only go forward where
        it began in this process. Such a gauge is set in no other way.
        """
        made = self._made[metric]
        assert isinstance(made, Gauge), metric.name
        gauge = made.labels(*labels) if labels else made
        gauge.set_function(lambda: 0.0 if began is None else max(0.0, clock() - began))

    def observe(self, metric: Metric, seconds: float) -> None:
        """Adds to a histogram."""
        made = self._made[metric]
        assert isinstance(made, Histogram), metric.name
        made.observe(seconds)

    def text(self) -> bytes:
        """All of them, in Prometheus' text format."""
        return generate_latest(self._registry)

    def _make(self, metric: Metric) -> Counter | Gauge | Histogram:
        match metric.kind:
            case "counter":
                counter = Counter(metric.name, metric.help, metric.labels, registry=self._registry)
                for value in metric.known:
                    counter.labels(value)
                return counter
            case "gauge":
                return Gauge(metric.name, metric.help, metric.labels, registry=self._registry)
            case "histogram":
                return Histogram(metric.name, metric.help, metric.labels, registry=self._registry, buckets=_FAST)

"""What is told of a committed round: every figure of a round that has all of them, reckoned by hand."""

import logging
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from prometheus_client.parser import text_string_to_metric_families

from app.desk import observe
from app.metrics import EVENTS, UNKNOWN_FIELDS, Metrics
from app.runtime.account import account
from app.runtime.config import RuntimeConfig
from app.runtime.partition_counts import PartitionCounts
from app.runtime.partitions import Partitions
from app.runtime.positions import Taken
from app.runtime.progress import Progress
from app.runtime.round import Staging
from app.runtime.store import pack
from app.runtime.store.memory import MemoryStore
from app.runtime.stores import Stores
from app.runtime.topology import Agent, Batch, Refusal, Round, TableSpec, Topology
from tests.runtime.toys import Tally, message, say_due, tally

FAR = 9_000_000_000_000
HELD_SINCE = 500.0


def mixed(batch: Batch, round_: Round) -> None:
    """Counts; `odd` is refused as another code than what cannot be read."""
    for one in batch.messages:
        round_.at(one)
        if one.value in (b"odd", b"torn"):
            round_.refuse(one, Refusal("id_conflict" if one.value == b"odd" else "not_json", "expected otherwise"))
        else:
            tally(Batch(batch.topic, batch.partition, [one]), round_)


def waits(row: Tally) -> int | None:
    return int(HELD_SINCE * 1000) if row.due else None


def filled() -> tuple[Staging, Taken, int]:
    """A round of five messages of two topics, two of them refused, and of one timer."""
    encode, decode = msgspec.msgpack.Encoder().encode, msgspec.msgpack.Decoder(Tally).decode
    table = TableSpec("tallies", ("in",), encode, decode, say_due, waits)
    staging = Staging(Topology((Agent("a", "in", mixed), Agent("b", "more", mixed)), (table,)), version="7")
    store = MemoryStore()
    store.apply([(b"old", pack(5, encode(Tally(1, 5))))], 1)
    staging.open("tallies", 0, store)
    first = [message(0, "a"), message(1, "b", b"due %d" % FAR), message(2, "c", b"odd"), message(3, "d", b"torn")]
    batches = [Batch("in", 0, first), Batch("more", 0, [message(0, "a", topic="more")])]
    fired = staging.fire(10)
    for batch in batches:
        staging.handle(batch)
    staging.encode()
    return staging, Taken(batches, {("in", 0): 4, ("more", 0): 1}), fired


def figures(metrics: Metrics) -> dict[tuple[str, ...], float]:
    """Every sample that is not zero, by its name and the values of its labels, in the order of the labels' names.

    Buckets are left out, and when a sample was made.
    """
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(metrics.text().decode())
        for sample in family.samples
        if sample.value and not sample.name.endswith(("_bucket", "_created"))
    }


def test_a_round_is_told_in_all_its_figures() -> None:
    metrics = Metrics()
    staging, taken, fired = filled()
    before = time.time()
    account(metrics, taken, staging, fired, 0.25, 0.5)
    told = figures(metrics)
    committed_at = told.pop(("refundry_last_commit_timestamp_seconds",))
    ages = [told.pop(("refundry_message_age_seconds", topic)) for topic in ("in", "more")]
    assert told == {
        ("refundry_messages_total", "in"): 4,
        ("refundry_messages_total", "more"): 1,
        # three counted: a, b, and a again; the timer speaks into the journal; two are refused
        ("refundry_outputs_total", "out"): 3,
        ("refundry_outputs_total", "in"): 1,
        ("refundry_outputs_total", "dead-letters"): 2,
        ("refundry_dead_letters_total", "id_conflict"): 1,
        ("refundry_dead_letters_total", "not_json"): 1,
        # rows a and b; the timer's row stays as it is
        ("refundry_changelog_records_total", "tallies"): 2,
        ("refundry_timers_fired_total",): 1,
        ("refundry_rounds_total", "committed"): 1,
        ("refundry_round_seconds_count",): 1,
        ("refundry_round_seconds_sum",): 0.25,
        ("refundry_commit_seconds_count",): 1,
        ("refundry_commit_seconds_sum",): 0.5,
    }
    assert before <= committed_at <= time.time()
    assert ages == pytest.approx([before - 1] * 2, abs=5), "messages are stamped one second after the epoch"


def test_a_committed_round_is_one_line_of_the_log_for_who_asks_for_it(caplog: pytest.LogCaptureFixture) -> None:
    staging, taken, fired = filled()
    with caplog.at_level(logging.INFO):
        account(Metrics(), taken, staging, fired, 0.25, 0.5)
    assert caplog.records == []
    with caplog.at_level(logging.DEBUG):
        account(Metrics(), taken, staging, fired, 0.25, 0.5)
    (line,) = (vars(record) for record in caplog.records)
    assert line["levelname"] == "DEBUG"
    named = ("messages", "outputs", "rows", "timers", "handling_ms", "committing_ms")
    assert [line[name] for name in named] == [5, 6, 2, 1, 250.0, 500.0]


def test_what_the_desk_counted_is_told_by_topic_and_result_and_once() -> None:
    desk: Any = SimpleNamespace(
        unknown_fields={"orders": 3},
        strayed_disputes={},
        results={("orders", "applied"): 5, ("orders", "duplicate"): 2, ("disputes", "held"): 1},
        shadow=None,
    )
    metrics = Metrics()
    observe(desk, metrics)
    observe(desk, metrics)
    assert figures(metrics) == {
        (EVENTS.name, "applied", "orders"): 5,
        (EVENTS.name, "duplicate", "orders"): 2,
        (EVENTS.name, "held", "disputes"): 1,
        (UNKNOWN_FIELDS.name, "orders"): 3,
    }


def test_lag_timers_and_the_oldest_that_waits_are_told_of_the_partitions_here(tmp_path: Path) -> None:
    metrics, progress = Metrics(), Progress()
    staging, _, _ = filled()
    staging.drop()
    topology = Topology((Agent("a", "in", mixed),), tuple(staging._specs.values()))
    ends = {("in", 0): 10, ("in", 1): 7}
    reader: Any = SimpleNamespace(get_watermark_offsets=lambda at, *, cached: (0, ends[at.topic, at.partition]))
    config = RuntimeConfig(bootstrap_servers="none:1", state_dir=tmp_path, store="memory", slot="0")
    stores = Stores(config)
    store = stores.get(("tallies", 0))
    store.apply([(key, pack(due, b"x")) for key, due in ((b"k", FAR), (b"l", FAR), (b"m", None))], 1)
    partitions = Partitions(
        config,
        topology,
        consumer=reader,
        counts=PartitionCounts(config, ()),
        staging=staging,
        stores=stores,
        progress=progress,
        metrics=metrics,
        on_restored=lambda: None,
    )
    partitions._positions.assign({("in", 0): 4, ("in", 1): 7})
    partitions._look_at_lag()
    told = figures(metrics)
    assert told[("refundry_lag_messages", "in")] == 6  # 10 - 4, and 7 - 7
    assert told[("refundry_open_timers", "tallies")] == 2
    assert told[("refundry_state_bytes", "tallies")] == store.size() > 0
    held = told[("refundry_oldest_held_event_seconds", "tallies")]
    assert held == pytest.approx(time.time() - HELD_SINCE, abs=5)

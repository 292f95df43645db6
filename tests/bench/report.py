"""The page's part about the refund job. Every number in it is of the run that wrote it."""

import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from statistics import median
from typing import NamedTuple

from tests.bench import disputes
from tests.bench.mix import Mix
from tests.bench.process import machine
from tests.bench.replaying import Replayed
from tests.bench.timers import Idle
from tests.bench.worker import Run


class Bare(NamedTuple):
    """One run of the bare loop."""

    events: int
    seconds: float
    cpu_seconds: float
    unreadable: int


class Trials(NamedTuple):
    """Backtests of the same messages. `asked_about`: the part of the orders that a policy has something to say about."""

    asked_about: float
    runs: list[Replayed]


class Results(NamedTuple):
    """All that was measured in one run of the bench."""

    mix: Mix
    workers: list[Run]
    in_memory: Run
    uncached: Run
    ruled: list[Run]
    shadowed: Run
    bare: list[Bare]
    replays: list[Replayed]
    trials: list[Trials]
    lives: list[disputes.Lives]
    timers: list[Idle]
    loads: tuple[str, str]
    seconds: float


def section(results: Results, command: str) -> str:
    """The page's part about the whole refund job, in Markdown."""
    return "\n" + (
        "\n".join(
            [
                *_head(results, command),
                *_speed(results),
                *_waves(results),
                *_disputes(results),
                *_timers(results),
                *_memory(results),
                *_records(results),
            ]
        )
        + "\n"
    )


def _head(results: Results, command: str) -> list[str]:
    facts = {
        "date": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        **machine(),
        "load of the machine": f"{results.loads[0]} before, {results.loads[1]} after; a quiet one has 0 before",
        "versions": f"Python {platform.python_version()}, confluent-kafka {version('confluent-kafka')}, msgspec "
        f"{version('msgspec')}, rocksdict {version('rocksdict')}",
        "command": f"`{command}`, {results.seconds:.0f} s",
    }
    waves = ", ".join(f"{len(wave):,}" for wave in results.mix.waves)
    return [
        *[f"* {name}: {value}" for name, value in facts.items()],
        "",
        (
            "Measured is the whole refund job, exactly once, on a real Apache Kafka on the same machine: the demo's day (orders of three lines on average, captures, shipments, requests, disputes; 5 % repeats, 5 % late, 1 % poison), "
            "then the verdicts of the staff, then what the provider says. "
            f"Waves of {waves} inbound events, each preloaded while the worker is stopped. One `refundry worker` process, default settings, 8 partitions. "
            "CPU time is user and system time of that process, its librdkafka threads included, its start not."
        ),
        "",
    ]


def _speed(results: Results) -> list[str]:
    runs = [run.per_cpu_second for run in results.workers]
    ruled = [run.per_cpu_second for run in results.ruled]
    bare = [one.events / one.cpu_seconds for one in results.bare]
    replays = [one.per_cpu_second for one in results.replays]
    rows = [
        ("worker, RocksDB", [run.per_second for run in results.workers], runs),
        ("worker, state in memory", [results.in_memory.per_second], [results.in_memory.per_cpu_second]),
        ("worker, RocksDB, 100 live rows", [results.uncached.per_second], [results.uncached.per_cpu_second]),
        ("worker, RocksDB, five rules", [run.per_second for run in results.ruled], ruled),
        ("the same, and a shadow policy", [results.shadowed.per_second], [results.shadowed.per_cpu_second]),
        ("bare loop", [one.events / one.seconds for one in results.bare], bare),
        ("`refundry replay`", [one.events / one.seconds for one in results.replays], replays),
        *(
            (
                f"`refundry policy backtest`, {trials.asked_about:.0%} of the orders asked about",
                [one.events / one.seconds for one in trials.runs],
                [one.per_cpu_second for one in trials.runs],
            )
            for trials in results.trials
        ),
    ]
    return [
        "### Speed",
        "",
        "| | runs | events/s by the clock: median (lowest to highest) | events per CPU-second |",
        "|---|---|---|---|",
        *[f"| {name} | {len(wall)} | {_spread(wall)} | {_spread(cpu)} |" for name, wall, cpu in rows],
        "",
        (
            "The bare loop is the least that a program on librdkafka does with the same topics: read, parse, write one record out "
            "per record in, commit in one transaction per 100 ms or 5,000 messages. It decides nothing and keeps nothing. "
            f"The worker needs {median(bare) / median(runs):.1f} times its CPU time per inbound event, for what the profile and the list of records below show."
        ),
        "",
        (
            f"Five rules in CEL, judged for every request, leave {median(ruled) / median(runs):.0%} of the speed (goal: at least 90%). "
            f"Goals: 30,000 inbound events per CPU-second of the worker ({_met(median(runs), 30_000)}); "
            f"20,000 events/s of a backtest on one core ({_goals_of(results.trials)}). A backtest decides the events of orders that "
            "a policy is asked about twice, once under each book, and passes over all others."
        ),
        "",
    ]


def _waves(results: Results) -> list[str]:
    names = ("first half of the day", "second half", "verdicts", "the provider's answers")
    rows = []
    for number, name in enumerate(names):
        waves = [run.waves[number] for run in results.workers]
        per_event = [1e6 * wave.cpu_seconds / wave.events for wave in waves]
        rows.append(f"| {name} | {waves[0].events:,} | {_spread(per_event)} |")
    return ["| wave (RocksDB) | events | CPU µs per event |", "|---|---|---|", *rows, ""]


def _disputes(results: Results) -> list[str]:
    lives = results.lives
    ratios = [one.ratio for one in lives]
    unasked = [disputes.mean(one.disputes) / disputes.mean(one.orders[:-1]) for one in lives]
    rows = [
        (wave.name, [life[part][number].microseconds for life in lives])
        for part in (0, 1)
        for number, wave in enumerate(lives[0][part])
    ]
    means = [
        ("an order's event, as often as each comes", [disputes.mean(one.orders) for one in lives]),
        ("a dispute's event", [disputes.mean(one.disputes) for one in lives]),
    ]
    return [
        "### Disputes",
        "",
        (
            "The decisions alone, in one process without Kafka: CPU µs per event with all that follows from it, journal, histories, snapshots and "
            "the encoding of state included. Customers have earlier payments of the same card; half of the disputes are for fraud."
        ),
        "",
        "| event | CPU µs |",
        "|---|---|",
        *(f"| {name} | {_spread(figures)} |" for name, figures in rows),
        *(f"| **{name}** | **{_spread(figures)}** |" for name, figures in means),
        "",
        (
            f"Goal: a dispute's event costs at most 2 times an order's. {_spread(ratios, '.2f')} times: {_kept(median(ratios), 2)}; beside orders for which no refund is "
            f"asked {_spread(unasked, '.2f')} times."
        ),
        "",
    ]


def _timers(results: Results) -> list[str]:
    rows = [
        f"| {one.store} | {one.timers:,} | {one.milliseconds:.2f} | {_kept(one.milliseconds, 1)} |"
        for one in results.timers
    ]
    return [
        "### Open timers",
        "",
        "CPU time that timers which are not due add to a round of a worker with 8 partitions in which nothing happens. Goal: less than 1 ms.",
        "",
        "| store | open timers | ms per round | goal |",
        "|---|---|---|---|",
        *rows,
        "",
    ]


def _memory(results: Results) -> list[str]:
    first, second = results.mix.cases
    rows = []
    for name, runs in (
        ("RocksDB", results.workers),
        ("memory", [results.in_memory]),
        ("RocksDB, 100 live rows", [results.uncached]),
    ):
        grown = [1024 * (run.waves[1].resident_mib - run.waves[0].resident_mib) / (second - first) for run in runs]
        held = [run.waves[-1].resident_mib for run in runs]
        rows.append(f"| {name} | {_spread(grown, '.1f')} | {_spread(held)} |")
    peak = max(one.resident_mib for one in results.replays)
    return [
        "### Memory",
        "",
        (
            f"What the process grew by between {first:,} and {second:,} open cases, divided by their difference. A case is an order with "
            "all that happened to it: its row, that of its payment and that of its customer, decoded where they are live "
            "(at most 20,000 rows per table and partition, in every store), and bytes in the store."
        ),
        "",
        "| store | KiB per open case | MiB resident at the end |",
        "|---|---|---|",
        *rows,
        "",
        f"A replay of the same events took at most {peak:.0f} MiB.",
        "",
    ]


def _records(results: Results) -> list[str]:
    run = results.workers[-1]
    told = ", ".join(f"{count / run.events:.2f} of `{topic}`" for topic, count in run.records.items())
    return [
        "### What the worker writes",
        "",
        f"Per inbound event: {told}; besides these the journal, histories and changelogs.",
    ]


def _goals_of(trials: Sequence[Trials]) -> str:
    return "; ".join(
        f"{one.asked_about:.0%} of the orders asked about: {_met(median(run.per_cpu_second for run in one.runs), 20_000)}"
        for one in trials
    )


def _spread(figures: Sequence[float], form: str = ",.0f") -> str:
    low, middle, high = min(figures), median(figures), max(figures)
    return f"{middle:{form}}" if len(figures) == 1 else f"{middle:{form}} ({low:{form}} to {high:{form}})"


def _kept(figure: float, most: float) -> str:
    return "met" if figure <= most else "missed"


def _met(figure: float, goal: float) -> str:
    return f"{figure:,.0f}: {'met' if figure >= goal else f'missed, {figure / goal:.0%} of it'}"

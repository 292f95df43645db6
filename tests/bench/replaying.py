"""What runs without any broker, in one process on one core: `refundry replay` and `refundry policy backtest`."""

import os
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple
from zlib import crc32

from tests.bench.mix import Sent, write_lines
from tests.kafka.product import REFUNDRY

OLD = """\
policy: standard
version: 1
effective_from: 2020-01-01T00:00:00Z
merchants: ["*"]
"""
NEW = OLD + "auto_approve_limit: {default: 5000}\n"
"""Every request is decided under both; what is worth more than 50.00 comes out otherwise."""

_FOLLOWS_FROM_ASKING = (b'"refund.', b'"return.', b'"store_credit.', b'"dispute.', b'"review.', b'"order.cancelled"')


class Replayed(NamedTuple):
    """One run. `cpu_seconds` is of the whole process; `startup_cpu_seconds` what the same takes over nothing."""

    events: int
    seconds: float
    cpu_seconds: float
    startup_cpu_seconds: float
    resident_mib: float

    @property
    def per_cpu_second(self) -> float:
        """Events per second of CPU time, the start of the program aside."""
        return self.events / (self.cpu_seconds - self.startup_cpu_seconds)


def replay(messages: list[Sent], directory: Path, runs: int) -> list[Replayed]:
    """Replays the messages `runs` times."""
    return _measured(messages, directory, runs, ["replay", "--out", str(directory / "out.jsonl")])


def backtest(messages: list[Sent], directory: Path, runs: int) -> list[Replayed]:
    """Tries a lower limit on the messages `runs` times."""
    for name, text in (("old", OLD), ("new", NEW)):
        (directory / name).mkdir(exist_ok=True)
        (directory / name / "standard.yaml").write_text(text)
    new, old = str(directory / "new"), str(directory / "old")
    return _measured(messages, directory, runs, ["policy", "backtest", new, "--old", old, "--events"])


def thinned(messages: list[Sent], one_in: int) -> list[Sent]:
    """The same shops where only one in so many of the orders that ask for something still asks.

    In the demo's day every second order asks, to show all that there is; in a shop a few of a hundred do.
    """
    return [
        sent for sent in messages if crc32(sent.key or b"") % one_in == 0 or not _tells(sent, *_FOLLOWS_FROM_ASKING)
    ]


def asked_about(messages: list[Sent]) -> float:
    """Which part of the orders is asked about or disputed."""
    placed = {sent.key for sent in messages if _tells(sent, b'"order.placed"')}
    asked = {sent.key for sent in messages if _tells(sent, b'"refund.requested"', b'"dispute.')}
    return len(asked & placed) / len(placed)


def _tells(sent: Sent, *types: bytes) -> bool:
    """By its first bytes, since a poisoned one is no JSON."""
    return any(type_ in (sent.value or b"")[:400] for type_ in types)


def _measured(messages: list[Sent], directory: Path, runs: int, command: Sequence[str]) -> list[Replayed]:
    lines, nothing = directory / "mix.jsonl", directory / "nothing.jsonl"
    write_lines(messages, lines)
    nothing.touch()
    _, startup, _ = min((_run([*command, str(nothing)]) for _ in range(3)), key=lambda cost: cost[1])
    with lines.open("rb") as written:
        events = sum(1 for _ in written)
    return [
        Replayed(events, seconds, cpu, startup, peak)
        for seconds, cpu, peak in (_run([*command, str(lines)]) for _ in range(runs))
    ]


def _run(arguments: Sequence[str]) -> tuple[float, float, float]:
    """Seconds, CPU seconds, and the most that lay in memory, in MiB."""
    began = time.monotonic()
    process = subprocess.Popen([REFUNDRY, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return time.monotonic() - began, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024

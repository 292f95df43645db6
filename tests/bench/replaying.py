"""`refundry replay` of the same events, without any broker: one process, one core."""

import os
import subprocess
import time
from pathlib import Path
from typing import NamedTuple

from tests.bench.mix import Sent, write_lines
from tests.kafka.product import REFUNDRY


class Replayed(NamedTuple):
    """One replay. `cpu_seconds` is of the whole process; `startup_cpu_seconds` what a replay of nothing takes."""

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
    lines, nothing = directory / "mix.jsonl", directory / "nothing.jsonl"
    write_lines(messages, lines)
    nothing.touch()
    _, startup, _ = min((_run(nothing, directory) for _ in range(3)), key=lambda cost: cost[1])
    with lines.open("rb") as written:
        events = sum(1 for _ in written)
    return [
        Replayed(events, seconds, cpu, startup, peak)
        for seconds, cpu, peak in (_run(lines, directory) for _ in range(runs))
    ]


def _run(lines: Path, directory: Path) -> tuple[float, float, float]:
    """Seconds, CPU seconds, and the most that lay in memory, in MiB."""
    began = time.monotonic()
    process = subprocess.Popen(
        [REFUNDRY, "replay", str(lines), "--out", str(directory / "out.jsonl")], stderr=subprocess.DEVNULL
    )
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return time.monotonic() - began, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024

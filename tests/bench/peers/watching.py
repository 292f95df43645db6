"""A contestant is looked at from outside, all of them in the same way: none of them measures itself.

Its CPU time is that of its processes as the kernel counts it, sampled all along. How far it is says the broker: the
outputs bear the time at which the broker appended them, and the broker runs on this machine's clock too.
"""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from confluent_kafka import IsolationLevel, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec

from tests.kafka.harness import ROOT

SAMPLE_EVERY_S = 0.1
LOOK_EVERY_S = 0.5
QUIET_S = 2.0
"""So long nothing may be added to the outputs before they count as complete."""

STALLED_S = 40.0
STOP_S = 5.0
_TICKS = os.sysconf("SC_CLK_TCK")


class Sample(NamedTuple):
    """CPU seconds that all processes of a contestant had used at a time (seconds since the epoch)."""

    at: float
    cpu_seconds: float


class Watched(NamedTuple):
    """A run. `failure`: "" or why it did not come to its end."""

    samples: list[Sample]
    failure: str


def watch(command: Sequence[str], log: Path, admin: AdminClient, sink: list[TopicPartition], events: int) -> Watched:
    """Runs a contestant until `events` outputs are committed and nothing is added any more, then stops it."""
    samples: list[Sample] = []
    with log.open("wb") as out:
        # a session of its own, so that whatever it starts can be ended with it
        process = subprocess.Popen(command, cwd=ROOT, stdout=out, stderr=out, start_new_session=True)
        try:
            failure = _look(process, samples, admin, sink, events)
        finally:
            _stop(process)
    if failure:
        lines = log.read_text(errors="replace").strip().splitlines()
        failure = f"{failure}; its last words: {lines[-1][:200] if lines else 'none'}"
    return Watched(samples, failure)


def _look(
    process: subprocess.Popen[bytes], samples: list[Sample], admin: AdminClient, sink: list[TopicPartition], events: int
) -> str:
    written, changed_at, looked_at = -1, time.monotonic(), 0.0
    while process.poll() is None:
        samples.append(Sample(time.time(), cpu_of(process.pid)))
        now = time.monotonic()
        if now - looked_at >= LOOK_EVERY_S:
            looked_at = now
            ends = _ends(admin, sink, IsolationLevel.READ_UNCOMMITTED)
            if sum(ends) != written:
                written, changed_at = sum(ends), now
            quiet = now - changed_at > QUIET_S and written >= events
            if quiet and _ends(admin, sink, IsolationLevel.READ_COMMITTED) == ends:
                return ""
            if now - changed_at > STALLED_S:
                return f"nothing was added for {STALLED_S:.0f} s, {written} records of {events} were there"
        time.sleep(SAMPLE_EVERY_S)
    return f"it ended with code {process.returncode}"


def _ends(admin: AdminClient, places: list[TopicPartition], level: IsolationLevel) -> list[int]:
    """The ends of the partitions; none while the broker is still making them."""
    asked = admin.list_offsets({place: OffsetSpec.latest() for place in places}, isolation_level=level)
    try:
        return [asked[place].result(20).offset for place in places]
    except KafkaException:
        return []


def _stop(process: subprocess.Popen[bytes]) -> None:
    """In order if it can, and then whatever is left of its session."""
    process.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(STOP_S)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def cpu_of(pid: int) -> float:
    """CPU seconds of a process and all below it, user and system, those that ended and were waited for included."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        children = [
            child for task in Path(f"/proc/{pid}/task").iterdir() for child in (task / "children").read_text().split()
        ]
    except OSError:
        return 0.0
    own = sum(int(field) for field in fields[11:15]) / _TICKS
    return own + sum(cpu_of(int(child)) for child in children)

"""Where the CPU time of the decisions goes, sampled, without Kafka.

A sampling profile (SIGPROF) and not a tracing one: small functions are not charged for being watched.
"""

import gc
import signal
import time
from collections import Counter
from pathlib import Path
from types import FrameType

from tests.bench.mix import Mix
from tests.bench.rounds import Rounds, inbound
from tests.kafka.harness import ROOT

SHOWN = 70
SAMPLE_S = 0.001


class _Samples:
    """Counts functions: those at work, and all that called them."""

    def __init__(self) -> None:
        self.count = 0
        self.at_work: Counter[str] = Counter()
        self.on_stack: Counter[str] = Counter()

    def take(self, _: int, frame: FrameType | None) -> None:
        self.count += 1
        if frame is not None:
            self.at_work[_name(frame)] += 1
        names = set()
        while frame is not None:
            names.add(_name(frame))
            frame = frame.f_back
        self.on_stack.update(names)

    def table(self, title: str, counted: Counter[str]) -> str:
        rows = [f"{100 * count / self.count:5.1f} %  {name}" for name, count in counted.most_common(SHOWN)]
        return "\n".join([title, *rows, ""])


def profile(mix: Mix) -> str:
    """The tables, as text."""
    waves = [[inbound(sent) for sent in wave] for wave in mix.waves]
    rounds, samples = Rounds(), _Samples()
    gc.collect()
    gc.freeze()
    gc.disable()
    signal.signal(signal.SIGPROF, samples.take)
    began = time.process_time()
    signal.setitimer(signal.ITIMER_PROF, SAMPLE_S, SAMPLE_S)
    for wave in waves:
        rounds.feed(wave)
    signal.setitimer(signal.ITIMER_PROF, 0)
    seconds = time.process_time() - began
    gc.enable()
    head = f"{len(mix.messages) / seconds:,.0f} events per CPU-second without Kafka, {samples.count} samples\n\n"
    return (
        head + samples.table("at work", samples.at_work) + samples.table("at work or waiting for it", samples.on_stack)
    )


def _name(frame: FrameType) -> str:
    path = Path(frame.f_code.co_filename)
    place = path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else path.name
    return f"{place}:{frame.f_code.co_qualname}"

"""Plays a year and judges it: programmes while it goes on, everything else share by share from what was kept on disk."""

import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from app.demo.oracle import Judge, Record, Violation
from app.demo.oracle.verdict import Figures
from app.replay.run import rarely_collected
from tests.year.plan import Plan
from tests.year.playing import RATES, Play, Played
from tests.year.prefixes import Prefixes
from tests.year.programmes import Programmes
from tests.year.stages import Stages
from tests.year.turns import Turn, Turns, shortened


@dataclass
class Verdict:
    """What was violated, and what was counted. `reached`: merchant, programme and word of each alert of a programme."""

    violations: list[Violation] = field(default_factory=list)
    played: Played = field(default_factory=Played)
    reached: set[tuple[str, str, str]] = field(default_factory=set)
    states: Counter[str] = field(default_factory=Counter)
    alerts: Counter[str] = field(default_factory=Counter)
    judged: Counter[str] = field(default_factory=Counter)
    figures: list[Figures] = field(default_factory=list)

    def names(self) -> set[str]:
        """The names of what was violated."""
        return {violation.name for violation in self.violations}


def judged_year(
    plan: Plan,
    seed: int,
    *,
    progress: Callable[[datetime, Played], None] = lambda _now, _played: None,
    check: Callable[[Record], None] = lambda _record: None,
) -> Verdict:
    """Plays the plan by the seed. `check` is handed each record that was said."""
    verdict, programmes = Verdict(), Programmes(RATES)
    with tempfile.TemporaryDirectory(prefix="refundry-year-") as scratch, rarely_collected():
        turns = Turns(Path(scratch))

        def listen(number: int, turn: Turn) -> None:
            verdict.violations.extend(programmes.judge(turn))
            for record in turn.said:
                check(record)
                verdict.alerts.update(_alerts_in(record))
            said = [shortened(record) for record in turn.said if not is_of_a_programme(record)]
            turns.keep(number, Turn(turn.at, turn.heard, said))

        verdict.played = Play(plan, seed, Path(scratch), listen).to_the_end(progress)
        verdict.reached = programmes.reached
        for share in turns.shares():
            verdict.violations.extend(judged(share, verdict))
        turns.close()
    return verdict


def judged(share: Iterable[Turn], verdict: Verdict) -> Iterator[Violation]:
    """The turns of some purchases, by the oracle and by what follows each turn."""
    court, prefixes, stages = Judge(total_order=True, exactly_once=True), Prefixes(), Stages()
    for turn in share:
        if turn.heard is not None:
            court.hear(turn.heard)
        for record in turn.said:
            court.see(record)
        yield from prefixes.judge(turn)
        yield from stages.judge(turn)
    found = court.verdict()
    yield from found.violations
    verdict.figures.append(found.figures)
    verdict.judged.update(stages.counted)
    verdict.judged.update(prefixes=prefixes.prefixes, prefixes_below_zero=prefixes.below_zero)
    verdict.states.update(stages.states())


def is_of_a_programme(record: Record) -> bool:
    """Whether it is an alert of a programme, which is about no purchase."""
    return record.topic == "chargeback-alerts" and b'"type":"programme.' in (record.value or b"")


def _alerts_in(record: Record) -> Iterator[str]:
    if record.topic == "chargeback-alerts" and record.value is not None:
        yield record.value.partition(b'"type":"')[2].partition(b'"')[0].decode()

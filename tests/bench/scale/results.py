"""What was found, kept as JSON so that the page can be drawn again without measuring again."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

from tests.bench.worker import Wave


@dataclass(frozen=True)
class Sizes:
    """What a worker and its broker hold, in MiB: the process's memory, its state on disk, the changelogs on the broker."""

    resident_mib: float
    state_mib: float
    changelog_mib: float


@dataclass(frozen=True)
class Turn:
    """Waves on cases drawn at random, and in the middle of them the same in a fresh installation of a thousand cases."""

    waves: list[Wave]
    beside: Wave | None

    @property
    def per_event(self) -> float:
        """CPU µs per event."""
        return sum(_cpu_us(wave) for wave in self.waves) / len(self.waves)

    @property
    def growth(self) -> float | None:
        """How many times that is what an event costs beside it."""
        return None if self.beside is None else self.per_event / _cpu_us(self.beside)


@dataclass(frozen=True)
class Milestone:
    """So many open cases: `opened` is the wave that opened the last of them."""

    cases: int
    opened: Wave
    turns: list[Turn]
    sizes: Sizes

    @property
    def to_open(self) -> float:
        """CPU µs per event of those that opened cases."""
        return _cpu_us(self.opened)


@dataclass(frozen=True)
class Start:
    """One start of a worker until it was ready. `restored`: changelog records read, by table; `seconds` of it restoring.

    `cpu_seconds` are of the whole process from its beginning, `peak_mib` is the most memory that it had until then.
    """

    how: str
    restored: dict[str, int]
    restore_seconds: float
    seconds: float
    cpu_seconds: float
    peak_mib: float


@dataclass(frozen=True)
class Abreast:
    """So many workers on the same wave at once: their cost together, and the broker's."""

    workers: int
    wave: Wave
    broker_cpu_seconds: float

    @property
    def per_event(self) -> float:
        """CPU µs of all workers per event."""
        return _cpu_us(self.wave)

    @property
    def per_second(self) -> float:
        """Events per second by the clock."""
        return self.wave.events / self.wave.seconds


def _cpu_us(wave: Wave) -> float:
    return 1e6 * wave.cpu_seconds / wave.events


@dataclass
class Results:
    """What was found of each part; `facts` say of a part when, where and how it was measured."""

    facts: dict[str, dict[str, str]] = field(default_factory=dict)
    milestones: list[Milestone] = field(default_factory=list)
    starts: list[Start] = field(default_factory=list)
    abreast: list[Abreast] = field(default_factory=list)

    def per_event(self, one: Milestone) -> list[float]:
        """CPU µs per event at a milestone, by turn; at the first of them in all installations of its size."""
        own = [turn.per_event for turn in one.turns]
        if one is not self.milestones[0]:
            return own
        turns = [turn for each in self.milestones for turn in each.turns]
        return own + [_cpu_us(turn.beside) for turn in turns if turn.beside is not None]

    def write(self, path: Path) -> None:
        """Keeps them."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(asdict(self), indent=1))

    @classmethod
    def read(cls, path: Path) -> Self:
        """Those that were kept."""
        kept: dict[str, Any] = json.loads(path.read_text())
        return cls(
            facts=kept["facts"],
            milestones=[
                Milestone(
                    one["cases"],
                    Wave(*one["opened"]),
                    [
                        Turn([Wave(*wave) for wave in turn["waves"]], Wave(*turn["beside"]) if turn["beside"] else None)
                        for turn in one["turns"]
                    ],
                    Sizes(**one["sizes"]),
                )
                for one in kept["milestones"]
            ],
            starts=[Start(**one) for one in kept["starts"]],
            abreast=[Abreast(one["workers"], Wave(*one["wave"]), one["broker_cpu_seconds"]) for one in kept["abreast"]],
        )

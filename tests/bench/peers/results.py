"""What a comparison found, kept as JSON so that the page can be drawn again without measuring again."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Self

from tests.bench.peers.figures import Rates


@dataclass(frozen=True)
class Outcome:
    """One run of one contestant over `events`: `rates` None where it gave none; `said` is why, or the verdict."""

    events: int
    rates: Rates | None
    said: str


@dataclass
class Results:
    """Outcomes by contestant, one per round; a contestant that could not be installed has its reason in `not_run`."""

    facts: dict[str, str]
    rounds: int
    outcomes: dict[str, list[Outcome]] = field(default_factory=dict)
    not_run: dict[str, str] = field(default_factory=dict)

    def write(self, path: Path) -> None:
        """Keeps them."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(asdict(self), indent=1))

    @classmethod
    def read(cls, path: Path) -> Self:
        """Those that were kept."""
        kept = json.loads(path.read_text())
        kept["outcomes"] = {
            name: [Outcome(one["events"], Rates(*one["rates"]) if one["rates"] else None, one["said"]) for one in runs]
            for name, runs in kept["outcomes"].items()
        }
        return cls(**kept)

    def walls(self, name: str) -> list[float | None]:
        """Events per second of each round."""
        return [one.rates.wall if one.rates else None for one in self.outcomes.get(name, [])]

    def cpus(self, name: str) -> list[float | None]:
        """Events per CPU-second of each round."""
        return [one.rates.cpu if one.rates else None for one in self.outcomes.get(name, [])]

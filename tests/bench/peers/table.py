"""`contestants.toml`, read."""

import tomllib
from dataclasses import dataclass
from datetime import date
from pathlib import Path

FILE = Path(__file__).with_name("contestants.toml")


@dataclass(frozen=True, kw_only=True)
class Runs:
    """How a contestant is started: a module in an environment (None: this runtime's own), or a class in Java."""

    module: str | None = None
    environment: str | None = None
    java: str | None = None
    jvm: tuple[str, ...] = ()
    options: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Contestant:
    """One row of the comparison. `beside`: the row of this runtime with the same kind of state; None: it is one."""

    name: str
    title: str
    runs: Runs
    size: str
    guarantee: str
    commit: str
    settings: str
    beside: str | None = None


@dataclass(frozen=True, kw_only=True)
class Goal:
    """How many times the figure of `over` this runtime should reach, per CPU-second and by the clock."""

    over: str
    cpu: float
    wall: float | None = None


@dataclass(frozen=True, kw_only=True)
class Table:
    """All of it. `window`: the fractions of a run's outputs between which it is measured."""

    as_of: date
    window: tuple[float, float]
    sizes: dict[str, int]
    environments: dict[str, tuple[str, ...]]
    contestants: tuple[Contestant, ...]
    goals: tuple[Goal, ...]


def read(path: Path = FILE) -> Table:
    """The table; KeyError or TypeError where it says something that is not understood."""
    said = tomllib.loads(path.read_text())
    contestants = []
    for row in said["contestants"]:
        runs = row.pop("runs")
        contestants.append(
            Contestant(
                runs=Runs(**{name: tuple(value) if isinstance(value, list) else value for name, value in runs.items()}),
                **row,
            )
        )
    return Table(
        as_of=said["as_of"],
        window=(said["window"]["first"], said["window"]["last"]),
        sizes=said["sizes"],
        environments={name: tuple(pins) for name, pins in said["environments"].items()},
        contestants=tuple(contestants),
        goals=tuple(Goal(**goal) for goal in said["goals"]),
    )

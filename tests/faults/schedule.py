"""Which fault comes when: all of it from the seed, so that a run that failed can be had again."""

import random
from collections.abc import Iterator
from typing import NamedTuple

EVERY_S = 10
"""From one fault to the next, on the average: a worker is back at work between two of them, mostly."""
WORKER_FAULTS = {
    "kill": 6,
    "kill in recovery": 3,
    "freeze": 3,
    "freeze and fence": 2,
    "terminate": 2,
    "join and leave": 3,
}
BROKER_FAULTS = {"stop a broker": 1, "kill a broker": 2}
WEIGHTS = {**WORKER_FAULTS, **BROKER_FAULTS}


class Fault(NamedTuple):
    """`victim`: the slot of the worker, or the number of the broker, counted from 0. `seconds`: how long it lasts."""

    kind: str
    victim: int
    seconds: float


def schedule(seed: int, *, count: int, workers: int, brokers: int, session_seconds: float) -> Iterator[Fault]:
    """`count` faults; every kind comes before any comes twice, where there are enough of them."""
    dice = random.Random(seed)
    first = list(WEIGHTS)
    dice.shuffle(first)
    for number in range(count):
        kind = first[number] if number < len(first) else dice.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
        victim = dice.randrange(brokers if kind in BROKER_FAULTS else workers)
        match kind:
            case "freeze":
                seconds = dice.uniform(0.5, session_seconds / 2)
            case "freeze and fence":
                seconds = session_seconds + dice.uniform(2, 5)
            case "kill in recovery":
                seconds = dice.uniform(0.3, 2.5)
            case _:
                seconds = dice.uniform(0, EVERY_S / 3)
        yield Fault(kind, victim, seconds)

"""From a thousand cases to a million: the same waves on cases drawn at random, with ever more cases around them.

What the machine does besides disturbs figures that were taken minutes apart, so at each number of cases the waves are
taken in turns with those of a fresh installation of a thousand cases, and the growth is that within each turn.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace

from tests.bench.process import Cost
from tests.bench.scale.cases import EVENTS_TO_OPEN, Draw, later, opening
from tests.bench.scale.results import Milestone, Sizes, Turn
from tests.bench.scale.site import Site, Worker, rested, stopped
from tests.bench.worker import Wave, publish, watched
from tests.kafka.product import Product

WARMING, WAVE = 100, 900
"""Cases whose events are not measured, and cases of one wave: together the thousand of the smallest installation."""

SMALLEST = WARMING + WAVE
TURNS = 3
_FILL_SECONDS_MAX = 7200.0
_FILL_QUIET_S = 10.0
_OFFSETS_PER_CASE = 7  # two events, two entries of the journal, two of a history, a count

Tell = Callable[[str], None]
Progress = Callable[[str, int], Callable[[int], None]]
"""Begins a bar, with its name and its whole; what is returned moves it on."""


class Growing:
    """One installation with one worker, and ever more cases."""

    def __init__(self, site: Site, product: Product, worker: Worker, progress: Progress) -> None:
        self._site = site
        self._product = product
        self._worker = worker
        self._progress = progress
        self._draw = Draw(seed=1)
        self._cases = 0

    def grow(self, cases: int) -> Wave:
        """Opens what is missing to so many cases; the wave that did."""
        opened = self._open(range(self._cases, cases))
        rested(self._worker)
        if not self._cases:
            self._wave(WARMING, cases)
        self._cases = cases
        return opened

    def wave(self) -> Wave:
        """A later event for some of the cases, drawn at random."""
        return self._wave(WAVE, self._cases)

    def sizes(self) -> Sizes:
        """What is held now."""
        resident = self._worker.cost.resident_mib
        return Sizes(resident, self._site.state_mib(self._product), self._site.changelog_mib(self._product))

    def _wave(self, count: int, cases: int) -> Wave:
        """All are published before the first is read."""
        with stopped([self._worker]):
            publish(self._product, later(self._draw.some(count, cases)))
            before = self._worker.cost
        return watched(self._product, self._cost, count, before)

    def _open(self, numbers: range) -> Wave:
        events = EVENTS_TO_OPEN * len(numbers)
        moved = self._progress(f"{numbers.stop:,} cases", events)
        first = self._product.handled()

        def heard(offsets: int) -> None:
            # the journal and the histories take offsets as well; about how many is enough for a bar
            moved(min(events, (offsets - first) * EVENTS_TO_OPEN // _OFFSETS_PER_CASE))

        before = self._worker.cost
        publish(self._product, opening(numbers))
        wave = watched(
            self._product, self._cost, events, before, seconds=_FILL_SECONDS_MAX, quiet=_FILL_QUIET_S, moved=heard
        )
        moved(events)
        return wave

    def _cost(self) -> Cost:
        return self._worker.cost


def grown(site: Site, steps: Iterable[int], tell: Tell, progress: Progress) -> tuple[Product, list[Milestone]]:
    """The milestones in one installation, which is left with its worker ended."""
    product, found = site.installation(), []
    with site.worker(product) as worker:
        growing = Growing(site, product, worker, progress)
        for cases in steps:
            found.append(milestone(site, growing, cases, progress))
            tell(told(found[-1]))
    return product, found


def milestone(site: Site, growing: Growing, cases: int, progress: Progress) -> Milestone:
    """So many cases, and the turns there; the smallest number of them is the measure itself and has one wave alone."""
    opened = growing.grow(cases)
    measured = Milestone(cases, opened, [], growing.sizes())
    if cases <= SMALLEST:
        return replace(measured, turns=[Turn([growing.wave()], None)])
    turns = []
    for _ in range(TURNS):
        first, beside, second = growing.wave(), _smallest(site, progress), growing.wave()
        turns.append(Turn([first, second], beside))
    return replace(measured, turns=turns, sizes=growing.sizes())


def told(one: Milestone) -> str:
    """A milestone in a line."""
    cpu = ", ".join(f"{turn.per_event:.0f}" + (f" (x {turn.growth:.2f})" if turn.growth else "") for turn in one.turns)
    sizes = one.sizes
    return (
        f"{one.cases:,} cases: {cpu} µs of CPU per event, {one.to_open:.0f} to open, "
        f"{sizes.resident_mib:.0f} MiB resident, {sizes.state_mib:.0f} on disk, {sizes.changelog_mib:.0f} of changelogs"
    )


def _smallest(site: Site, progress: Progress) -> Wave:
    product = site.installation()
    with site.worker(product) as worker:
        growing = Growing(site, product, worker, progress)
        growing.grow(SMALLEST)
        return growing.wave()

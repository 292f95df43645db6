"""Deals the courses out over the year: from a plan and a seed, purchases in the order in which they are made.

Each purchase is made when its turn comes, by a seed of its own, so a year takes no more memory than its schedule.
"""

from calendar import monthrange
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import chain, cycle, product
from random import Random
from typing import NamedTuple

from tests.year.anything import OF_DIRECT_DEBITS, anything_at_all, told_again_and_late
from tests.year.chargebacks import along, disordered
from tests.year.early_warnings import EARLY_WARNINGS
from tests.year.everyday import EVERYDAY, Course
from tests.year.networks import FAMILIES, KINDS, roads
from tests.year.plan import AUTO, DAY, MONTHS, NIGHT, YEAR, Plan
from tests.year.purchase import Means, Purchase
from tests.year.races import RACES

MEANS: dict[Means, int] = {
    Means("card", "visa"): 300,
    Means("card", "visa", "authenticated"): 80,
    Means("card", "mastercard"): 250,
    Means("card", "mastercard", "authenticated"): 80,
    Means("card", "amex"): 90,
    Means("card", "discover"): 50,
    Means("card", "jcb"): 20,
    Means("card", "elo"): 10,
    Means("bank_debit", None): 70,
    Means("wallet", "visa"): 50,
}
"""Of a thousand everyday purchases, how many are paid so."""
MARKETS = (("EUR", "DE"), ("EUR", "FR"), ("USD", "US"), ("GBP", "GB"), ("JPY", "JP"))
DEALT_IN = (1, 11)
"""The months of what is dealt from the deck: its disputes end within the year, mostly."""


class Card(NamedTuple):
    """A purchase to be made: by whom, how it is paid, what becomes of it, and how it is called in the tables."""

    name: str
    merchant: str
    means: Means
    course: Course
    unsettled: bool = True


class Due(NamedTuple):
    """When a card's purchase is made."""

    at: datetime
    number: int
    card: Card


def deck(rng: Random) -> list[Card]:
    """Every road of every family, every race on four networks, every early warning on two, in any order."""
    cards = []
    for family in FAMILIES:
        kinds = cycle(rng.sample(KINDS[family], len(KINDS[family])))
        for name, road in roads(family).items():
            kind = next(kinds)
            card = Card(f"{family}: {name}", DAY, Means("card", kind.network), partial(along, kind=kind, road=road))
            cards.append(card)
        for name in rng.sample(sorted(roads(family)), 4):
            kind = next(kinds)
            course = partial(disordered, kind=kind, road=roads(family)[name])
            cards.append(Card("disordered", DAY, Means("card", kind.network), course))
    for courses, networks in (
        ((*RACES, anything_at_all), ("visa", "mastercard", "amex", "jcb")),
        (EARLY_WARNINGS, ("visa", "mastercard")),
        (3 * (told_again_and_late,), ("visa", "mastercard", "amex", "jcb")),
    ):
        dealt = product(courses, networks)
        cards += [Card(course.__name__, DAY, Means("card", network), course) for course, network in dealt]
    for course in OF_DIRECT_DEBITS:
        cards += 3 * [Card(course.__name__, DAY, Means("bank_debit", None), course)]
    rng.shuffle(cards)
    return [card._replace(merchant=AUTO) if rng.random() < 0.25 else card for card in cards]


def purchases(plan: Plan, seed: int) -> Iterator[tuple[str, Purchase]]:
    """The purchases of the year with the names of their courses, the first one first."""
    for at, number, card in schedule(plan, seed):
        rng = Random(f"{seed}-{number}")
        currency, country = ("EUR", "DE") if card.merchant == NIGHT else rng.choice(MARKETS)
        purchase = Purchase(rng, number, card.merchant, at, card.means, currency, country)
        card.course(purchase)
        if card.unsettled:
            _unsettle(purchase, often=card.name not in _NAMES_OF_EVERYDAY)
        yield card.name, purchase


def schedule(plan: Plan, seed: int) -> list[Due]:
    """All purchases of the year by their time."""
    rng = Random(f"year-{seed}")
    dealt = chain.from_iterable(deck(rng) for _ in range(plan.decks))
    cards = [(_within(rng, rng.randint(*DEALT_IN)), card) for card in dealt]
    cards += _night(plan, rng)
    cards += _november(plan, rng)
    rest = plan.payments - len(cards)
    everyday, means = list(EVERYDAY), list(MEANS)
    of_month = [month for month, share in enumerate(MONTHS, 1) for _ in range(share)]
    for _ in range(rest):
        (course,) = rng.choices(everyday, list(EVERYDAY.values()))
        (paid,) = rng.choices(means, list(MEANS.values()))
        month = rng.choice(of_month)
        if month == 11 and paid.network == "mastercard":
            month = 10  # the sales of November are counted out
        cards.append((_within(rng, month), Card(course.__name__, DAY, paid, course)))
    cards.sort(key=lambda dated: dated[0])
    return [Due(at, number, card) for number, (at, card) in enumerate(cards, 1)]


_NAMES_OF_EVERYDAY = frozenset(course.__name__ for course in EVERYDAY)


def _within(rng: Random, month: int, first: float = 0.0, last: float = 1.0) -> datetime:
    """A time of the month, between two shares of it; an hour before its end at the latest."""
    hours = monthrange(YEAR, month)[1] * 24 - 1
    share = first + rng.random() * (last - first)
    return datetime(YEAR, month, 1, tzinfo=UTC) + timedelta(seconds=int(hours * 3600 * share))


def _unsettle(p: Purchase, *, often: bool) -> None:
    """What publishers do: some events come again, some of them late."""
    if p.rng.random() < (0.4 if often else 0.03):
        p.repeat(p.rng.randrange(len(p.told)), p.rng.choice((0.0001, 0.2, 3, 40)))
    orders = list(p.places("orders"))
    if p.rng.random() < (0.15 if often else 0.01):
        p.delay(p.rng.choice(orders), p.rng.choice((0.05, 0.5, 4)))


def _night(plan: Plan, rng: Random) -> Iterator[tuple[datetime, Card]]:
    """`m-night`: cards are tested in February and charged back in March; Visa's banks report most of theirs."""
    for n in range(plan.night_sales):
        means = Means("card", "mastercard", "authenticated" if n < plan.night_secure else "none")
        charged_back = n >= plan.night_sales - plan.night_chargebacks
        course = partial(_fraud, days=rng.uniform(0, 24)) if charged_back else partial(_sold, late=False)
        yield _within(rng, 2), Card("night sale", NIGHT, means, course, unsettled=False)
    for _ in range(plan.night_late):
        secure = Means("card", "mastercard", "authenticated")
        yield _within(rng, 2), Card("night sale, told late", NIGHT, secure, partial(_sold, late=True), unsettled=False)
    for n in range(plan.night_visa):
        disputed = n < plan.night_visa_chargebacks
        course = partial(_reported, disputed=disputed, reported=n < plan.night_reports)
        yield (
            _within(rng, 3, last=0.8),
            Card("night sale, reported", NIGHT, Means("card", "visa"), course, unsettled=False),
        )


def _november(plan: Plan, rng: Random) -> Iterator[tuple[datetime, Card]]:
    """`m-day`: a large month, disputed in the next; a part of its captures is told only then."""
    for n in range(plan.november_sales + plan.november_late):
        if n < plan.december_chargebacks:
            course: Callable[[Purchase], None] = partial(_seasonal, days=rng.uniform(0, 20))
        else:
            course = partial(_sold, late=n >= plan.november_sales)
        yield _within(rng, 11), Card("november sale", DAY, Means("card", "mastercard"), course, unsettled=False)


def _sold(p: Purchase, *, late: bool) -> None:
    """Late: the capture arrives between the 27th and the 29th of the month after."""
    p.place()
    following = datetime(YEAR, p.placed_at.month + 1, 27, tzinfo=UTC)
    p.capture(arrives=following + timedelta(hours=p.rng.uniform(0, 48)) if late else None)


def _fraud(p: Purchase, *, days: float) -> None:
    p.units, p.unit_minor = 1, 19_000
    p.place()
    p.capture()
    _charged_back(p, days, "mastercard", "4837")


def _seasonal(p: Purchase, *, days: float) -> None:
    p.place()
    p.capture()
    p.send()
    _charged_back(p, days, "mastercard", "4853")


def _charged_back(p: Purchase, days: float, network: str, code: str) -> None:
    """So many days after the beginning of the month after."""
    first = datetime(YEAR, p.placed_at.month + 1, 1, tzinfo=UTC)
    begins = (first - p.placed_at) / timedelta(days=1) + days
    p.dispute("opened", begins, p.total, network=network, reason_code=code, stage="chargeback")
    p.dispute("funds_withdrawn", begins + 0.1, p.total)
    p.dispute(p.rng.choice(("lost", "lost", "won")), begins + 45)


def _reported(p: Purchase, *, disputed: bool, reported: bool) -> None:
    p.place()
    p.capture()
    if reported:
        p.report_fraud(p.rng.uniform(0.5, 5))
    if disputed:
        p.dispute("opened", 5.5, p.total, network="visa", reason_code="10.4", stage="chargeback")
        p.dispute("funds_withdrawn", 5.6, p.total)

"""Courses that begin before a chargeback, and may prevent it: reports of fraud, and alerts of several vendors."""

from tests.year.everyday import Course, bought
from tests.year.purchase import Purchase, text_of
from tests.year.races import opened


def fraud_reported(p: Purchase) -> None:
    """A report alone, or with the chargeback that follows it."""
    bought(p)
    p.report_fraud(8)
    if p.rng.random() < 0.4:
        opened(p, 12)
        p.dispute("funds_withdrawn", 12.1, p.total)
        p.dispute("lost", 40)
    p.ask(p.rng.choice((9, 13)))


def credited_by_the_network(p: Purchase) -> None:
    """The network has paid already; then a refund of all is asked for."""
    bought(p)
    p.warn("rdr", 6, p.rng.choice((None, 1 + p.total // 2)))
    p.ask(7)


def credited_while_in_flight(p: Purchase) -> None:
    bought(p)
    p.ask(5)
    p.warn("rdr", 5.3)


def credited_and_charged_back(p: Purchase) -> None:
    """The same claim comes as a chargeback all the same, before the alert or after it, and may be taken back."""
    bought(p)
    p.warn("rdr", 6)
    opened(p, p.rng.choice((5.5, 7)))
    if p.rng.random() < 0.6:
        p.dispute(p.rng.choice(("withdrawn", "lost")), 20)
    p.ask(30)


def warned(p: Purchase) -> None:
    """One vendor, in time: the policy refunds it, or a person is asked."""
    bought(p)
    p.warn(p.rng.choice(("ethoca", "cdrn", "other")), 6, expires_at=text_of(p.after(8)))


def warned_by_two_vendors(p: Purchase) -> None:
    """The same claim twice, and as a chargeback in the end; each may be repeated."""
    bought(p)
    p.warn("ethoca", 6)
    p.warn("cdrn", 6 + p.rng.choice((0.001, 0.1, 2)), nth=2)
    if p.rng.random() < 0.6:
        opened(p, 6 + p.rng.choice((0.01, 0.2, 9)))
        p.dispute("funds_withdrawn", 16, p.total)
        p.dispute(p.rng.choice(("won", "lost")), 40)
    p.repeat(len(p.told) - 1, 30)


def warned_after_the_chargeback(p: Purchase) -> None:
    bought(p)
    opened(p, 6)
    p.warn(p.rng.choice(("rdr", "cdrn", "ethoca")), 6.5)
    p.dispute(p.rng.choice(("withdrawn", "lost")), 25)


def warned_too_late(p: Purchase) -> None:
    """The alert arrives when its window is over."""
    bought(p)
    p.warn("ethoca", 6, expires_at=text_of(p.after(7)))
    p.delay(len(p.told) - 1, 2)
    opened(p, 9)


def warned_before_its_payment(p: Purchase) -> None:
    p.place()
    p.warn("ethoca", 0.02, order_id=p.order_id)
    p.capture(0.01, arrives=p.after(p.rng.choice((0.03, 0.5, 3))))


def warned_and_asked(p: Purchase) -> None:
    """The customer asks at the same time."""
    bought(p)
    p.ask(5.99)
    p.warn("ethoca", 6)
    p.ask(6.01, nth=2)


EARLY_WARNINGS: tuple[Course, ...] = (
    fraud_reported,
    credited_by_the_network,
    credited_while_in_flight,
    credited_and_charged_back,
    warned,
    warned_by_two_vendors,
    warned_after_the_chargeback,
    warned_too_late,
    warned_before_its_payment,
    warned_and_asked,
)

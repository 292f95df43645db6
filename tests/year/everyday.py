"""Courses without a dispute: most purchases end well, some are asked back."""

from collections.abc import Callable
from datetime import timedelta

from tests.year.purchase import Purchase

Course = Callable[[Purchase], None]


def bought(p: Purchase) -> None:
    p.place()
    p.capture()
    p.send()


def asked_back(p: Purchase) -> None:
    """All of it, some days after it came."""
    bought(p)
    p.ask(6, reason=p.rng.choice(("damaged", "not_as_described", "changed_mind")))


def asked_back_in_parts(p: Purchase) -> None:
    bought(p)
    p.ask(5, 1 + p.total // 3)
    p.ask(9, 1 + p.total // 3, nth=2)
    p.ask(15, nth=3)


def asked_for_too_much(p: Purchase) -> None:
    bought(p)
    p.ask(5, p.total + 1)


def asked_and_taken_back(p: Purchase) -> None:
    bought(p)
    p.ask(6, reason="changed_mind")
    p.take_back(6.01 if p.rng.random() < 0.5 else 8)


def asked_before_it_is_paid(p: Purchase) -> None:
    p.place()
    p.ask(0.2)
    p.capture(1)


def linked_later(p: Purchase) -> None:
    """The capture names no order; that is told within the hour, or when the payment is a case of its own already."""
    p.place()
    p.capture(0.01, named=False)
    p.payment("linked", p.rng.choice((0.03, 0.2)), order_id=p.order_id)
    p.send()


def captured_in_parts(p: Purchase) -> None:
    """Two captures, of which one may turn out not to be one; then all of it is asked back."""
    p.place()
    half = p.total // 2
    p.capture(0.01, half, capture_id="c1")
    p.capture(0.02, p.total - half, capture_id="c2")
    if p.rng.random() < 0.4:
        p.payment("capture_failed", 2, capture_id="c1", amount={"amount_minor": half, "currency": p.currency})
    p.send()
    p.ask(6)


def paid_back_outside(p: Purchase) -> None:
    """In the provider's dashboard, and then asked for again."""
    bought(p)
    p.refund_outside("submitted", 5, 1 + p.total // 2)
    p.refund_outside(p.rng.choice(("succeeded", "failed")), 6, 1 + p.total // 2)
    p.ask(8)


def store_credit(p: Purchase) -> None:
    bought(p)
    p.ask(6, method="store_credit")


def told_very_late(p: Purchase) -> None:
    """The capture arrives when its month is over."""
    p.place()
    p.capture(arrives=p.placed_at + timedelta(days=p.rng.choice((20, 32, 45)) + p.rng.random()))


EVERYDAY: dict[Course, int] = {
    bought: 890,
    asked_back: 40,
    asked_back_in_parts: 10,
    asked_for_too_much: 5,
    asked_and_taken_back: 10,
    asked_before_it_is_paid: 5,
    linked_later: 8,
    captured_in_parts: 10,
    paid_back_outside: 10,
    store_credit: 7,
    told_very_late: 5,
}
"""Of a thousand purchases without a dispute, how many take each course."""

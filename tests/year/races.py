"""Races: what comes at the same time, twice, too early, too late, or about more than there is."""

from tests.year.chargebacks import FEE, walk
from tests.year.everyday import Course, bought
from tests.year.networks import KINDS, Kind
from tests.year.purchase import CONFLICT, Purchase, money


def kind_of(p: Purchase) -> Kind:
    """A way of the purchase's own network to dispute it."""
    fitting = [kind for kinds in KINDS.values() for kind in kinds if kind.network == p.means.network]
    return p.rng.choice(fitting or KINDS["generic"])


def opened(p: Purchase, days: float, minor: int | None = None, *, nth: int = 1, **more: object) -> None:
    kind = kind_of(p)
    claim = {"network": kind.network, "reason_code": kind.reason_code, "stage": "chargeback"} | more
    p.dispute("opened", days, p.total if minor is None else minor, nth=nth, **claim)


def ended(p: Purchase, days: float, *, nth: int = 1) -> None:
    what = p.rng.choice(("won", "lost", "accepted", "withdrawn"))
    p.dispute(what, days, nth=nth)
    if what in ("won", "withdrawn"):
        p.dispute("funds_reinstated", days + 1, p.total, nth=nth)


def refund_in_flight(p: Purchase) -> None:
    """The chargeback opens minutes to days after the refund was asked for, so also between any two of its answers."""
    bought(p)
    p.ask(5)
    opened(p, 5 + p.rng.choice((0.01, 0.1, 0.3, 1, 2, 4)))
    p.dispute("funds_withdrawn", 9.5, p.total)
    ended(p, 40)


def debited_while_in_flight(p: Purchase) -> None:
    """The money goes before the opening is told."""
    bought(p)
    p.ask(5, 1 + p.total // 2)
    p.dispute("funds_withdrawn", 5.2, p.total)
    opened(p, 5.4)
    ended(p, 30)


def refunded_and_charged_back(p: Purchase) -> None:
    bought(p)
    p.ask(4, p.rng.choice((None, 1 + p.total // 3)))
    opened(p, 25)
    p.dispute("funds_withdrawn", 25.1, p.total)
    ended(p, 50)


def asked_again_and_again(p: Purchase) -> None:
    """Requests before, during and after the dispute, of all and of parts."""
    bought(p)
    p.ask(4, 1 + p.total // 5)
    opened(p, 6, 1 + p.total // 2)
    for nth, day in enumerate((7, 8, 9, 31, 60), 2):
        p.ask(day, p.rng.choice((None, 1 + p.total // 4, p.total)), nth=nth, reason="not_received")
    ended(p, 30)


def paid_back_outside(p: Purchase) -> None:
    """The desk pays in the dashboard on the day of the chargeback, and tells it by the provider's id alone."""
    bought(p)
    opened(p, 6)
    p.refund_outside("submitted", 6 + p.rng.choice((-0.1, 0.1)), p.total)
    p.refund_outside("succeeded", 7, p.total)
    p.dispute("funds_withdrawn", 7.5, p.total)
    if p.rng.random() < 0.5:
        p.refund_outside("reversed", 9, p.total)
    ended(p, 30)


def back_before_opening(p: Purchase) -> None:
    """Debit and reversal are told first, the opening last, or never."""
    bought(p)
    p.dispute("funds_withdrawn", 6, p.total)
    p.dispute("funds_reinstated", 6.5, p.total)
    p.ask(6.6)
    if p.rng.random() < 0.7:
        opened(p, 5.9 if p.rng.random() < 0.5 else 7)


def reinstated_before_debited(p: Purchase) -> None:
    """The two movements in the wrong order."""
    bought(p)
    opened(p, 6)
    p.dispute("funds_withdrawn", 6.1, p.total, arrives=p.after(20))
    p.dispute("won", 15)
    p.dispute("funds_reinstated", 16, p.total)
    p.ask(25)


def won_before_opening(p: Purchase) -> None:
    """The end is told before the opening, by hours or by more than it is waited for."""
    bought(p)
    p.dispute(p.rng.choice(("won", "lost", "withdrawn")), 8)
    p.ask(8.2)
    kind = kind_of(p)
    claim = {"network": kind.network, "reason_code": kind.reason_code, "stage": "chargeback"}
    p.dispute("opened", 6, p.total, arrives=p.after(p.rng.choice((8.5, 10, 15))), **claim)


def above_the_charge(p: Purchase) -> None:
    bought(p)
    opened(p, 6, p.total + 1 + p.total // 10)
    p.dispute("funds_withdrawn", 6.2, p.total + 1 + p.total // 10)
    p.ask(7)
    ended(p, 30)


def in_another_currency(p: Purchase) -> None:
    """The bank speaks of its cardholder's own money."""
    bought(p)
    p.ask(4, 1 + p.total // 4)
    kind = kind_of(p)
    other = "CHF" if p.currency != "CHF" else "SEK"
    claim = {"network": kind.network, "reason_code": kind.reason_code, "stage": "chargeback"}
    p.dispute("opened", 6, 1 + 2 * p.total, currency=other, **claim)
    if p.rng.random() < 0.7:
        p.dispute("funds_withdrawn", 7, p.total)
    p.ask(8, nth=2)
    p.dispute(p.rng.choice(("lost", "won")), 30)


def of_a_part(p: Purchase) -> None:
    bought(p)
    walk(p, kind_of(p), ["opened", "debited", p.rng.choice(("lost", "won", "expired"))], begins=6, part=3)
    p.ask(7)
    p.ask(40, nth=2)


def several_at_once(p: Purchase) -> None:
    """Two or three disputes of one payment, together perhaps about more than it."""
    bought(p)
    for nth in range(1, p.rng.choice((3, 4))):
        road = ["opened", "debited", p.rng.choice(("lost", "won", "withdrawn", "accepted"))]
        walk(p, kind_of(p), road, begins=4.0 + nth, nth=nth, part=p.rng.choice((1, 2, 3)))
    p.ask(6.5, 1 + p.total // 4)
    p.ask(50, nth=2)


def before_its_payment(p: Purchase) -> None:
    """The dispute names a payment that nobody knows yet: it comes within the hour, or much later."""
    p.place()
    opened(p, 0.02)
    if p.rng.random() < 0.5:
        p.dispute("funds_withdrawn", 0.03, p.total)
    p.capture(0.01, arrives=p.after(p.rng.choice((0.04, 0.2, 5))))
    p.ask(6)
    p.dispute("lost", 20)


def named_by_its_order_alone(p: Purchase) -> None:
    bought(p)
    opened(p, 6, payment_id=None, order_id=p.order_id)
    p.dispute("funds_withdrawn", 6.1, p.total, payment_id=None, order_id=p.order_id)
    p.ask(7)
    p.dispute("lost", 20, payment_id=None, order_id=p.order_id)


def of_two_payments(p: Purchase) -> None:
    """Two tenders; one is disputed, all of the order is asked back."""
    p.place()
    first = 1 + p.total // 3
    p.capture(0.01, first)
    p.capture(0.02, p.total - first, nth=2)
    p.send()
    opened(p, 6, first)
    p.ask(p.rng.choice((5.9, 7)))
    p.dispute("funds_withdrawn", 6.5, first)
    p.dispute(p.rng.choice(("won", "lost")), 30)
    p.ask(35, nth=2)


def credit_in_flight(p: Purchase) -> None:
    """Store credit is on its way when the chargeback opens."""
    bought(p)
    p.ask(5, method="store_credit")
    opened(p, 5 + p.rng.choice((0.01, 0.5)))
    p.dispute("funds_withdrawn", 7, p.total)
    ended(p, 30)


def capture_fails_under_dispute(p: Purchase) -> None:
    """What was disputed turns out not to have been taken."""
    bought(p)
    opened(p, 6)
    p.payment("capture_failed", 8, amount=money(p.total, p.currency))
    p.dispute("withdrawn", 10)


def told_twice_under_other_ids(p: Purchase) -> None:
    """The same opening and debit by two publishers, and one id with two contents."""
    bought(p)
    for day in (6, 6.2):
        opened(p, day, fee=FEE) if day == 6 else p.dispute(
            "opened", day, p.total, network=p.means.network or "jcb", category="general", stage="chargeback"
        )
        p.dispute("funds_withdrawn", day + 0.1, p.total)
    p.contradict(next(iter(p.places("disputes"))), 4)
    p.say(
        "disputes",
        "dispute.funds_withdrawn",
        p.after(9),
        expects=CONFLICT,
        payment_id=p.payment_id,
        dispute_id=f"d-{p.number:07d}-1",
        amount=money(p.total + 7, p.currency),
    )
    ended(p, 30)


def two_ends_told_the_other_way_round(p: Purchase) -> None:
    """Lost, then won on appeal; the appeal is told first."""
    bought(p)
    opened(p, 6)
    p.dispute("funds_withdrawn", 6.1, p.total)
    p.dispute("lost", 20, arrives=p.after(27))
    p.dispute("won", 25)
    p.dispute("funds_reinstated", 26, p.total)
    p.ask(30)


def where_no_road_leads(p: Purchase) -> None:
    """Moves that the network does not know: applied, marked, and nothing stops."""
    bought(p)
    kind = kind_of(p)
    opened(p, 6)
    for n, what in enumerate(p.rng.sample(["arbitration", "accepted", "evidence", "pre_arbitration", "expired"], 4)):
        day = 8.0 + 3 * n
        if what in ("arbitration", "pre_arbitration"):
            p.dispute("escalated", day, stage=what)
        else:
            p.dispute({"evidence": "evidence_submitted"}.get(what, what), day)
    p.dispute("inquired", 25, p.total, network=kind.network, reason_code=kind.reason_code)
    p.ask(26)


RACES: tuple[Course, ...] = (
    refund_in_flight,
    debited_while_in_flight,
    refunded_and_charged_back,
    asked_again_and_again,
    paid_back_outside,
    back_before_opening,
    reinstated_before_debited,
    won_before_opening,
    above_the_charge,
    in_another_currency,
    of_a_part,
    several_at_once,
    before_its_payment,
    named_by_its_order_alone,
    of_two_payments,
    credit_in_flight,
    capture_fails_under_dispute,
    told_twice_under_other_ids,
    two_ends_told_the_other_way_round,
    where_no_road_leads,
)

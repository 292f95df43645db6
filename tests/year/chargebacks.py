"""Courses along the roads of a network's disputes, with refunds asked for on the way."""

from datetime import timedelta

from tests.year.everyday import bought
from tests.year.networks import Kind
from tests.year.purchase import Purchase, money, text_of

DAYS = {
    "inquired": 3.0,
    "opened": 6.0,
    "opened_again": 8.0,
    "debited": 0.02,
    "debited_again": 0.5,
    "answered": 5.0,
    "pre_arbitration": 12.0,
    "arbitration": 12.0,
    "back": 1.0,
    "half_back": 1.0,
}
"""How many days after the step before, about; an end comes after twelve."""
FEE = money(1500, "EUR")


def along(p: Purchase, kind: Kind, road: list[str], *, begins: float = 6.0, asks: bool = True) -> None:
    """The road from its first step to its last. A refund may be asked for at any time before, during or after."""
    bought(p)
    walk(p, kind, road, begins=begins)
    if asks and p.rng.random() < 0.5:
        p.ask(p.rng.uniform(4, 70), p.rng.choice((None, 1 + p.total // 4, p.total)), reason="not_received")


def walk(
    p: Purchase, kind: Kind, road: list[str], *, begins: float, nth: int = 1, part: int = 1, delays: bool = False
) -> float:
    """Tells the road's steps of one dispute, of a `part` of the payment; the day after its last step."""
    day, minor, movement = begins, max(1, p.total // part), 0
    claim = {"network": kind.network, "reason_code": kind.reason_code}
    if p.rng.random() < 0.3:
        del claim["network"]
    if p.means.network != kind.network:
        claim["network"] = kind.network
    for n, step in enumerate(road):
        day += 0 if n == 0 else DAYS.get(step, 12.0) * p.rng.uniform(0.7, 1.4)
        late = p.after(day) + timedelta(days=p.rng.choice((0, 0, 0.1, 3, 20))) if delays else None
        match step:
            case "inquired":
                p.dispute("inquired", day, minor, nth=nth, arrives=late, **claim)
            case "opened" | "opened_again":
                more = claim | {"stage": "chargeback"}
                if p.rng.random() < 0.4:
                    more["respond_by"] = text_of(p.after(day + 12))
                if p.rng.random() < 0.4:
                    more["fee"] = FEE
                p.dispute("opened", day, minor, nth=nth, arrives=late, **more)
            case "debited" | "debited_again" | "back" | "half_back":
                movement += 1
                what = "funds_withdrawn" if step.startswith("debited") else "funds_reinstated"
                moved = minor // 2 if step == "half_back" else minor
                # Without an id a publisher can say each movement once only.
                named = {"movement_id": f"m{movement}"} if movement > 2 or delays or p.rng.random() < 0.5 else {}
                if p.rng.random() < 0.2:
                    named["fee"] = FEE
                p.dispute(what, day, moved, nth=nth, arrives=late, **named)
            case "answered":
                p.dispute("evidence_submitted", day, nth=nth, arrives=late, submitted_by="the portal")
            case "pre_arbitration" | "arbitration":
                due = {"respond_by": text_of(p.after(day + 9))} if p.rng.random() < 0.4 else {}
                p.dispute("escalated", day, nth=nth, arrives=late, stage=step, **due)
            case "partly_won":
                p.dispute("won", day, minor // 2, nth=nth, arrives=late)
            case _:
                p.dispute(step, day, nth=nth, arrives=late)
    return day


def disordered(p: Purchase, kind: Kind, road: list[str]) -> None:
    """The same road, its steps told late and so in another order."""
    bought(p)
    walk(p, kind, road, begins=6.0, delays=True)
    if p.rng.random() < 0.7:
        p.ask(p.rng.uniform(4, 40), p.rng.choice((None, 1 + p.total // 2)), reason="not_received")

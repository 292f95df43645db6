"""Anything at any time; and direct debits, which their banks give back."""

from datetime import timedelta
from typing import Any

from tests.year.chargebacks import FEE
from tests.year.everyday import Course, bought
from tests.year.purchase import Purchase
from tests.year.races import kind_of, opened

STAGES = ("chargeback", "chargeback", "pre_arbitration", "arbitration")


def anything_at_all(p: Purchase) -> None:
    """Any events of disputes, alerts, refunds, captures and requests at any time, some of them late."""
    bought(p)
    for nth in range(1, p.rng.choice((6, 9, 14))):
        _anything(p, p.rng.uniform(4, 60), nth)
    for _ in range(p.rng.randrange(4)):
        p.delay(p.rng.randrange(3, len(p.told)), p.rng.uniform(0.5, 30))


def _anything(p: Purchase, day: float, nth: int) -> None:
    of, part = p.rng.choice((1, 1, 1, 2)), p.rng.choice((p.total, 1 + p.total // 2, 1 + p.total // 3))
    match p.rng.randrange(15):
        case 0 | 1:
            more = {"method": "store_credit"} if p.rng.random() < 0.2 else {}
            p.ask(day, p.rng.choice((None, part)), nth=nth, **more)
        case 2:
            p.refund_outside("submitted", day, part, nth=nth)
            p.refund_outside(p.rng.choice(("succeeded", "failed")), day + 1, part, nth=nth)
        case 3:
            p.refund_outside("succeeded", day, part, nth=nth)
            if p.rng.random() < 0.5:
                p.refund_outside("reversed", day + 3, part, nth=nth)
        case 4 | 5:
            opened(p, day, part, nth=of)
        case 6 | 7:
            p.dispute("funds_withdrawn", day, part, nth=of, movement_id=f"m{nth}")
        case 8:
            p.dispute("funds_reinstated", day, part, nth=of, movement_id=f"m{nth}")
        case 9:
            p.dispute("escalated", day, nth=of, stage=p.rng.choice(("pre_arbitration", "arbitration", "chargeback")))
        case 10 | 11:
            what = p.rng.choice(("won", "lost", "withdrawn", "expired", "accepted", "evidence_submitted"))
            p.dispute(what, day, nth=of)
        case 12:
            p.warn(p.rng.choice(("rdr", "ethoca", "cdrn")), day, part, nth=nth)
        case 13:
            p.report_fraud(day, nth=nth)
        case 14:
            kind = kind_of(p)
            p.dispute("inquired", day, part, nth=of, network=kind.network, reason_code=kind.reason_code)


def told_again_and_late(p: Purchase) -> None:
    """One dispute that is told over and over: openings and escalations with and without their times, deadlines and fees,
    evidence, ends and credits between them, some of them late.
    """
    bought(p)
    kind = kind_of(p)
    claim = {"network": kind.network, "reason_code": kind.reason_code}
    for nth in range(1, p.rng.choice((4, 6, 9))):
        day, part = p.rng.randrange(30, 400) / 10, p.rng.choice((p.total, p.total, 1 + p.total // 2))
        due = {"respond_by": p.after(day + p.rng.choice((1, 3, 7, 12, 25))).isoformat()}
        told: dict[str, Any] = due if p.rng.random() < 0.5 else {}
        match p.rng.randrange(12):
            case 0:
                p.dispute("inquired", day, part, **claim, **told)
            case 1 | 2 | 3 | 4:
                p.dispute("opened", day, part, **claim, **told, **_opening(p, day))
            case 5 | 6:
                p.dispute("escalated", day, stage=p.rng.choice(STAGES), **told)
            case 7 | 8:
                p.dispute("evidence_submitted", day)
            case 9 | 10:
                p.dispute(p.rng.choice(("won", "lost", "withdrawn", "expired", "accepted")), day)
            case 11:
                p.warn("rdr", day, part, nth=nth)
    for _ in range(p.rng.randrange(3)):
        p.delay(p.rng.randrange(2, len(p.told)), p.rng.uniform(0.5, 30))


def _opening(p: Purchase, day: float) -> dict[str, Any]:
    """What an opening may say beside its claim and its deadline."""
    told: dict[str, Any] = {"stage": p.rng.choice(STAGES)}
    if p.rng.random() < 0.3:
        told["opened_at"] = p.after(day - p.rng.choice((0, 1, 4))).isoformat()
    if p.rng.random() < 0.5:
        told["fee"] = FEE
    if p.rng.random() < 0.15:
        told["auto_defended"] = True
    return told


def debit_returned(p: Purchase) -> None:
    """A direct debit that the bank gives back: lost at once."""
    bought(p)
    p.dispute("opened", 5, p.total, reason_code="MD06", stage="chargeback", fee=FEE)
    p.dispute("funds_withdrawn", 5.1, p.total)
    p.ask(p.rng.choice((4.9, 6)))
    if p.rng.random() < 0.3:
        p.dispute("won", 20)
        p.dispute("funds_reinstated", 21, p.total)


def debit_returned_before_its_capture(p: Purchase) -> None:
    p.place()
    p.dispute("opened", 4, p.total, reason_code="MD06", stage="chargeback", order_id=p.order_id)
    p.capture(3, arrives=p.after(4) + timedelta(hours=3))
    p.ask(6)


OF_DIRECT_DEBITS: tuple[Course, ...] = (debit_returned, debit_returned_before_its_capture)

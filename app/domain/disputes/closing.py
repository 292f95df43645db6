"""What a dispute came to when it ended, in money: what was at stake, what came back, what it cost."""

from collections.abc import Iterator

from app.domain.balances import ENDED_FOR_US
from app.domain.case import Case, Dispute
from app.domain.disputes.lifecycle import ENDS
from app.domain.records import Alerted
from app.domain.timer_names import opening_timer


def recovered_minor(dispute: Dispute) -> int:
    """What came back of an ended dispute, in minor units of its currency.

    Won or withdrawn it is what the network says was won, where that was a part, else the claim, or more where more was
    reinstated. Else it is what was reinstated and not taken a second time, as pre-arbitration does.
    """
    if dispute.state in ENDED_FOR_US:
        return dispute.won_minor if dispute.won_minor is not None else max(dispute.amount_minor, _kept_minor(dispute))
    return _kept_minor(dispute)


def _kept_minor(dispute: Dispute) -> int:
    taken = (minor for key, minor in dispute.movements.items() if key.startswith("out:"))
    at_stake = max(dispute.amount_minor, *taken, 0)
    gone = dispute.withdrawn_minor - dispute.reinstated_minor
    return max(0, min(dispute.reinstated_minor, at_stake - gone))


def close(case: Case, dispute: Dispute) -> Iterator[Alerted]:
    """`dispute.closed`, where the dispute has ended and nobody was told.

    One that ended before its opening came is closed when that has come, or is not awaited any more: what was claimed is
    not known before, and money that came back may be a part of it.
    """
    if dispute.state not in ENDS or not dispute.currency or opening_timer(dispute.dispute_id) in case.timers:
        return
    if dispute.state not in dispute.closed[-1:]:
        yield closed(dispute)


def closed(dispute: Dispute) -> Alerted:
    """`dispute.closed`, once per end."""
    return Alerted(
        type="dispute.closed",
        fact=(dispute.dispute_id, dispute.state, len(dispute.closed)),
        body={
            "dispute_id": dispute.dispute_id,
            "outcome": dispute.state,
            "disputed": {"amount_minor": dispute.amount_minor, "currency": dispute.currency},
            "recovered": {"amount_minor": recovered_minor(dispute), "currency": dispute.currency},
            "fees": [{"amount_minor": fee.amount_minor, "currency": fee.currency} for fee in dispute.fees],
        },
    )

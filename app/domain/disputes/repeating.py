"""What is told again of a dispute: when an opening, an inquiry or an escalation says nothing that is not known."""

from typing import Any

from app.domain.case import Dispute
from app.domain.disputes.lifecycle import (
    ENDS,
    has_ended,
    is_beyond,
    is_extended,
    is_opened_in_future,
    is_presumed,
    opening_moment,
)
from app.domain.disputes.matching import names_the_payment


def escalates_nothing_new(dispute: Dispute, event: Any) -> bool:
    """A stage that the dispute has reached already, without another deadline of that where it is."""
    if is_beyond(event.stage, dispute.stage) or names_the_payment(dispute, event):
        return False
    return event.stage != dispute.stage or not _tells_a_deadline(dispute, event)


def says_nothing_new(dispute: Dispute, event: Any) -> bool:
    """An opening or an inquiry of which all is known, also its fee and its payment."""
    if names_the_payment(dispute, event):
        return False
    return moves_nothing(dispute, event) and (event.type == "dispute.inquired" or not costs(dispute, event))


def costs(dispute: Dispute, event: Any) -> bool:
    """Whether an opening is the first that tells the fee of its stage."""
    return event.fee is not None and event.stage not in dispute.charged


def moves_nothing(dispute: Dispute, event: Any) -> bool:
    """The same claim once more, at its stage or an earlier one. New is a later stage, an earlier beginning of it,
    another amount, a reopening, and the first that tells why the dispute was raised.
    """
    if event.type == "dispute.inquired":
        if dispute.opened or dispute.opened_at is None:
            return dispute.opened
        return dispute.amount_minor == event.amount.amount_minor and not _tells_a_deadline(dispute, event)
    if not dispute.opened or dispute.claimed_at is None or dispute.amount_minor != event.amount.amount_minor:
        return False
    if has_ended(dispute):  # told again, an opening of before the end reopens nothing
        since = dispute.heard_from
        still_ended = since is not None and dispute.ended_at is not None and dispute.ended_at > since
        return still_ended and dispute.claimed_at == opening_moment(event)
    if is_beyond(dispute.stage, event.stage):
        # One that began with an escalation has no opening yet: its opening and its stage are of one moment.
        return dispute.reason_code is not None or dispute.opened_at != dispute.stage_at
    earlier = dispute.stage_at is not None and opening_moment(event) < dispute.stage_at
    moved = earlier or came_back(dispute, event) or _tells_a_deadline(dispute, event)
    return dispute.stage == event.stage and not moved


def came_back(dispute: Dispute, event: Any) -> bool:
    """Whether an opening states a time after that at which we presume that the dispute expired: it is another one."""
    if not is_presumed(dispute) or dispute.ended_at is None or event.opened_at is None or is_opened_in_future(event):
        return False
    return dispute.stage == event.stage and opening_moment(event) > dispute.ended_at


def _tells_a_deadline(dispute: Dispute, event: Any) -> bool:
    """Another one than is known; of an ended dispute one that shows that it has not expired."""
    if dispute.state in ENDS:
        return is_extended(dispute, event)
    return event.respond_by is not None and event.respond_by != dispute.respond_by

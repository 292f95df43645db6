"""Which verdicts a user may give on what waits, and why not the others: what the rules would refuse is not offered.

The rules themselves stand in the domain, which judges every verdict again. Here is only what can be seen beforehand.
"""

from datetime import datetime
from typing import NamedTuple

from app.console.ports import Snapshot
from app.console.subjects import Subject, deadline_of
from app.console.users import Role, User
from topics.reviews import VERDICTS


class Offer(NamedTuple):
    """The verdicts that can be given, and what is to be said of those that cannot."""

    verdicts: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()


def offer(subject: Subject, snapshot: Snapshot, user: User, now: datetime) -> Offer:
    """What the user may say of the subject now."""
    if not subject.waits:
        return Offer(reasons=("It does not wait for a person.",))
    if user.role is Role.VIEWER:
        return Offer(reasons=("Your role is viewer: you can read everything and decide nothing.",))
    if snapshot["order_id"] is None:
        text = "This payment never found its order, and a verdict is sent to an order. Answer it at the provider."
        return Offer(reasons=(text,))
    deadline = deadline_of(subject)
    if subject.kind == "refund_request":
        return _on_request(subject, user)
    if deadline is not None and now > deadline:
        return Offer(reasons=("Its time is over: an answer would not be followed any more.",))
    if subject.kind == "dispute" and subject.row.get("recommendation") is None:
        return Offer(reasons=("Its payment is not known yet, so there is nothing to answer with.",))
    return Offer(VERDICTS[subject.kind])


def _on_request(subject: Subject, user: User) -> Offer:
    second = subject.row.get("waiting_for") == "second_review"
    if second and user.role is not Role.APPROVER:
        return Offer(reasons=("It needs a second person, and only the role approver can be that one.",))
    if (why := _why_not_approve(subject, user)) is not None:
        return Offer(tuple(verdict for verdict in VERDICTS["refund_request"] if verdict != "approve"), (why,))
    return Offer(VERDICTS["refund_request"])


def _why_not_approve(subject: Subject, user: User) -> str | None:
    if subject.row.get("requester_id") == user.name:
        return "You asked for this refund yourself, so another person must approve it."
    if user.name in approvers(subject):
        return "You have approved it already; the second approval must be another person's."
    return None


def approvers(subject: Subject) -> list[str]:
    """Who approved a request so far, as far as the snapshot says."""
    verdicts = subject.row.get("verdicts") or ()
    return list(dict.fromkeys(one["reviewer_id"] for one in verdicts if one["verdict"] == "approve"))

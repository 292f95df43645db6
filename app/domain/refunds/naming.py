"""Which refund an answer of the provider is about.

A refund has two names: the provider's `refund_id` and the `instruction_id` under which it was asked for. What is told
by a name that nobody knows counts as made outside, since no more can be said of it. When an event then says both
names, what was kept under each is one refund, and ours where one of them is.

Law: whichever name was said first, the money ends as if both had been said from the beginning. Of two ids of the
provider's for one instruction the first that is said with it is the refund's; the other one's event is refused.
"""

from typing import Any

from app.domain.case import Case, Refund
from app.domain.portions import give_back
from app.domain.refunds import lifecycle
from app.domain.refunds.usage import use_up_outside


def refund_of(case: Case, event: Any) -> Refund | None:
    """The refund that an answer is about: by our instruction, else by a name of the provider's."""
    if event.instruction_id is not None and event.instruction_id in case.refunds:
        return case.refunds[event.instruction_id]
    return refund_by_id(case, event.refund_id) or refund_by_id(case, event.instruction_id)


def refund_by_id(case: Case, name: str | None) -> Refund | None:
    """The refund that somebody else calls so."""
    key = case.refund_keys.get(name) if name is not None else None
    return case.refunds.get(key) if key is not None else None


def twins_of(case: Case, event: Any) -> list[Refund]:
    """What was taken for refunds made outside, and is the refund of the event by its other name."""
    refund, twins = refund_of(case, event), list[Refund]()
    for twin in (refund_by_id(case, event.refund_id), refund_by_id(case, event.instruction_id)):
        if twin is not None and twin is not refund and twin.outside and twin not in twins:
            twins.append(twin)
    return twins


def is_called_otherwise(case: Case, refund: Refund, event: Any) -> bool:
    """Whether the provider's id of a refund that counts is another one than the event says: then they are two.

    An id that leads to the refund already is its own: the provider's second attempt after a refusal has another one.
    """
    if event.refund_id is None or case.refund_keys.get(event.refund_id) == refund.key:
        return False
    other = refund.refund_id not in (None, event.refund_id, event.instruction_id)
    return other and refund.status not in lifecycle.NOTHING


def has_names_of(case: Case, refund: Refund, event: Any) -> bool:
    """Whether every name that the event says leads to the refund already."""
    names = [event.refund_id, *([event.instruction_id] if refund.outside else [])]
    return all(case.refund_keys.get(name) == refund.key for name in names if name is not None)


def add_names(case: Case, refund: Refund, event: Any) -> None:
    """From now on the names that the event says lead to the refund. The first id of the provider's stays its id."""
    if event.refund_id is not None:
        if refund.refund_id in (None, event.instruction_id):
            refund.refund_id = event.refund_id
        case.refund_keys[event.refund_id] = refund.key
    if refund.outside and event.instruction_id is not None:
        case.refund_keys[event.instruction_id] = refund.key


def unite(case: Case, refund: Refund, twin: Refund, event: Any) -> None:
    """Makes one refund of two tellings: the state is what the later one makes of the earlier one's."""
    earlier, later = sorted((refund, twin), key=lambda one: one.moved)
    status = lifecycle.after(earlier.status, "succeeded") if later.settled_times else earlier.status
    status = lifecycle.after(status, later.status)
    if earlier.status in lifecycle.NOTHING and later.settled_times:
        case.flag("late_success")
    if refund.refund_id is None and twin.refund_id != refund.instruction_id:
        refund.refund_id = twin.refund_id
    for name, key in case.refund_keys.items():
        if key == twin.key:
            case.refund_keys[name] = refund.key
    refund.previous, refund.status, refund.moved = refund.status, status, later.moved
    refund.settled_times += twin.settled_times
    refund.submitted_at = refund.submitted_at or twin.submitted_at
    refund.settled_at, refund.event_id = refund.settled_at or twin.settled_at, refund.event_id or twin.event_id
    told_now = getattr(event, "acquirer_reference_number", None)
    known = refund.acquirer_reference_number or twin.acquirer_reference_number
    refund.acquirer_reference_number = told_now or known
    refund.failure_code = refund.failure_code or twin.failure_code
    refund.settlement = refund.settlement or twin.settlement
    if twin.rows is not None:
        give_back(case, twin.rows)
        twin.rows = None
    del case.refunds[twin.key]
    if refund.outside:
        refund.lines, refund.shipping_minor = refund.lines or twin.lines, refund.shipping_minor or twin.shipping_minor
        use_up_outside(case, refund)

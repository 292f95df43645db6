"""One event of the journal meets its case: `decide` says what happened, `evolve` applies it, `step` does both in turn.

`decide` is a generator: each record that it yields is applied before it goes on, so what comes later sees what was said
before. It changes nothing itself. `evolve` has no rules. The same journal gives the same records, whenever it is read.

Laws: the same event twice records nothing new; a refusal is a record, never an exception; what an event releases
is decided in the same step.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from app.domain import exposure
from app.domain.admission import Absorbed, admit, already_seen, identity_of, order_after
from app.domain.case import Case
from app.domain.consequences import FOLLOW_UPS
from app.domain.context import Context, Entry
from app.domain.disputes.following import tell_disputes
from app.domain.disputes.straying import mark_stray, place_before
from app.domain.evolving import evolve
from app.domain.records import (
    Alerted,
    Cancelled,
    Entered,
    Executed,
    Record,
    Refused,
    Repeated,
    Responded,
    Scheduled,
    Told,
)
from app.domain.refunds.answers import answer_requests
from app.domain.refunds.recognition import recognise
from app.domain.timer_names import RETENTION
from app.domain.timers import fire

ACTING = (Executed, Cancelled, Responded, Alerted, Told)
MOVES_MONEY = ("payment.", "refund.", "dispute.", "store_credit.")
PLACES_ORDER = frozenset({"order.placed", "order.amended"})
ANSWERED_BY_PROVIDER = frozenset({"refund.submitted", "refund.succeeded", "refund.failed", "refund.reversed"})


def step(case: Case, entry: Entry, context: Context) -> list[Record]:
    """What happens when the event enters the case. The case is changed in place. Empty: the event was a duplicate."""
    records: list[Record] = []
    identity = identity_of(entry) if entry.fingerprint else b""
    for record in decide(case, entry, context, identity):
        if context.historical and isinstance(record, ACTING):
            continue
        evolve(case, record)
        records.append(record)
    if records and not isinstance(records[0], Refused):
        case.version += 1
        case.occurred_at, case.cause = context.now, context.cause
        # What was refused is not remembered: redriven when it fits, it is heard.
        if identity:
            case.seen[identity] = entry.fingerprint
    return records


def decide(case: Case, entry: Entry, context: Context, identity: bytes) -> Iterator[Record]:
    """Says what happened, record by record; see the module for how it is applied.

    `identity` names the fact of a publisher; it is empty for what the journal says itself.
    """
    event = entry.event
    if event.type == "timer.fired":
        if case.timers.get(event.name) != event.due_at:
            return
        yield Entered(event)
        yield from fire(case, event.name, context)
        yield from answer_requests(case, event, context)
        return
    seen = already_seen(case, entry, identity) if identity else None
    if isinstance(seen, Absorbed):
        return
    admission = seen or admit(case, event)
    if isinstance(admission, Absorbed):
        # Remembered all the same: this event again must stay a repetition when the case has moved on.
        if identity:
            yield Repeated(event)
        return
    if isinstance(admission, Refused):
        yield admission
        return
    order = order_after(case, event) if event.type in PLACES_ORDER else None
    if isinstance(order, Refused):
        yield order
        return
    if event.type in ANSWERED_BY_PROVIDER:
        yield from recognise(case, event, context)
    place = place_before(case, event)
    yield Entered(event, order)
    if place is not None:
        yield from mark_stray(case, place, event)
    if (renewed := _renewed_retention(case, context)) is not None:
        yield renewed
    follow_up = FOLLOW_UPS.get(event.type)
    if follow_up is not None:
        yield from follow_up(case, event, context)
    if event.type.startswith(MOVES_MONEY):
        yield from exposure.detect(case)
    if case.requests:
        yield from answer_requests(case, event, context)
    if case.disputes:
        yield from tell_disputes(case, event, context)


def _renewed_retention(case: Case, context: Context) -> Scheduled | None:
    """The case lives so many days after its last event; kept by the day, so that a busy case is not rescheduled."""
    known = case.timers.get(RETENTION)
    if known is not None and (known - context.clock).days >= context.retention_days:
        return None
    day = context.clock.replace(hour=0, minute=0, second=0, microsecond=0)
    return Scheduled(RETENTION, day + timedelta(days=context.retention_days + 1))


def timers(case: Case) -> list[tuple[str, datetime]]:
    """The case's timers, the earliest first; of several due at once the first by name."""
    return sorted(case.timers.items(), key=lambda timer: (timer[1], timer[0]))
